//! Every bound, just within and just beyond it.

use crate::stage::{Stage, machine, nothing};
use partita_flow::asl::check::{Format, inspect};
use partita_flow::asl::limits::Limits;
use serde_json::{Value, json};

#[test]
fn a_loop_that_never_waits_is_stopped() {
    let round = json!({
        "A": { "Type": "Pass", "Parameters": { "n.$": "States.MathAdd($.n, -1)" }, "Next": "C" },
        "C": { "Type": "Choice", "Choices": [{ "Variable": "$.n", "NumericEquals": 0, "Next": "E" }], "Default": "A" },
        "E": { "Type": "Succeed" },
    });
    let mut stage = Stage::new(machine(round), nothing);
    stage.limits.transitions_without_waiting = 21;
    assert_eq!(stage.play(json!({ "n": 10 })).output(), json!({ "n": 0 }));
    let ended = stage.play(json!({ "n": 11 }));
    assert_eq!(ended.error(), "States.Runtime");
    assert!(
        ended.cause().starts_with("The execution made 21 transitions without waiting"),
        "{}",
        ended.cause()
    );
}

#[test]
fn a_loop_that_waits_goes_on() {
    let round = json!({
        "A": { "Type": "Pass", "Parameters": { "n.$": "States.MathAdd($.n, -1)" }, "Next": "W" },
        "W": { "Type": "Wait", "Seconds": 60, "Next": "C" },
        "C": { "Type": "Choice", "Choices": [{ "Variable": "$.n", "NumericEquals": 0, "Next": "E" }], "Default": "A" },
        "E": { "Type": "Succeed" },
    });
    let mut stage = Stage::new(machine(round), nothing);
    stage.limits.transitions_without_waiting = 5;
    assert_eq!(stage.play(json!({ "n": 20 })).seconds, 20 * 60);
}

#[test]
fn outputs_have_a_largest_size() {
    let definition = machine(json!({ "P": { "Type": "Pass", "Result": "1234567890", "End": true } }));
    let mut stage = Stage::new(definition, nothing);
    stage.limits.payload_bytes = 12;
    assert_eq!(stage.play(json!({})).output(), json!("1234567890"));
    stage.limits.payload_bytes = 11;
    let ended = stage.play(json!({}));
    assert_eq!(ended.error(), "States.DataLimitExceeded");
}

fn refused(definition: &Value, limits: &Limits) -> Option<String> {
    let checked = inspect(&definition.to_string(), Format::Json, limits, false);
    assert_eq!(checked.machine.is_none(), !checked.problems.is_empty());
    checked.problems.first().map(ToString::to_string)
}

#[test]
fn definitions_have_bounds() {
    let pass = machine(json!({ "P": { "Type": "Pass", "End": true } }));
    let bytes = pass.to_string().len();
    assert_eq!(refused(&pass, &Limits { definition_bytes: bytes, ..Limits::default() }), None);
    assert_eq!(
        refused(&pass, &Limits { definition_bytes: bytes - 1, ..Limits::default() }),
        Some(format!(
            "SCHEMA_VALIDATION_FAILED: Definition has {bytes} bytes; at most {} are allowed",
            bytes - 1
        ))
    );
    let within =
        |inner: Value| machine(json!({ "B": { "Type": "Parallel", "Branches": [inner], "End": true } }));
    let nested = within(within(pass));
    assert_eq!(refused(&nested, &Limits { nesting: 3, states: 3, ..Limits::default() }), None);
    let deep = refused(&nested, &Limits { nesting: 2, ..Limits::default() }).unwrap();
    assert!(deep.contains("Machines are nested more than 2 deep"), "{deep}");
    let many = refused(&nested, &Limits { states: 2, ..Limits::default() }).unwrap();
    assert!(many.contains("The machine has more than 2 states"), "{many}");
}
