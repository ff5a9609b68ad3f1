//! Data on its way through states.

use crate::stage::{Answer, jsonata, machine, nothing, play};
use serde_json::{Value, json};

#[test]
fn all_fields_of_a_task_are_applied_in_their_order() {
    let definition = machine(json!({
        "T": {
            "Type": "Task", "Resource": "fn:Add", "End": true,
            "InputPath": "$.order",
            "Parameters": { "x.$": "$.x", "name.$": "$$.State.Name", "from": "template" },
            "ResultSelector": { "sum.$": "$.sum" },
            "ResultPath": "$.order.result",
            "OutputPath": "$.order",
        },
    }));
    let ended = play(definition, json!({ "order": { "x": 1 }, "other": true }), |name, input| {
        assert_eq!((name, input), ("Add", &json!({ "x": 1, "name": "T", "from": "template" })));
        Answer::Give(json!({ "sum": 3, "noise": "..." }))
    });
    assert_eq!(ended.output(), json!({ "x": 1, "result": { "sum": 3 } }));
}

#[test]
fn null_paths_drop_things() {
    let pass = |more: Value| {
        let mut pass = json!({ "Type": "Pass", "End": true });
        pass.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        play(machine(json!({ "P": pass })), json!({ "a": 1 }), nothing).output()
    };
    assert_eq!(pass(json!({ "InputPath": null })), json!({}));
    assert_eq!(pass(json!({ "OutputPath": null })), json!({}));
    assert_eq!(pass(json!({ "Result": 5, "ResultPath": null })), json!({ "a": 1 }));
}

#[test]
fn assignments_see_the_variables_as_they_were() {
    let definition = jsonata(json!({
        "A": { "Type": "Pass", "Assign": { "x": 1, "y": 2 }, "Next": "B" },
        "B": {
            "Type": "Pass",
            "Assign": { "x": "{% $y %}", "y": "{% $x %}" },
            "Output": { "x": "{% $x %}", "y": "{% $y %}" },
            "Next": "C",
        },
        "C": { "Type": "Pass", "Output": { "before": "{% $states.input %}", "x": "{% $x %}", "y": "{% $y %}" }, "End": true },
    }));
    let expected = json!({ "before": { "x": 1, "y": 2 }, "x": 2, "y": 1 });
    assert_eq!(play(definition, json!({}), nothing).output(), expected);
}

#[test]
fn a_choice_without_a_way_out_fails() {
    let definition = machine(json!({
        "C": { "Type": "Choice", "Choices": [{ "Variable": "$.x", "NumericEquals": 1, "Next": "S" }] },
        "S": { "Type": "Succeed" },
    }));
    let ended = play(definition.clone(), json!({ "x": 2 }), nothing);
    assert_eq!(ended.error(), "States.NoChoiceMatched");
    assert_eq!(play(definition, json!({ "x": 1 }), nothing).output(), json!({ "x": 1 }));
}

#[test]
fn a_condition_that_is_no_boolean_fails() {
    let definition = jsonata(json!({
        "C": { "Type": "Choice", "Choices": [{ "Condition": "{% $states.input.x %}", "Next": "S" }], "Default": "S" },
        "S": { "Type": "Succeed" },
    }));
    let ended = play(definition, json!({ "x": 2 }), nothing);
    assert_eq!(ended.error(), "States.QueryEvaluationError");
    assert!(
        ended.cause().ends_with("Expected 'boolean', but was 'number' for value: 2"),
        "{}",
        ended.cause()
    );
}

#[test]
fn waits_are_as_long_as_said() {
    let wait = |more: Value, input: Value| {
        let mut wait = json!({ "Type": "Wait", "End": true });
        wait.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        play(machine(json!({ "W": wait })), input, nothing).seconds
    };
    assert_eq!(wait(json!({ "Seconds": 90 }), json!({})), 90);
    assert_eq!(wait(json!({ "SecondsPath": "$.s" }), json!({ "s": 7 })), 7);
    // Virtual time begins with the year 2030.
    assert_eq!(wait(json!({ "Timestamp": "2030-01-01T01:00:00Z" }), json!({})), 3600);
    assert_eq!(wait(json!({ "TimestampPath": "$.t" }), json!({ "t": "2030-01-01T01:00:00+01:00" })), 0);
    assert_eq!(wait(json!({ "Timestamp": "1999-01-01T00:00:00Z" }), json!({})), 0);
}

#[test]
fn an_absent_input_is_an_empty_object() {
    let definition = machine(json!({ "S": { "Type": "Succeed" } }));
    assert_eq!(play(definition, Value::Null, nothing).output(), json!({}));
}

#[test]
fn random_things_are_the_same_on_replay() {
    let definition = machine(json!({
        "P": { "Type": "Pass", "Parameters": { "id.$": "States.UUID()", "n.$": "States.MathRandom(1, 1000000)" }, "End": true },
    }));
    // The stage compares the events of the run with those of its replay.
    let output = play(definition, json!({}), nothing).output();
    assert_eq!(output["id"].as_str().map(str::len), Some(36));
}
