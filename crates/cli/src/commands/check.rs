//! `partita check`.

use crate::args::CheckArgs;
use crate::exit::{Exit, Failure, Result};
use crate::output::{Printer, Style};
use partita_flow::asl::check::{Problem, Severity, inspect};
use partita_flow::asl::limits::Limits;
use partita_server::node::AppFolder;
use partita_server::node::folder::WorkflowFile;
use serde_json::{Value, json};
use std::path::Path;

/// One file and what is wrong with it.
struct Checked {
    file: String,
    problems: Vec<Problem>,
}

pub(super) fn run(args: &CheckArgs, printer: &Printer) -> Result<Exit> {
    let mut all = Vec::new();
    for path in &args.paths {
        match WorkflowFile::of(path) {
            Some(file) => all.push(state_machine(&file)?),
            None if path.is_dir() => all.extend(folder(path)?),
            None => return Err(unknown(path)),
        }
    }
    let value: Vec<Value> =
        all.iter().flat_map(|checked| checked.problems.iter().map(|p| shown(checked, p))).collect();
    printer.either(&value, || lines(&all, printer))?;
    let bad = |problem: &Problem| args.strict || problem.severity == Severity::Error;
    Ok(if all.iter().any(|checked| checked.problems.iter().any(bad)) { Exit::Failed } else { Exit::Ok })
}

fn unknown(path: &Path) -> Failure {
    if !path.exists() {
        return Failure::new(Exit::NotFound, format!("there is no {}", path.display()));
    }
    Failure::usage(format!("{} is no definition that is known here", path.display()))
        .advise("name a state machine (NAME.asl.json, NAME.asl.yaml, NAME.asl.yml) or an app's folder")
}

fn state_machine(file: &WorkflowFile) -> Result<Checked> {
    let text = std::fs::read_to_string(&file.path).map_err(|error| {
        let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        Failure::new(exit, format!("{}: {error}", file.path.display()))
    })?;
    let problems = inspect(&text, file.format, &Limits::default(), false).problems;
    Ok(Checked { file: file.path.display().to_string(), problems })
}

/// Everything in an app's folder.
fn folder(path: &Path) -> Result<Vec<Checked>> {
    let app = AppFolder::read(path).map_err(|error| Failure::usage(error.to_string()))?;
    if app.is_empty() {
        return Err(Failure::new(Exit::NotFound, format!("{} has nothing to be checked", path.display()))
            .advise("an app has workflows/NAME.asl.json and functions/NAME/func.yaml"));
    }
    let mut all = app.workflows.iter().map(state_machine).collect::<Result<Vec<_>>>()?;
    for function in app.functions.iter().flat_map(|app| &app.functions) {
        let problems = function.warnings.iter().map(|text| Problem::warning("FUNCTION", "", text)).collect();
        all.push(Checked { file: function.folder.display().to_string(), problems });
    }
    Ok(all)
}

fn shown(checked: &Checked, problem: &Problem) -> Value {
    json!({
        "file": checked.file,
        "severity": severity(problem),
        "code": problem.code,
        "location": problem.pointer,
        "message": problem.message,
        "hint": problem.hint,
    })
}

fn severity(problem: &Problem) -> &'static str {
    if problem.severity == Severity::Error { "error" } else { "warning" }
}

fn lines(all: &[Checked], printer: &Printer) -> Vec<String> {
    let mut lines = Vec::new();
    for checked in all {
        if checked.problems.is_empty() {
            lines.push(format!("{}: {}", checked.file, printer.paint(Style::Good, "fine")));
        }
        for problem in &checked.problems {
            let style = if problem.severity == Severity::Error { Style::Bad } else { Style::Waiting };
            let place = printer.paint(Style::Bold, &problem.pointer);
            let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let severity = printer.paint(style, severity(problem));
            lines.push(format!("{}: {severity}: {place} {}{hint}", checked.file, problem.message));
        }
    }
    lines
}
