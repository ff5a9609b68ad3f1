//! Every bound there is, in one place, passed in.

use crate::ids::InstanceId;
use crate::value::{Failure, Payload, Tags, Trace};
use core::fmt;

/// The bounds of one task hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one input, output or event.
    pub payload_bytes: usize,
    /// Bytes of a custom status.
    pub custom_status_bytes: usize,
    /// Characters of an instance id.
    pub instance_id_chars: usize,
    /// Characters of the name of a workflow, function or event.
    pub name_chars: usize,
    /// Tags of one instance or call.
    pub tags: usize,
    /// Bytes of one tag, key and value together, and of one trace.
    pub tag_bytes: usize,
    /// Events of one history.
    pub history_events: usize,
    /// Calls, timers and children that one instance may wait for at a time.
    pub outstanding: usize,
    /// Commands of one turn.
    pub commands: usize,
    /// Messages that wait in an instance that cannot run now.
    pub pending_messages: usize,
}

/// The error type of the failure with which an instance ends that asks for more than the limits allow.
pub const LIMIT_EXCEEDED: &str = "LimitExceeded";

/// How many causes one failure may tell, itself included. Not a setting: the stored form can be read only
/// to a fixed depth.
pub const FAILURE_CAUSES: usize = 32;

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes: 6 << 20,
            custom_status_bytes: 16 << 10,
            instance_id_chars: 256,
            name_chars: 256,
            tags: 64,
            tag_bytes: 1024,
            history_events: 200_000,
            outstanding: 50_000,
            commands: 50_000,
            pending_messages: 10_000,
        }
    }
}

/// Something was larger than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitExceeded {
    /// What.
    pub what: &'static str,
    /// How large it is.
    pub size: usize,
    /// How large it may be.
    pub limit: usize,
    /// Of what: bytes, characters, …
    pub unit: &'static str,
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, size, limit, unit } = self;
        write!(f, "{what}: {size} {unit}, where at most {limit} are allowed")
    }
}
impl core::error::Error for LimitExceeded {}

/// Compares a size with its limit.
///
/// # Errors
/// When it is larger.
pub fn at_most(
    what: &'static str,
    unit: &'static str,
    size: usize,
    limit: usize,
) -> Result<(), LimitExceeded> {
    if size <= limit { Ok(()) } else { Err(LimitExceeded { what, size, limit, unit }) }
}

