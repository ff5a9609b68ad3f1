//! Commands about one instance.

use crate::place::{Place, until_written};
use serde_json::{Value, json};
use std::fs::File;

#[test]
fn start_gives_the_id_alone_so_that_scripts_can_take_it() {
    let place = Place::open();
    let out = place.run(&["start", "Hello", "--input", "\"Ada\"", "--tag", "team=blue", "--tag", "n=1"]).ok();
    let id = out.trim_end();
    assert_eq!(out, format!("{id}\n"));
    place.until(id, "status", "Completed");
    assert_eq!(place.field(id, "output"), "Hello, Ada!");
    assert_eq!(place.field(id, "tags"), json!({ "n": "1", "team": "blue" }));
    let started = place.run(&["start", "Hello", "--input", "\"Ada\"", "--id", "own", "--json"]).json();
    assert_eq!((&started["id"], &started["created"]), (&json!("own"), &json!(true)));
}

#[test]
fn input_comes_from_files_and_pipes_too() {
    let place = Place::open();
    let file = place.folder.path().join("input.json");
    std::fs::write(&file, "\"Grace\"\n").unwrap();
    let argument = format!("@{}", file.display());
    let done = place.run(&["start", "Hello", "--input", &argument, "--wait", "--json"]).json();
    assert_eq!(done["output"], "Hello, Grace!");
    let done = place.run_with(&["start", "Hello", "--input", "-", "--wait", "--json"], "\"Lin\"").json();
    assert_eq!(done["output"], "Hello, Lin!");
    let told = place.run(&["start", "Hello", "--input", "@/nowhere.json"]).fails(2);
    assert!(told.contains("/nowhere.json"), "{told}");
}

#[test]
fn waiting_ends_with_the_instance_and_its_exit_code_tells_how() {
    let place = Place::open();
    let shown = place.run(&["start", "Hello", "--input", "\"Ada\"", "--id", "h", "--wait"]).ok();
    let fields: Vec<(&str, &str)> = shown.lines().filter_map(|line| line.split_once("  ")).collect();
    let field = |name: &str| fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.trim());
    assert_eq!(field("status"), Some("Completed"));
    assert_eq!(field("output"), Some("\"Hello, Ada!\""));
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe");
    let failed = place.run(&["start", "Fragile", "--wait"]);
    assert_eq!(failed.code, 5);
    assert!(failed.out.contains("caused by Busy: try later"), "{}", failed.out);
    let told = place.run(&["start", "Patient", "--id", "p", "--wait", "--timeout", "200ms"]).fails(7);
    assert!(told.contains("`partita why p`"), "{told}");
    assert_eq!(place.field("p", "status"), "Running", "it goes on");
}

#[test]
fn starts_can_be_refused() {
    let place = Place::open();
    place.start("Patient", "p");
    assert!(place.run(&["start", "Patient", "--id", "p"]).fails(4).contains("exists already"));
    assert!(place.run(&["start", "Patiend"]).fails(3).contains("Patient"), "the nearest name is told");
    assert_eq!(place.run(&["start", "Patient", "--id", "p", "--replace", "failed"]).code, 4);
    place.run(&["terminate", "p"]).ok();
    place.until("p", "status", "Terminated");
    place.run(&["start", "Patient", "--id", "p", "--replace", "terminated,failed"]).ok();
}

#[test]
fn a_start_can_be_put_off() {
    let place = Place::open();
    place.run(&["start", "Hello", "--input", "\"x\"", "--id", "later", "--at", "1h"]).ok();
    let instance = place.run(&["show", "later", "--json"]).json();
    assert_eq!(instance["status"], "Pending");
    assert!(instance["scheduledAt"].is_string());
    assert!(place.run(&["show", "later"]).ok().contains("begins"));
    assert!(place.run(&["why", "later", "--json"]).json()["reasons"][0]["kind"] == "scheduled");
}

#[test]
fn following_shows_what_happens_as_it_happens() {
    let place = Place::open();
    let file = place.folder.path().join("out");
    let mut command = place.command(&["start", "Patient", "--id", "p", "--follow"]);
    let mut child = command.stdout(File::create(&file).unwrap()).spawn().unwrap();
    until_written(&file, "waiting for go");
    place.run(&["raise", "p", "go", "--data", "{\"n\":1}"]).ok();
    assert!(child.wait().unwrap().success());
    let shown = std::fs::read_to_string(&file).unwrap();
    let order =
        ["ExecutionStarted", "waiting for go", "EventRaised", "ExecutionCompleted", "Completed", "\"gone\""];
    let places: Vec<_> = order.iter().map(|what| shown.find(what)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {shown}");
    assert!(!shown.contains("OrchestratorStarted"), "{shown}");
}

#[test]
fn following_as_json_lines_gives_every_change_and_as_json_the_last() {
    let place = Place::open();
    let out = place.run(&["start", "Rounds", "--input", "0", "--follow", "-o", "jsonl"]).ok();
    let changes: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = changes.last().unwrap();
    assert_eq!(
        (&last["status"], &last["output"], &last["generation"]),
        (&json!("Completed"), &json!(3), &json!(3))
    );
    let done = place.run(&["start", "Hello", "--input", "\"x\"", "--follow", "-o", "json"]).json();
    assert_eq!(done["status"], "Completed");
    assert_eq!(place.run(&["start", "Fragile", "--follow"]).code, 5);
    let slow = place.run(&["start", "Patient", "--follow", "--timeout", "200ms"]);
    assert_eq!(slow.code, 7);
}

#[test]
fn histories_are_shown_and_followed() {
    let place = Place::open();
    place.run(&["start", "Hello", "--input", "\"Ada\"", "--id", "h", "--wait"]).ok();
    let shown = place.run(&["history", "h"]).ok();
    let kinds: Vec<&str> = shown.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(
        kinds,
        [
            "OrchestratorStarted",
            "ExecutionStarted",
            "TaskScheduled",
            "OrchestratorCompleted",
            "OrchestratorStarted",
            "TaskCompleted",
            "OrchestratorCompleted",
            "ExecutionCompleted"
        ]
    );
    let completed = shown.lines().find(|line| line.contains("TaskCompleted")).unwrap();
    assert!(completed.contains("Greet") && completed.contains("Hello, Ada!"), "{completed}");
    let events = place.run(&["history", "h", "--json"]).json();
    assert_eq!((events.as_array().unwrap().len(), &events[2]["name"]), (8, &json!("Greet")));
    assert_eq!(place.run(&["history", "h", "-o", "jsonl", "--from", "6"]).ok().lines().count(), 2);
    assert_eq!(place.run(&["history", "h", "--follow"]).ok().lines().count(), 8);

    place.start("Patient", "p");
    let file = place.folder.path().join("out");
    let mut command = place.command(&["history", "p", "--follow", "--json"]);
    let mut child = command.stdout(File::create(&file).unwrap()).spawn().unwrap();
    until_written(&file, "ExecutionStarted");
    place.run(&["terminate", "p", "--reason", "enough"]).ok();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    let events = std::fs::read_to_string(&file).unwrap();
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.iter().any(|event| event["type"] == "ExecutionTerminated"), "{events:?}");
}

