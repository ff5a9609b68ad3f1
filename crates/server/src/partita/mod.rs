//! The own API, under `/api/v1`, described by `/api/openapi.json`.

mod about;
mod bulk;
mod definitions;
mod entities;
mod events;
mod execution;
pub(crate) mod functions;
mod history;
mod hubs;
mod instances;
mod live;
mod openapi;
mod schedules;
mod signals;
mod start;
mod store;
mod wait;
mod workers;
mod workflows;

pub(crate) use instances::existing;
pub(crate) use wait::wait_for;

use crate::app::Routes;
use crate::functions::logs;
use partita_api::paths;
use tokio::sync::Semaphore;

/// What the own API keeps in memory.
pub(crate) struct Own {
    /// Places for calls by hand.
    pub(crate) invocations: Semaphore,
    pub(crate) checks: store::Checks,
}

impl Default for Own {
    fn default() -> Self {
        Self { invocations: Semaphore::new(functions::CALLS), checks: store::Checks::default() }
    }
}

/// Whether an address belongs to it.
pub(crate) fn owns(path: &str) -> bool {
    path.strip_prefix(paths::BASE).is_some_and(|rest| rest.starts_with('/'))
}

/// Adds the own API.
pub(crate) fn routes(routes: Routes) -> Routes {
    let one = "/api/v1/instances/{id}";
    let of = |what: &str| format!("{one}/{what}");
    routes
        .get(paths::OPENAPI, openapi::document)
        .post("/api/v1/workflows/{name}/instances", start::start)
        .get(paths::INSTANCES, instances::list)
        .delete(paths::INSTANCES, bulk::purge_where)
        .get(paths::COUNTS, instances::counts)
        .get(paths::CHANGES, live::changes)
        .get(paths::SERIES, live::series)
        .get(one, instances::get)
        .delete(one, instances::purge)
        .get(&of("children"), instances::children)
        .get(&of("wait"), wait::wait)
        .get(&of("events"), events::events)
        .post(&of("events/{event}"), signals::raise_event)
        .get(&of("history"), history::page)
        .get(&of("history/export"), history::export)
        .get(&of("execution"), execution::execution)
        .get(&of("why"), instances::why)
        .get(&of("logs"), logs::of_instance)
        .post(&of("suspend"), signals::suspend)
        .post(&of("resume"), signals::resume)
        .post(&of("terminate"), signals::terminate)
        .post(&of("rewind"), signals::rewind)
        .post(&of("restart"), start::restart)
        .post("/api/v1/bulk/{operation}", bulk::bulk)
        .get(paths::WORKFLOWS, workflows::list)
        .get("/api/v1/workflows/{name}", workflows::get)
        .put("/api/v1/workflows/{name}/definition", definitions::put)
        .get(paths::TRIGGERS, workflows::triggers)
        .post(paths::CHECK_DEFINITION, definitions::check)
        .get(paths::FUNCTIONS, functions::list)
        .get("/api/v1/functions/{name}", functions::get)
        .post("/api/v1/functions/{name}/invoke", functions::invoke)
        .get("/api/v1/functions/{name}/logs", logs::of_function)
        .get(paths::ENTITIES, entities::list)
        .post(paths::CLEAN_ENTITIES, entities::clean)
        .get("/api/v1/entities/{name}/{key}", entities::get)
        .delete("/api/v1/entities/{name}/{key}", entities::remove)
        .post("/api/v1/entities/{name}/{key}/signals/{operation}", entities::signal_one)
        .get(paths::SCHEDULES, schedules::list)
        .get("/api/v1/schedules/{name}", schedules::get)
        .post("/api/v1/schedules/{name}/pause", schedules::pause)
        .post("/api/v1/schedules/{name}/resume", schedules::resume)
        .post("/api/v1/schedules/{name}/run", schedules::run)
        .post("/api/v1/schedules/{name}/backfill", schedules::backfill)
        .get(paths::WORKERS, workers::workers)
        .get(paths::HUBS, hubs::list)
        .put("/api/v1/hubs/{name}", hubs::create)
        .delete("/api/v1/hubs/{name}", hubs::delete)
        .get(paths::CONFIGURATION, about::configuration)
        .get(paths::LIMITS, about::limits)
        .get(paths::RETENTION, about::retention)
        .get(paths::ABOUT, about::about)
        .get(paths::STORE, store::get)
        .post(paths::CHECK_STORE, store::check)
        .post(paths::BACKUP, about::backup)
}