impl Limits {
    pub(crate) fn payload(&self, what: &'static str, payload: Option<&Payload>) -> Result<(), LimitExceeded> {
        at_most(what, "bytes", payload.map_or(0, Payload::len), self.payload_bytes)
    }
    pub(crate) fn name(&self, what: &'static str, name: &str) -> Result<(), LimitExceeded> {
        at_most(what, "characters", name.chars().count(), self.name_chars)
    }
    pub(crate) fn version(&self, version: Option<&str>) -> Result<(), LimitExceeded> {
        version.map_or(Ok(()), |version| self.name("version", version))
    }
    pub(crate) fn instance_id(&self, id: &InstanceId) -> Result<(), LimitExceeded> {
        at_most("instance id", "characters", id.as_str().chars().count(), self.instance_id_chars)
    }
    /// A trace is bounded like a tag.
    pub(crate) fn trace(&self, trace: Option<&Trace>) -> Result<(), LimitExceeded> {
        let bytes = |trace: &Trace| trace.parent.len() + trace.state.as_ref().map_or(0, |state| state.len());
        at_most("the trace", "bytes", trace.map_or(0, bytes), self.tag_bytes)
    }
    pub(crate) fn failure(&self, failure: &Failure) -> Result<(), LimitExceeded> {
        at_most("the causes of a failure", "causes", failure.depth(), FAILURE_CAUSES)?;
        at_most("failure", "bytes", failure.size(), self.payload_bytes)
    }
    pub(crate) fn tags(&self, tags: &Tags) -> Result<(), LimitExceeded> {
        at_most("tags", "tags", tags.len(), self.tags)?;
        let largest = tags.iter().map(|(key, value)| key.len() + value.len()).max().unwrap_or(0);
        at_most("a tag", "bytes", largest, self.tag_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Start;
    use crate::testkit::*;
    use crate::{Command, CustomStatus, Message, Status, TurnOutput};
    use alloc::{boxed::Box, string::String, string::ToString, vec::Vec};

    fn small() -> Limits {
        Limits {
            payload_bytes: 4,
            custom_status_bytes: 4,
            instance_id_chars: 4,
            name_chars: 4,
            tags: 4,
            tag_bytes: 4,
            history_events: 9,
            outstanding: 4,
            commands: 4,
            pending_messages: 4,
        }
    }

    /// The text of a refusal with everything made `size` large, if there is one.
    fn message_at_edge(message: impl Fn(&str) -> Message) -> String {
        for size in [3, 4] {
            assert_eq!(message(&"ä".repeat(size / 2)).check(&small()), Ok(()), "{size} bytes");
            assert_eq!(message(&"x".repeat(size)).check(&small()), Ok(()), "{size} bytes");
        }
        message("xxxxx").check(&small()).expect_err("too large").to_string()
    }

    fn start_with(change: impl Fn(&mut Start)) -> Message {
        let mut start = Start { input: None, ..start() };
        change(&mut start);
        Message::Start { start: Box::new(start) }
    }

    fn trace(text: &str) -> Trace {
        Trace { parent: text.into(), state: None }
    }

    fn tag(text: &str) -> Tags {
        Tags::from([(text.into(), "".into())])
    }

    fn tags(count: usize) -> Tags {
        (0..count).map(|number| (number.to_string().into(), "".into())).collect()
    }

    fn chain(depth: usize) -> Box<Failure> {
        let failure = (1..depth).fold(Failure::new("", ""), |inner, _| Failure::new("", "").caused_by(inner));
        Box::new(failure)
    }

    #[test]
    fn of_starts() {
        insta::assert_snapshot!(message_at_edge(|text| start_with(|start| start.name = text.into())), @"workflow name: 5 characters, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| start_with(|start| start.version = Some(text.into()))), @"version: 5 characters, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| start_with(|start| start.input = payload(text))), @"input: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| start_with(|start| start.trace = Some(trace(text)))), @"the trace: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| start_with(|start| start.tags = tag(text))), @"a tag: 5 bytes, where at most 4 are allowed");
        for (count, fits) in [(3, true), (4, true), (5, false)] {
            assert_eq!(start_with(|start| start.tags = tags(count)).check(&small()).is_ok(), fits);
        }
    }

