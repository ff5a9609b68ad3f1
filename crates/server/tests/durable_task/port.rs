//! One port for both.

use crate::site::{Hub, Site};
use partita_api::durable_task::proto;
use tonic::Code;
use tonic::transport::Endpoint;

#[tokio::test]
async fn http_and_grpc_share_a_port() {
    let site = Site::open().await;
    site.start("W", "w").await;
    let url = format!("http://{}/api/v1/instances/w", site.address);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let answer: serde_json::Value =
        serde_json::from_str(&client.get(url).send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!((&answer["name"], &answer["status"]), (&"W".into(), &"Pending".into()));
}

#[tokio::test]
async fn only_by_names_that_it_answers_for() {
    let site = Site::open().await;
    let endpoint = Endpoint::try_from(format!("http://{}", site.address)).unwrap();
    let endpoint = endpoint.origin("http://evil.example".parse().unwrap());
    let mut hub = Hub::new(endpoint.connect().await.unwrap());
    let status = hub.get_instance(proto::GetInstanceRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "{status}");
}
