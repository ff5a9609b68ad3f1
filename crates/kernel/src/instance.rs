//! The state that follows from a history, kept beside it so that nothing needs to be replayed to know it.

use crate::codec::{DecodeError, Reader, Wire, Writer, record, variants};
use crate::ids::{ExecutionId, InstanceId};
use crate::message::{Message, Start};
use crate::value::{Failure, Name, ParentLink, Payload, Tags, Timestamp, Trace};
use alloc::{boxed::Box, collections::BTreeMap, collections::BTreeSet, vec::Vec};
use core::fmt;

/// The runtime status, as all Durable Task clients know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// It runs, or waits for something.
    Running = 0,
    /// It ended well.
    Completed = 1,
    /// It began again (only ever seen inside a turn).
    ContinuedAsNew = 2,
    /// It ended with a failure.
    Failed = 3,
    /// It was cancelled.
    Canceled = 4,
    /// Somebody ended it.
    Terminated = 5,
    /// It was accepted and has not begun.
    Pending = 6,
    /// Somebody stopped it for now.
    Suspended = 7,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Running,
        Self::Completed,
        Self::ContinuedAsNew,
        Self::Failed,
        Self::Canceled,
        Self::Terminated,
        Self::Pending,
        Self::Suspended,
    ];

    /// Whether nothing can happen any more, but for rewind and purge.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled | Self::Terminated)
    }

    /// The status of a number that `as u8` gave.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The number that stands for it in stores and protocols.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The name that Durable Functions gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::ContinuedAsNew => "ContinuedAsNew",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
            Self::Terminated => "Terminated",
            Self::Pending => "Pending",
            Self::Suspended => "Suspended",
        }
    }

    /// The status of that name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
impl Wire for Status {
    fn put(&self, w: &mut Writer) {
        w.u8(self.code());
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tag = r.u8()?;
        Self::from_code(tag).ok_or(DecodeError::UnknownTag { what: "Status", tag })
    }
}

/// One instance: what never changes within a generation, and what does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// What never changes within a generation.
    pub head: Head,
    /// What changes from turn to turn.
    pub state: State,
}

record! {
    /// What never changes within a generation; stored when the generation begins.
    versioned pub struct Head {
        /// The workflow's name.
        pub name: Name,
        /// The workflow's version.
        pub version: Option<Name>,
        /// The generation's input.
        pub input: Option<Payload>,
        /// The generation.
        pub execution: ExecutionId,
        /// How many generations went before.
        pub generation: u32,
        /// When the instance was accepted.
        pub created_at: Timestamp,
        /// When it is to begin, if not at once.
        pub scheduled_at: Option<Timestamp>,
        /// Who started it as a sub-orchestration.
        pub parent: Option<Box<ParentLink>>,
        /// Its tags.
        pub tags: Tags,
        /// The trace that it belongs to.
        pub trace: Option<Trace>,
    }
}

/// What changes from turn to turn; stored with each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Where it stands.
    pub phase: Phase,
    /// When the last turn was.
    pub updated_at: Timestamp,
    /// What the orchestrator last said of its progress.
    pub custom_status: Option<Payload>,
    /// How many events the history has.
    pub history_events: u32,
    /// The highest command id so far; -1 before the first.
    pub last_command: i32,
    /// Activities that it waits for.
    pub tasks: BTreeMap<i32, Task>,
    /// Sub-orchestrations that it waits for.
    pub children: BTreeMap<i32, Child>,
    /// Timers, by their time.
    pub timers: Timers,
    /// Messages that were accepted and not yet delivered.
    pub pending: Vec<Message>,
    /// The external events that it waits for.
    pub waiting_for: Vec<Name>,
    /// Why it was set aside, if it was.
    pub set_aside: Option<Box<SetAside>>,
    /// Entities' operations that it waits for, by request.
    pub requests: BTreeMap<Name, EntityRequest>,
    /// Critical sections that it asked for or is in.
    pub sections: BTreeMap<Name, Section>,
}

/// The first schema version knows nothing of entities, and is still written where there is nothing to be known.
const WITHOUT_ENTITIES: u8 = 1;
const WITH_ENTITIES: u8 = 2;

