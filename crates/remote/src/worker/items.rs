//! What is done with each work item.

use super::Options;
use super::answer::{Answer, Delivered, deliver};
use super::batch::{Told, run_batch};
use super::turn::{Outcome, Problem, Turn};
use crate::error::text;
use crate::target::Hub;
use futures::FutureExt;
use partita_api::durable_task::{Invalid, proto, worker};
use partita_engine::kernel::{Failure, Payload};
use partita_engine::replaying::panicked;
use partita_engine::{FunctionCall, Registry};
use prost::Message;
use proto::work_item::Request;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Bytes of a history that is taken in pieces, at most.
const HISTORY_BYTES: usize = 512 << 20;

/// How long giving back may take when the worker ends.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// All that works on items: outlives streams.
pub(super) struct Workshop {
    pub(super) hub: Hub,
    pub(super) registry: Registry,
    pub(super) options: Options,
    turns: Arc<Semaphore>,
    calls: Arc<Semaphore>,
    batches: Arc<Semaphore>,
    /// The time to end is over: what is under way is given back.
    pub(super) late: CancellationToken,
}

impl Workshop {
    pub(super) fn new(hub: Hub, registry: Registry, options: Options) -> Self {
        let places = |count: u32| {
            let count = usize::try_from(count).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
            Arc::new(Semaphore::new(count))
        };
        let (turns, calls) = (places(options.turns), places(options.activities));
        let batches = places(options.entities);
        Self { hub, registry, options, turns, calls, batches, late: CancellationToken::new() }
    }

    /// A place to run an item in, once there is one; `None` when there is nothing to run. A server that keeps to the limits
    /// never lets it wait long.
    pub(super) async fn place(&self, item: &proto::WorkItem) -> Option<OwnedSemaphorePermit> {
        let places = match item.request.as_ref()? {
            Request::OrchestratorRequest(_) => &self.turns,
            Request::ActivityRequest(_) => &self.calls,
            Request::EntityRequest(_) | Request::EntityRequestV2(_) => &self.batches,
            Request::HealthPing(_) => return None,
        };
        places.clone().acquire_owned().await.ok()
    }

    /// Begins with an item.
    pub(super) fn begin(shop: &Arc<Self>, item: proto::WorkItem, place: OwnedSemaphorePermit) {
        let (shop, token) = (shop.clone(), item.completion_token);
        match item.request {
            Some(Request::OrchestratorRequest(request)) => {
                tokio::spawn(run_turn(shop, request, token, place));
            }
            Some(Request::ActivityRequest(request)) => {
                tokio::spawn(run_call(shop, request, token, place));
            }
            Some(Request::EntityRequestV2(request)) => {
                tokio::spawn(run_batch(shop, Told::batch(request), token, place));
            }
            Some(Request::EntityRequest(request)) => {
                tokio::spawn(run_batch(shop, Told::old_batch(request), token, place));
            }
            Some(Request::HealthPing(_)) | None => {}
        }
    }

    /// Gives an item back that was not begun.
    pub(super) async fn give_back(&self, item: proto::WorkItem) {
        let token = item.completion_token;
        let answer = match item.request {
            Some(Request::OrchestratorRequest(_)) => Answer::GiveTurnBack(token),
            Some(Request::ActivityRequest(_)) => Answer::GiveCallBack(token),
            Some(Request::EntityRequest(_) | Request::EntityRequestV2(_)) => Answer::GiveEntityBack(token),
            Some(Request::HealthPing(_)) | None => return,
        };
        self.tell(answer).await;
    }

    pub(super) async fn tell(&self, answer: Answer) -> Delivered {
        deliver(&mut self.hub.clone(), answer, &self.late).await
    }

    /// Waits until all that is under way has ended; gives back what has not after `grace`.
    pub(super) async fn close(&self, grace: Duration) {
        if tokio::time::timeout(grace, self.idle()).await.is_ok() {
            return;
        }
        self.late.cancel();
        if tokio::time::timeout(LAST_WORDS, self.idle()).await.is_err() {
            tracing::warn!("something under way does not end; the server will give it to another worker");
        }
    }

    async fn idle(&self) {
        let _turns = self.turns.acquire_many(self.options.turns).await;
        let _calls = self.calls.acquire_many(self.options.activities).await;
        let _batches = self.batches.acquire_many(self.options.entities).await;
    }

