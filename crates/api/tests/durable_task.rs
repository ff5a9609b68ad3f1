//! What strangers send over the Durable Task protocol: whatever the bytes are, they are read or refused, in no time,
//! and nothing panics.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use partita_api::durable_task::instance::{list_filter, purge_filter, query_filter, start_order};
use partita_api::durable_task::proto::orchestrator_action::OrchestratorActionType as Action;
use partita_api::durable_task::proto::{self, history_event::EventType};
use partita_api::durable_task::value::{from_failure, from_optional_timestamp, from_trace};
use partita_api::durable_task::{completion, from_history_event};
use partita_engine::kernel::ExecutionId;
use proptest::prelude::*;
use prost::Message;
use std::time::{Duration, Instant};

/// How long reading some kilobytes may take, on a machine that is busy with other things.
const LONGEST: Duration = Duration::from_secs(2);

/// Reads a message, if it is one, and hands it to what the server does with it.
fn read<M: Message + Default>(bytes: &[u8], convert: impl FnOnce(M)) {
    if let Ok(message) = M::decode(bytes) {
        convert(message);
    }
}

/// Takes the bytes for the request of every RPC.
fn read_all(bytes: &[u8]) {
    let began = Instant::now();
    read(bytes, |m: proto::CreateInstanceRequest| drop(start_order(m)));
    read(bytes, |m: proto::QueryInstancesRequest| drop(m.query.map(|query| query_filter(&query))));
    read(bytes, |m: proto::ListInstanceIdsRequest| drop(list_filter(&m)));
    read(bytes, |m: proto::PurgeInstancesRequest| {
        if let Some(proto::purge_instances_request::Request::PurgeInstanceFilter(filter)) = m.request {
            drop(purge_filter(&filter));
        }
    });
    read(bytes, |m: proto::OrchestratorResponse| {
        if let Some(context) = &m.orchestration_trace_context {
            drop(from_optional_timestamp("spanStartTime", context.span_start_time.as_ref()));
        }
        drop(completion(m.actions, m.custom_status, m.num_events_processed, ExecutionId(2)));
    });
    read(bytes, |m: proto::ActivityResponse| drop(m.failure_details.map(from_failure)));
    read(bytes, |m: proto::SignalEntityRequest| {
        drop(from_optional_timestamp("scheduledTime", m.scheduled_time.as_ref()));
        drop(from_trace(m.parent_trace_context));
    });
    read(bytes, |m: proto::EntityBatchResult| drop(m.failure_details.map(from_failure)));
    read(bytes, |m: proto::QueryEntitiesRequest| {
        let query = m.query.unwrap_or_default();
        drop(from_optional_timestamp("lastModifiedFrom", query.last_modified_from.as_ref()));
    });
    read(bytes, |m: proto::HistoryEvent| drop(from_history_event(m)));
    read(bytes, |_: proto::GetInstanceRequest| ());
    read(bytes, |_: proto::RewindInstanceRequest| ());
    read(bytes, |_: proto::RestartInstanceRequest| ());
    read(bytes, |_: proto::RaiseEventRequest| ());
    read(bytes, |_: proto::TerminateRequest| ());
    read(bytes, |_: proto::SuspendRequest| ());
    read(bytes, |_: proto::ResumeRequest| ());
    read(bytes, |_: proto::GetWorkItemsRequest| ());
    read(bytes, |_: proto::StreamInstanceHistoryRequest| ());
    read(bytes, |_: proto::CreateTaskHubRequest| ());
    read(bytes, |_: proto::DeleteTaskHubRequest| ());
    read(bytes, |_: proto::GetEntityRequest| ());
    read(bytes, |_: proto::CleanEntityStorageRequest| ());
    read(bytes, |_: proto::AbandonActivityTaskRequest| ());
    read(bytes, |_: proto::AbandonOrchestrationTaskRequest| ());
    read(bytes, |_: proto::AbandonEntityTaskRequest| ());
    read(bytes, |_: proto::SkipGracefulOrchestrationTerminationsRequest| ());
    assert!(began.elapsed() < LONGEST, "{} bytes took {:?}", bytes.len(), began.elapsed());
}

/// Fields in the wire format, with messages in messages: what a decoder has most to do with.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Field::Number),
        (0..40_u64).prop_map(Field::Number),
        any::<u64>().prop_map(|number| Field::Number(number | 1 << 63)),
        ".{0,12}".prop_map(|text| Field::Bytes(text.into_bytes())),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Field::Bytes),
    ];
    let field = leaf.prop_recursive(6, 64, 6, |inner| {
        proptest::collection::vec((1..32_u64, inner), 0..6).prop_map(|fields| Field::Bytes(message(fields)))
    });
    proptest::collection::vec((1..32_u64, field), 0..8).prop_map(message)
}

#[derive(Clone, Debug)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

