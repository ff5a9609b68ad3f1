//! Entities and critical sections as users write them, in virtual time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test, helpers included

use partita::engine::kernel::codec::Wire;
use partita::engine::kernel::entity::{Caller, LockRequest};
use partita::engine::kernel::{Effect, Entity, ExecutionId, Limits, Message, Partition};
use partita::engine::store::faulty::{Fault, FaultyStore};
use partita::engine::store::memory::MemoryStore;
use partita::engine::store::{Batch, HeadRecord, MessageId, Put, StateRecord, Store, StoredMessage, Write};
use partita::engine::{EntityQuery, Reason};
use partita::{
    Client, EntityContext, EntityId, EntityType, Error, InstanceId, OrchestrationContext, Result, Runtime,
    RuntimeBuilder, StartOptions, Status, testing, try_join_all,
};
use partita_store_embedded::EmbeddedStore;
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// Adds and keeps; `explode` fails after it has changed everything.
fn counter() -> EntityType<i64> {
    EntityType::new()
        .operation("add", |value: &mut i64, _: &mut EntityContext, amount: i64| {
            *value += amount;
            Ok(*value)
        })
        .operation("get", |value: &mut i64, _: &mut EntityContext, (): ()| Ok(*value))
        .operation("explode", |value: &mut i64, ctx: &mut EntityContext, (): ()| {
            *value = -1;
            ctx.signal(&id("b"), "add", 1000)?;
            Err::<(), _>(Error::new("Boom", "it exploded"))
        })
        .operation("reset", |_: &mut i64, ctx: &mut EntityContext, (): ()| {
            ctx.delete();
            Ok(())
        })
        .operation("who", |_: &mut i64, ctx: &mut EntityContext, (): ()| {
            let caller = ctx.caller().map(ToString::to_string);
            Ok((ctx.id().key().to_owned(), ctx.operation().to_owned(), caller))
        })
        .operation("order", |value: &mut i64, ctx: &mut EntityContext, id: Option<String>| {
            ctx.start_orchestration("Add", id.as_deref(), (ctx.id().key().to_owned(), 10))?;
            Ok(*value)
        })
        .operation("spread", |value: &mut i64, ctx: &mut EntityContext, key: String| {
            ctx.signal(&EntityId::new("Counter", &key)?, "add", *value)
        })
        .async_operation("slowly", |value: i64, ctx: EntityContext, seconds: u64| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok((value * 2, ctx, value))
        })
}

fn id(key: &str) -> EntityId {
    EntityId::new("Counter", key).unwrap()
}

async fn add(ctx: OrchestrationContext, (key, amount): (String, i64)) -> Result<i64> {
    ctx.call_entity(&EntityId::new("counter", &key)?, "ADD", amount).await
}

/// Moves an amount from one to another in a critical section, with time passing in between.
async fn transfer(ctx: OrchestrationContext, (from, to, amount): (String, String, i64)) -> Result<i64> {
    let (from, to) = (EntityId::new("Counter", &from)?, EntityId::new("Counter", &to)?);
    let section = ctx.lock_entities([&from, &to]).await?;
    let before: i64 = ctx.call_entity(&from, "get", ()).await?;
    ctx.create_timer(Duration::from_secs(1)).await;
    ctx.call_entity::<i64>(&from, "add", -amount).await?;
    ctx.create_timer(Duration::from_secs(1)).await;
    let after: i64 = ctx.call_entity(&from, "get", ()).await?;
    assert_eq!(before - after, amount, "nobody else was here");
    ctx.call_entity::<i64>(&to, "add", amount).await?;
    section.release();
    Ok(after)
}

/// Holds a lock until it is told to go on.
async fn holder(ctx: OrchestrationContext, keys: Vec<String>) -> Result<String> {
    let ids: Vec<EntityId> = keys.iter().map(|key| id(key)).collect();
    let _section = ctx.lock_entities(&ids).await?;
    ctx.set_custom_status("holding");
    ctx.wait_for_external_event("go").await
}

fn builder() -> RuntimeBuilder {
    Runtime::builder()
        .entity("Counter", counter())
        .orchestrator("Add", add)
        .orchestrator("Transfer", transfer)
        .orchestrator("Holder", holder)
}

