//! One HTTP exchange with an FDK over its socket.

use crate::call::{Answer, Call, GatewayRequest};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{Connection as Driver, SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::response::Parts;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use std::path::{Component, Path, PathBuf};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::net::UnixStream;

/// FDKs close connections that were idle for some time (Python's after 75 s); one this old is not used again.
const OLDEST_CONNECTION: Duration = Duration::from_secs(45);

/// Why an exchange brought no answer.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    /// The request never left, so the handler cannot have run.
    NotSent(String),
    /// The connection ended.
    Closed(String),
    /// What came is no HTTP answer.
    Garbage(String),
    /// The answer's body is over the limit.
    TooLarge,
}

/// A connection to an FDK, kept for the next call.
///
/// It is driven by whoever waits for an answer, in the same task: that saves two changes of tasks for each call.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: Option<Driver<TokioIo<UnixStream>, Full<Bytes>>>,
    used: Instant,
}

impl Connection {
    /// Connects to the socket that an FDK made at `listener`, if it belongs to `user`.
    pub(crate) async fn open(listener: &Path, user: Option<u32>) -> Result<Self, ExchangeError> {
        let not_sent = |what: String| ExchangeError::NotSent(what);
        let socket = socket_behind(listener).map_err(not_sent)?;
        let stream = UnixStream::connect(&socket)
            .await
            .map_err(|error| ExchangeError::NotSent(format!("its socket takes no connection: {error}")))?;
        let owner = stream.peer_cred().map(|peer| peer.uid()).ok();
        if user.is_some() && owner != user {
            return Err(ExchangeError::NotSent("its socket belongs to another user".to_owned()));
        }
        let (sender, driver) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| ExchangeError::NotSent(error.to_string()))?;
        Ok(Self { sender, driver: Some(driver), used: Instant::now() })
    }

    /// Whether the other end has neither closed nor soon will.
    pub(crate) async fn is_usable(&mut self) -> bool {
        if self.used.elapsed() > OLDEST_CONNECTION {
            return false;
        }
        let Some(driver) = self.driver.as_mut() else { return false };
        let mut driver = pin!(driver);
        let open =
            std::future::poll_fn(|context| Poll::Ready(driver.as_mut().poll(context).is_pending())).await;
        open && !self.sender.is_closed()
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<(Parts, Bytes), ExchangeError> {
        let Self { sender, driver, used } = self;
        let mut exchange = pin!(send(sender, request, limit));
        let result = loop {
            let Some(running) = driver.as_mut() else { break exchange.await };
            tokio::select! {
                biased;
                result = &mut exchange => break result,
                _ = running => *driver = None,
            }
        };
        *used = Instant::now();
        result
    }
}

async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    limit: usize,
) -> Result<(Parts, Bytes), ExchangeError> {
    let response = sender.try_send_request(request).await.map_err(|mut error| {
        if error.take_message().is_some() {
            ExchangeError::NotSent(error.error().to_string())
        } else {
            broken(error.error())
        }
    })?;
    let (parts, body) = response.into_parts();
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok((parts, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(ExchangeError::TooLarge),
        Err(error) => match error.downcast_ref::<hyper::Error>() {
            Some(error) => Err(broken(error)),
            None => Err(ExchangeError::Closed(error.to_string())),
        },
    }
}

fn broken(error: &hyper::Error) -> ExchangeError {
    let mut text = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        text = format!("{text}: {source}");
    }
    if error.is_parse() || error.is_parse_status() {
        ExchangeError::Garbage(text)
    } else {
        ExchangeError::Closed(text)
    }
}

/// The socket that the link at `listener` leads to. A link that leaves its folder is refused.
fn socket_behind(listener: &Path) -> Result<PathBuf, String> {
    use std::os::unix::fs::FileTypeExt;
    let kind = |path: &Path| path.symlink_metadata().map_err(|error| format!("its socket is gone: {error}"));
    let mut socket = listener.to_owned();
    if kind(listener)?.is_symlink() {
        let target = listener.read_link().map_err(|error| error.to_string())?;
        let mut parts = target.components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(name)), None) => socket.set_file_name(name),
            _ => return Err(format!("its socket is a link that leaves its folder, to {}", target.display())),
        }
    }
    if kind(&socket)?.file_type().is_socket() {
        Ok(socket)
    } else {
        Err("its socket is no socket".to_owned())
    }
}

