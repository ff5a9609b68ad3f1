use super::*;
use partita_engine::kernel::{Name, Payload, Status, Trace};
use proptest::option::of;
use proptest::prelude::*;
use prost::Message;

fn texts() -> impl Strategy<Value = Option<Payload>> {
    of(any::<String>()).prop_map(|text| text.map(Payload::from))
}
fn names() -> impl Strategy<Value = Name> {
    "[a-zA-Z_]{1,12}".prop_map(Name::from)
}
fn ids() -> impl Strategy<Value = InstanceId> {
    "[a-z0-9:-]{1,12}".prop_map(|id| InstanceId::trusted(&id))
}
fn entity_ids() -> impl Strategy<Value = InstanceId> {
    "@[a-z]{1,6}@[A-Za-z]{1,6}".prop_map(|id| InstanceId::trusted(&id))
}
fn instants() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}
fn executions() -> impl Strategy<Value = ExecutionId> {
    any::<u128>().prop_map(ExecutionId)
}
fn tags() -> impl Strategy<Value = Tags> {
    proptest::collection::btree_map(names(), names(), 0..3)
}
fn traces() -> impl Strategy<Value = Option<Trace>> {
    of((names(), of(names())).prop_map(|(parent, state)| Trace { parent, state }))
}
fn failures() -> impl Strategy<Value = Box<Failure>> {
    (any::<String>(), any::<String>()).prop_map(|(kind, message)| Box::new(Failure::new(&kind, message)))
}
fn parents() -> impl Strategy<Value = Option<Box<ParentLink>>> {
    let link = (ids(), names(), of(names()), executions(), any::<i32>());
    of(link.prop_map(|(instance, name, version, execution, task_id)| {
        Box::new(ParentLink { instance, name, version, execution, task_id, detached: false })
    }))
}

fn started() -> impl Strategy<Value = EventKind> {
    (names(), of(names()), texts(), executions(), parents(), of(instants()), tags(), traces()).prop_map(
        |(name, version, input, execution, parent, scheduled_at, tags, trace)| EventKind::ExecutionStarted {
            name,
            version,
            input,
            execution,
            parent,
            scheduled_at,
            tags,
            trace,
        },
    )
}

fn child() -> impl Strategy<Value = EventKind> {
    (ids(), names(), of(names()), texts(), tags(), traces(), any::<bool>()).prop_map(
        |(instance, name, version, input, tags, trace, detached)| EventKind::SubOrchestrationCreated {
            instance,
            name,
            version,
            input,
            tags: marked(&tags, detached),
            trace,
            detached,
        },
    )
}

fn tasks() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        (names(), of(names()), texts(), tags(), traces()).prop_map(|(name, version, input, tags, trace)| {
            EventKind::TaskScheduled { name, version, input, tags, trace }
        }),
        (any::<i32>(), texts()).prop_map(|(task_id, result)| EventKind::TaskCompleted { task_id, result }),
        (any::<i32>(), failures()).prop_map(|(task_id, failure)| EventKind::TaskFailed { task_id, failure }),
        child(),
        (any::<i32>(), texts())
            .prop_map(|(task_id, result)| EventKind::SubOrchestrationCompleted { task_id, result }),
        (any::<i32>(), failures())
            .prop_map(|(task_id, failure)| EventKind::SubOrchestrationFailed { task_id, failure }),
        instants().prop_map(|fire_at| EventKind::TimerCreated { fire_at }),
        (any::<i32>(), instants())
            .prop_map(|(timer_id, fire_at)| EventKind::TimerFired { timer_id, fire_at }),
        (ids(), names(), texts()).prop_map(|(target, name, input)| EventKind::EventSent {
            target,
            name,
            input
        }),
        (names(), texts()).prop_map(|(name, input)| EventKind::EventRaised { name, input }),
        texts().prop_map(|data| EventKind::Generic { data }),
    ]
}

