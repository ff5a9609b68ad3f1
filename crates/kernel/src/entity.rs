//! Entities: small pieces of state, each with a name and a key, that take in one operation after another.
//!
//! What an entity has to do waits in its queue in the order of its arrival: operations, and requests to lock it.
//! Operations are run in batches by whoever has the entity's code, and leave the queue with the batch's outcome.
//! While an instance has an entity locked, only that instance's calls are run.

use crate::codec::{record, variants};
use crate::effect::Effect;
use crate::ids::{ExecutionId, InstanceId};
use crate::limits::{LIMIT_EXCEEDED, LimitExceeded, Limits, at_most};
use crate::machine::first_generation;
use crate::message::{Discard, Message, Start};
use crate::value::{Failure, Name, Payload, Tags, Timestamp, Trace};
use alloc::{boxed::Box, collections::BTreeMap, format, string::ToString, vec::Vec};

record! {
    /// An instance that waits for an entity.
    pub struct Caller {
        /// The instance.
        pub instance: InstanceId,
        /// Its generation that asked.
        pub execution: ExecutionId,
    }
}

record! {
    /// Something that an entity is to do.
    pub struct Operation {
        /// Names the request.
        pub request_id: Name,
        /// The operation's name.
        pub name: Name,
        /// Its input.
        pub input: Option<Payload>,
        /// Who waits for the answer; nobody waits for that of a signal.
        pub caller: Option<Box<Caller>>,
        /// Not to be run before.
        pub scheduled_at: Option<Timestamp>,
        /// The trace that it belongs to.
        pub trace: Option<Trace>,
    }
}

record! {
    /// A critical section on its way through its entities.
    pub struct LockRequest {
        /// The critical section.
        pub section: Name,
        /// Its entities, in the order in which they are locked.
        pub lock_set: Vec<InstanceId>,
        /// How many of them are locked.
        pub position: u32,
        /// Who asks.
        pub holder: Caller,
    }
}

record! {
    /// A lock that is held.
    pub struct Lock {
        /// The critical section.
        pub section: Name,
        /// Who holds it.
        pub holder: Caller,
        /// Since when.
        pub since: Timestamp,
    }
}

variants! {
    /// What waits in a queue.
    pub enum Item {
        /// An operation.
        1 => Operation {
            /// Which.
            operation: Box<Operation>,
        },
        /// A request to lock the entity.
        2 => Lock {
            /// Which.
            request: Box<LockRequest>,
        },
    }
}

record! {
    /// What waits, with a number of its own.
    pub struct Waiting {
        /// Grows with each that arrives.
        pub number: u64,
        /// What.
        pub item: Item,
    }
}

record! {
    /// All that is stored of an entity.
    versioned pub struct EntityState {
        /// When the first request for it arrived.
        pub created_at: Timestamp,
        /// When it last changed.
        pub updated_at: Timestamp,
        /// Its state; none before an operation sets it, and after it was deleted.
        pub state: Option<Payload>,
        /// What waits, in the order of its arrival.
        pub queue: Vec<Waiting>,
        /// What is to be done later, in the order of time.
        pub delayed: BTreeMap<(Timestamp, u64), Operation>,
        /// Who has it locked.
        pub lock: Option<Box<Lock>>,
        /// The number of what arrives next.
        pub next_number: u64,
    }
}

/// One entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its id.
    pub id: InstanceId,
    /// All else.
    pub state: EntityState,
}

/// What came of a batch of operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchOutput {
    /// The state after it; none when the entity is deleted.
    pub state: Option<Payload>,
    /// What came of each operation, in order. Operations without a result here were not run.
    pub results: Vec<Result<Option<Payload>, Box<Failure>>>,
    /// What the operations asked for, in order.
    pub actions: Vec<EntityAction>,
}

/// What an entity may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityAction {
    /// An operation of an entity, for whose outcome nobody waits.
    Signal {
        /// The entity.
        target: InstanceId,
        /// The operation.
        operation: Name,
        /// Its input.
        input: Option<Payload>,
        /// Not to be run before.
        scheduled_at: Option<Timestamp>,
        /// The trace that it belongs to.
        trace: Option<Trace>,
    },
    /// A new instance.
    Start {
        /// Its id; made from the batch when none is given.
        instance: Option<InstanceId>,
        /// Its workflow.
        name: Name,
        /// Its workflow's version.
        version: Option<Name>,
        /// Its input.
        input: Option<Payload>,
        /// When to begin, if not at once.
        scheduled_at: Option<Timestamp>,
        /// The trace that it belongs to.
        trace: Option<Trace>,
    },
}

