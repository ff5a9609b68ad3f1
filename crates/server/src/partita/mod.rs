//! The own API, under `/api/v1`, described by `/api/openapi.json`.

mod about;
mod bulk;
mod definitions;
mod entities;
mod events;
mod execution;
mod history;
mod hubs;
mod instances;
mod openapi;
mod signals;
mod start;
mod wait;
mod workers;
mod workflows;

pub(crate) use instances::existing;
pub(crate) use wait::wait_for;

use crate::app::Routes;
use crate::functions::logs;
use partita_api::paths;

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
        .get(paths::FUNCTIONS, about::functions)
        .get("/api/v1/functions/{name}/logs", logs::of_function)
        .get(paths::ENTITIES, entities::list)
        .post(paths::CLEAN_ENTITIES, entities::clean)
        .get("/api/v1/entities/{name}/{key}", entities::get)
        .delete("/api/v1/entities/{name}/{key}", entities::remove)
        .post("/api/v1/entities/{name}/{key}/signals/{operation}", entities::signal_one)
        .get(paths::WORKERS, workers::workers)
        .get(paths::HUBS, hubs::list)
        .put("/api/v1/hubs/{name}", hubs::create)
        .delete("/api/v1/hubs/{name}", hubs::delete)
        .get(paths::LIMITS, about::limits)
        .get(paths::RETENTION, about::retention)
        .get(paths::ABOUT, about::about)
        .post(paths::BACKUP, about::backup)
}