impl Wire for State {
    fn put(&self, w: &mut Writer) {
        let plain = self.requests.is_empty() && self.sections.is_empty();
        w.u8(if plain { WITHOUT_ENTITIES } else { WITH_ENTITIES });
        self.phase.put(w);
        self.updated_at.put(w);
        self.custom_status.put(w);
        self.history_events.put(w);
        self.last_command.put(w);
        self.tasks.put(w);
        self.children.put(w);
        self.timers.put(w);
        self.pending.put(w);
        self.waiting_for.put(w);
        self.set_aside.put(w);
        if !plain {
            self.requests.put(w);
            self.sections.put(w);
        }
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = r.u8()?;
        if version != WITHOUT_ENTITIES && version != WITH_ENTITIES {
            return Err(DecodeError::UnknownVersion { what: "State", version });
        }
        let mut state = Self {
            phase: Wire::get(r)?,
            updated_at: Wire::get(r)?,
            custom_status: Wire::get(r)?,
            history_events: Wire::get(r)?,
            last_command: Wire::get(r)?,
            tasks: Wire::get(r)?,
            children: Wire::get(r)?,
            timers: Wire::get(r)?,
            pending: Wire::get(r)?,
            waiting_for: Wire::get(r)?,
            set_aside: Wire::get(r)?,
            requests: BTreeMap::new(),
            sections: BTreeMap::new(),
        };
        if version == WITH_ENTITIES {
            state.requests = Wire::get(r)?;
            state.sections = Wire::get(r)?;
        }
        Ok(state)
    }
}

record! {
    /// An operation of an entity that an instance waits for.
    pub struct EntityRequest {
        /// The command that asked for it.
        pub task_id: i32,
        /// The entity.
        pub target: InstanceId,
        /// The operation.
        pub operation: Name,
        /// When it was asked for.
        pub asked_at: Timestamp,
    }
}

record! {
    /// A critical section.
    pub struct Section {
        /// The command that asked for it.
        pub task_id: i32,
        /// Its entities that were not released.
        pub entities: Vec<InstanceId>,
        /// Whether all of them are locked.
        pub held: bool,
        /// When it was asked for.
        pub asked_at: Timestamp,
    }
}

variants! {
    /// Where an instance stands.
    pub enum Phase {
        /// Accepted, not begun.
        1 => Pending,
        /// Begun.
        2 => Running,
        /// Stopped for now.
        3 => Suspended,
        /// Ended.
        4 => Finished {
            /// How.
            status: Status,
            /// When.
            at: Timestamp,
            /// With what result.
            output: Option<Payload>,
            /// With what failure.
            failure: Option<Box<Failure>>,
        },
    }
}

record! {
    /// An activity that an instance waits for.
    pub struct Task {
        /// The function's name.
        pub name: Name,
        /// The generation that asked.
        pub execution: ExecutionId,
        /// When it was asked for.
        pub scheduled_at: Timestamp,
    }
}

record! {
    /// A sub-orchestration that an instance waits for.
    pub struct Child {
        /// Its instance id.
        pub instance: InstanceId,
        /// Its workflow.
        pub name: Name,
        /// The generation that asked.
        pub execution: ExecutionId,
    }
}

record! {
    /// Why an instance was set aside.
    pub struct SetAside {
        /// The reason, with what to do.
        pub reason: Failure,
        /// How many turns failed in a row.
        pub attempts: u32,
        /// When the last one did.
        pub at: Timestamp,
        /// When the next attempt is, unless it waits for somebody.
        pub retry_at: Option<Timestamp>,
    }
}

/// Timers in the order in which they fire.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Timers {
    due: BTreeSet<(Timestamp, i32)>,
    times: BTreeMap<i32, Timestamp>,
}

