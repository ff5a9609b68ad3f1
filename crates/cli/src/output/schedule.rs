//! Schedules, for people.

use super::{Cell, Printer, Style, Table};
use partita_api::Schedule;
use partita_api::schedule::PausedBy;

/// A list of schedules.
pub(crate) fn schedules_table(schedules: &[Schedule], printer: &Printer) -> Table {
    let mut table = Table::new(["SCHEDULE", "WHEN", "ZONE", "WORKFLOW", "NEXT", "LAST"]);
    for schedule in schedules {
        table.row([
            schedule.name.as_str().into(),
            schedule.cron.as_str().into(),
            schedule.timezone.as_str().into(),
            schedule.workflow.as_str().into(),
            next(schedule, printer),
            schedule.last.as_ref().map(|last| printer.moment(last.at)).unwrap_or_default().into(),
        ]);
    }
    table
}

/// The next time, or who keeps it from coming.
fn next(schedule: &Schedule, printer: &Printer) -> Cell {
    match schedule.paused_by {
        Some(PausedBy::Configuration) => Cell::new(Style::Waiting, "paused by the configuration"),
        Some(PausedBy::Operator) => Cell::new(Style::Waiting, "paused"),
        None => schedule.next.first().map(|time| printer.moment(*time)).unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser;

    fn schedule(name: &str, more: &str) -> Schedule {
        let text = format!(
            r#"{{"name":"{name}","cron":"0 3 * * *","timezone":"UTC","workflow":"Report","tags":{{}},"overlap":"skip",
            "catchUp":"none","catchUpLimit":100,"jitterSeconds":0,"next":["2026-03-01T03:00:00Z"],{more}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn lists_say_what_comes_next_or_why_nothing_does() {
        let printer = Printer::new(&Cli::parse_from(["partita", "schedules", "--color", "never"]).global);
        let printer = Printer { terminal: false, width: None, ..printer };
        let last = r#""last":{"at":"2026-02-28T03:00:00Z","instance":"i"},"paused":false"#;
        let list = [
            schedule("a", last),
            schedule("b", r#""paused":true,"pausedBy":"operator""#),
            schedule("c", r#""paused":true,"pausedBy":"configuration""#),
        ];
        insta::assert_snapshot!(schedules_table(&list, &printer).lines(&printer).join("\n"), @r"
        SCHEDULE  WHEN       ZONE  WORKFLOW  NEXT                         LAST
        a         0 3 * * *  UTC   Report    2026-03-01T03:00:00.000000Z  2026-02-28T03:00:00.000000Z
        b         0 3 * * *  UTC   Report    paused
        c         0 3 * * *  UTC   Report    paused by the configuration
        ");
    }
}
