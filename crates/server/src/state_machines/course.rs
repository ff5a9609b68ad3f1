//! Where an execution is and how it came there: its history, run through the interpreter once more, with all visits of
//! states counted.

use super::StateMachines;
use parking_lot::Mutex;
use partita::dynamic::{Execution, InstanceInfo, Orchestrator};
use partita_api::execution::{StateError, StateVisits, Visit, VisitStatus};
use partita_api::{Json, Time};
use partita_engine::clock::timestamp;
use partita_engine::kernel::{Event, InstanceId, Timestamp};
use partita_engine::replay_history;
use partita_flow::asl::check::escaped;
use partita_flow::asl::events::{ExecutionEvent, Observer, Reason, Step, StepKind, Within};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};
use std::sync::Arc;

/// Visits that are shown one by one.
const VISITS: usize = 1000;
/// Bytes of an input or output that is shown.
const VALUE_BYTES: usize = 16 << 10;
/// Bytes of all inputs and outputs that are shown.
const VALUES_BYTES: usize = 4 << 20;
/// Characters of an error or a cause that are shown.
const REASON_CHARS: usize = 4096;

/// What became of all visits of states.
#[derive(Debug, Default)]
pub(crate) struct Course {
    /// By the pointers of the states.
    pub(crate) states: BTreeMap<String, StateVisits>,
    /// The first of them.
    pub(crate) visits: Vec<Visit>,
    pub(crate) more: bool,
    /// Why the history could not be followed to its end.
    pub(crate) broken: Option<String>,
}

impl StateMachines {
    /// What became of all visits of an execution, whose definition is given. What is open is running, or was aborted
    /// when the execution ended.
    pub(crate) fn course(
        self: &Arc<Self>,
        id: &InstanceId,
        history: &[Event],
        definition: &Arc<Value>,
        ended: Option<Timestamp>,
    ) -> Course {
        let watcher = Arc::new(Watcher { definition: definition.clone(), tally: Mutex::default() });
        let watched = Watched { machines: self.clone(), watcher: watcher.clone() };
        let followed = replay_history(&watched, id, history);
        let mut tally = std::mem::take(&mut *watcher.tally.lock());
        if let Some(ended) = ended {
            tally.end(ended);
        }
        let broken = followed.err().map(|failure| failure.to_string());
        Course { states: tally.states, visits: tally.visits, more: tally.more, broken }
    }
}

/// A machine that is watched.
struct Watched {
    machines: Arc<StateMachines>,
    watcher: Arc<Watcher>,
}

impl Orchestrator for Watched {
    fn begin(&self, info: &InstanceInfo) -> Box<dyn Execution> {
        self.machines.begin(info, self.watcher.clone())
    }
}

/// Counts each step when it is told, so that no values are kept longer than the execution keeps them.
struct Watcher {
    definition: Arc<Value>,
    tally: Mutex<Tally>,
}

impl Observer for Watcher {
    fn event(&self, _: &str, _: ExecutionEvent) {}

    fn step(&self, _: &str, step: Step) {
        self.tally.lock().step(step, &self.definition);
    }
}

/// The count so far.
#[derive(Default)]
struct Tally {
    states: BTreeMap<String, StateVisits>,
    visits: Vec<Visit>,
    more: bool,
    value_bytes: usize,
    /// Visits that have not ended, by their numbers.
    open: HashMap<u64, Open>,
    /// The pointers of the machines within states: by the state's pointer and the branch.
    machines: HashMap<(Arc<str>, Option<usize>), Arc<str>>,
}

/// A visit that has not ended.
struct Open {
    path: Arc<str>,
    /// The pointer of the machine that the state is one of.
    machine: Arc<str>,
    at: Timestamp,
    /// Its place among those that are shown.
    shown: Option<usize>,
    iteration: Option<usize>,
    parent: Option<u64>,
    /// Visits within it that have not ended.
    inside: BTreeSet<u64>,
}