    #[test]
    fn of_messages() {
        let execution = generation(1);
        insta::assert_snapshot!(message_at_edge(|text| Message::TaskCompleted { task_id: 0, execution, result: payload(text) }), @"result: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| Message::SubOrchestrationCompleted { task_id: 0, execution, result: payload(text) }), @"result: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| Message::EntityOperationCompleted { request_id: "r".into(), output: payload(text) }), @"result: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| Message::EventRaised { name: text.into(), input: None }), @"event name: 5 characters, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| Message::EventRaised { name: "n".into(), input: payload(text) }), @"event data: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| Message::Suspend { reason: payload(text) }), @"reason: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| Message::Resume { reason: payload(text) }), @"reason: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| Message::Rewind { reason: payload(text), otherwise: None }), @"reason: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(message_at_edge(|text| Message::Terminate { output: payload(text), recurse: false }), @"output: 5 bytes, where at most 4 are allowed");
        let failed = |failure| Message::TaskFailed { task_id: 0, execution, failure };
        insta::assert_snapshot!(message_at_edge(|text| failed(Box::new(Failure::new("", text)))), @"failure: 5 bytes, where at most 4 are allowed");
        assert_eq!(Message::Wake.check(&small()), Ok(()));
        let granted = Message::EntityLockGranted { section: "s".into(), lock_set: Vec::new() };
        assert_eq!(granted.check(&small()), Ok(()));
    }

    #[test]
    fn of_causes_which_can_all_be_read_back() {
        use crate::codec::Wire;
        let failed = |failure| Message::TaskFailed { task_id: 0, execution: generation(1), failure };
        let limits = Limits::default();
        for depth in [FAILURE_CAUSES - 1, FAILURE_CAUSES] {
            let message = failed(chain(depth));
            assert_eq!(message.check(&limits), Ok(()));
            assert_eq!(Message::from_bytes(&message.to_bytes()).as_ref(), Ok(&message));
            let kept = alloc::vec![message];
            assert_eq!(Vec::<Message>::from_bytes(&kept.to_bytes()).as_ref(), Ok(&kept));
        }
        insta::assert_snapshot!(failed(chain(FAILURE_CAUSES + 1)).check(&limits).expect_err("too deep"), @"the causes of a failure: 33 causes, where at most 32 are allowed");
    }

    /// What the failure of an instance says that asked for too much; nothing if it did not.
    fn refusal(limits: Limits, output: TurnOutput) -> Option<String> {
        let mut life = Life::accepted();
        life.limits = limits;
        let shown = life.answer(1, [], output).expect("sense");
        assert!(!shown.contains("> CallFunction") || life.instance.status() == Status::Running, "{shown}");
        match life.instance.state.phase {
            crate::Phase::Finished { failure: Some(failure), .. }
                if &*failure.error_type == LIMIT_EXCEEDED =>
            {
                assert!(failure.non_retriable);
                Some(failure.message.to_string())
            }
            _ => None,
        }
    }

    fn commands(commands: impl Into<Vec<Command>>) -> TurnOutput {
        TurnOutput { commands: commands.into(), ..TurnOutput::default() }
    }

    fn command_at_edge(command: impl Fn(&str) -> Command) -> String {
        output_at_edge(|text| commands([command(text)]))
    }

    fn output_at_edge(output: impl Fn(&str) -> TurnOutput) -> String {
        for fits in ["xxx", "xxxx", "ää"] {
            assert_eq!(refusal(small(), output(fits)), None, "{fits}");
        }
        refusal(small(), output("xxxxx")).expect("too large")
    }

    fn call(change: impl Fn(&mut Tags, &mut Option<Trace>)) -> Command {
        let (mut tags, mut trace) = (Tags::new(), None);
        change(&mut tags, &mut trace);
        Command::ScheduleTask { id: 0, name: "a".into(), version: None, input: None, tags, trace }
    }

    fn sub(instance: &str, name: &str, version: &str, input: &str) -> Command {
        Command::CreateSubOrchestration {
            id: 0,
            instance: Some(id(instance)),
            name: name.into(),
            version: Some(version.into()),
            input: payload(input),
            tags: Tags::new(),
            trace: None,
            detached: false,
        }
    }

    #[test]
    fn of_calls_and_children() {
        insta::assert_snapshot!(command_at_edge(|text| task(0, text)), @"name: 5 characters, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| call(|tags, _| *tags = tag(text))), @"a tag: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| call(|_, carried| *carried = Some(trace(text)))), @"the trace: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| sub(text, "n", "v", "i")), @"instance id: 5 characters, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| sub("c", text, "v", "i")), @"name: 5 characters, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| sub("c", "n", text, "i")), @"version: 5 characters, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| sub("c", "n", "v", text)), @"input: 5 bytes, where at most 4 are allowed");
        for (count, fits) in [(3, true), (4, true), (5, false)] {
            let command = call(|carried, _| *carried = tags(count));
            assert_eq!(refusal(small(), commands([command])).is_none(), fits);
        }
    }

    #[test]
    fn of_events_and_ends() {
        let event = |target: &str, name: &str, input: &str| Command::SendEvent {
            id: 0,
            target: id(target),
            name: name.into(),
            input: payload(input),
        };
        insta::assert_snapshot!(command_at_edge(|text| event(text, "n", "i")), @"instance id: 5 characters, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| event("t", text, "i")), @"event name: 5 characters, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| event("t", "n", text)), @"event data: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(complete), @"output: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| Command::Complete {
            status: Status::Failed,
            result: None,
            failure: Some(Box::new(Failure::new("", text))),
        }), @"failure: 5 bytes, where at most 4 are allowed");
        let again = |input: &str, version: &str| Command::ContinueAsNew {
            input: payload(input),
            version: Some(version.into()),
            carry_over: Vec::new(),
            execution: generation(2),
        };
        insta::assert_snapshot!(command_at_edge(|text| again(text, "v")), @"input: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(command_at_edge(|text| again("i", text)), @"version: 5 characters, where at most 4 are allowed");
    }

    #[test]
    fn of_what_an_orchestrator_says() {
        insta::assert_snapshot!(output_at_edge(|text| saying(Some(text), &[])), @"custom status: 5 bytes, where at most 4 are allowed");
        insta::assert_snapshot!(output_at_edge(|text| saying(None, &[text])), @"event name: 5 characters, where at most 4 are allowed");
        for (count, fits) in [(3, true), (4, true), (5, false)] {
            assert_eq!(refusal(small(), saying(None, &["x"; 5][..count])).is_none(), fits);
        }
    }

    #[test]
    fn of_numbers() {
        let roomy = || Limits { history_events: 99, outstanding: 99, commands: 99, ..small() };
        let many = |count: i32| commands((0..count).map(|id| timer(id, 9)).collect::<Vec<_>>());
        for (count, fits) in [(3, true), (4, true), (5, false)] {
            assert_eq!(refusal(Limits { commands: 4, ..roomy() }, many(count)).is_none(), fits, "{count}");
            assert_eq!(refusal(Limits { outstanding: 4, ..roomy() }, many(count)).is_none(), fits, "{count}");
            let history = Limits { history_events: 6, ..roomy() }; // two that the turn began with
            assert_eq!(refusal(history, many(count)).is_none(), fits, "{count}");
        }
        insta::assert_snapshot!(refusal(Limits { commands: 4, ..roomy() }, many(5)).unwrap_or_default(), @"the commands of one turn: 5 commands, where at most 4 are allowed");
        insta::assert_snapshot!(refusal(Limits { outstanding: 4, ..roomy() }, many(5)).unwrap_or_default(), @"calls, timers and sub-orchestrations waited for: 5 of them, where at most 4 are allowed");
        insta::assert_snapshot!(refusal(Limits { history_events: 6, ..roomy() }, many(5)).unwrap_or_default(), @"the history: 7 events, where at most 6 are allowed; use continue-as-new to begin again with an empty one");
    }

    #[test]
    fn of_what_is_outstanding_in_all() {
        for (more, fits) in [(1, true), (2, true), (3, false)] {
            let mut life = Life::begun([task(0, "a"), task(1, "b"), task(2, "c")]);
            life.limits.outstanding = 4;
            let asked: Vec<_> = (3..3 + more).map(|id| timer(id, 9)).collect();
            life.turn(2, [done(0, 1)], asked); // one of the three is answered
            assert_eq!(life.instance.status() == Status::Running, fits, "{more}");
        }
        let mut detached = sub("c", "n", "v", "i");
        if let Command::CreateSubOrchestration { detached, .. } = &mut detached {
            *detached = true;
        }
        assert_eq!(refusal(Limits { outstanding: 0, ..small() }, commands([detached])), None);
    }

    #[test]
    fn an_end_is_never_too_much_for_the_history() {
        let full = || Limits { history_events: 0, ..Limits::default() };
        assert_eq!(refusal(full(), commands([complete("1")])), None);
        assert_eq!(refusal(full(), commands([again(2, &[])])), None);
        assert!(refusal(full(), commands([])).is_some());
    }

    #[test]
    fn a_broken_limit_ends_the_instance_and_carries_out_nothing_else() {
        let mut life = Life::begun([task(0, "a")]);
        life.limits.commands = 1;
        let output = TurnOutput {
            commands: Vec::from([task(1, "b"), task(2, "c")]),
            custom_status: CustomStatus::Set(payload("lost")),
            waiting_for: Vec::new(),
        };
        insta::assert_snapshot!(life.answer(2, [raised("x")], output).expect("sense"), @r#"
        admitted
        + -1 2s OrchestratorStarted
        + -1 2s EventRaised { name: "x", input: Some(1) }
        + -1 2s OrchestratorCompleted
        + -1 2s ExecutionCompleted { status: Failed, failure: Some(Failure { error_type: "LimitExceeded", message: "the commands of one turn: 2 commands, where at most 1 are allowed", non_retriable: true }) }
        > CancelFunction { task_id: 0, execution: g1 }
        > Finished(Failed)
        = Failed State { phase: Finished { status: Failed, at: 2s, failure: Some(Failure { error_type: "LimitExceeded", message: "the commands of one turn: 2 commands, where at most 1 are allowed", non_retriable: true }) }, updated_at: 2s, history_events: 8, last_command: 0 }; wakes never
        "#);
    }
}
