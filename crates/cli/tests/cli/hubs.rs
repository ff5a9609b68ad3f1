//! `partita hub`, and `--hub` for all others.

use crate::place::{Done, Place, alone, program, until_written};
use serde_json::{Value, json};
use std::fs::File;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A server with an app of one state machine that waits.
pub(crate) struct Server {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl Server {
    fn start(mode: &[&str]) -> Self {
        Self::with(mode, "")
    }

    /// With that configuration.
    pub(crate) fn with(mode: &[&str], toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("workflows")).unwrap();
        let states = json!({ "Wait": { "Type": "Wait", "Seconds": 3600, "End": true } });
        let machine = json!({ "StartAt": "Wait", "States": states });
        std::fs::write(folder.path().join("workflows/nap.asl.json"), machine.to_string()).unwrap();
        std::fs::write(folder.path().join("partita.toml"), toml).unwrap();
        let log = folder.path().join("log");
        let (out, err) = (File::create(&log).unwrap(), File::create(folder.path().join("err")).unwrap());
        let mut command = program();
        command.args(mode).current_dir(folder.path()).env("PARTITA_LISTEN", "127.0.0.1:0");
        let told = if mode.contains(&"dev") { log } else { folder.path().join("err") };
        let child = command.stdout(out).stderr(err).stdin(Stdio::null()).spawn().unwrap();
        until_written(&told, "http://");
        let told = std::fs::read_to_string(&told).unwrap();
        let url = told.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        Self { child, url: url.trim_end_matches(',').to_owned(), _folder: folder }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        program().args(arguments).env("PARTITA_SERVER", &self.url).output().unwrap().into()
    }

    /// The names of all hubs, as they are listed.
    fn hubs(&self) -> Vec<String> {
        let list = self.run(&["hub", "list", "--json"]).json();
        list["hubs"].as_array().unwrap().iter().map(|hub| hub["name"].as_str().unwrap().into()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn hubs_are_made_listed_used_and_deleted() {
    let server = Server::start(&["serve"]);
    assert_eq!(server.hubs(), ["default"]);
    let told = server.run(&["list", "--hub", "shop"]).fails(3);
    assert!(
        told.contains("there is no task hub \"shop\"") && told.contains("partita hub create shop"),
        "{told}"
    );
    assert_eq!(server.run(&["hub", "create", "Shop"]).ok(), "the task hub shop is there\n");
    assert_eq!(server.run(&["hub", "create", "shop"]).code, 0, "it may be there");
    server.run(&["start", "nap", "--id", "x"]).ok();
    assert_eq!(server.run(&["show", "x", "--hub", "SHOP"]).code, 3);
    assert_eq!(server.run(&["show", "x", "--hub", "default"]).code, 0);

    let table = server.run(&["hub", "ls"]).code;
    assert_eq!(table, 2, "there is no such word");
    let table = server.run(&["hub", "list"]).ok();
    let first = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = table.lines().map(first).collect();
    assert_eq!(lines[0], ["HUB", "CREATED", "UNFINISHED", "WORKERS"], "{table}");
    assert_eq!((&lines[1][..], &lines[2][0]), (&first("default 1 0")[..], &"shop".to_owned()), "{table}");

    let told = server.run(&["hub", "delete", "default"]).fails(4);
    assert!(told.contains("cannot be deleted"), "{told}");
    assert_eq!(server.run(&["hub", "delete", "shop"]).ok(), "the task hub shop was deleted\n");
    assert_eq!(server.run(&["hub", "delete", "shop"]).code, 3);
    assert!(server.run(&["hub", "create", "9"]).fails(2).contains("is not the name of a task hub"));
    assert_eq!(server.hubs(), ["default"]);
}

#[test]
fn a_hub_is_named_by_the_environment_too_and_made_by_its_first_use_in_dev() {
    let server = Server::start(&["dev", "."]);
    let in_hub = |arguments: &[&str]| -> Done {
        let mut command = program();
        command.args(arguments).env("PARTITA_SERVER", &server.url).env("PARTITA_HUB", "mine");
        command.output().unwrap().into()
    };
    assert_eq!(in_hub(&["list"]).code, 3, "reading makes nothing");
    assert!(
        in_hub(&["start", "nap"]).fails(3).contains("nap"),
        "the app's state machines are of the default hub"
    );
    assert_eq!(server.hubs(), ["default", "mine"]);
    assert_eq!(in_hub(&["list", "--json"]).json()["instances"], Value::Array(Vec::new()));
}

#[test]
fn a_server_around_one_engine_has_one_hub() {
    let place = Place::open();
    place.start("Patient", "x");
    assert_eq!(place.run(&["show", "x", "--hub", "any"]).code, 0, "whatever it is called");
    assert!(place.run(&["hub", "create", "more"]).fails(1).contains("one task hub"));
    assert_eq!(place.run(&["hub", "list", "--json"]).json()["hubs"][0]["unfinished"], 1);
    assert_eq!(alone(&["list", "--hub", "\n"]).code, 2);
}
