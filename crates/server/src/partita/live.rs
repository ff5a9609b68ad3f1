//! What happens now, and what happened lately.

use crate::answer::{Answer, Refusal, ok};
use crate::app::Shared;
use crate::extract::Pairs;
use crate::live::{Of, Span, Topics, stream};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::StreamExt;
use partita_api::problem::ProblemKind;
use std::convert::Infallible;

/// How many may watch at a time.
const WATCHING: usize = 2_000;

/// `GET /api/v1/changes`
pub(crate) async fn changes(State(app): State<Shared>, pairs: Pairs) -> Answer {
    pairs.only(&["instances", "instance"])?;
    let instance: Option<String> = pairs.read("instance", "an instance's id")?;
    let topics = Topics {
        instances: pairs.read("instances", "true or false")?.unwrap_or(false),
        instance: instance.map(|id| app.engine.instance_id(&id)).transpose()?,
    };
    if app.live.watching() >= WATCHING {
        let detail = format!("{WATCHING} streams of changes are open, which is the limit; close some first");
        return Err(Refusal::new(ProblemKind::Overloaded, detail));
    }
    let body = Body::from_stream(stream(&app, topics).map(Ok::<_, Infallible>));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `GET /api/v1/series`
pub(crate) async fn series(State(app): State<Shared>, pairs: Pairs) -> Answer {
    pairs.only(&["workflow", "function", "span"])?;
    let text = |key: &str| pairs.read::<String>(key, "a name");
    let of = match (text("workflow")?, text("function")?) {
        (None, None) => Of::Server,
        (Some(name), None) => Of::Workflow(name.as_str().into()),
        (None, Some(name)) => Of::Function(name.as_str().into()),
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("ask for a workflow or for a function, not for both"));
        }
    };
    let span = match text("span")?.as_deref() {
        None | Some("hour") => Span::Hour,
        Some("day") => Span::Day,
        Some(other) => return Err(Refusal::invalid(format!("span={other} is neither hour nor day"))),
    };
    ok(&app.sampler.show(&of, span))
}
