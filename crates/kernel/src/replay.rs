//! Proof that code reproduces the commands that a history records.

use crate::command::Command;
use crate::event::{Event, EventKind};
use crate::history::RecordedTurn;
use crate::limits::LIMIT_EXCEEDED;
use crate::value::{Failure, Payload};
use alloc::{format, string::String};
use core::fmt;

/// The code asked for something else than the history records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The index in the recorded history at which the two part.
    pub index: usize,
    /// What the history records there.
    pub recorded: String,
    /// What the code asks for.
    pub asked: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the orchestrator does not repeat its history at event {}: the history records {}; the code now asks for \
             {}. An orchestrator must make the same requests in the same order whenever it is replayed: put what \
             changes (time, randomness, I/O, configuration) into activities or the context's own functions, and \
             give changed code a new version while old instances run",
            self.index, self.recorded, self.asked
        )
    }
}
impl core::error::Error for Mismatch {}

impl From<&Mismatch> for Failure {
    fn from(mismatch: &Mismatch) -> Self {
        Self::new("NonDeterminism", format!("{mismatch}")).non_retriable()
    }
}

/// Compares what the code asks for in one replayed turn with what was recorded. A turn that the kernel
/// itself ended (somebody terminated the instance, or the code asked for more than the limits allow) does
/// not record what the code asked for; nothing is compared then.
///
/// # Errors
/// Shows both sides at the first difference.
pub fn check_turn(turn: &RecordedTurn<'_>, commands: &[Command]) -> Result<(), Mismatch> {
    if ended_by_the_kernel(turn) {
        return Ok(());
    }
    let last = turn.outgoing.last().or(turn.incoming.last()).unwrap_or(&turn.started);
    let end = turn.completed.map_or(last.index + 1, |placed| placed.index);
    let asked = commands.iter().filter(|command| !matches!(command, Command::Complete { .. }));
    let mut recorded = turn.outgoing.iter();
    for command in asked {
        match recorded.next() {
            Some(placed) if records(placed.event, command) => {}
            Some(placed) => {
                return Err(Mismatch {
                    index: placed.index,
                    recorded: describe_event(placed.event),
                    asked: describe_command(command),
                });
            }
            None => {
                let index = turn.outgoing.last().map_or(end, |placed| placed.index + 1);
                return Err(Mismatch {
                    index,
                    recorded: "nothing more in this turn".into(),
                    asked: describe_command(command),
                });
            }
        }
    }
    match recorded.next() {
        None => check_end(turn, commands, end),
        Some(placed) => Err(Mismatch {
            index: placed.index,
            recorded: describe_event(placed.event),
            asked: commands.last().map_or_else(
                || "nothing more in this turn".into(),
                |last| match last {
                    Command::Complete { .. } => describe_command(last),
                    _ => "nothing more in this turn".into(),
                },
            ),
        }),
    }
}

fn ended_by_the_kernel(turn: &RecordedTurn<'_>) -> bool {
    let Some(EventKind::ExecutionCompleted { failure, .. }) = turn.completed.map(|end| &end.event.kind)
    else {
        return false;
    };
    let terminated =
        turn.incoming.iter().any(|placed| matches!(placed.event.kind, EventKind::ExecutionTerminated { .. }));
    terminated || failure.as_ref().is_some_and(|failure| &*failure.error_type == LIMIT_EXCEEDED)
}

fn check_end(turn: &RecordedTurn<'_>, commands: &[Command], index: usize) -> Result<(), Mismatch> {
    let ends = commands.iter().find(|command| matches!(command, Command::Complete { .. }));
    match (turn.completed, ends) {
        (None, Some(command)) => Err(Mismatch {
            index,
            recorded: "that the orchestrator goes on".into(),
            asked: describe_command(command),
        }),
        (Some(placed), None) => Err(Mismatch {
            index,
            recorded: describe_event(placed.event),
            asked: "nothing: it goes on waiting".into(),
        }),
        (Some(placed), Some(command)) if !ends_alike(placed.event, command) => {
            Err(Mismatch { index, recorded: describe_event(placed.event), asked: describe_command(command) })
        }
        _ => Ok(()),
    }
}

