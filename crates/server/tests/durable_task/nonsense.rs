//! Whatever a stranger sends, it gets a status that says so, and everybody else goes on.

use crate::site::{PATIENCE, Site, call, done, filtered};
use partita_api::durable_task::proto;
use partita_api::durable_task::proto::orchestrator_action::OrchestratorActionType as Action;
use partita_api::durable_task::value::to_timestamp;
use partita_engine::kernel::{InstanceId, Timestamp};
use prost::Message;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Endpoint;
use tonic::{Code, Status};

/// Sends bytes as they are.
#[derive(Clone, Copy, Default)]
struct Plain;

impl Codec for Plain {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        *self
    }
    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, bytes: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        prost::bytes::BufMut::put_slice(buffer, &bytes);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = prost::bytes::Buf::remaining(buffer);
        Ok(Some(prost::bytes::Buf::copy_to_bytes(buffer, length).to_vec()))
    }
}

impl Site {
    /// Calls an RPC with these bytes as its message.
    async fn send(&self, rpc: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Status> {
        let channel =
            Endpoint::try_from(format!("http://{}", self.address)).unwrap().connect().await.unwrap();
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.unwrap();
        let path = format!("/TaskHubSidecarService/{rpc}").parse().unwrap();
        let answer = client.unary(tonic::Request::new(bytes), path, Plain);
        let answer = tokio::time::timeout(PATIENCE, answer).await.expect("no answer comes");
        answer.map(tonic::Response::into_inner)
    }

    /// A workflow that a worker of its own runs from its start to its end.
    async fn works(&self, id: &str) {
        self.start("Canary", id).await;
        let mut worker = self.worker(filtered(&["Canary"], &["sing"])).await;
        let turn = worker.turn().await;
        worker.complete(turn.answer(vec![call(1, "sing")])).await;
        let (completion_token, _) = worker.activity().await;
        let sung = proto::ActivityResponse { completion_token, task_id: 1, ..Default::default() };
        worker.hub.complete_activity_task(sung).await.unwrap();
        let turn = worker.turn().await;
        worker.complete(turn.answer(vec![done(2, "1")])).await;
        assert_eq!(self.end(id).await.orchestration_status, 1);
    }

    /// Waits until an instance has ended or waits for somebody; gives the reason.
    async fn settled(&self, id: &str) -> String {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let view = self.engine.get(&InstanceId::trusted(id)).await.unwrap().unwrap();
            if let Some(aside) = view.set_aside.filter(|aside| aside.retry_at.is_none()) {
                return aside.reason.message.to_string();
            }
            if let Some(failure) = view.failure {
                return failure.message.to_string();
            }
            assert!(tokio::time::Instant::now() < until, "{id} does not settle");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

const RPCS: [&str; 26] = [
    "StartInstance",
    "GetInstance",
    "RewindInstance",
    "RestartInstance",
    "WaitForInstanceStart",
    "WaitForInstanceCompletion",
    "RaiseEvent",
    "TerminateInstance",
    "SuspendInstance",
    "ResumeInstance",
    "QueryInstances",
    "ListInstanceIds",
    "PurgeInstances",
    "GetWorkItems",
    "CompleteActivityTask",
    "CompleteOrchestratorTask",
    "CompleteEntityTask",
    "StreamInstanceHistory",
    "SignalEntity",
    "GetEntity",
    "QueryEntities",
    "CleanEntityStorage",
    "AbandonTaskActivityWorkItem",
    "AbandonTaskOrchestratorWorkItem",
    "AbandonTaskEntityWorkItem",
    "SkipGracefulOrchestrationTerminations",
];

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let site = Site::open().await;
    let cut =
        proto::CreateInstanceRequest { instance_id: "i".into(), name: "W".into(), ..Default::default() };
    let mut cut = cut.encode_to_vec();
    cut.pop();
    for rpc in RPCS {
        for bytes in [vec![0xff; 20], cut.clone(), vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]] {
            let status = site.send(rpc, bytes).await.unwrap_err();
            assert_eq!(status.code(), Code::Internal, "{rpc}: {status}");
            assert!(status.message().contains("decode"), "{rpc}: {status}");
        }
    }
    let status = site.send("NoSuchThing", Vec::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "{status}");
    site.works("canary").await;
}

#[tokio::test]
async fn what_names_nothing_is_refused() {
    let site = Site::open().await;
    let empty = |rpc| site.send(rpc, Vec::new());
    for rpc in ["StartInstance", "GetInstance", "RaiseEvent", "StreamInstanceHistory"] {
        let status = empty(rpc).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{rpc}: {status}");
        assert!(!status.message().is_empty(), "{rpc}");
    }
    for rpc in ["CompleteActivityTask", "CompleteOrchestratorTask"] {
        assert_eq!(empty(rpc).await.unwrap_err().code(), Code::NotFound, "{rpc}");
    }
    let long = "x".repeat(1 << 20);
    let mut hub = site.hub().await;
    let named = proto::CreateInstanceRequest { name: long.clone(), ..Default::default() };
    let status = hub.start_instance(named).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    assert!(status.message().len() < 2000, "{} bytes", status.message().len());
    let status = hub
        .get_instance(proto::GetInstanceRequest { instance_id: long.clone(), ..Default::default() })
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let token = proto::AbandonActivityTaskRequest { completion_token: long };
    let status = hub.abandon_task_activity_work_item(token).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "{status}");
    site.works("canary").await;
}

