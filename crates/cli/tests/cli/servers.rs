//! Commands that run or look at servers, stores and settings.

use crate::place::{Place, alone, program, until_written};
use serde_json::{Value, json};
use std::fs::File;
use std::process::{Child, Command, Stdio};

fn terminate(child: &Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
}

/// Where a server says that it is.
fn address(told: &str) -> String {
    let url = told.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    url.trim_end_matches(',').to_owned()
}

#[test]
fn a_server_runs_until_it_is_told_to_stop_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    for run in 0..2 {
        let mut command = program();
        command.args(["serve", "--port", "0", "--set", "drain=1s"]).current_dir(folder.path());
        let mut child = command.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        until_written(&log, "kept in partita-data");
        let url = address(&std::fs::read_to_string(&log).unwrap());
        let version = alone(&["version", "--server", &url, "--json"]).json();
        assert_eq!(
            (&version["about"]["store"]["kind"], &version["about"]["ready"]),
            (&json!("embedded"), &json!(true))
        );
        let other = alone(&[
            "serve",
            "--port",
            "0",
            "--data-dir",
            &folder.path().join("partita-data").display().to_string(),
        ]);
        assert_eq!(other.code, 4, "run {run}: the store is in use: {other:?}");
        terminate(&child);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{}", std::fs::read_to_string(&log).unwrap());
    }
}

#[test]
fn settings_come_from_everywhere_and_are_shown_with_their_origin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("partita.toml");
    std::fs::write(&file, "name = \"app\"\ndrain = \"7s\"\n[process.x]\ncommand = [\"true\"]\n").unwrap();
    let mut command = program();
    command.args(["config", "show", "--json", "--set", "limits.tags=9"]).env("PARTITA_BULK_LIMIT", "5");
    let output = command.current_dir(folder.path()).output().unwrap();
    let settings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of = |key: &str| {
        let setting = settings.iter().find(|setting| setting["key"] == key).unwrap();
        (setting["value"].as_str().unwrap().to_owned(), setting["from"].as_str().unwrap().to_owned())
    };
    assert_eq!(of("drain"), ("7s".to_owned(), "partita.toml".to_owned()));
    assert_eq!(of("bulk-limit"), ("5".to_owned(), "PARTITA_BULK_LIMIT".to_owned()));
    assert_eq!(of("limits.tags"), ("9".to_owned(), "command line".to_owned()));
    assert_eq!(of("listen"), ("127.0.0.1:4001".to_owned(), "default".to_owned()));
    let config = file.display().to_string();
    assert!(alone(&["config", "show", "--config", &config]).ok().contains("7s"));
    std::fs::write(&file, "drian = \"7s\"\nlisten = \"here\"\n").unwrap();
    let told = alone(&["config", "show", "--config", &config]).fails(2);
    assert!(
        told.contains("2 problems") && told.contains("did you mean \"drain\"") && told.contains("listen"),
        "{told}"
    );
    assert_eq!(alone(&["config", "show", "--config", "/nowhere.toml"]).code, 3);
}

#[test]
fn versions_are_told_with_and_without_a_server() {
    let place = Place::open();
    let own = env!("CARGO_PKG_VERSION");
    let told = place.run(&["version"]).ok();
    assert!(told.contains(&format!("server   {own} at {}, ready, embedded store", place.url)), "{told}");
    let told = alone(&["version", "--server", "http://127.0.0.1:9"]).ok();
    assert_eq!(told, format!("partita  {own}\nserver   none at http://127.0.0.1:9\n"));
    assert_eq!(alone(&["--version"]).ok(), format!("partita {own}\n"));
}

#[test]
fn workers_are_shown_with_what_they_run() {
    let place = Place::open();
    let list = place.run(&["workers", "--json"]).json();
    assert_eq!((&list["workers"][0]["kind"], &list["waitingTotal"]), (&json!("in-process"), &json!(0)));
    let table = place.run(&["workers"]).ok();
    let lines: Vec<&str> = table.lines().collect();
    let words: Vec<&str> = lines[0].split_whitespace().collect();
    let headings = vec!["WORKER", "SINCE", "TURNS", "CALLS", "ENTITIES", "RUNS"];
    assert_eq!((words, lines.len()), (headings, 2), "{table}");
    assert!(lines[1].contains("in-process") && lines[1].contains("0 of 1024"), "{table}");
    assert!(lines[1].contains("Fragile, Hello"), "{table}");
}

#[test]
fn stores_are_checked_copied_shrunk_and_looked_at() {
    let mut place = Place::open();
    for id in ["a", "b"] {
        place.run(&["start", "Hello", "--id", id, "--input", "\"x\"", "--wait"]).ok();
    }
    let store = place.store();
    let info = place.run(&["store", "info", "--json"]).json();
    assert_eq!((&info["kind"], &info["location"]), (&json!("embedded"), &json!(store)));
    let report = place.run(&["store", "backup", "monday", "--json"]).json();
    let copy = report["folder"].as_str().unwrap().to_owned();
    assert!(copy.ends_with("backups/monday"), "{copy}");
    assert_eq!(place.run(&["store", "backup", "../outside"]).code, 1);
    assert!(alone(&["store", "check", &store]).fails(4).contains("in use"));
    place.close();

    let checked = alone(&["store", "check", &store, "--json"]).json();
    assert_eq!((&checked["healthy"], &checked["instances"]), (&json!(true), &json!(2)));
    assert_eq!(alone(&["store", "info", &copy, "--json"]).json()["instances"], 2);
    assert!(alone(&["store", "check", &copy]).ok().starts_with("all is well: 2 instances"));
    let second = place.folder.path().join("second").display().to_string();
    assert!(alone(&["store", "backup", &second, "--from", &store]).ok().contains("copied to"));
    assert_eq!(alone(&["store", "info", &second, "--json"]).json()["instances"], 2);
    let compacted = alone(&["store", "compact", &store, "--json"]).json();
    assert!(compacted["after"].as_u64().unwrap() <= compacted["before"].as_u64().unwrap(), "{compacted}");
    assert_eq!(alone(&["store", "check", &store]).code, 0);
    for command in [
        &["store", "check", "/nowhere"][..],
        &["store", "compact", "/nowhere"],
        &["store", "info", "/nowhere"],
    ] {
        assert!(alone(command).fails(3).contains("holds no store"), "{command:?}");
    }
}
