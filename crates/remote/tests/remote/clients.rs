//! Clients, and what they are told when something cannot be done.

use crate::site::{Site, end, until};
use partita::{Error as SdkError, InstanceId, OrchestrationContext, Result, Runtime, StartOptions, Status};
use partita_engine::kernel::{EventKind, Payload};
use partita_engine::store::{Filter, Order, Query};
use partita_remote::{Client, Error, Target, Worker};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

async fn echo(_: OrchestrationContext, value: String) -> Result<String> {
    match value.as_str() {
        "fail" => Err(SdkError::new("Refused", "no money")),
        _ => Ok(value),
    }
}

async fn waits(ctx: OrchestrationContext, (): ()) -> Result<String> {
    ctx.wait_for_external_event("go").await
}

async fn site() -> (Site, Client) {
    let site =
        Site::offering(Runtime::builder().orchestrator("Echo", echo).orchestrator("Waits", waits)).await;
    let client = site.client().await;
    (site, client)
}

fn nobody() -> InstanceId {
    InstanceId::trusted("nobody")
}

#[tokio::test]
async fn starts_and_outcomes() {
    let (_site, client) = site().await;
    let options = StartOptions::id("a").tag("k", "v");
    let id = client.start_with("Echo", "hello", options.clone()).await.unwrap();
    assert_eq!((id.as_str(), client.result::<String>(&id).await.unwrap()), ("a", "hello".to_owned()));
    let view = client.get(&id).await.unwrap().unwrap();
    assert_eq!((&*view.name, view.status, view.tags.len()), ("Echo", Status::Completed, 1));
    assert_eq!(view.input, Some(Payload::from("\"hello\"")));
    assert!(matches!(client.start_with("Echo", "x", options.clone()).await, Err(Error::AlreadyExists(_))));
    let replacing = StartOptions { replaceable: vec![Status::Completed], ..options };
    assert_eq!(client.start_with("Echo", "again", replacing).await.unwrap(), id);
    assert_eq!(client.result::<String>(&id).await.unwrap(), "again");
    let wrong = client.result::<u32>(&id).await.unwrap_err();
    assert!(wrong.to_string().starts_with("InvalidData: the output of \"a\""), "{wrong}");
    let failing = client.start("Echo", "fail").await.unwrap();
    assert_eq!(client.result::<String>(&failing).await.unwrap_err().to_string(), "Refused: no money");
    let later =
        StartOptions { at: Some(SystemTime::now() + Duration::from_secs(3600)), ..Default::default() };
    let later = client.start_with("Echo", "x", later).await.unwrap();
    let view = client.wait(&later, Duration::from_millis(5)).await.unwrap();
    assert!(view.status == Status::Pending && view.scheduled_at.is_some());
}

#[tokio::test]
async fn steering() {
    let (_site, client) = site().await;
    let id = client.start("Waits", &()).await.unwrap();
    until("it runs", async || client.get(&id).await.unwrap().unwrap().status == Status::Running).await;
    assert!(matches!(client.purge(&id).await, Err(Error::WrongStatus(_))));
    assert!(matches!(client.rewind(&id, "r").await, Err(Error::WrongStatus(_))));
    client.raise_event(&id, "Go", "now").await.unwrap();
    assert_eq!(client.result::<String>(&id).await.unwrap(), "now");
    assert_eq!(client.restart(&id, false).await.unwrap(), id);
    let twin = client.restart(&id, true).await.unwrap();
    assert_ne!(twin, id);
    client.terminate(&twin, "enough").await.unwrap();
    let error = client.result::<String>(&twin).await.unwrap_err().to_string();
    assert!(error.starts_with("NotCompleted: ") && error.ends_with("is Terminated: \"enough\""), "{error}");
    let history = client.history(&twin).await.unwrap();
    let ended =
        |kind: &EventKind| matches!(kind, EventKind::ExecutionCompleted { status: Status::Terminated, .. });
    assert!(ended(&history.last().unwrap().kind), "{history:?}");
    assert_eq!(client.purge(&twin).await.unwrap(), 1);
    assert_eq!(client.get(&twin).await.unwrap(), None);
}

