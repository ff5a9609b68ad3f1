//! The API of the Fn Project's server, version 2, which the `fn` command speaks, its calls and its triggers.
//!
//! There is no container runtime here: a function's image names a function of the app's folder, as `local:NAME`.
//! Where calls of the cloud's API must be signed, so must these be.
//!
//! | module | holds |
//! | --- | --- |
//! | `operation`, `call` | which operation a path means; one request |
//! | `apps`, `fns`, `triggers` | the resources |
//! | `invoke` | calls, and requests that triggers take in |
//! | `members`, `error` | members of bodies, errors |

mod apps;
mod call;
mod error;
mod fns;
mod invoke;
mod members;
mod operation;
mod triggers;

use crate::app::Shared;
use crate::observe::RouteLabel;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use call::Call;
use operation::Operation;

/// The version of the Fn server whose API this is.
const FN_VERSION: &str = "0.3.753";

/// Whether a path is one of this API.
pub(crate) fn owns(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|path| path.split('/').next());
    path == "/version" || matches!(first, Some("invoke" | "v2" | "t"))
}

/// Answers a request to such a path.
pub(crate) async fn answer(app: Shared, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let operation = Operation::parse(&parts.method, parts.uri.path());
    let label = operation.as_ref().map_or("fn/unknown", Operation::label);
    let outcome = match operation {
        Some(operation) => Call::perform(app, parts, body, operation).await,
        None => Err(error::FnError::no_path()),
    };
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(RouteLabel(label));
    response
}
