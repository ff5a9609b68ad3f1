//! Whatever the text and the input are, nothing panics, and what parses evaluates to a value or an error.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::intrinsic::tests::Fixed;
use super::{
    ExprLimits, JsonataExpr, JsonataScope, JsonataTemplate, PathExpr, ReferencePath, Scope, Template,
    Variables, choice, timestamp,
};

/// Texts made of pieces that mean something, which get further than random characters.
fn text(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![9 => prop::sample::select(pieces).prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn path() -> impl Strategy<Value = String> {
    text(&[
        "$",
        "$$",
        "$v",
        ".",
        "..",
        "*",
        "[",
        "]",
        "(",
        ")",
        "a",
        "b-c",
        "'a'",
        "0",
        "-1",
        ":",
        ",",
        "?(",
        "@",
        "==",
        "<",
        "&&",
        "||",
        "!",
        " in ",
        "=~",
        "/a/i",
        " ",
        ".length()",
        "9223372036854775807",
        "'",
        "\\",
        "é",
        "$.a",
        "[*]",
        "[?(@.a)]",
    ])
}

fn call() -> impl Strategy<Value = String> {
    text(&[
        "States.",
        "Format",
        "Array",
        "ArrayRange",
        "MathAdd",
        "MathRandom",
        "StringSplit",
        "Hash",
        "JsonMerge",
        "(",
        ")",
        ",",
        "'{}'",
        "'a'",
        "$.a",
        "$v",
        "1",
        "-1",
        "9223372036854775807",
        "1e308",
        "true",
        "null",
        "'",
        "\\",
        " ",
        "States.Array(",
        "States.Format('{}', ",
        "ArrayPartition",
        "ArrayGetItem",
        "Base64Decode",
        "StringToJson",
    ])
}

fn query() -> impl Strategy<Value = String> {
    text(&[
        "$states.input",
        ".a",
        "$v",
        "$",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "'a'",
        ":",
        ":=",
        "function($x){",
        "$x",
        "1",
        "..",
        "1e9",
        "-",
        "+",
        "*",
        "**",
        "%",
        "&",
        "?",
        "~>",
        "^(",
        "|",
        "@$i",
        "#$i",
        ";",
        ",",
        "$map(",
        "$reduce(",
        "$pad(",
        "$replace(",
        "/a*/",
        "$string(",
        "$sort(",
        "$range(",
        "$partition(",
        "$now(",
        "and",
        "in",
        " ",
        "=",
        "\"",
        "`",
    ])
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let keys = prop::sample::select(&["a", "b-c", "input", "é"][..]).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..4)
                .prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

fn limits() -> ExprLimits {
    ExprLimits { depth: 20, items: 500, bytes: 20_000, steps: 2_000, timeout_ms: 60_000 }
}

fn in_scope<T>(input: &Value, run: impl FnOnce(&Scope<'_>) -> T) -> T {
    let variables = Variables::from([("v".to_owned(), Arc::new(input.clone()))]);
    let limits = limits();
    run(&Scope { input, context: input, variables: &variables, draw: &Fixed, limits: &limits })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paths_and_calls(text in prop_oneof![path(), call()], input in value()) {
        if let Ok(expr) = PathExpr::parse(&text) {
            prop_assert_eq!(expr.to_string(), text.trim_end());
            in_scope(&input, |scope| {
                let found = expr.eval(scope, "f.$");
                let again = expr.eval(scope, "f.$");
                assert_eq!(found, again);
                drop((expr.select(scope), expr.refer(scope)));
            });
        }
        if let Ok(place) = ReferencePath::parse(&text)
            && let Ok(changed) = place.set(&input, json!("new"))
        {
            let read = PathExpr::parse(&text).unwrap();
            prop_assert_eq!(in_scope(&changed, |scope| read.eval(scope, "")).unwrap(), json!("new"));
        }
        timestamp::parse(&text);
    }

    #[test]
    fn templates_and_rules(path in path(), input in value(), pattern in any::<String>()) {
        if let Ok(template) = Template::parse(&json!({"a.$": path, "b": input}), "") {
            drop(in_scope(&input, |scope| template.eval(scope, "Parameters")));
        }
        for operator in choice::operator_names() {
            let rule = json!({"Variable": path, operator: if pattern.len() % 2 == 0 { json!(pattern) } else { input.clone() }});
            if let Ok(test) = choice::Test::parse(&rule, "") {
                drop(in_scope(&input, |scope| test.eval(scope)));
            }
        }
        drop(choice::Test::parse(&input, ""));
    }

    #[test]
    fn queries(text in query(), input in value()) {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let (limits, states) = (limits(), json!({"input": input}));
        let variables = Variables::from([("v".to_owned(), Arc::new(input.clone()))]);
        let scope = JsonataScope { states: &states, variables: &variables, draw: &Fixed, now, limits: &limits };
        if let Ok(expression) = JsonataExpr::parse(&text) {
            let found = expression.eval(&scope, "Output");
            prop_assert!(!format!("{found:?}").contains("cannot be evaluated"), "{}", text);
            prop_assert_eq!(found, expression.eval(&scope, "Output"));
        }
        if let Ok(template) = JsonataTemplate::parse(&json!([format!("{{%{text}%}}"), input]), "") {
            drop(template.eval(&scope, "Output"));
        }
    }
}
