//! Entities whose operations a worker runs: what orchestrators and clients see of them.

use crate::flows::{output, run, same};
use crate::site::{Site, end, until};
use partita::{
    EntityContext, EntityId, EntityType, Error, OrchestrationContext, Result, Runtime, RuntimeBuilder,
    StartOptions, Status, try_join_all,
};
use partita_engine::EntityQuery;
use partita_engine::kernel::Payload;
use partita_remote::{Client, Error as RemoteError};
use partita_server::durable_task::workers::EntityMessages;
use std::time::{Duration, SystemTime};

pub(crate) fn id(key: &str) -> EntityId {
    EntityId::new("Counter", key).unwrap()
}

/// Adds and keeps.
pub(crate) fn counter() -> EntityType<i64> {
    EntityType::new()
        .operation("add", |value: &mut i64, _: &mut EntityContext, amount: i64| {
            *value += amount;
            Ok(*value)
        })
        .operation("get", |value: &mut i64, _: &mut EntityContext, (): ()| Ok(*value))
        .operation("explode", |value: &mut i64, ctx: &mut EntityContext, (): ()| {
            *value = -1;
            ctx.signal(&id("b"), "add", 1000)?;
            Err::<(), _>(Error::new("Boom", "it exploded").non_retriable())
        })
        .operation("panic", |_: &mut i64, _: &mut EntityContext, (): ()| -> Result<()> {
            panic!("out of order")
        })
        .operation("reset", |_: &mut i64, ctx: &mut EntityContext, (): ()| {
            ctx.delete();
            Ok(())
        })
        .operation("who", |_: &mut i64, ctx: &mut EntityContext, (): ()| {
            let caller = ctx.caller().map(ToString::to_string);
            Ok((ctx.id().to_string(), ctx.operation().to_owned(), caller))
        })
        .operation("order", |value: &mut i64, ctx: &mut EntityContext, id: Option<String>| {
            ctx.start_orchestration("Add", id.as_deref(), (ctx.id().key().to_owned(), 10))?;
            Ok(*value)
        })
        .operation("spread", |value: &mut i64, ctx: &mut EntityContext, key: String| {
            ctx.signal(&id(&key), "add", *value)
        })
        .operation("remind", |_: &mut i64, ctx: &mut EntityContext, (key, millis): (String, u64)| {
            ctx.signal_at(&id(&key), "add", SystemTime::now() + Duration::from_millis(millis), 1)
        })
}

async fn add(ctx: OrchestrationContext, (key, amount): (String, i64)) -> Result<i64> {
    ctx.call_entity(&id(&key), "ADD", amount).await
}

