//! What happens when things go wrong: stores that fail, engines that end, code that changes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test, helpers included

use partita::engine::store::faulty::{Fault, FaultyStore};
use partita::engine::store::memory::MemoryStore;
use partita::engine::store::{Filter, Store, StoreError};
use partita::engine::{EngineConfig, RetentionRule, VirtualClock, WaitFor};
use partita::{
    ActivityContext, Client, Either, Error, OrchestrationContext, Result, RetryPolicy, Runtime,
    RuntimeBuilder, StartOptions, Status, select, testing,
};
use partita_store_embedded::EmbeddedStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::Notify;

const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

async fn echo(_: ActivityContext, value: u32) -> Result<u32> {
    Ok(value)
}

async fn sequence(ctx: OrchestrationContext, n: u32) -> Result<u32> {
    let mut sum = 0;
    for i in 0..n {
        sum += ctx.call_activity::<u32>("Echo", i).await?;
    }
    Ok(sum)
}

async fn parent(ctx: OrchestrationContext, n: u32) -> Result<u32> {
    let mut sum = 0;
    for i in 0..n {
        sum += ctx.call_sub_orchestrator::<u32>("Sequence", i).await?;
    }
    Ok(sum)
}

async fn gate(ctx: OrchestrationContext, seconds: u64) -> Result<String> {
    let event = ctx.wait_for_external_event::<String>("open");
    let deadline = ctx.create_timer(Duration::from_secs(seconds));
    Ok(match select(event, deadline).await {
        Either::First(text) => text?,
        Either::Second(()) => "too late".into(),
    })
}

fn builder() -> RuntimeBuilder {
    Runtime::builder()
        .orchestrator("Sequence", sequence)
        .orchestrator("Parent", parent)
        .orchestrator("Gate", gate)
        .activity("Echo", echo)
}

fn embedded(folder: &std::path::Path) -> Arc<dyn Store> {
    Arc::new(EmbeddedStore::open(folder, Default::default()).unwrap())
}

/// Every promise about instances that ran to their end.
async fn audit(client: &Client, id: &partita::InstanceId) {
    use partita::engine::kernel::{EventKind, history::effective};
    let history = client.history(id).await.unwrap();
    assert_eq!(history.len(), client.get(id).await.unwrap().unwrap().history_events as usize);
    let mut outcomes = std::collections::BTreeSet::new();
    for placed in effective(&history) {
        if let EventKind::TaskCompleted { task_id, .. }
        | EventKind::SubOrchestrationCompleted { task_id, .. }
        | EventKind::TimerFired { timer_id: task_id, .. } = &placed.event.kind
        {
            assert!(outcomes.insert(*task_id), "task {task_id} of {id} has two outcomes");
        }
    }
}

/// Every commit of a run fails once, in every way, and nothing is lost or done twice.
#[test]
fn any_one_commit_may_fail() {
    for fault in [Fault::full(), Fault::unavailable(), Fault::LoseAnswer] {
        for nth in 1..=24 {
            let tokio = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            tokio.block_on(async {
                let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new(2))));
                store.fail_commit(nth, fault.clone());
                let runtime = testing::virtual_time(builder()).store(store.clone()).start().await.unwrap();
                let client = runtime.client();
                let id = start_until_accepted(&client, "Parent", &4, "p").await;
                let view = client.wait(&id, Duration::from_secs(3600)).await.unwrap();
                assert_eq!(
                    view.status,
                    Status::Completed,
                    "{fault:?} at commit {nth}: {:?}",
                    client.why(&id).await
                );
                assert_eq!(client.result::<u32>(&id).await.unwrap(), 4);
                let all = client.count(&Filter::default()).await.unwrap();
                assert_eq!(all.total(), 5, "{fault:?} at commit {nth}");
                audit(&client, &id).await;
            });
        }
    }
}

