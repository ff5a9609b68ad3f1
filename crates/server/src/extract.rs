//! What handlers take out of requests; everything that goes wrong is a problem.

use crate::answer::Refusal;
use crate::app::Shared;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, OriginalUri, RawPathParams, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Uri};
use futures::StreamExt;
use partita_api::Json;
use partita_api::problem::ProblemKind;
use partita_engine::kernel::{InstanceId, Trace};
use serde::de::DeserializeOwned;

/// The parameters of the path, decoded.
pub(crate) struct PathParams(pub(crate) Vec<(String, String)>);

impl PathParams {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

impl FromRequestParts<Shared> for PathParams {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|error| Refusal::invalid(format!("the path cannot be read: {error}")))?;
        Ok(Self(params.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()))
    }
}

/// The path's `{id}`, checked.
pub(crate) struct Id(pub(crate) InstanceId);

impl FromRequestParts<Shared> for Id {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refusal> {
        let params = PathParams::from_request_parts(parts, state).await?;
        Ok(Self(state.engine.instance_id(params.get("id"))?))
    }
}

/// The parameters of the query, decoded, in order.
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl Pairs {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The last value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter().filter(|(key, _)| *key == name).last().map(|(_, value)| value)
    }

    /// The value of a parameter, read.
    pub(crate) fn read<T: std::str::FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Refusal> {
        let read =
            |text: &str| text.parse().map_err(|_| Refusal::invalid(format!("{name}={text:?} is not {what}")));
        self.get(name).map(read).transpose()
    }

    /// Refuses parameters that nobody reads.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) if known.is_empty() => {
                Err(Refusal::invalid(format!("there is no parameter {key:?}; there are none here")))
            }
            Some((key, _)) => Err(Refusal::invalid(format!(
                "there is no parameter {key:?}; there are {}",
                known.join(", ")
            ))),
        }
    }
}

impl FromRequestParts<Shared> for Pairs {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refusal> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let pairs = pairs.map_err(|error| Refusal::invalid(format!("the query cannot be read: {error}")))?;
        Ok(Self(pairs.0))
    }
}

/// A JSON body; an empty one is the default.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Shared> for JsonBody<T> {
    type Rejection = Refusal;
    async fn from_request(request: Request, state: &Shared) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, state.body_bytes()).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self)
    }
}

/// A body that is any JSON, or nothing.
pub(crate) struct PayloadBody(pub(crate) Option<Json>);

impl FromRequest<Shared> for PayloadBody {
    type Rejection = Refusal;
    async fn from_request(request: Request, state: &Shared) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, state.body_bytes()).await?;
        payload(&bytes).map(Self)
    }
}

/// Reads a body that is any JSON, or nothing.
pub(crate) fn payload(bytes: &[u8]) -> Result<Option<Json>, Refusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) { Ok(None) } else { parse(bytes).map(Some) }
}

/// Parses JSON; what is wrong with it is told with its place.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = if error.is_data() {
            "the body is JSON, but not what is expected here"
        } else {
            "the body is not JSON"
        };
        Refusal::new(ProblemKind::MalformedJson, format!("{what}: {error}"))
            .with("line", line)
            .with("column", column)
    })
}

/// Reads a body up to a limit.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(size) = announced.filter(|size| *size > limit) {
        return Err(too_large(size, limit));
    }
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(1 << 16));
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Refusal::invalid(format!("the body broke off: {error}")))?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > limit {
            return Err(too_large(bytes.len(), limit));
        }
    }
    Ok(Bytes::from(bytes))
}

fn too_large(size: usize, limit: usize) -> Refusal {
    let detail = format!("the body has {size} bytes or more, where at most {limit} are allowed");
    Refusal::new(ProblemKind::TooLarge, detail)
        .with("what", "body")
        .with("size", size)
        .with("limit", limit)
        .with("unit", "bytes")
}

/// What absolute URIs in the answer begin with, without a slash at the end.
pub(crate) struct Base(pub(crate) String);

impl FromRequestParts<Shared> for Base {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refusal> {
        Ok(Self(base(state, parts)))
    }
}

pub(crate) fn base(state: &Shared, parts: &Parts) -> String {
    if let Some(url) = &state.options.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let forwarded = |name: &'static str| {
        let value = state
            .options
            .trust_forwarded
            .then(|| text(&parts.headers, &HeaderName::from_static(name)))
            .flatten();
        value.and_then(|value| value.split(',').next()).map(str::trim).filter(|value| !value.is_empty())
    };
    let scheme =
        forwarded("x-forwarded-proto").filter(|scheme| matches!(*scheme, "http" | "https")).unwrap_or("http");
    let authority = forwarded("x-forwarded-host").or_else(|| authority(parts)).unwrap_or("localhost");
    format!("{scheme}://{authority}{}", prefix(parts))
}

/// The host and port that the request names.
pub(crate) fn authority(parts: &Parts) -> Option<&str> {
    authority_of(&parts.headers, &parts.uri)
}

pub(crate) fn authority_of<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    text(headers, &HOST).or_else(|| uri.authority().map(axum::http::uri::Authority::as_str))
}

/// What stands before this router's own paths where it is nested in another.
fn prefix(parts: &Parts) -> &str {
    let whole = parts.extensions.get::<OriginalUri>().map_or("", |uri| uri.0.path());
    whole.strip_suffix(parts.uri.path()).unwrap_or("")
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a body says that it is, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    text(headers, &CONTENT_TYPE)?.split(';').next().map(str::trim)
}

/// The caller's W3C trace context, if it is a valid one.
pub(crate) fn trace(headers: &HeaderMap) -> Option<Trace> {
    let parent =
        text(headers, &HeaderName::from_static("traceparent")).filter(|parent| is_traceparent(parent))?;
    let state = text(headers, &HeaderName::from_static("tracestate")).filter(|state| state.len() <= 512);
    Some(Trace { parent: parent.into(), state: state.filter(|state| !state.is_empty()).map(Into::into) })
}

/// W3C Trace Context, section "traceparent Header": `00-{32 hex}-{16 hex}-{2 hex}`, ids not all zero.
pub(crate) fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, length: usize| {
        part.len() == length
            && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let some = |part: &str| part.bytes().any(|byte| byte != b'0');
    match parts.as_slice() {
        [version, trace, span, flags] => {
            hex(version, 2)
                && *version != "ff"
                && hex(trace, 32)
                && some(trace)
                && hex(span, 16)
                && some(span)
                && hex(flags, 2)
        }
        _ => false,
    }
}

/// Decodes the percent signs of a part of a path; `None` when what comes out is not text.
pub(crate) fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparents() {
        assert!(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319C-b7ad6b7169203331-01",
        ] {
            assert!(!is_traceparent(bad), "{bad}");
        }
    }
}
