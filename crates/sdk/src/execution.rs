//! One run of an orchestrator written as a Rust future.

use crate::context::OrchestrationContext;
use crate::core::{Core, NextGeneration, State};
use crate::error::{Error, Kind};
use futures::future::BoxFuture;
use partita_engine::executor::{Execution, InstanceInfo, Orchestrator, TurnInput};
use partita_kernel::{Command, Event, EventKind, ExecutionId, Failure, Payload, Status, TurnOutput};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// An orchestrator with its types taken off.
pub(crate) type Start = Arc<
    dyn Fn(OrchestrationContext, Option<Payload>) -> BoxFuture<'static, Result<Option<Payload>, Error>>
        + Send
        + Sync,
>;

/// A workflow written in Rust.
pub(crate) struct RustOrchestrator(pub(crate) Start);

impl Orchestrator for RustOrchestrator {
    fn begin(&self, info: &InstanceInfo) -> Box<dyn Execution> {
        begin(info, self.0.clone())
    }
}

/// Begins a run of an orchestrator.
pub(crate) fn begin(info: &InstanceInfo, start: Start) -> Box<dyn Execution> {
    let wakes = Arc::new(Wakes::default());
    Box::new(RustExecution {
        core: Core::new(info.id.clone(), info.name.clone()),
        start,
        waker: Waker::from(wakes.clone()),
        wakes,
        future: None,
        outcome: None,
        suspended: false,
        held: Vec::new(),
    })
}

struct RustExecution {
    core: Arc<Core>,
    start: Start,
    wakes: Arc<Wakes>,
    waker: Waker,
    future: Option<BoxFuture<'static, Result<Option<Payload>, Error>>>,
    outcome: Option<Result<Option<Payload>, Error>>,
    suspended: bool,
    /// What came while it was suspended.
    held: Vec<Event>,
}

/// Notes whether the future was woken, and whether it was woken by something that is not durable.
#[derive(Default)]
struct Wakes {
    woken: AtomicBool,
    in_turn: AtomicBool,
    from_outside: AtomicBool,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, SeqCst);
        if !self.in_turn.load(SeqCst) {
            self.from_outside.store(true, SeqCst);
        }
    }
}

/// More polls in a row than any orchestrator needs without waiting.
const MAX_POLLS: u32 = 1_000_000;

impl Execution for RustExecution {
    fn turn(&mut self, input: TurnInput<'_>) -> Result<TurnOutput, Failure> {
        if self.wakes.from_outside.load(SeqCst) {
            return Err(not_durable("was woken by something outside its history"));
        }
        {
            let mut state = self.core.lock();
            state.now = input.now;
            state.replaying = input.replaying;
        }
        self.wakes.in_turn.store(true, SeqCst);
        let advanced = self.quietly(input.replaying, |this| this.take_in(input.events));
        self.wakes.in_turn.store(false, SeqCst);
        advanced?;
        if self.outcome.is_none() && self.future.is_some() && !self.core.lock().waits() {
            return Err(not_durable("waits, but for nothing that its context gave it"));
        }
        Ok(self.output(input.next_execution))
    }
}

impl RustExecution {
    /// What is repeated is not logged again.
    fn quietly<T>(&mut self, replaying: bool, work: impl FnOnce(&mut Self) -> T) -> T {
        if replaying {
            return tracing::dispatcher::with_default(&tracing::Dispatch::none(), || work(self));
        }
        let span = tracing::info_span!("orchestrator", name = %self.core.name, instance = %self.core.id);
        let _entered = span.enter();
        work(self)
    }

    fn take_in(&mut self, events: &[&Event]) -> Result<(), Failure> {
        for event in events {
            match &event.kind {
                EventKind::ExecutionSuspended { .. } => self.suspended = true,
                EventKind::ExecutionResumed { .. } => {
                    self.suspended = false;
                    for held in std::mem::take(&mut self.held) {
                        self.advance(&held)?;
                    }
                }
                _ if self.suspended => self.held.push((*event).clone()),
                _ => self.advance(event)?,
            }
        }
        Ok(())
    }

    /// Takes one fact in, and goes on as far as it leads.
    fn advance(&mut self, event: &Event) -> Result<(), Failure> {
        self.core.lock().deliver(event);
        if let (None, None, EventKind::ExecutionStarted { input, .. }) =
            (&self.future, &self.outcome, &event.kind)
        {
            let context = OrchestrationContext::new(self.core.clone());
            self.future = Some((self.start)(context, input.clone()));
            self.wakes.woken.store(true, SeqCst);
        }
        let mut polls = 0;
        while self.wakes.woken.swap(false, SeqCst) {
            let Some(future) = &mut self.future else { break };
            if let Poll::Ready(outcome) = future.as_mut().poll(&mut Context::from_waker(&self.waker)) {
                self.outcome = Some(outcome);
                self.core.lock().closing = true;
                self.future = None;
                break;
            }
            polls += 1;
            if polls == MAX_POLLS {
                return Err(not_durable("wakes itself again and again without waiting for anything durable"));
            }
        }
        Ok(())
    }

    fn output(&mut self, next_execution: ExecutionId) -> TurnOutput {
        let mut state = self.core.lock();
        let mut output = TurnOutput {
            commands: std::mem::take(&mut state.commands),
            custom_status: std::mem::take(&mut state.custom_status),
            waiting_for: state.waiting_for(),
        };
        if let Some(outcome) = self.outcome.take() {
            output.commands.push(end(&mut state, outcome, next_execution));
        }
        output
    }
}

impl Drop for RustExecution {
    fn drop(&mut self) {
        self.core.lock().closing = true;
        self.future = None;
    }
}

fn end(state: &mut State, outcome: Result<Option<Payload>, Error>, execution: ExecutionId) -> Command {
    match (outcome, state.next.take()) {
        (Err(Error(Kind::ContinueAsNew)), Some(NextGeneration { input, version, keep_events })) => {
            let left = state.take_buffered();
            let carry_over = if keep_events { left } else { Vec::new() };
            Command::ContinueAsNew { input, version, carry_over, execution }
        }
        (Ok(result), _) => Command::Complete { status: Status::Completed, result, failure: None },
        (Err(error), _) => {
            let failure = Some(Box::new(error.into_failure()));
            Command::Complete { status: Status::Failed, result: None, failure }
        }
    }
}

fn not_durable(what: &str) -> Failure {
    Failure::new(
        "NotDurable",
        format!(
            "the orchestrator {what}. Only futures of the context (activities, timers, events, \
             sub-orchestrations) can be awaited in an orchestrator, because nothing else can be replayed: \
             move sleeping, I/O and channels into an activity"
        ),
    )
    .non_retriable()
}