impl Tally {
    fn step(&mut self, step: Step, definition: &Value) {
        let at = timestamp(step.at);
        match step.kind {
            StepKind::Entered { name, input, within } => {
                let machine = within.map_or_else(|| Arc::from(""), |within| self.machine(within, definition));
                self.enter(step.visit, at, &name, &input, machine, within);
            }
            StepKind::Retried(reason) => self.retry(step.visit, at, &reason),
            StepKind::Exited { output, next, caught } => {
                let status = if caught.is_some() { VisitStatus::Caught } else { VisitStatus::Succeeded };
                self.passed(step.visit, &output, next.as_deref());
                self.close(step.visit, at, status, caught.as_ref());
            }
            StepKind::Failed(reason) => self.close(step.visit, at, VisitStatus::Failed, Some(&reason)),
        }
    }

    fn enter(
        &mut self,
        id: u64,
        at: Timestamp,
        name: &str,
        input: &Value,
        machine: Arc<str>,
        within: Option<Within>,
    ) {
        let path: Arc<str> = format!("{machine}/States/{}", escaped(name)).into();
        let parent = within.map(|within| within.visit);
        let outer = parent.and_then(|parent| self.open.get_mut(&parent));
        let outer_iteration = outer.and_then(|outer| {
            outer.inside.insert(id);
            outer.iteration
        });
        let iteration = within.and_then(|within| within.iteration).or(outer_iteration);
        let state = self.states.entry(path.to_string()).or_insert_with(|| fresh(at));
        state.entered += 1;
        state.running += 1;
        state.last_entered_at = Time(at);
        let shown = (self.visits.len() < VISITS).then_some(self.visits.len());
        self.more |= shown.is_none();
        if shown.is_some() {
            let input = self.value(input);
            self.visits.push(Visit {
                path: path.to_string(),
                name: name.to_owned(),
                entered_at: Time(at),
                exited_at: None,
                status: VisitStatus::Running,
                attempts: 1,
                error: None,
                cause: None,
                truncated: input.is_none(),
                input,
                output: None,
                iteration,
            });
        }
        let inside = BTreeSet::new();
        self.open.insert(id, Open { path, machine, at, shown, iteration, parent, inside });
    }

    /// The pointer of the machine that runs within a visit.
    fn machine(&mut self, within: Within, definition: &Value) -> Arc<str> {
        let Some(outer) = self.open.get(&within.visit) else { return Arc::from("") };
        let key = (outer.path.clone(), within.branch);
        let pointer = self.machines.entry(key).or_insert_with_key(|(path, branch)| match branch {
            Some(branch) => format!("{path}/Branches/{branch}").into(),
            None => {
                let processor = format!("{path}/ItemProcessor");
                if definition.pointer(&processor).is_some() {
                    processor.into()
                } else {
                    format!("{path}/Iterator").into()
                }
            }
        });
        pointer.clone()
    }

    fn retry(&mut self, id: u64, at: Timestamp, reason: &Reason) {
        self.abort_inside(id, at);
        let Some(open) = self.open.get(&id) else { return };
        if let Some(state) = self.states.get_mut(&*open.path) {
            state.retries += 1;
            state.error = Some(error(reason));
        }
        if let Some(visit) = open.shown.and_then(|place| self.visits.get_mut(place)) {
            visit.attempts += 1;
            StateError { error: visit.error, cause: visit.cause } = error(reason);
        }
    }

    /// Notes what went out of a visit, and where to.
    fn passed(&mut self, id: u64, output: &Value, next: Option<&str>) {
        let Some(open) = self.open.get(&id) else { return };
        let (machine, path, shown) = (open.machine.clone(), open.path.clone(), open.shown);
        if let (Some(next), Some(state)) = (next, self.states.get_mut(&*path)) {
            *state.next.entry(format!("{machine}/States/{}", escaped(next))).or_default() += 1;
        }
        if let Some(place) = shown {
            let output = self.value(output);
            if let Some(visit) = self.visits.get_mut(place) {
                visit.truncated |= output.is_none();
                visit.output = output;
            }
        }
    }

