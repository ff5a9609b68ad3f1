//! Wires that are cut, servers that restart, workers that stop, code that panics or has changed.

use crate::site::{Site, Wire, end, until};
use parking_lot::Mutex;
use partita::{
    ActivityContext, Error, OrchestrationContext, Result, Runtime, RuntimeBuilder, StartOptions, Status,
    try_join_all,
};
use partita_engine::kernel::Payload;
use partita_remote::Worker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::Notify;

async fn calls(ctx: OrchestrationContext, n: u32) -> Result<u32> {
    ctx.call_activity("Work", n).await
}

async fn work(_: ActivityContext, n: u32) -> Result<u32> {
    Ok(n + 1)
}

fn output(view: &partita::InstanceView) -> &str {
    assert_eq!(view.status, Status::Completed, "{view:?}");
    view.output.as_ref().map_or("null", Payload::as_str)
}

/// An activity that says that it began, and ends when it is let go.
#[derive(Clone, Default)]
struct Gate {
    begun: Arc<AtomicU32>,
    let_go: Arc<Notify>,
}

impl Gate {
    fn offers(&self) -> RuntimeBuilder {
        let gate = self.clone();
        Runtime::builder().orchestrator("Flow", calls).activity("Work", move |_: ActivityContext, n: u32| {
            let gate = gate.clone();
            async move {
                gate.begun.fetch_add(1, SeqCst);
                gate.let_go.notified().await;
                Ok::<_, Error>(n + 1)
            }
        })
    }

