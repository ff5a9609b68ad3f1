//! Outcomes that come by a token, activities, and other executions.

use crate::stage::{Answer, Ended, Stage, Told, machine, nothing, play};
use serde_json::{Value, json};

fn callback(more: Value) -> Value {
    let mut task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
        "Parameters": { "FunctionName": "Ask", "Payload": { "token.$": "$$.Task.Token" } },
    });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    machine(json!({ "T": task }))
}

fn tell(definition: Value, told: &'static [(u64, Told)]) -> Ended {
    play(definition, json!({}), move |name, input| {
        let token = if name == "Ask" {
            &input["token"]
        } else {
            assert_eq!(name, "states.activity:Pack");
            &input["token"]
        };
        Answer::Tell(token.as_str().unwrap().to_owned(), told.to_vec())
    })
}

#[test]
fn a_token_brings_the_outcome() {
    const TOLD: &[(u64, Told)] = &[(100, Told::Success(Value::Bool(true)))];
    let ended = tell(callback(json!({})), TOLD);
    assert_eq!(ended.seconds, 100);
    assert_eq!(
        ended.types(),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
    assert_eq!(ended.output(), json!(true));
}

#[test]
fn a_token_brings_a_failure() {
    const TOLD: &[(u64, Told)] = &[(1, Told::Failure("Refused", "by hand"))];
    let ended = tell(callback(json!({})), TOLD);
    assert_eq!((ended.error(), ended.cause()), ("Refused", "by hand"));
}

#[test]
fn heartbeats_keep_a_task_alive() {
    const TOLD: &[(u64, Told)] =
        &[(4, Told::Alive), (4, Told::Alive), (4, Told::Alive), (4, Told::Success(Value::Bool(true)))];
    let ended = tell(callback(json!({ "HeartbeatSeconds": 5 })), TOLD);
    assert_eq!((ended.seconds, ended.output()), (16, json!(true)));
}

#[test]
fn silence_is_a_time_out_that_can_be_told_from_others() {
    const TOLD: &[(u64, Told)] = &[(4, Told::Alive), (60, Told::Success(Value::Bool(true)))];
    let ended = tell(callback(json!({ "HeartbeatSeconds": 5 })), TOLD);
    assert_eq!((ended.seconds, ended.error()), (9, "States.Timeout"));
    let mut definition = callback(json!({
        "HeartbeatSeconds": 5, "TimeoutSeconds": 50,
        "Catch": [{ "ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Silent" }],
    }));
    definition["States"]["Silent"] = json!({ "Type": "Pass", "Result": "silent", "End": true });
    assert_eq!(tell(definition, TOLD).output(), json!("silent"));
}

fn activity(more: Value) -> Value {
    let mut task = json!({
        "Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:Pack", "End": true,
    });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    machine(json!({ "T": task }))
}

#[test]
fn a_worker_takes_a_task_and_tells_its_outcome() {
    const TOLD: &[(u64, Told)] = &[(7, Told::Success(Value::Bool(true)))];
    let ended = tell(activity(json!({})), TOLD);
    let started = ended.events.iter().find(|event| event["type"] == "ActivityStarted").unwrap();
    assert_eq!(started["activityStartedEventDetails"], json!({ "workerName": "w" }));
    assert_eq!((ended.seconds, ended.output()), (7, json!(true)));
}

#[test]
fn a_task_that_nobody_takes_times_out_but_is_not_silent() {
    let definition = activity(json!({ "HeartbeatSeconds": 5, "TimeoutSeconds": 60 }));
    let ended = play(definition, json!({}), |_, _| Answer::Never);
    assert_eq!((ended.seconds, ended.error()), (60, "States.Timeout"));
    assert_eq!(ended.types()[2..], ["ActivityScheduled", "ActivityTimedOut", "ExecutionFailed"]);
}

fn child(resource: &str) -> Value {
    machine(json!({
        "S": {
            "Type": "Task", "Resource": format!("arn:aws:states:::states:startExecution{resource}"),
            "Parameters": { "StateMachineArn": "Child", "Name": "child-1", "Input.$": "$" },
            "End": true,
        },
    }))
}

fn with_child(resource: &str, states: Value) -> Stage {
    let mut stage = Stage::new(child(resource), nothing);
    stage.machines.push(("Child".to_owned(), machine(states)));
    stage
}

#[test]
fn another_execution_is_waited_for() {
    let states = json!({ "W": { "Type": "Wait", "Seconds": 9, "End": true } });
    let ended = with_child(".sync:2", states.clone()).play(json!({ "a": 1 }));
    assert_eq!(ended.seconds, 9);
    let output = ended.output();
    assert_eq!((&output["Status"], &output["Output"]), (&json!("SUCCEEDED"), &json!({ "a": 1 })));
    let output = with_child(".sync", states.clone()).play(json!({ "a": 1 })).output();
    assert_eq!((&output["Name"], &output["Output"]), (&json!("child-1"), &json!("{\"a\":1}")));
    let ended = with_child("", states).play(json!({ "a": 1 }));
    assert_eq!(ended.seconds, 0);
    assert_eq!(
        ended.output()["ExecutionArn"],
        "arn:aws:states:us-east-1:111111111111:execution:Child:child-1"
    );
}

#[test]
fn another_execution_that_fails_fails_the_task() {
    let states = json!({ "F": { "Type": "Fail", "Error": "E", "Cause": "of the child" } });
    let ended = with_child(".sync:2", states).play(json!({}));
    assert_eq!(ended.error(), "States.TaskFailed");
    let cause: Value = serde_json::from_str(ended.cause()).unwrap();
    assert_eq!((&cause["Error"], &cause["Cause"]), (&json!("E"), &json!("of the child")));
}

#[test]
fn a_state_can_tell_the_outcome_of_another_ones_task() {
    let mut stage = Stage::new(
        machine(json!({
            "S": {
                "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken",
                "Parameters": { "StateMachineArn": "Child", "Input": { "token.$": "$$.Task.Token" } },
                "End": true,
            },
        })),
        nothing,
    );
    let tell = json!({
        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": { "TaskToken.$": "$.token", "Output": { "told": true } }, "End": true,
    });
    stage.machines.push(("Child".to_owned(), machine(json!({ "Tell": tell }))));
    assert_eq!(stage.play(json!({})).output(), json!({ "told": true }));
}
