//! From the JSON of a rule to its test.

use serde_json::{Map, Value};

use super::super::{PathExpr, Problem, nearest, text, timestamp};
use super::wildcard::Wildcard;
use super::{Kind, Operand, Relation, Test, Type};

/// How deep rules may nest.
const DEEPEST: usize = 64;

/// What a rule may have beside its test.
const OTHERS: [&str; 6] = ["Variable", "Next", "Comment", "Assign", "Output", "Condition"];

const TYPES: [(&str, Type); 3] =
    [("String", Type::String), ("Numeric", Type::Number), ("Timestamp", Type::Timestamp)];

const RELATIONS: [(&str, Relation); 5] = [
    ("Equals", Relation::Equals),
    ("LessThan", Relation::LessThan),
    ("GreaterThan", Relation::GreaterThan),
    ("LessThanEquals", Relation::LessThanEquals),
    ("GreaterThanEquals", Relation::GreaterThanEquals),
];

const KINDS: [(&str, Kind); 6] = [
    ("IsPresent", Kind::Present),
    ("IsNull", Kind::Null),
    ("IsNumeric", Kind::Numeric),
    ("IsString", Kind::String),
    ("IsBoolean", Kind::Boolean),
    ("IsTimestamp", Kind::Timestamp),
];

/// What a name of the States Language asks for.
#[derive(Debug, Clone, Copy)]
enum Operator {
    Compare(Type, Relation),
    ComparePath(Type, Relation),
    Matches,
    Is(Kind),
    And,
    Or,
    Not,
}

/// The names of all operators, `And`, `Or` and `Not` among them.
pub fn operator_names() -> impl Iterator<Item = String> {
    let compared =
        TYPES.into_iter().flat_map(|(kind, _)| RELATIONS.map(|(relation, _)| format!("{kind}{relation}")));
    let compared =
        compared.chain(["BooleanEquals".to_owned()]).flat_map(|name| [format!("{name}Path"), name]);
    let others =
        ["StringMatches", "And", "Or", "Not"].into_iter().chain(KINDS.into_iter().map(|(name, _)| name));
    compared.chain(others.map(str::to_owned))
}

fn operator(name: &str) -> Option<Operator> {
    match name {
        "And" => return Some(Operator::And),
        "Or" => return Some(Operator::Or),
        "Not" => return Some(Operator::Not),
        "StringMatches" => return Some(Operator::Matches),
        "BooleanEquals" => return Some(Operator::Compare(Type::Boolean, Relation::Equals)),
        "BooleanEqualsPath" => return Some(Operator::ComparePath(Type::Boolean, Relation::Equals)),
        _ => {}
    }
    if let Some((_, kind)) = KINDS.into_iter().find(|(known, _)| *known == name) {
        return Some(Operator::Is(kind));
    }
    let (kind, rest) =
        TYPES.into_iter().find_map(|(prefix, kind)| Some((kind, name.strip_prefix(prefix)?)))?;
    let (relation, path) = rest.strip_suffix("Path").map_or((rest, false), |relation| (relation, true));
    let (_, relation) = RELATIONS.into_iter().find(|(known, _)| *known == relation)?;
    Some(if path { Operator::ComparePath(kind, relation) } else { Operator::Compare(kind, relation) })
}

pub(super) fn rule(rule: &Value, pointer: &str) -> Result<Test, Vec<Problem>> {
    let mut problems = Vec::new();
    match test(rule, pointer, 0, &mut problems) {
        Some(test) if problems.is_empty() => Ok(test),
        _ => Err(problems),
    }
}