impl Entity {
    /// An entity of which nothing was known.
    #[must_use]
    pub fn create(id: InstanceId, now: Timestamp) -> Self {
        let state = EntityState {
            created_at: now,
            updated_at: now,
            state: None,
            queue: Vec::new(),
            delayed: BTreeMap::new(),
            lock: None,
            next_number: 0,
        };
        Self { id, state }
    }

    /// Takes a message in, or says by which rule it changes nothing. What leaves once that is durable is added
    /// to `effects`.
    ///
    /// # Errors
    /// The rule.
    pub fn admit(
        &mut self,
        message: Message,
        now: Timestamp,
        limits: &Limits,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Discard> {
        match message {
            Message::EntityOperation { operation } => {
                if self.backlog() >= limits.pending_messages {
                    effects.extend(
                        operation.caller.as_ref().map(|caller| overloaded(&self.id, caller, &operation)),
                    );
                    return Err(Discard::InboxFull);
                }
                self.enqueue(*operation, now);
            }
            Message::EntityLock { request } => {
                let number = self.number();
                self.state.queue.push(Waiting { number, item: Item::Lock { request } });
            }
            Message::EntityUnlock { section } => self.unlock(&section)?,
            Message::Wake => return Err(Discard::NothingDue),
            _ => return Err(Discard::NotForEntities),
        }
        self.state.updated_at = now.max(self.state.updated_at);
        Ok(())
    }

    fn number(&mut self) -> u64 {
        let number = self.state.next_number;
        self.state.next_number += 1;
        number
    }

    fn enqueue(&mut self, operation: Operation, now: Timestamp) {
        let number = self.number();
        match operation.scheduled_at.filter(|at| *at > now) {
            Some(at) => drop(self.state.delayed.insert((at, number), operation)),
            None => self.push(number, operation),
        }
    }

    fn push(&mut self, number: u64, operation: Operation) {
        let item = Item::Operation { operation: Box::new(operation) };
        self.state.queue.push(Waiting { number, item });
    }

    /// A critical section has no more use for this entity: it held it, or was waiting for it.
    fn unlock(&mut self, section: &str) -> Result<(), Discard> {
        if self.state.lock.as_ref().is_some_and(|lock| &*lock.section == section) {
            self.state.lock = None;
            return Ok(());
        }
        let before = self.state.queue.len();
        self.state.queue.retain(|waiting| match &waiting.item {
            Item::Lock { request } => &*request.section != section,
            Item::Operation { .. } => true,
        });
        if self.state.queue.len() == before { Err(Discard::NotLocked) } else { Ok(()) }
    }

    /// Goes on as far as it can without its code: what is due joins the queue, and locks are given. Says
    /// whether anything changed.
    pub fn advance(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        let before = (self.state.delayed.len(), self.state.queue.len());
        while let Some(entry) = self.state.delayed.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, number), operation) = entry.remove_entry();
            self.push(number, operation);
        }
        while self.state.lock.is_none()
            && let Some(Waiting { item: Item::Lock { .. }, .. }) = self.state.queue.first()
            && let Waiting { item: Item::Lock { request }, .. } = self.state.queue.remove(0)
        {
            self.grant(*request, now, effects);
        }
        let changed = before != (self.state.delayed.len(), self.state.queue.len());
        if changed {
            self.state.updated_at = now.max(self.state.updated_at);
        }
        changed
    }

    /// Locks the entity, and passes the request on to the next of its section, or tells who asked.
    fn grant(&mut self, mut request: LockRequest, now: Timestamp, effects: &mut Vec<Effect>) {
        let LockRequest { section, holder, .. } = &request;
        self.state.lock =
            Some(Box::new(Lock { section: section.clone(), holder: holder.clone(), since: now }));
        request.position += 1;
        let next = usize::try_from(request.position).ok().and_then(|at| request.lock_set.get(at));
        effects.push(match next.cloned() {
            Some(target) => {
                Effect::Send { target, message: Message::EntityLock { request: Box::new(request) } }
            }
            None => Effect::Send {
                target: request.holder.instance,
                message: Message::EntityLockGranted { section: request.section, lock_set: request.lock_set },
            },
        });
    }

    /// The operations that can be run now, in order: at most `most`, and no more than `bytes` of inputs if
    /// there is more than one.
    pub fn runnable(&self, most: usize, bytes: usize) -> impl Iterator<Item = (u64, &Operation)> {
        let holder = self.state.lock.as_ref().map(|lock| &lock.holder.instance);
        let mut size = 0;
        self.state
            .queue
            .iter()
            .map_while(move |waiting| match (&waiting.item, holder) {
                (Item::Operation { operation }, None) => Some(Some((waiting.number, &**operation))),
                (Item::Operation { operation }, Some(holder)) => {
                    let of_holder =
                        operation.caller.as_ref().is_some_and(|caller| caller.instance == *holder);
                    Some(of_holder.then_some((waiting.number, &**operation)))
                }
                (Item::Lock { .. }, None) => None,
                (Item::Lock { .. }, Some(_)) => Some(None),
            })
            .flatten()
            .take(most)
            .take_while(move |(_, operation)| {
                let first = size == 0;
                size += 1 + operation.input.as_ref().map_or(0, Payload::len);
                first || size <= bytes
            })
    }

    /// Takes the outcome of a batch in: its operations leave the queue, callers hear of it, and what was asked
    /// for leaves. A batch that failed as a whole, or whose outcome breaks a limit, leaves the state as it was,
    /// and each of its operations has failed. `fresh` is a generation that was never used.
    pub fn settle(
        &mut self,
        batch: &[u64],
        outcome: Result<BatchOutput, Failure>,
        fresh: ExecutionId,
        now: Timestamp,
        limits: &Limits,
        effects: &mut Vec<Effect>,
    ) {
        let failed = |failure: Failure| BatchOutput {
            state: self.state.state.clone(),
            results: batch.iter().map(|_| Err(Box::new(failure.clone()))).collect(),
            actions: Vec::new(),
        };
        let output = match outcome.and_then(|output| check(output, limits)) {
            Ok(output) => output,
            Err(failure) => failed(failure),
        };
        self.state.state = output.state;
        for (number, result) in batch.iter().zip(output.results) {
            let Some(place) = self.state.queue.iter().position(|waiting| waiting.number == *number) else {
                continue;
            };
            let Waiting { item: Item::Operation { operation }, .. } = self.state.queue.remove(place) else {
                continue;
            };
            effects.extend(answer(*operation, result));
        }
        let actions = (0_i32..).zip(output.actions);
        effects.extend(actions.map(|(index, action)| carry_out(action, fresh, index)));
        self.state.updated_at = now.max(self.state.updated_at);
    }

    /// How many operations and lock requests wait.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.state.queue.len() + self.state.delayed.len()
    }

    /// Whether nothing is to be known of it.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.state.state.is_none() && self.state.lock.is_none() && self.backlog() == 0
    }

    /// When something is due that no message will announce.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.state.delayed.first_key_value().map(|((at, _), _)| *at)
    }
}