impl Timers {
    /// Adds one; a timer of the same id that was there before is forgotten.
    pub fn add(&mut self, fire_at: Timestamp, id: i32) {
        self.cancel(id);
        self.due.insert((fire_at, id));
        self.times.insert(id, fire_at);
    }
    /// Takes the next that is due, if one is.
    pub fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, i32)> {
        let timer = self.due.first().copied().filter(|(at, _)| *at <= now)?;
        self.cancel(timer.1);
        Some(timer)
    }
    /// Forgets one. Says whether it was there.
    pub fn cancel(&mut self, id: i32) -> bool {
        self.times.remove(&id).is_some_and(|at| self.due.remove(&(at, id)))
    }
    /// Whether it is there.
    #[must_use]
    pub fn contains(&self, id: i32) -> bool {
        self.times.contains_key(&id)
    }
    /// The next one's time.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, i32)> + '_ {
        self.due.iter().copied()
    }
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len()
    }
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
    /// Forgets all.
    pub fn clear(&mut self) {
        self.due.clear();
        self.times.clear();
    }
}
impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.due).finish()
    }
}
impl Wire for Timers {
    fn put(&self, w: &mut Writer) {
        w.varint(self.due.len() as u64);
        for (at, id) in &self.due {
            at.put(w);
            id.put(w);
        }
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = r.length()?;
        let mut timers = Self::default();
        for _ in 0..count {
            let (at, id) = Wire::get(r)?;
            timers.add(at, id);
        }
        Ok(timers)
    }
}

impl State {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            phase: Phase::Pending,
            updated_at: now,
            custom_status: None,
            history_events: 0,
            last_command: -1,
            tasks: BTreeMap::new(),
            children: BTreeMap::new(),
            timers: Timers::default(),
            pending: Vec::new(),
            waiting_for: Vec::new(),
            set_aside: None,
            requests: BTreeMap::new(),
            sections: BTreeMap::new(),
        }
    }

    /// Whether it waits for what this command asked for.
    #[must_use]
    pub fn is_outstanding(&self, id: i32) -> bool {
        self.tasks.contains_key(&id) || self.children.contains_key(&id) || self.timers.contains(id)
    }

    /// How many calls, timers and children it waits for.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.tasks.len() + self.children.len() + self.timers.len() + self.requests.len() + self.sections.len()
    }
}

impl Instance {
    /// A new instance, accepted and not begun.
    #[must_use]
    pub fn create(id: InstanceId, start: Start, now: Timestamp) -> Self {
        let Start { name, version, input, execution, parent, scheduled_at, tags, trace, replaceable: _ } =
            start;
        let scheduled_at = scheduled_at.filter(|at| *at > now);
        let head = Head {
            name,
            version,
            input,
            execution,
            generation: 0,
            created_at: now,
            scheduled_at,
            parent,
            tags,
            trace,
        };
        Self { id, head, state: State::new(now) }
    }

