//! Turns that somebody else runs: late, twice, wrongly, or never.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use partita_engine::store::Store;
use partita_engine::store::faulty::{Fault, FaultyStore};
use partita_engine::store::memory::MemoryStore;
use partita_engine::{EngineConfig, Reason, RemoteFailure, RemoteOutput, RemoteTurn, Span};
use partita_kernel::{Command, Event, EventKind, Failure, InstanceId, Status, TurnOutput};
use std::sync::Arc;
use std::time::Duration;
use support::{Hub, LONG, Setup, answer, payload, virtual_time, work};

const MOMENT: Duration = Duration::from_millis(10);

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(2))
}

fn kinds<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<String> {
    let name = |event: &Event| format!("{:?}", event.kind).split([' ', '{']).next().unwrap().to_owned();
    events.into_iter().map(name).collect()
}

fn output_of(view: &partita_engine::InstanceView) -> &str {
    assert_eq!(view.status, Status::Completed, "{view:?}");
    view.output.as_ref().unwrap().as_str()
}

#[test]
fn every_kind_of_workflow() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        for (name, input, output) in [
            ("Sequence", "3", "0,1,2"),
            ("Fan", "20", "20"),
            ("Timer", "86400", "rang"),
            ("Parent", "2", "0,1"),
            ("Again", "3", ""),
        ] {
            let view = hub.run(name, name, input).await;
            assert_eq!(output_of(&view), output, "{name}");
            hub.audit(&view.id).await;
        }
        assert_eq!(hub.engine.metrics().turns_unwanted.get(), 0);
        assert_eq!(hub.engine.metrics().turns_out.get(), 0);
        assert_eq!(hub.engine.metrics().cold_loads.get(), 5, "only to look whether the ids are new");
    });
}

#[test]
fn what_a_worker_is_told() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        let id = hub.start("Sequence", "s", "2").await;
        let first = hub.turn().await;
        assert_eq!((first.info.id.clone(), &*first.info.name), (id.clone(), "Sequence"));
        assert!(first.past.is_empty());
        assert_eq!(kinds(&first.new_events), ["OrchestratorStarted", "ExecutionStarted"]);
        assert_eq!(hub.view(&id).await.execution, Some(first.execution));
        answer(first);
        let second = hub.turn().await;
        assert_eq!(
            kinds(second.past.iter()),
            ["OrchestratorStarted", "ExecutionStarted", "TaskScheduled", "OrchestratorCompleted"]
        );
        assert_eq!(kinds(&second.new_events), ["OrchestratorStarted", "TaskCompleted"]);
        answer(second);
        let third = hub.turn().await;
        assert_eq!((third.past.len(), third.past.pieces().len()), (8, 2));
        answer(third);
        assert_eq!(output_of(&hub.until_end(&id).await), "0,1");
    });
}

#[test]
fn a_turn_costs_one_record() {
    virtual_time(async {
        let store = Arc::new(FaultyStore::new(memory()));
        let mut hub = Hub::open(store.clone()).await;
        hub.run("Sequence", "s", "5").await;
        assert_eq!(store.commits(), 1 + 6, "the start, and six turns");
    });
}

#[test]
fn what_clients_say_is_kept_though_nobody_answers() {
    virtual_time(async {
        let store = memory();
        let mut hub = Hub::open(store.clone()).await;
        let id = hub.start("Events", "e", "4").await;
        let first = hub.turn().await;
        for n in 0..3 {
            hub.engine.raise_event(&id, "go", payload(&n.to_string())).await.unwrap();
        }
        assert_eq!(hub.view(&id).await.status, Status::Pending);
        let waits = hub.engine.why(&id).await.unwrap().unwrap().reasons.remove(0);
        assert_eq!(waits.to_string(), "it waits for a worker that runs \"Events\"");
        first.reply.taken_by("w1", support::ORIGIN);
        let waits = hub.engine.why(&id).await.unwrap().unwrap().reasons.remove(0);
        assert_eq!(waits.to_string(), "worker \"w1\" runs its turn of \"Events\"");
        // The next engine knows of them, whatever the first one's worker does now.
        let mut next = Hub::open(store).await;
        answer(first);
        let turn = next.turn().await;
        assert_eq!(
            kinds(&turn.new_events),
            ["OrchestratorStarted", "ExecutionStarted", "EventRaised", "EventRaised", "EventRaised"]
        );
        next.engine.raise_event(&id, "go", payload("3")).await.unwrap();
        answer(turn);
        assert_eq!(output_of(&next.until_end(&id).await), "0,1,2,3");
        next.audit(&id).await;
    });
}

