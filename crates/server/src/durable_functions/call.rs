//! One request to this dialect.

use super::operation::Operation;
use super::{BASES, said};
use crate::answer::Refusal;
use crate::app::Shared;
use crate::extract::{base, decode, read_body};
use axum::body::{Body, Bytes};
use axum::extract::{Query, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use partita_api::Status;
use partita_api::problem::ProblemKind;
use partita_engine::kernel;
use partita_engine::kernel::Timestamp;
use std::time::Duration;

/// A request, taken apart.
pub(super) struct Call {
    pub(super) app: Shared,
    /// `http://host/…/runtime/webhooks/durabletask`
    pub(super) base: String,
    /// The request's own absolute URI.
    pub(super) uri: String,
    pub(super) headers: HeaderMap,
    query: Vec<(String, String)>,
}

impl Call {
    /// Takes a request apart; `None` when there is nothing at its address.
    pub(super) fn read(app: Shared, request: Request) -> Option<(Self, Operation, Body)> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let root = BASES.into_iter().find(|root| path.starts_with(root))?;
        let rest = path.strip_prefix(root)?.trim_matches('/');
        let segments: Vec<String> = rest.split('/').map(decode).collect::<Option<_>>()?;
        let operation = Operation::parse(&parts.method, &segments)?;
        let origin = base(&app, &parts);
        let query =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
        let call = Self {
            base: format!("{origin}{root}"),
            uri: own_uri(&origin, &parts),
            headers: parts.headers,
            query: query.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect(),
            app,
        };
        Some((call, operation, body))
    }

    /// The first value of a parameter that says something, its name in any case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).find(|value| !value.is_empty())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let name = name.to_lowercase();
        self.query.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is true or false; anything else counts as not given, as the extension has it.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(|value| value.trim().to_lowercase().parse().ok())
    }

    /// A parameter that is a number of seconds.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<Duration>, Refusal> {
        let read = |text: &str| {
            let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            seconds.ok_or_else(|| Refusal::invalid(format!("{name}={text:?} is not a number of seconds")))
        };
        self.get(name).map(read).transpose()
    }

    /// A parameter that is a time, or a date; without an offset it is UTC.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let read = |text: &str| {
            time(text).ok_or_else(|| {
                Refusal::invalid(format!("{name}={text:?} is not a time such as 2026-03-01T12:00:00Z"))
            })
        };
        self.get(name).map(read).transpose()
    }

    /// `runtimeStatus`: repeated, or with commas between.
    pub(super) fn statuses(&self) -> Result<Vec<kernel::Status>, Refusal> {
        let names = self.all("runtimeStatus").flat_map(|value| value.split(',')).map(str::trim);
        let statuses =
            names.filter(|name| !name.is_empty()).map(|name| name.parse::<Status>().map(|status| status.0));
        statuses.collect::<Result<_, _>>().map_err(Refusal::invalid)
    }

    /// The request's body.
    pub(super) async fn read_body(&self, body: Body) -> Result<Bytes, Refusal> {
        read_body(&self.headers, body, self.app.body_bytes()).await
    }
}

/// What is said when a body is not JSON.
pub(super) fn bad_json(refusal: &Refusal) -> Refusal {
    let mut said = said(ProblemKind::MalformedJson, "Invalid JSON content");
    said.0.extra.extend(refusal.0.extra.clone());
    said.with("ExceptionMessage", refusal.0.detail.as_str())
}

fn own_uri(origin: &str, parts: &Parts) -> String {
    let inner = parts.uri.path_and_query().map_or("", axum::http::uri::PathAndQuery::as_str);
    format!("{origin}{inner}")
}

fn time(text: &str) -> Option<Timestamp> {
    let utc = || {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(utc)?;
    i64::try_from(instant.as_nanosecond()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths_are_decoded() {
        assert_eq!(decode("a%20b%3Ac+d%C3%BC").as_deref(), Some("a b:c+dü"));
        assert_eq!((decode("%"), decode("%zz"), decode("%ff")), (None, None, None));
    }

    #[test]
    fn times_are_read_in_all_forms_that_clients_write() {
        let expected = Some(Timestamp(1_772_323_200_000_000_000));
        for text in
            ["2026-03-01T00:00:00Z", "2026-03-01", "2026-03-01T00:00:00", "2026-03-01T01:00:00.000000+01:00"]
        {
            assert_eq!(time(text), expected, "{text}");
        }
        assert_eq!(time("soon"), None);
    }
}
