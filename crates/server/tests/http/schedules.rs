//! Schedules in virtual time, against an engine in memory.

use crate::support::{Got, workflows};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use partita::testing::{ORIGIN, virtual_time};
use partita_engine::kernel::{Status, Timestamp};
use partita_engine::store::{Order, Query};
use partita_engine::{Engine, WaitFor};
use partita_server::config::schedule::{CatchUp, Overlap, ScheduleConfig};
use partita_server::{Schedules, ServerOptions, router};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const HOUR: Duration = Duration::from_secs(3600);

fn hourly(workflow: &str) -> ScheduleConfig {
    ScheduleConfig {
        name: "s".into(),
        cron: "0 * * * *".into(),
        workflow: workflow.into(),
        input: Some(serde_json::json!(1)),
        ..ScheduleConfig::default()
    }
}

async fn engine() -> Engine {
    virtual_time(workflows()).start().await.unwrap().engine().clone()
}

/// Runs a schedule for so long, and gives the instances that it made: hour and status.
async fn run(engine: &Engine, config: &ScheduleConfig, time: Duration) -> Vec<(String, Status)> {
    let stop = CancellationToken::new();
    let running = Schedules::new(std::slice::from_ref(config)).unwrap().spawn(engine, &stop);
    tokio::time::sleep(time).await;
    stop.cancel();
    drop(running);
    made(engine).await
}

async fn made(engine: &Engine) -> Vec<(String, Status)> {
    let query = Query { order: Order::IdAscending, ..Query::default() };
    let list = engine.query(&query).await.unwrap().instances;
    list.into_iter().map(|view| (view.id.as_str().replace("schedule-s-", ""), view.status)).collect()
}

fn hours(made: &[(String, Status)]) -> Vec<&str> {
    made.iter().map(|(id, _)| &id[9..11]).collect()
}

#[tokio::test(start_paused = true)]
async fn an_instance_for_each_hour_named_after_it() {
    let engine = engine().await;
    let made = run(&engine, &hourly("Echo"), 3 * HOUR + HOUR / 2).await;
    let done = Status::Completed;
    let at = |hour: u8| (format!("20300101T{hour:02}0000Z"), done);
    assert_eq!(made, [at(1), at(2), at(3)]);
}

