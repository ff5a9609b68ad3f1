//! The shop of the order example, in this process: it stays when everything else is killed.

use order_example::shop::{Ledger, router};
use serde_json::{Value, json};

pub(crate) struct Shop {
    pub(crate) url: String,
    http: reqwest::Client,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = router().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, http: reqwest::Client::new() }
    }

    /// Lets every service but the payment provider answer so much later.
    pub(crate) async fn slow(&self, milliseconds: u64) {
        for service in ["cart", "users", "warehouse", "shipping", "pricing", "shipments"] {
            self.behave(json!({ "service": service, "delayMs": milliseconds })).await;
        }
    }

    pub(crate) async fn behave(&self, behaviour: Value) {
        let request = self.http.post(format!("{}/admin/behave", self.url)).json(&behaviour);
        assert_eq!(request.send().await.unwrap().status(), 200, "{behaviour}");
    }

    pub(crate) async fn ledger(&self) -> Ledger {
        self.http.get(format!("{}/admin/ledger", self.url)).send().await.unwrap().json().await.unwrap()
    }
}
