//! The workflows that are offered, and what starts them.

use crate::answer::{Answer, Refusal, ok};
use crate::app::{App, Shared};
use crate::extract::{Pairs, PathParams};
use axum::extract::State;
use partita_api::definition::{DefinitionFormat, Offerer, OffererKind};
use partita_api::{
    Counts, Time, TriggerList, Workflow, WorkflowDefinition, WorkflowDetail, WorkflowKind, WorkflowList,
};
use partita_engine::EngineError;
use partita_engine::store::Filter;
use partita_flow::asl::check::Format;

/// `GET /api/v1/workflows`
pub(crate) async fn list(State(app): State<Shared>, pairs: Pairs) -> Answer {
    pairs.only(&["counts"])?;
    let counted = pairs.read("counts", "true or false")?.unwrap_or(true);
    let mut list = WorkflowList::default();
    for name in app.engine.registry().orchestrators() {
        list.workflows.push(Workflow {
            name: name.to_string(),
            kind: kind(&app, &name),
            versions: versions(&app, &name),
            description: app.options.workflows.get(&*name).and_then(|notes| notes.description.clone()),
            instances: if counted { Some(counts(&app, &name).await?) } else { None },
        });
    }
    ok(&list)
}

async fn counts(app: &App, name: &str) -> Result<Counts, EngineError> {
    let filter = Filter { names: Vec::from([name.to_owned()]), ..Filter::default() };
    Ok(Counts::from(&app.engine.count(&filter).await?))
}

fn kind(app: &App, name: &str) -> WorkflowKind {
    if app.parts.state_machines.as_ref().is_some_and(|machines| machines.knows(name)) {
        WorkflowKind::StateMachine
    } else if app.engine.registry().orchestrator(name).is_some() {
        WorkflowKind::Code
    } else {
        WorkflowKind::Worker
    }
}

fn versions(app: &App, name: &str) -> Vec<String> {
    app.parts.state_machines.as_ref().map(|machines| machines.versions(name)).unwrap_or_default()
}

/// Refuses a workflow that nobody offers.
pub(super) fn known(app: &App, name: &str) -> Result<(), Refusal> {
    let names = app.engine.registry().orchestrators();
    if names.iter().any(|known| &**known == name) {
        return Ok(());
    }
    let nearest = crate::config::values::nearest(name, names.iter().map(AsRef::as_ref));
    let known = nearest.map(str::to_owned).into_iter().collect();
    Err(EngineError::UnknownWorkflow { name: name.to_owned(), known }.into())
}

/// `GET /api/v1/workflows/{name}`
pub(crate) async fn get(State(app): State<Shared>, params: PathParams, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    let name = params.get("name");
    known(&app, name)?;
    let notes = app.options.workflows.get(name).cloned().unwrap_or_default();
    let schedules = app.options.schedules.iter().filter(|schedule| schedule.workflow() == name);
    let triggers = app.options.triggers.shown().into_iter();
    ok(&WorkflowDetail {
        name: name.to_owned(),
        kind: kind(&app, name),
        versions: versions(&app, name),
        description: notes.description,
        input_schema: notes.input_schema.map(Into::into),
        instances: counts(&app, name).await?,
        definition: definition(&app, name),
        triggers: triggers.filter(|trigger| trigger.workflow.as_deref() == Some(name)).collect(),
        schedules: schedules.map(|schedule| schedule.name().to_owned()).collect(),
        offered_by: offered_by(&app, name),
    })
}

fn definition(app: &App, name: &str) -> Option<WorkflowDefinition> {
    let current = app.parts.state_machines.as_ref()?.current(name)?;
    let file = app.parts.app.as_ref().and_then(|files| files.view(name));
    Some(WorkflowDefinition {
        text: current.text,
        format: match current.format {
            Format::Json => DefinitionFormat::Json,
            Format::Yaml => DefinitionFormat::Yaml,
        },
        revision: current.revision,
        changed_at: Some(Time(current.changed_at)),
        editable: file.as_ref().is_some_and(|file| file.fixed.is_none()),
        file: file.map(|file| file.path),
    })
}

fn offered_by(app: &App, name: &str) -> Vec<Offerer> {
    let own = app.engine.registry().orchestrator(name).is_some();
    let own = own.then(|| Offerer { kind: OffererKind::Process, name: app.engine.config().owner.clone() });
    // What this process runs itself is not left to workers.
    let workers = app.parts.workers.as_ref().filter(|_| own.is_none()).map(|workers| workers.list());
    let takes = |workflows: &Option<Vec<String>>| {
        workflows.as_ref().is_none_or(|workflows| workflows.iter().any(|known| known == name))
    };
    let workers = workers.into_iter().flatten().filter(|worker| takes(&worker.workflows));
    own.into_iter()
        .chain(workers.map(|worker| Offerer { kind: OffererKind::Worker, name: worker.id }))
        .collect()
}

/// `GET /api/v1/triggers`
pub(crate) async fn triggers(State(app): State<Shared>, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    ok(&TriggerList { triggers: app.options.triggers.shown() })
}
