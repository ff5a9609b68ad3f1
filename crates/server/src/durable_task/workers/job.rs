//! Something to do, and where its outcome goes.

use super::hub::EntityMessages;
use partita_api::durable_task::proto::work_item::Request;
use partita_api::durable_task::{entity, proto, work};
use partita_engine::kernel::entity::BatchOutput;
use partita_engine::kernel::{Event, ExecutionId, Failure, InstanceId, Name, Payload, Timestamp};
use partita_engine::{EntityBatch, FunctionCall, Past, RemoteFailure, RemoteReply, RemoteTurn, Span};
use prost::Message;
use tokio::sync::oneshot;

/// Bytes of one message that a worker takes that cannot stream: what gRPC clients allow by default.
const SEND_BYTES: usize = 4 << 20;

/// Bytes of a work item beside its request, at most.
const TOKEN_BYTES: usize = 256;

/// Bytes of a past above which a worker that can is made to ask for it in pieces.
const STREAMED_PAST: usize = 1 << 20;

/// What kind of thing there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A turn of an orchestrator.
    Turn,
    /// An activity.
    Activity,
    /// Operations of an entity.
    Entity,
}

impl Kind {
    /// What it is called where workers are shown.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Activity => "activity",
            Self::Entity => "entity",
        }
    }
}

/// All that decides who can do it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Lane {
    pub(super) kind: Kind,
    pub(super) name: Name,
    pub(super) version: Option<Name>,
}

/// By what a completion without a token finds its job: the instance, and the task if it is an activity.
pub(super) type TaskKey = (InstanceId, Option<i32>);

/// What there is to do.
#[derive(Debug)]
pub(super) enum Input {
    Turn(Turn),
    Activity(FunctionCall),
    Entity(Operations),
}

/// Operations of an entity, and how to tell a worker of them.
#[derive(Debug)]
pub(super) struct Operations {
    pub(super) batch: EntityBatch,
    pub(super) at: Timestamp,
    pub(super) messages: EntityMessages,
}

impl Operations {
    fn request(&self) -> Request {
        match self.messages {
            EntityMessages::V2 => Request::EntityRequestV2(entity::request(&self.batch, self.at)),
            EntityMessages::V1 => Request::EntityRequest(entity::batch_request(&self.batch)),
        }
    }
}

/// A turn without the place of its answer.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) instance: InstanceId,
    name: Name,
    version: Option<Name>,
    pub(super) execution: ExecutionId,
    past: Past,
    new_events: Vec<Event>,
    pub(super) next_execution: ExecutionId,
    span: Option<Span>,
}

impl Turn {
    /// Takes a turn apart.
    pub(super) fn of(turn: RemoteTurn) -> (Self, RemoteReply) {
        let RemoteTurn { info, execution, past, new_events, next_execution, span, reply, .. } = turn;
        let (instance, name, version) = (info.id, info.name, info.version);
        (Self { instance, name, version, execution, past, new_events, next_execution, span }, reply)
    }

    /// The events before it, as workers are told of them.
    pub(super) fn past(&self) -> Vec<proto::HistoryEvent> {
        work::told(&self.instance, self.past.iter())
    }

    fn request(&self, streams: bool) -> Result<proto::OrchestratorRequest, Failure> {
        let new = work::told(&self.instance, &self.new_events);
        let past = self.past();
        let past_bytes: usize = past.iter().map(Message::encoded_len).sum();
        let span = self.span.as_ref().map(to_span);
        let request = |past, streams| proto::OrchestratorRequest {
            orchestration_trace_context: span,
            ..work::turn(&self.instance, self.execution, past, new, streams)
        };
        if streams && past_bytes > STREAMED_PAST {
            return Ok(request(Vec::new(), true));
        }
        let request = request(past, false);
        let size = request.encoded_len() + TOKEN_BYTES;
        if size <= SEND_BYTES || streams {
            return Ok(request);
        }
        let text = format!(
            "the history of {} events makes a message of {size} bytes, and this worker takes at most {SEND_BYTES}: let the \
             orchestrator continue as new earlier, keep inputs and results small, or use a worker that streams \
             histories; then resume the instance",
            self.past.len()
        );
        Err(Failure::new("HistoryTooLarge", text).non_retriable())
    }
}