    /// Ends a visit, and all that is open within it.
    fn close(&mut self, id: u64, at: Timestamp, status: VisitStatus, reason: Option<&Reason>) {
        self.abort_inside(id, at);
        let Some(open) = self.open.remove(&id) else { return };
        if let Some(outer) = open.parent.and_then(|parent| self.open.get_mut(&parent)) {
            outer.inside.remove(&id);
        }
        if let Some(state) = self.states.get_mut(&*open.path) {
            state.running = state.running.saturating_sub(1);
            *counter(state, status) += 1;
            state.last_exited_at = Some(Time(at));
            state.seconds = Some(at.since(open.at).as_secs_f64());
            if let Some(reason) = reason {
                state.error = Some(error(reason));
            }
        }
        if let Some(visit) = open.shown.and_then(|place| self.visits.get_mut(place)) {
            visit.exited_at = Some(Time(at));
            visit.status = status;
            if let Some(reason) = reason {
                StateError { error: visit.error, cause: visit.cause } = error(reason);
            }
        }
    }

    fn abort_inside(&mut self, id: u64, at: Timestamp) {
        let inside = self.open.get_mut(&id).map(|open| std::mem::take(&mut open.inside));
        for inner in inside.into_iter().flatten() {
            self.close(inner, at, VisitStatus::Aborted, None);
        }
    }

    /// The execution has ended, and with it all that is open.
    fn end(&mut self, at: Timestamp) {
        let open: Vec<u64> = self.open.keys().copied().collect();
        for id in open {
            self.close(id, at, VisitStatus::Aborted, None);
        }
    }

    /// A value as it is shown, if it is not too large.
    fn value(&mut self, value: &Value) -> Option<Json> {
        let most = VALUE_BYTES.min(VALUES_BYTES - self.value_bytes);
        let mut text = Bounded { bytes: Vec::new(), most };
        serde_json::to_writer(&mut text, value).ok()?;
        self.value_bytes += text.bytes.len();
        String::from_utf8(text.bytes).ok().map(|text| Json::of_text(&text))
    }
}

fn fresh(at: Timestamp) -> StateVisits {
    StateVisits {
        entered: 0,
        running: 0,
        succeeded: 0,
        failed: 0,
        caught: 0,
        aborted: 0,
        retries: 0,
        first_entered_at: Time(at),
        last_entered_at: Time(at),
        last_exited_at: None,
        seconds: None,
        next: BTreeMap::new(),
        error: None,
    }
}

fn counter(state: &mut StateVisits, status: VisitStatus) -> &mut u64 {
    match status {
        VisitStatus::Running => &mut state.running,
        VisitStatus::Succeeded => &mut state.succeeded,
        VisitStatus::Failed => &mut state.failed,
        VisitStatus::Caught => &mut state.caught,
        VisitStatus::Aborted => &mut state.aborted,
    }
}

fn error(reason: &Reason) -> StateError {
    let shown = |text: &Option<String>| text.as_deref().map(shortened);
    StateError { error: shown(&reason.error), cause: shown(&reason.cause) }
}

/// An error or a cause, cut when it is long.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(REASON_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Bytes up to a limit; more is an error, so that nothing large is written for nothing.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + part.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_causes_are_cut_when_they_are_long() {
        let long = |chars: usize| Some("é".repeat(chars));
        let fits = error(&Reason { error: long(REASON_CHARS), cause: None });
        assert_eq!(fits.error, long(REASON_CHARS));
        let cut = error(&Reason { error: long(REASON_CHARS + 1), cause: long(9 * REASON_CHARS) });
        for text in [cut.error.unwrap(), cut.cause.unwrap()] {
            assert!(text.ends_with("é…") && text.chars().count() == REASON_CHARS + 1);
        }
    }
}
