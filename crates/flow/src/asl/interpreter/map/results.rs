//! What comes of the children of a distributed map, and how it is told.

use crate::asl::arn::Place;
use crate::asl::interpreter::run::timestamp;
use serde_json::{Value, json};
use std::time::SystemTime;

/// A child execution that has ended.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) index: usize,
    pub(super) name: String,
    /// Only kept when results are written.
    pub(super) input: Option<Value>,
    pub(super) started: SystemTime,
    pub(super) ended: SystemTime,
    /// Its output, or its error and cause.
    pub(super) outcome: Result<Value, (String, String)>,
}

/// How results are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transformation {
    /// The outputs, with what else is known of the executions.
    None,
    /// The outputs.
    Compact,
    /// The outputs; of those that are lists, the elements.
    Flatten,
}

impl Transformation {
    /// What a `WriterConfig` says.
    pub(super) fn of(config: Option<&Value>, otherwise: Self) -> Self {
        match config.and_then(|config| config.get("Transformation")).and_then(Value::as_str) {
            Some("NONE") => Self::None,
            Some("COMPACT") => Self::Compact,
            Some("FLATTEN") => Self::Flatten,
            _ => otherwise,
        }
    }

    /// The results of those that succeeded, in the order of the items.
    pub(super) fn succeeded(self, children: Vec<Child>, about: &About<'_>) -> Vec<Value> {
        let mut results = Vec::with_capacity(children.len());
        for child in children {
            if self == Self::None && child.outcome.is_ok() {
                results.push(about.execution(&child));
                continue;
            }
            match child.outcome {
                Err(_) => {}
                Ok(Value::Array(items)) if self == Self::Flatten => results.extend(items),
                Ok(output) => results.push(output),
            }
        }
        results
    }
}

/// What the children have in common.
pub(super) struct About<'a> {
    pub(super) place: &'a Place,
    /// The machine whose executions they are.
    pub(super) machine: &'a str,
}

impl About<'_> {
    /// An execution, as `DescribeExecution` tells it.
    pub(super) fn execution(&self, child: &Child) -> Value {
        let mut told = json!({
            "ExecutionArn": self.place.execution(self.machine, &child.name),
            "Input": child.input.as_ref().map(Value::to_string),
            "InputDetails": { "Included": true },
            "Name": child.name,
            "RedriveCount": 0,
            "StartDate": timestamp(child.started),
            "StateMachineArn": self.place.machine(self.machine),
            "StopDate": timestamp(child.ended),
        });
        let outcome = match &child.outcome {
            Ok(output) => json!({
                "Output": output.to_string(),
                "OutputDetails": { "Included": true },
                "RedriveStatus": "NOT_REDRIVABLE",
                "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
                "Status": "SUCCEEDED",
            }),
            Err((error, cause)) => {
                json!({ "Error": error, "Cause": cause, "RedriveStatus": "REDRIVABLE", "Status": "FAILED" })
            }
        };
        if let (Some(told), Value::Object(outcome)) = (told.as_object_mut(), outcome) {
            told.extend(outcome);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(index: usize, outcome: Result<Value, (String, String)>) -> Child {
        let at = SystemTime::UNIX_EPOCH;
        Child { index, name: index.to_string(), input: Some(json!(index)), started: at, ended: at, outcome }
    }

    #[test]
    fn results_are_told_in_three_ways() {
        let about = About { place: &Place::default(), machine: "M" };
        let children = || {
            vec![child(0, Ok(json!([1, 2]))), child(1, Err(("E".into(), "c".into()))), child(2, Ok(json!(3)))]
        };
        let told = |transformation: Transformation| transformation.succeeded(children(), &about);
        assert_eq!(told(Transformation::Compact), [json!([1, 2]), json!(3)]);
        assert_eq!(told(Transformation::Flatten), [json!(1), json!(2), json!(3)]);
        insta::assert_snapshot!(told(Transformation::None)[1], @r#"{"ExecutionArn":"arn:aws:states:us-east-1:111111111111:execution:M:2","Input":"2","InputDetails":{"Included":true},"Name":"2","RedriveCount":0,"StartDate":"1970-01-01T00:00:00.000Z","StateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:M","StopDate":"1970-01-01T00:00:00.000Z","Output":"3","OutputDetails":{"Included":true},"RedriveStatus":"NOT_REDRIVABLE","RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven","Status":"SUCCEEDED"}"#);
        insta::assert_snapshot!(about.execution(&children()[1]), @r#"{"ExecutionArn":"arn:aws:states:us-east-1:111111111111:execution:M:1","Input":"1","InputDetails":{"Included":true},"Name":"1","RedriveCount":0,"StartDate":"1970-01-01T00:00:00.000Z","StateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:M","StopDate":"1970-01-01T00:00:00.000Z","Error":"E","Cause":"c","RedriveStatus":"REDRIVABLE","Status":"FAILED"}"#);
        let of = |config: Value| Transformation::of(Some(&config), Transformation::None);
        assert_eq!(of(json!({ "Transformation": "FLATTEN" })), Transformation::Flatten);
        assert_eq!(of(json!({})), Transformation::None);
    }
}