/// What an instance waits for before all else.
async fn why(hub: &Hub, id: &InstanceId) -> Reason {
    hub.engine.why(id).await.unwrap().unwrap().reasons.remove(0)
}

#[test]
fn a_turn_that_is_abandoned_is_handed_out_again_later_each_time() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        let id = hub.start("Sequence", "s", "1").await;
        for (abandonments, wait) in
            [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000].iter().enumerate()
        {
            let turn = hub.turn().await;
            assert_eq!(turn.abandonments as usize, abandonments);
            let since = tokio::time::Instant::now();
            if abandonments % 2 == 0 {
                drop(turn);
            } else {
                turn.reply.send(Err(RemoteFailure::Abandoned));
            }
            hub.quiet(MOMENT).await;
            assert!(matches!(why(&hub, &id).await, Reason::Unclaimed { retry_at: Some(_), .. }));
            hub.quiet(Duration::from_millis(wait - 20)).await;
            let again = hub.turn().await;
            let waited = since.elapsed().as_millis() as u64;
            assert!((*wait..wait + 10).contains(&waited), "{waited} instead of {wait}");
            hub.turns_back(again);
        }
        assert_eq!(output_of(&hub.until_end(&id).await), "0");
        assert_eq!(hub.engine.metrics().turns_failed.get(), 0);
        assert_eq!(hub.engine.metrics().turns_abandoned.get(), 10);
    });
}

#[test]
fn what_arrives_between_two_attempts_is_part_of_the_next() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        let id = hub.start("Events", "e", "1").await;
        drop(hub.turn().await);
        hub.quiet(MOMENT).await;
        hub.engine.raise_event(&id, "go", payload("x")).await.unwrap();
        let turn = hub.turn().await;
        assert_eq!(kinds(&turn.new_events), ["OrchestratorStarted", "ExecutionStarted", "EventRaised"]);
        answer(turn);
        assert_eq!(output_of(&hub.until_end(&id).await), "x");
    });
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    virtual_time(async {
        let store = memory();
        let mut first = Hub::open(store.clone()).await;
        let id = first.start("Sequence", "s", "1").await;
        let late = first.turn().await;
        let mut second = Hub::open(store).await;
        answer(second.turn().await);
        let current = second.turn().await;
        answer(late);
        first.quiet(MOMENT).await;
        assert_eq!(kinds(current.past.iter()).len(), 4);
        answer(current);
        assert_eq!(output_of(&second.until_end(&id).await), "0");
        assert_eq!(second.view(&id).await.history_events, 8);
        second.audit(&id).await;
    });
}

#[test]
fn terminating_needs_no_worker() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        for (name, begun) in [("a", false), ("b", true)] {
            let id = hub.start("Parent", name, "1").await;
            let mut turn = hub.turn().await;
            let child = begun.then(|| InstanceId::child(turn.execution, 0));
            if begun {
                answer(turn);
                turn = hub.turn().await; // the child's
                assert_eq!(Some(&turn.info.id), child.as_ref());
            }
            hub.engine.raise_event(&id, "x", None).await.unwrap();
            hub.engine.terminate(&id, payload("enough"), true).await.unwrap();
            let view = hub.view(&id).await;
            assert_eq!((view.status, view.output), (Status::Terminated, payload("enough")));
            if let Some(child) = &child {
                let view = hub.engine.wait(child, partita_engine::WaitFor::End, Some(LONG)).await.unwrap();
                assert_eq!(view.unwrap().status, Status::Terminated);
                answer(hub.turn().await); // the parent's, for the event
            }
            assert!(!turn.reply.is_wanted());
            answer(turn);
            hub.quiet(MOMENT).await;
            assert_eq!(hub.view(&id).await.status, Status::Terminated);
            hub.audit(&id).await;
        }
        assert_eq!(hub.engine.metrics().turns_out.get(), 0);
    });
}

