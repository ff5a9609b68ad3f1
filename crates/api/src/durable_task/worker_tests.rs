use super::super::completion;
use super::super::work::activity;
use super::*;
use partita_engine::kernel::{ExecutionId, Name, Tags, Trace};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use prost::Message;

const NEXT: ExecutionId = ExecutionId(7);

fn names() -> impl Strategy<Value = Name> {
    "[a-zA-Z_]{1,12}".prop_map(Name::from)
}
fn texts() -> impl Strategy<Value = Option<Payload>> {
    of(any::<String>()).prop_map(|text| text.map(Payload::from))
}
fn ids() -> impl Strategy<Value = InstanceId> {
    "[a-z0-9:-]{1,12}".prop_map(|id| InstanceId::trusted(&id))
}
fn tags() -> impl Strategy<Value = Tags> {
    btree_map(names(), names(), 0..3)
}
fn traces() -> impl Strategy<Value = Option<Trace>> {
    of((names(), of(names())).prop_map(|(parent, state)| Trace { parent, state }))
}

fn requests() -> impl Strategy<Value = Command> {
    prop_oneof![
        (names(), of(names()), texts(), tags(), traces()).prop_map(|(name, version, input, tags, trace)| {
            Command::ScheduleTask { id: 0, name, version, input, tags, trace }
        }),
        (of(ids()), names(), of(names()), texts(), tags(), traces(), any::<bool>()).prop_map(
            |(instance, name, version, input, mut tags, trace, detached)| {
                if detached {
                    tags.insert(FIRE_AND_FORGET.into(), "true".into());
                }
                Command::CreateSubOrchestration {
                    id: 0,
                    instance,
                    name,
                    version,
                    input,
                    tags,
                    trace,
                    detached,
                }
            }
        ),
        any::<i64>().prop_map(|at| Command::CreateTimer { id: 0, fire_at: Timestamp(at) }),
        (ids(), names(), texts()).prop_map(|(target, name, input)| Command::SendEvent {
            id: 0,
            target,
            name,
            input
        }),
        Just(Command::Cancel { id: 0, task_id: 3 }),
        (names(), names(), texts()).prop_map(|(request_id, operation, input)| Command::Entity {
            id: 0,
            fact: Box::new(EventKind::EntityOperationSignaled {
                request_id,
                operation,
                scheduled_at: None,
                input,
                target: Some(InstanceId::trusted("@a@b")),
            }),
        }),
    ]
}

fn ends() -> impl Strategy<Value = Option<Command>> {
    let failure = of(any::<String>()).prop_map(|text| text.map(|text| Box::new(Failure::new("E", text))));
    of(prop_oneof![
        (texts(), failure).prop_map(|(result, failure)| Command::Complete {
            status: if failure.is_some() { Status::Failed } else { Status::Completed },
            result,
            failure
        }),
        (texts(), of(names()), vec((names(), texts()), 0..3)).prop_map(|(input, version, carry_over)| {
            Command::ContinueAsNew { input, version, carry_over, execution: NEXT }
        }),
    ])
}

/// Numbers commands in the order in which they were asked for.
fn numbered(mut commands: Vec<Command>) -> Vec<Command> {
    for (number, command) in (0..).zip(&mut commands) {
        match command {
            Command::ScheduleTask { id, .. }
            | Command::CreateSubOrchestration { id, .. }
            | Command::CreateTimer { id, .. }
            | Command::SendEvent { id, .. }
            | Command::Cancel { id, .. }
            | Command::Entity { id, .. } => *id = number,
            Command::Complete { .. } | Command::ContinueAsNew { .. } => {}
        }
    }
    commands
}

proptest! {
    #[test]
    fn a_server_reads_what_was_asked_for(commands in vec(requests(), 0..6), end in ends(), status in texts()) {
        let commands = numbered(commands.into_iter().chain(end).collect());
        let output = TurnOutput {
            custom_status: status.map_or(CustomStatus::Unchanged, |status| CustomStatus::Set(Some(status))),
            commands: commands.clone(),
            waiting_for: Vec::new(),
        };
        let sent = proto::OrchestratorResponse {
            custom_status: custom_status(&output),
            actions: actions(commands, 9, Timestamp(5)),
            ..proto::OrchestratorResponse::default()
        };
        let sent = proto::OrchestratorResponse::decode(&sent.encode_to_vec()[..]).unwrap();
        let read = completion(sent.actions, sent.custom_status, None, NEXT).unwrap();
        let told = output.commands.iter().filter(|command| is_told(command)).cloned().collect::<Vec<_>>();
        prop_assert_eq!(read.output, TurnOutput { commands: told, ..output });
    }

    #[test]
    fn a_worker_reads_the_call(
        (id, name, input, tags, trace) in (ids(), names(), texts(), tags(), traces()), task_id in any::<i32>(),
    ) {
        let sent = FunctionCall {
            instance: id, execution: NEXT, task_id, name, version: None, input, tags, trace,
            cancellation: Default::default(),
        };
        let read = call(activity(&sent)).unwrap();
        prop_assert_eq!((read.instance, read.execution, read.task_id), (sent.instance, NEXT, task_id));
        prop_assert_eq!((read.name, read.input), (sent.name, sent.input));
        prop_assert_eq!((read.tags, read.trace), (sent.tags, sent.trace));
    }
}

#[test]
fn a_status_that_is_taken_back_is_null() {
    let output = TurnOutput { custom_status: CustomStatus::Set(None), ..TurnOutput::default() };
    assert_eq!(custom_status(&output).as_deref(), Some("null"));
    assert_eq!(custom_status(&TurnOutput::default()), None);
}

#[test]
fn the_end_has_the_id_that_comes_next() {
    let end = Command::Complete { status: Status::Completed, result: None, failure: None };
    let [action] = &actions(vec![Command::Cancel { id: 1, task_id: 0 }, end], 2, Timestamp(0))[..] else {
        panic!()
    };
    assert_eq!(action.id, 2);
}

#[test]
fn refusals_name_the_field() {
    insta::assert_snapshot!(call(Default::default()).unwrap_err(), @"orchestrationInstance: it is missing");
    let bad = vec![proto::HistoryEvent::default()];
    insta::assert_snapshot!(events("pastEvents", bad).unwrap_err(), @"pastEvents[0].eventType: it is missing");
}