    /// The runtime status.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.state.phase {
            Phase::Pending if self.head.generation == 0 => Status::Pending,
            Phase::Pending | Phase::Running | Phase::Suspended => match self.will_be_suspended() {
                true => Status::Suspended,
                false => Status::Running,
            },
            Phase::Finished { status, .. } => *status,
        }
    }

    /// Whether it is suspended once it has taken in what it holds. Whoever suspends it must see so at once,
    /// even if nobody can run its next turn now.
    #[must_use]
    pub fn will_be_suspended(&self) -> bool {
        let held = self.state.pending.iter().rev().find_map(|message| match message {
            Message::Suspend { .. } => Some(true),
            Message::Resume { .. } => Some(false),
            _ => None,
        });
        held.unwrap_or(matches!(self.state.phase, Phase::Suspended))
    }

    /// When it ended.
    #[must_use]
    pub fn completed_at(&self) -> Option<Timestamp> {
        match &self.state.phase {
            Phase::Finished { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// When something is due that no message will announce.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        if let Some(aside) = &self.state.set_aside {
            return aside.retry_at;
        }
        match &self.state.phase {
            Phase::Pending => Some(self.head.scheduled_at.unwrap_or(self.head.created_at)),
            Phase::Running | Phase::Suspended if self.state.pending.is_empty() => self.state.timers.next(),
            Phase::Running | Phase::Suspended => Some(self.state.updated_at),
            Phase::Finished { .. } => None,
        }
    }

    /// Whether it must be looked at when its owner starts: a function was being called for it, or
    /// messages wait in it.
    #[must_use]
    pub fn needs_recovery(&self) -> bool {
        match self.state.phase {
            Phase::Finished { .. } => false,
            Phase::Pending => self.head.scheduled_at.is_none() || self.state.set_aside.is_some(),
            Phase::Running | Phase::Suspended => {
                !self.state.tasks.is_empty()
                    || !self.state.pending.is_empty()
                    || self.state.set_aside.is_some()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::*;

    #[test]
    fn codes_and_names_of_statuses_never_change() {
        let all: Vec<_> = Status::ALL.iter().map(|status| (status.code(), status.name())).collect();
        insta::assert_snapshot!(alloc::format!("{all:?}"), @r#"[(0, "Running"), (1, "Completed"), (2, "ContinuedAsNew"), (3, "Failed"), (4, "Canceled"), (5, "Terminated"), (6, "Pending"), (7, "Suspended")]"#);
        for status in Status::ALL {
            assert_eq!(Status::from_code(status.code()), Some(status));
            assert_eq!(Status::parse(&status.name().to_uppercase()), Some(status));
            assert_eq!(Status::from_bytes(&status.to_bytes()), Ok(status));
        }
        assert_eq!(Status::from_code(8), None);
        assert_eq!(Status::parse("Done"), None);
        assert_eq!(Status::from_bytes(&[8]), Err(DecodeError::UnknownTag { what: "Status", tag: 8 }));
    }

    #[test]
    fn timers_in_order() {
        let mut timers = Timers::default();
        for (second, id) in [(9, 0), (5, 1), (9, 2), (7, 3)] {
            timers.add(at(second), id);
        }
        assert_eq!(Timers::from_bytes(&timers.to_bytes()), Ok(timers.clone()));
        assert_eq!((timers.len(), timers.next()), (4, Some(at(5))));
        assert!(timers.cancel(3) && !timers.cancel(3));
        timers.add(at(6), 2);
        assert_eq!(timers.take_due(at(4)), None);
        let taken: Vec<_> = core::iter::from_fn(|| timers.take_due(at(9))).collect();
        assert_eq!(taken, [(at(5), 1), (at(6), 2), (at(9), 0)]);
        assert!(timers.is_empty() && timers.iter().next().is_none());
        timers.add(at(1), 1);
        timers.clear();
        assert_eq!(timers, Timers::default());
    }

    fn due(life: &Life) -> (Option<Timestamp>, bool) {
        (life.instance.next_wake(), life.instance.needs_recovery())
    }

    #[test]
    fn when_it_wakes_and_whether_a_new_owner_must_look() {
        assert_eq!(due(&Life::accepted()), (Some(at(0)), true));
        let later = Start { scheduled_at: Some(at(60)), ..start() };
        assert_eq!(due(&Life::of(later)), (Some(at(60)), false));
        assert_eq!(due(&Life::begun([])), (None, false));
        assert_eq!(due(&Life::begun([timer(0, 5), timer(1, 4)])), (Some(at(4)), false));
        assert_eq!(due(&Life::begun([task(0, "a")])), (None, true));
        assert_eq!(due(&Life::begun([child(0, "c")])), (None, false));
        assert_eq!(due(&Life::begun([timer(0, 5)]).then(2, [suspend()], [])), (Some(at(5)), false));
        assert_eq!(due(&Life::begun([task(0, "a"), complete("1")])), (None, false));
        let mut life = Life::begun([timer(0, 5)]);
        life.hold(2, [raised("x")]);
        assert_eq!(due(&life), (Some(at(2)), true));
    }

    #[test]
    fn one_set_aside_wakes_for_its_next_attempt_alone() {
        let mut life = Life::begun([timer(0, 5), task(1, "a")]);
        let aside =
            |retry_at| SetAside { reason: Failure::new("E", "a bug"), attempts: 1, at: at(1), retry_at };
        life.instance.state.set_aside = Some(Box::new(aside(Some(at(30)))));
        assert_eq!(due(&life), (Some(at(30)), true));
        life.instance.state.set_aside = Some(Box::new(aside(None)));
        assert_eq!(due(&life), (None, true));
        let life = life.then(6, [], []);
        assert_eq!(life.instance.state.set_aside, None);
    }

    #[test]
    fn what_is_outstanding_and_when_it_ended() {
        let life = Life::begun([task(0, "a"), timer(1, 5), child(2, "c")]);
        assert_eq!((life.instance.state.outstanding(), life.instance.completed_at()), (3, None));
        let life = life.then(4, [raised("x")], [complete("1")]);
        assert_eq!((life.instance.state.outstanding(), life.instance.completed_at()), (0, Some(at(4))));
    }
}