fn ends_alike(event: &Event, command: &Command) -> bool {
    matches!(
        (&event.kind, command),
        (EventKind::ExecutionCompleted { status, .. }, Command::Complete { status: asked, .. })
            if status == asked
    )
}

/// Whether an event is the record of a command. Inputs may differ: a changed input is still the same
/// request, as in every Durable Task SDK.
fn records(event: &Event, command: &Command) -> bool {
    match (&event.kind, command) {
        (EventKind::TaskScheduled { name, .. }, Command::ScheduleTask { id, name: asked, .. }) => {
            event.id == *id && name == asked
        }
        (
            EventKind::SubOrchestrationCreated { name, instance, .. },
            Command::CreateSubOrchestration { id, name: asked, instance: wanted, .. },
        ) => event.id == *id && name == asked && wanted.as_ref().is_none_or(|wanted| wanted == instance),
        (EventKind::TimerCreated { .. }, Command::CreateTimer { id, .. }) => event.id == *id,
        (
            EventKind::EventSent { target, name, .. },
            Command::SendEvent { id, target: wanted, name: asked, .. },
        ) => event.id == *id && target == wanted && name.eq_ignore_ascii_case(asked),
        (EventKind::OperationCanceled { task_id }, Command::Cancel { id, task_id: asked }) => {
            event.id == *id && task_id == asked
        }
        (recorded, Command::Entity { id, fact }) => event.id == *id && recorded.kind() == fact.kind(),
        _ => false,
    }
}

fn describe_event(event: &Event) -> String {
    let id = event.id;
    match &event.kind {
        EventKind::TaskScheduled { name, input, .. } => {
            format!("the call {id} of activity {name:?}{}", shown(input))
        }
        EventKind::SubOrchestrationCreated { name, instance, .. } => {
            format!("the sub-orchestration {id} of {name:?} as {instance:?}")
        }
        EventKind::TimerCreated { .. } => format!("the timer {id}"),
        EventKind::EventSent { target, name, .. } => format!("the event {name:?} sent to {target:?} as {id}"),
        EventKind::OperationCanceled { task_id } => format!("that it gave up on {task_id}, as {id}"),
        EventKind::ExecutionCompleted { status, .. } => format!("that the orchestrator ended as {status}"),
        other => format!("{} {id}", other.kind()),
    }
}

fn describe_command(command: &Command) -> String {
    match command {
        Command::ScheduleTask { id, name, input, .. } => {
            format!("the call {id} of activity {name:?}{}", shown(input))
        }
        Command::CreateSubOrchestration { id, name, instance, .. } => match instance {
            Some(instance) => format!("the sub-orchestration {id} of {name:?} as {instance:?}"),
            None => format!("the sub-orchestration {id} of {name:?}"),
        },
        Command::CreateTimer { id, .. } => format!("the timer {id}"),
        Command::SendEvent { id, target, name, .. } => {
            format!("the event {name:?} sent to {target:?} as {id}")
        }
        Command::Cancel { id, task_id } => format!("giving up on {task_id}, as {id}"),
        Command::Entity { id, fact } => format!("{} {id}", fact.kind()),
        Command::Complete { status, .. } => format!("its end as {status}"),
        Command::ContinueAsNew { .. } => "to continue as new".into(),
    }
}

