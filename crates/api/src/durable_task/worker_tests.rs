use super::super::completion;
use super::super::entity::{batch_request, outcome as read_outcome, request};
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
        facts().prop_map(|fact| Command::Entity { id: 0, fact: Box::new(fact) }),
    ]
}

fn instants() -> impl Strategy<Value = Option<Timestamp>> {
    of(any::<i64>().prop_map(Timestamp))
}
fn entity_ids() -> impl Strategy<Value = InstanceId> {
    "@[a-z]{1,6}@[A-Za-z@/]{0,6}".prop_map(|id| InstanceId::trusted(&id))
}

/// What orchestrators send to entities.
fn facts() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        (names(), names(), instants(), texts(), entity_ids()).prop_map(
            |(request_id, operation, scheduled_at, input, target)| EventKind::EntityOperationSignaled {
                request_id,
                operation,
                scheduled_at,
                input,
                target: Some(target),
            }
        ),
        (names(), names(), texts(), entity_ids()).prop_map(|(request_id, operation, input, target)| {
            EventKind::EntityOperationCalled {
                request_id,
                operation,
                scheduled_at: None,
                input,
                parent: None,
                parent_execution: None,
                target: Some(target),
            }
        }),
        (names(), vec(entity_ids(), 1..4)).prop_map(|(section, lock_set)| {
            EventKind::EntityLockRequested { section, lock_set, position: 0, parent: None }
        }),
        (names(), entity_ids()).prop_map(|(section, target)| EventKind::EntityUnlockSent {
            section,
            parent: None,
            target: Some(target),
        }),
    ]
}

fn callers() -> impl Strategy<Value = Option<Box<Caller>>> {
    let caller = (ids(), any::<u128>());
    of(caller
        .prop_map(|(instance, execution)| Box::new(Caller { instance, execution: ExecutionId(execution) })))
}

fn operations() -> impl Strategy<Value = Operation> {
    (names(), names(), texts(), callers(), instants(), traces()).prop_map(
        |(request_id, name, input, caller, scheduled_at, trace)| Operation {
            request_id,
            name,
            input,
            caller,
            scheduled_at,
            trace,
        },
    )
}

/// States are JSON, so none is empty.
fn states() -> impl Strategy<Value = Option<Payload>> {
    of(".{1,20}").prop_map(|state| state.map(Payload::from))
}

fn batches() -> impl Strategy<Value = EntityBatch> {
    (entity_ids(), any::<u128>(), states(), vec(operations(), 1..5)).prop_map(
        |(id, token, state, operations)| EntityBatch {
            id,
            token: ExecutionId(token),
            state,
            operations,
            cancellation: Default::default(),
        },
    )
}

fn entity_actions() -> impl Strategy<Value = EntityAction> {
    prop_oneof![
        (entity_ids(), names(), texts(), instants(), traces()).prop_map(
            |(target, operation, input, scheduled_at, trace)| EntityAction::Signal {
                target,
                operation,
                input,
                scheduled_at,
                trace
            }
        ),
        (of(ids()), names(), of(names()), texts(), instants(), traces()).prop_map(
            |(instance, name, version, input, scheduled_at, trace)| EntityAction::Start {
                instance,
                name,
                version,
                input,
                scheduled_at,
                trace
            }
        ),
    ]
}

fn outputs() -> impl Strategy<Value = BatchOutput> {
    let result = prop_oneof![
        texts().prop_map(Ok),
        any::<String>().prop_map(|text| Err(Box::new(Failure::new("E", text)))),
    ];
    (states(), vec(result, 0..5), vec(entity_actions(), 0..4))
        .prop_map(|(state, results, actions)| BatchOutput { state, results, actions })
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

proptest! {
    #[test]
    fn a_worker_reads_the_operations(sent in batches()) {
        let read = batch(request(&sent, Timestamp(5))).unwrap();
        prop_assert_eq!((&read.id, read.token, &read.state), (&sent.id, sent.token, &sent.state));
        let told = sent.operations.iter().cloned().map(|operation| Operation { trace: None, ..operation });
        prop_assert_eq!(&read.operations, &told.collect::<Vec<_>>());
        let old = old_batch(batch_request(&sent)).unwrap();
        prop_assert_eq!((&old.id, &old.state), (&sent.id, &sent.state));
        let told = sent.operations.into_iter().map(|operation| Operation {
            caller: None,
            scheduled_at: None,
            ..operation
        });
        prop_assert_eq!(old.operations, told.collect::<Vec<_>>());
    }

    #[test]
    fn a_server_reads_what_came_of_operations(sent in outputs(), failure in of(any::<String>())) {
        let sent = failure.map_or(Ok(sent), |text| Err(Failure::new("E", text).non_retriable()));
        let written = operated(sent.clone(), Vec::new(), "t".into());
        let written = proto::EntityBatchResult::decode(&written.encode_to_vec()[..]).unwrap();
        prop_assert_eq!(&written.completion_token, "t");
        prop_assert_eq!(read_outcome(written), Ok(sent));
    }

    #[test]
    fn who_asked_goes_back_with_the_outcome(asked in batches(), done in 0_usize..6) {
        let results = (0..done).map(|_| Ok(None)).collect();
        let output = BatchOutput { results, ..BatchOutput::default() };
        let written = operated(Ok(output), destinations(&asked.operations), String::new());
        let told: Vec<_> = written.operation_infos.into_iter().map(|info| {
            (info.request_id, info.response_destination.map(|to| (to.instance_id, to.execution_id)))
        }).collect();
        let expected: Vec<_> = asked.operations.iter().take(done).map(|operation| {
            let caller = operation.caller.as_deref();
            let to = caller.map(|caller| (caller.instance.to_string(), Some(caller.execution.to_string())));
            (operation.request_id.to_string(), to)
        }).collect();
        prop_assert_eq!(told, expected);
    }
}

#[test]
fn batches_of_other_servers() {
    let signal = proto::EntityOperationSignaledEvent { request_id: "r".into(), ..Default::default() };
    let event = |kind| proto::HistoryEvent { event_type: Some(kind), ..Default::default() };
    let sent = proto::EntityRequest {
        instance_id: "@Counter@A".into(),
        execution_id: "first".into(),
        entity_state: Some(String::new()),
        operation_requests: vec![event(EventType::EntityOperationSignaled(signal))],
    };
    let read = batch(sent.clone()).unwrap();
    assert_eq!((read.id.as_str(), read.token, read.state), ("@counter@A", ExecutionId(0), None));
    let told = |sent: proto::EntityRequest| batch(sent).map(|read| read.operations).unwrap_err().to_string();
    let nameless = proto::EntityRequest { instance_id: "counter".into(), ..sent.clone() };
    insta::assert_snapshot!(told(nameless), @"instanceId: the id of an entity has the form '@name@key', with a name that is not empty");
    let lock = event(EventType::EntityLockRequested(Default::default()));
    let others = proto::EntityRequest { operation_requests: vec![lock], ..sent.clone() };
    insta::assert_snapshot!(told(others), @"operationRequests[0].eventType: an entity is asked for operations alone");
    let called = event(EventType::EntityOperationCalled(Default::default()));
    let unnamed = proto::EntityRequest { operation_requests: vec![called], ..sent.clone() };
    insta::assert_snapshot!(told(unnamed), @"operationRequests[0].entityOperationCalled.requestId: it is empty");
    let nothing = proto::EntityRequest { operation_requests: vec![Default::default()], ..sent };
    insta::assert_snapshot!(told(nothing), @"operationRequests[0].eventType: it is missing");
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