fn named(id: i32, action: Action) -> proto::OrchestratorAction {
    proto::OrchestratorAction { id, orchestrator_action_type: Some(action) }
}

fn timer(nanos: i32) -> proto::OrchestratorAction {
    let mut at = to_timestamp(Timestamp(0));
    at.nanos = nanos;
    named(1, Action::CreateTimer(proto::CreateTimerAction { fire_at: Some(at) }))
}

fn ends(status: i32) -> proto::OrchestratorAction {
    let end = proto::CompleteOrchestrationAction { orchestration_status: status, ..Default::default() };
    named(1, Action::CompleteOrchestration(end))
}

/// Answers to a turn that make no sense.
fn answers() -> Vec<(&'static str, Vec<proto::OrchestratorAction>)> {
    let long = "x".repeat(100_000);
    let child = |id: &str, name: &str| {
        let child = proto::CreateSubOrchestrationAction {
            instance_id: id.into(),
            name: name.into(),
            ..Default::default()
        };
        named(1, Action::CreateSubOrchestration(child))
    };
    Vec::from([
        ("no kind", vec![proto::OrchestratorAction { id: 1, ..Default::default() }]),
        ("the same id twice", vec![call(1, "a"), call(1, "b")]),
        ("a negative id", vec![call(-7, "a")]),
        ("the lowest id", vec![call(i32::MIN, "a")]),
        ("two ends", vec![done(1, "1"), done(2, "2")]),
        ("an unknown status", vec![ends(99)]),
        ("a status that is no end", vec![ends(0)]),
        ("a negative status", vec![ends(-1)]),
        ("no time", vec![named(1, Action::CreateTimer(proto::CreateTimerAction { fire_at: None }))]),
        ("a time that is none", vec![timer(-1)]),
        ("a long name", vec![call(1, &long)]),
        ("a child without a name", vec![child("c", "")]),
        ("a child with a long id", vec![child(&long, "W")]),
        ("a child with a bad id", vec![child("a/b", "W")]),
        ("an event without a receiver", vec![named(1, Action::SendEvent(proto::SendEventAction::default()))]),
        ("a rewind out of nowhere", vec![named(-1, Action::RewindOrchestration(Default::default()))]),
    ])
}

#[tokio::test]
async fn answers_that_make_no_sense_harm_one_instance() {
    let site = Site::with(|_| {}, |config| config.turn_attempts = 1).await;
    let mut worker = site.worker(filtered(&["W"], &[])).await;
    for (number, (what, actions)) in answers().into_iter().enumerate() {
        let id = format!("w{number}");
        site.start("W", &id).await;
        let turn = worker.turn().await;
        assert_eq!(turn.request.instance_id, id, "{what}");
        let answered = worker.hub.complete_orchestrator_task(turn.answer(actions)).await;
        if let Err(status) = &answered {
            assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status}");
            assert!(!status.message().is_empty() && status.message().len() < 2000, "{what}: {status}");
        }
        let reason = site.settled(&id).await;
        assert!(!reason.is_empty() && reason.len() < 2000, "{what}: {reason}");
    }
    site.works("canary").await;
}

#[tokio::test]
async fn answers_that_count_wrongly_are_refused() {
    let site = Site::with(|_| {}, |config| config.turn_attempts = 1).await;
    site.start("W", "w").await;
    let mut worker = site.worker(filtered(&["W"], &[])).await;
    let turn = worker.turn().await;
    let answer =
        proto::OrchestratorResponse { num_events_processed: Some(-1), ..turn.answer(vec![done(1, "1")]) };
    let status = worker.hub.complete_orchestrator_task(answer).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, "numEventsProcessed: it is negative")
    );
    site.settled("w").await;
    let asks = proto::GetWorkItemsRequest {
        max_concurrent_orchestration_work_items: -5,
        max_concurrent_activity_work_items: i32::MIN,
        capabilities: vec![99, -1],
        ..filtered(&["Other"], &[])
    };
    site.start("Other", "o").await;
    let mut other = site.worker(asks).await;
    let turn = other.turn().await;
    other.complete(turn.answer(vec![done(1, "1")])).await;
    assert_eq!(site.end("o").await.orchestration_status, 1);
    site.works("canary").await;
}
