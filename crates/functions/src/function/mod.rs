//! One function: its processes, the calls that wait for one, and its generations of code.

mod deploy;
mod lease;

pub(crate) use lease::Lease;

use crate::call::{Answer, Call};
use crate::error::CallError;
use crate::host::Shared;
use crate::process::{Generation, Place, Process, Ran};
use crate::spec::FunctionSpec;
use crate::status::{FunctionState, FunctionStatus};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Processes that may turn out dead, one after the other, before a call is refused.
const TRIES: usize = 5;
/// How often what must always run is started again when it does not start.
const START_AGAIN: Duration = Duration::from_secs(5);

/// A function.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) host: Arc<Shared>,
    pub(crate) user: Option<u32>,
    place: Arc<Place>,
    state: Mutex<State>,
    /// One deployment or reload at a time.
    deploying: tokio::sync::Mutex<()>,
    /// A reload waits for its turn.
    redeploying: AtomicBool,
}

#[derive(Default)]
struct State {
    /// What the function is, or is to be.
    spec: Option<Arc<FunctionSpec>>,
    /// The code that new processes run; `None` until the first is there.
    generation: Option<Arc<Generation>>,
    /// Why the function takes no calls.
    broken: Option<CallError>,
    /// The processes that wait, the one that worked last at the end.
    idle: Vec<(Process, Instant)>,
    /// Processes of the current generation that start, and that work.
    starting: usize,
    busy: usize,
    waiting: VecDeque<Waiter>,
    next_waiter: u64,
    removed: bool,
    start_failed: Option<Instant>,
    generations: u64,
    counts: Counts,
}

/// A call that waits for a process.
struct Waiter {
    number: u64,
    slot: oneshot::Sender<Result<Lease, CallError>>,
}

#[derive(Clone, Default)]
struct Counts {
    calls: u64,
    failures: u64,
    cold_starts: u64,
    last_cold_start: Option<Duration>,
    reloads: u64,
    last_error: Option<String>,
}

impl Counts {
    /// A process was started.
    fn started(&mut self, began: Instant) {
        self.cold_starts += 1;
        self.last_cold_start = Some(began.elapsed());
    }
}

impl Function {
    pub(crate) fn new(name: &str, host: Arc<Shared>, user: Option<u32>, place: Place) -> Self {
        Self {
            name: name.to_owned(),
            host,
            user,
            place: Arc::new(place),
            state: Mutex::default(),
            deploying: tokio::sync::Mutex::default(),
            redeploying: AtomicBool::new(false),
        }
    }

    /// Makes a call.
    pub(crate) async fn call(
        self: &Arc<Self>,
        call: &Call,
        cancelled: &CancellationToken,
    ) -> Result<Answer, CallError> {
        let limit = self.host.config.limits.request_bytes;
        if call.body.len() > limit {
            let (function, bytes) = (self.name.clone(), call.body.len());
            return Err(CallError::RequestTooLarge { function, bytes, limit });
        }
        let result = self.attempt(call, cancelled).await;
        if let Err(error) = &result {
            self.failed(error);
        }
        result
    }

    async fn attempt(
        self: &Arc<Self>,
        call: &Call,
        cancelled: &CancellationToken,
    ) -> Result<Answer, CallError> {
        let mut reason = String::new();
        for _ in 0..TRIES {
            let mut lease = self.acquire(cancelled).await?;
            match lease.run(call, cancelled).await {
                Ran::Kept(result) => {
                    lease.give_back();
                    return result;
                }
                Ran::Lost(error) => return Err(error),
                Ran::NotSent(why) => reason = why,
            }
        }
        let reason = format!("{TRIES} processes in a row took no call: {reason}");
        Err(CallError::StartFailed {
            function: self.name.clone(),
            reason,
            exception: None,
            output: String::new(),
        })
    }

    fn failed(&self, error: &CallError) {
        let mut state = self.state.lock();
        state.counts.failures += 1;
        state.counts.last_error = Some(error.to_string());
    }

