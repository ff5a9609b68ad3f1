//! What EXPRESS machines may not do.

use super::problem::Problem;
use serde_json::Value;

/// Looks for resources that outlive an EXPRESS execution.
pub(super) fn check(machine: &Value, pointer: &str, problems: &mut Vec<Problem>) {
    let Some(states) = machine.get("States").and_then(Value::as_object) else { return };
    for (name, state) in states {
        let place = format!("{pointer}/States/{name}");
        if let Some(resource) = state.get("Resource").and_then(Value::as_str) {
            problems.extend(refused(resource).map(|what| {
                Problem::error(
                    format!("{place}/Resource"),
                    format!("Express state machine does not support {what}"),
                )
            }));
        }
        for processor in ["ItemProcessor", "Iterator"] {
            if let Some(processor_value) = state.get(processor) {
                check(processor_value, &format!("{place}/{processor}"), problems);
            }
        }
        let branches = state.get("Branches").and_then(Value::as_array);
        for (number, branch) in branches.into_iter().flatten().enumerate() {
            check(branch, &format!("{place}/Branches[{number}]"), problems);
        }
    }
}

fn refused(resource: &str) -> Option<&'static str> {
    let parts: Vec<&str> = resource.split(':').collect();
    if matches!(parts.as_slice(), ["arn", _, "states", _, _, "activity", ..]) {
        return Some("Activity ARN");
    }
    if resource.ends_with(".waitForTaskToken") {
        // The space at the end is the service's.
        return Some("'.waitForTaskToken' service integration ");
    }
    (resource.ends_with(".sync") || resource.ends_with(".sync:2")).then_some("'.sync' service integration ")
}