impl Message {
    /// What has to follow when this message changed nothing by a rule: entities that were locked for an instance
    /// that wants them no more are released.
    #[must_use]
    pub fn when_discarded(self, rule: Discard) -> Vec<Effect> {
        match self {
            Self::EntityLockGranted { section, lock_set } if rule != Discard::AlreadyHeld => {
                release(&section, lock_set)
            }
            _ => Vec::new(),
        }
    }
}

/// Releases entities of a critical section, or takes the request for them back.
pub(crate) fn release(section: &Name, entities: Vec<InstanceId>) -> Vec<Effect> {
    let unlock =
        |target| Effect::Send { target, message: Message::EntityUnlock { section: section.clone() } };
    entities.into_iter().map(unlock).collect()
}

fn answer(operation: Operation, result: Result<Option<Payload>, Box<Failure>>) -> Option<Effect> {
    let target = operation.caller?.instance;
    let request_id = operation.request_id;
    let message = match result {
        Ok(output) => Message::EntityOperationCompleted { request_id, output },
        Err(failure) => Message::EntityOperationFailed { request_id, failure },
    };
    Some(Effect::Send { target, message })
}

fn overloaded(id: &InstanceId, caller: &Caller, operation: &Operation) -> Effect {
    let text = format!("the entity {id} has as many operations waiting as it may");
    let message = Message::EntityOperationFailed {
        request_id: operation.request_id.clone(),
        failure: Box::new(Failure::new("EntityOverloaded", text)),
    };
    Effect::Send { target: caller.instance.clone(), message }
}

