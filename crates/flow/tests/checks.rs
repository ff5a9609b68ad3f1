//! What is told about definitions that are wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
// Definitions are written where they are handed over.
#![allow(clippy::needless_pass_by_value)]

use partita_flow::asl::check::{Format, Severity, inspect};
use partita_flow::asl::limits::Limits;
use serde_json::{Value, json};

/// Everything that is told, one line each.
fn told(text: &str, format: Format, express: bool) -> String {
    let checked = inspect(text, format, &Limits::default(), express);
    let wrong = checked.problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(checked.machine.is_none(), wrong, "a machine comes of everything but errors");
    checked.problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn check(definition: &Value, expected: &str) {
    let expected: String = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(told(&definition.to_string(), Format::Json, false), expected, "{definition}");
}

/// A machine of one state.
fn state(state: Value) -> Value {
    json!({ "StartAt": "S", "States": { "S": state } })
}

#[test]
fn the_recorded_diagnostics_are_told() {
    let express = |definition: &Value| told(&definition.to_string(), Format::Json, true);
    check(&json!({}), "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /");
    check(
        &json!({ "States": { "S": { "Type": "Pass", "End": true } } }),
        "SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /",
    );
    check(
        &json!({ "StartAt": "Pass", "QueryLanguage": "JSONata", "States": {
            "Pass": { "Type": "Pass", "End": true, "QueryLanguage": "JSONPath" },
        } }),
        "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/Pass",
    );
    check(
        &json!({ "StartAt": "S", "QueryLanguage": "JSONata", "States": { "S": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Credentials": {}, "End": true,
        } } }),
        "SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/S/Credentials",
    );
    check(
        &state(json!({ "Type": "Nonsense" })),
        "SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: \
         [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/S/Type",
    );
    check(
        &state(json!({ "Type": "Parallel", "Branches": [], "End": true })),
        "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Branches",
    );
    assert_eq!(
        express(&state(
            json!({ "Type": "Task", "Resource": "arn:aws:states:us-east-1:1:activity:A", "End": true })
        )),
        "SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at /States/S/Resource\n"
    );
    let callback =
        json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true });
    assert_eq!(
        express(&state(callback)),
        "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  \
         at /States/S/Resource\n"
    );
}

#[test]
fn a_text_that_is_no_definition_is_told() {
    assert_eq!(
        told(" ", Format::Json, false),
        "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object\n"
    );
    assert_eq!(
        told("[]", Format::Json, false),
        "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object\n"
    );
    let checked = inspect("not a definition", Format::Json, &Limits::default(), false);
    let problem = &checked.problems[0];
    assert_eq!(problem.code, "INVALID_JSON_DESCRIPTION");
    assert_eq!(problem.pointer, "[Source: (String)\"not a definition\"; line: 1, column: 4]");
    assert_eq!(
        problem.message,
        "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or \
         'false')\n at [Source: (String)\"not a definition\"; line: 1, column: 4]"
    );
    for text in ["{", "{\"a\":}", "{} x", "1x", "nul"] {
        let told = told(text, Format::Json, false);
        assert!(told.starts_with("INVALID_JSON_DESCRIPTION: "), "{text}: {told}");
    }
}

#[test]
fn yaml_is_the_same_with_comments() {
    let text = "
# How long it takes.
StartAt: Wait
States:
  Wait:
    Type: Wait
    Seconds: 5
    Next: Done
  Done: { Type: Succeed }
";
    assert_eq!(told(text, Format::Yaml, false), "");
    let text = text.replace("Next: Done", "Next: Dome");
    assert_eq!(
        told(&text, Format::Yaml, false),
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: Dome at /States/Wait/Next (did you mean 'Done'?)\n"
    );
    assert!(told("a: [", Format::Yaml, false).starts_with("INVALID_JSON_DESCRIPTION: "));
}

#[test]
fn everything_is_told_at_once_with_what_was_meant() {
    check(
        &json!({ "StartAt": "Fist", "Stats": 1, "States": {
            "First": { "Type": "Task", "Resorce": "fn:F", "Next": "Secnd" },
            "Second": { "Type": "Wait", "Seconds": 1, "SecondsPath": "$.x" },
            "Third": { "Type": "Choice", "Choices": [{ "Variable": "$.x", "IsNull": true }], "Default": "Nowhere" },
        } }),
        "SCHEMA_VALIDATION_FAILED: Field 'Stats' is not supported in a state machine at /Stats (did you mean 'States'?)
         MISSING_TRANSITION_TARGET: Missing 'Next' target: Fist at /StartAt (did you mean 'First'?)
         SCHEMA_VALIDATION_FAILED: Field 'Resorce' is not supported in a Task state at /States/First/Resorce (did you mean 'Resource'?)
         SCHEMA_VALIDATION_FAILED: The field 'Resource' is required but was missing at /States/First
         MISSING_TRANSITION_TARGET: Missing 'Next' target: Secnd at /States/First/Next (did you mean 'Second'?)
         SCHEMA_VALIDATION_FAILED: Exactly one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath] at /States/Second
         MISSING_TRANSITION_TARGET: The state must have either the field 'Next' or the field 'End' set to true at /States/Second (add \"End\": true if this is the last state)
         MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/Third/Default
         SCHEMA_VALIDATION_FAILED: The field 'Next' is required but was missing at /States/Third/Choices[0]",
    );
}