async fn value(client: &Client, key: &str) -> Option<i64> {
    client.entity_state(&id(key)).await.unwrap()
}

/// Lets everything happen that can happen now.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[test]
fn operations_by_signal_and_by_call() {
    testing::run(builder(), |client| async move {
        client.signal_entity(&id("a"), "add", &5).await?;
        let sum = client.start("Add", &("a", 2)).await?;
        assert_eq!(client.result::<i64>(&sum).await?, 7);
        assert_eq!((value(&client, "a").await, value(&client, "b").await), (Some(7), None));
        assert_eq!(id("a").to_string(), "@counter@a");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_failed_operation_leaves_nothing_behind() {
    async fn careless(ctx: OrchestrationContext, operation: String) -> Result<String> {
        ctx.call_entity::<i64>(&id("a"), "add", 3).await?;
        let error = ctx.call_entity::<()>(&id("a"), &operation, ()).await.unwrap_err();
        let inner = error.failure().and_then(|failure| failure.inner.clone()).unwrap();
        Ok(format!("{}: {}", inner.error_type, inner.message))
    }
    testing::run(builder().orchestrator("Careless", careless), |client| async move {
        let failed = client.start("Careless", "explode").await?;
        assert_eq!(client.result::<String>(&failed).await?, "Boom: it exploded");
        assert_eq!((value(&client, "a").await, value(&client, "b").await), (Some(3), None));
        let unknown = client.start("Careless", "substract").await?;
        let text: String = client.result(&unknown).await?;
        assert!(
            text.starts_with("OperationNotFound: entity \"counter\" has no operation \"substract\""),
            "{text}"
        );
        assert_eq!(value(&client, "a").await, Some(6));
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_entity_of_which_nobody_has_the_code() {
    async fn lost(ctx: OrchestrationContext, (): ()) -> Result<()> {
        ctx.call_entity(&EntityId::new("Countr", "a")?, "add", 3).await
    }
    testing::run(builder().orchestrator("Lost", lost), |client| async move {
        let failed = client.start("Lost", &()).await?;
        let error = client.result::<()>(&failed).await.unwrap_err().to_string();
        assert!(error.contains("no entity is called \"countr\"") && error.contains("counter"), "{error}");
        let refused =
            client.signal_entity(&EntityId::new("Countr", "a")?, "add", &3).await.unwrap_err().to_string();
        assert!(refused.contains("no entity is called \"countr\"; the nearest"), "{refused}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_entity_that_was_deleted_begins_again() {
    testing::run(builder(), |client| async move {
        for operation in ["delete", "reset"] {
            client.signal_entity(&id("a"), "add", &5).await?;
            client.signal_entity(&id("a"), operation, &()).await?;
            settle().await;
            assert_eq!(client.entity(&id("a")).await?, None, "{operation}");
            let sum = client.start("Add", &("a", 2)).await?;
            assert_eq!(client.result::<i64>(&sum).await?, 2);
            client.signal_entity(&id("a"), "reset", &()).await?;
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_an_operation_knows_and_asks_for() {
    async fn who(ctx: OrchestrationContext, (): ()) -> Result<(String, String, Option<String>)> {
        ctx.call_entity(&id("Key"), "who", ()).await
    }
    testing::run(builder().orchestrator("Who", who), |client| async move {
        let asked = client.start_with("Who", &(), StartOptions::id("asking")).await?;
        let known: (String, String, Option<String>) = client.result(&asked).await?;
        assert_eq!(known, ("Key".into(), "who".into(), Some("asking".into())));
        client.signal_entity(&id("a"), "add", &5).await?;
        client.signal_entity(&id("a"), "spread", "b").await?;
        client.signal_entity(&id("a"), "order", &Some("ordered")).await?;
        client.signal_entity(&id("a"), "order", &None::<String>).await?;
        settle().await;
        assert_eq!((value(&client, "a").await, value(&client, "b").await), (Some(25), Some(5)));
        let ordered = client.engine().instance_id("ordered")?;
        assert_eq!(client.get(&ordered).await?.unwrap().status, Status::Completed);
        Ok(())
    })
    .unwrap();
}

#[test]
fn operations_that_wait_do_not_overlap() {
    testing::run(builder(), |client| async move {
        let began = tokio::time::Instant::now();
        client.signal_entity(&id("a"), "add", &1).await?;
        for _ in 0..3 {
            client.signal_entity(&id("a"), "slowly", &10).await?;
        }
        let sum = client.start("Add", &("a", 100)).await?;
        assert_eq!(client.result::<i64>(&sum).await?, 108);
        assert!(began.elapsed() >= Duration::from_secs(30));
        Ok(())
    })
    .unwrap();
}

#[test]
fn whoever_has_signalled_sees_what_the_signal_did() {
    testing::run(builder(), |client| async move {
        let patience = Duration::from_secs(60);
        let engine = client.engine().clone();
        let seen = |patience| {
            let engine = engine.clone();
            async move {
                let view = engine.entity_settled(id("a").as_instance_id(), patience).await.unwrap();
                view.and_then(|view| view.state).map(|state| state.as_str().to_owned())
            }
        };
        assert_eq!(seen(patience).await, None);
        client.signal_entity(&id("a"), "add", &5).await?;
        client.signal_entity(&id("a"), "slowly", &30).await?;
        assert_eq!(seen(Duration::from_secs(1)).await.as_deref(), Some("5"));
        assert_eq!(seen(patience).await.as_deref(), Some("10"));
        let held = client.start("Holder", &["a"]).await?;
        settle().await;
        client.signal_entity(&id("a"), "add", &5).await?;
        let began = tokio::time::Instant::now();
        assert_eq!(seen(patience).await.as_deref(), Some("10"));
        assert!(began.elapsed() < Duration::from_secs(1), "what is locked for another is not waited for");
        client.terminate(&held, "enough").await?;
        Ok(())
    })
    .unwrap();
}

#[test]
fn signals_for_later() {
    async fn reminder(ctx: OrchestrationContext, (): ()) -> Result<()> {
        let tomorrow = ctx.now() + Duration::from_secs(24 * 3600);
        ctx.signal_entity_at(&id("b"), "add", tomorrow, 7)
    }
    testing::run(builder().orchestrator("Reminder", reminder), |client| async move {
        let origin = std::time::UNIX_EPOCH + Duration::from_nanos(testing::ORIGIN.0.unsigned_abs());
        client.signal_entity_at(&id("a"), "add", origin + Duration::from_secs(60), &5).await?;
        let began = client.start("Reminder", &()).await?;
        client.wait(&began, LONG).await?;
        tokio::time::sleep(Duration::from_secs(59)).await;
        assert_eq!(value(&client, "a").await, None);
        assert_eq!(client.entity(&id("a")).await?.unwrap().backlog, 1);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!((value(&client, "a").await, value(&client, "b").await), (Some(5), None));
        tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
        assert_eq!(value(&client, "b").await, Some(7));
        Ok(())
    })
    .unwrap();
}

#[test]
fn transfers_in_every_direction_neither_stop_nor_mix() {
    testing::run(builder(), |client| async move {
        let keys = ["a", "b", "c"];
        for key in keys {
            client.signal_entity(&id(key), "add", &100).await?;
        }
        let pairs = (0..30).map(|n| (keys[n % 3], keys[(n / 3 + 1 + n) % 3], n as i64));
        let pairs = pairs.filter(|(from, to, _)| from != to);
        let started = futures_of(&client, pairs).await;
        for id in &started {
            assert_eq!(client.wait(id, LONG).await?.status, Status::Completed);
        }
        let sum: i64 = join(&client, &keys).await.iter().sum();
        assert_eq!(sum, 300);
        for key in keys {
            assert_eq!(client.entity(&id(key)).await?.unwrap().lock, None);
        }
        Ok(())
    })
    .unwrap();
}

async fn futures_of(
    client: &Client,
    pairs: impl Iterator<Item = (&'static str, &'static str, i64)>,
) -> Vec<partita::InstanceId> {
    let mut started = Vec::new();
    for pair in pairs {
        started.push(client.start("Transfer", &pair).await.unwrap());
    }
    assert!(started.len() >= 15);
    started
}

async fn join(client: &Client, keys: &[&str]) -> Vec<i64> {
    let mut values = Vec::new();
    for key in keys {
        values.push(value(client, key).await.unwrap());
    }
    values
}

#[test]
fn whoever_waits_for_a_lock_gets_it_when_the_holder_ends_in_any_way() {
    testing::run(builder(), |client| async move {
        for end in ["event", "terminate"] {
            let first = client.start("Holder", &["a", "b"]).await?;
            settle().await;
            let second = client.start("Holder", &["b", "c"]).await?;
            let third = client.start("Add", &("b", 1)).await?;
            settle().await;
            let view = client.entity(&id("b")).await?.unwrap();
            assert_eq!(view.lock.map(|(holder, ..)| holder), Some(first.clone()));
            assert_eq!(view.backlog, 2);
            let why = client.why(&second).await?.unwrap();
            assert!(
                matches!(&why.reasons[..], [Reason::Lock { entities, .. }] if entities.len() == 2),
                "{why:?}"
            );
            let why = client.why(&third).await?.unwrap();
            assert!(
                matches!(&why.reasons[..], [Reason::Entity { entity, .. }] if entity.as_str() == "@counter@b")
            );
            match end {
                "event" => client.raise_event(&first, "go", "done").await?,
                _ => client.terminate(&first, "enough").await?,
            }
            settle().await;
            assert_eq!(client.get(&second).await?.unwrap().custom_status, Some("\"holding\"".into()));
            client.raise_event(&second, "go", "done").await?;
            client.wait(&third, LONG).await?;
            let page = client.entities(&EntityQuery { transient: true, ..EntityQuery::default() }).await?;
            assert!(page.entities.iter().all(|view| view.lock.is_none() && view.backlog == 0), "{page:?}");
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_lock_that_is_given_up_is_given_back() {
    async fn hurried(ctx: OrchestrationContext, (): ()) -> Result<&'static str> {
        let (b, lock) = (id("b"), ctx.clone());
        let section = Box::pin(lock.lock_entities([&b]));
        match partita::select(section, ctx.create_timer(Duration::from_secs(1))).await {
            partita::Either::First(_) => Ok("locked"),
            partita::Either::Second(()) => Ok("gave up"),
        }
    }
    testing::run(builder().orchestrator("Hurried", hurried), |client| async move {
        let first = client.start("Holder", &["b"]).await?;
        settle().await;
        let second = client.start("Hurried", &()).await?;
        assert_eq!(client.result::<String>(&second).await?, "gave up");
        settle().await;
        assert_eq!(client.entity(&id("b")).await?.unwrap().backlog, 0);
        client.raise_event(&first, "go", "done").await?;
        client.wait(&first, LONG).await?;
        settle().await;
        assert_eq!(client.entity(&id("b")).await?, None, "nothing is left of it");
        Ok(())
    })
    .unwrap();
}

#[test]
fn the_rules_of_a_critical_section() {
    async fn rules(ctx: OrchestrationContext, (): ()) -> Result<Vec<String>> {
        let mut told = vec![ctx.lock_entities([]).await.err().unwrap().to_string()];
        let section = ctx.lock_entities([&id("a"), &id("a")]).await?;
        told.push(ctx.lock_entities([&id("b")]).await.err().unwrap().to_string());
        told.push(ctx.call_entity::<i64>(&id("b"), "get", ()).await.unwrap_err().to_string());
        told.push(ctx.signal_entity(&id("a"), "add", 1).unwrap_err().to_string());
        ctx.signal_entity(&id("b"), "add", 1)?;
        section.release();
        ctx.call_entity::<i64>(&id("b"), "get", ()).await?;
        ctx.signal_entity(&id("a"), "add", 1)?;
        Ok(told)
    }
    testing::run(builder().orchestrator("Rules", rules), |client| async move {
        let ran = client.start("Rules", &()).await?;
        let told: Vec<String> = client.result(&ran).await?;
        let parts =
            ["no entity to be locked", "locked already", "not among the entities", "locked by this instance"];
        for (text, part) in told.iter().zip(parts) {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(told.len(), parts.len());
        let history = client.history(&ran).await?;
        let registry = builder().orchestrator("Rules", rules);
        testing::check_replay(registry.registry(), &ran, &history)?;
        Ok(())
    })
    .unwrap();
}

#[test]
fn entities_are_found_and_tidied_up() {
    testing::run(builder(), |client| async move {
        for key in ["a", "b", "c", "d"] {
            client.signal_entity(&id(key), "add", &1).await?;
        }
        settle().await;
        let asked = |query: EntityQuery| {
            let client = client.clone();
            async move {
                let page = client.entities(&query).await.unwrap();
                let keys: Vec<String> = page.entities.iter().map(|view| view.id.to_string()).collect();
                (keys.join(" "), page.next.map(|id| id.to_string()))
            }
        };
        let all = EntityQuery::default;
        assert_eq!(
            asked(EntityQuery { limit: 3, ..all() }).await,
            ("@counter@a @counter@b @counter@c".into(), Some("@counter@c".into()))
        );
        let after = Some(id("c").as_instance_id().clone());
        assert_eq!(asked(EntityQuery { limit: 3, after, ..all() }).await, ("@counter@d".into(), None));
        assert_eq!(
            asked(EntityQuery { id_prefix: Some("@counter@b".into()), ..all() }).await.0,
            "@counter@b"
        );
        assert_eq!(asked(EntityQuery { names: vec!["other".into()], ..all() }).await.0, "");
        assert_eq!(client.count(&Default::default()).await?.total(), 0, "entities are not instances");
        // A lock without a state is there for whoever asks for it.
        let held = client.start("Holder", &["x"]).await?;
        settle().await;
        assert!(!asked(all()).await.0.contains("@x"));
        assert!(asked(EntityQuery { transient: true, ..all() }).await.0.contains("@counter@x"));
        let (cleaning, next) = client.engine().clean_entities(true, true, None, LONG).await?;
        assert_eq!((cleaning.released, cleaning.removed, cleaning.complete, next), (0, 0, true, None));
        client.terminate(&held, "enough").await?;
        settle().await;
        assert!(client.engine().remove_entity(id("d").as_instance_id()).await?);
        assert!(!client.engine().remove_entity(id("d").as_instance_id()).await?);
        assert_eq!(
            asked(EntityQuery { transient: true, ..all() }).await.0,
            "@counter@a @counter@b @counter@c"
        );
        Ok(())
    })
    .unwrap();
}

#[test]
fn rewound_out_of_a_critical_section_it_goes_on_in_it() {
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    let mended = Arc::new(AtomicBool::new(false));
    let now = mended.clone();
    let fragile = move |_: partita::ActivityContext, (): ()| {
        let works = now.load(SeqCst);
        async move { if works { Ok(()) } else { Err(Error::new("E", "broken").non_retriable()) } }
    };
    async fn careful(ctx: OrchestrationContext, (): ()) -> Result<i64> {
        let section = ctx.lock_entities([&id("a")]).await?;
        ctx.call_entity::<i64>(&id("a"), "add", 1).await?;
        ctx.call_activity::<()>("Fragile", ()).await?;
        let value = ctx.call_entity(&id("a"), "add", 1).await?;
        section.release();
        Ok(value)
    }
    let builder = builder().orchestrator("Careful", careful).activity("Fragile", fragile);
    testing::run(builder, |client| async move {
        let ran = client.start("Careful", &()).await?;
        assert_eq!(client.wait(&ran, LONG).await?.status, Status::Failed);
        settle().await;
        assert_eq!(client.entity(&id("a")).await?.unwrap().lock, None);
        mended.store(true, SeqCst);
        client.rewind(&ran, "mended").await?;
        assert_eq!(client.result::<i64>(&ran).await?, 2);
        settle().await;
        assert_eq!(client.entity(&id("a")).await?.unwrap().lock, None);
        Ok(())
    })
    .unwrap();
}

/// The instance that asked was purged before the last of the entities was locked.
#[test]
fn a_lock_that_comes_too_late_is_given_back() {
    let tokio =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    tokio.block_on(async {
        let store = Arc::new(MemoryStore::new(1));
        let locked = id("x").as_instance_id().clone();
        let mut entity = Entity::create(locked.clone(), testing::ORIGIN);
        let holder = Caller { instance: InstanceId::trusted("ghost"), execution: ExecutionId(1) };
        let request =
            LockRequest { section: "s".into(), lock_set: vec![locked.clone()], position: 0, holder };
        let (limits, mut effects) = (Limits::default(), Vec::new());
        let lock = Message::EntityLock { request: Box::new(request) };
        entity.admit(lock, testing::ORIGIN, &limits, &mut effects).unwrap();
        entity.advance(testing::ORIGIN, &mut effects);
        let [Effect::Send { target, message }] = &effects[..] else { panic!("it is locked: {effects:?}") };
        let granted = StoredMessage { id: MessageId(1), target: target.clone(), bytes: message.to_bytes() };
        let head = HeadRecord {
            name: "counter".into(),
            version: None,
            created_at: testing::ORIGIN,
            parent: None,
            tags: Default::default(),
            bytes: Vec::new(),
        };
        let state = StateRecord {
            status: Status::Running,
            updated_at: testing::ORIGIN,
            completed_at: None,
            next_wake: None,
            recover: false,
            set_aside: false,
            custom_status: None,
            bytes: entity.state.to_bytes(),
        };
        let put =
            Put { id: locked, head: Some(head), state, reset_history: false, events: Default::default() };
        let batch =
            Batch { writes: vec![Write::Put(Box::new(put))], sent: vec![granted], consumed: Vec::new() };
        let epoch = store.acquire(Partition(0), "test").await.unwrap();
        store.commit(Partition(0), epoch, batch).await.unwrap();
        let runtime = testing::virtual_time(builder()).store(store).start().await.unwrap();
        settle().await;
        assert_eq!(runtime.client().entity(&id("x")).await.unwrap(), None);
    });
}

/// Every commit of a run fails once, in every way: no operation is lost, and none counts twice.
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
                let mut started = Vec::new();
                for (number, input) in [("a", "b", 5), ("b", "a", 3), ("c", "a", 1)].iter().enumerate() {
                    let options = || StartOptions::id(format!("t{number}"));
                    while let Err(error) = client.start_with("Transfer", input, options()).await {
                        if error.to_string().contains("exists already") {
                            break; // the answer to the first attempt was lost
                        }
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                    started.push(client.engine().instance_id(&format!("t{number}")).unwrap());
                }
                for id in &started {
                    assert_eq!(
                        client.wait(id, LONG).await.unwrap().status,
                        Status::Completed,
                        "{fault:?} {nth}"
                    );
                }
                tokio::time::sleep(Duration::from_secs(10)).await;
                assert_eq!(join(&client, &["a", "b", "c"]).await, [-1, 2, -1], "{fault:?} {nth}");
                runtime.shutdown(Duration::ZERO).await.unwrap();
            });
        }
    }
}

async fn add_one(client: &Client, key: &str) -> Result<()> {
    client.signal_entity(&id(key), "add", &1).await
}

/// What was acknowledged before the end of a process is there for the next one.
#[tokio::test]
async fn entities_live_longer_than_processes() {
    let folder = tempfile::tempdir().unwrap();
    let open = || async {
        let store = Arc::new(EmbeddedStore::open(folder.path(), Default::default()).unwrap());
        builder().store(store).start().await.unwrap()
    };
    let runtime = open().await;
    let client = runtime.client();
    let held = client.start("Holder", &["a"]).await.unwrap();
    while client.get(&held).await.unwrap().unwrap().custom_status.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    try_join_all((0..50).map(|_| add_one(&client, "a"))).await.unwrap();
    try_join_all((0..50).map(|_| add_one(&client, "b"))).await.unwrap();
    let at = std::time::SystemTime::now() + Duration::from_millis(600);
    client.signal_entity_at(&id("b"), "add", at, &100).await.unwrap();
    runtime.shutdown(Duration::ZERO).await.unwrap();
    let runtime = open().await;
    let client = runtime.client();
    assert_eq!(client.entity(&id("a")).await.unwrap().unwrap().backlog, 50);
    client.raise_event(&held, "go", "done").await.unwrap();
    let sum = client.start("Add", &("a", 0)).await.unwrap();
    assert_eq!(client.result::<i64>(&sum).await.unwrap(), 50);
    while value(&client, "b").await != Some(150) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    runtime.shutdown(Duration::ZERO).await.unwrap();
}
