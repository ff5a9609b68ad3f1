//! A call and its answer.

use bytes::Bytes;
use std::time::Duration;

/// The most characters of a call id.
pub const CALL_ID_CHARACTERS: usize = 256;

/// A call of a function.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The function's name.
    pub function: String,
    /// What identifies the call: to the handler, in its log, and to whoever reads the log. Visible ASCII characters,
    /// at most [`CALL_ID_CHARACTERS`]. A second call of the same id adds to the log of the first.
    pub call_id: String,
    /// What the handler is given.
    pub body: Bytes,
    /// The type of the body. `None`: what the function says, or `application/json`.
    pub content_type: Option<String>,
    /// More headers. Those that the contract or the connection owns are left out.
    pub headers: Vec<(String, String)>,
    /// How long the handler may run, from when it starts. `None`: the function's time-out.
    pub deadline: Option<Duration>,
    /// The HTTP request that the call stands for.
    pub gateway: Option<GatewayRequest>,
    /// A W3C `traceparent`, handed on to the handler.
    pub traceparent: Option<String>,
}

impl Call {
    /// A call of `function` with `body` as JSON.
    #[must_use]
    pub fn new(function: impl Into<String>, call_id: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { function: function.into(), call_id: call_id.into(), body: body.into(), ..Self::default() }
    }
}

/// An HTTP request, as a handler sees it through its FDK's gateway context.
#[derive(Clone, Debug, Default)]
pub struct GatewayRequest {
    /// The method.
    pub method: String,
    /// The URL as it was requested.
    pub url: String,
    /// The request's headers.
    pub headers: Vec<(String, String)>,
}

/// What a handler answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status that the handler chose for a gateway request; 200 otherwise.
    pub status: u16,
    /// The type of the body.
    pub content_type: Option<String>,
    /// The answer's headers, those of the gateway with their prefix removed.
    pub headers: Vec<(String, String)>,
    /// What the handler returned.
    pub body: Bytes,
}

/// Whether a text can be the id of a call.
#[must_use]
pub fn is_call_id(text: &str) -> bool {
    (1..=CALL_ID_CHARACTERS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_calls() {
        let longest = "x".repeat(CALL_ID_CHARACTERS);
        for (text, expected) in [
            ("a", true),
            ("order-7:3/charge", true),
            ("", false),
            ("a b", false),
            ("a\nb", false),
            ("ä", false),
            (longest.as_str(), true),
            (&format!("{longest}x"), false),
        ] {
            assert_eq!(is_call_id(text), expected, "{text:?}");
        }
    }
}