/// Moves an amount from one to another in a critical section, with turns in between.
async fn transfer(ctx: OrchestrationContext, (from, to, amount): (String, String, i64)) -> Result<i64> {
    let (from, to) = (id(&from), id(&to));
    let section = ctx.lock_entities([&from, &to]).await?;
    let before: i64 = ctx.call_entity(&from, "get", ()).await?;
    ctx.create_timer(Duration::from_millis(1)).await;
    ctx.call_entity::<i64>(&from, "add", -amount).await?;
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

pub(crate) fn offers() -> RuntimeBuilder {
    Runtime::builder()
        .entity("Counter", counter())
        .orchestrator("Add", add)
        .orchestrator("Transfer", transfer)
        .orchestrator("Holder", holder)
}

pub(crate) async fn value(client: &Client, key: &str) -> Option<i64> {
    client.entity_state(&id(key)).await.unwrap()
}

async fn becomes(client: &Client, key: &str, expected: Option<i64>) {
    until(&format!("{key} is {expected:?}"), async || value(client, key).await == expected).await;
}

/// Calls of every kind of outcome, one after another.
async fn tour(ctx: OrchestrationContext, (): ()) -> Result<Vec<String>> {
    let a = id("a");
    let mut told = vec![ctx.call_entity::<i64>(&a, "add", 3).await?.to_string()];
    for operation in ["explode", "substract", "panic"] {
        let error = ctx.call_entity::<()>(&a, operation, ()).await.unwrap_err();
        told.push(format!("{:?}", error.failure()));
    }
    let error = ctx.call_entity::<i64>(&a, "add", "much").await.unwrap_err();
    told.push(format!("{:?}", error.failure()));
    ctx.signal_entity(&a, "add", 4)?;
    told.push(ctx.call_entity::<i64>(&a, "get", ()).await?.to_string());
    let section = ctx.lock_entities([&a, &id("b")]).await?;
    told.push(ctx.call_entity::<i64>(&id("b"), "add", 1).await?.to_string());
    section.release();
    for operation in ["reset", "delete"] {
        ctx.call_entity::<()>(&a, operation, ()).await?;
        told.push(ctx.call_entity::<i64>(&a, "add", 1).await?.to_string());
    }
    let who: (String, String, Option<String>) = ctx.call_entity(&a, "who", ()).await?;
    told.push(format!("{who:?}"));
    Ok(told)
}

fn with_tour() -> RuntimeBuilder {
    offers().orchestrator("Tour", tour)
}

async fn on_tour(client: &Client) -> partita::InstanceId {
    client.start_with("Tour", &(), StartOptions::id("guest")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_and_critical_sections_are_as_in_one_process() {
    let ran = same(with_tour, async |client| on_tour(&client).await).await;
    let told: Vec<String> = serde_json::from_str(output(&ran)).unwrap();
    let parts = [
        "3",
        "it exploded",
        "has no operation",
        "out of order",
        "InvalidData",
        "7",
        "1",
        "1",
        "1",
        r#"("@counter@a", "who", Some("guest"))"#,
    ];
    for (text, part) in told.iter().zip(parts) {
        assert!(text.contains(part), "{text:?} says nothing of {part:?}");
    }
    assert_eq!(told.len(), parts.len());
    let count = |kind: &str| ran.kinds.iter().filter(|known| *known == kind).count();
    assert_eq!(
        [count("EntityOperationFailed"), count("EntityLockGranted"), count("EntityUnlockSent")],
        [4, 1, 2]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_older_form_all_is_the_same_but_that_nobody_knows_the_caller() {
    let mut outcomes = Vec::new();
    for messages in [EntityMessages::V1, EntityMessages::V2] {
        let site = Site::telling(messages).await;
        let worker = site.worker(&with_tour()).await;
        let client = site.client().await;
        let mut ran = run(&client, &on_tour(&client).await).await;
        let mut told: Vec<String> = serde_json::from_str(output(&ran)).unwrap();
        let who = told.pop().unwrap();
        let known = messages == EntityMessages::V2;
        assert_eq!(who.ends_with("Some(\"guest\"))"), known, "{who}");
        ran.output = None;
        outcomes.push((told, ran));
        worker.stop().await;
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_now_and_later() {
    let site = Site::open().await;
    let worker = site.worker(&offers()).await;
    let client = site.client().await;
    client.signal_entity(&id("a"), "add", &5).await.unwrap();
    let at = SystemTime::now() + Duration::from_millis(400);
    client.signal_entity_at(&id("a"), "add", at, &100).await.unwrap();
    becomes(&client, "a", Some(5)).await;
    let view = client.entity(&id("a")).await.unwrap().unwrap();
    assert_eq!((view.id.as_str(), view.backlog, &view.lock), ("@counter@a", 1, &None));
    becomes(&client, "a", Some(105)).await;
    assert!(SystemTime::now() >= at);
    let at = SystemTime::now();
    client.signal_entity(&id("a"), "remind", &("later", 200)).await.unwrap();
    becomes(&client, "later", Some(1)).await;
    assert!(at.elapsed().unwrap() >= Duration::from_millis(200));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_starts_an_orchestration_and_signals_another_entity() {
    let site = Site::open().await;
    let worker = site.worker(&offers()).await;
    let client = site.client().await;
    client.signal_entity(&id("a"), "add", &5).await.unwrap();
    client.signal_entity(&id("a"), "spread", "b").await.unwrap();
    client.signal_entity(&id("a"), "order", &Some("ordered")).await.unwrap();
    client.signal_entity(&id("a"), "order", &None::<String>).await.unwrap();
    becomes(&client, "a", Some(25)).await;
    becomes(&client, "b", Some(5)).await;
    let ordered = site.engine.instance_id("ordered").unwrap();
    assert_eq!(end(&client, &ordered).await.status, Status::Completed);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transfers_in_every_direction_over_two_workers_neither_stop_nor_mix() {
    let site = Site::open().await;
    let workers = [site.worker(&offers()).await, site.worker(&offers()).await];
    let client = site.client().await;
    let keys = ["a", "b", "c"];
    for key in keys {
        client.signal_entity(&id(key), "add", &100).await.unwrap();
    }
    let mut started = Vec::new();
    for n in 0..30_usize {
        let (from, to) = (keys[n % 3], keys[(n + 1 + n / 3 % 2) % 3]);
        started.push(client.start("Transfer", &(from, to, n)).await.unwrap());
    }
    for ended in try_join_all(started.iter().map(|id| client.result::<i64>(id))).await.unwrap() {
        assert!((-900..900).contains(&ended));
    }
    let mut sum = 0;
    for key in keys {
        until("it is free", async || client.entity(&id(key)).await.unwrap().unwrap().lock.is_none()).await;
        sum += value(&client, key).await.unwrap();
    }
    assert_eq!(sum, 300);
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_lock_and_that_it_ends_with_the_instance() {
    let site = Site::open().await;
    let worker = site.worker(&offers()).await;
    let client = site.client().await;
    for key in ["a", "b"] {
        client.signal_entity(&id(key), "add", &1).await.unwrap();
    }
    let held = client.start("Holder", &["a", "b"]).await.unwrap();
    let holds = async |id| client.get(id).await.unwrap().unwrap().custom_status.is_some();
    until("it is locked", async || holds(&held).await).await;
    let waits = client.start("Add", &("b", 1)).await.unwrap();
    until("the call waits", async || client.entity(&id("b")).await.unwrap().unwrap().backlog == 1).await;
    let lock = client.entity(&id("a")).await.unwrap().unwrap().lock.unwrap();
    assert_eq!((lock.0, &*lock.1), (held.clone(), ""));
    let asked = client.remove_entity(&id("a")).await.unwrap();
    assert!(!asked, "it is locked");
    client.terminate(&held, "enough").await.unwrap();
    assert_eq!(client.result::<i64>(&waits).await.unwrap(), 2);
    until("it is free", async || client.entity(&id("a")).await.unwrap().unwrap().lock.is_none()).await;
    worker.stop().await;
}

/// The protocol cannot give up on a lock.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_was_given_up_ends_with_the_instance_too() {
    async fn hurried(ctx: OrchestrationContext, (): ()) -> Result<String> {
        let (a, lock) = (id("a"), ctx.clone());
        let section = Box::pin(lock.lock_entities([&a]));
        match partita::select(section, ctx.create_timer(Duration::from_millis(1))).await {
            partita::Either::First(_) => Ok("locked".into()),
            partita::Either::Second(()) => {
                ctx.set_custom_status("given up");
                ctx.wait_for_external_event("go").await
            }
        }
    }
    let site = Site::open().await;
    let worker = site.worker(&offers().orchestrator("Hurried", hurried)).await;
    let client = site.client().await;
    let says = async |id, status: &str| {
        client.get(id).await.unwrap().unwrap().custom_status == Some(Payload::from(format!("{status:?}")))
    };
    let first = client.start("Holder", &["a"]).await.unwrap();
    until("it is locked", async || says(&first, "holding").await).await;
    let second = client.start("Hurried", &()).await.unwrap();
    until("it has given up", async || says(&second, "given up").await).await;
    client.raise_event(&first, "go", "done").await.unwrap();
    end(&client, &first).await;
    client.raise_event(&second, "go", "done").await.unwrap();
    assert_eq!(client.result::<String>(&second).await.unwrap(), "done");
    let sum = client.start("Add", &("a", 1)).await.unwrap();
    assert_eq!(client.result::<i64>(&sum).await.unwrap(), 1);
    worker.stop().await;
}

async fn found(client: &Client, query: EntityQuery) -> (String, Option<String>) {
    let page = client.entities(&query).await.unwrap();
    let ids: Vec<String> = page.entities.iter().map(|view| view.id.to_string()).collect();
    (ids.join(" "), page.next.map(|id| id.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_found_and_tidied_up() {
    let site = Site::open().await;
    let worker = site.worker(&offers()).await;
    let client = site.client().await;
    for key in ["a", "b", "c", "d"] {
        client.signal_entity(&id(key), "add", &1).await.unwrap();
        becomes(&client, key, Some(1)).await;
    }
    let all = EntityQuery::default;
    let first = found(&client, EntityQuery { limit: 3, ..all() }).await;
    assert_eq!(first, ("@counter@a @counter@b @counter@c".into(), Some("@counter@c".into())));
    let after = Some(id("c").as_instance_id().clone());
    assert_eq!(found(&client, EntityQuery { limit: 3, after, ..all() }).await, ("@counter@d".into(), None));
    let prefix = EntityQuery { id_prefix: Some("@counter@b".into()), ..all() };
    assert_eq!(found(&client, prefix).await.0, "@counter@b");
    for (name, count) in [("counter", 4), ("count*", 4), ("count", 0), ("other", 0)] {
        let page = client.entities(&EntityQuery { names: vec![name.into()], ..all() }).await.unwrap();
        assert_eq!(page.entities.len(), count, "{name}");
        assert!(page.entities.iter().all(|view| view.state == Some(Payload::from("1"))));
    }
    let two = EntityQuery { names: vec!["a".into(), "b".into()], ..all() };
    assert!(matches!(client.entities(&two).await, Err(RemoteError::Unsupported(_))));

    let held = client.start("Holder", &["x"]).await.unwrap();
    until("it is locked", async || {
        found(&client, EntityQuery { transient: true, ..all() }).await.0.contains("@counter@x")
    })
    .await;
    assert!(!found(&client, all()).await.0.contains("@x"));
    assert_eq!(client.entity(&id("x")).await.unwrap(), None, "it has no state");
    let (cleaning, next) = client.clean_entities(true, true, None).await.unwrap();
    assert_eq!((cleaning.removed, cleaning.released, cleaning.complete, next), (0, 0, true, None));
    client.terminate(&held, "enough").await.unwrap();
    assert!(client.remove_entity(&id("d")).await.unwrap());
    assert!(!client.remove_entity(&id("d")).await.unwrap());
    assert_eq!(found(&client, all()).await.0, "@counter@a @counter@b @counter@c");
    let wrong = client.entity_state::<String>(&id("a")).await.unwrap_err().to_string();
    assert!(wrong.starts_with("InvalidData: the state of entity @counter@a"), "{wrong}");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_offers_yet_waits_and_what_makes_no_sense_is_refused() {
    let site = Site::open().await;
    let client = site.client().await;
    client.signal_entity(&id("a"), "add", &5).await.unwrap();
    let refused = client.signal_entity(&id("a"), "", &5).await;
    assert!(matches!(refused, Err(RemoteError::Invalid(_))), "{refused:?}");
    let unwritable = std::collections::BTreeMap::from([((1, 2), 3)]);
    assert!(matches!(client.signal_entity(&id("a"), "add", &unwritable).await, Err(RemoteError::Data(_))));
    assert_eq!(value(&client, "a").await, None);
    let worker = site.worker(&offers()).await;
    becomes(&client, "a", Some(5)).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_of_the_server_and_of_a_worker_are_called_from_both() {
    async fn tally(ctx: OrchestrationContext, (entity, flow): (String, Option<String>)) -> Result<i64> {
        let entity = EntityId::new(&entity, "k")?;
        let section = ctx.lock_entities([&entity]).await?;
        let sum: i64 = ctx.call_entity(&entity, "add", 1).await?;
        section.release();
        match flow {
            None => Ok(sum),
            Some(flow) => {
                let more: i64 = ctx.call_sub_orchestrator(&flow, ("Here", None::<String>)).await?;
                Ok(10 * sum + more)
            }
        }
    }
    let here = Runtime::builder().entity("Here", counter()).orchestrator("Out", tally);
    let site = Site::offering(here).await;
    let worker =
        site.worker(&Runtime::builder().entity("There", counter()).orchestrator("Back", tally)).await;
    let client = site.client().await;
    for expected in [11_i64, 22] {
        let ran = client.start("Out", &("There", Some("Back"))).await.unwrap();
        assert_eq!(client.result::<i64>(&ran).await.unwrap(), expected);
    }
    for (name, expected) in [("Here", 2), ("There", 2)] {
        let entity = EntityId::new(name, "k").unwrap();
        assert_eq!(client.entity_state::<i64>(&entity).await.unwrap(), Some(expected));
    }
    worker.stop().await;
}