fn entities() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        (names(), names(), of(instants()), texts(), of(entity_ids())).prop_map(
            |(request_id, operation, scheduled_at, input, target)| EventKind::EntityOperationSignaled {
                request_id,
                operation,
                scheduled_at,
                input,
                target
            }
        ),
        (names(), names(), of(instants()), texts(), of(ids()), of(executions()), of(entity_ids())).prop_map(
            |(request_id, operation, scheduled_at, input, parent, parent_execution, target)| {
                EventKind::EntityOperationCalled {
                    request_id,
                    operation,
                    scheduled_at,
                    input,
                    parent,
                    parent_execution,
                    target,
                }
            }
        ),
        (names(), texts())
            .prop_map(|(request_id, output)| EventKind::EntityOperationCompleted { request_id, output }),
        (names(), failures())
            .prop_map(|(request_id, failure)| EventKind::EntityOperationFailed { request_id, failure }),
        (names(), proptest::collection::vec(entity_ids(), 0..3), 0..9_u32, of(ids())).prop_map(
            |(section, lock_set, position, parent)| EventKind::EntityLockRequested {
                section,
                lock_set,
                position,
                parent
            }
        ),
        names().prop_map(|section| EventKind::EntityLockGranted { section }),
        (names(), of(ids()), of(entity_ids()))
            .prop_map(|(section, parent, target)| EventKind::EntityUnlockSent { section, parent, target }),
    ]
}

fn kinds() -> impl Strategy<Value = EventKind> {
    let ended = [Status::Completed, Status::Failed, Status::Terminated];
    prop_oneof![
        Just(EventKind::OrchestratorStarted),
        Just(EventKind::OrchestratorCompleted),
        started(),
        (prop::sample::select(ended.to_vec()), texts(), of(failures()))
            .prop_map(|(status, result, failure)| EventKind::ExecutionCompleted { status, result, failure }),
        (texts(), any::<bool>())
            .prop_map(|(output, recurse)| EventKind::ExecutionTerminated { output, recurse }),
        texts().prop_map(|reason| EventKind::ExecutionSuspended { reason }),
        texts().prop_map(|reason| EventKind::ExecutionResumed { reason }),
        tasks(),
        entities(),
    ]
}

proptest! {
    #[test]
    fn events_come_back_as_they_were(id in any::<i32>(), at in instants(), kind in kinds()) {
        let event = Event { id, at, kind };
        let wire = to_history_event(&InstanceId::trusted("i"), &event).encode_to_vec();
        let read = proto::HistoryEvent::decode(&wire[..]).unwrap();
        prop_assert_eq!(from_history_event(read), Ok(event));
    }

    #[test]
    fn whatever_comes_is_an_event_or_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        if let Ok(event) = proto::HistoryEvent::decode(&bytes[..]) {
            let _ = from_history_event(event);
        }
    }
}

#[test]
fn facts_that_the_protocol_has_no_kind_for_are_generic() {
    let event = Event::incoming(Timestamp(0), EventKind::OperationCanceled { task_id: 4 });
    let wire = to_history_event(&InstanceId::trusted("i"), &event);
    let Some(EventType::GenericEvent(event)) = wire.event_type else { panic!("{wire:?}") };
    assert_eq!(event.data.as_deref(), Some(r#"{"operationCanceled":{"taskId":4}}"#));
}

#[test]
fn refusals_name_the_field() {
    let of = |kind| from_history_event(proto::HistoryEvent { event_type: Some(kind), ..Default::default() });
    let text = |kind| of(kind).unwrap_err().to_string();
    insta::assert_snapshot!(text(EventType::TimerCreated(Default::default())), @"timerCreated.fireAt: it is missing");
    insta::assert_snapshot!(text(EventType::TaskScheduled(Default::default())), @"taskScheduled.name: it is empty");
    insta::assert_snapshot!(text(EventType::ContinueAsNew(Default::default())), @"continueAsNew: this kind of event is never part of a history here");
    let started = proto::ExecutionStartedEvent { name: "n".into(), ..Default::default() };
    insta::assert_snapshot!(text(EventType::ExecutionStarted(started)), @r#"executionStarted.orchestrationInstance.executionId: "" is not an execution id of 32 hexadecimal digits"#);
    insta::assert_snapshot!(from_history_event(Default::default()).unwrap_err(), @"eventType: it is missing");
}
