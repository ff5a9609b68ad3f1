//! The real order service and the real shop, each in a process of its own, on ports of their own.

use order_example::shop::Ledger;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Any session will do.
pub(crate) const SESSION: &str = "6f2a3b1c-8a55-4c1e-9d0b-0d7b0a4f6e21";

/// A process that ends with the test.
struct Process(Child);

impl Process {
    fn start(binary: &str, variables: &[(&str, String)], log: &Path) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(binary);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) struct Place {
    service: Option<Process>,
    _shop: Process,
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    shop_url: String,
    variables: Vec<(&'static str, String)>,
    folder: TempDir,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Place {
    /// Starts both, with further variables for the service.
    pub(crate) async fn open(further: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (shop, service) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
        let shop_url = format!("http://{shop}");
        let data = folder.path().join("data").display().to_string();
        let mut variables = vec![("PARTITA_LISTEN", service.clone()), ("PARTITA_DATA_DIR", data)];
        for name in ["CART_URL", "USERS_URL", "WAREHOUSE_URL", "SHIPPING_URL", "PRICING_URL", "PAYMENT_URL"] {
            variables.push((name, shop_url.clone()));
        }
        variables.extend(further.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let shop_binary = env!("CARGO_BIN_EXE_order-shop");
        let mut place = Self {
            service: None,
            _shop: Process::start(shop_binary, &[("SHOP_LISTEN", shop)], &folder.path().join("shop.log")),
            http: order_example::clients::http_client(Duration::from_secs(30)).unwrap(),
            url: format!("http://{service}"),
            shop_url,
            variables,
            folder,
        };
        place.start_service();
        place.ready(&format!("{}/livez", place.shop_url)).await;
        place.ready(&format!("{}/readyz", place.url)).await;
        place
    }

    fn start_service(&mut self) {
        let log = self.folder.path().join("service.log");
        self.service = Some(Process::start(env!("CARGO_BIN_EXE_order-service"), &self.variables, &log));
    }

    async fn ready(&self, url: &str) {
        let answers =
            || async { self.http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) };
        let began = Instant::now();
        while !answers().await {
            assert!(began.elapsed() < PATIENCE, "{url} does not answer; {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the service has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("service.log")).unwrap_or_default()
    }

    /// Ends the service as a power failure would.
    pub(crate) fn kill_service(&mut self) {
        let mut service = self.service.take().unwrap();
        service.0.kill().unwrap();
        service.0.wait().unwrap();
    }

    /// Starts it again, on what it left behind.
    pub(crate) async fn start_service_again(&mut self) {
        self.start_service();
        self.ready(&format!("{}/readyz", self.url)).await;
    }

    /// Asks the service to end, and gives its exit code.
    pub(crate) fn stop_service(&mut self) -> Option<i32> {
        let mut service = self.service.take().unwrap();
        let told = Command::new("kill").args(["-TERM", &service.0.id().to_string()]).status().unwrap();
        assert!(told.success());
        service.0.wait().unwrap().code()
    }

    /// Tells a microservice how to behave.
    pub(crate) async fn behave(&self, behaviour: Value) {
        let answer =
            self.http.post(format!("{}/admin/behave", self.shop_url)).json(&behaviour).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub(crate) async fn reset(&self, stock: u32) {
        let request =
            self.http.post(format!("{}/admin/reset", self.shop_url)).json(&json!({ "stock": stock }));
        assert!(request.send().await.unwrap().status().is_success());
    }

    pub(crate) async fn ledger(&self) -> Ledger {
        self.http.get(format!("{}/admin/ledger", self.shop_url)).send().await.unwrap().json().await.unwrap()
    }

    /// Starts an order, and gives what the service answered.
    pub(crate) async fn start_order(&self) -> Value {
        let answer = self.http.post(format!("{}/order/start/{SESSION}", self.url)).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["statusQueryGetUri"], location);
        body
    }

    pub(crate) async fn start(&self) -> String {
        self.start_order().await["id"].as_str().unwrap().to_owned()
    }

    /// The status and the JSON of a GET.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn until_status(&self, id: &str, status: &str) {
        let began = Instant::now();
        loop {
            let (_, now) = self.get(&format!("/order/{id}/status")).await;
            if now == status {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{id} is {now}, not {status}; {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The instance, once it has ended, by the management API.
    pub(crate) async fn end(&self, id: &str) -> Value {
        let began = Instant::now();
        loop {
            let (_, instance) = self.get(&format!("/runtime/webhooks/durabletask/instances/{id}")).await;
            let status = instance["runtimeStatus"].as_str().unwrap_or_default();
            if ["Completed", "Failed", "Terminated"].contains(&status) {
                return instance;
            }
            assert!(began.elapsed() < PATIENCE, "{instance}; {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn post(&self, path: &str) -> u16 {
        self.http.post(format!("{}{path}", self.url)).send().await.unwrap().status().as_u16()
    }
}
