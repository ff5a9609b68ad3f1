//! A driver for random lives, an orchestrator made of arithmetic, and the checks of the promises.

mod checks;
mod script;

use partita_kernel::codec::Wire;
use partita_kernel::history::{effective, turns};
use partita_kernel::message::Start;
use partita_kernel::replay::check_turn;
use partita_kernel::turn::{Begun, Next};
use partita_kernel::{
    Admission, Command, Decision, Effect, Event, EventKind, ExecutionId, Failure, Instance, InstanceId,
    Limits, Message, Phase, Status, Tags, Timestamp, Turn, rewind,
};
use proptest::prelude::*;
use script::Script;
use std::collections::BTreeSet;

/// One thing that happens to an instance.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    seconds: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Turn(Vec<Sent>),
    Hold(Vec<Sent>),
    Rewind,
}

/// A message, in terms of what the instance waits for just then.
#[derive(Clone, Debug)]
enum Sent {
    Answer {
        nth: usize,
        fails: bool,
    },
    Again {
        nth: usize,
    },
    Stale {
        nth: usize,
    },
    Unknown {
        id: i32,
        of_child: bool,
    },
    /// An entity answers.
    Operated {
        nth: usize,
        fails: bool,
    },
    /// A critical section may begin.
    Granted {
        nth: usize,
    },
    Event(u8),
    Suspend,
    Resume,
    Terminate(bool),
    Rewind,
    Wake,
}

/// Lives of some length, some of which begin with an appointment.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let sent = prop_oneof![
        8 => (0_usize..8, prop::bool::weighted(0.3)).prop_map(|(nth, fails)| Sent::Answer { nth, fails }),
        2 => (0_usize..50).prop_map(|nth| Sent::Again { nth }),
        1 => (0_usize..8).prop_map(|nth| Sent::Stale { nth }),
        1 => (-2..40, any::<bool>()).prop_map(|(id, of_child)| Sent::Unknown { id, of_child }),
        4 => (0_usize..4, prop::bool::weighted(0.3)).prop_map(|(nth, fails)| Sent::Operated { nth, fails }),
        3 => (0_usize..4).prop_map(|nth| Sent::Granted { nth }),
        4 => any::<u8>().prop_map(Sent::Event),
        1 => Just(Sent::Suspend),
        2 => Just(Sent::Resume),
        1 => any::<bool>().prop_map(Sent::Terminate),
        1 => Just(Sent::Rewind),
        2 => Just(Sent::Wake),
    ];
    let sent = prop::collection::vec(sent, 0..4);
    let what = prop_oneof![
        12 => sent.clone().prop_map(What::Turn),
        2 => sent.prop_map(What::Hold),
        4 => Just(What::Rewind),
    ];
    let step = (-2_i64..8, what).prop_map(|(seconds, what)| Step { seconds, what });
    prop::collection::vec(step, 1..40)
}

/// Everything that ever came of a life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) instance: Instance,
    pub(crate) history: Vec<Event>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) generations: u32,
    /// What was kept for later turns, whether or not it still is.
    pub(crate) held: usize,
    admissions: Vec<Admission>,
    /// Numbers of the external events that were acknowledged and not handed on by continue-as-new.
    owed: Vec<String>,
    sent: Vec<Message>,
    now: i64,
    fresh: u128,
}

/// Lives a life through and checks every promise after every step.
pub(crate) fn check_life(seed: u64, steps: &[Step]) -> Life {
    let mut life = Life::accepted(seed);
    let limits = Limits {
        outstanding: 12,
        history_events: 400,
        commands: 6,
        pending_messages: 3,
        ..Limits::default()
    };
    for step in steps {
        life.now = (life.now + step.seconds).max(0);
        match &step.what {
            What::Turn(sent) => life.turn(seed, sent, &limits),
            What::Hold(sent) => life.hold(sent, &limits),
            What::Rewind => life.rewind(),
        }
        checks::promises(&life, seed);
    }
    life
}

impl Life {
    fn accepted(seed: u64) -> Self {
        let start = Start {
            name: "flow".into(),
            version: None,
            input: None,
            execution: ExecutionId(1),
            parent: None,
            scheduled_at: seed.is_multiple_of(5).then_some(Timestamp(10_000_000_000)),
            tags: Tags::new(),
            trace: None,
            replaceable: Vec::new(),
        };
        Self {
            instance: Instance::create(InstanceId::trusted("i"), start, Timestamp(0)),
            history: Vec::new(),
            effects: Vec::new(),
            generations: 1,
            held: 0,
            admissions: Vec::new(),
            owed: Vec::new(),
            sent: Vec::new(),
            now: 0,
            fresh: 1,
        }
    }

    fn at(&self) -> Timestamp {
        Timestamp(self.now * 1_000_000_000)
    }