fn carry_out(action: EntityAction, fresh: ExecutionId, index: i32) -> Effect {
    match action {
        EntityAction::Signal { target, operation, input, scheduled_at, trace } => {
            let request_id = format!("{fresh}:{index:x}").into();
            let operation =
                Operation { request_id, name: operation, input, caller: None, scheduled_at, trace };
            Effect::Send { target, message: Message::EntityOperation { operation: Box::new(operation) } }
        }
        EntityAction::Start { instance, name, version, input, scheduled_at, trace } => {
            let start = Start {
                name,
                version,
                input,
                execution: first_generation(fresh, index),
                parent: None,
                scheduled_at,
                tags: Tags::new(),
                trace,
                replaceable: Vec::new(),
            };
            let target = instance.unwrap_or_else(|| InstanceId::child(fresh, index));
            Effect::Send { target, message: Message::Start { start: Box::new(start) } }
        }
    }
}

fn check(output: BatchOutput, limits: &Limits) -> Result<BatchOutput, Failure> {
    let misdirected = output.actions.iter().find_map(|action| match action {
        EntityAction::Signal { target, .. } if !target.is_entity() => Some((target, "is not an entity")),
        EntityAction::Start { instance: Some(id), .. } if id.is_entity() => {
            Some((id, "is the id of an entity"))
        }
        _ => None,
    });
    if let Some((id, why)) = misdirected {
        return Err(Failure::new(
            "InvalidAction",
            format!("the entity asked for something of {id}, which {why}"),
        )
        .non_retriable());
    }
    match check_limits(&output, limits) {
        Ok(()) => Ok(output),
        Err(exceeded) => Err(Failure::new(LIMIT_EXCEEDED, exceeded.to_string()).non_retriable()),
    }
}

