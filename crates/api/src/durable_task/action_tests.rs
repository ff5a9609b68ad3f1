use super::*;
use proptest::prelude::*;
use prost::Message;

const NEXT: ExecutionId = ExecutionId(7);

fn action(id: i32, kind: Action) -> proto::OrchestratorAction {
    proto::OrchestratorAction { id, orchestrator_action_type: Some(kind) }
}

fn schedule(id: i32, name: &str) -> proto::OrchestratorAction {
    action(id, Action::ScheduleTask(proto::ScheduleTaskAction { name: name.into(), ..Default::default() }))
}

fn end(status: i32) -> proto::CompleteOrchestrationAction {
    proto::CompleteOrchestrationAction { orchestration_status: status, ..Default::default() }
}

fn refusal(actions: Vec<proto::OrchestratorAction>) -> String {
    completion(actions, None, None, NEXT).unwrap_err().to_string()
}

#[test]
fn requests_come_in_the_order_of_their_ids_and_the_end_last() {
    let complete = action(1, Action::CompleteOrchestration(end(1)));
    let read = completion(vec![complete, schedule(4, "b"), schedule(2, "a")], None, Some(3), NEXT).unwrap();
    let Completion { output, events_processed } = read;
    assert_eq!(events_processed, Some(3));
    assert_eq!(output.custom_status, CustomStatus::Unchanged);
    let [first, second, Command::Complete { status, result, failure }] = &output.commands[..] else {
        panic!("{output:?}")
    };
    assert!(matches!(first, Command::ScheduleTask { id: 2, name, .. } if &**name == "a"));
    assert!(matches!(second, Command::ScheduleTask { id: 4, name, .. } if &**name == "b"));
    assert_eq!((*status, result, failure), (Status::Completed, &None, &None));
}

#[test]
fn a_custom_status_of_no_text_is_one() {
    let read = completion(Vec::new(), Some(String::new()), None, NEXT).unwrap();
    assert_eq!(read.output.custom_status, CustomStatus::Set(Some(Payload::from(""))));
}

#[test]
fn continue_as_new_carries_events_over() {
    let raised = proto::EventRaisedEvent { name: "e".into(), input: Some("not json".into()) };
    let event =
        proto::HistoryEvent { event_type: Some(EventType::EventRaised(raised)), ..Default::default() };
    let end = proto::CompleteOrchestrationAction {
        result: Some("1".into()),
        new_version: Some("2".into()),
        carryover_events: vec![event],
        ..end(2)
    };
    let read = completion(vec![action(9, Action::CompleteOrchestration(end))], None, None, NEXT).unwrap();
    let expected = Command::ContinueAsNew {
        input: Some("1".into()),
        version: Some("2".into()),
        carry_over: vec![("e".into(), Some("not json".into()))],
        execution: NEXT,
    };
    assert_eq!(read.output.commands, [expected]);
}

#[test]
fn a_failure_without_details_is_a_failure() {
    let end = proto::CompleteOrchestrationAction { details: Some("because".into()), ..end(3) };
    let read = completion(vec![action(1, Action::CompleteOrchestration(end))], None, None, NEXT).unwrap();
    let [Command::Complete { failure: Some(failure), .. }] = &read.output.commands[..] else { panic!() };
    assert_eq!(failure.to_string(), "OrchestrationFailed: because");
}

#[test]
fn nobody_waits_for_a_child_that_says_so() {
    let child = |tags: &[(&str, &str)]| {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let child = proto::CreateSubOrchestrationAction { name: "c".into(), tags, ..Default::default() };
        let actions = vec![action(1, Action::CreateSubOrchestration(child))];
        completion(actions, None, None, NEXT).unwrap().output.commands
    };
    assert!(matches!(
        &child(&[])[..],
        [Command::CreateSubOrchestration { detached: false, instance: None, .. }]
    ));
    assert!(matches!(
        &child(&[(FIRE_AND_FORGET, "true")])[..],
        [Command::CreateSubOrchestration { detached: true, .. }]
    ));
}

#[test]
fn refusals_name_the_action_and_the_field() {
    let nameless = vec![schedule(1, "a"), schedule(2, "")];
    insta::assert_snapshot!(refusal(nameless), @"actions[1].scheduleTask.name: it is empty");
    insta::assert_snapshot!(refusal(vec![proto::OrchestratorAction::default()]), @"actions[0].orchestratorActionType: it is missing");
    insta::assert_snapshot!(refusal(vec![action(1, Action::CreateTimer(Default::default()))]), @"actions[0].createTimer.fireAt: it is missing");
    insta::assert_snapshot!(refusal(vec![action(1, Action::CompleteOrchestration(end(0)))]), @"actions[0].completeOrchestration.orchestrationStatus: Running is not an end");
    let event = proto::SendEventAction {
        instance: Some(proto::OrchestrationInstance { instance_id: "a/b".into(), ..Default::default() }),
        name: "n".into(),
        data: None,
    };
    insta::assert_snapshot!(refusal(vec![action(1, Action::SendEvent(event))]), @"actions[0].sendEvent.instance.instanceId: the instance id contains '/'; '/', '\\', '#', '?' and control characters are not allowed");
    insta::assert_snapshot!(completion(Vec::new(), None, Some(-1), NEXT).unwrap_err(), @"numEventsProcessed: it is negative");
}

proptest! {
    #[test]
    fn whatever_comes_is_an_answer_or_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        if let Ok(response) = proto::OrchestratorResponse::decode(&bytes[..]) {
            let _ = completion(response.actions, response.custom_status, response.num_events_processed, NEXT);
        }
    }
}