    fn fresh(&mut self) -> ExecutionId {
        self.fresh += 1;
        ExecutionId(self.fresh)
    }

    fn turn(&mut self, seed: u64, sent: &[Sent], limits: &Limits) {
        let inbox = self.messages(sent);
        let begun = Turn::begin(self.instance.clone(), inbox.clone(), self.at(), limits);
        self.note(&inbox, &begun);
        match begun.next {
            Next::Run(turn) => self.run(seed, turn),
            Next::Settled(decision) => self.take(decision),
            Next::Unchanged(instance) => assert_eq!(instance, self.instance, "nothing changed"),
        }
    }

    /// The executor is rebuilt from the history before each turn, and so proves that it can be.
    fn run(&mut self, seed: u64, turn: Turn) {
        let due = turn.instance().state.timers.next();
        assert!(due.is_none_or(|at| at > turn.now()), "P5: every timer that is due has fired");
        let events = effective(&self.history);
        let mut script = Script::new(seed);
        for recorded in turns(&events) {
            let incoming: Vec<&Event> = recorded.incoming.iter().map(|placed| placed.event).collect();
            let commands = script.turn(&incoming, ExecutionId(0)).commands;
            check_turn(&recorded, &commands).unwrap_or_else(|mismatch| panic!("P6: {mismatch}"));
        }
        let incoming: Vec<&Event> =
            turn.new_events().iter().filter(|event| event.kind.is_incoming()).collect();
        let output = script.turn(&incoming, self.fresh());
        if let Some(Command::ContinueAsNew { carry_over, .. }) = output.commands.last() {
            let carried = carry_over.iter().map(|(_, input)| number(input.as_ref()));
            let carried: Vec<String> = carried.collect();
            let before = std::mem::take(&mut self.owed);
            let decision = turn.finish(output).expect("commands that make sense");
            self.owed = if decision.new_generation { carried } else { before };
            self.take(decision);
        } else {
            let decision = turn.finish(output).expect("commands that make sense");
            self.take(decision);
        }
    }

    fn hold(&mut self, sent: &[Sent], limits: &Limits) {
        let inbox = self.messages(sent);
        let begun = Turn::hold(self.instance.clone(), inbox.clone(), self.at(), limits);
        self.note(&inbox, &begun);
        match begun.next {
            Next::Run(_) => panic!("an instance that is held does not run"),
            Next::Settled(decision) => self.take(decision),
            Next::Unchanged(instance) => assert_eq!(instance, self.instance, "nothing changed"),
        }
        self.held += self.instance.state.pending.len();
    }

    fn rewind(&mut self) {
        let execution = self.fresh();
        let failed = self.instance.status() == Status::Failed;
        match rewind::rewind(self.instance.clone(), &self.history, None, execution, self.at()) {
            Ok(decision) => {
                assert!(failed);
                self.take(decision);
            }
            Err(refused) => assert!(!failed && refused.0 == self.instance),
        }
    }

    fn note(&mut self, inbox: &[Message], begun: &Begun) {
        assert_eq!(begun.admissions.len(), inbox.len());
        for (message, admission) in inbox.iter().zip(&begun.admissions) {
            assert_eq!(Message::from_bytes(&message.to_bytes()).as_ref(), Ok(message));
            checks::admission(&self.instance.state, message, admission);
            if let (Message::EventRaised { input, .. }, Admission::Admitted) = (message, admission) {
                self.owed.push(number(input.as_ref()));
            }
        }
        self.admissions.extend(begun.admissions.iter().cloned());
        self.sent.extend(inbox.iter().cloned());
    }

    fn take(&mut self, decision: Decision) {
        checks::decision(self, &decision);
        if decision.new_generation {
            self.history.clear();
            self.generations += 1;
        }
        self.history.extend(decision.events);
        self.effects.extend(decision.effects);
        self.instance = decision.instance;
    }

    fn messages(&self, sent: &[Sent]) -> Vec<Message> {
        sent.iter().enumerate().filter_map(|(place, sent)| self.message(sent, place)).collect()
    }