/// Headers that belong to the contract or to the connection, which a caller cannot set.
const OWNED: [&str; 13] = [
    "connection",
    "content-length",
    "content-type",
    "fn-call-id",
    "fn-deadline",
    "fn-http-method",
    "fn-http-request-url",
    "fn-intent",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The request that hands a call to an FDK.
pub(crate) fn request(
    call: &Call,
    content_type: &str,
    deadline: Duration,
) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::new(Full::new(call.body.clone()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = hyper::Uri::from_static("/call");
    let headers = request.headers_mut();
    for (name, value) in &call.headers {
        if !OWNED.iter().any(|owned| name.eq_ignore_ascii_case(owned)) {
            headers.append(header_name(name)?, header_value(name, value)?);
        }
    }
    headers.insert(HOST, HeaderValue::from_static("localhost"));
    headers.insert(CONTENT_TYPE, header_value("Content-Type", content_type)?);
    headers.insert("fn-call-id", header_value("Fn-Call-Id", &call.call_id)?);
    headers.insert("fn-deadline", header_value("Fn-Deadline", &when(deadline))?);
    if let Some(traceparent) = &call.traceparent {
        headers.insert("traceparent", header_value("traceparent", traceparent)?);
    }
    if let Some(gateway) = &call.gateway {
        add_gateway(headers, gateway)?;
    }
    Ok(request)
}

fn add_gateway(headers: &mut HeaderMap, gateway: &GatewayRequest) -> Result<(), String> {
    headers.insert("fn-intent", HeaderValue::from_static("httprequest"));
    headers.insert("fn-http-method", header_value("method", &gateway.method)?);
    headers.insert("fn-http-request-url", header_value("URL", &gateway.url)?);
    for (name, value) in &gateway.headers {
        headers.append(header_name(&format!("fn-http-h-{name}"))?, header_value(name, value)?);
    }
    Ok(())
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    name.parse().map_err(|_| format!("{name:?} cannot be the name of a header"))
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, String> {
    value.parse().map_err(|_| format!("the value of {name:?} cannot be sent as a header"))
}

/// The moment after `delay`, as RFC 3339 with milliseconds.
fn when(delay: Duration) -> String {
    let now = jiff::Timestamp::now();
    let then = jiff::SignedDuration::try_from(delay).ok().and_then(|delay| now.checked_add(delay).ok());
    format!("{:.3}", then.unwrap_or(jiff::Timestamp::MAX))
}

/// What an FDK answered, for a caller.
pub(crate) fn answer(parts: &Parts, body: Bytes, gateway: bool) -> Answer {
    const PREFIX: &str = "fn-http-h-";
    const DROPPED: [&str; 8] = [
        "connection",
        "content-length",
        "content-type",
        "date",
        "fn-fdk-runtime",
        "fn-fdk-version",
        "keep-alive",
        "transfer-encoding",
    ];
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers = Vec::new();
    for (name, value) in &parts.headers {
        match name.as_str().strip_prefix(PREFIX) {
            Some(name) if gateway => headers.push((name.to_owned(), text(value))),
            None if !gateway && !DROPPED.contains(&name.as_str()) => {
                headers.push((name.as_str().to_owned(), text(value)));
            }
            _ => {}
        }
    }
    let chosen = parts.headers.get("fn-http-status").and_then(|value| value.to_str().ok()?.parse().ok());
    let status = chosen.filter(|status| gateway && (200..=599).contains(status)).unwrap_or(200);
    Answer { status, content_type: parts.headers.get(CONTENT_TYPE).map(text), headers, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_may_not_leave_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let listener = folder.path().join("l");
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
        for (target, expected) in
            [("s", true), ("./s", false), ("../s", false), ("/tmp/s", false), ("none", false)]
        {
            let _ = std::fs::remove_file(&listener);
            std::os::unix::fs::symlink(target, &listener).unwrap();
            assert_eq!(
                socket_behind(&listener).is_ok(),
                expected,
                "{target}: {:?}",
                socket_behind(&listener)
            );
        }
        std::fs::write(folder.path().join("f"), "").unwrap();
        std::fs::remove_file(&listener).unwrap();
        std::os::unix::fs::symlink("f", &listener).unwrap();
        assert_eq!(socket_behind(&listener), Err("its socket is no socket".to_owned()));
    }

    #[test]
    fn a_caller_cannot_set_what_the_contract_owns() {
        let mut call = Call::new("f", "call-1", "{}");
        call.headers = vec![("Fn-Call-Id".into(), "forged".into()), ("X-Own".into(), "kept".into())];
        let request = request(&call, "application/json", Duration::from_secs(1)).unwrap();
        assert_eq!(request.headers()["fn-call-id"], "call-1");
        assert_eq!(request.headers()["x-own"], "kept");
        call.headers = vec![("X".into(), "a\r\nFn-Intent: httprequest".into())];
        assert!(super::request(&call, "application/json", Duration::ZERO).is_err());
    }
}
