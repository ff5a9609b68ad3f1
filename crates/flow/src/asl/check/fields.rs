//! Which fields a state may have, and of what shape.

use super::meant;
use super::problem::Problem;
use crate::asl::definition::QueryLanguage;
use serde_json::{Map, Value};

/// The kinds of states, as they are listed in messages.
pub(crate) const KINDS: [&str; 8] = ["Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"];

const TASK: u16 = 1;
const WAIT: u16 = 2;
const PASS: u16 = 4;
const SUCCEED: u16 = 8;
const FAIL: u16 = 16;
const CHOICE: u16 = 32;
const PARALLEL: u16 = 64;
const MAP: u16 = 128;
const ALL: u16 = 255;
/// Kinds of states that have work which can fail.
const WORK: u16 = TASK | PARALLEL | MAP;

/// What a field holds.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Flag,
    /// A number; in JSONata also an expression.
    Amount,
    /// A text; in JSONata also an expression.
    Words,
    /// A path, or null.
    Path,
    Object,
    List,
    Any,
}

/// In which language a field is allowed.
#[derive(Clone, Copy, PartialEq)]
enum In {
    Both,
    Only(QueryLanguage),
}

use In::{Both, Only};
use QueryLanguage::{JsonPath, Jsonata};

const FIELDS: [(&str, Shape, u16, In); 49] = [
    ("Type", Shape::Text, ALL, Both),
    ("Comment", Shape::Text, ALL, Both),
    ("QueryLanguage", Shape::Text, ALL, Both),
    ("Next", Shape::Text, ALL & !(SUCCEED | FAIL | CHOICE), Both),
    ("End", Shape::Flag, ALL & !(SUCCEED | FAIL | CHOICE), Both),
    ("InputPath", Shape::Path, ALL & !FAIL, Only(JsonPath)),
    ("OutputPath", Shape::Path, ALL & !FAIL, Only(JsonPath)),
    ("Parameters", Shape::Any, WORK | PASS, Only(JsonPath)),
    ("Result", Shape::Any, PASS, Only(JsonPath)),
    ("ResultPath", Shape::Path, WORK | PASS, Only(JsonPath)),
    ("ResultSelector", Shape::Object, WORK, Only(JsonPath)),
    ("Arguments", Shape::Any, TASK | PARALLEL, Only(Jsonata)),
    ("Output", Shape::Any, ALL & !FAIL, Only(Jsonata)),
    ("Assign", Shape::Object, ALL & !(SUCCEED | FAIL), Both),
    ("Retry", Shape::List, WORK, Both),
    ("Catch", Shape::List, WORK, Both),
    ("Resource", Shape::Text, TASK, Both),
    ("Credentials", Shape::Object, TASK, Both),
    ("TimeoutSeconds", Shape::Amount, TASK, Both),
    ("TimeoutSecondsPath", Shape::Path, TASK, Only(JsonPath)),
    ("HeartbeatSeconds", Shape::Amount, TASK, Both),
    ("HeartbeatSecondsPath", Shape::Path, TASK, Only(JsonPath)),
    ("Choices", Shape::List, CHOICE, Both),
    ("Default", Shape::Text, CHOICE, Both),
    ("Seconds", Shape::Amount, WAIT, Both),
    ("SecondsPath", Shape::Path, WAIT, Only(JsonPath)),
    ("Timestamp", Shape::Words, WAIT, Both),
    ("TimestampPath", Shape::Path, WAIT, Only(JsonPath)),
    ("Error", Shape::Words, FAIL, Both),
    ("ErrorPath", Shape::Path, FAIL, Only(JsonPath)),
    ("Cause", Shape::Words, FAIL, Both),
    ("CausePath", Shape::Path, FAIL, Only(JsonPath)),
    ("Branches", Shape::List, PARALLEL, Both),
    ("ItemProcessor", Shape::Object, MAP, Both),
    ("Iterator", Shape::Object, MAP, Both),
    ("ItemsPath", Shape::Path, MAP, Only(JsonPath)),
    ("Items", Shape::Any, MAP, Only(Jsonata)),
    ("ItemSelector", Shape::Any, MAP, Both),
    ("MaxConcurrency", Shape::Amount, MAP, Both),
    ("MaxConcurrencyPath", Shape::Path, MAP, Only(JsonPath)),
    ("ToleratedFailureCount", Shape::Amount, MAP, Both),
    ("ToleratedFailureCountPath", Shape::Path, MAP, Only(JsonPath)),
    ("ToleratedFailurePercentage", Shape::Amount, MAP, Both),
    ("ToleratedFailurePercentagePath", Shape::Path, MAP, Only(JsonPath)),
    ("ItemReader", Shape::Object, MAP, Both),
    ("ItemBatcher", Shape::Object, MAP, Both),
    ("ResultWriter", Shape::Object, MAP, Both),
    ("Label", Shape::Text, MAP, Both),
    ("TimeoutSeconds", Shape::Amount, MAP | PARALLEL, Both),
];