#[tokio::test(start_paused = true)]
async fn what_passed_while_nobody_looked() {
    for (catch_up, expected) in [
        (CatchUp::None, vec!["01", "05"]),
        (CatchUp::Latest, vec!["01", "04", "05"]),
        (CatchUp::All, vec!["01", "02", "03", "04", "05"]),
    ] {
        let engine = engine().await;
        let config = ScheduleConfig { catch_up, ..hourly("Echo") };
        assert_eq!(hours(&run(&engine, &config, HOUR + HOUR / 2).await), ["01"]);
        tokio::time::sleep(3 * HOUR).await;
        assert_eq!(hours(&run(&engine, &config, HOUR).await), expected, "{catch_up:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn overlap() {
    let (running, ended) = (Status::Running, Status::Terminated);
    for (overlap, expected) in [
        (Overlap::Skip, vec![running]),
        (Overlap::Allow, vec![running, running, running]),
        (Overlap::TerminatePrevious, vec![ended, ended, running]),
        (Overlap::QueueOne, vec![running]),
    ] {
        let engine = engine().await;
        let config = ScheduleConfig { overlap, ..hourly("Order") };
        let made = run(&engine, &config, 3 * HOUR + HOUR / 2).await;
        assert_eq!(made.iter().map(|(_, status)| *status).collect::<Vec<_>>(), expected, "{overlap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queued_start_comes_when_the_one_before_it_ends() {
    let engine = engine().await;
    let config = ScheduleConfig { overlap: Overlap::QueueOne, ..hourly("Order") };
    let stop = CancellationToken::new();
    let _running = Schedules::new(&[config]).unwrap().spawn(&engine, &stop);
    tokio::time::sleep(3 * HOUR + HOUR / 2).await;
    assert_eq!(hours(&made(&engine).await), ["01"]);
    let first = engine.instance_id("schedule-s-20300101T010000Z").unwrap();
    engine.raise_event(&first, "paid", None).await.unwrap();
    engine.wait(&first, WaitFor::End, None).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(hours(&made(&engine).await), ["01", "03"]);
    stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_paused_schedule_starts_nothing_and_catches_up_on_nothing() {
    let engine = engine().await;
    let config = ScheduleConfig { catch_up: CatchUp::All, ..hourly("Echo") };
    assert!(
        run(&engine, &ScheduleConfig { paused: true, ..config.clone() }, 3 * HOUR + HOUR / 2)
            .await
            .is_empty()
    );
    assert_eq!(hours(&run(&engine, &config, HOUR).await), ["04"]);
}

#[tokio::test(start_paused = true)]
async fn jitter_delays_the_beginning() {
    let engine = engine().await;
    let config = ScheduleConfig { jitter: Some("30m".into()), ..hourly("Echo") };
    run(&engine, &config, HOUR + Duration::from_millis(1)).await;
    let id = engine.instance_id("schedule-s-20300101T010000Z").unwrap();
    let view = engine.get(&id).await.unwrap().unwrap();
    let hour = Timestamp(ORIGIN.0).after(HOUR);
    let begin = view.scheduled_at.unwrap();
    assert!(begin > hour && begin < hour.after(HOUR / 2), "{begin:?}");
    assert_eq!(&*view.tags["partita.schedule"], "s");
    engine.wait(&id, WaitFor::End, None).await.unwrap();
    assert!(engine.now() >= begin);
}

/// A schedule that runs, and a router in front of it, in virtual time.
struct Site {
    engine: Engine,
    router: Router,
    stop: CancellationToken,
    _running: partita_server::schedules::Running,
}

impl Site {
    async fn of(config: ScheduleConfig) -> Self {
        Self::over(engine().await, config)
    }

    fn over(engine: Engine, config: ScheduleConfig) -> Self {
        let (schedules, stop) = (Schedules::new(&[config]).unwrap(), CancellationToken::new());
        let running = schedules.spawn(&engine, &stop);
        let router = router(engine.clone(), ServerOptions { schedules, ..ServerOptions::default() });
        Self { engine, router, stop, _running: running }
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Got {
        let path = format!("/api/v1/schedules{path}");
        let request = Request::builder().method(method).uri(&path);
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.header("content-type", "application/json").body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let got = Got { status, headers, text: String::from_utf8(text.to_vec()).unwrap() };
        crate::schema::check(method, &path, &got);
        got
    }

    async fn get(&self) -> Value {
        self.send("GET", "/s", None).await.ok(200)
    }

    async fn post(&self, what: &str) -> Value {
        self.send("POST", &format!("/s/{what}"), None).await.ok(200)
    }

    async fn made(&self) -> Vec<String> {
        made(&self.engine).await.into_iter().map(|(id, _)| id).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn schedules_are_shown_with_where_they_stand() {
    let tags = [("team".to_owned(), "shop".to_owned())].into();
    let config = ScheduleConfig {
        tags,
        timezone: Some("Europe/Berlin".into()),
        overlap: Overlap::QueueOne,
        jitter: Some("500ms".into()),
        ..hourly("Order")
    };
    let site = Site::of(config).await;
    tokio::time::sleep(2 * HOUR + HOUR / 2).await;
    let at = |hour: u8| format!("2030-01-01T{hour:02}:00:00.000000Z");
    let shown = json!({
        "name": "s", "cron": "0 * * * *", "timezone": "Europe/Berlin", "workflow": "Order", "input": 1,
        "tags": {"team": "shop"}, "overlap": "queue-one", "catchUp": "none", "catchUpLimit": 100,
        "jitterSeconds": 0.5, "paused": false, "next": [at(3), at(4), at(5), at(6), at(7)],
        "last": {"at": at(1), "instance": "schedule-s-20300101T010000Z"}, "queued": at(2),
    });
    assert_eq!(site.get().await, shown);
    assert_eq!(site.send("GET", "", None).await.ok(200), json!({"schedules": [shown]}));
    site.send("GET", "/other", None).await.problem(404, "schedule-not-found");
    site.send("POST", "/other/run", None).await.problem(404, "schedule-not-found");
    site.send("GET", "?x=1", None).await.problem(400, "invalid");
}

#[tokio::test(start_paused = true)]
async fn an_operator_pauses_and_resumes_and_nothing_of_it_is_caught_up_on() {
    let site = Site::of(ScheduleConfig { catch_up: CatchUp::All, ..hourly("Echo") }).await;
    tokio::time::sleep(HOUR + HOUR / 2).await;
    let paused = site.post("pause").await;
    assert_eq!((&paused["paused"], &paused["pausedBy"]), (&json!(true), &json!("operator")));
    assert_eq!(paused["next"].as_array().unwrap().len(), 5, "the times that it would have");
    tokio::time::sleep(3 * HOUR).await;
    let resumed = site.post("resume").await;
    assert_eq!((&resumed["paused"], resumed.get("pausedBy")), (&json!(false), None));
    tokio::time::sleep(HOUR).await;
    assert_eq!(hours(&made(&site.engine).await), ["01", "05"]);
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_says_is_kept_and_wins_over_the_configuration() {
    let paused = ScheduleConfig { paused: true, ..hourly("Echo") };
    let site = Site::of(paused.clone()).await;
    assert_eq!(site.get().await["pausedBy"], "configuration");
    site.post("resume").await;
    site.stop.cancel();
    let again = Site::over(site.engine.clone(), paused);
    tokio::time::sleep(HOUR + HOUR / 2).await;
    assert_eq!(hours(&made(&again.engine).await), ["01"]);
    assert_eq!(again.post("pause").await["pausedBy"], "operator");
    again.stop.cancel();
    let unpaused = Site::over(again.engine.clone(), hourly("Echo"));
    tokio::time::sleep(HOUR).await;
    assert_eq!(unpaused.get().await["pausedBy"], "operator");
    assert_eq!(hours(&made(&unpaused.engine).await), ["01"]);
}

#[tokio::test(start_paused = true)]
async fn a_queued_start_does_not_come_while_paused() {
    let site = Site::of(ScheduleConfig { overlap: Overlap::QueueOne, ..hourly("Order") }).await;
    tokio::time::sleep(2 * HOUR + HOUR / 2).await;
    site.post("pause").await;
    let first = site.engine.instance_id("schedule-s-20300101T010000Z").unwrap();
    site.engine.raise_event(&first, "paid", None).await.unwrap();
    tokio::time::sleep(HOUR).await;
    assert_eq!(hours(&made(&site.engine).await), ["01"]);
    site.post("resume").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(hours(&made(&site.engine).await), ["01", "02"]);
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_started_by_hand_whatever_else_holds() {
    let site = Site::of(ScheduleConfig { paused: true, ..hourly("Order") }).await;
    let first = site.post("run").await["instance"].as_str().unwrap().to_owned();
    let second = site.post("run").await["instance"].as_str().unwrap().to_owned();
    assert_eq!(first, "schedule-s-manual-20300101T000000.000Z");
    assert!(second.starts_with("schedule-s-manual-2030") && second != first, "{second}");
    let view = site.engine.get(&site.engine.instance_id(&second).unwrap()).await.unwrap().unwrap();
    assert_eq!((&*view.tags["partita.schedule"], view.status), ("s", Status::Running));
    assert_eq!(site.get().await["last"]["instance"], second);
    let unknown = Site::of(hourly("Nothing")).await;
    unknown.send("POST", "/s/run", None).await.problem(404, "workflow-not-found");
}

#[tokio::test(start_paused = true)]
async fn the_past_is_made_up_for_once() {
    let site = Site::of(hourly("Echo")).await;
    tokio::time::sleep(3 * HOUR + HOUR / 2).await;
    let span = |from: &str, to: &str, dry_run: bool| {
        Some(
            json!({"from": format!("2029-12-31T{from}Z"), "to": format!("2030-01-01T{to}Z"), "dryRun": dry_run}),
        )
    };
    let id = |day: &str, hour: u8| format!("schedule-s-{day}T{hour:02}0000Z");
    let (old, new) = (id("20291231", 23), [id("20300101", 0), id("20300101", 1)]);
    let times =
        json!(["2029-12-31T23:00:00.000000Z", "2030-01-01T00:00:00.000000Z", "2030-01-01T01:00:00.000000Z"]);
    let backfill = |body| site.send("POST", "/s/backfill", body);
    let asked = backfill(span("23:00:00", "02:00:00", true)).await.ok(200);
    assert_eq!(asked, json!({"times": times, "started": [], "existing": [&new[1]]}));
    assert_eq!(site.made().await.len(), 3);
    let done = backfill(span("23:00:00", "02:00:00", false)).await.ok(200);
    assert_eq!(done, json!({"times": times, "started": [&old, &new[0]], "existing": [&new[1]]}));
    let again = backfill(span("23:00:00", "02:00:00", false)).await.ok(200);
    assert_eq!(again, json!({"times": times, "started": [], "existing": [&old, &new[0], &new[1]]}));
    assert_eq!(site.made().await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn spans_that_cannot_be_made_up_for_are_refused() {
    let site = Site::of(ScheduleConfig { cron: "* * * * *".into(), ..hourly("Echo") }).await;
    let backfill = async |from: &str, to: &str| {
        let body = json!({"from": from, "to": to, "dryRun": true});
        site.send("POST", "/s/backfill", Some(body)).await
    };
    let detail = |got: Got| got.problem(400, "invalid")["detail"].as_str().unwrap().to_owned();
    let empty = backfill("2029-01-01T00:00:00Z", "2029-01-01T00:00:00Z").await;
    assert!(detail(empty).contains("is empty"));
    let most = backfill("2029-12-01T00:00:00Z", "2029-12-01T16:40:00Z").await.ok(200);
    assert_eq!(most["times"].as_array().unwrap().len(), 1_000);
    let more = backfill("2029-12-01T00:00:00Z", "2029-12-01T16:40:01Z").await;
    assert!(detail(more).contains("more than 1000"));
    let future = backfill("2029-12-31T23:59:00Z", "2030-01-01T00:02:00Z").await;
    assert!(detail(future).contains("has not come yet"));
    site.send("POST", "/s/backfill", None).await.problem(400, "invalid");
    site.send("POST", "/s/backfill", Some(json!({"from": 1}))).await.problem(400, "malformed-json");
}
