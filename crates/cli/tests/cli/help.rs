//! What the program says of itself.

use crate::place::alone;

const COMMANDS: [&[&str]; 44] = [
    &[],
    &["dev"],
    &["run"],
    &["check"],
    &["serve"],
    &["start"],
    &["list"],
    &["show"],
    &["history"],
    &["why"],
    &["logs"],
    &["raise"],
    &["suspend"],
    &["resume"],
    &["terminate"],
    &["rewind"],
    &["restart"],
    &["purge"],
    &["entities"],
    &["entity"],
    &["entity", "show"],
    &["entity", "signal"],
    &["entity", "delete"],
    &["entity", "clean"],
    &["workers"],
    &["schedules"],
    &["schedule"],
    &["schedule", "pause"],
    &["schedule", "resume"],
    &["schedule", "run"],
    &["schedule", "backfill"],
    &["hub"],
    &["hub", "list"],
    &["hub", "create"],
    &["hub", "delete"],
    &["store"],
    &["store", "check"],
    &["store", "backup"],
    &["store", "compact"],
    &["store", "info"],
    &["config"],
    &["config", "show"],
    &["completions"],
    &["version"],
];

/// What every command's help ends with; told once.
fn without_global(help: &str) -> String {
    let (before, after) = help.split_once("\nEverywhere:\n").unwrap_or((help, ""));
    let rest = after
        .lines()
        .skip_while(|line| line.is_empty() || line.starts_with(' '))
        .collect::<Vec<_>>()
        .join("\n");
    format!("{before}\n{rest}").trim_end().to_owned()
}

#[test]
fn help_texts_are_as_committed() {
    let mut all = String::new();
    for command in COMMANDS {
        let help = alone(&[command, &["-h"]].concat()).ok();
        let help = if command.is_empty() { help } else { without_global(&help) };
        all.push_str(&format!(
            "$ partita {}\n{}\n\n",
            [command, &["-h"]].concat().join(" "),
            help.trim_end()
        ));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn every_command_is_there() {
    let help = alone(&["--help"]).ok();
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in listed.filter_map(|line| line.split_whitespace().next()) {
        assert!(COMMANDS.iter().any(|known| known.first() == Some(&command)), "{command} has no snapshot");
    }
    assert!(help.contains("7  it took longer than --timeout"));
}

#[test]
fn usage_errors_are_told_by_their_exit_code() {
    for arguments in [
        &["strat"][..],
        &["start"],
        &["start", "X", "--at", "yesterday"],
        &["start", "X", "--tag", "novalue"],
        &["start", "X", "--timeout", "1s"],
        &["start", "X", "--wait", "--follow"],
        &["list", "--status", "runing"],
        &["list", "--limit", "0"],
        &["entities", "--key-prefix", "a"],
        &["entity", "signal", "Counter", "a"],
        &["purge"],
        &["show", "x", "--server", "nowhere"],
        &["start", "X", "--input", "{bad"],
        &["serve", "--database-url", "postgres://localhost/partita"],
        &["serve", "--in-memory", "--listen", "0.0.0.0:0"],
    ] {
        let done = alone(arguments);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{arguments:?}: {done:?}");
        assert!(!done.err.is_empty());
    }
    assert!(alone(&["start", "X", "--input", "hello"]).fails(2).contains("text needs quotes"));
    assert!(
        alone(&["serve", "--database-url", "x"])
            .fails(2)
            .contains("this version keeps everything in a folder")
    );
    assert!(alone(&["list", "--status", "runing"]).fails(2).contains("there are Running"));
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_do() {
    let url = "http://127.0.0.1:9";
    let told = alone(&["list", "--server", url]).fails(6);
    insta::assert_snapshot!(told, @"
    error: cannot reach the server at http://127.0.0.1:9: Connection refused (os error 111)
      start one with `partita dev FOLDER` or `partita serve`, or name another with --server URL
    ");
    let told = alone(&["list", "--server", url, "--json"]).fails(6);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["exitCode"], 6);
    assert!(told["advice"].as_str().unwrap().contains("partita dev"));
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = alone(&["completions", shell]).ok();
        assert!(script.contains("terminate"), "{shell}");
    }
}