fn bit(kind: &str) -> u16 {
    match kind {
        "Task" => TASK,
        "Wait" => WAIT,
        "Pass" => PASS,
        "Succeed" => SUCCEED,
        "Fail" => FAIL,
        "Choice" => CHOICE,
        "Parallel" => PARALLEL,
        "Map" => MAP,
        _ => 0,
    }
}

/// Checks the names and shapes of a state's fields.
pub(crate) fn state(
    kind: &str,
    language: QueryLanguage,
    fields: &Map<String, Value>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) {
    let bit = bit(kind);
    for (name, value) in fields {
        let place = format!("{pointer}/{name}");
        let known = FIELDS.iter().find(|(known, _, kinds, _)| known == name && kinds & bit != 0);
        match known {
            Some((_, _, _, Only(other))) if *other != language => {
                problems.push(wrong_language(name, language, place));
            }
            Some((_, shape, ..)) => problems.extend(misfit(*shape, name, value, language, place)),
            None => problems.push(unknown(kind, bit, language, name, place)),
        }
    }
}

fn wrong_language(name: &str, language: QueryLanguage, place: String) -> Problem {
    let instead = match name {
        "Parameters" => "use 'Arguments'",
        "InputPath" | "OutputPath" | "ResultPath" | "ResultSelector" | "Result" => "use 'Output' or 'Assign'",
        "ItemsPath" => "use 'Items'",
        "Arguments" => "use 'Parameters'",
        "Output" => "use 'OutputPath' or 'ResultPath', or set 'QueryLanguage' to 'JSONata'",
        "Items" => "use 'ItemsPath'",
        _ => "give the value itself, as a JSONata expression",
    };
    let message =
        format!("The field '{name}' is not supported when 'QueryLanguage' is '{}'", language.name());
    Problem::error(place, message).hint(Some(instead.to_owned()))
}

fn unknown(kind: &str, bit: u16, language: QueryLanguage, name: &str, place: String) -> Problem {
    let allowed = FIELDS
        .iter()
        .filter(|(_, _, kinds, within)| kinds & bit != 0 && (*within == Both || *within == Only(language)));
    let message = format!("Field '{name}' is not supported in a {kind} state");
    Problem::error(place, message).hint(meant(name, allowed.map(|(name, ..)| *name)))
}

fn misfit(
    shape: Shape,
    name: &str,
    value: &Value,
    language: QueryLanguage,
    place: String,
) -> Option<Problem> {
    let expression = language == Jsonata && value.as_str().is_some_and(crate::asl::expr::is_jsonata);
    let (fits, wanted) = match shape {
        Shape::Text | Shape::Words => (value.is_string(), "a string"),
        Shape::Flag => (value.is_boolean(), "a boolean"),
        Shape::Amount if language == Jsonata => {
            (value.is_number() || expression, "a number or a JSONata expression")
        }
        Shape::Amount => (value.is_number(), "a number"),
        Shape::Path => (value.is_string() || value.is_null() && nullable(name), "a path"),
        Shape::Object => (value.is_object() || expression, "an object"),
        Shape::List => (value.is_array(), "an array"),
        Shape::Any => (true, ""),
    };
    (!fits).then(|| Problem::error(place, format!("Expected {wanted}, but got: {}", short(value))))
}

fn nullable(name: &str) -> bool {
    matches!(name, "InputPath" | "OutputPath" | "ResultPath")
}

/// A value, cut to what fits a message.
pub(crate) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Checks the names of an object's fields against a list.
pub(crate) fn members(
    what: &str,
    known: &[&str],
    fields: &Map<String, Value>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) {
    for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
        let message = format!("Field '{name}' is not supported in {what}");
        let hint = meant(name, known.iter().copied());
        problems.push(Problem::error(format!("{pointer}/{name}"), message).hint(hint));
    }
}
