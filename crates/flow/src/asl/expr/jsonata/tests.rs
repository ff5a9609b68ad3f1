//! Expressions from end to end.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::intrinsic::tests::Fixed;
use super::super::{ExprLimits, JsonataScope, JsonataTemplate, Variables};
use super::JsonataExpr;

fn with_limits<T>(limits: &ExprLimits, run: impl FnOnce(&JsonataScope<'_>) -> T) -> T {
    let variables = Variables::from([
        ("v".to_owned(), Arc::new(json!({"list": [{"n": 1}, {"n": 2}]}))),
        ("empty".to_owned(), Arc::new(json!([]))),
    ]);
    let states = json!({
        "input": {"a": 1, "f": 1.5, "big": 9_007_199_254_740_993_i64, "s": "x", "list": [1, 2, 3], "one": [7], "nil": null},
        "context": {"State": {"Name": "S"}},
    });
    let now = jiff::Timestamp::from_millisecond(1_704_067_200_123).unwrap();
    run(&JsonataScope { states: &states, variables: &variables, draw: &Fixed, now, limits })
}

fn check(source: &str) -> String {
    check_within(source, &ExprLimits::default())
}

fn check_within(source: &str, limits: &ExprLimits) -> String {
    let expression = match JsonataExpr::parse(&format!("{{% {source} %}}")) {
        Ok(expression) => expression,
        Err(error) => return format!("no expression: {}", error.message),
    };
    with_limits(limits, |scope| match expression.eval(scope, "Output") {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    })
}

#[test]
fn paths_give_what_they_name() {
    insta::assert_snapshot!(check("$states.input.a"), @"1");
    insta::assert_snapshot!(check("$states.input.big"), @"9007199254740993");
    insta::assert_snapshot!(check("$states.input.one"), @"[7]");
    insta::assert_snapshot!(check("$states.input.nil"), @"null");
    insta::assert_snapshot!(check("$states.context.State"), @r#"{"Name":"S"}"#);
    insta::assert_snapshot!(check("$v.list.n"), @"[1,2]");
    insta::assert_snapshot!(check("$v.list[n=2]"), @r#"{"n":2}"#);
    insta::assert_snapshot!(check("$empty"), @"[]");
}

#[test]
fn numbers_stay_integers() {
    insta::assert_snapshot!(check("$states.input.a + 1"), @"2");
    insta::assert_snapshot!(check("$states.input.f * 2"), @"3");
    insta::assert_snapshot!(check("$states.input.f + 1"), @"2.5");
    insta::assert_snapshot!(check("-0"), @"0");
    insta::assert_snapshot!(check("1e300"), @"1e+300");
}

#[test]
fn nothing_and_errors_have_the_words_of_the_service() {
    insta::assert_snapshot!(check("$doesNotExist"), @"States.QueryEvaluationError: The JSONata expression '$doesNotExist' specified for the field 'Output' returned nothing (undefined).");
    insta::assert_snapshot!(check("$states.input.no.such"), @"States.QueryEvaluationError: The JSONata expression '$states.input.no.such' specified for the field 'Output' returned nothing (undefined).");
    insta::assert_snapshot!(check("$states.input.s + 1"), @r#"States.QueryEvaluationError: The JSONata expression '$states.input.s + 1' specified for the field 'Output' threw an error during evaluation. T2001: The left side of the + operator must evaluate to a number"#);
    insta::assert_snapshot!(check("$sum"), @"States.QueryEvaluationError: The JSONata expression '$sum' specified for the field 'Output' threw an error during evaluation. The result is a function, which is no JSON value.");
    let expression = JsonataExpr::parse("$ItemsVar").unwrap();
    insta::assert_snapshot!(expression.unexpected_type("Items", "array", &json!({"foo": "bar"})).cause, @r#"The JSONata expression '$ItemsVar' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'object' for value: {"foo":"bar"}"#);
}

#[test]
fn functions_of_the_service() {
    insta::assert_snapshot!(check("$partition([1..5], 2)"), @"[[1,2],[3,4],[5]]");
    insta::assert_snapshot!(check("$range(0, 10, 3)"), @"[0,3,6,9]");
    insta::assert_snapshot!(check("$range(1, 9, 9)"), @"1");
    insta::assert_snapshot!(check("$range(3, 1, -1)"), @"[3,2,1]");
    insta::assert_snapshot!(check("$range(1, 2, 0)"), @"States.QueryEvaluationError: The JSONata expression '$range(1, 2, 0)' specified for the field 'Output' threw an error during evaluation. The step of 'range' must not be zero.");
    insta::assert_snapshot!(check("$hash('input data', 'MD5')"), @r#""812f45842bc6d66ee14572ce20db8e86""#);
    insta::assert_snapshot!(check(r#"$parse('{"a": [1, 2.5]}')"#), @r#"{"a":[1,2.5]}"#);
    insta::assert_snapshot!(check("$parse('{')"), @"States.QueryEvaluationError: The JSONata expression '$parse('{')' specified for the field 'Output' threw an error during evaluation. The text is not valid JSON: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(check("$random(42)"), @"0.7275636800328681");
    assert_eq!(check("$random()"), check("$random()"));
    insta::assert_snapshot!(check("$random() = $random()"), @"false");
    insta::assert_snapshot!(check("$length($uuid()) = 36 and $uuid() != $uuid()"), @"true");
    insta::assert_snapshot!(check("$count($shuffle([1..5]))"), @"5");
    insta::assert_snapshot!(check("$now()"), @r#""2024-01-01T00:00:00.123Z""#);
    insta::assert_snapshot!(check("$now('[Y]/[M01]')"), @r#""2024/01""#);
    insta::assert_snapshot!(check("$millis()"), @"1704067200123");
    insta::assert_snapshot!(check("$map([1,2], $string)"), @r#"["1","2"]"#);
}

#[test]
fn newer_syntax_is_refused() {
    insta::assert_snapshot!(check("$a ?? 1"), @"no expression: the operator '??' is newer than JSONata 2.0.6, which the States Language uses");
    insta::assert_snapshot!(check("$a ?: 1"), @"no expression: the operator '?:' is newer than JSONata 2.0.6, which the States Language uses");
    insta::assert_snapshot!(check("$x[($a ?? 1) = 2]"), @"no expression: the operator '??' is newer than JSONata 2.0.6, which the States Language uses");
    insta::assert_snapshot!(check("$eval('1')"), @"no expression: the function $eval is not supported");
    insta::assert_snapshot!(check("1 +"), @"no expression: S0207: Unexpected end of expression");
    insta::assert_snapshot!(check(""), @"no expression: S0207: Unexpected end of expression");
}

#[test]
fn whatever_an_expression_does_it_ends() {
    let limits = ExprLimits { steps: 20_000, bytes: 1 << 20, items: 20_000, ..ExprLimits::default() };
    for (source, why) in [
        ("($f := function() { $f() }; $f())", "steps"),
        ("($f := function($x) { 1 + $f($x) }; $f(1))", "D1011"),
        ("$count([1..1000].([1..1000].([1..1000])))", "D2015"),
        ("$sum([1..1000].($sum([1..1000].($sum([1..1000])))))", "steps"),
        ("$count([1..1000].{'a': [1..1000].{'b': 1}})", "steps"),
        ("$count([1..1000][$count([1..1000][$ > 1]) = 5])", "steps"),
        ("[1..30000]", "D2015"),
        ("$reduce([1..64], function($a, $b) { $a & $a }, 'x')", "larger"),
        ("$reduce([1..64], function($a, $b) { [$a, $a] }, [1])", "larger"),
        ("$string($reduce([1..64], function($a, $b) { {'a': $a, 'b': $a} }, 1))", "larger"),
        ("$reduce([1..64], function($a, $b) { {'a': $a, 'b': $a} }, 1)", "larger"),
        ("($d := $reduce([1..64], function($a, $b) { {'a': $a, 'b': $a} }, 1); $d = $d)", "larger"),
        ("($d := $reduce([1..64], function($a, $b) { {'a': $a, 'b': $a} }, 1); $d & '')", "larger"),
        ("($d := $reduce([1..64], function($a, $b) { {'a': $a, 'b': $a} }, 1); $distinct([$d]))", "larger"),
        ("$reduce([1..64], function($a, $b) { $a.{'x': $, 'y': $} }, 1)", "larger"),
        ("$pad('', 1e15)", "larger"),
        ("($a := $pad('', 1e6); $replace($a, ' ', $a))", "larger"),
        ("$reduce([1..200], function($a, $b) { {'a': $a} }, 1)", "deep"),
        ("$reduce([1..64], function($a, $b) { $append($a, $a) }, [1])", "D2015"),
        ("$reduce([1..64], function($a, $b) { $join([$a, $a]) }, 'x')", "larger"),
    ] {
        let outcome = check_within(source, &limits);
        assert!(outcome.contains(why) && outcome.contains("threw an error"), "{source}: {outcome}");
    }
}

#[test]
fn guards_change_no_result() {
    insta::assert_snapshot!(check("$map([1..3], function($x) { $x * 2 })"), @"[2,4,6]");
    insta::assert_snapshot!(check("[1..3].($ & '!')"), @r#"["1!","2!","3!"]"#);
    insta::assert_snapshot!(check("$v.list.{'k': n}"), @r#"[{"k":1},{"k":2}]"#);
    insta::assert_snapshot!(check("$v.list.[n, n]"), @"[[1,1],[2,2]]");
    insta::assert_snapshot!(check("[[1, $states.input.a], [2, 3]]"), @"[[1,1],[2,3]]");
    insta::assert_snapshot!(check("($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(10))"), @"3628800");
    insta::assert_snapshot!(check("($f := function($n, $a) { $n = 0 ? $a : $f($n - 1, $a + 1) }; $f(5000, 0))"), @"5000");
    insta::assert_snapshot!(check("$replace('abc', /b/, function($m) { $uppercase($m.match) })"), @r#""aBc""#);
}

#[test]
fn templates_are_filled_in() {
    let template =
        json!({"a": "{% $states.input.a %}", "b": ["x", "{% $v.list[0].n %}"], "c": "{x}", "d": {"e": 1}});
    let template = JsonataTemplate::parse(&template, "/States/S/Output").unwrap();
    let value = with_limits(&ExprLimits::default(), |scope| template.eval(scope, "Output")).unwrap();
    assert_eq!(value, json!({"a": 1, "b": ["x", 1], "c": "{x}", "d": {"e": 1}}));
    let fails = |template: Value| {
        let template = JsonataTemplate::parse(&template, "").unwrap();
        with_limits(&ExprLimits::default(), |scope| template.eval(scope, "Output")).unwrap_err().cause
    };
    insta::assert_snapshot!(fails(json!({"result": "{% $no %}"})), @"The JSONata expression '$no' specified for the field 'Output/result' returned nothing (undefined).");
    insta::assert_snapshot!(fails(json!({"l": [1, {"x": "{% $no %}"}]})), @"The JSONata expression '$no' specified for the field 'Output/l[1]/x' returned nothing (undefined).");
    let problems =
        JsonataTemplate::parse(&json!({"a": ["{% 1 + %}"], "b": "{% 1"}), "/States/S/Output").unwrap_err();
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(problems.join("\n"), @r"
    SCHEMA_VALIDATION_FAILED: The JSONata expression is not valid: S0207: Unexpected end of expression at /States/S/Output/a[0]
    SCHEMA_VALIDATION_FAILED: The JSONata expression is not valid at /States/S/Output/b (a JSONata expression ends with '%}')
    ");
}

#[test]
fn variables_are_listed() {
    let template =
        json!(["{% $v.a[b = $w].($u + $states.input.x) %}", "{% $map($z, function($i) { $i }) %}"]);
    let mut names = BTreeSet::new();
    JsonataTemplate::parse(&template, "").unwrap().used_variables(&mut names);
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["i", "u", "v", "w", "z"]);
}