    /// Waits for a process, in the order in which the calls came.
    async fn acquire(self: &Arc<Self>, cancelled: &CancellationToken) -> Result<Lease, CallError> {
        let (number, slot) = {
            let mut state = self.state.lock();
            self.check(&state)?;
            if let Some(process) = state.take_idle() {
                state.busy += 1;
                return Ok(Lease::new(self.clone(), process));
            }
            let queue = state.generation.as_ref().map_or(0, |generation| generation.spec.queue);
            if state.waiting.len() >= queue {
                let reason = format!("{} calls wait already", state.waiting.len());
                return Err(CallError::Busy { function: self.name.clone(), reason });
            }
            let (sender, slot) = oneshot::channel();
            state.next_waiter += 1;
            let number = state.next_waiter;
            state.waiting.push_back(Waiter { number, slot: sender });
            self.balance(&mut state);
            (number, slot)
        };
        let _place = InQueue { function: self, number };
        let limit = self.host.config.limits.slot_timeout;
        let function = || self.name.clone();
        tokio::select! {
            biased;
            lease = slot => lease.unwrap_or(Err(CallError::Stopping)),
            () = cancelled.cancelled() => Err(CallError::Cancelled { function: function(), started: false }),
            () = tokio::time::sleep(limit) => {
                let reason = format!("no process was free within {} ms", limit.as_millis());
                Err(CallError::Busy { function: function(), reason })
            }
        }
    }

    fn check(&self, state: &State) -> Result<(), CallError> {
        if state.removed {
            return Err(CallError::NoFunction { name: self.name.clone(), nearest: Vec::new() });
        }
        if let Some(broken) = &state.broken {
            return Err(broken.clone());
        }
        if state.generation.is_none() {
            return Err(CallError::NotBuilt { function: self.name.clone() });
        }
        Ok(())
    }

    /// Starts as many processes as calls wait for, and as must always be there.
    fn balance(self: &Arc<Self>, state: &mut State) {
        let Some(generation) = state.generation.clone().filter(|_| state.takes_calls()) else { return };
        let total = |state: &State| state.idle.len() + state.busy + state.starting;
        let wanted = |state: &State| {
            let waiting = state.waiting.iter().filter(|waiter| !waiter.slot.is_closed()).count();
            waiting > state.starting
                || (total(state) < generation.spec.min_processes && state.may_start_again())
        };
        while total(state) < generation.spec.max_processes && wanted(state) {
            state.starting += 1;
            let (function, generation) = (self.clone(), generation.clone());
            tokio::spawn(async move { function.start(&generation).await });
        }
    }

    async fn start(self: &Arc<Self>, generation: &Arc<Generation>) {
        let began = Instant::now();
        let started = generation.start(&self.host).await;
        let mut state = self.state.lock();
        if !state.is_current(generation) {
            drop(state); // the process, if there is one, ends outside of the lock
            return;
        }
        state.starting -= 1;
        match started {
            Ok(process) => {
                state.counts.started(began);
                state.start_failed = None;
                self.hand_out(&mut state, process);
            }
            Err(error) => {
                state.start_failed = Some(Instant::now());
                state.counts.last_error = Some(error.to_string());
                // The call that waited longest learns it; the others may have more luck.
                if let Some(waiter) = state.next_waiter() {
                    let _ = waiter.slot.send(Err(error)); // it was open a moment ago, and has no process to lose
                }
            }
        }
        self.balance(&mut state);
    }

    /// Gives a process of the current generation to the call that waited longest, or lets it wait itself.
    fn hand_out(self: &Arc<Self>, state: &mut State, process: Process) {
        let mut process = process;
        while let Some(waiter) = state.next_waiter() {
            state.busy += 1;
            // A call that has stopped waiting this moment leaves the process to the next.
            let Err(Ok(lease)) = waiter.slot.send(Ok(Lease::new(self.clone(), process))) else { return };
            state.busy -= 1;
            match lease.into_process() {
                Some(taken_back) => process = taken_back,
                None => return,
            }
        }
        state.idle.push((process, Instant::now()));
    }

