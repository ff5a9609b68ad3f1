use super::*;
use crate::config::trigger::Patterns;

fn trigger(route: &str) -> TriggerConfig {
    TriggerConfig { route: route.to_owned(), ..TriggerConfig::default() }
}

fn problems(configs: &[TriggerConfig]) -> String {
    Triggers::new(configs).unwrap_err().to_string()
}

fn start(route: &str) -> TriggerConfig {
    TriggerConfig { start: Some("W".to_owned()), ..trigger(route) }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let bad = TriggerConfig {
        id: Some("{".to_owned()),
        params: [("a".to_owned(), Patterns::One("guid".to_owned()))].into(),
        ..start("POST order")
    };
    let text = problems(&[
        bad,
        trigger("POST /a"),
        TriggerConfig { raise: Some("E".to_owned()), ..trigger("POST /b/{id}") },
        start("GET /c"),
        TriggerConfig { instance: Some("{id}".to_owned()), ..start("POST /d") },
        TriggerConfig { wait: Some("10m".to_owned()), ..start("POST /e") },
    ]);
    insta::assert_snapshot!(text, @r#"
the configuration has 8 problems:
  trigger[0].route: the path "order" does not begin with a slash
  trigger[0].id: "{" has a brace that does not close a name; write braces as {{ and }}
  trigger[0].params.a: "guid" is no pattern; there are uuid, int, nonempty, max:LENGTH
  trigger[1]: say what it does: exactly one of start, raise and status
  trigger[2].instance: which instance is meant? Such as instance = "{id}"
  trigger[3].route: a status is shown with GET; starts and events come with POST, PUT, PATCH or DELETE, or with GET if allow-get = true
  trigger[4].instance: a start names its instance with id, not with instance
  trigger[5].wait: "10m" is more than five minutes, which no caller waits
"#);
}

#[test]
fn routes_that_clash_are_refused_and_others_are_not() {
    let text = problems(&[start("POST /a/{x}/b"), start("POST /a/{y}/b"), start("POST /a/b/c")]);
    insta::assert_snapshot!(text, @r#"
the configuration has 1 problem:
  trigger[1].route: POST /a/{y}/b is taken by trigger[0] already; change or remove one of them
"#);
    let good = [start("POST /a/{x}"), start("PUT /a/{y}"), start("POST /a/start"), start("POST /a/{x}/{z}")];
    assert_eq!(Triggers::new(&good).unwrap().len(), 4);
}

#[test]
fn what_is_the_servers_stays_its_own() {
    for (route, expected) in [
        ("POST /api/v1/x", "/api belongs to the server"),
        ("POST /Runtime/x", "/Runtime belongs to the server"),
        ("GET /metrics", "/metrics belongs to the server"),
        ("POST /{any}/x", "begin with a fixed part"),
        ("POST /a/{x}/{x}", "comes twice"),
        ("POST /a//b", "empty part"),
        ("POST /a/{x y}", "no parameter"),
        ("POST /a/x{y}", "takes a whole part"),
        ("HEAD /a", "none of GET, POST"),
        ("POST a", "does not begin with a slash"),
    ] {
        let text = problems(&[start(route)]);
        assert!(text.contains(expected), "{route}: {text}");
    }
}