/// The start of an input, for an error's text.
fn shown(input: &Option<Payload>) -> String {
    match input {
        None => String::new(),
        Some(input) => {
            let text: String = input.as_str().chars().take(80).collect();
            let more = if text.len() < input.len() { "…" } else { "" };
            format!(" with {text}{more}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use crate::history::{effective, turns};
    use crate::testkit::*;
    use alloc::{boxed::Box, string::ToString, vec::Vec};

    /// Compares what the last recorded turn of a life asked for with `commands`.
    fn replayed(life: &Life, commands: &[Command]) -> Result<(), Mismatch> {
        let events = effective(&life.history);
        check_turn(turns(&events).last().expect("a turn"), commands)
    }

    fn mismatch(recorded: impl Into<Vec<Command>>, asked: impl Into<Vec<Command>>) -> String {
        let found = replayed(&Life::begun(recorded), &asked.into()).expect_err("they differ");
        let text = found.to_string();
        assert!(text.ends_with(
            "An orchestrator must make the same requests in the same order whenever it is replayed: put what changes \
             (time, randomness, I/O, configuration) into activities or the context's own functions, and give changed \
             code a new version while old instances run"
        ));
        alloc::format!("{}: {} / {}", found.index, found.recorded, found.asked)
    }

    fn entity(id: i32, fact: EventKind) -> Command {
        Command::Entity { id, fact: Box::new(fact) }
    }

    fn signaled() -> EventKind {
        EventKind::EntityOperationSignaled {
            request_id: "r".into(),
            operation: "add".into(),
            scheduled_at: None,
            input: None,
            target: Some(id("@a@1")),
        }
    }

    fn unlocked() -> EventKind {
        EventKind::EntityUnlockSent { section: "s".into(), parent: None, target: Some(id("@a@1")) }
    }

    fn with_input(input: &str) -> Command {
        match task(0, "a") {
            Command::ScheduleTask { id, name, version, tags, trace, .. } => {
                Command::ScheduleTask { id, name, version, input: payload(input), tags, trace }
            }
            other => other,
        }
    }

    #[test]
    fn the_same_requests_are_the_same() {
        let commands = || {
            Vec::from([
                task(0, "a"),
                child(1, "c"),
                timer(2, 9),
                send(3, "o"),
                cancel(4, 0),
                entity(5, signaled()),
                complete("1"),
            ])
        };
        assert_eq!(replayed(&Life::begun(commands()), &commands()), Ok(()));
        assert_eq!(replayed(&Life::begun([]), &[]), Ok(()));
    }

    #[test]
    fn inputs_and_due_times_may_differ() {
        assert_eq!(replayed(&Life::begun([with_input("1")]), &[with_input("2")]), Ok(()));
        assert_eq!(replayed(&Life::begun([timer(0, 5)]), &[timer(0, 6)]), Ok(()));
        assert_eq!(replayed(&Life::begun([complete("1")]), &[complete("2")]), Ok(()));
    }

    #[test]
    fn the_whole_text_shows_both_sides_the_place_and_what_to_do() {
        let found = replayed(&Life::begun([task(0, "charge")]), &[task(0, "refund")]).expect_err("differ");
        insta::assert_snapshot!(found, @r#"the orchestrator does not repeat its history at event 2: the history records the call 0 of activity "charge"; the code now asks for the call 0 of activity "refund". An orchestrator must make the same requests in the same order whenever it is replayed: put what changes (time, randomness, I/O, configuration) into activities or the context's own functions, and give changed code a new version while old instances run"#);
        let failure = Failure::from(&found);
        assert_eq!(&*failure.error_type, "NonDeterminism");
        assert!(failure.non_retriable);
    }

    #[test]
    fn activities() {
        insta::assert_snapshot!(mismatch([task(0, "a")], [task(0, "b")]), @r#"2: the call 0 of activity "a" / the call 0 of activity "b""#);
        insta::assert_snapshot!(mismatch([task(0, "a")], [task(1, "a")]), @r#"2: the call 0 of activity "a" / the call 1 of activity "a""#);
        insta::assert_snapshot!(mismatch([with_input("1")], [timer(0, 5)]), @r#"2: the call 0 of activity "a" with 1 / the timer 0"#);
        insta::assert_snapshot!(mismatch([task(0, "a"), task(1, "b")], [task(0, "a")]), @r#"3: the call 1 of activity "b" / nothing more in this turn"#);
        insta::assert_snapshot!(mismatch([task(0, "a")], [task(0, "a"), task(1, "b")]), @r#"3: nothing more in this turn / the call 1 of activity "b""#);
        insta::assert_snapshot!(mismatch([], [with_input(&"ä".repeat(90))]), @r#"2: nothing more in this turn / the call 0 of activity "a" with ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää…"#);
    }

    #[test]
    fn sub_orchestrations() {
        insta::assert_snapshot!(mismatch([child(0, "c")], [child(0, "d")]), @r#"2: the sub-orchestration 0 of "sub" as "c" / the sub-orchestration 0 of "sub" as "d""#);
        insta::assert_snapshot!(mismatch([child(0, "c")], [child(1, "c")]), @r#"2: the sub-orchestration 0 of "sub" as "c" / the sub-orchestration 1 of "sub" as "c""#);
        let unnamed = Command::CreateSubOrchestration {
            id: 0,
            instance: None,
            name: "other".into(),
            version: None,
            input: None,
            tags: crate::Tags::new(),
            trace: None,
            detached: false,
        };
        insta::assert_snapshot!(mismatch([child(0, "c")], [unnamed]), @r#"2: the sub-orchestration 0 of "sub" as "c" / the sub-orchestration 0 of "other""#);
    }

    #[test]
    fn timers_events_and_cancellations() {
        insta::assert_snapshot!(mismatch([timer(0, 5)], [timer(1, 5)]), @"2: the timer 0 / the timer 1");
        insta::assert_snapshot!(mismatch([send(0, "o")], [send(0, "p")]), @r#"2: the event "ping" sent to "o" as 0 / the event "ping" sent to "p" as 0"#);
        insta::assert_snapshot!(mismatch([task(0, "a"), cancel(1, 0)], [task(0, "a"), cancel(1, 1)]), @"3: that it gave up on 0, as 1 / giving up on 1, as 1");
    }

    #[test]
    fn entities() {
        insta::assert_snapshot!(mismatch([entity(0, signaled())], [entity(0, unlocked())]), @"2: EntityOperationSignaled 0 / EntityUnlockSent 0");
    }

    #[test]
    fn ends() {
        insta::assert_snapshot!(mismatch([complete("1")], []), @"3: that the orchestrator ended as Completed / nothing: it goes on waiting");
        insta::assert_snapshot!(mismatch([], [complete("1")]), @"2: that the orchestrator goes on / its end as Completed");
        insta::assert_snapshot!(mismatch([complete("1")], [fail("broke")]), @"3: that the orchestrator ended as Completed / its end as Failed");
        insta::assert_snapshot!(mismatch([task(0, "a"), complete("1")], [complete("1")]), @r#"2: the call 0 of activity "a" / its end as Completed"#);
        insta::assert_snapshot!(mismatch([task(0, "a")], [complete("1")]), @r#"2: the call 0 of activity "a" / its end as Completed"#);
        insta::assert_snapshot!(mismatch([], [again(2, &[])]), @"2: nothing more in this turn / to continue as new");
        insta::assert_snapshot!(mismatch([task(0, "a")], [again(2, &[])]), @r#"2: the call 0 of activity "a" / to continue as new"#);
    }

    #[test]
    fn names_of_events_are_compared_without_case() {
        let event =
            |name: &str| Command::SendEvent { id: 0, target: id("o"), name: name.into(), input: None };
        assert_eq!(replayed(&Life::begun([event("Ping")]), &[event("pING")]), Ok(()));
    }

    #[test]
    fn what_the_kernel_ended_by_itself_is_not_compared() {
        let terminated = Life::begun([task(0, "a")]).then(2, [done(0, 1), terminate(false)], []);
        assert_eq!(replayed(&terminated, &[task(1, "b")]), Ok(()));
        let mut life = Life::accepted();
        life.limits.commands = 1;
        life.turn(1, [], [task(0, "a"), task(1, "b")]);
        assert_eq!(life.instance.status(), Status::Failed);
        assert_eq!(replayed(&life, &[task(0, "a"), task(1, "b")]), Ok(()));
    }
}
