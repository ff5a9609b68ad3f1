//! `partita entities` and `partita entity`.

use crate::place::{Place, program, until_written};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The words of a line.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn entities_are_signaled_shown_listed_and_deleted() {
    let place = Place::open();
    let signaled = place.run(&["entity", "signal", "Counter", "a", "add", "--input", "5"]).ok();
    assert_eq!(signaled, "@counter@a: signaled add\n");
    let signaled = place.run(&["entity", "signal", "counter", "", "add", "-i", "1", "--json"]).json();
    assert_eq!(signaled, json!({ "id": "@counter@", "done": "signaled" }));
    let entity = place.run(&["entity", "show", "Counter", "a", "--json"]).json();
    assert_eq!((&entity["id"], &entity["state"]), (&json!("@counter@a"), &json!(5)));
    let shown = place.run(&["entity", "show", "counter", ""]).ok();
    let lines: Vec<Vec<&str>> = shown.lines().map(words).collect();
    assert_eq!((&lines[2], lines.last().unwrap()), (&vec!["key", "''"], &vec!["state", "1"]), "{shown}");

    let table = place.run(&["entities", "--state"]).ok();
    let lines: Vec<Vec<&str>> = table.lines().map(words).collect();
    assert_eq!(lines[0], ["NAME", "KEY", "CHANGED", "WAITING", "LOCKED", "BY", "STATE"]);
    assert_eq!((lines[1][1], lines[1][4], lines[2][1], lines[2][4]), ("''", "1", "a", "5"), "{table}");
    let found = place.run(&["entities", "COUNT*", "-o", "jsonl", "--all"]).ok();
    let found: Vec<Value> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((found.len(), found[0].get("state")), (2, None));
    let found = place.run(&["entities", "counter", "--key-prefix", "a", "--json"]).json();
    assert_eq!(found["entities"].as_array().unwrap().len(), 1);
    let limited = place.run(&["entities", "--limit", "1"]);
    assert!(limited.err.contains("there are more"), "{limited:?}");
    let none = place.run(&["entities", "nothing"]);
    assert_eq!((none.err.as_str(), none.code), ("no entities\n", 0));

    assert_eq!(place.run(&["entity", "delete", "Counter", "a"]).ok(), "@counter@a: deleted\n");
    for command in ["show", "delete"] {
        let told = place.run(&["entity", command, "Counter", "a"]).fails(3);
        assert!(
            told.contains("there is no entity @counter@a") && told.contains("`partita entities`"),
            "{told}"
        );
    }
    let told = place.run(&["entity", "signal", "Conter", "a", "add"]).fails(3);
    assert!(told.contains("counter"), "the nearest name is told: {told}");
    assert!(place.run(&["entity", "show", "a@b", "c"]).fails(2).contains("'@name@key'"));
    let cleaned = place.run(&["entity", "clean"]).ok();
    assert_eq!(cleaned, "0 empty entities removed, 0 locks released\n");
}

#[test]
fn who_has_an_entity_locked_is_told() {
    let place = Place::open();
    let start = |id: &str| place.run(&["start", "Careful", "--id", id, "--input", "\"x\""]).ok();
    start("first");
    place.until("first", "customStatus", "holding");
    start("second");
    let began = Instant::now();
    let why = loop {
        let why = place.run(&["why", "second"]).ok();
        if why.contains("lock") || began.elapsed() > Duration::from_secs(20) {
            break why;
        }
    };
    assert!(why.contains("- it waits for the lock of @counter@x"), "{why}");
    let shown = place.run(&["entity", "show", "counter", "x"]).ok();
    assert!(shown.lines().any(|line| words(line) == ["locked", "by", "first"]), "{shown}");
    let told = place.run(&["entity", "delete", "counter", "x"]).fails(4);
    assert!(told.contains("the instance \"first\" has it locked"), "{told}");
    place.run(&["entity", "signal", "counter", "x", "add", "--input", "1", "--at", "1h"]).ok();
    let table = place.run(&["entities"]).ok();
    let line = words(table.lines().nth(1).unwrap());
    assert_eq!((line[3], line[4], line[5]), ("2", "first", "yes"), "{table}");

    let file = place.folder.path().join("history");
    let out = std::fs::File::create(&file).unwrap();
    let mut follow = place.command(&["history", "first", "--follow"]);
    let mut child = follow.stdout(out).spawn().unwrap();
    until_written(&file, "EntityOperationCompleted");
    place.run(&["raise", "first", "go"]).ok();
    assert!(child.wait().unwrap().success());
    let history = std::fs::read_to_string(&file).unwrap();
    let told = |kind: &str| {
        let line =
            history.lines().find(|line| line.contains(kind)).unwrap_or_else(|| unreachable!("{history}"));
        words(line)[3..].join(" ")
    };
    assert_eq!(told("EntityLockRequested"), "@counter@x");
    assert_eq!(told("EntityLockGranted"), "@counter@x");
    assert_eq!(told("EntityOperationCalled"), "@counter@x add 10");
    assert_eq!(told("EntityOperationCompleted"), "@counter@x add 10");
    place.until("second", "customStatus", "holding");
}

#[test]
fn a_server_that_is_not_there_is_told_as_for_instances() {
    let done = program().args(["entities", "--server", "http://127.0.0.1:9"]).output().unwrap();
    assert_eq!(done.status.code(), Some(6));
}
