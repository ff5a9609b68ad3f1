//! The same code in the server's process and connected: the same outcome, the same history.

use crate::site::{Site, end};
use partita::context::SubOrchestrationOptions;
use partita::{
    ActivityContext, Either, Error, InstanceId, OrchestrationContext, Result, RetryPolicy, Runtime,
    RuntimeBuilder, Status, select, try_join_all,
};
use partita_engine::InstanceView;
use partita_engine::kernel::{EventKind, Failure, Payload};
use partita_remote::Client;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

/// What is to be the same.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) status: Status,
    pub(crate) output: Option<Payload>,
    pub(crate) failure: Option<Failure>,
    pub(crate) custom_status: Option<Payload>,
    /// What the history tells. How facts fall into turns is a matter of time, and the protocol has no word for giving
    /// up on something.
    pub(crate) kinds: Vec<String>,
}

pub(crate) async fn run(client: &Client, id: &InstanceId) -> Run {
    let InstanceView { status, output, failure, custom_status, .. } = end(client, id).await;
    let told = |kind: &EventKind| {
        !matches!(
            kind,
            EventKind::OrchestratorStarted
                | EventKind::OrchestratorCompleted
                | EventKind::OperationCanceled { .. }
        )
    };
    let history = client.history(id).await.unwrap();
    let kinds = history.iter().map(|event| &event.kind).filter(|kind| told(kind));
    Run { status, output, failure, custom_status, kinds: kinds.map(|kind| kind.kind().to_owned()).collect() }
}

/// Runs a scenario on a server that offers everything itself, and on one with a worker.
pub(crate) async fn same(
    offers: impl Fn() -> RuntimeBuilder,
    scenario: impl AsyncFn(Client) -> InstanceId,
) -> Run {
    let embedded = Site::offering(offers()).await;
    let client = embedded.client().await;
    let expected = run(&client, &scenario(client.clone()).await).await;
    let site = Site::open().await;
    let worker = site.worker(&offers()).await;
    let client = site.client().await;
    let connected = run(&client, &scenario(client.clone()).await).await;
    assert_eq!(connected, expected);
    worker.stop().await;
    connected
}

pub(crate) fn output(run: &Run) -> &str {
    assert_eq!(run.status, Status::Completed, "{run:?}");
    run.output.as_ref().map_or("null", Payload::as_str)
}

