//! `partita workers`.

use crate::api::Api;
use crate::exit::{Exit, Result};
use crate::output::{Cell, Printer, Style, Table};
use partita_api::{Running, Waiting, Worker, WorkerList, paths};

/// Characters of the names that a worker runs, in a list.
const NAMES: usize = 80;

pub(super) async fn run(api: &Api, printer: &Printer) -> Result<Exit> {
    let list: WorkerList = api.get(paths::WORKERS, &[]).await?;
    printer.either(&list, || lines(&list, printer))?;
    Ok(Exit::Ok)
}

fn lines(list: &WorkerList, printer: &Printer) -> Vec<String> {
    let mut lines = workers(&list.workers, printer).lines(printer);
    let running: Vec<(&Worker, &Running)> = list
        .workers
        .iter()
        .flat_map(|worker| worker.running.iter().map(move |running| (worker, running)))
        .collect();
    if !running.is_empty() {
        lines.push(String::new());
        lines.extend(at_hand(&running, printer).lines(printer));
        let total: usize = list.workers.iter().map(|worker| worker.running_total).sum();
        lines.extend(rest(total - running.len().min(total)));
    }
    if !list.waiting.is_empty() {
        lines.push(String::new());
        lines.extend(waiting(&list.waiting).lines(printer));
        let shown: usize = list.waiting.iter().map(|waiting| waiting.count).sum();
        lines.extend(rest(list.waiting_total.saturating_sub(shown)));
    }
    lines
}

fn workers(workers: &[Worker], printer: &Printer) -> Table {
    let mut table = Table::new(["WORKER", "SINCE", "TURNS", "CALLS", "ENTITIES", "RUNS"]);
    for worker in workers {
        table.row([
            worker.id.as_str().into(),
            worker.since.map(|time| printer.moment(time)).unwrap_or_else(|| worker.kind.clone()).into(),
            of(worker.turns_running, worker.turns_limit).into(),
            of(worker.calls_running, worker.calls_limit).into(),
            of(worker.entities_running, worker.entities_limit).into(),
            runs(worker).into(),
        ]);
    }
    table
}

fn of(number: usize, limit: usize) -> String {
    if limit == 0 { number.to_string() } else { format!("{number} of {limit}") }
}

/// What a worker runs, by name.
fn runs(worker: &Worker) -> String {
    let names = [&worker.workflows[..], &worker.functions, &worker.entities].concat();
    if !names.is_empty() && names.iter().all(|name| name == "*") {
        return "everything".to_owned();
    }
    let names = names.join(", ");
    match names.char_indices().nth(NAMES) {
        Some((end, _)) => format!("{}…", names.get(..end).unwrap_or_default()),
        None => names,
    }
}

fn at_hand(running: &[(&Worker, &Running)], printer: &Printer) -> Table {
    let mut table = Table::new(["AT HAND", "NAME", "INSTANCE", "TASK", "SENT", "WORKER"]);
    for (worker, running) in running {
        table.row([
            Cell::new(Style::Busy, running.kind.as_str()),
            running.name.as_str().into(),
            running.instance_id.as_str().into(),
            running.task_id.map(|id| id.to_string()).unwrap_or_default().into(),
            printer.moment(running.since).into(),
            worker.id.as_str().into(),
        ]);
    }
    table
}

fn waiting(waiting: &[Waiting]) -> Table {
    let mut table = Table::new(["WAITING", "NAME", "VERSION", "COUNT"]);
    for waiting in waiting {
        table.row([
            Cell::new(Style::Waiting, waiting.kind.as_str()),
            waiting.name.as_str().into(),
            waiting.version.as_deref().unwrap_or_default().into(),
            waiting.count.to_string().into(),
        ]);
    }
    table
}

/// How many are not shown.
fn rest(number: usize) -> Option<String> {
    (number > 0).then(|| format!("and {number} more"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser;
    use serde_json::json;

    #[test]
    fn what_is_at_hand_and_what_waits_is_below_the_workers() {
        let list = json!({
            "workers": [{
                "id": "w #1", "kind": "durable-task", "since": "2026-03-01T12:00:00Z", "workflows": ["*"],
                "functions": ["*"], "entities": ["*"], "entitiesRunning": 1, "entitiesLimit": 0, "turnsRunning": 0, "turnsLimit": 0, "callsRunning": 102, "callsLimit": 200,
                "running": [{ "kind": "activity", "instanceId": "i", "name": "a", "taskId": 7, "since": "2026-03-01T12:00:00Z" }],
                "runningTotal": 102,
            }],
            "waiting": [{ "kind": "turn", "name": "flow", "version": "1.0", "count": 3 }],
            "waitingTotal": 3,
        });
        let printer = Printer::new(&Cli::parse_from(["partita", "workers", "--color", "never"]).global);
        let lines = lines(&serde_json::from_value(list).unwrap(), &printer);
        // Times are told from now on a terminal.
        let words = |line: &str| {
            line.split("  ").map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let rows: Vec<Vec<String>> = lines.iter().map(|line| words(line)).collect();
        assert_eq!(rows[1][..1], ["w #1"]);
        assert_eq!(rows[1][2..], ["0", "102 of 200", "1", "everything"]);
        assert_eq!(rows[3], ["AT HAND", "NAME", "INSTANCE", "TASK", "SENT", "WORKER"]);
        assert_eq!(
            (&rows[4][..4], &rows[4][5..]),
            (&["activity", "a", "i", "7"].map(str::to_owned)[..], &["w #1".to_owned()][..])
        );
        assert_eq!(rows[5], ["and 101 more"]);
        assert_eq!(
            rows[7..],
            [vec!["WAITING", "NAME", "VERSION", "COUNT"], vec!["turn", "flow", "1.0", "3"]]
        );
    }
}