    /// The events before a turn that the server would not send with it.
    async fn history(
        &self,
        request: &proto::OrchestratorRequest,
    ) -> Result<Vec<proto::HistoryEvent>, Failure> {
        let asks = proto::StreamInstanceHistoryRequest {
            instance_id: request.instance_id.clone(),
            execution_id: request.execution_id.clone(),
            for_work_item_processing: true,
        };
        let lost = |status: tonic::Status| Failure::new("HistoryNotRead", text(&status));
        let mut chunks = self.hub.clone().stream_instance_history(asks).await.map_err(lost)?.into_inner();
        let (mut events, mut bytes) = (Vec::new(), 0);
        while let Some(chunk) = chunks.message().await.map_err(lost)? {
            bytes += chunk.encoded_len();
            if bytes > HISTORY_BYTES {
                let text = format!(
                    "the history is larger than the {HISTORY_BYTES} bytes that a worker takes: let the orchestrator \
                     continue as new earlier, and pass large data by reference"
                );
                return Err(Failure::new("HistoryTooLarge", text));
            }
            events.extend(chunk.events);
        }
        Ok(events)
    }

    /// Runs a turn whose past is here.
    fn turn(
        &self,
        instance: &str,
        past: Vec<proto::HistoryEvent>,
        new: Vec<proto::HistoryEvent>,
    ) -> Result<Outcome, Problem> {
        let turn = Turn::read(instance, past, new)?;
        let Some(orchestrator) = self.registry.orchestrator(&turn.info.name) else {
            let text = format!("this worker does not offer the workflow {:?}", &*turn.info.name);
            return Err(Failure::new("OrchestratorNotRegistered", text).into());
        };
        turn.run(orchestrator.as_ref())
    }

    /// Runs a turn whose past is still with the server.
    async fn turn_of_pieces(&self, mut request: proto::OrchestratorRequest) -> Result<Outcome, Problem> {
        let past = tokio::select! {
            past = self.history(&request) => past?,
            () = self.late.cancelled() => return Err(Failure::new("Stopping", "the worker stops").into()),
        };
        self.turn(&request.instance_id, past, std::mem::take(&mut request.new_events))
    }
}

async fn run_turn(
    shop: Arc<Workshop>,
    request: proto::OrchestratorRequest,
    token: String,
    place: OwnedSemaphorePermit,
) {
    let instance_id = request.instance_id.clone();
    let outcome = match request.requires_history_streaming {
        true => Box::pin(shop.turn_of_pieces(request)).await,
        false => shop.turn(&instance_id, request.past_events, request.new_events),
    };
    let answer = match outcome {
        Ok(Outcome { actions, custom_status }) => Answer::Turn(proto::OrchestratorResponse {
            instance_id: instance_id.clone(),
            actions,
            custom_status,
            completion_token: token.clone(),
            ..proto::OrchestratorResponse::default()
        }),
        Err(problem) => {
            tracing::error!(instance = %instance_id, %problem, "a turn is given back");
            Answer::GiveTurnBack(token.clone())
        }
    };
    if let Delivered::TooLarge = shop.tell(answer).await {
        tracing::error!(instance = %instance_id, "a turn asks for more than the server takes, and is given back");
        Box::pin(shop.tell(Answer::GiveTurnBack(token))).await;
    }
    drop(place);
}

async fn run_call(
    shop: Arc<Workshop>,
    request: proto::ActivityRequest,
    token: String,
    place: OwnedSemaphorePermit,
) {
    let call = match worker::call(request) {
        Ok(call) => call,
        Err(invalid) => return Box::pin(refuse(&shop, &invalid, token)).await,
    };
    let (instance, task, name) = (call.instance.clone(), call.task_id, call.name.clone());
    let Some(outcome) = perform(&shop, call).await else {
        Box::pin(shop.tell(Answer::GiveCallBack(token))).await;
        return;
    };
    let answer = |outcome| Answer::Call(worker::outcome(&instance, task, outcome, token.clone()));
    if let Delivered::TooLarge = shop.tell(answer(outcome)).await {
        let text = format!(
            "what came of activity {name:?} is larger than the server takes: pass large data by reference"
        );
        Box::pin(shop.tell(answer(Err(Failure::new("ResultTooLarge", text).non_retriable())))).await;
    }
    drop(place);
}

async fn refuse(shop: &Workshop, invalid: &Invalid, token: String) {
    tracing::error!(%invalid, "a call of an activity makes no sense, and is given back");
    shop.tell(Answer::GiveCallBack(token)).await;
}

/// Runs a call; `None` when it is to be given back.
async fn perform(shop: &Workshop, call: FunctionCall) -> Option<Result<Option<Payload>, Failure>> {
    let Some(function) = shop.registry.function(&call.name) else {
        tracing::error!(activity = &*call.name, "an activity that this worker does not offer is given back");
        return None;
    };
    let cancellation = call.cancellation.clone();
    let work = AssertUnwindSafe(async move { function.call(call).await }).catch_unwind();
    tokio::select! {
        outcome = work => Some(outcome.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))),
        () = shop.late.cancelled() => {
            cancellation.cancel();
            None
        }
    }
}
