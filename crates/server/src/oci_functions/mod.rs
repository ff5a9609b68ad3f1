//! The API of Oracle Cloud Infrastructure's Functions service: invoking functions and managing them.
//!
//! Paths begin with the API's version, a date: `20181201` up to 2.186 of the Python SDK, `20260325` since. Any date is
//! understood. Beside a function's id, invocations may name the function as workflows do.
//!
//! There is no container runtime here. Functions are made from archives (`sourceType: ARCHIVE`), or from a function of
//! the app's folder, which older clients name as the image `local:NAME`.
//!
//! | module | holds |
//! | --- | --- |
//! | `operation`, `call` | which operation a path means; one request |
//! | `signature`, [`keys`] | who signed a request, and whose keys are known |
//! | `applications`, `functions`, `source` | applications, functions, and what functions are made from |
//! | `invoke` | calls |
//! | `listings`, `work_requests` | runtimes and pre-built functions; what goes on after an answer |
//! | `members`, `page`, `error` | members of bodies, pages of lists, errors |

mod applications;
mod call;
mod error;
mod functions;
mod invoke;
pub mod keys;
mod listings;
mod members;
mod operation;
mod page;
mod signature;
mod source;
mod work_requests;

use crate::app::Shared;
use crate::observe::RouteLabel;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use call::Call;
pub use keys::Keys;
use operation::Operation;
pub(crate) use signature::{Unfit, authenticate};
pub(crate) use source::{LOCAL, local_image};

/// Whether a path is one of this API. A client whose endpoint ends with a slash sends two of them.
pub(crate) fn owns(path: &str) -> bool {
    operation::split(path).is_some()
}

/// Answers a request to such a path.
pub(crate) async fn answer(app: Shared, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (version, segments) = operation::split(parts.uri.path()).unwrap_or_default();
    let operation = Operation::parse(&parts.method, &segments);
    let label = operation.as_ref().map_or("oci/unknown", Operation::label);
    let request_id = call::request_id(&parts.headers);
    let outcome = match operation {
        Some(operation) => Call::perform(app, version, parts, body, operation, &request_id).await,
        None => Err(error::OciError::no_operation(&parts.method, parts.uri.path())),
    };
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    call::add_header(response.headers_mut(), call::REQUEST_ID, &request_id);
    response.extensions_mut().insert(RouteLabel(label));
    response
}