/// The test of a rule, or nothing after noting why there is none.
fn test(rule: &Value, pointer: &str, depth: usize, problems: &mut Vec<Problem>) -> Option<Test> {
    let Some(members) = rule.as_object().filter(|_| depth <= DEEPEST) else {
        let message =
            if depth > DEEPEST { "Choice rules nest too deep" } else { "Expected value of type Object" };
        problems.push(Problem::schema(pointer, message));
        return None;
    };
    let (name, operator, value) = only_operator(members, pointer, problems)?;
    let at = format!("{pointer}/{name}");
    match operator {
        Operator::And => tests(value, &at, depth, problems).map(Test::And),
        Operator::Or => tests(value, &at, depth, problems).map(Test::Or),
        Operator::Not => test(value, &at, depth + 1, problems).map(|test| Test::Not(Box::new(test))),
        _ => {
            let variable = variable(members, pointer, problems);
            let test = data_test(operator, value, &at).map_err(|problem| problems.push(problem)).ok();
            variable.zip(test).map(|(variable, test)| test(variable))
        }
    }
}

fn tests(value: &Value, at: &str, depth: usize, problems: &mut Vec<Problem>) -> Option<Vec<Test>> {
    match value.as_array() {
        Some(rules) if !rules.is_empty() => {
            let one = |(i, rule)| test(rule, &format!("{at}[{i}]"), depth + 1, problems);
            // All of them are read, so that all problems are found.
            let tests: Vec<Option<Test>> = rules.iter().enumerate().map(one).collect();
            tests.into_iter().collect()
        }
        Some(_) => {
            problems.push(Problem::schema(at, "Value cannot be empty"));
            None
        }
        None => {
            problems.push(Problem::schema(at, "Expected value of type Array"));
            None
        }
    }
}

/// The one member that is an operator.
fn only_operator<'v>(
    members: &'v Map<String, Value>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) -> Option<(&'v str, Operator, &'v Value)> {
    let mut found = None;
    for (name, value) in members {
        match operator(name) {
            Some(operator) if found.is_none() => found = Some((name.as_str(), operator, value)),
            Some(_) => {
                problems.push(Problem::schema(pointer, "A choice rule must have exactly one operator"));
            }
            None if OTHERS.contains(&name.as_str()) => {}
            None => problems.push(unknown(name, pointer)),
        }
    }
    if found.is_none() && problems.is_empty() {
        problems
            .push(Problem::schema(pointer, "A choice rule must have an operator, for example StringEquals"));
    }
    found
}

fn unknown(name: &str, pointer: &str) -> Problem {
    let names: Vec<String> = operator_names().collect();
    let meant = nearest(name, names.iter().map(String::as_str).chain(OTHERS));
    let hint = meant.map(|meant| format!("'{meant}' is probably meant"));
    Problem::schema(pointer, format!("Field '{name}' is not supported")).with_hint(hint)
}

fn variable(members: &Map<String, Value>, pointer: &str, problems: &mut Vec<Problem>) -> Option<PathExpr> {
    let Some(value) = members.get("Variable") else {
        problems.push(Problem::schema(pointer, "The field 'Variable' is required but was missing"));
        return None;
    };
    path(value, &format!("{pointer}/Variable")).map_err(|problem| problems.push(problem)).ok()
}

fn path(value: &Value, at: &str) -> Result<PathExpr, Problem> {
    let invalid = || Problem::schema(at, "Value is not a Reference Path");
    let Some(path) = value.as_str() else { return Err(invalid()) };
    match PathExpr::parse(path) {
        Ok(PathExpr::Intrinsic(_)) => {
            Err(invalid().with_hint(Some("intrinsic functions cannot stand here".into())))
        }
        Ok(path) => Ok(path),
        Err(error) => Err(invalid().with_hint(Some(error.to_string()))),
    }
}

/// A test that still needs its variable.
type DataTest = Box<dyn FnOnce(PathExpr) -> Test>;

