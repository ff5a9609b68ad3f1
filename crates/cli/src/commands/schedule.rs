//! `partita schedules` and `partita schedule`.

use crate::api::Api;
use crate::args::{BackfillArgs, ScheduleCommand};
use crate::exit::{Exit, Result};
use crate::output::{Printer, schedules_table};
use partita_api::{Backfill, BackfillReport, Schedule, ScheduleList, ScheduleRun, Time, paths};
use serde_json::json;

pub(super) async fn list(api: &Api, printer: &Printer) -> Result<Exit> {
    let list: ScheduleList = api.get(paths::SCHEDULES, &[]).await?;
    printer.either(&list, || schedules_table(&list.schedules, printer).lines(printer))?;
    Ok(Exit::Ok)
}

pub(super) async fn run(api: &Api, printer: &Printer, command: &ScheduleCommand) -> Result<Exit> {
    match command {
        ScheduleCommand::Pause(args) => tell(api, printer, &args.name, "pause", "paused").await,
        ScheduleCommand::Resume(args) => tell(api, printer, &args.name, "resume", "resumed").await,
        ScheduleCommand::Run(args) => start(api, printer, &args.name).await,
        ScheduleCommand::Backfill(args) => backfill(api, printer, args).await,
    }
}

async fn tell(api: &Api, printer: &Printer, name: &str, what: &str, done: &str) -> Result<Exit> {
    let schedule: Schedule = api.post(&paths::of_schedule(name, what), &json!({})).await?;
    printer.either(&schedule, || {
        let next = schedule.next.first().filter(|_| !schedule.paused);
        let next = next.map(|time| format!("; its next time is {}", printer.moment(*time)));
        Vec::from([format!("the schedule {name} is {done}{}", next.unwrap_or_default())])
    })?;
    Ok(Exit::Ok)
}

async fn start(api: &Api, printer: &Printer, name: &str) -> Result<Exit> {
    let run: ScheduleRun = api.post(&paths::of_schedule(name, "run"), &json!({})).await?;
    printer.either(&run, || Vec::from([run.instance.clone()]))?;
    Ok(Exit::Ok)
}

async fn backfill(api: &Api, printer: &Printer, args: &BackfillArgs) -> Result<Exit> {
    let to = args.to.unwrap_or_else(|| Time::of_jiff(jiff::Timestamp::now()));
    let span = Backfill { from: args.from, to, dry_run: args.dry_run };
    let path = paths::of_schedule(&args.schedule.name, "backfill");
    let report: BackfillReport = api.post(&path, &span).await?;
    printer.either(&report, || told(&report, args.dry_run))?;
    Ok(Exit::Ok)
}

fn told(report: &BackfillReport, dry_run: bool) -> Vec<String> {
    let (times, existing) = (report.times.len(), report.existing.len());
    let there = format!("{existing} of them were there already");
    if dry_run {
        let missing = times.saturating_sub(existing);
        return Vec::from([format!("{times} times; {missing} instances would be started, {there}")]);
    }
    let mut lines = report.started.clone();
    lines.push(format!("{times} times; {} instances started, {there}", report.started.len()));
    lines
}