#[tokio::test]
async fn pages_of_instances() {
    let (_site, client) = site().await;
    for n in 0..5 {
        let id = client.start_with("Echo", "x", StartOptions::id(format!("e{n}"))).await.unwrap();
        end(&client, &id).await;
    }
    client.start_with("Waits", &(), StartOptions::id("w")).await.unwrap();
    let mut query =
        Query { order: Order::CreatedAscending, limit: 2, with_records: true, ..Query::default() };
    query.filter.statuses = vec![Status::Completed];
    let mut found = Vec::new();
    loop {
        let page = client.query(&query).await.unwrap();
        found.extend(page.instances.into_iter().map(|view| (view.id.to_string(), view.output.is_some())));
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    let expected: Vec<_> = (0..5).map(|n| (format!("e{n}"), true)).collect();
    assert_eq!(found, expected);
    let (ids, next) = client.list_ids(&Filter::default(), None, 3).await.unwrap();
    assert_eq!(ids.iter().map(InstanceId::as_str).collect::<Vec<_>>(), ["e0", "e1", "e2"]);
    let (ids, next) = client.list_ids(&Filter::default(), next.as_ref(), 3).await.unwrap();
    assert_eq!((ids.iter().map(InstanceId::as_str).collect::<Vec<_>>(), next), (vec!["e3", "e4"], None));
    let report = client.purge_where(&Filter::default(), Duration::from_secs(5)).await.unwrap();
    assert_eq!((report.deleted, report.complete), (5, true));
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let (_site, client) = site().await;
    assert_eq!(client.get(&nobody()).await.unwrap(), None);
    assert_eq!(
        client.raise_event(&nobody(), "e", &1).await.unwrap_err(),
        Error::NotFound("there is no instance \"nobody\"".into())
    );
    for outcome in [
        client.suspend(&nobody(), "r").await,
        client.resume(&nobody(), "r").await,
        client.rewind(&nobody(), "r").await,
        client.restart(&nobody(), true).await.map(drop),
        client.wait(&nobody(), Duration::from_secs(5)).await.map(drop),
        client.purge(&nobody()).await.map(drop),
        client.history(&nobody()).await.map(drop),
    ] {
        assert!(matches!(outcome, Err(Error::NotFound(_))), "{outcome:?}");
    }
    client.terminate(&nobody(), "r").await.unwrap();
    let bad = StartOptions::id("a/b");
    assert!(matches!(client.start_with("Echo", "x", bad).await, Err(Error::Invalid(_))));
    assert!(matches!(client.query(&Query::default()).await, Err(Error::Unsupported(_))));
    let filter = Filter { roots_only: true, ..Filter::default() };
    assert!(matches!(client.purge_where(&filter, Duration::ZERO).await, Err(Error::Unsupported(_))));
    let unwritable = std::collections::BTreeMap::from([((1, 2), 3)]);
    assert!(matches!(client.start("Echo", &unwritable).await, Err(Error::Data(_))));
}

#[tokio::test]
async fn nobody_there_and_nobody_wanted() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = Client::connect(&closed.to_string()).await.unwrap_err();
    assert!(matches!(&error, Error::Unreachable(text) if text.contains("refused")), "{error}");
    let client = Client::new(&Target::new(&closed.to_string()).unwrap());
    assert!(client.get(&nobody()).await.unwrap_err().is_transient());

    let engine = Runtime::builder().start().await.unwrap().engine().clone();
    let options =
        partita_server::ServerOptions { listen: "127.0.0.1:0".parse().unwrap(), ..Default::default() };
    let server = partita_server::Server::bind(engine, options).await.unwrap();
    let address = server.address().to_string();
    tokio::spawn(server.serve(std::future::pending()));
    let worker = Worker::connect(&address).unwrap().run(CancellationToken::new()).await;
    assert!(
        matches!(&worker, Err(Error::Unsupported(text)) if text.contains("takes no workers")),
        "{worker:?}"
    );
}
