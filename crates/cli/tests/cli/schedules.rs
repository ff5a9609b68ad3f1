//! `partita schedules` and `partita schedule`.

use crate::hubs::Server;

const SCHEDULE: &str = r#"
[[schedule]]
name = "nightly"
cron = "0 3 * * *"
workflow = "nap"
"#;

#[test]
fn schedules_are_listed_paused_resumed_run_and_made_up_for() {
    let server = Server::with(&["serve"], SCHEDULE);
    let shown = || server.run(&["schedules", "--json"]).json()["schedules"][0].clone();
    assert_eq!((shown()["name"].as_str(), shown()["paused"].as_bool()), (Some("nightly"), Some(false)));

    assert_eq!(server.run(&["schedule", "pause", "nightly"]).ok(), "the schedule nightly is paused\n");
    assert_eq!(shown()["pausedBy"], "operator");
    let table = server.run(&["schedules"]).ok();
    assert!(table.starts_with("SCHEDULE") && table.contains("paused"), "{table}");
    let resumed = server.run(&["schedule", "resume", "nightly"]).ok();
    assert!(resumed.starts_with("the schedule nightly is resumed; its next time is "), "{resumed}");

    let id = server.run(&["schedule", "run", "nightly"]).ok();
    assert!(id.starts_with("schedule-nightly-manual-"), "{id}");
    assert_eq!(server.run(&["show", id.trim()]).code, 0);

    let span = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-03T00:00:00Z"];
    let backfill =
        |more: &[&str]| server.run(&[&["schedule", "backfill", "nightly"], &span[..], more].concat());
    let asked = backfill(&["--dry-run"]).ok();
    assert_eq!(asked, "2 times; 2 instances would be started, 0 of them were there already\n");
    let done = backfill(&[]).ok();
    assert!(
        done.contains("schedule-nightly-20260101T030000Z\n") && done.contains("2 instances started"),
        "{done}"
    );
    assert_eq!(backfill(&[]).ok(), "2 times; 0 instances started, 2 of them were there already\n");
}

#[test]
fn what_cannot_be_done_is_told() {
    let server = Server::with(&["serve"], SCHEDULE);
    let told = server.run(&["schedule", "pause", "daily"]).fails(3);
    assert!(told.contains("there is no schedule \"daily\"") && told.contains("nightly"), "{told}");
    let empty = ["--from", "2026-01-03T00:00:00Z", "--to", "2026-01-01T00:00:00Z"];
    let told = server.run(&[&["schedule", "backfill", "nightly"], &empty[..]].concat()).fails(2);
    assert!(told.contains("is empty"), "{told}");
}
