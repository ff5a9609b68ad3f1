//! What functions have printed, and what they print now.

use super::hosted::id_of;
use crate::answer::{Answer, Refusal, ok};
use crate::app::Shared;
use crate::extract::{Id, Pairs, PathParams};
use crate::partita::{existing, functions};
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use partita_api::log::{LogLine, LogPage, Stream as From};
use partita_api::problem::ProblemKind;
use partita_engine::WaitFor;
use partita_engine::kernel::{EventKind, InstanceId, Timestamp};
use partita_functions::{LogFilter, LogStore, LogStream};
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

/// Lines when nothing is said, and at most.
const USUAL: usize = 200;
const MOST: usize = 10_000;

type Lines = Pin<Box<dyn Stream<Item = LogLine> + Send>>;

/// `GET /api/v1/functions/{name}/logs`: the last lines, and with `follow` those that come.
pub(crate) async fn of_function(State(app): State<Shared>, path: PathParams, pairs: Pairs) -> Answer {
    pairs.only(&["lines", "follow"])?;
    let (store, name) = (store(&app)?, path.get("name"));
    functions::existing(&app, name)?;
    let lines = store.tail(name, limit(&pairs)?).into_iter().map(shown).collect();
    let coming = store.follow(LogFilter::Function(name.to_owned())).map(shown).boxed();
    answer(&app, &pairs, lines, coming)
}

/// `GET /api/v1/instances/{id}/logs`: what the functions printed that an instance called; with `follow`
/// also what they print until it has ended.
pub(crate) async fn of_instance(State(app): State<Shared>, Id(id): Id, pairs: Pairs) -> Answer {
    pairs.only(&["lines", "follow"])?;
    let store = store(&app)?;
    let view = existing(&app, &id).await?;
    let execution = view.execution.map_or(0, |execution| execution.0);
    // Before what there is is read, so that nothing falls between the two.
    let coming = store.follow(LogFilter::All);
    let mut lines = Vec::new();
    for event in app.engine.whole_history(&id).await? {
        if !matches!(event.kind, EventKind::TaskScheduled { .. }) {
            continue;
        }
        let call = id_of(id.as_str(), execution, event.id);
        lines.extend(lines_of(&store, &call).await);
    }
    let limit = limit(&pairs)?;
    lines.drain(..lines.len().saturating_sub(limit));
    let own = format!("{}:", id_of(id.as_str(), execution, 0).trim_end_matches('0').trim_end_matches(':'));
    let coming = coming.map(shown).filter(move |line| {
        let ours = line.call.as_ref().is_some_and(|call| call.starts_with(&own));
        std::future::ready(ours)
    });
    let until = ended(app.clone(), id);
    answer(&app, &pairs, lines, coming.take_until(Box::pin(until)).boxed())
}

/// What was printed during a call.
pub(crate) async fn of_call(app: &Shared, call: &str) -> Vec<LogLine> {
    match store(app) {
        Ok(store) => lines_of(&store, call).await,
        Err(_) => Vec::new(),
    }
}

async fn lines_of(store: &LogStore, call: &str) -> Vec<LogLine> {
    let lines = store.call(call).await.ok().flatten().unwrap_or_default();
    lines.into_iter().map(shown).collect()
}

/// Resolves a moment after an instance has ended: what its functions printed last is on its way.
async fn ended(app: Shared, id: InstanceId) {
    let _ = app.engine.wait(&id, WaitFor::End, None).await;
    tokio::time::sleep(Duration::from_millis(250)).await;
}

fn store(app: &Shared) -> Result<LogStore, Refusal> {
    let functions = app.parts.functions.as_ref();
    let host = functions.and_then(|functions| functions.host()).ok_or_else(|| {
        Refusal::new(ProblemKind::Unsupported, "no functions are hosted here, so there are no logs of them")
    })?;
    Ok(host.logs())
}

fn limit(pairs: &Pairs) -> Result<usize, Refusal> {
    let limit = pairs.read("lines", "a whole number")?.unwrap_or(USUAL);
    if limit > MOST {
        return Err(Refusal::invalid(format!("lines={limit} is more than {MOST}")));
    }
    Ok(limit)
}

fn answer(app: &Shared, pairs: &Pairs, lines: Vec<LogLine>, coming: Lines) -> Answer {
    if !pairs.read("follow", "true or false")?.unwrap_or(false) {
        return ok(&LogPage { lines });
    }
    let stopping = app.stopping.clone();
    let all = stream::iter(lines).chain(coming).take_until(Box::pin(stopping.cancelled_owned()));
    let events = all.map(|line| {
        let data = serde_json::to_string(&line).unwrap_or_default();
        Ok::<_, Infallible>(Event::default().event("line").data(data))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response())
}

fn shown(line: partita_functions::LogLine) -> LogLine {
    LogLine {
        function: line.function,
        call: line.call,
        at: partita_api::Time(Timestamp(line.at_ms.saturating_mul(1_000_000))),
        stream: match line.stream {
            LogStream::Out => From::Stdout,
            LogStream::Err => From::Stderr,
            LogStream::Host => From::Host,
        },
        text: line.text,
    }
}