#[test]
fn a_replaced_instance_does_not_get_the_answers_of_the_one_before() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        let id = hub.start("Sequence", "s", "1").await;
        let old = hub.turn().await;
        let start = partita_engine::StartRequest {
            name: "Sequence".into(),
            id: Some("s".into()),
            input: payload("2"),
            replaceable: Status::ALL.into(),
            ..Default::default()
        };
        hub.engine.start(start).await.unwrap();
        let new = hub.turn().await;
        assert!(!old.reply.is_wanted() && new.reply.is_wanted() && old.execution != new.execution);
        answer(old);
        answer(new);
        assert_eq!(output_of(&hub.until_end(&id).await), "0,1");
    });
}

#[test]
fn suspending_shows_at_once_and_holds_what_comes() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        let id = hub.start("Events", "e", "2").await;
        answer(hub.turn().await);
        hub.engine.raise_event(&id, "go", payload("0")).await.unwrap();
        let turn = hub.turn().await;
        hub.engine.suspend(&id, payload("stop")).await.unwrap();
        assert_eq!(hub.view(&id).await.status, Status::Suspended);
        answer(turn);
        let turn = hub.turn().await;
        assert_eq!(kinds(&turn.new_events), ["OrchestratorStarted", "ExecutionSuspended"]);
        hub.engine.raise_event(&id, "go", payload("1")).await.unwrap();
        answer(turn);
        let turn = hub.turn().await;
        assert_eq!(kinds(&turn.new_events), ["OrchestratorStarted", "EventRaised"]);
        answer(turn);
        hub.quiet(MOMENT).await;
        assert_eq!(hub.view(&id).await.status, Status::Suspended);
        hub.engine.resume(&id, None).await.unwrap();
        assert_eq!(hub.view(&id).await.status, Status::Running);
        assert_eq!(output_of(&hub.until_end(&id).await), "0,1");
        hub.audit(&id).await;
    });
}

#[test]
fn an_answer_without_sense_is_a_failed_turn() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        let id = hub.start("Events", "e", "2").await;
        hub.engine.raise_event(&id, "go", payload("0")).await.unwrap();
        for attempt in 0..3 {
            let turn = hub.turn().await;
            if attempt == 1 {
                let commands = Vec::from([support::task(4, "a"), support::task(4, "b")]);
                let output = TurnOutput { commands, ..TurnOutput::default() };
                turn.reply.send(Ok(RemoteOutput { output, span: None }));
            } else {
                turn.reply.send(Err(RemoteFailure::Invalid(Failure::new("Nonsense", "not a command"))));
            }
        }
        hub.quiet(LONG / 2).await;
        let aside = hub.view(&id).await.set_aside.unwrap();
        assert_eq!((aside.attempts, aside.retry_at), (3, None));
        assert_eq!(hub.engine.metrics().turns_failed.get(), 3);
        hub.engine.raise_event(&id, "go", payload("1")).await.unwrap();
        hub.quiet(MOMENT).await;
        hub.engine.resume(&id, None).await.unwrap();
        assert_eq!(output_of(&hub.until_end(&id).await), "0,1");
        hub.audit(&id).await;
    });
}

#[test]
fn what_a_call_brought_is_not_lost_by_an_answer_without_sense() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        let id = hub.start("Sequence", "s", "1").await;
        answer(hub.turn().await);
        let turn = hub.turn().await;
        assert_eq!(kinds(&turn.new_events), ["OrchestratorStarted", "TaskCompleted"]);
        turn.reply.send(Err(RemoteFailure::Invalid(Failure::new("Nonsense", "not a command"))));
        assert_eq!(output_of(&hub.until_end(&id).await), "0");
        assert_eq!(*hub.work.calls.lock(), 1);
    });
}

#[test]
fn after_a_restart_the_turn_is_handed_out_again() {
    virtual_time(async {
        let store = memory();
        let mut first = Hub::open(store.clone()).await;
        let ids = [
            first.start("Sequence", "a", "2").await,
            first.start("Timer", "b", "5").await,
            first.start("Parent", "c", "2").await,
        ];
        for _ in 0..3 {
            answer(first.turn().await);
        }
        // Now out: the second turn of a, the child's first; and a little later that of b.
        let mut out = vec![first.turn().await, first.turn().await];
        first.quiet(Duration::from_secs(4)).await;
        out.push(first.turn().await);
        tokio::time::sleep(Duration::from_secs(1)).await; // long enough to be recorded
        let mut second = Hub::open(store).await;
        let again = [second.turn().await, second.turn().await, second.turn().await];
        let fact = |turn: &RemoteTurn| (turn.info.id.clone(), kinds(&turn.new_events));
        let sorted = |turns: &[RemoteTurn]| {
            let mut facts: Vec<_> = turns.iter().map(fact).collect();
            facts.sort();
            facts
        };
        assert_eq!(sorted(&out), sorted(&again));
        again.into_iter().for_each(answer);
        for (id, output) in ids.iter().zip(["0,1", "rang", "0,1"]) {
            assert_eq!(output_of(&second.until_end(id).await), output);
            second.audit(id).await;
        }
        assert_eq!(*first.work.calls.lock(), 1, "what it had brought was recorded");
        assert_eq!(*second.work.calls.lock(), 3);
    });
}

