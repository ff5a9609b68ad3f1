//! Outcomes that come by a task token: activities and `.waitForTaskToken`.

use super::{Calling, reason};
use crate::asl::events::EventKind;
use crate::asl::interpreter::fault::Fault;
use crate::asl::interpreter::frame::Frame;
use futures::future::BoxFuture;
use partita::{Durable, OrchestrationContext, Timer};
use serde::Deserialize;
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use uuid::Uuid;

/// The name of the external event that brings the outcome of a wait.
#[must_use]
pub(crate) fn outcome_event(wait: Uuid) -> String {
    format!("states.task/{wait}")
}

/// The name of the external event that says that the work of a wait goes on.
#[must_use]
pub(crate) fn heartbeat_event(wait: Uuid) -> String {
    format!("states.heartbeat/{wait}")
}

/// The outcome of a task, as the external event carries it.
#[derive(Debug, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
enum Outcome {
    Success {
        #[serde(default)]
        output: Value,
    },
    Failure {
        #[serde(default)]
        error: Option<String>,
        #[serde(default)]
        cause: Option<String>,
    },
}

/// All that can happen while an outcome is waited for.
enum Happened {
    Outcome(partita::Result<Outcome>),
    Handed(partita::Result<Value>),
    Heartbeat,
    Silent,
    TooLong,
}

/// What is waited for. Of things that came in the same turn, the outcome counts first.
struct Waiting {
    outcome: Durable<Outcome>,
    /// The call that hands the token over, until that is done.
    handing: Option<BoxFuture<'static, partita::Result<Value>>>,
    heartbeat: Option<Durable<Option<Value>>>,
    silence: Option<Timer>,
    timeout: Option<Timer>,
}

impl Waiting {
    fn new(ctx: &OrchestrationContext, wait: Uuid, calling: &Calling) -> Self {
        Self {
            outcome: ctx.wait_for_external_event(&outcome_event(wait)),
            handing: None,
            heartbeat: calling
                .terms
                .heartbeat_seconds
                .map(|_| ctx.wait_for_external_event(&heartbeat_event(wait))),
            silence: silence(ctx, calling),
            timeout: calling.timeout().map(|timeout| ctx.create_timer(timeout)),
        }
    }

    /// A sign of life: the clock of silence begins anew.
    fn beat(&mut self, ctx: &OrchestrationContext, wait: Uuid, calling: &Calling) {
        self.heartbeat = Some(ctx.wait_for_external_event(&heartbeat_event(wait)));
        self.silence = silence(ctx, calling);
    }

    async fn next(&mut self) -> Happened {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Happened> {
        if let Poll::Ready(outcome) = Pin::new(&mut self.outcome).poll(context) {
            return Poll::Ready(Happened::Outcome(outcome));
        }
        if let Some(handed) = poll_slot(&mut self.handing, context) {
            return Poll::Ready(Happened::Handed(handed));
        }
        if poll_slot(&mut self.heartbeat, context).is_some() {
            return Poll::Ready(Happened::Heartbeat);
        }
        if poll_slot(&mut self.silence, context).is_some() {
            return Poll::Ready(Happened::Silent);
        }
        match poll_slot(&mut self.timeout, context) {
            Some(()) => Poll::Ready(Happened::TooLong),
            None => Poll::Pending,
        }
    }
}

fn silence(ctx: &OrchestrationContext, calling: &Calling) -> Option<Timer> {
    calling.terms.heartbeat_seconds.map(|seconds| ctx.create_timer(Duration::from_secs(seconds)))
}

/// The value of what is in the slot, which is empty then.
fn poll_slot<F: Future + Unpin>(slot: &mut Option<F>, context: &mut Context<'_>) -> Option<F::Output> {
    match Pin::new(slot.as_mut()?).poll(context) {
        Poll::Ready(value) => {
            *slot = None;
            Some(value)
        }
        Poll::Pending => None,
    }
}

impl Frame<'_> {
    /// An activity: a worker takes the task, and says how it went by the token.
    pub(super) async fn activity(&mut self, name: &str, calling: &Calling) -> Result<Arc<Value>, Fault> {
        let ctx = self.run.ctx.clone();
        let Some(wait) = calling.wait else { return Err(Fault::runtime("The task has no token.")) };
        let token = self.run.env.mint.mint(ctx.instance_id().as_str(), wait);
        let mut offer = json!({ "token": token, "input": *calling.input });
        if let (Some(seconds), Some(offer)) = (calling.terms.heartbeat_seconds, offer.as_object_mut()) {
            offer.insert("heartbeatSeconds".to_owned(), seconds.into());
        }
        let mut waiting = Waiting::new(&ctx, wait, calling);
        // The clock of silence begins when a worker has the task.
        waiting.silence = None;
        waiting.handing = Some(Box::pin(ctx.call_activity(&format!("states.activity:{name}"), offer)));
        let mut taken = false;
        loop {
            match waiting.next().await {
                Happened::Handed(Ok(worker)) => {
                    taken = true;
                    self.taken(calling, &worker);
                    waiting.silence = silence(&ctx, calling);
                }
                Happened::Handed(Err(error)) => return Err(self.reported(calling, &error)),
                Happened::Heartbeat => waiting.beat(&ctx, wait, calling),
                other => {
                    if !taken && matches!(other, Happened::Outcome(_)) {
                        self.taken(calling, &Value::Null);
                    }
                    return self.ended(calling, other);
                }
            }
        }
    }

    fn taken(&mut self, calling: &Calling, worker: &Value) {
        let worker = worker.get("workerName").and_then(Value::as_str).map(str::to_owned);
        self.emit(|| EventKind::Started { call: calling.call.clone(), worker });
    }

    /// `.waitForTaskToken`: `handing` gives the token to somebody, who says by it how it went.
    pub(super) async fn callback(
        &mut self,
        calling: &Calling,
        handing: BoxFuture<'static, partita::Result<Value>>,
        told: impl FnOnce(Value, &str) -> Value,
    ) -> Result<Arc<Value>, Fault> {
        let ctx = self.run.ctx.clone();
        let Some(wait) = calling.wait else { return Err(Fault::runtime("The task has no token.")) };
        let mut waiting = Waiting::new(&ctx, wait, calling);
        waiting.handing = Some(handing);
        let mut told = Some(told);
        loop {
            match waiting.next().await {
                Happened::Handed(Ok(value)) => {
                    let request = ctx.new_guid().to_string();
                    if let Some(told) = told.take() {
                        self.submitted(calling, told(value, &request));
                    }
                }
                Happened::Handed(Err(error)) => return Err(self.reported(calling, &error)),
                Happened::Heartbeat => waiting.beat(&ctx, wait, calling),
                other => return self.ended(calling, other),
            }
        }
    }

    fn reported(&mut self, calling: &Calling, error: &partita::Error) -> Fault {
        let reason = reason(error);
        self.lost(calling, Fault::of(reason.error, reason.cause).ordinary())
    }

    fn ended(&mut self, calling: &Calling, happened: Happened) -> Result<Arc<Value>, Fault> {
        match happened {
            Happened::Outcome(Ok(Outcome::Success { output })) => Ok(self.succeeded(calling, output)),
            Happened::Outcome(Ok(Outcome::Failure { error, cause })) => {
                Err(self.lost(calling, Fault::of(error, cause).ordinary()))
            }
            Happened::Outcome(Err(error)) => Err(self.reported(calling, &error)),
            Happened::Silent => Err(self.timed_out(calling, true)),
            _ => Err(self.timed_out(calling, false)),
        }
    }
}
