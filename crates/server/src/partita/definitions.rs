//! Definitions of state machines: checked, and written into an app's files.

use crate::answer::{Answer, Refusal, ok};
use crate::app::Shared;
use crate::extract::{JsonBody, PathParams};
use crate::node::files::NotWritten;
use axum::extract::State;
use partita_api::definition::{DefinitionFormat, Severity};
use partita_api::problem::ProblemKind;
use partita_api::{CheckDefinition, DefinitionProblem, DefinitionReport, DefinitionTaken, PutDefinition};
use partita_engine::EngineError;
use partita_flow::asl::check::{self, Format, Problem, locate};
use partita_flow::asl::limits::Limits;

/// How many problems of a definition are told. Each is looked for in the text.
const PROBLEMS: usize = 1_000;

/// `POST /api/v1/definitions/check`
pub(crate) async fn check(State(app): State<Shared>, JsonBody(body): JsonBody<CheckDefinition>) -> Answer {
    let CheckDefinition { text, format, name } = body;
    let machines = app.parts.state_machines.clone();
    let current = machines.as_ref().zip(name.as_deref()).and_then(|(machines, name)| machines.current(name));
    let format = format.map(from_api).or(current.map(|current| current.format));
    let checked = blocking(move || {
        let format = format.unwrap_or_else(|| format_of(&text));
        let problems = match &machines {
            Some(machines) => {
                let express = name.is_some_and(|name| machines.is_express(&name));
                machines.check(&text, format, express)
            }
            None => check::inspect(&text, format, &Limits::default(), false).problems,
        };
        DefinitionReport { problems: placed(&text, format, problems) }
    });
    ok(&checked.await?)
}

/// What a text looks like.
fn format_of(text: &str) -> Format {
    if text.trim_start().starts_with('{') { Format::Json } else { Format::Yaml }
}

/// `PUT /api/v1/workflows/{name}/definition`
pub(crate) async fn put(
    State(app): State<Shared>,
    params: PathParams,
    JsonBody(body): JsonBody<PutDefinition>,
) -> Answer {
    let name = params.get("name");
    super::workflows::known(&app, name)?;
    let PutDefinition { text, revision } = body;
    let Some(files) = &app.parts.app else {
        let detail = format!("{name:?} is not of an app's folder; `partita dev FOLDER` runs one");
        return Err(Refusal::new(ProblemKind::NotAllowed, detail));
    };
    let format = app.parts.state_machines.as_ref().and_then(|machines| machines.current(name));
    let format = format.map_or(Format::Json, |current| current.format);
    match files.write(name, &text, revision.as_deref()).await {
        Ok(put) => {
            let problems = placed(&text, format, put.warnings);
            ok(&DefinitionTaken { revision: put.revision, problems })
        }
        Err(refused) => Err(not_written(name, &text, refused)),
    }
}

fn not_written(name: &str, text: &str, refused: NotWritten) -> Refusal {
    match refused {
        NotWritten::Fixed(reason) => Refusal::new(ProblemKind::NotAllowed, reason),
        NotWritten::Changed { current } => {
            let detail = format!(
                "the definition of {name:?} was changed meanwhile; read it again and make the change to that one"
            );
            Refusal::new(ProblemKind::DefinitionChanged, detail).with("revision", current)
        }
        NotWritten::Invalid(problems, format) => {
            let errors = problems.iter().filter(|problem| problem.severity == check::Severity::Error).count();
            let problems = placed(text, format, problems);
            let detail = match errors {
                1 => "the definition has an error; nothing was written".to_owned(),
                errors => format!("the definition has {errors} errors; nothing was written"),
            };
            let problems = serde_json::to_value(problems).unwrap_or_default();
            Refusal::new(ProblemKind::InvalidDefinition, detail).with("problems", problems)
        }
        NotWritten::Store(error) => EngineError::Store(error).into(),
        NotWritten::File(path, error) => {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Refusal::new(ProblemKind::Internal, format!("the file {file} cannot be written: {error}"))
        }
    }
}

/// Problems with their places in the text; when there are too many, the last of them says so.
fn placed(text: &str, format: Format, problems: Vec<Problem>) -> Vec<DefinitionProblem> {
    let placed = locate(text, format, bounded(problems)).into_iter().map(|placed| DefinitionProblem {
        severity: match placed.problem.severity {
            check::Severity::Error => Severity::Error,
            check::Severity::Warning => Severity::Warning,
        },
        code: Some(placed.problem.code.to_owned()),
        message: placed.problem.message,
        hint: placed.problem.hint,
        pointer: placed.pointer,
        line: placed.place.line,
        column: placed.place.column,
        end_line: placed.place.end_line,
        end_column: placed.place.end_column,
    });
    placed.collect()
}

fn bounded(mut problems: Vec<Problem>) -> Vec<Problem> {
    let more = problems.len().saturating_sub(PROBLEMS - 1);
    // Errors come before warnings, so this is the worst of those that are left out.
    if let Some(severity) = problems.get(PROBLEMS - 1).map(|problem| problem.severity).filter(|_| more > 1) {
        problems.truncate(PROBLEMS - 1);
        let told = format!("and {more} more problems, which are not told");
        problems.push(Problem { severity, ..Problem::error("", told) });
    }
    problems
}

fn from_api(format: DefinitionFormat) -> Format {
    match format {
        DefinitionFormat::Json => Format::Json,
        DefinitionFormat::Yaml => Format::Yaml,
    }
}

/// Does what takes its time where nobody else is held up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Refusal::new(ProblemKind::Internal, format!("it could not be checked: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_problems_are_told_and_no_more() {
        let told = |count: usize| placed("{}", Format::Json, vec![Problem::error("/States", "wrong"); count]);
        assert!(told(PROBLEMS).iter().all(|problem| problem.message == "wrong"));
        let told = told(PROBLEMS + 1);
        let last = told.last().unwrap();
        assert_eq!((told.len(), last.severity), (PROBLEMS, Severity::Error));
        assert!(last.message.starts_with("and 2 more"), "{last:?}");
    }
}