#[test]
fn fields_belong_to_a_language() {
    check(
        &state(json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Parameters": {}, "ResultPath": "$.x", "End": true })),
        "SCHEMA_VALIDATION_FAILED: The field 'Parameters' is not supported when 'QueryLanguage' is 'JSONata' at /States/S/Parameters (use 'Arguments')
         SCHEMA_VALIDATION_FAILED: The field 'ResultPath' is not supported when 'QueryLanguage' is 'JSONata' at /States/S/ResultPath (use 'Output' or 'Assign')",
    );
    check(
        &state(json!({ "Type": "Pass", "Output": 1, "End": true })),
        "SCHEMA_VALIDATION_FAILED: The field 'Output' is not supported when 'QueryLanguage' is 'JSONPath' at /States/S/Output (use 'OutputPath' or 'ResultPath', or set 'QueryLanguage' to 'JSONata')",
    );
    check(
        &json!({ "StartAt": "S", "QueryLanguage": "JSONata", "States": { "S": {
            "Type": "Choice", "Choices": [{ "Variable": "$.x", "Next": "S" }],
        } } }),
        "SCHEMA_VALIDATION_FAILED: Field 'Variable' is not supported in a JSONata choice rule at /States/S/Choices[0]/Variable
         SCHEMA_VALIDATION_FAILED: The field 'Condition' is required but was missing at /States/S/Choices[0]",
    );
}

#[test]
fn values_have_types_and_bounds() {
    check(
        &state(json!({
            "Type": "Task", "Resource": "fn:F", "TimeoutSeconds": 5, "HeartbeatSeconds": 5, "End": 1, "Next": "S",
            "ResultPath": 3,
        })),
        "SCHEMA_VALIDATION_FAILED: Expected a boolean, but got: 1 at /States/S/End
         SCHEMA_VALIDATION_FAILED: Expected a path, but got: 3 at /States/S/ResultPath
         SCHEMA_VALIDATION_FAILED: 'HeartbeatSeconds' must be smaller than 'TimeoutSeconds' at /States/S/HeartbeatSeconds
         NO_TERMINAL_STATE: No state that ends the machine is reachable. at /States",
    );
    check(
        &state(json!({
            "Type": "Task", "Resource": "fn:F", "End": true,
            "Retry": [
                { "ErrorEquals": ["States.ALL"], "BackoffRate": 0.5 },
                { "ErrorEquals": ["States.ALL", "X"], "MaxAttempts": -1, "JitterStrategy": "HALF" },
                { "ErrorEquals": [], "Interval": 1 },
            ],
        })),
        "SCHEMA_VALIDATION_FAILED: 'States.ALL' must be in the last place of all at /States/S/Retry[0]/ErrorEquals
         SCHEMA_VALIDATION_FAILED: 'BackoffRate' must be a number of at least 1, but it is 0.5 at /States/S/Retry[0]/BackoffRate
         SCHEMA_VALIDATION_FAILED: 'States.ALL' must be the only name in its list at /States/S/Retry[1]/ErrorEquals
         SCHEMA_VALIDATION_FAILED: The field 'JitterStrategy' should have one of these values: [FULL, NONE] at /States/S/Retry[1]/JitterStrategy
         SCHEMA_VALIDATION_FAILED: 'MaxAttempts' must be a number from 0 to 99999999, but it is -1 at /States/S/Retry[1]/MaxAttempts
         SCHEMA_VALIDATION_FAILED: Field 'Interval' is not supported in a retrier at /States/S/Retry[2]/Interval
         SCHEMA_VALIDATION_FAILED: Expected a list of the names of errors, at least one at /States/S/Retry[2]/ErrorEquals",
    );
}

#[test]
fn maps_are_checked() {
    let map = |more: Value| {
        let mut map =
            json!({ "Type": "Map", "End": true, "ItemProcessor": state(json!({ "Type": "Succeed" })) });
        map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        state(map)
    };
    check(&map(json!({})), "");
    check(
        &map(json!({ "Label": "x", "ItemBatcher": { "MaxItemsPerBatch": 1 } })),
        "SCHEMA_VALIDATION_FAILED: The field 'ItemBatcher' is only supported when 'Mode' is 'DISTRIBUTED' at /States/S/ItemBatcher
         SCHEMA_VALIDATION_FAILED: The field 'Label' is only supported when 'Mode' is 'DISTRIBUTED' at /States/S/Label",
    );
    let mut processor = state(json!({ "Type": "Succeed" }));
    processor["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED" });
    check(
        &map(json!({ "ItemProcessor": processor, "Label": "a b" })),
        "SCHEMA_VALIDATION_FAILED: The field 'ExecutionType' should have one of these values: [STANDARD, EXPRESS] at /States/S/ItemProcessor/ProcessorConfig/ExecutionType
         SCHEMA_VALIDATION_FAILED: Label contains invalid character: ' ' at /States/S/Label",
    );
    check(
        &state(json!({ "Type": "Map", "End": true })),
        "SCHEMA_VALIDATION_FAILED: The field 'ItemProcessor' is required but was missing at /States/S",
    );
}

#[test]
fn what_can_hardly_be_meant_is_a_warning() {
    check(
        &json!({ "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Next": "A" },
            "B": { "Type": "Succeed" },
        } }),
        "UNREACHABLE_STATE: State 'B' is not reachable. at /States/B
         NO_TERMINAL_STATE: No state that ends the machine is reachable. at /States",
    );
}

#[test]
fn expressions_are_checked() {
    let told = told(
        &state(
            json!({ "Type": "Pass", "Parameters": { "a.$": "$.[", "b.$": "States.Nothing()" }, "End": true }),
        )
        .to_string(),
        Format::Json,
        false,
    );
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(told.contains("'a.$'") && told.contains("'b.$'"), "{told}");
}
