//! Histories: a page, or all of it to keep.

use crate::answer::{Answer, Refusal, ok, with_header};
use crate::app::Shared;
use crate::extract::{Id, Pairs};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::stream::{Stream, try_unfold};
use partita_api::{Event, HistoryPage};
use partita_engine::kernel::InstanceId;
use partita_engine::{EngineError, HistoryView};

const DEFAULT_LIMIT: usize = 1000;
const LARGEST_LIMIT: usize = 10_000;
/// About how many bytes of stored history are read at once.
const READ_BYTES: usize = 1 << 20;

/// `GET /api/v1/instances/{id}/history`
pub(crate) async fn page(State(app): State<Shared>, Id(id): Id, pairs: Pairs) -> Answer {
    pairs.only(&["from", "limit"])?;
    let from = pairs.read("from", "a whole number")?.unwrap_or(0);
    let limit = pairs.read("limit", "a whole number")?.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > LARGEST_LIMIT {
        return Err(Refusal::invalid(format!("limit={limit} is not between 1 and {LARGEST_LIMIT}")));
    }
    let history = read(&app, &id, from).await?;
    let events: Vec<Event> = numbered(&history).take(limit).collect();
    let end = history.first.saturating_add(u32::try_from(events.len()).unwrap_or(u32::MAX));
    let next = (!events.is_empty() && end < history.total).then_some(end);
    ok(&HistoryPage { total: history.total, events, next })
}

async fn read(app: &Shared, id: &InstanceId, from: u32) -> Result<HistoryView, EngineError> {
    app.engine.history(id, from, READ_BYTES).await?.ok_or_else(|| EngineError::NotFound(id.clone()))
}

fn numbered(history: &HistoryView) -> impl Iterator<Item = Event> + '_ {
    (history.first..).zip(&history.events).map(|(index, event)| Event::of(index, event))
}

/// How a whole history is written.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    Json,
    JsonLines,
}

/// `GET /api/v1/instances/{id}/history/export`
pub(crate) async fn export(State(app): State<Shared>, Id(id): Id, pairs: Pairs) -> Answer {
    pairs.only(&["format"])?;
    let (format, media, extension) = match pairs.get("format") {
        None | Some("json") => (Format::Json, "application/json", "json"),
        Some("jsonl") => (Format::JsonLines, "application/jsonl", "jsonl"),
        Some(other) => {
            return Err(Refusal::invalid(format!("format={other:?} is unknown; there are json, jsonl")));
        }
    };
    let first = read(&app, &id, 0).await?;
    let name = format!("attachment; filename=\"history-{}.{extension}\"", safe(id.as_str()));
    let mut response = Response::new(Body::from_stream(pieces(app, id, first, format)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    Ok(with_header(response, header::CONTENT_DISPOSITION, &name))
}

/// A part of a file's name.
fn safe(id: &str) -> String {
    id.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' })
        .collect()
}

/// The history, page by page, up to where it ended when the export began.
fn pieces(
    app: Shared,
    id: InstanceId,
    first: HistoryView,
    format: Format,
) -> impl Stream<Item = Result<Bytes, EngineError>> {
    let total = first.total;
    try_unfold((Some(first), 0), move |(page, done)| {
        let (app, id) = (app.clone(), id.clone());
        async move {
            let page = match page {
                Some(page) => page,
                None if done >= total => return Ok(None),
                None => read(&app, &id, done).await?,
            };
            let (text, end) = write(&page, total, format);
            if page.events.is_empty() && end < total {
                return Err(EngineError::NotFound(id)); // it was replaced meanwhile
            }
            Ok(Some((Bytes::from(text), (None, end))))
        }
    })
}

fn write(page: &HistoryView, total: u32, format: Format) -> (String, u32) {
    let mut text = String::new();
    let mut end = page.first;
    if format == Format::Json && page.first == 0 {
        text.push('[');
    }
    for event in numbered(page).take_while(|event| event.index < total) {
        if format == Format::Json && event.index > 0 {
            text.push(',');
        }
        end = event.index + 1;
        text.push_str(&serde_json::to_string(&event).unwrap_or_default());
        text.push('\n');
    }
    if format == Format::Json && end >= total {
        text.push(']');
    }
    (text, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_hold_nothing_that_means_something() {
        assert_eq!(safe("a\"b ü:1.x"), "a_b___1.x");
    }
}