fn to_span(span: &Span) -> proto::OrchestrationTraceContext {
    proto::OrchestrationTraceContext {
        span_id: span.id.as_ref().map(ToString::to_string),
        span_start_time: span.started_at.map(partita_api::durable_task::value::to_timestamp),
    }
}

impl Input {
    pub(super) fn lane(&self) -> Lane {
        match self {
            Self::Turn(turn) => {
                Lane { kind: Kind::Turn, name: turn.name.clone(), version: turn.version.clone() }
            }
            Self::Activity(call) => {
                Lane { kind: Kind::Activity, name: call.name.clone(), version: call.version.clone() }
            }
            Self::Entity(operations) => {
                let name = operations.batch.id.entity_parts().map_or("", |(name, _)| name);
                Lane { kind: Kind::Entity, name: name.into(), version: None }
            }
        }
    }

    pub(super) fn key(&self) -> TaskKey {
        match self {
            Self::Turn(turn) => (turn.instance.clone(), None),
            Self::Activity(call) => (call.instance.clone(), Some(call.task_id)),
            Self::Entity(operations) => (operations.batch.id.clone(), None),
        }
    }

    /// The message for a worker.
    ///
    /// # Errors
    /// When it would be larger than the worker takes.
    pub(super) fn item(&self, token: String, streams: bool) -> Result<proto::WorkItem, Failure> {
        match self {
            Self::Turn(turn) => Ok(work::item(Request::OrchestratorRequest(turn.request(streams)?), token)),
            Self::Activity(call) => {
                let item = work::item(Request::ActivityRequest(work::activity(call)), token);
                let size = item.encoded_len();
                if size <= SEND_BYTES {
                    return Ok(item);
                }
                let text = format!(
                    "the call of activity {:?} makes a message of {size} bytes, and workers take at most {SEND_BYTES}: \
                     pass large data by reference",
                    &*call.name
                );
                Err(Failure::new("InputTooLarge", text).non_retriable())
            }
            Self::Entity(operations) => {
                let item = work::item(operations.request(), token);
                let size = item.encoded_len();
                if size <= SEND_BYTES {
                    return Ok(item);
                }
                let text = format!(
                    "the state and operations of entity {} make a message of {size} bytes, and workers take at most \
                     {SEND_BYTES}: keep the state and the inputs small",
                    operations.batch.id
                );
                Err(Failure::new("EntityTooLarge", text).non_retriable())
            }
        }
    }
}

/// What came of an activity.
pub(crate) type Outcome = Result<Option<Payload>, Failure>;

/// Where an outcome goes.
#[derive(Debug)]
pub(super) enum Reply {
    Turn(RemoteReply),
    Activity(oneshot::Sender<Outcome>),
    Entity(oneshot::Sender<Operated>),
}

/// What came of an entity's operations.
pub(crate) type Operated = Result<BatchOutput, Failure>;

impl Reply {
    /// Whether anybody wants the outcome.
    pub(super) fn is_wanted(&self) -> bool {
        match self {
            Self::Turn(reply) => reply.is_wanted(),
            Self::Activity(reply) => !reply.is_closed(),
            Self::Entity(reply) => !reply.is_closed(),
        }
    }

    /// For whoever asks why the instance waits.
    pub(super) fn taken_by(&self, worker: &str, at: Timestamp) {
        if let Self::Turn(reply) = self {
            reply.taken_by(worker, at);
        }
    }

    pub(super) fn put_back(&self) {
        if let Self::Turn(reply) = self {
            reply.put_back();
        }
    }

    /// It cannot be done by anybody.
    pub(super) fn refuse(self, failure: Failure) {
        match self {
            Self::Turn(reply) => reply.send(Err(RemoteFailure::Invalid(failure))),
            Self::Activity(reply) => drop(reply.send(Err(failure))), // nobody may wait any more
            Self::Entity(reply) => drop(reply.send(Err(failure))),   // the same
        }
    }
}
