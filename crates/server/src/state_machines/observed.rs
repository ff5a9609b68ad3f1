//! The events of an execution: its history, run through the interpreter once more with somebody watching.

use super::StateMachines;
use parking_lot::Mutex;
use partita::dynamic::{Execution, InstanceInfo, Orchestrator};
use partita_engine::kernel::{Event, InstanceId};
use partita_engine::replay_history;
use partita_flow::asl::events::{ExecutionEvent, Observer};
use std::sync::Arc;

#[derive(Default)]
struct Seen(Mutex<Vec<ExecutionEvent>>);

impl Observer for Seen {
    fn event(&self, _: &str, event: ExecutionEvent) {
        self.0.lock().push(event);
    }
}

/// A machine that is watched.
struct Watched {
    machines: Arc<StateMachines>,
    seen: Arc<Seen>,
}

impl Orchestrator for Watched {
    fn begin(&self, info: &InstanceInfo) -> Box<dyn Execution> {
        self.machines.begin(info, self.seen.clone())
    }
}

impl StateMachines {
    /// The events of an execution, as far as its history goes.
    pub(crate) fn events(self: &Arc<Self>, id: &InstanceId, history: &[Event]) -> Vec<ExecutionEvent> {
        let seen = Arc::new(Seen::default());
        let watched = Watched { machines: self.clone(), seen: seen.clone() };
        if let Err(failure) = replay_history(&watched, id, history) {
            tracing::warn!(instance = %id, %failure, "the events of an execution end early");
        }
        std::mem::take(&mut *seen.0.lock())
    }
}