#[test]
fn before_its_end_an_engine_records_what_is_in_memory_alone() {
    virtual_time(async {
        let store = memory();
        let mut first = Hub::open(store.clone()).await;
        let id = first.start("Fan", "f", "20").await;
        answer(first.turn().await);
        let _out = first.turn().await;
        first.engine.shutdown(Duration::ZERO).await.unwrap();
        let mut second = Hub::open(store).await;
        assert_eq!(output_of(&second.until_end(&id).await), "20");
        assert_eq!(*second.work.calls.lock(), 0, "no call is made again");
    });
}

#[test]
fn nothing_is_lost_when_a_commit_fails() {
    for fault in [Fault::full(), Fault::unavailable(), Fault::LoseAnswer] {
        for nth in 1..=12 {
            let fault = fault.clone();
            virtual_time(async move {
                let store = Arc::new(FaultyStore::new(memory()));
                let mut hub = Hub::open(store.clone()).await;
                store.fail_commit(nth, fault.clone());
                let request = || partita_engine::StartRequest {
                    name: "Parent".into(),
                    id: Some("p".into()),
                    input: payload("3"),
                    ..Default::default()
                };
                while hub.engine.start(request()).await.is_err()
                    && hub.engine.get(&InstanceId::trusted("p")).await.unwrap().is_none()
                {
                    tokio::time::sleep(MOMENT).await;
                }
                let id = InstanceId::trusted("p");
                let view = hub.until_end(&id).await;
                assert_eq!(output_of(&view), "0,1,2", "{fault:?} of commit {nth}");
                hub.audit(&id).await;
            });
        }
    }
}

#[test]
fn a_rewound_instance_goes_on_from_its_effective_history() {
    virtual_time(async {
        let setup = Setup { failures: 1, ..Setup::default() };
        let mut hub = Hub::open_with(memory(), setup).await;
        let failed = hub.run("Sequence", "s", "2").await;
        assert_eq!(failed.status, Status::Failed);
        hub.engine.rewind(&failed.id, payload("mended")).await.unwrap();
        let turn = hub.turn().await;
        assert_eq!(
            kinds(turn.past.iter()),
            [
                "OrchestratorStarted",
                "ExecutionStarted",
                "TaskScheduled",
                "OrchestratorCompleted",
                "ExecutionRewound"
            ]
        );
        assert_eq!(kinds(&turn.new_events), ["OrchestratorStarted", "TaskCompleted"]);
        assert_ne!(Some(turn.execution), failed.execution);
        answer(turn);
        assert_eq!(output_of(&hub.until_end(&failed.id).await), "0,1");
        hub.audit(&failed.id).await;
    });
}

#[test]
fn a_rewound_parent_takes_its_child_along() {
    virtual_time(async {
        let setup = Setup { failures: 1, ..Setup::default() };
        let mut hub = Hub::open_with(memory(), setup).await;
        let failed = hub.run("Parent", "p", "2").await;
        assert_eq!(failed.status, Status::Failed);
        hub.engine.rewind(&failed.id, None).await.unwrap();
        assert_eq!(output_of(&hub.until_end(&failed.id).await), "0,1");
        hub.audit(&failed.id).await;
    });
}

