//! The HTTP API of Durable Functions, as its extension serves it.
//!
//! Paths, like the names of parameters and operations, are the same in upper and lower case, which is why
//! this dialect looks at paths itself. Errors carry a `Message`, as the extension's do, beside the members of
//! a problem.

mod call;
mod entities;
mod history;
mod instances;
mod links;
mod operation;
mod signals;
mod start;
mod status;

use crate::answer::{Answer, Refusal};
use crate::app::{Routes, Shared};
use crate::observe::RouteLabel;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use call::Call;
use operation::Operation;
use partita_api::problem::ProblemKind;

/// Where the dialect is: since version 2 of the Functions runtime, and in version 1.
pub(crate) const BASES: [&str; 2] =
    ["/runtime/webhooks/durabletask", "/admin/extensions/DurableTaskExtension"];

/// Whether an address belongs to it.
pub(crate) fn owns(path: &str) -> bool {
    BASES.iter().any(|base| path.starts_with(base))
}

/// Adds the dialect.
pub(crate) fn routes(routes: Routes) -> Routes {
    BASES.into_iter().fold(routes, |routes, base| {
        routes
            .any(base, dispatch)
            .any(&format!("{base}/"), dispatch)
            .any(&format!("{base}/{{*rest}}"), dispatch)
    })
}

async fn dispatch(State(app): State<Shared>, request: Request) -> Response {
    let Some((call, operation, body)) = Call::read(app, request) else { return no_route().into_response() };
    let label = RouteLabel(operation.label());
    let answer = perform(&call, operation, body).await.map_err(with_message);
    let mut response = answer.into_response();
    response.extensions_mut().insert(label);
    response
}

async fn perform(call: &Call, operation: Operation, body: Body) -> Answer {
    match operation {
        Operation::Start { function, id } => start::start(call, body, function, id).await,
        Operation::Restart { id } => start::restart(call, &id).await,
        Operation::List => instances::list(call).await,
        Operation::PurgeWhere => instances::purge_where(call).await,
        Operation::Status { id } => instances::get(call, &id).await,
        Operation::Purge { id } => instances::purge(call, &id).await,
        Operation::RaiseEvent { id, event } => signals::raise_event(call, body, &id, &event).await,
        Operation::Terminate { id } => signals::terminate(call, &id).await,
        Operation::Suspend { id } => signals::suspend(call, &id).await,
        Operation::Resume { id } => signals::resume(call, &id).await,
        Operation::Rewind { id } => signals::rewind(call, &id).await,
        Operation::GetEntity { name, key } => entities::get(call, &name, &key).await,
        Operation::ListEntities { name } => entities::list(call, name.as_deref()).await,
        Operation::SignalEntity { name, key } => entities::signal(call, body, &name, &key).await,
        Operation::DeleteEntity { name, key } => entities::delete(call, &name, &key).await,
        Operation::MakePrimary => Ok(axum::http::StatusCode::OK.into_response()),
    }
}

fn no_route() -> Refusal {
    with_message(Refusal::new(ProblemKind::NoRoute, "the Durable Functions API has nothing at this address"))
}

/// Adds what clients of the extension look for.
fn with_message(refusal: Refusal) -> Refusal {
    if refusal.0.extra.contains_key("Message") {
        return refusal;
    }
    let detail = refusal.0.detail.clone();
    refusal.with("Message", detail)
}

/// A refusal in the words of the extension.
fn said(kind: ProblemKind, message: &str) -> Refusal {
    Refusal::new(kind, message).with("Message", message)
}

/// The 202 for an instance that something else than this dialect has started.
pub(crate) fn created(options: &crate::ServerOptions, origin: &str, id: &str) -> Response {
    let [base, _] = BASES;
    let query = links::query(&options.task_hub, &options.connection, None);
    links::CheckStatus::new(&format!("{origin}{base}"), id, &query, false).into_response()
}
