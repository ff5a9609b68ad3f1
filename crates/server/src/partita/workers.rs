//! `GET /api/v1/workers`

use crate::answer::{Answer, ok};
use crate::app::Shared;
use crate::durable_task::workers::{RunningView, WaitingView, WorkerView};
use axum::extract::State;
use partita_api::{Running, Time, Waiting, Worker, WorkerList};

/// `GET /api/v1/workers`
pub(crate) async fn workers(State(app): State<Shared>) -> Answer {
    let mut list = WorkerList { workers: Vec::from([own(&app)]), ..WorkerList::default() };
    if let Some(workers) = &app.parts.workers {
        list.workers.extend(workers.list().into_iter().map(connected));
        list.waiting = workers.waiting_by_name().into_iter().map(waiting).collect();
        list.waiting_total = workers.waiting();
    }
    ok(&list)
}

/// This process, which runs what it has code for.
fn own(app: &Shared) -> Worker {
    let (engine, registry) = (&app.engine, app.engine.registry());
    Worker {
        id: engine.config().owner.clone(),
        kind: "in-process".to_owned(),
        since: None,
        workflows: registry.orchestrators().iter().map(ToString::to_string).collect(),
        functions: registry.functions().iter().map(ToString::to_string).collect(),
        entities: registry.entities().iter().map(ToString::to_string).collect(),
        turns_running: 0,
        turns_limit: 0,
        calls_running: engine.calls_running(),
        calls_limit: engine.config().concurrent_calls,
        entities_running: 0,
        entities_limit: 0,
        running: Vec::new(),
        running_total: 0,
    }
}

/// A worker that is connected by the Durable Task protocol.
fn connected(view: WorkerView) -> Worker {
    let anything = || Vec::from(["*".to_owned()]);
    Worker {
        id: view.id,
        kind: "durable-task".to_owned(),
        since: Some(Time(view.since)),
        workflows: view.workflows.unwrap_or_else(anything),
        functions: view.activities.unwrap_or_else(anything),
        entities: view.entities.unwrap_or_else(anything),
        turns_running: view.turns_running,
        turns_limit: view.turns_limit,
        calls_running: view.activities_running,
        calls_limit: view.activities_limit,
        entities_running: view.entities_running,
        entities_limit: view.entities_limit,
        running: view.running.into_iter().map(running).collect(),
        running_total: view.running_total,
    }
}

fn running(view: RunningView) -> Running {
    Running {
        kind: view.kind.to_owned(),
        instance_id: view.instance,
        name: view.name,
        task_id: view.task_id,
        since: Time(view.since),
    }
}

fn waiting(view: WaitingView) -> Waiting {
    Waiting { kind: view.kind.to_owned(), name: view.name, version: view.version, count: view.count }
}
