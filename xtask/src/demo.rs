//! Both examples from nothing to their results. The transaction: three Python functions, a state machine over
//! them, and what comes of three requests. The order: both servers, an order, its status changing, the payment,
//! the result and its history.

use crate::Outcome;
use crate::http::{Answer, request, text_member};
use crate::process::{self, Background, cargo};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn run_with(stay: bool, folder: &Path) -> Outcome {
    say("Building the order service, its shop and the command line (some minutes the first time)");
    process::run(cargo().args(["build", "--quiet", "-p", "order-example", "-p", "partita-cli"]))?;
    transactions()?;
    let servers = Servers::start(folder)?;
    let order = servers.place_order()?;
    servers.watch_until(&order, "AwaitingPayment")?;
    say("The payment provider calls back: the payment is accepted");
    let accepted = request("GET", &servers.service, &format!("/order/{order}/payment-accepted"), "")?;
    expect(accepted.status, 200, &accepted.body)?;
    servers.watch_until(&order, "Completed")?;
    say("The result");
    servers.partita(&["show", &order])?;
    say("Its history");
    servers.partita(&["history", &order])?;
    if stay {
        let reset = request("POST", &servers.shop, "/admin/reset", "")?;
        expect(reset.status, 204, &reset.body)?;
        say(&format!("The servers stay up. Try, in another terminal:\n    {}", servers.next_command(&order)));
        let Servers { mut service_process, .. } = servers;
        return service_process.wait();
    }
    say("Done. `./demo --stay` leaves the servers running for you to play with");
    Ok(())
}

/// Three requests to the state machine over Python functions.
fn transactions() -> Outcome {
    let address = free_address(4001)?;
    let port = address.rsplit(':').next().unwrap_or_default();
    say("Starting the transaction example: three Python functions and a state machine over them");
    let mut app = Command::new(built("partita"));
    app.args(["dev", "examples/transaction", "--no-watch", "--port", port]).stdin(Stdio::null());
    let mut app = Background::start(&mut app)?;
    app.until("the transaction example", || answers(&address))?;
    for body in [
        r#"{"transaction": "Purchase", "product": "lamp"}"#,
        r#"{"transaction": "Refund", "product": "lamp"}"#,
        r#"{"transaction": "Exchange", "product": "lamp"}"#,
    ] {
        say(&format!("POST /transaction {body}"));
        let answer = request("POST", &address, "/transaction", body)?;
        // The first request waits while environments are built; when that takes long, the answer says where to ask.
        let outcome = match text_member(&answer.body, "id").filter(|_| answer.status == 202) {
            Some(id) => settled(&address, &id)?,
            None => answer,
        };
        expect(outcome.status, 200, &outcome.body)?;
        println!("    {}", outcome.body.trim());
    }
    Ok(())
}

/// What is shown of an instance that has ended.
fn settled(address: &str, id: &str) -> Outcome<Answer> {
    let began = Instant::now();
    loop {
        let answer =
            request("GET", address, &format!("/api/v1/instances/{id}/wait?waitFor=end&timeout=20"), "")?;
        if text_member(&answer.body, "status").is_some_and(|status| status == "Completed") {
            return Ok(answer);
        }
        if began.elapsed() > Duration::from_secs(180) {
            return Err(format!("the transaction {id} does not end: {}", answer.body));
        }
    }
}