#[test]
fn why_names_what_is_waited_for() {
    let place = Place::open();
    place.start("Parent", "w");
    place.until("w-child", "customStatus", "waiting for go");
    let why = place.run(&["why", "w"]).ok();
    assert!(why.contains("w-child"), "{why}");
    let why = place.run(&["why", "w-child", "--json"]).json();
    assert_eq!(
        (&why["reasons"][0]["kind"], &why["reasons"][0]["facts"]["name"]),
        (&json!("event"), &json!("go"))
    );
}

#[test]
fn signals_do_what_they_say() {
    let place = Place::open();
    place.start("Patient", "p");
    assert_eq!(place.run(&["suspend", "p", "--reason", "lunch"]).ok(), "p: suspended\n");
    place.until("p", "status", "Suspended");
    let raised = place.run(&["raise", "p", "go", "--data", "7", "--json"]).json();
    assert_eq!(raised, json!({ "id": "p", "done": "raised" }));
    assert_eq!(place.run(&["resume", "p"]).ok(), "p: resumed\n");
    place.until("p", "status", "Completed");
    assert_eq!(place.field("p", "output"), 7);
    let history = place.run(&["history", "p"]).ok();
    assert!(history.contains("lunch"), "{history}");
    for command in [&["suspend", "p"][..], &["resume", "p"], &["raise", "p", "go"], &["terminate", "p"]] {
        let told = place.run(command).fails(4);
        assert!(told.contains("Completed"), "{command:?}: {told}");
    }
    for command in [
        &["show", "nobody"][..],
        &["history", "nobody"],
        &["history", "nobody", "--follow"],
        &["why", "nobody"],
        &["raise", "nobody", "e"],
        &["suspend", "nobody"],
        &["resume", "nobody"],
        &["terminate", "nobody"],
        &["rewind", "nobody"],
        &["restart", "nobody"],
        &["purge", "nobody"],
    ] {
        let told = place.run(command).fails(3);
        assert!(
            told.contains("there is no instance \"nobody\"") && told.contains("`partita list`"),
            "{command:?}: {told}"
        );
    }
}

#[test]
fn what_has_not_failed_is_not_rewound() {
    let place = Place::open();
    place.start("Patient", "p");
    assert!(place.run(&["rewind", "p"]).fails(4).contains("only an instance that has failed"));
}

#[test]
fn what_has_completed_is_not_rewound() {
    let place = Place::open();
    place.run(&["start", "Hello", "--id", "h", "--input", "\"x\"", "--wait"]).ok();
    assert!(place.run(&["rewind", "h"]).fails(4).contains("only an instance that has failed"));
}

#[test]
fn children_end_with_their_parent_unless_they_shall_not() {
    let place = Place::open();
    for (id, arguments, expected) in
        [("a", &["terminate", "a"][..], "Terminated"), ("b", &["terminate", "b", "--no-recurse"], "Running")]
    {
        let child = format!("{id}-child");
        place.start("Parent", id);
        place.until(&child, "customStatus", "waiting for go");
        assert_eq!(place.run(arguments).ok(), format!("{id}: terminated\n"));
        place.until(id, "status", "Terminated");
        place.until(&child, "status", expected);
    }
}

#[test]
fn failed_instances_are_rewound_and_ended_ones_restarted() {
    let place = Place::open();
    assert_eq!(place.run(&["start", "Fragile", "--id", "f", "--wait"]).code, 5);
    assert_eq!(place.run(&["rewind", "f", "--reason", "repaired"]).ok(), "f: rewound\n");
    place.until("f", "status", "Completed");
    assert_eq!(place.run(&["restart", "f"]).ok(), "f\n");
    let other = place.run(&["restart", "f", "--new-id", "--wait", "--json"]).json();
    assert_eq!(other["output"], "it works");
    assert_ne!(other["id"], "f");
    place.start("Patient", "p");
    assert!(place.run(&["restart", "p"]).fails(4).contains('p'));
    place.run(&["start", "Hello", "--id", "h", "--input", "\"Ada\"", "--wait"]).ok();
    let other = place.run(&["restart", "h", "--new-id", "--input", "\"Eve\"", "--wait", "--json"]).json();
    assert_eq!(other["output"], "Hello, Eve!");
    assert!(place.run(&["restart", "h", "--input", "1"]).fails(2).contains("--new-id"));
}
