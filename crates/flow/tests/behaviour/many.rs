//! Parallel and inline Map states.

use crate::stage::{Answer, jsonata, machine, nothing, play};
use serde_json::{Value, json};
use std::time::Instant;

#[test]
fn a_branch_that_fails_ends_the_others() {
    let definition = machine(json!({
        "P": {
            "Type": "Parallel", "End": true,
            "Branches": [
                machine(json!({ "Long": { "Type": "Wait", "Seconds": 3600, "End": true } })),
                machine(json!({ "Call": { "Type": "Task", "Resource": "fn:F", "End": true } })),
                machine(json!({ "Short": { "Type": "Wait", "Seconds": 5, "Next": "Fail" }, "Fail": { "Type": "Fail", "Error": "E" } })),
            ],
        },
    }));
    let ended = play(definition, json!({}), |_, _| Answer::Never);
    assert_eq!((ended.seconds, ended.error()), (5, "E"));
    assert_eq!(ended.types().last(), Some(&"ExecutionFailed"));
}

#[test]
fn branches_run_side_by_side_and_their_variables_stay_inside() {
    let branch = |seconds: u64, name: &str| {
        machine(json!({
            "W": { "Type": "Wait", "Seconds": seconds, "Assign": { "inner": name }, "Next": "R" },
            "R": { "Type": "Pass", "Parameters": { "inner.$": "$inner", "outer.$": "$outer" }, "End": true },
        }))
    };
    let definition = machine(json!({
        "A": { "Type": "Pass", "Assign": { "outer": 1, "inner": "unchanged" }, "Next": "P" },
        "P": { "Type": "Parallel", "Branches": [branch(20, "x"), branch(10, "y")], "ResultPath": "$.results", "Next": "E" },
        "E": { "Type": "Pass", "Parameters": { "inner.$": "$inner", "results.$": "$.results" }, "End": true },
    }));
    let ended = play(definition, json!({}), nothing);
    assert_eq!(ended.seconds, 20);
    let results = json!([{ "inner": "x", "outer": 1 }, { "inner": "y", "outer": 1 }]);
    assert_eq!(ended.output(), json!({ "inner": "unchanged", "results": results }));
}

fn map(more: Value) -> Value {
    let mut map = json!({
        "Type": "Map", "End": true,
        "ItemProcessor": machine(json!({ "T": { "Type": "Task", "Resource": "fn:F", "End": true } })),
    });
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    machine(json!({ "M": map }))
}

fn slow(_: &str, input: &Value) -> Answer {
    Answer::After(10, Box::new(Answer::Give(json!({ "item": input }))))
}

#[test]
fn so_many_iterations_run_at_once() {
    let items = json!([1, 2, 3, 4]);
    for (concurrency, seconds) in [(1, 40), (2, 20), (3, 20), (0, 10), (99, 10)] {
        let ended = play(map(json!({ "MaxConcurrency": concurrency })), items.clone(), slow);
        assert_eq!(ended.seconds, seconds, "MaxConcurrency {concurrency}");
        assert_eq!(ended.output(), json!([{ "item": 1 }, { "item": 2 }, { "item": 3 }, { "item": 4 }]));
    }
}

#[test]
fn forty_run_at_once_when_nothing_is_said() {
    let items: Vec<u32> = (0..81).collect();
    assert_eq!(play(map(json!({})), json!(items), slow).seconds, 30);
}

#[test]
fn an_iteration_that_fails_ends_the_others() {
    let ended = play(map(json!({})), json!([1, 2, 3]), |_, input| match input.as_u64() {
        Some(2) => Answer::After(5, Box::new(Answer::Fail("E", "of two"))),
        _ => Answer::After(60, Box::new(Answer::Give(Value::Null))),
    });
    assert_eq!((ended.seconds, ended.error(), ended.cause()), (5, "E", "of two"));
    let last: Vec<_> = ended.types().into_iter().rev().take(5).collect();
    assert_eq!(
        last,
        [
            "ExecutionFailed",
            "MapStateFailed",
            "MapIterationAborted",
            "MapIterationAborted",
            "MapIterationFailed"
        ]
    );
}

#[test]
fn items_that_are_no_list_are_told() {
    let ended = play(map(json!({ "ItemsPath": "$.x" })), json!({ "x": 1 }), nothing);
    assert_eq!(ended.error(), "States.Runtime");
    assert!(ended.cause().ends_with("Reference path \"$.x\" must point to array."), "{}", ended.cause());
}

#[test]
fn an_item_selector_sees_item_and_input() {
    let definition = jsonata(json!({
        "M": {
            "Type": "Map", "End": true,
            "Items": "{% $states.input.items %}",
            "ItemSelector": {
                "index": "{% $states.context.Map.Item.Index %}",
                "value": "{% $states.context.Map.Item.Value * $states.input.by %}",
            },
            "ItemProcessor": machine(json!({ "P": { "Type": "Pass", "End": true } })),
            "Output": { "all": "{% $states.result.value %}" },
        },
    }));
    let ended = play(definition, json!({ "items": [1, 2, 3], "by": 10 }), nothing);
    assert_eq!(ended.output(), json!({ "all": [10, 20, 30] }));
}

#[test]
fn an_error_in_one_expression_of_an_iteration_can_be_caught_outside() {
    let definition = jsonata(json!({
        "M": {
            "Type": "Map", "End": true,
            "ItemProcessor": machine(json!({ "P": { "Type": "Pass", "Output": "{% $nothing %}", "End": true } })),
            "Catch": [{ "ErrorEquals": ["States.QueryEvaluationError"], "Output": "caught", "Next": "E" }],
        },
        "E": { "Type": "Succeed" },
    }));
    assert_eq!(play(definition, json!([1]), nothing).output(), json!("caught"));
}

/// An inline map of ten thousand Pass items is one turn, and its cost grows with the number of items alone.
#[test]
fn a_map_of_ten_thousand_items_runs_in_one_turn() {
    let definition = machine(json!({
        "M": {
            "Type": "Map", "End": true,
            "ItemSelector": { "n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index" },
            "ItemProcessor": machine(json!({ "P": { "Type": "Pass", "End": true } })),
        },
    }));
    let items: Vec<u32> = (0..10_000).collect();
    let began = Instant::now();
    let ended = play(definition, json!(items), nothing);
    println!("{:?} for two runs with all events", began.elapsed());
    assert_eq!(ended.history_events, 4, "more than one turn");
    assert_eq!(ended.events.len(), 40_006);
    assert_eq!(ended.output().as_array().unwrap().last(), Some(&json!({ "n": 9_999, "i": 9_999 })));
}