fn check_limits(output: &BatchOutput, limits: &Limits) -> Result<(), LimitExceeded> {
    limits.payload("the state of an entity", output.state.as_ref())?;
    at_most("the actions of one batch", "actions", output.actions.len(), limits.commands)?;
    for result in &output.results {
        match result {
            Ok(result) => limits.payload("result", result.as_ref())?,
            Err(failure) => limits.failure(failure)?,
        }
    }
    output.actions.iter().try_for_each(|action| match action {
        EntityAction::Signal { target, operation, input, trace, .. } => {
            limits.instance_id(target)?;
            limits.name("operation", operation)?;
            limits.trace(trace.as_ref())?;
            limits.payload("input", input.as_ref())
        }
        EntityAction::Start { instance, name, version, input, trace, .. } => {
            instance.as_ref().map_or(Ok(()), |id| limits.instance_id(id))?;
            limits.name("name", name)?;
            limits.version(version.as_deref())?;
            limits.trace(trace.as_ref())?;
            limits.payload("input", input.as_ref())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Wire;
    use crate::testkit::{at, failure, generation, id, payload};
    use alloc::string::String;
    use core::fmt::Write;

    /// One entity, told as text.
    struct Kept {
        entity: Entity,
        limits: Limits,
    }

    impl Kept {
        fn new() -> Self {
            Self { entity: Entity::create(id("@a@1"), at(0)), limits: Limits::default() }
        }

        fn take(&mut self, second: i64, messages: impl IntoIterator<Item = Message>) -> String {
            let (mut text, mut effects) = (String::new(), Vec::new());
            for message in messages {
                match self.entity.admit(message, at(second), &self.limits, &mut effects) {
                    Ok(()) => {}
                    Err(rule) => writeln!(text, "discarded: {rule:?}").unwrap(),
                }
            }
            self.entity.advance(at(second), &mut effects);
            text + &self.shown(&effects)
        }

        fn run(&mut self, second: i64, most: usize, output: Result<BatchOutput, Failure>) -> String {
            let batch: Vec<u64> = self.entity.runnable(most, 100).map(|(number, _)| number).collect();
            let mut effects = Vec::new();
            self.entity.settle(&batch, output, generation(8), at(second), &self.limits, &mut effects);
            self.entity.advance(at(second), &mut effects);
            self.shown(&effects)
        }

        fn shown(&self, effects: &[Effect]) -> String {
            let mut text = String::new();
            for effect in effects {
                writeln!(text, "> {}", crate::testkit::short(effect)).unwrap();
            }
            let state = &self.entity.state;
            assert_eq!(EntityState::from_bytes(&state.to_bytes()).as_ref(), Ok(state));
            let runnable: Vec<&str> =
                self.entity.runnable(9, 100).map(|(_, operation)| &*operation.request_id).collect();
            let lock = state.lock.as_ref().map(|lock| &*lock.section);
            let state = state.state.as_ref().map(Payload::as_str);
            let backlog = self.entity.backlog();
            write!(text, "= state {state:?}, lock {lock:?}, backlog {backlog}, runnable {runnable:?}")
                .unwrap();
            text
        }
    }

    fn signal(request: &str) -> Message {
        operation(request, None, None)
    }

    fn call(request: &str, caller: &str) -> Message {
        operation(request, Some(caller), None)
    }

    fn operation(request: &str, caller: Option<&str>, scheduled_at: Option<Timestamp>) -> Message {
        let caller = caller.map(|caller| Box::new(of(caller)));
        let operation = Operation {
            request_id: request.into(),
            name: "add".into(),
            input: payload("1"),
            caller,
            scheduled_at,
            trace: None,
        };
        Message::EntityOperation { operation: Box::new(operation) }
    }

    fn of(instance: &str) -> Caller {
        Caller { instance: id(instance), execution: generation(1) }
    }

    fn lock(section: &str, holder: &str, position: u32) -> Message {
        let lock_set = Vec::from([id("@a@0"), id("@a@1"), id("@b@1")]);
        let request = LockRequest { section: section.into(), lock_set, position, holder: of(holder) };
        Message::EntityLock { request: Box::new(request) }
    }

    fn unlock(section: &str) -> Message {
        Message::EntityUnlock { section: section.into() }
    }

    fn state(text: &str, results: usize) -> Result<BatchOutput, Failure> {
        Ok(BatchOutput {
            state: payload(text),
            results: (0..results).map(|_| Ok(payload("r"))).collect(),
            actions: Vec::new(),
        })
    }

    #[test]
    fn operations_are_run_in_the_order_of_their_arrival_and_answered() {
        let mut kept = Kept::new();
        insta::assert_snapshot!(kept.take(1, [signal("a"), call("b", "p"), call("c", "q")]), @r#"= state None, lock None, backlog 3, runnable ["a", "b", "c"]"#);
        insta::assert_snapshot!(kept.run(2, 2, state("2", 2)), @r#"
        > Send { target: "p", message: EntityOperationCompleted { request_id: "b", output: Some(r) } }
        = state Some("2"), lock None, backlog 1, runnable ["c"]
        "#);
        insta::assert_snapshot!(kept.run(3, 9, state("3", 0)), @r#"= state Some("3"), lock None, backlog 1, runnable ["c"]"#);
        let results = Vec::from([Err(failure("broke"))]);
        let failed = BatchOutput { state: payload("3"), results, actions: Vec::new() };
        insta::assert_snapshot!(kept.run(4, 9, Ok(failed)), @r#"
        > Send { target: "q", message: EntityOperationFailed { request_id: "c", failure: Failure { error_type: "E", message: "broke" } } }
        = state Some("3"), lock None, backlog 0, runnable []
        "#);
        assert_eq!((kept.entity.state.created_at, kept.entity.state.updated_at), (at(0), at(4)));
    }

    #[test]
    fn a_batch_that_failed_leaves_the_state_as_it_was() {
        let mut kept = Kept::new();
        kept.take(1, [signal("a")]);
        kept.run(1, 9, state("1", 1));
        kept.take(2, [call("b", "p"), signal("c")]);
        insta::assert_snapshot!(kept.run(3, 9, Err(Failure::new("E", "no such entity"))), @r#"
        > Send { target: "p", message: EntityOperationFailed { request_id: "b", failure: Failure { error_type: "E", message: "no such entity" } } }
        = state Some("1"), lock None, backlog 0, runnable []
        "#);
    }

    #[test]
    fn deleted_it_is_as_if_it_had_never_been() {
        let mut kept = Kept::new();
        assert!(kept.entity.is_void());
        kept.take(1, [signal("a"), signal("b")]);
        kept.run(1, 1, state("1", 1));
        assert!(!kept.entity.is_void());
        kept.run(2, 9, Ok(BatchOutput { results: Vec::from([Ok(None)]), ..BatchOutput::default() }));
        assert!(kept.entity.is_void());
    }

    #[test]
    fn what_an_entity_asks_for() {
        let mut kept = Kept::new();
        kept.take(1, [signal("a")]);
        let actions = Vec::from([
            EntityAction::Signal {
                target: id("@b@1"),
                operation: "add".into(),
                input: None,
                scheduled_at: Some(at(9)),
                trace: None,
            },
            EntityAction::Start {
                instance: Some(id("o")),
                name: "Order".into(),
                version: None,
                input: payload("1"),
                scheduled_at: None,
                trace: None,
            },
            EntityAction::Start {
                instance: None,
                name: "Order".into(),
                version: None,
                input: None,
                scheduled_at: None,
                trace: None,
            },
        ]);
        insta::assert_snapshot!(kept.run(2, 9, Ok(BatchOutput { state: None, results: Vec::from([Ok(None)]), actions })), @r#"
        > Send { target: "@b@1", message: EntityOperation { operation: Operation { request_id: "g8:0", name: "add", scheduled_at: Some(9s) } } }
        > Send { target: "o", message: Start { start: Start { name: "Order", input: Some(1), execution: 92e277573d3aa841018fc2d9f11bc367 } } }
        > Send { target: "g8:2", message: Start { start: Start { name: "Order", execution: 46a4340e6f4d5f39e55d8d2f17308bfc } } }
        = state None, lock None, backlog 0, runnable []
        "#);
    }

    #[test]
    fn what_it_may_not_ask_for() {
        let signal_to = |target: &str| EntityAction::Signal {
            target: id(target),
            operation: "add".into(),
            input: None,
            scheduled_at: None,
            trace: None,
        };
        let start_as = |instance: &str| EntityAction::Start {
            instance: Some(id(instance)),
            name: "O".into(),
            version: None,
            input: None,
            scheduled_at: None,
            trace: None,
        };
        for action in [signal_to("order"), start_as("@a@1")] {
            let mut kept = Kept::new();
            kept.take(1, [call("a", "p")]);
            let output = BatchOutput {
                state: payload("1"),
                results: Vec::from([Ok(None)]),
                actions: Vec::from([action]),
            };
            let text = kept.run(2, 9, Ok(output));
            assert!(text.contains("InvalidAction") && text.contains("state None"), "{text}");
        }
    }

    #[test]
    fn a_state_that_is_too_large_is_not_taken() {
        let mut kept = Kept::new();
        kept.limits.payload_bytes = 4;
        kept.take(1, [call("a", "p"), call("b", "p")]);
        insta::assert_snapshot!(kept.run(2, 1, state("12345", 1)), @r#"
        > Send { target: "p", message: EntityOperationFailed { request_id: "a", failure: Failure { error_type: "LimitExceeded", message: "the state of an entity: 5 bytes, where at most 4 are allowed", non_retriable: true } } }
        = state None, lock None, backlog 1, runnable ["b"]
        "#);
        insta::assert_snapshot!(kept.run(2, 1, state("1234", 1)), @r#"
        > Send { target: "p", message: EntityOperationCompleted { request_id: "b", output: Some(r) } }
        = state Some("1234"), lock None, backlog 0, runnable []
        "#);
    }

    #[test]
    fn signals_for_later() {
        let mut kept = Kept::new();
        insta::assert_snapshot!(kept.take(1, [operation("later", None, Some(at(60))), operation("sooner", None, Some(at(30))), signal("now")]), @r#"= state None, lock None, backlog 3, runnable ["now"]"#);
        assert_eq!(kept.entity.next_wake(), Some(at(30)));
        insta::assert_snapshot!(kept.take(45, []), @r#"= state None, lock None, backlog 3, runnable ["now", "sooner"]"#);
        insta::assert_snapshot!(kept.take(60, [operation("past", None, Some(at(50)))]), @r#"= state None, lock None, backlog 4, runnable ["now", "sooner", "past", "later"]"#);
        assert_eq!(kept.entity.next_wake(), None);
    }

    #[test]
    fn a_locked_entity_works_for_its_holder_alone() {
        let mut kept = Kept::new();
        kept.take(
            1,
            [call("before", "q"), lock("s", "p", 1), call("other", "q"), call("mine", "p"), signal("x")],
        );
        insta::assert_snapshot!(kept.run(2, 9, state("1", 1)), @r#"
        > Send { target: "q", message: EntityOperationCompleted { request_id: "before", output: Some(r) } }
        > Send { target: "@b@1", message: EntityLock { request: LockRequest { section: "s", lock_set: ["@a@0", "@a@1", "@b@1"], position: 2, holder: Caller { instance: "p", execution: g1 } } } }
        = state Some("1"), lock Some("s"), backlog 3, runnable ["mine"]
        "#);
        insta::assert_snapshot!(kept.take(3, [lock("t", "q", 2), call("late", "r")]), @r#"= state Some("1"), lock Some("s"), backlog 5, runnable ["mine"]"#);
        insta::assert_snapshot!(kept.run(4, 9, state("2", 1)), @r#"
        > Send { target: "p", message: EntityOperationCompleted { request_id: "mine", output: Some(r) } }
        = state Some("2"), lock Some("s"), backlog 4, runnable []
        "#);
        insta::assert_snapshot!(kept.take(5, [unlock("u"), unlock("s")]), @r#"
        discarded: NotLocked
        = state Some("2"), lock None, backlog 4, runnable ["other", "x"]
        "#);
        insta::assert_snapshot!(kept.run(6, 9, state("3", 2)), @r#"
        > Send { target: "q", message: EntityOperationCompleted { request_id: "other", output: Some(r) } }
        > Send { target: "q", message: EntityLockGranted { section: "t", lock_set: ["@a@0", "@a@1", "@b@1"] } }
        = state Some("3"), lock Some("t"), backlog 1, runnable []
        "#);
        insta::assert_snapshot!(kept.take(7, [unlock("t")]), @r#"= state Some("3"), lock None, backlog 1, runnable ["late"]"#);
    }

    #[test]
    fn a_lock_that_nobody_wants_any_more_is_not_given() {
        let mut kept = Kept::new();
        kept.take(1, [lock("s", "p", 0), lock("t", "q", 0), lock("u", "r", 2)]);
        insta::assert_snapshot!(kept.take(2, [unlock("t"), unlock("s")]), @r#"
        > Send { target: "r", message: EntityLockGranted { section: "u", lock_set: ["@a@0", "@a@1", "@b@1"] } }
        = state None, lock Some("u"), backlog 0, runnable []
        "#);
        let grant =
            Message::EntityLockGranted { section: "u".into(), lock_set: Vec::from([id("@a@1"), id("@b@1")]) };
        assert_eq!(grant.clone().when_discarded(Discard::AlreadyHeld), []);
        assert_eq!(grant.when_discarded(Discard::NoInstance).len(), 2);
        assert_eq!(signal("a").when_discarded(Discard::NoInstance), []);
    }

    #[test]
    fn as_much_may_wait_as_is_allowed() {
        let mut kept = Kept::new();
        kept.limits.pending_messages = 2;
        insta::assert_snapshot!(kept.take(1, [signal("a"), call("b", "p"), signal("c"), call("d", "q")]), @r#"
        discarded: InboxFull
        discarded: InboxFull
        > Send { target: "q", message: EntityOperationFailed { request_id: "d", failure: Failure { error_type: "EntityOverloaded", message: "the entity @a@1 has as many operations waiting as it may" } } }
        = state None, lock None, backlog 2, runnable ["a", "b"]
        "#);
    }

    #[test]
    fn what_is_not_for_entities() {
        let mut kept = Kept::new();
        insta::assert_snapshot!(kept.take(1, [Message::Wake, Message::Suspend { reason: None }]), @r#"
        discarded: NothingDue
        discarded: NotForEntities
        = state None, lock None, backlog 0, runnable []
        "#);
    }

    #[test]
    fn batches_are_bounded_by_what_they_carry() {
        let mut kept = Kept::new();
        kept.take(1, ["a", "b", "c"].map(signal));
        let runnable = |most, bytes| kept.entity.runnable(most, bytes).count();
        assert_eq!(
            [runnable(9, 100), runnable(2, 100), runnable(9, 4), runnable(9, 5), runnable(9, 0)],
            [3, 2, 2, 2, 1]
        );
    }
}
