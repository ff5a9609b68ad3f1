//! What an FDK answers.

use crate::call::Answer;
use bytes::Bytes;
use httparse::{EMPTY_HEADER, Status};

/// The most headers of an answer.
const HEADERS: usize = 128;

/// An answer without its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// The names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Length,
    /// Whether the connection stays open for another request.
    pub(super) keeps: bool,
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Bytes(usize),
    Chunks,
    /// It is the end of the connection.
    Closed,
}

/// Reads the start of an answer, and says how many bytes it has; `None` if there is more to come.
pub(super) fn head(bytes: &[u8]) -> Result<Option<(Head, usize)>, String> {
    let mut space = [EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Response::new(&mut space);
    let length = match parsed.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("an answer that is not HTTP: {error}")),
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = parsed.headers.iter().map(|header| (header.name.to_ascii_lowercase(), text(header.value)));
    let mut head = Head {
        status: parsed.code.unwrap_or(0),
        headers: headers.collect(),
        body: Length::Closed,
        keeps: parsed.version == Some(1),
    };
    head.body = body(&head)?;
    let closes = |value: &str| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("close"));
    head.keeps &= head.body != Length::Closed && !head.all("connection").any(closes);
    Ok(Some((head, length)))
}

/// How a body ends (RFC 9112, section 6.3).
fn body(head: &Head) -> Result<Length, String> {
    if head.status < 200 || head.status == 204 || head.status == 304 {
        return Ok(Length::Bytes(0));
    }
    let mut encodings = head.all("transfer-encoding");
    if let Some(encoding) = encodings.next() {
        return if encoding.eq_ignore_ascii_case("chunked") && encodings.next().is_none() {
            Ok(Length::Chunks)
        } else {
            Err(format!("an answer in the unknown encoding {encoding:?}"))
        };
    }
    let mut lengths = head.all("content-length");
    let Some(length) = lengths.next() else { return Ok(Length::Closed) };
    let bytes = length.parse().ok().filter(|_| length.bytes().all(|byte| byte.is_ascii_digit()));
    match bytes.filter(|_| lengths.all(|other| other == length)) {
        Some(bytes) => Ok(Length::Bytes(bytes)),
        None => Err(format!("an answer of the length {length:?}")),
    }
}

impl Head {
    /// The values of a header.
    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.trim())
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }
}

/// What an FDK answered, for a caller.
pub(crate) fn answer(head: Head, body: Bytes, gateway: bool) -> Answer {
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
    let chosen = head.first("fn-http-status").and_then(|status| status.parse().ok());
    let status = chosen.filter(|status| gateway && (200..=599).contains(status)).unwrap_or(200);
    let content_type = head.first("content-type").map(str::to_owned);
    let shown = head.headers.into_iter().filter_map(|(name, value)| match name.strip_prefix(PREFIX) {
        Some(name) if gateway => Some((name.to_owned(), value)),
        None if !gateway && !DROPPED.contains(&name.as_str()) => Some((name, value)),
        _ => None,
    });
    Answer { status, content_type, headers: shown.collect(), body }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &str, expected: Result<(Length, bool), &str>) {
        let text = format!("HTTP/1.1 {lines}\r\n\r\n").replace('\n', "\r\n").replace("\r\r", "\r");
        let found = head(text.as_bytes()).map(|head| {
            let (head, length) = head.unwrap();
            assert_eq!(length, text.len());
            (head.body, head.keeps)
        });
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn the_end_of_a_body_is_known() {
        check("200 OK\nContent-Length: 7", Ok((Length::Bytes(7), true)));
        check("200 OK\nContent-Length: 7\nConnection: Close", Ok((Length::Bytes(7), false)));
        check("200 OK\nTransfer-Encoding: chunked\nContent-Length: 7", Ok((Length::Chunks, true)));
        check("200 OK", Ok((Length::Closed, false)));
        check("204 No Content", Ok((Length::Bytes(0), true)));
        check("200 OK\nTransfer-Encoding: gzip", Err("an answer in the unknown encoding \"gzip\""));
        check("200 OK\nContent-Length: -1", Err("an answer of the length \"-1\""));
        check("200 OK\nContent-Length: 1\nContent-Length: 2", Err("an answer of the length \"1\""));
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nContent"), Ok(None));
        assert!(head(b"what a nice day\r\n\r\n").is_err());
    }

    #[test]
    fn a_gateways_headers_and_status_are_for_gateway_requests_only() {
        let text = b"HTTP/1.1 200 OK\r\nFn-Http-Status: 418\r\nFn-Http-H-X-A: b\r\nX-C: d\r\nContent-Length: 0\r\n\r\n";
        let shown = |gateway| {
            let answer = answer(head(text).unwrap().unwrap().0, Bytes::new(), gateway);
            (answer.status, answer.headers)
        };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(shown(true), (418, vec![header("x-a", "b")]));
        assert_eq!(shown(false), (200, vec![header("fn-http-status", "418"), header("x-c", "d")]));
    }
}