    /// Takes back a process that can take another call.
    fn take_back(self: &Arc<Self>, process: Process) {
        let mut state = self.state.lock();
        if !state.is_current(&process.generation) || state.removed {
            drop(state);
            drop(process);
            return;
        }
        state.busy -= 1;
        if process.is_alive() {
            self.hand_out(&mut state, process);
        } else {
            self.balance(&mut state);
        }
    }

    /// A process is lost.
    fn lost(self: &Arc<Self>, generation: &Arc<Generation>) {
        let mut state = self.state.lock();
        if state.is_current(generation) {
            state.busy -= 1;
            self.balance(&mut state);
        }
    }

    /// Ends processes that have waited too long or have ended by themselves; starts those that must be there.
    pub(crate) fn tend(self: &Arc<Self>) {
        let mut gone = Vec::new();
        let mut state = self.state.lock();
        let Some(generation) = state.generation.clone() else { return };
        let spare = |state: &State| state.idle.len() + state.busy > generation.spec.min_processes;
        let (dead, alive): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.idle).into_iter().partition(|(process, _)| !process.is_alive());
        state.idle = alive;
        gone.extend(dead);
        while spare(&state)
            && state.idle.first().is_some_and(|(_, since)| since.elapsed() >= generation.spec.idle_timeout)
        {
            gone.push(state.idle.remove(0));
        }
        self.balance(&mut state);
        drop(state);
        drop(gone);
    }

    /// Ends all processes that wait and refuses all calls that do. Those that run go on to their end.
    pub(crate) fn remove(&self) {
        let mut state = self.state.lock();
        state.removed = true;
        let gone = (std::mem::take(&mut state.idle), std::mem::take(&mut state.waiting));
        state.generation = None;
        drop(state);
        drop(gone);
    }

    /// The processes that are in a call.
    pub(crate) fn busy(&self) -> usize {
        self.state.lock().busy
    }

    pub(crate) fn status(&self) -> Option<FunctionStatus> {
        let state = self.state.lock();
        let phase = match (&state.broken, &state.generation) {
            (Some(error), _) => FunctionState::Broken { reason: error.to_string() },
            (None, Some(_)) => FunctionState::Ready,
            (None, None) => FunctionState::Building,
        };
        let counts = state.counts.clone();
        Some(FunctionStatus {
            spec: state.spec.clone()?,
            state: phase,
            idle: state.idle.len(),
            busy: state.busy,
            starting: state.starting,
            waiting: state.waiting.len(),
            calls: counts.calls,
            failures: counts.failures,
            cold_starts: counts.cold_starts,
            last_cold_start: counts.last_cold_start,
            reloads: counts.reloads,
            last_error: counts.last_error,
        })
    }
}

impl State {
    fn is_current(&self, generation: &Arc<Generation>) -> bool {
        self.generation.as_ref().is_some_and(|current| current.number == generation.number)
    }

    fn takes_calls(&self) -> bool {
        !self.removed && self.broken.is_none()
    }

    /// The process that worked last, of those that have not ended: it is the likeliest to have everything in memory.
    fn take_idle(&mut self) -> Option<Process> {
        while let Some((process, _)) = self.idle.pop() {
            if process.is_alive() {
                return Some(process);
            }
        }
        None
    }

    /// The call that waited longest and still does.
    fn next_waiter(&mut self) -> Option<Waiter> {
        loop {
            let waiter = self.waiting.pop_front()?;
            if !waiter.slot.is_closed() {
                return Some(waiter);
            }
        }
    }

    fn may_start_again(&self) -> bool {
        self.start_failed.is_none_or(|failed| failed.elapsed() >= START_AGAIN)
    }
}

/// A call's place in the queue, given up when it stops waiting.
struct InQueue<'a> {
    function: &'a Function,
    number: u64,
}

impl Drop for InQueue<'_> {
    fn drop(&mut self) {
        let mut state = self.function.state.lock();
        if let Some(place) = state.waiting.iter().position(|waiter| waiter.number == self.number) {
            let left = state.waiting.remove(place);
            drop(state);
            drop(left);
        }
    }
}