    fn message(&self, sent: &Sent, place: usize) -> Option<Message> {
        Some(match sent {
            Sent::Answer { nth, fails } => {
                let (id, execution, of_child) = self.outstanding(*nth)?;
                answer(id, execution, of_child, *fails)
            }
            Sent::Again { nth } => self.sent.get(*nth).filter(|message| !is_event(message))?.clone(),
            Sent::Stale { nth } => {
                let (id, _, of_child) = self.outstanding(*nth)?;
                answer(id, ExecutionId(u128::MAX), of_child, false)
            }
            Sent::Unknown { id, of_child } => answer(*id, self.instance.head.execution, *of_child, false),
            Sent::Operated { nth, fails } => {
                let request_id = self.instance.state.requests.keys().nth(*nth)?.clone();
                match fails {
                    false => Message::EntityOperationCompleted { request_id, output: None },
                    true => Message::EntityOperationFailed {
                        request_id,
                        failure: Box::new(Failure::new("E", "broke")),
                    },
                }
            }
            Sent::Granted { nth } => {
                let (section, asked) = self.instance.state.sections.iter().nth(*nth)?;
                let (section, lock_set) = (section.clone(), asked.entities.clone());
                Message::EntityLockGranted { section, lock_set }
            }
            Sent::Event(name) => Message::EventRaised {
                name: format!("e{}", name % 4).into(),
                input: Some(format!("{}.{place}.{name}", self.sent.len()).into()),
            },
            Sent::Suspend => Message::Suspend { reason: None },
            Sent::Resume => Message::Resume { reason: None },
            Sent::Terminate(recurse) => Message::Terminate { output: None, recurse: *recurse },
            Sent::Rewind => Message::Rewind { reason: None, otherwise: None },
            Sent::Wake => Message::Wake,
        })
    }

    /// The nth thing that the instance waits for.
    fn outstanding(&self, nth: usize) -> Option<(i32, ExecutionId, bool)> {
        let state = &self.instance.state;
        let tasks = state.tasks.iter().map(|(id, task)| (*id, task.execution, false));
        let children = state.children.iter().map(|(id, child)| (*id, child.execution, true));
        tasks.chain(children).nth(nth)
    }
}

fn is_event(message: &Message) -> bool {
    matches!(message, Message::EventRaised { .. })
}

fn answer(task_id: i32, execution: ExecutionId, of_child: bool, fails: bool) -> Message {
    let failure = || Box::new(Failure::new("E", "broke"));
    match (of_child, fails) {
        (false, false) => Message::TaskCompleted { task_id, execution, result: None },
        (false, true) => Message::TaskFailed { task_id, execution, failure: failure() },
        (true, false) => Message::SubOrchestrationCompleted { task_id, execution, result: None },
        (true, true) => Message::SubOrchestrationFailed { task_id, execution, failure: failure() },
    }
}

fn number(input: Option<&partita_kernel::Payload>) -> String {
    input.map(|input| input.as_str().to_owned()).unwrap_or_default()
}

/// Where lives have been.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<String>);

impl Seen {
    pub(crate) fn note(&mut self, life: &Life) {
        self.0.extend(life.history.iter().map(|event| event.kind.kind().to_owned()));
        self.0.extend(life.admissions.iter().map(|admission| match admission {
            Admission::Admitted => "admitted".to_owned(),
            Admission::Discarded(rule) => format!("{rule:?}").split('(').next().unwrap_or("").to_owned(),
        }));
        self.0.insert(format!("ended {}", life.instance.status()));
        if life.generations > 1 {
            self.0.insert("continued as new".into());
        }
        if life.held > 0 {
            self.0.insert("held".into());
        }
        if let Phase::Finished { failure: Some(failure), .. } = &life.instance.state.phase {
            self.0.insert(format!("failed {}", failure.error_type));
        }
        let rewinds =
            life.history.iter().filter(|event| matches!(event.kind, EventKind::ExecutionRewound { .. }));
        if rewinds.count() > 1 {
            self.0.insert("rewound twice".into());
        }
    }

    pub(crate) fn check(&self) {
        let wanted = [
            "TaskScheduled",
            "TaskCompleted",
            "TaskFailed",
            "SubOrchestrationCreated",
            "SubOrchestrationCompleted",
            "SubOrchestrationFailed",
            "TimerCreated",
            "TimerFired",
            "EventSent",
            "EntityOperationCalled",
            "EntityOperationCompleted",
            "EntityOperationFailed",
            "EntityLockRequested",
            "EntityLockGranted",
            "EntityUnlockSent",
            "AlreadyHeld",
            "EventRaised",
            "OperationCanceled",
            "ExecutionSuspended",
            "ExecutionResumed",
            "ExecutionTerminated",
            "ExecutionRewound",
            "admitted",
            "NotOutstanding",
            "Finished",
            "AlreadySuspended",
            "NotSuspended",
            "NotFailed",
            "NothingDue",
            "InboxFull",
            "ended Completed",
            "ended Failed",
            "ended Terminated",
            "ended Running",
            "ended Suspended",
            "continued as new",
            "held",
            "rewound twice",
            "failed E",
            "failed LimitExceeded",
        ];
        let missing: Vec<_> = wanted.iter().filter(|wanted| !self.0.contains(**wanted)).collect();
        assert!(missing.is_empty(), "no life went there: {missing:?}");
    }
}