fn data_test(operator: Operator, value: &Value, at: &str) -> Result<DataTest, Problem> {
    let expected = |wanted: &str| {
        let hint = format!("it is a {}", text::type_of(value));
        Problem::schema(at, format!("Expected value of type {wanted}")).with_hint(Some(hint))
    };
    Ok(match operator {
        Operator::Compare(kind, relation) => {
            let operand = literal(kind, value).map_err(expected)?;
            Box::new(move |variable| Test::Compare { variable, relation, operand })
        }
        Operator::ComparePath(kind, relation) => {
            let operand = Operand::Path(kind, path(value, at)?);
            Box::new(move |variable| Test::Compare { variable, relation, operand })
        }
        Operator::Matches => {
            let pattern = Wildcard::parse(value.as_str().ok_or_else(|| expected("String"))?);
            Box::new(move |variable| Test::Matches { variable, pattern })
        }
        Operator::Is(kind) => {
            let wanted = value.as_bool().ok_or_else(|| expected("Boolean"))?;
            Box::new(move |variable| Test::Is { variable, kind, expected: wanted })
        }
        Operator::And | Operator::Or | Operator::Not => return Err(expected("Object")),
    })
}

fn literal(kind: Type, value: &Value) -> Result<Operand, &'static str> {
    match (kind, value) {
        (Type::String, Value::String(text)) => Ok(Operand::String(text.clone())),
        (Type::Number, Value::Number(number)) => Ok(Operand::Number(number.clone())),
        (Type::Boolean, Value::Bool(boolean)) => Ok(Operand::Boolean(*boolean)),
        (Type::Timestamp, Value::String(text)) => {
            timestamp::parse(text).map(Operand::Timestamp).ok_or("Timestamp")
        }
        (Type::String, _) => Err("String"),
        (Type::Number, _) => Err("Numeric"),
        (Type::Boolean, _) => Err("Boolean"),
        (Type::Timestamp, _) => Err("Timestamp"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Test;

    fn refused(rule: &Value) -> String {
        let problems = Test::parse(rule, "/States/C/Choices[0]").unwrap_err();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn there_are_39_operators_and_three_that_combine() {
        let names: Vec<String> = super::operator_names().collect();
        assert_eq!(names.len(), 39 + 3);
        assert!(names.iter().all(|name| super::operator(name).is_some()));
        assert!(super::operator("StringIs").is_none());
    }

    #[test]
    fn wrong_rules_are_explained() {
        insta::assert_snapshot!(refused(&json!(1)), @"SCHEMA_VALIDATION_FAILED: Expected value of type Object at /States/C/Choices[0]");
        insta::assert_snapshot!(refused(&json!({"Next": "A"})), @"SCHEMA_VALIDATION_FAILED: A choice rule must have an operator, for example StringEquals at /States/C/Choices[0]");
        insta::assert_snapshot!(refused(&json!({"Variable": "$.a", "StringEqual": "x"})), @"SCHEMA_VALIDATION_FAILED: Field 'StringEqual' is not supported at /States/C/Choices[0] ('StringEquals' is probably meant)");
        insta::assert_snapshot!(refused(&json!({"Variable": "$.a", "StringEquals": 5})), @"SCHEMA_VALIDATION_FAILED: Expected value of type String at /States/C/Choices[0]/StringEquals (it is a number)");
        insta::assert_snapshot!(refused(&json!({"Variable": "a", "IsNull": true})), @"SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/C/Choices[0]/Variable (a path begins with '$' (at character 1))");
        insta::assert_snapshot!(refused(&json!({"IsNull": true})), @"SCHEMA_VALIDATION_FAILED: The field 'Variable' is required but was missing at /States/C/Choices[0]");
        insta::assert_snapshot!(refused(&json!({"Variable": "$", "IsNull": true, "IsString": true})), @"SCHEMA_VALIDATION_FAILED: A choice rule must have exactly one operator at /States/C/Choices[0]");
        insta::assert_snapshot!(refused(&json!({"And": [{"Not": {"Variable": "$.a", "TimestampEquals": "now"}}, 7]})), @r"
        SCHEMA_VALIDATION_FAILED: Expected value of type Timestamp at /States/C/Choices[0]/And[0]/Not/TimestampEquals (it is a string)
        SCHEMA_VALIDATION_FAILED: Expected value of type Object at /States/C/Choices[0]/And[1]
        ");
        insta::assert_snapshot!(refused(&json!({"Or": []})), @"SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/C/Choices[0]/Or");
    }
}
