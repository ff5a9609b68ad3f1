//! The server that the durability tests kill: the workloads of the benchmarks, whose activities write
//! every call into a ledger before they answer.
//!
//! `durability-server FOLDER`: the store in `FOLDER/data`, the ledger in `FOLDER/ledger`, the address in
//! `FOLDER/address` once it listens.

use partita::durable::Either3;
use partita::{ActivityContext, OrchestrationContext, Result, Runtime, select3};
use partita_server::{Server, ServerOptions};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Five activities in sequence, each adding one.
async fn sequence(ctx: OrchestrationContext, value: u64) -> Result<u64> {
    let mut value = value;
    for _ in 0..5 {
        value = ctx.call_activity("Add", value).await?;
    }
    Ok(value)
}

/// The order flow: five activities, a payment that races two events and a timer, a timer of its own.
async fn order(ctx: OrchestrationContext, value: u64) -> Result<String> {
    let mut value = value;
    for step in 0..5 {
        ctx.set_custom_status(step);
        value = ctx.call_activity("Add", value).await?;
    }
    ctx.create_timer(Duration::from_millis(20)).await;
    let outcome: String = ctx.call_sub_orchestrator("Payment", value).await?;
    Ok(format!("{value} {outcome}"))
}

/// Even payments are asked for from outside; odd ones are nobody's, and time out.
async fn payment(ctx: OrchestrationContext, value: u64) -> Result<&'static str> {
    let wait = if value.is_multiple_of(2) { Duration::from_secs(600) } else { Duration::from_millis(150) };
    let deadline = ctx.create_timer(wait);
    let success = ctx.wait_for_external_event::<u64>("payment-request-success");
    let failure = ctx.wait_for_external_event::<()>("payment-request-fail");
    ctx.call_activity::<()>("StartPayment", value).await?;
    Ok(match select3(success, failure, deadline).await {
        Either3::First(_) => "paid",
        Either3::Second(_) => "refused",
        Either3::Third(()) => "timed out",
    })
}

/// Writes a line for each call: a single write, so that a kill tears none.
struct Ledger(File);

impl Ledger {
    fn note(&self, ctx: &ActivityContext, value: u64) -> std::io::Result<()> {
        let line = format!("{} {} {} {value}\n", ctx.name(), ctx.instance_id(), ctx.idempotency_key());
        (&self.0).write_all(line.as_bytes())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "durability".to_owned()));
    let ledger = OpenOptions::new().create(true).append(true).open(folder.join("ledger"))?;
    let ledger = Arc::new(Ledger(ledger));
    let (adds, payments) = (ledger.clone(), ledger);
    let add = move |ctx: ActivityContext, value: u64| {
        let noted = adds.note(&ctx, value);
        async move { noted.map(|()| value + 1) }
    };
    let start_payment = move |ctx: ActivityContext, value: u64| {
        let noted = payments.note(&ctx, value);
        async move { noted }
    };
    let runtime = Runtime::builder()
        .data_dir(folder.join("data"))
        .orchestrator("Sequence", sequence)
        .orchestrator("Order", order)
        .orchestrator("Payment", payment)
        .activity("Add", add)
        .activity("StartPayment", start_payment)
        .start()
        .await?;
    let listen = ([127, 0, 0, 1], 0).into();
    let server =
        Server::bind(runtime.engine().clone(), ServerOptions { listen, ..Default::default() }).await?;
    let address = folder.join("address");
    std::fs::write(address.with_extension("new"), server.address().to_string())?;
    std::fs::rename(address.with_extension("new"), address)?;
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    server.serve(stop).await?;
    Ok(runtime.shutdown(Duration::from_secs(5)).await?)
}
