//! Batches of operations in trouble: workers that are lost, that stop, that have not the code.

use crate::entities::{id, offers, value};
use crate::site::{Site, Wire, end, until};
use parking_lot::Mutex;
use partita::{EntityContext, EntityType, OrchestrationContext, Result, Runtime, RuntimeBuilder, Status};
use partita_engine::kernel::entity::BatchOutput;
use partita_engine::kernel::{Failure, Payload};
use partita_engine::{EntityBatch, EntityCode, EntityFailure, Registry};
use partita_remote::Worker;
use partita_server::durable_task::workers::EntityMessages;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// An operation that says that it began, and ends when it is let go.
#[derive(Clone, Default)]
struct Gate {
    begun: Arc<AtomicU32>,
    over: Arc<AtomicU32>,
    let_go: Arc<Notify>,
}

/// Counts runs that are over, ended or not.
struct Run(Arc<AtomicU32>);

impl Drop for Run {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Gate {
    fn offers(&self) -> RuntimeBuilder {
        let gate = self.clone();
        let code =
            EntityType::new().async_operation("add", move |value: i64, ctx: EntityContext, amount: i64| {
                let gate = gate.clone();
                async move {
                    gate.begun.fetch_add(1, SeqCst);
                    let _run = Run(gate.over.clone());
                    gate.let_go.notified().await;
                    Ok((value + amount, ctx, value))
                }
            });
        Runtime::builder().entity("Counter", code)
    }

