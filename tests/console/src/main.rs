//! A server with something of everything, for the tests of the console in a browser. It says where it listens, and
//! ends with its input.

use partita::{
    ActivityContext, EntityContext, EntityType, Error, OrchestrationContext, Result, RetryPolicy, Runtime,
    try_join_all,
};
use partita_server::config::{Config, ConfigFile, Sources};
use partita_server::{Server, ServerOptions};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const SCHEDULES: &str = r#"
[[schedule]]
name = "nightly"
cron = "0 3 * * *"
timezone = "Europe/Berlin"
workflow = "Greet"
input = "night"

[[schedule]]
name = "paused"
cron = "*/5 * * * *"
workflow = "Greet"
paused = true
"#;

/// Ends when it is told to.
async fn waits(ctx: OrchestrationContext, input: Value) -> Result<Value> {
    ctx.set_custom_status(json!({"step": "waiting", "for": input}));
    ctx.wait_for_external_event("go").await
}

async fn greet(ctx: OrchestrationContext, name: Value) -> Result<Value> {
    ctx.call_activity("SayHello", name).await
}

/// Fails with what it is given, after three attempts.
async fn fails(ctx: OrchestrationContext, text: String) -> Result<Value> {
    let retry = RetryPolicy::new(Duration::from_millis(20), 3);
    ctx.call_activity_with_retry("Refuse", &retry, text).await
}

async fn parent(ctx: OrchestrationContext, (): ()) -> Result<Vec<Value>> {
    let children = ["Ada", "Grace", "Edsger"].map(|name| ctx.call_sub_orchestrator("Greet", name));
    try_join_all(children).await
}

#[derive(Deserialize)]
struct Size {
    rounds: u32,
    calls: u32,
}

/// Has a long history: two events for each call.
async fn long(ctx: OrchestrationContext, size: Size) -> Result<u32> {
    for round in 0..size.rounds {
        let calls =
            (0..size.calls).map(|call| ctx.call_activity::<Value>("SayHello", round * size.calls + call));
        try_join_all(calls).await?;
    }
    Ok(size.rounds * size.calls)
}

async fn say_hello(_: ActivityContext, name: Value) -> Result<String> {
    Ok(format!("Hello, {}!", name.as_str().map_or_else(|| name.to_string(), str::to_owned)))
}

async fn refuse(_: ActivityContext, text: String) -> Result<Value> {
    Err(Error::new("CardRefused", text))
}

fn counter() -> EntityType<i64> {
    EntityType::new()
        .operation("add", |value: &mut i64, _: &mut EntityContext, amount: i64| {
            *value += amount;
            Ok(*value)
        })
        .operation("get", |value: &mut i64, _: &mut EntityContext, (): ()| Ok(*value))
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::builder()
        .orchestrator("Waits", waits)
        .orchestrator("Greet", greet)
        .orchestrator("Fails", fails)
        .orchestrator("Parent", parent)
        .orchestrator("Long", long)
        .activity("SayHello", say_hello)
        .activity("Refuse", refuse)
        .entity("Counter", counter())
        .start()
        .await?;
    let file = ConfigFile::Text("partita.toml".into(), SCHEDULES.to_owned());
    let config = Config::load(&Sources { file, ..Sources::default() })?;
    let options = ServerOptions { listen: ([127, 0, 0, 1], 0).into(), ..config.server_options() };
    let server = Server::bind(runtime.engine().clone(), options).await?;
    writeln!(std::io::stdout(), "http://{}", server.address())?;
    let stop = CancellationToken::new();
    let ended = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ended.cancel();
    });
    server.serve(stop.cancelled_owned()).await?;
    Ok(runtime.shutdown(Duration::from_secs(2)).await?)
}