pub(crate) fn run(stay: bool) -> Outcome {
    let folder = std::env::temp_dir().join(format!("partita-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let outcome = run_with(stay, &folder);
    let _ = std::fs::remove_dir_all(&folder); // a temporary folder
    outcome
}

struct Servers {
    shop: String,
    service: String,
    service_process: Background,
    _shop: Background,
}

impl Servers {
    fn start(folder: &Path) -> Outcome<Self> {
        let (shop, service) = (free_address(4100)?, free_address(4001)?);
        say(&format!("Starting the shop at http://{shop} and the order service at http://{service}"));
        let mut shop_process = Background::start(
            Command::new(built("order-shop"))
                .env("SHOP_LISTEN", &shop)
                .env("RUST_LOG", "warn")
                .stdin(Stdio::null()),
        )?;
        shop_process.until("the shop", || answers(&shop))?;
        // A little slower than it could be, so that there is something to see; and the payment is ours to accept.
        for behaviour in [
            r#"{"service":"cart","delayMs":300}"#,
            r#"{"service":"users","delayMs":300}"#,
            r#"{"service":"warehouse","delayMs":300}"#,
            r#"{"service":"shipping","delayMs":300}"#,
            r#"{"service":"pricing","delayMs":300}"#,
            r#"{"service":"shipments","delayMs":300}"#,
            r#"{"service":"payment","silent":true}"#,
        ] {
            let answer = request("POST", &shop, "/admin/behave", behaviour)?;
            expect(answer.status, 200, &answer.body)?;
        }
        let mut command = Command::new(built("order-service"));
        command
            .env("PARTITA_LISTEN", &service)
            .env("PARTITA_DATA_DIR", folder.join("data"))
            .env("RUST_LOG", "warn");
        for name in ["CART_URL", "USERS_URL", "WAREHOUSE_URL", "SHIPPING_URL", "PRICING_URL", "PAYMENT_URL"] {
            command.env(name, format!("http://{shop}"));
        }
        let mut service_process = Background::start(command.stdin(Stdio::null()))?;
        service_process.until("the order service", || answers(&service))?;
        Ok(Self { shop, service, service_process, _shop: shop_process })
    }

    fn place_order(&self) -> Outcome<String> {
        let path = "/order/start/5d3a3c1e-7b0f-4b8a-9a51-0c7f6f1d2e3b";
        say(&format!("Placing an order: POST {path}"));
        let answer = request("POST", &self.service, path, "")?;
        expect(answer.status, 202, &answer.body)?;
        let id = text_member(&answer.body, "id").ok_or_else(|| format!("no id in {}", answer.body))?;
        println!("    202 Accepted, instance {id}");
        Ok(id)
    }

    /// Shows each custom status once, until the order has come as far as `last`.
    fn watch_until(&self, order: &str, last: &str) -> Outcome {
        let (began, mut shown) = (Instant::now(), String::new());
        while began.elapsed() < Duration::from_secs(60) {
            let status = request("GET", &self.service, &format!("/order/{order}/status"), "")?.body;
            let status = status.trim().trim_matches('"').to_owned();
            if status != shown {
                println!("    {status}");
                shown = status;
            }
            if shown == last {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("the order did not come to {last} within a minute; it is at {shown}"))
    }

    fn partita(&self, arguments: &[&str]) -> Outcome {
        process::run(
            Command::new(built("partita"))
                .args(["--server", &format!("http://{}", self.service)])
                .args(arguments),
        )
    }

    fn next_command(&self, order: &str) -> String {
        format!("{} --server http://{} show {order}", built("partita").display(), self.service)
    }
}

/// A program of this workspace, beside which this one was built.
fn built(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    here.with_file_name(name)
}

/// The usual port, or another one when that is taken.
fn free_address(usual: u16) -> Outcome<String> {
    let listener = TcpListener::bind(("127.0.0.1", usual)).or_else(|_| TcpListener::bind("127.0.0.1:0"));
    let address = listener.and_then(|listener| listener.local_addr());
    address.map(|address| address.to_string()).map_err(|error| format!("no free port: {error}"))
}

fn answers(address: &str) -> bool {
    request("GET", address, "/livez", "").is_ok_and(|answer| answer.status == 200)
}

fn expect(status: u16, wanted: u16, body: &str) -> Outcome {
    if status == wanted {
        Ok(())
    } else {
        Err(format!("the answer was {status} where {wanted} was expected: {body}"))
    }
}

fn say(text: &str) {
    println!("\n==> {text}");
}
