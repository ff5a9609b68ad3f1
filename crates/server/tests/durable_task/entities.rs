//! Entities that are asked over HTTP before the worker that runs them is there.

use crate::site::Site;
use partita_api::durable_task::proto::work_item::Request;

#[tokio::test]
async fn what_was_asked_over_http_waits_for_a_worker() {
    let site = Site::open().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in
        ["/api/v1/entities/Own/$/signals/add", "/runtime/webhooks/durabletask/entities/Theirs/k?op=add"]
    {
        let asked = http.post(format!("http://{}{path}", site.address)).body("5").send().await.unwrap();
        assert_eq!(asked.status().as_u16(), 202, "{path}");
    }
    let mut worker = site.worker(Default::default()).await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        let item = worker.item().await;
        let Some(Request::EntityRequestV2(request)) = item.request else { panic!("{item:?}") };
        assert_eq!(request.operation_requests.len(), 1);
        asked.push(request.instance_id);
    }
    asked.sort();
    assert_eq!(asked, ["@own@", "@theirs@k"]);
}
