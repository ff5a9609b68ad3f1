//! Schedules in virtual time, against an engine in memory.

use crate::support::workflows;
use partita::testing::{ORIGIN, virtual_time};
use partita_engine::kernel::{Status, Timestamp};
use partita_engine::store::{Order, Query};
use partita_engine::{Engine, WaitFor};
use partita_server::Schedules;
use partita_server::config::schedule::{CatchUp, Overlap, ScheduleConfig};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
