//! What one execution shares.

use super::fault::Fault;
use crate::asl::arn::Place;
use crate::asl::events::{EventKind, ExecutionEvent, Observer, Step};
use crate::asl::expr::Draw;
use crate::asl::limits::Limits;
use crate::asl::token::TokenMint;
use parking_lot::Mutex;
use partita::OrchestrationContext;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;
use uuid::Uuid;

/// What an execution needs from outside: fixed things alone, because it is replayed.
pub struct Environment {
    /// Makes task tokens.
    pub mint: Arc<dyn TokenMint>,
    /// Sees the events.
    pub observer: Arc<dyn Observer>,
    /// The bounds.
    pub limits: Limits,
    /// What ARNs say.
    pub place: Place,
    /// The role that executions run under.
    pub role_arn: String,
    /// The name of the execution that an instance is.
    pub execution_name: fn(machine: &str, instance: &str) -> String,
    /// The id of the instance that an execution of a machine is.
    pub instance_id: fn(machine: &str, execution: &str) -> String,
    /// Whether the custom status says in which state an execution waits.
    pub custom_status: bool,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("place", &self.place)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// What one execution shares.
pub(crate) struct Run {
    pub(crate) ctx: OrchestrationContext,
    pub(crate) env: Arc<Environment>,
    pub(crate) input: Arc<Value>,
    started: SystemTime,
    observed: bool,
    events: AtomicU64,
    transitions: AtomicU64,
    /// The context object. Made when an expression first looks at it; its volatile members are set before
    /// each look.
    context: Mutex<Option<Value>>,
}

impl Run {
    pub(crate) fn new(ctx: OrchestrationContext, env: Arc<Environment>, input: Arc<Value>) -> Self {
        let (observed, started) = (env.observer.wants(), ctx.now());
        Self {
            ctx,
            env,
            input,
            started,
            observed,
            events: AtomicU64::new(0),
            transitions: AtomicU64::new(0),
            context: Mutex::new(None),
        }
    }

    /// Counts an event, and shows it to the observer when that wants it.
    pub(crate) fn event(&self, previous_id: u64, kind: impl FnOnce() -> EventKind) -> u64 {
        let id = self.events.fetch_add(1, Relaxed) + 1;
        if self.observed {
            let event = ExecutionEvent { id, previous_id, timestamp: self.ctx.now(), kind: kind() };
            self.env.observer.event(self.ctx.instance_id().as_str(), event);
        }
        id
    }

    /// Shows a step to the observer when that wants it.
    pub(crate) fn step(&self, step: impl FnOnce(SystemTime) -> Step) {
        if self.observed {
            self.env.observer.step(self.ctx.instance_id().as_str(), step(self.ctx.now()));
        }
    }

    /// Counts a transition. A machine that goes round and round without waiting is stopped here.
    pub(crate) fn transition(&self) -> Result<(), Fault> {
        let most = self.env.limits.transitions_without_waiting;
        if self.transitions.fetch_add(1, Relaxed) < most {
            return Ok(());
        }
        let cause = format!(
            "The execution made {most} transitions without waiting for anything. If it is not caught in a loop, \
             put a Wait state into it, or raise the limit 'transitions_without_waiting'."
        );
        Err(Fault::runtime(cause))
    }

    /// Something was waited for.
    pub(crate) fn waited(&self) {
        self.transitions.store(0, Relaxed);
    }

    /// Says where it waits, for those who look from outside.
    pub(crate) fn waits_in(&self, state: &str) {
        if self.env.custom_status {
            self.ctx.set_custom_status(json!({ "state": state }));
        }
    }

    /// The machine's name: that of the workflow.
    pub(crate) fn machine_name(&self) -> &str {
        self.ctx.name()
    }

    /// The machine that this one, if it is a processor, is a part of.
    pub(crate) fn root_name(&self) -> &str {
        let name = self.machine_name();
        name.split_once('/').map_or(name, |(root, _)| root)
    }

    /// Looks at the context object after its volatile members were set.
    pub(crate) fn with_context<T>(
        &self,
        set: impl FnOnce(&mut Value),
        look: impl FnOnce(&mut Value) -> T,
    ) -> T {
        let mut context = self.context.lock();
        let context = context.get_or_insert_with(|| self.make_context());
        set(context);
        look(context)
    }

    fn make_context(&self) -> Value {
        let machine = self.machine_name();
        let name = (self.env.execution_name)(machine, self.ctx.instance_id().as_str());
        json!({
            "Execution": {
                "Id": self.env.place.execution(machine, &name),
                "Input": *self.input,
                "Name": name,
                "RoleArn": self.env.role_arn,
                "StartTime": timestamp(self.started),
                "RedriveCount": 0,
            },
            "StateMachine": { "Id": self.env.place.machine(machine), "Name": machine },
        })
    }
}

impl Draw for Run {
    fn random(&self) -> f64 {
        self.ctx.random()
    }
    fn uuid(&self) -> Uuid {
        // Version 4, as everybody expects of a random UUID; its bits come from the replayable one.
        uuid::Builder::from_random_bytes(*self.ctx.new_guid().as_bytes()).into_uuid()
    }
}

/// A time as the context object has it: `2030-01-01T00:00:00.000Z`.
pub(crate) fn timestamp(at: SystemTime) -> String {
    let at = jiff::Timestamp::try_from(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Milliseconds since 1970, as the Step Functions API has dates within JSON.
pub(crate) fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