async fn double(_: ActivityContext, n: u32) -> Result<u32> {
    Ok(n * 2)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_one_after_the_other_and_all_at_once() {
    async fn flow(ctx: OrchestrationContext, n: u32) -> Result<u32> {
        let mut value = n;
        for _ in 0..3 {
            value = ctx.call_activity("Double", value).await?;
            ctx.set_custom_status(value);
        }
        let calls = (0..100_u32).map(|n| ctx.call_activity::<u32>("Double", n));
        Ok(value + try_join_all(calls).await?.iter().sum::<u32>())
    }
    let offers = || Runtime::builder().orchestrator("Flow", flow).activity("Double", double);
    let run = same(offers, async |client| client.start("Flow", &1).await.unwrap()).await;
    assert_eq!((output(&run), run.custom_status.as_ref().map(Payload::as_str)), ("9908", Some("8")));
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_timers_and_deterministic_values() {
    async fn flow(ctx: OrchestrationContext, (): ()) -> Result<bool> {
        let (first, random, began) = (ctx.new_guid(), ctx.random(), ctx.now());
        let policy = RetryPolicy::new(Duration::from_millis(5), 3);
        let seen: Vec<String> = ctx.call_activity_with_retry("Flaky", &policy, first.to_string()).await?;
        ctx.create_timer(Duration::from_millis(10)).await;
        assert!((0.0..1.0).contains(&random));
        // The key that the activity saw in its first attempt is the one that is drawn in each replay.
        Ok(seen.iter().all(|key| *key == first.to_string())
            && ctx.new_guid() != first
            && ctx.now().duration_since(began).is_ok_and(|passed| passed >= Duration::from_millis(20)))
    }
    let offers = || {
        let seen = Arc::new(parking_lot::Mutex::new(Vec::<String>::new()));
        Runtime::builder().orchestrator("Flow", flow).activity("Flaky", move |_, key: String| {
            let mut all = seen.lock();
            all.push(key);
            let answer = if all.len() < 3 { Err(Error::new("Busy", "not yet")) } else { Ok(all.clone()) };
            async move { answer }
        })
    };
    let run = same(offers, async |client| client.start("Flow", &()).await.unwrap()).await;
    assert_eq!(output(&run), "true");
    assert_eq!(run.kinds.iter().filter(|kind| *kind == "TaskFailed").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_orchestrations_events_and_a_timer_that_is_dropped() {
    async fn parent(ctx: OrchestrationContext, (): ()) -> Result<String> {
        let options = SubOrchestrationOptions { id: Some("child".into()), ..Default::default() };
        ctx.start_detached("Aside", &SubOrchestrationOptions::default(), "x")?;
        let child = ctx.call_sub_orchestrator_with::<String>("Child", options, "asked");
        let said = ctx.wait_for_external_event::<String>("Said");
        let late = ctx.create_timer(Duration::from_secs(3600));
        let said = match select(said, late).await {
            Either::First(said) => said?,
            Either::Second(()) => "nothing".into(),
        };
        ctx.send_event("child", "go", &said)?;
        let answer = child.await?;
        ctx.call_activity::<u32>("Double", 1).await?; // after the dropped timer, whose id nobody else gets
        Ok(answer)
    }
    async fn child(ctx: OrchestrationContext, input: String) -> Result<String> {
        let parent = ctx.parent().map(|link| link.name.to_string());
        let said: String = ctx.wait_for_external_event("go").await?;
        Ok(format!("{input} {said} {parent:?}"))
    }
    async fn aside(_: OrchestrationContext, input: String) -> Result<String> {
        Ok(input)
    }
    let offers = || {
        Runtime::builder()
            .orchestrator("Parent", parent)
            .orchestrator("Child", child)
            .orchestrator("Aside", aside)
            .activity("Double", double)
    };
    let scenario = async |client: Client| {
        let id = client.start("Parent", &()).await.unwrap();
        let waits = async || client.history(&id).await.unwrap().len() > 4; // its first turn is over
        crate::site::until("the parent waits", waits).await;
        client.raise_event(&id, "said", "hello").await.unwrap();
        id
    };
    let run = same(offers, scenario).await;
    assert_eq!(output(&run), r#""asked hello Some(\"Parent\")""#);
}

#[tokio::test(flavor = "multi_thread")]
async fn generations_keep_the_events_that_nobody_took() {
    async fn flow(ctx: OrchestrationContext, (round, mut seen): (u32, Vec<u32>)) -> Result<Vec<u32>> {
        seen.push(ctx.wait_for_external_event("n").await?);
        if round < 3 {
            return ctx.continue_as_new((round + 1, seen));
        }
        Ok(seen)
    }
    let offers = || Runtime::builder().orchestrator("Flow", flow);
    let scenario = async |client: Client| {
        let at = std::time::SystemTime::now() + Duration::from_millis(300);
        let options = partita::StartOptions { at: Some(at), ..Default::default() };
        let id = client.start_with("Flow", &(1, [0_u32; 0]), options).await.unwrap();
        for n in 1..=3 {
            client.raise_event(&id, "N", &n).await.unwrap();
        }
        id
    };
    assert_eq!(output(&same(offers, scenario).await), "[1,2,3]");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_and_panics_are_told_in_the_same_words() {
    async fn flow(ctx: OrchestrationContext, (): ()) -> Result<Vec<String>> {
        let mut told = Vec::new();
        for activity in ["Fails", "Panics", "PanicsAtOnce", "WantsNumber"] {
            let error = ctx.call_activity::<u32>(activity, "text").await.unwrap_err();
            told.push(format!("{:?}", error.failure()));
        }
        ctx.call_activity::<u32>("Fails", "text").await?;
        Ok(told)
    }
    async fn fails(_: ActivityContext, text: String) -> Result<u32> {
        Ok(text.parse::<u32>()?)
    }
    async fn panics(_: ActivityContext, _: String) -> Result<u32> {
        panic!("out of order")
    }
    let offers = || {
        Runtime::builder()
            .orchestrator("Flow", flow)
            .activity("Fails", fails)
            .activity("Panics", panics)
            .blocking_activity("PanicsAtOnce", Default::default(), |_, _: String| -> Result<u32> {
                panic!("at once")
            })
            .activity("WantsNumber", double)
    };
    let run = same(offers, async |client| client.start("Flow", &()).await.unwrap()).await;
    assert_eq!(run.status, Status::Failed);
    let failure = run.failure.unwrap();
    assert_eq!(&*failure.inner.unwrap().error_type, "ParseIntError");
    let panics = run.kinds.iter().filter(|kind| *kind == "TaskFailed").count();
    assert_eq!(panics, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn suspending_holds_events_back() {
    async fn flow(ctx: OrchestrationContext, (): ()) -> Result<u32> {
        ctx.wait_for_external_event("n").await
    }
    let offers = || Runtime::builder().orchestrator("Flow", flow);
    let scenario = async |client: Client| {
        let id = client.start("Flow", &()).await.unwrap();
        client.suspend(&id, "wait").await.unwrap();
        let status = async |status: Status| client.get(&id).await.unwrap().unwrap().status == status;
        crate::site::until("it is suspended", async || status(Status::Suspended).await).await;
        client.raise_event(&id, "n", &7).await.unwrap();
        assert!(!client.get(&id).await.unwrap().unwrap().status.is_terminal());
        client.resume(&id, "go").await.unwrap();
        id
    };
    assert_eq!(output(&same(offers, scenario).await), "7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_goes_on_where_it_was_after_a_rewind() {
    async fn flow(ctx: OrchestrationContext, (): ()) -> Result<u32> {
        let n: u32 = ctx.call_activity("Counts", ()).await?;
        let more: u32 = ctx.call_activity("FailsOnce", ()).await?;
        Ok(n * 10 + more)
    }
    let offers = || {
        let (counted, failed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let counts = move |_: ActivityContext, (): ()| {
            let n = counted.fetch_add(1, SeqCst) + 1;
            async move { Ok::<_, Error>(n) }
        };
        let fails = move |_: ActivityContext, (): ()| {
            let n = failed.fetch_add(1, SeqCst);
            async move { if n == 0 { Err(Error::new("Once", "no")) } else { Ok(n) } }
        };
        Runtime::builder().orchestrator("Flow", flow).activity("Counts", counts).activity("FailsOnce", fails)
    };
    let scenario = async |client: Client| {
        let id = client.start("Flow", &()).await.unwrap();
        assert_eq!(end(&client, &id).await.status, Status::Failed);
        client.rewind(&id, "again").await.unwrap();
        id
    };
    assert_eq!(output(&same(offers, scenario).await), "11");
}
