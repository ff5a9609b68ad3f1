//! Commands about many instances.

use crate::place::Place;
use serde_json::{Value, json};

fn ids(list: &Value) -> Vec<&str> {
    list["instances"].as_array().unwrap().iter().map(|instance| instance["id"].as_str().unwrap()).collect()
}

fn filled() -> Place {
    let place = Place::open();
    for (id, tag) in [("a1", "team=blue"), ("a2", "team=red")] {
        place.run(&["start", "Hello", "--id", id, "--input", "\"x\"", "--tag", tag, "--wait"]).ok();
    }
    place.start("Parent", "b1");
    place.until("b1-child", "customStatus", "waiting for go");
    place
}

#[test]
fn lists_are_filtered_ordered_and_cut() {
    let place = filled();
    let list = |arguments: &[&str]| place.run(&[&["list", "--json"], arguments].concat()).json();
    assert_eq!(ids(&list(&["--order", "id"])), ["a1", "a2", "b1", "b1-child"]);
    assert_eq!(ids(&list(&["--order", "oldest", "--roots"])), ["a1", "a2", "b1"]);
    assert_eq!(ids(&list(&["--status", "completed", "--tag", "team=red"])), ["a2"]);
    assert_eq!(ids(&list(&["--name", "Par*,Pat*", "--order", "id"])), ["b1", "b1-child"]);
    assert_eq!(ids(&list(&["--parent", "b1"])), ["b1-child"]);
    assert_eq!(ids(&list(&["--id-prefix", "a", "--order", "id"])), ["a1", "a2"]);
    assert_eq!(ids(&list(&["--id-contains", "CHILD"])), ["b1-child"]);
    assert_eq!(ids(&list(&["--created-before", "1h"])), Vec::<&str>::new());
    assert_eq!(ids(&list(&["--created-after", "1h", "--set-aside"])), Vec::<&str>::new());
    let cut = list(&["--limit", "3"]);
    assert_eq!((ids(&cut).len(), cut["next"].is_string()), (3, true));
    let one = list(&["--id-prefix", "a1", "--payloads"]);
    assert_eq!(
        (&one["instances"][0]["input"], &one["instances"][0]["output"]),
        (&json!("x"), &json!("Hello, x!"))
    );
    assert_eq!(place.run(&["list", "--all", "-o", "jsonl"]).ok().lines().count(), 4);
}

#[test]
fn tables_are_aligned_and_colours_only_where_they_are_wanted() {
    let place = filled();
    let done = place.run(&["list", "--order", "id", "--limit", "3"]);
    assert!(done.err.contains("--all"), "{}", done.err);
    let table = done.ok();
    let lines: Vec<&str> = table.lines().collect();
    let column = lines[0].find("STATUS").unwrap();
    assert!(
        lines[1][column..].starts_with("Completed") && lines[3][column..].starts_with("Running"),
        "{table}"
    );
    assert!(!table.contains('\u{1b}'), "{table}");
    let colored = place.run(&["list", "--color", "always"]).ok();
    assert!(colored.contains("\u{1b}[32mCompleted\u{1b}[0m"), "{colored:?}");
    let done = place.run(&["list", "--name", "Nothing"]);
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (0, "", "no instances\n"));
    assert!(place.run(&["ls"]).ok().contains("waiting for go"));
}

#[test]
fn counts_are_by_status() {
    let place = filled();
    let counts = place.run(&["list", "--count", "--json"]).json();
    assert_eq!(counts, json!({ "total": 4, "byStatus": { "Completed": 2, "Running": 2 } }));
    let table = place.run(&["list", "--count", "--name", "Hello"]).ok();
    assert_eq!(
        table.split_whitespace().collect::<Vec<_>>(),
        ["STATUS", "INSTANCES", "Completed", "2", "all", "2"]
    );
}

#[test]
fn only_what_has_ended_is_purged() {
    let place = filled();
    assert!(place.run(&["purge", "b1"]).fails(4).contains("terminate it first"));
    assert_eq!(place.run(&["purge", "a1"]).ok(), "1 instance purged\n");
    assert!(place.run(&["purge", "--name", "Hello"]).fails(2).contains("--yes"));
    assert!(place.run(&["purge", "--status", "running", "--yes"]).fails(2).contains("have not ended"));
    assert_eq!(place.run(&["purge", "--older-than", "1h", "--yes"]).ok(), "0 instances purged\n");
    let report =
        place.run(&["purge", "--status", "completed,failed", "--name", "Hello", "--yes", "--json"]).json();
    assert_eq!(report, json!({ "deleted": 1, "complete": true }));
    place.run(&["terminate", "b1"]).ok();
    place.until("b1", "status", "Terminated");
    place.until("b1-child", "status", "Terminated");
    assert_eq!(place.run(&["purge", "b1"]).ok(), "2 instances purged\n");
    assert_eq!(place.run(&["list", "--count", "--json"]).json()["total"], 0);
}