    async fn begun(&self, times: u32) {
        until("the operation has begun", async || self.begun.load(SeqCst) >= times).await;
    }
}

async fn is_five(site: &Site) {
    let client = site.client().await;
    until("it is five", async || value(&client, "a").await == Some(5)).await;
    let view = client.entity(&id("a")).await.unwrap().unwrap();
    assert_eq!(view.backlog, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_takes_over_operations_when_a_wire_is_cut_and_they_count_once() {
    for messages in [EntityMessages::V1, EntityMessages::V2] {
        let site = Site::telling(messages).await;
        let (wire, gate) = (Wire::to(site.address).await, Gate::default());
        let address = wire.address;
        let first = Worker::connect(&address.to_string()).unwrap().registry(gate.offers().registry());
        let first = site.connected(first).await;
        let client = site.client().await;
        client.signal_entity(&id("a"), "add", &5).await.unwrap();
        gate.begun(1).await;
        wire.cut().await;
        let second = site.worker(&offers()).await;
        is_five(&site).await;
        client.signal_entity(&id("a"), "add", &1).await.unwrap();
        until("it is six", async || value(&client, "a").await == Some(6)).await;
        // The same address again: the first worker hands in what nobody waits for any more, and five is not the state now.
        let again = Wire::over(TcpListener::bind(address).await.unwrap(), site.address);
        gate.let_go.notify_one();
        first.stop().await;
        assert_eq!((gate.over.load(SeqCst), value(&client, "a").await), (1, Some(6)));
        second.stop().await;
        again.cut().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_ends_the_operations_that_it_began() {
    let site = Site::open().await;
    let gate = Gate::default();
    let worker = site.worker(&gate.offers()).await;
    site.client().await.signal_entity(&id("a"), "add", &5).await.unwrap();
    gate.begun(1).await;
    worker.stop.cancel();
    until("it takes no more", async || site.workers.list().is_empty()).await;
    gate.let_go.notify_one();
    worker.stop().await;
    is_five(&site).await;
    assert_eq!(gate.begun.load(SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_that_do_not_end_in_time_are_given_back() {
    let site = Site::open().await;
    let gate = Gate::default();
    let worker = site.worker_with(&gate.offers(), |worker| worker.grace(Duration::from_millis(20))).await;
    site.client().await.signal_entity(&id("a"), "add", &5).await.unwrap();
    gate.begun(1).await;
    assert_eq!(site.workers.list()[0].entities_running, 1);
    worker.stop().await;
    assert_eq!(gate.over.load(SeqCst), 1, "nobody waits for it");
    let second = site.worker(&offers()).await;
    is_five(&site).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_filters_entities_that_are_not_offered_are_given_back() {
    let site = Site::open().await;
    let none = Runtime::builder();
    let eager = site.worker_with(&none, Worker::without_filters).await;
    site.client().await.signal_entity(&id("a"), "add", &5).await.unwrap();
    let second = site.worker(&offers()).await;
    is_five(&site).await;
    eager.stop().await;
    second.stop().await;
}

/// Gives its first batch up, fails the second one as a whole, and counts from then on.
struct Moody(AtomicU32);

impl EntityCode for Moody {
    fn run(
        &self,
        batch: EntityBatch,
    ) -> futures::future::BoxFuture<'static, Result<BatchOutput, EntityFailure>> {
        let outcome = match self.0.fetch_add(1, SeqCst) {
            0 => Err(EntityFailure::Abandoned),
            1 => Err(EntityFailure::Failed(Failure::new("Moody", "not today"))),
            n => Ok(BatchOutput {
                state: Some(n.to_string().into()),
                results: batch.operations.iter().map(|_| Ok(Some(n.to_string().into()))).collect(),
                actions: Vec::new(),
            }),
        };
        Box::pin(std::future::ready(outcome))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_given_up_is_run_again_and_one_that_failed_is_not() {
    async fn ask(ctx: OrchestrationContext, (): ()) -> Result<String> {
        let error = ctx.call_entity::<u32>(&id("a"), "any", ()).await.unwrap_err();
        let inner = error.failure().and_then(|failure| failure.inner.clone()).unwrap();
        let next: u32 = ctx.call_entity(&id("a"), "any", ()).await?;
        Ok(format!("{}: {}, {next}", inner.error_type, inner.message))
    }
    let site = Site::open().await;
    let mut registry: Registry = Runtime::builder().orchestrator("Ask", ask).registry().clone();
    registry.add_entity("Counter", Arc::new(Moody(AtomicU32::new(0))));
    let worker = Worker::connect(&site.url()).unwrap().registry(&registry);
    let worker = site.connected(worker).await;
    let client = site.client().await;
    let asked = client.start("Ask", &()).await.unwrap();
    assert_eq!(client.result::<String>(&asked).await.unwrap(), "Moody: not today, 2");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_entities_at_a_time_than_the_worker_takes() {
    let (running, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counts = most.clone();
    let code =
        EntityType::new().async_operation("add", move |value: i64, ctx: EntityContext, amount: i64| {
            let (running, counts) = (running.clone(), counts.clone());
            async move {
                counts.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, SeqCst);
                Ok((value + amount, ctx, ()))
            }
        });
    let site = Site::open().await;
    let worker =
        site.worker_with(&Runtime::builder().entity("Counter", code), |worker| worker.max_entities(2)).await;
    let view = site.workers.list().remove(0);
    assert_eq!((view.entities_limit, view.entities), (2, Some(vec!["counter".to_owned()])));
    let client = site.client().await;
    for n in 0..40 {
        client.signal_entity(&id(&n.to_string()), "add", &1).await.unwrap();
    }
    for n in 0..40 {
        until("it was added", async || value(&client, &n.to_string()).await == Some(1)).await;
    }
    assert!((1..=2).contains(&most.load(SeqCst)), "{most:?}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_no_server_takes_fails_its_operations() {
    async fn grow(ctx: OrchestrationContext, size: usize) -> Result<()> {
        ctx.call_entity(&id("a"), "grow", size).await
    }
    let code =
        EntityType::new().operation("grow", |text: &mut String, _: &mut EntityContext, size: usize| {
            *text = "x".repeat(size);
            Ok(())
        });
    let site = Site::open().await;
    let worker = site.worker(&Runtime::builder().entity("Counter", code).orchestrator("Grow", grow)).await;
    let client = site.client().await;
    let small = client.start("Grow", &3).await.unwrap();
    assert_eq!(end(&client, &small).await.status, Status::Completed);
    let large = client.start("Grow", &(65 << 20)).await.unwrap();
    let failure = end(&client, &large).await.failure.unwrap().inner.unwrap();
    assert_eq!((&*failure.error_type, failure.non_retriable), ("ResultTooLarge", true));
    assert_eq!(client.entity_state::<String>(&id("a")).await.unwrap().as_deref(), Some("xxx"));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_wait_over_a_restart_of_the_server() {
    let site = Site::open().await;
    let gate = Gate::default();
    let worker = site.worker(&gate.offers()).await;
    let client = site.client().await;
    client.signal_entity(&id("a"), "add", &5).await.unwrap();
    gate.begun(1).await;
    let stopped = site.stop().await;
    gate.let_go.notify_one(); // nobody is there to hear of it
    let site = stopped.reopen().await;
    gate.begun(2).await; // so it runs again
    gate.let_go.notify_one();
    is_five(&site).await;
    worker.stop().await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_of_one_client_are_run_in_their_order() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let code = EntityType::new().operation("add", move |value: &mut i64, _: &mut EntityContext, n: i64| {
        notes.lock().push(n);
        *value += n;
        Ok(())
    });
    let site = Site::open().await;
    let worker = site.worker(&Runtime::builder().entity("Counter", code)).await;
    let client = site.client().await;
    for n in 0..300 {
        client.signal_entity(&id("a"), "add", &n).await.unwrap();
    }
    until("all were run", async || value(&client, "a").await == Some((0..300).sum())).await;
    assert_eq!(*seen.lock(), (0..300).collect::<Vec<i64>>());
    assert_eq!(client.entity(&id("a")).await.unwrap().unwrap().state, Some(Payload::from("44850")));
    worker.stop().await;
}