    async fn begun(&self, times: u32) {
        until("the activity has begun", async || self.begun.load(SeqCst) >= times).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_worker_takes_over_what_one_had_when_its_wire_was_cut() {
    let site = Site::open().await;
    let wire = Wire::to(site.address).await;
    let (entered, enters) = std::sync::mpsc::channel();
    let (leave, leaves) = std::sync::mpsc::channel::<()>();
    let leaves = Mutex::new(leaves);
    let stuck = Runtime::builder().orchestrator("Flow", move |_: OrchestrationContext, _: u32| {
        let _ = entered.send(());
        let _ = leaves.lock().recv(); // in the middle of a turn
        async { Ok::<_, Error>(0_u32) }
    });
    let first = Worker::connect(&wire.address.to_string()).unwrap().registry(stuck.registry());
    let first = site.connected(first).await;
    let client = site.client().await;
    let id = client.start("Flow", &1).await.unwrap();
    tokio::task::spawn_blocking(move || enters.recv().unwrap()).await.unwrap();
    wire.cut().await;
    let second = site.worker(&Runtime::builder().orchestrator("Flow", calls).activity("Work", work)).await;
    assert_eq!(output(&end(&client, &id).await), "2");
    drop(leave);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_ends_over_a_new_connection() {
    let site = Site::open().await;
    let (wire, gate) = (Wire::to(site.address).await, Gate::default());
    let listens = wire.address;
    let worker = Worker::connect(&listens.to_string()).unwrap().registry(gate.offers().registry());
    let worker = site.connected(worker).await;
    let client = site.client().await;
    let id = client.start("Flow", &1).await.unwrap();
    gate.begun(1).await;
    wire.cut().await;
    until("the server sees that it is gone", async || site.workers.list().is_empty()).await;
    gate.let_go.notify_one();
    // The same address again, as after a failing network.
    let again = Wire::over(tokio::net::TcpListener::bind(listens).await.unwrap(), site.address);
    assert_eq!(output(&end(&client, &id).await), "2");
    gate.let_go.notify_one(); // if it was handed out again meanwhile
    worker.stop().await;
    again.cut().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_and_a_waiting_client_outlive_a_restart_of_the_server() {
    let site = Site::open().await;
    let gate = Gate::default();
    let worker = site.worker(&gate.offers()).await;
    let client = site.client().await;
    let id = client.start("Flow", &1).await.unwrap();
    gate.begun(1).await;
    let waiting = tokio::spawn({
        let (client, id) = (client.clone(), id.clone());
        async move { client.result::<u32>(&id).await.map_err(|error| error.to_string()) }
    });
    let stopped = site.stop().await;
    gate.let_go.notify_one(); // nobody is there to hear of it
    let site = stopped.reopen().await;
    gate.begun(2).await; // so it runs again
    gate.let_go.notify_one();
    assert_eq!(waiting.await.unwrap(), Ok(2));
    let other = client.start("Flow", &5).await.unwrap();
    gate.begun(3).await;
    gate.let_go.notify_one();
    assert_eq!(output(&end(&client, &other).await), "6");
    worker.stop().await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_does_not_offer_waits_for_another() {
    let site = Site::open().await;
    let worker = site.worker(&Runtime::builder().orchestrator("Flow", calls).activity("Work", work)).await;
    let client = site.client().await;
    let other = client.start("Other", &1).await.unwrap();
    let id = client.start("Flow", &1).await.unwrap();
    assert_eq!(output(&end(&client, &id).await), "2");
    assert_eq!(site.why(&other).await, ["it waits for a worker that runs \"Other\""]);
    let second = site.worker(&Runtime::builder().orchestrator("Other", calls)).await;
    assert_eq!(output(&end(&client, &other).await), "2");
    worker.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_filters_what_is_not_offered_is_given_back() {
    let site = Site::open().await;
    let offers = Runtime::builder().orchestrator("Flow", calls);
    let eager = site.worker_with(&offers, Worker::without_filters).await;
    let client = site.client().await;
    let ids = [client.start("Other", &1).await.unwrap(), client.start("Flow", &1).await.unwrap()];
    let offers = Runtime::builder().orchestrator("Other", calls).activity("Work", work);
    let other = site.worker(&offers).await;
    for id in ids {
        assert_eq!(output(&end(&client, &id).await), "2");
    }
    eager.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_goes_to_the_worker_that_takes_it() {
    async fn version(ctx: OrchestrationContext, by: String) -> Result<String> {
        Ok(format!("{by} {:?}", ctx.version()))
    }
    let site = Site::open().await;
    let offers = Runtime::builder().orchestrator("Flow", version);
    let second = site.worker_with(&offers, |worker| worker.versions("Flow", &["2", "3"])).await;
    let client = site.client().await;
    let start = async |version: &str| {
        let options = StartOptions { version: Some(version.into()), ..StartOptions::default() };
        client.start_with("Flow", "w", options).await.unwrap()
    };
    let (one, two) = (start("1").await, start("2").await);
    assert_eq!(output(&end(&client, &two).await), r#""w Some(\"2\")""#);
    assert_eq!(client.get(&one).await.unwrap().unwrap().status, Status::Pending);
    let first = site.worker_with(&offers, |worker| worker.versions("Flow", &["1"])).await;
    assert_eq!(output(&end(&client, &one).await), r#""w Some(\"1\")""#);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_panics_is_tried_again() {
    let site = Site::open().await;
    let panics = Arc::new(AtomicU32::new(0));
    let flow = {
        let panics = panics.clone();
        move |ctx: OrchestrationContext, n: u32| {
            assert!(panics.fetch_add(1, SeqCst) > 0, "the first time");
            calls(ctx, n)
        }
    };
    let worker = site.worker(&Runtime::builder().orchestrator("Flow", flow).activity("Work", work)).await;
    let client = site.client().await;
    let id = client.start("Flow", &1).await.unwrap();
    assert_eq!(output(&end(&client, &id).await), "2");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_code_waits_until_it_repeats_its_history_again() {
    let site = Site::open().await;
    let (changed, turns) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let flow = {
        let (changed, turns) = (changed.clone(), turns.clone());
        move |ctx: OrchestrationContext, n: u32| {
            turns.fetch_add(1, SeqCst);
            let activity = if changed.load(SeqCst) { "Another" } else { "Work" };
            async move {
                let n: u32 = ctx.call_activity(activity, n).await?;
                ctx.wait_for_external_event::<u32>("go").await?;
                Ok::<_, Error>(n)
            }
        }
    };
    let worker = site.worker(&Runtime::builder().orchestrator("Flow", flow).activity("Work", work)).await;
    let client = site.client().await;
    let id = client.start("Flow", &1).await.unwrap();
    until("it waits", async || {
        client.history(&id).await.unwrap().iter().any(|event| event.kind.kind() == "TaskCompleted")
    })
    .await;
    changed.store(true, SeqCst);
    let before = turns.load(SeqCst);
    client.raise_event(&id, "go", &1).await.unwrap();
    until("it was tried", async || turns.load(SeqCst) > before + 1).await;
    assert_eq!(client.get(&id).await.unwrap().unwrap().status, Status::Running);
    changed.store(false, SeqCst);
    assert_eq!(output(&end(&client, &id).await), "2");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_ends_what_it_began() {
    let site = Site::open().await;
    let gate = Gate::default();
    let worker = site.worker(&gate.offers()).await;
    let client = site.client().await;
    let id = client.start("Flow", &1).await.unwrap();
    gate.begun(1).await;
    let stop = worker.stop.clone();
    stop.cancel();
    until("it takes no more", async || site.workers.list().is_empty()).await;
    gate.let_go.notify_one();
    worker.stop().await;
    let turns = site.worker(&Runtime::builder().orchestrator("Flow", calls)).await; // no activities
    assert_eq!(output(&end(&client, &id).await), "2");
    assert_eq!(gate.begun.load(SeqCst), 1);
    turns.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_in_time_is_given_back_and_told_so() {
    let site = Site::open().await;
    let (begun, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let waits = {
        let (begun, told) = (begun.clone(), told.clone());
        move |ctx: ActivityContext, _: u32| {
            begun.store(true, SeqCst);
            let told = told.clone();
            tokio::spawn({
                let (cancelled, told) = (ctx.cancellation().clone(), told.clone());
                async move {
                    cancelled.cancelled().await;
                    told.store(true, SeqCst);
                }
            });
            std::future::pending::<Result<u32>>()
        }
    };
    let offers = Runtime::builder().orchestrator("Flow", calls).activity("Work", waits);
    let worker = site.worker_with(&offers, |worker| worker.grace(Duration::from_millis(20))).await;
    let client = site.client().await;
    let id = client.start("Flow", &1).await.unwrap();
    until("it runs", async || begun.load(SeqCst)).await;
    assert_eq!(site.workers.list()[0].activities_running, 1);
    worker.stop().await;
    until("the activity was told", async || told.load(SeqCst)).await;
    let second = site.worker(&Runtime::builder().orchestrator("Flow", calls).activity("Work", work)).await;
    assert_eq!(output(&end(&client, &id).await), "2");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_activities_at_a_time_than_the_worker_takes() {
    async fn fan(ctx: OrchestrationContext, n: u32) -> Result<usize> {
        Ok(try_join_all((0..n).map(|n| ctx.call_activity::<u32>("Work", n))).await?.len())
    }
    let site = Site::open().await;
    let (running, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counts = {
        let most = most.clone();
        move |_: ActivityContext, n: u32| {
            let (running, most) = (running.clone(), most.clone());
            async move {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, SeqCst);
                Ok::<_, Error>(n)
            }
        }
    };
    let offers = Runtime::builder().orchestrator("Fan", fan).activity("Work", counts);
    let worker = site.worker_with(&offers, |worker| worker.max_activities(2).max_turns(1)).await;
    let view = site.workers.list().remove(0);
    assert_eq!((view.turns_limit, view.activities_limit), (1, 2));
    let client = site.client().await;
    let id = client.start("Fan", &50).await.unwrap();
    assert_eq!(output(&end(&client, &id).await), "50");
    assert!((1..=2).contains(&most.load(SeqCst)), "{most:?}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_and_a_worker_call_each_other_by_name() {
    async fn there(ctx: OrchestrationContext, n: u32) -> Result<u32> {
        let n: u32 = ctx.call_activity("There", n).await?;
        ctx.call_sub_orchestrator("Back", n).await
    }
    async fn back(ctx: OrchestrationContext, n: u32) -> Result<u32> {
        ctx.call_activity("Here", n).await
    }
    async fn times_ten(_: ActivityContext, n: u32) -> Result<u32> {
        Ok(n * 10)
    }
    let site =
        Site::offering(Runtime::builder().orchestrator("Out", there).activity("Here", times_ten)).await;
    let worker = site.worker(&Runtime::builder().orchestrator("Back", back).activity("There", work)).await;
    let client = site.client().await;
    let id = client.start("Out", &1).await.unwrap();
    assert_eq!(output(&end(&client, &id).await), "20");
    worker.stop().await;
}