#[test]
fn one_that_failed_by_itself_takes_its_last_turn_again() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        let id = hub.start("Events", "e", "1").await;
        answer(hub.turn().await);
        hub.engine.raise_event(&id, "go", payload("x")).await.unwrap();
        let failure = Some(Box::new(Failure::new("Bug", "in the workflow")));
        let commands = Vec::from([Command::Complete { status: Status::Failed, result: None, failure }]);
        let output = TurnOutput { commands, ..TurnOutput::default() };
        hub.turn().await.reply.send(Ok(RemoteOutput { output, span: None }));
        hub.quiet(MOMENT).await;
        assert_eq!(hub.view(&id).await.status, Status::Failed);
        hub.engine.rewind(&id, None).await.unwrap();
        let turn = hub.turn().await;
        assert_eq!(turn.past.len(), 4);
        assert_eq!(kinds(&turn.new_events), ["OrchestratorStarted", "EventRaised"]);
        answer(turn);
        assert_eq!(output_of(&hub.until_end(&id).await), "x");
    });
}

#[test]
fn idle_instances_are_let_go_and_those_with_a_turn_out_are_not() {
    virtual_time(async {
        let config = EngineConfig { hot_instances: 16, ..EngineConfig::default() };
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(1));
        let mut hub = Hub::open_with(store, Setup { config, ..Setup::default() }).await;
        let mut idle = Vec::new();
        for n in 0..40 {
            idle.push(hub.start("Events", &format!("idle{n}"), "1").await);
            answer(hub.turn().await);
        }
        let mut out = Vec::new();
        for n in 0..40 {
            hub.start("Events", &format!("out{n}"), "1").await;
            out.push(hub.turn().await);
        }
        hub.quiet(LONG / 1000).await;
        assert!(hub.engine.metrics().hot_instances.get() < 60);
        assert!(out.iter().all(|turn| turn.reply.is_wanted()));
        for (n, id) in idle.iter().enumerate() {
            hub.engine.raise_event(id, "go", payload(&n.to_string())).await.unwrap();
            let turn = hub.turn().await;
            assert_eq!((&turn.info.id, turn.past.len()), (id, 3));
            answer(turn);
            assert_eq!(output_of(&hub.until_end(id).await), n.to_string());
        }
        assert!(hub.engine.metrics().cold_loads.get() > 0);
    });
}

#[test]
fn a_span_comes_back_with_the_next_turn() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        hub.start("Sequence", "s", "2").await;
        let turn = hub.turn().await;
        assert_eq!(turn.span, None);
        let span = Some(Span { id: Some("abc".into()), started_at: None });
        let answer = RemoteOutput { span: span.clone(), ..work(&turn) };
        turn.reply.send(Ok(answer));
        assert_eq!(hub.turn().await.span, span);
    });
}

#[test]
fn many_calls_that_take_long() {
    virtual_time(async {
        let setup = Setup { takes: |_| Duration::from_secs(3600), ..Setup::default() };
        let mut hub = Hub::open_with(memory(), setup).await;
        let mut ids = Vec::new();
        for n in 0..50 {
            ids.push(hub.start("Fan", &format!("f{n}"), "200").await);
            answer(hub.turn().await);
        }
        hub.quiet(Duration::from_secs(60)).await;
        assert_eq!(hub.engine.calls_running(), 10_000);
        for id in &ids {
            assert_eq!(output_of(&hub.until_end(id).await), "200");
        }
    });
}

#[test]
fn who_runs_it_here_comes_first() {
    virtual_time(async {
        let setup = Setup { elsewhere: false, ..Setup::default() };
        let mut hub = Hub::open_with(memory(), setup).await;
        assert_eq!(output_of(&hub.run("Sequence", "s", "2").await), "0,1");
        assert_eq!(hub.engine.metrics().turns_dispatched.get(), 0);
    });
}

#[test]
fn a_scheduled_start() {
    virtual_time(async {
        let mut hub = Hub::open(memory()).await;
        let at = hub.engine.now().after(Duration::from_secs(600));
        let request = partita_engine::StartRequest {
            name: "Sequence".into(),
            input: payload("1"),
            scheduled_at: Some(at),
            ..Default::default()
        };
        let id = hub.engine.start(request).await.unwrap().id;
        hub.engine.raise_event(&id, "early", None).await.unwrap();
        hub.quiet(Duration::from_secs(599)).await;
        let turn = hub.turn().await;
        assert_eq!(kinds(&turn.new_events), ["OrchestratorStarted", "ExecutionStarted", "EventRaised"]);
        assert!(matches!(turn.new_events[1].kind, EventKind::ExecutionStarted { scheduled_at: Some(_), .. }));
        answer(turn);
        assert_eq!(output_of(&hub.until_end(&id).await), "0");
    });
}
