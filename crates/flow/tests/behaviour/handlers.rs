//! Retry, Catch and time-outs.

use crate::stage::{Answer, jsonata, machine, nothing, play};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fails so many times with these errors, then gives the number of the attempt.
fn failing(errors: &'static [&'static str]) -> impl Fn(&str, &Value) -> Answer + Send + Sync + 'static {
    let calls = AtomicUsize::new(0);
    move |_, _| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        errors.get(call).map_or(Answer::Give(json!(call)), |error| Answer::Fail(error, "no luck"))
    }
}

fn task(more: Value) -> Value {
    let mut task = json!({ "Type": "Task", "Resource": "fn:F", "End": true });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    machine(json!({ "T": task }))
}

#[test]
fn retries_wait_longer_and_longer() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["E"], "IntervalSeconds": 3, "BackoffRate": 2 }] });
    let ended = play(task(retry), json!({}), failing(&["E", "E", "E"]));
    assert_eq!((ended.seconds, ended.output()), (3 + 6 + 12, json!(3)));
}

#[test]
fn retries_wait_no_longer_than_they_may() {
    let retry = json!({ "Retry": [{
        "ErrorEquals": ["E"], "IntervalSeconds": 3, "BackoffRate": 10, "MaxDelaySeconds": 20, "MaxAttempts": 4,
    }] });
    let ended = play(task(retry), json!({}), failing(&["E", "E", "E", "E"]));
    assert_eq!(ended.seconds, 3 + 20 + 20 + 20);
}

#[test]
fn full_jitter_waits_less_and_the_same_on_replay() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1000, "JitterStrategy": "FULL" }] });
    let ended = play(task(retry), json!({}), failing(&["E"]));
    assert!(ended.seconds < 1000 && ended.result.is_ok(), "{ended:?}");
}

#[test]
fn each_retrier_counts_its_own_retries() {
    let retry = json!({ "Retry": [
        { "ErrorEquals": ["A"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2 },
        { "ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "BackoffRate": 1, "MaxAttempts": 2 },
    ] });
    let ended = play(task(retry.clone()), json!({}), failing(&["A", "B", "A", "B"]));
    assert_eq!((ended.seconds, ended.output()), (1 + 10 + 1 + 10, json!(4)));
    let ended = play(task(retry), json!({}), failing(&["A", "A", "A"]));
    assert_eq!((ended.seconds, ended.error(), ended.cause()), (2, "A", "no luck"));
}

#[test]
fn no_attempts_means_no_retry() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["States.ALL"], "MaxAttempts": 0 }] });
    assert_eq!(play(task(retry), json!({}), failing(&["E"])).error(), "E");
}

#[test]
fn the_first_catcher_that_fits_gets_the_error() {
    let caught =
        |output: Value| json!({ "Type": "Pass", "Result": output, "ResultPath": "$.by", "End": true });
    let definition = machine(json!({
        "T": {
            "Type": "Task", "Resource": "fn:F", "End": true,
            "Catch": [
                { "ErrorEquals": ["States.Timeout"], "Next": "ByTimeout" },
                { "ErrorEquals": ["X", "E"], "ResultPath": "$.error", "Next": "ByName" },
                { "ErrorEquals": ["States.ALL"], "Next": "ByAll" },
            ],
        },
        "ByTimeout": caught(json!("timeout")), "ByName": caught(json!("name")), "ByAll": caught(json!("all")),
    }));
    let ended = play(definition.clone(), json!({ "a": 1 }), failing(&["E"]));
    assert_eq!(
        ended.output(),
        json!({ "a": 1, "error": { "Error": "E", "Cause": "no luck" }, "by": "name" })
    );
    let ended = play(definition, json!({ "a": 1 }), failing(&["Other"]));
    assert_eq!(ended.output(), json!({ "Error": "Other", "Cause": "no luck", "by": "all" }));
}

#[test]
fn a_jsonata_catcher_assigns_and_gives_an_output() {
    let definition = jsonata(json!({
        "T": {
            "Type": "Task", "Resource": "fn:F", "Arguments": { "x": "{% $states.input.x + 1 %}" }, "End": true,
            "Catch": [{
                "ErrorEquals": ["States.TaskFailed"],
                "Assign": { "why": "{% $states.errorOutput.Error %}" },
                "Output": { "x": "{% $states.input.x %}" },
                "Next": "After",
            }],
        },
        "After": { "Type": "Pass", "Output": "{% $why & ' at ' & $string($states.input.x) %}", "End": true },
    }));
    let ended = play(definition, json!({ "x": 1 }), |_, input| {
        assert_eq!(input, &json!({ "x": 2 }));
        Answer::Fail("E", "")
    });
    assert_eq!(ended.output(), json!("E at 1"));
}

#[test]
fn a_task_that_takes_too_long_is_given_up() {
    let definition = task(json!({ "TimeoutSeconds": 30 }));
    let ended = play(definition, json!({}), |_, _| Answer::Never);
    assert_eq!((ended.seconds, ended.error()), (30, "States.Timeout"));
    assert_eq!(
        ended.types(),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionTimedOut",
            "ExecutionFailed"
        ]
    );
}

#[test]
fn task_failed_does_not_catch_a_time_out() {
    let catch = |name: &str| {
        let mut definition = task(json!({
            "TimeoutSecondsPath": "$.seconds", "Catch": [{ "ErrorEquals": [name], "Next": "Caught" }],
        }));
        definition["States"]["Caught"] = json!({ "Type": "Succeed" });
        play(definition, json!({ "seconds": 7 }), |_, _| Answer::Never)
    };
    assert_eq!(catch("States.TaskFailed").error(), "States.Timeout");
    assert_eq!(catch("States.Timeout").output(), json!({ "Error": "States.Timeout", "Cause": "" }));
}

#[test]
fn a_machine_that_takes_too_long_times_out() {
    let mut definition = machine(json!({ "W": { "Type": "Wait", "Seconds": 3600, "End": true } }));
    definition["TimeoutSeconds"] = json!(60);
    let ended = play(definition, json!({}), nothing);
    assert_eq!((ended.seconds, ended.error()), (60, "States.Timeout"));
    assert_eq!(ended.types(), ["ExecutionStarted", "WaitStateEntered", "ExecutionTimedOut"]);
}

#[test]
fn nothing_catches_a_runtime_error() {
    let mut definition = task(json!({
        "Parameters": { "x.$": "$.missing" },
        "Retry": [{ "ErrorEquals": ["States.ALL"] }],
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Caught" }],
    }));
    definition["States"]["Caught"] = json!({ "Type": "Succeed" });
    let ended = play(definition, json!({}), nothing);
    assert_eq!(ended.error(), "States.Runtime");
    assert!(ended.cause().contains("'T' (entered at the event id #2)"), "{}", ended.cause());
}

#[test]
fn a_function_that_is_not_lambda_fails_as_lambda_would() {
    let ended = play(task(json!({})), json!({}), |_, _| Answer::Fail("OutOfStock", "none left"));
    assert_eq!((ended.error(), ended.cause()), ("OutOfStock", "none left"));
}