/// The wire format (Protocol Buffers, "Encoding"): a tag of number and kind, then a varint or a length with bytes.
fn message(fields: Vec<(u64, Field)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, field) in fields {
        let kind = if matches!(field, Field::Number(_)) { 0 } else { 2 };
        prost::encoding::encode_varint(number << 3 | kind, &mut bytes);
        match field {
            Field::Number(value) => prost::encoding::encode_varint(value, &mut bytes),
            Field::Bytes(value) => {
                prost::encoding::encode_varint(value.len() as u64, &mut bytes);
                bytes.extend(value);
            }
        }
    }
    bytes
}

/// Valid messages, with much in them.
fn samples() -> Vec<Vec<u8>> {
    let failure = proto::TaskFailureDetails {
        error_type: "E".into(),
        error_message: "m".into(),
        inner_failure: Some(Box::default()),
        ..Default::default()
    };
    let at = Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5 });
    let actions = [
        Action::ScheduleTask(proto::ScheduleTaskAction {
            name: "a".into(),
            input: Some("1".into()),
            ..Default::default()
        }),
        Action::CreateTimer(proto::CreateTimerAction { fire_at: at }),
        Action::CreateSubOrchestration(proto::CreateSubOrchestrationAction {
            name: "w".into(),
            instance_id: "i".into(),
            ..Default::default()
        }),
        Action::CompleteOrchestration(proto::CompleteOrchestrationAction {
            orchestration_status: 3,
            failure_details: Some(failure.clone()),
            carryover_events: vec![proto::HistoryEvent {
                event_type: Some(EventType::EventRaised(proto::EventRaisedEvent {
                    name: "e".into(),
                    input: None,
                })),
                timestamp: at,
                ..Default::default()
            }],
            ..Default::default()
        }),
    ];
    let action = |(id, action)| proto::OrchestratorAction { id, orchestrator_action_type: Some(action) };
    let answer = proto::OrchestratorResponse {
        instance_id: "i".into(),
        actions: (1..).zip(actions).map(action).collect(),
        custom_status: Some("s".into()),
        completion_token: "1.0".into(),
        num_events_processed: Some(2),
        ..Default::default()
    };
    let start = proto::CreateInstanceRequest {
        instance_id: "i".into(),
        name: "w".into(),
        scheduled_start_timestamp: at,
        execution_id: Some("0".into()),
        tags: [("k".to_owned(), "v".to_owned())].into(),
        orchestration_id_reuse_policy: Some(proto::OrchestrationIdReusePolicy {
            replaceable_status: vec![1, 3],
            ..Default::default()
        }),
        ..Default::default()
    };
    let query = proto::InstanceQuery {
        runtime_status: vec![1, 2],
        created_time_from: at,
        max_instance_count: 7,
        ..Default::default()
    };
    let done = proto::ActivityResponse { failure_details: Some(failure), task_id: 3, ..Default::default() };
    Vec::from([
        answer.encode_to_vec(),
        start.encode_to_vec(),
        proto::QueryInstancesRequest { query: Some(query) }.encode_to_vec(),
        done.encode_to_vec(),
    ])
}

/// A change to some bytes.
#[derive(Clone, Debug)]
enum Change {
    Put(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Put(at, byte)),
        2 => (place(), proptest::collection::vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => place().prop_map(Change::Cut),
        1 => place().prop_map(Change::Repeat),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: Vec<Change>) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        match change {
            Change::Put(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            Change::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more);
            }
            Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Change::Repeat(at) => {
                let again = bytes[at.index(bytes.len())..].to_vec();
                bytes.extend(again);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn any_fields(bytes in wire()) {
        read_all(&bytes);
    }

    #[test]
    fn messages_that_were_changed(which in 0..4_usize, changes in proptest::collection::vec(change(), 1..6)) {
        read_all(&changed(samples().swap_remove(which), changes));
    }
}

#[test]
fn failures_within_failures_have_an_end() {
    let mut bytes = Vec::new();
    for _ in 0..100_000 {
        let mut outer = Vec::new();
        prost::encoding::encode_varint(4 << 3 | 2, &mut outer); // innerFailure
        prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
        if outer.len() + bytes.len() > 60_000 {
            break;
        }
        outer.extend(&bytes);
        bytes = outer;
    }
    let error = proto::TaskFailureDetails::decode(&bytes[..]).unwrap_err();
    assert!(error.to_string().contains("recursion"), "{error}");
    let deep = message(vec![(4, Field::Bytes(bytes))]);
    read_all(&deep);
}

#[test]
fn samples_are_read() {
    let [answer, start, ..] = &samples()[..] else { unreachable!() };
    let answer = proto::OrchestratorResponse::decode(&answer[..]).unwrap();
    assert_eq!(completion(answer.actions, None, None, ExecutionId(2)).unwrap().output.commands.len(), 4);
    assert!(start_order(proto::CreateInstanceRequest::decode(&start[..]).unwrap()).is_ok());
}