/// As a client would: tries again when the answer was an error, and takes "exists" for its own.
async fn start_until_accepted(client: &Client, name: &str, input: &u32, id: &str) -> partita::InstanceId {
    loop {
        match client.start_with(name, input, StartOptions::id(id)).await {
            Ok(id) => return id,
            Err(error) if error.to_string().contains("exists already") => {
                return client.engine().instance_id(id).unwrap();
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

#[test]
fn events_are_not_doubled_when_an_answer_is_lost() {
    async fn sender(ctx: OrchestrationContext, target: String) -> Result<()> {
        for n in 0..3 {
            ctx.send_event(&target, "n", n)?;
            ctx.call_activity::<u32>("Echo", n).await?;
        }
        ctx.send_event(&target, "stop", ())
    }
    async fn counter(ctx: OrchestrationContext, (): ()) -> Result<Vec<u32>> {
        let mut seen = Vec::new();
        loop {
            let next = ctx.wait_for_external_event::<u32>("n");
            match select(next, ctx.wait_for_external_event::<()>("stop")).await {
                Either::First(n) => seen.push(n?),
                Either::Second(_) => return Ok(seen),
            }
        }
    }
    for nth in 1..=16 {
        let tokio =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        tokio.block_on(async {
            let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new(3))));
            let offered = builder().orchestrator("Sender", sender).orchestrator("Counter", counter);
            let runtime = testing::virtual_time(offered).store(store.clone()).start().await.unwrap();
            let client = runtime.client();
            let counter = client.start_with("Counter", &(), StartOptions::id("c")).await.unwrap();
            store.fail_commit(store.commits() + nth, Fault::LoseAnswer);
            while client.start_with("Sender", "c", StartOptions::id("s")).await.is_err()
                && client.get(&client.engine().instance_id("s").unwrap()).await.unwrap().is_none()
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let seen = client.result::<Vec<u32>>(&counter).await.unwrap();
            assert_eq!(seen, [0, 1, 2], "commit {nth}");
        });
    }
}

#[test]
fn starts_are_refused_while_the_store_is_full_and_go_on_after() {
    let tokio =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    tokio.block_on(async {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new(1))));
        let runtime = testing::virtual_time(builder()).store(store.clone()).start().await.unwrap();
        let client = runtime.client();
        let waiting = client.start("Gate", &60_u64).await.unwrap();
        store.fail_next(Fault::full());
        let refused = client.start("Sequence", &1).await.unwrap_err().to_string();
        assert!(refused.contains("full"), "{refused}");
        let refused = client.start("Sequence", &1).await.unwrap_err().to_string();
        assert!(refused.contains("full"), "{refused}");
        assert!(client.engine().ready().is_err());
        assert_eq!(client.result::<String>(&waiting).await.unwrap(), "too late");
        let id = client.start("Sequence", &3).await.unwrap();
        assert_eq!(client.result::<u32>(&id).await.unwrap(), 3);
    });
}

/// An activity that the test lets end.
fn held() -> (Arc<Notify>, Arc<AtomicU32>, RuntimeBuilder) {
    let (release, calls) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let (wait, count) = (release.clone(), calls.clone());
    let activity = move |_: ActivityContext, value: u32| {
        let (wait, count) = (wait.clone(), count.clone());
        async move {
            count.fetch_add(1, SeqCst);
            wait.notified().await;
            Ok::<u32, Error>(value)
        }
    };
    (release, calls, builder().activity("Held", activity))
}

