//! An orchestrator made of arithmetic: what it asks for follows from what it was told, and from nothing else.

use partita_kernel::{
    Command, CustomStatus, Event, EventKind, ExecutionId, Failure, InstanceId, Name, Payload, Status, Tags,
    Timestamp, TurnOutput,
};

pub(crate) struct Script {
    chaos: u64,
    next_id: i32,
    suspended: bool,
    /// What came while it was suspended.
    waiting: Vec<Event>,
    /// Critical sections that it is in.
    sections: Vec<Name>,
    /// External events that it did not take.
    untaken: Vec<(Name, Option<Payload>)>,
    over: bool,
}

impl Script {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            chaos: seed,
            next_id: 0,
            suspended: false,
            waiting: Vec::new(),
            sections: Vec::new(),
            untaken: Vec::new(),
            over: false,
        }
    }

    /// One turn: what it was told, and the generation to use should it begin again.
    pub(crate) fn turn(&mut self, incoming: &[&Event], fresh: ExecutionId) -> TurnOutput {
        let mut commands = Vec::new();
        for event in incoming {
            match &event.kind {
                EventKind::ExecutionSuspended { .. } => self.suspended = true,
                EventKind::ExecutionResumed { .. } => {
                    self.suspended = false;
                    for event in std::mem::take(&mut self.waiting) {
                        self.take(&event, fresh, &mut commands);
                    }
                }
                _ if self.suspended => self.waiting.push((*event).clone()),
                _ => self.take(event, fresh, &mut commands),
            }
        }
        let progress = Some(format!("{:x}", self.chaos).into());
        TurnOutput { commands, custom_status: CustomStatus::Set(progress), waiting_for: Vec::new() }
    }

    fn take(&mut self, event: &Event, fresh: ExecutionId, commands: &mut Vec<Command>) {
        self.mix(event);
        if let EventKind::EventRaised { name, input } = &event.kind {
            self.untaken.push((name.clone(), input.clone()));
        }
        if let EventKind::EntityLockGranted { section } = &event.kind {
            self.sections.push(section.clone());
        }
        if self.over {
            return;
        }
        let asked = match event.kind {
            EventKind::ExecutionStarted { .. } => 1 + self.draw(4),
            _ => self.draw(3),
        };
        for _ in 0..asked {
            let command = self.ask(event.at);
            commands.push(command);
        }
        self.end(event, fresh, commands);
    }

    fn ask(&mut self, now: Timestamp) -> Command {
        let id = self.next_id;
        self.next_id += 1 + i32::from(self.draw(9) == 0);
        let (tags, drawn) = (Tags::new(), self.draw(100));
        let name: Name = format!("n{}", drawn % 3).into();
        match self.draw(16) {
            12..14 => entity(id, called(id)),
            14 => entity(id, lock_of(id)),
            15 if !self.sections.is_empty() => {
                let section = self.sections.remove(0);
                entity(id, EventKind::EntityUnlockSent { section, parent: None, target: Some(counter("b")) })
            }
            0..5 => Command::ScheduleTask { id, name, version: None, input: None, tags, trace: None },
            5..7 => Command::CreateSubOrchestration {
                id,
                instance: (drawn % 2 == 0).then(|| InstanceId::trusted(&format!("c{drawn}"))),
                name,
                version: None,
                input: None,
                tags,
                trace: None,
                detached: drawn % 5 == 0,
            },
            7..9 => {
                let seconds = i64::try_from(drawn).unwrap_or(0) / 8 - 2;
                Command::CreateTimer { id, fire_at: Timestamp(now.0 + seconds * 1_000_000_000) }
            }
            9 => Command::SendEvent { id, target: InstanceId::trusted("other"), name, input: None },
            _ => {
                let earlier = i32::try_from(self.draw(8)).unwrap_or(0);
                Command::Cancel { id, task_id: id - 1 - earlier }
            }
        }
    }

    fn end(&mut self, event: &Event, fresh: ExecutionId, commands: &mut Vec<Command>) {
        let failed = matches!(
            event.kind,
            EventKind::TaskFailed { .. }
                | EventKind::SubOrchestrationFailed { .. }
                | EventKind::EntityOperationFailed { .. }
        );
        let failure = Some(Box::new(Failure::new("E", "broke")));
        let command = match self.draw(40) {
            0 => Command::Complete { status: Status::Completed, result: None, failure: None },
            1 => Command::Complete { status: Status::Failed, result: None, failure },
            2..20 if failed => Command::Complete { status: Status::Failed, result: None, failure },
            20..22 => Command::ContinueAsNew {
                input: None,
                version: None,
                carry_over: self.untaken.iter().rev().take(2).rev().cloned().collect(),
                execution: fresh,
            },
            _ => return,
        };
        self.over = true;
        commands.push(command);
    }

    fn mix(&mut self, event: &Event) {
        let text = format!("{:?}", event.kind);
        let told = match event.kind {
            EventKind::ExecutionStarted { .. } => "started", // its generation changes when it is rewound
            _ => &text,
        };
        for byte in told.bytes() {
            self.chaos = (self.chaos ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.chaos ^= self.chaos >> 29;
    }

    /// A number below `bound`.
    fn draw(&mut self, bound: u64) -> u64 {
        self.chaos = self.chaos.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.chaos >> 33) % bound
    }
}

fn entity(id: i32, fact: EventKind) -> Command {
    Command::Entity { id, fact: Box::new(fact) }
}

fn counter(key: &str) -> InstanceId {
    InstanceId::trusted(&format!("@counter@{key}"))
}

fn called(id: i32) -> EventKind {
    EventKind::EntityOperationCalled {
        request_id: format!("r{id}").into(),
        operation: "add".into(),
        scheduled_at: None,
        input: None,
        parent: None,
        parent_execution: None,
        target: Some(counter("a")),
    }
}

fn lock_of(id: i32) -> EventKind {
    let lock_set = Vec::from([counter("b"), counter("a")]);
    EventKind::EntityLockRequested { section: format!("s{id}").into(), lock_set, position: 0, parent: None }
}