async fn holder(ctx: OrchestrationContext, value: u32) -> Result<u32> {
    ctx.set_custom_status("holding");
    let before = ctx.call_activity::<u32>("Echo", value).await?;
    let held = ctx.call_activity::<u32>("Held", before).await?;
    let event = ctx.wait_for_external_event::<u32>("more").await?;
    Ok(held + event)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_goes_on_after_the_process_was_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (_, calls, first) = held();
    let runtime = first.orchestrator("Holder", holder).store(embedded(folder.path())).start().await.unwrap();
    let client = runtime.client();
    let id = client.start_with("Holder", &7, StartOptions::id("h").tag("k", "v")).await.unwrap();
    let timed = client.start("Gate", &1_u64).await.unwrap();
    client.raise_event(&id, "MORE", &10).await.unwrap();
    while calls.load(SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    runtime.shutdown(Duration::ZERO).await.unwrap();
    drop((runtime, client));

    let (release, calls, second) = held();
    let runtime = second.orchestrator("Holder", holder).store(embedded(folder.path())).start().await.unwrap();
    let client = runtime.client();
    release.notify_one();
    assert_eq!(client.result::<u32>(&id).await.unwrap(), 17);
    assert_eq!(calls.load(SeqCst), 1, "the call under way is made again, the one before it is not");
    assert_eq!(client.result::<String>(&timed).await.unwrap(), "too late");
    assert_eq!(client.get(&id).await.unwrap().unwrap().tags.len(), 1);
    audit(&client, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_waits_for_what_is_running() {
    let folder = tempfile::tempdir().unwrap();
    let (release, calls, first) = held();
    let runtime = first.orchestrator("Holder", holder).store(embedded(folder.path())).start().await.unwrap();
    let client = runtime.client();
    let id = client.start("Holder", &7).await.unwrap();
    while calls.load(SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.shutdown(Duration::from_secs(60)).await }
    });
    while client.engine().ready().is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(client.start("Gate", &1_u64).await.is_err(), "nothing new is taken in");
    release.notify_one();
    stopping.await.unwrap().unwrap();
    drop((runtime, client));

    let (_, calls, second) = held();
    let runtime = second.orchestrator("Holder", holder).store(embedded(folder.path())).start().await.unwrap();
    runtime.client().raise_event(&id, "more", &1).await.unwrap();
    assert_eq!(runtime.client().result::<u32>(&id).await.unwrap(), 8);
    assert_eq!(calls.load(SeqCst), 0, "the outcome of the call was kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_code_sets_the_instance_aside_until_it_is_mended() {
    async fn other(ctx: OrchestrationContext, value: u32) -> Result<u32> {
        ctx.create_timer(Duration::from_secs(1)).await;
        Ok(value)
    }
    let folder = tempfile::tempdir().unwrap();
    let runtime = builder()
        .orchestrator("Code", holder_without_call)
        .store(embedded(folder.path()))
        .start()
        .await
        .unwrap();
    let id = runtime.client().start("Code", &1).await.unwrap();
    runtime.shutdown(Duration::ZERO).await.unwrap();
    drop(runtime);

    let runtime = builder().orchestrator("Code", other).store(embedded(folder.path())).start().await.unwrap();
    let client = runtime.client();
    client.raise_event(&id, "more", &5).await.unwrap();
    let view = client.get(&id).await.unwrap().unwrap();
    let reason = view.set_aside.unwrap().reason;
    assert_eq!(&*reason.error_type, "NonDeterminism");
    assert!(reason.message.contains("Echo") && reason.message.contains("the timer 0"), "{}", reason.message);
    runtime.shutdown(Duration::ZERO).await.unwrap();
    drop((runtime, client));

    let runtime = builder()
        .orchestrator("Code", holder_without_call)
        .store(embedded(folder.path()))
        .start()
        .await
        .unwrap();
    runtime.client().resume(&id, "mended").await.unwrap();
    assert_eq!(runtime.client().result::<u32>(&id).await.unwrap(), 6);
}

async fn holder_without_call(ctx: OrchestrationContext, value: u32) -> Result<u32> {
    let before = ctx.call_activity::<u32>("Echo", value).await?;
    Ok(before + ctx.wait_for_external_event::<u32>("more").await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_cache_holds_many_instances() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = builder()
        .store(embedded(folder.path()))
        .configure(|config: &mut EngineConfig| config.hot_instances = 64)
        .start()
        .await
        .unwrap();
    let client = runtime.client();
    let mut ids = Vec::new();
    for n in 0..1500_u32 {
        ids.push(client.start_with("Gate", &3600_u64, StartOptions::id(format!("g{n}"))).await.unwrap());
    }
    assert!(
        client.engine().metrics().hot_instances.get() < 1000,
        "{}",
        client.engine().metrics().hot_instances.get()
    );
    for id in &ids {
        client.raise_event(id, "open", "sesame").await.unwrap();
    }
    for id in &ids {
        assert_eq!(client.result::<String>(id).await.unwrap(), "sesame");
    }
    assert!(client.engine().metrics().cold_loads.get() > 0);
}

#[test]
fn retention_deletes_what_ended_long_ago() {
    let tokio =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    tokio.block_on(async {
        let day = Duration::from_secs(86_400);
        let rule =
            RetentionRule { statuses: vec![Status::Completed], names: vec!["Seq*".into()], keep: 7 * day };
        let runtime = testing::virtual_time(builder())
            .configure(|config| {
                config.retention = vec![rule];
                config.retention_interval = Duration::from_secs(3600);
            })
            .start()
            .await
            .unwrap();
        let client = runtime.client();
        let old = client.start("Sequence", &1).await.unwrap();
        let gate = client.start("Gate", &1_u64).await.unwrap();
        client.result::<u32>(&old).await.unwrap();
        client.result::<String>(&gate).await.unwrap();
        tokio::time::sleep(6 * day).await;
        let young = client.start("Sequence", &1).await.unwrap();
        client.result::<u32>(&young).await.unwrap();
        assert!(client.get(&old).await.unwrap().is_some());
        tokio::time::sleep(2 * day).await;
        assert!(client.get(&old).await.unwrap().is_none());
        assert!(client.get(&young).await.unwrap().is_some());
        assert!(client.get(&gate).await.unwrap().is_some());
    });
}

#[test]
fn a_wait_ends_with_its_time() {
    testing::run(builder(), |client| async move {
        let id = client.start("Gate", &LONG.as_secs()).await?;
        assert_eq!(client.wait(&id, Duration::from_secs(5)).await?.status, Status::Running);
        let none = client.engine().instance_id("nobody")?;
        assert!(client.engine().wait(&none, WaitFor::End, None).await?.is_none());
        Ok(())
    })
    .unwrap();
}

#[test]
fn the_limits_are_named() {
    testing::run(
        builder().configure(|config| {
            config.limits.payload_bytes = 100;
            config.limits.history_events = 40;
        }),
        |client| async move {
            let error = client.start("Gate", &"x".repeat(200)).await.unwrap_err().to_string();
            assert!(error.contains("202 bytes") && error.contains("100"), "{error}");
            let id = client.start("Gate", &60_u64).await?;
            let error = client.raise_event(&id, "open", &"x".repeat(99)).await.unwrap_err().to_string();
            assert!(error.contains("101 bytes"), "{error}");
            let id = client.start("Sequence", &100).await?;
            let failure = client.wait(&id, LONG).await?.failure.unwrap();
            assert!(failure.message.contains("continue-as-new"), "{failure}");
            Ok(())
        },
    )
    .unwrap();
}

#[test]
fn retry_policies_can_refuse() {
    async fn picky(ctx: OrchestrationContext, (): ()) -> Result<()> {
        let policy =
            RetryPolicy::new(Duration::from_secs(1), 10).when(|failure| &*failure.error_type != "Final");
        ctx.call_activity_with_retry("Fails", &policy, ()).await
    }
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let fails = move |_: ActivityContext, (): ()| {
        let call = counted.fetch_add(1, SeqCst);
        async move { Err::<(), _>(Error::new(if call < 2 { "Busy" } else { "Final" }, "no")) }
    };
    testing::run(builder().orchestrator("Picky", picky).activity("Fails", fails), |client| async move {
        let id = client.start("Picky", &()).await?;
        assert_eq!(client.wait(&id, LONG).await?.status, Status::Failed);
        Ok(())
    })
    .unwrap();
    assert_eq!(calls.load(SeqCst), 3);
}

#[test]
fn a_store_of_another_owner_is_left_alone() {
    let tokio =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    tokio.block_on(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1));
        let first = testing::virtual_time(builder()).store(store.clone()).start().await.unwrap();
        let clock = Arc::new(VirtualClock::starting_at(testing::ORIGIN));
        let second = testing::virtual_time(builder()).store(store).clock(clock).start().await.unwrap();
        let error = first.client().start("Sequence", &1).await.unwrap_err().to_string();
        assert!(error.contains(&StoreError::Fenced.to_string()) || error.contains("stopping"), "{error}");
        let id = second.client().start("Sequence", &3).await.unwrap();
        assert_eq!(second.client().result::<u32>(&id).await.unwrap(), 3);
    });
}
