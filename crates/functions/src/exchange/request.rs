//! The request that hands a call to an FDK.

use crate::call::Call;
use std::fmt::Display;
use std::time::Duration;

/// The most bytes of a request without its body. Node refuses a request with more than 16 KiB.
const HEAD_BYTES: usize = 15 << 10;

/// Headers that belong to the contract or to the connection, which a caller cannot set.
const OWNED: [&str; 14] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
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

/// The request of a call, without its body.
///
/// # Errors
/// When a header cannot be sent, or all of them are too much.
pub(crate) fn request(call: &Call, content_type: &str, deadline: Duration) -> Result<Vec<u8>, String> {
    let mut head = Head(Vec::with_capacity(512));
    head.0.extend_from_slice(b"POST /call HTTP/1.1\r\nHost: localhost\r\n");
    head.add("Content-Type", content_type)?;
    head.add("Fn-Call-Id", &call.call_id)?;
    head.add("Fn-Deadline", &when(deadline))?;
    if let Some(traceparent) = &call.traceparent {
        head.add("traceparent", traceparent)?;
    }
    let is_own = |name: &str| {
        OWNED.iter().any(|owned| name.eq_ignore_ascii_case(owned))
            || (call.traceparent.is_some() && name.eq_ignore_ascii_case("traceparent"))
    };
    for (name, value) in call.headers.iter().filter(|(name, _)| !is_own(name)) {
        head.add(name, value)?;
    }
    if let Some(gateway) = &call.gateway {
        head.add("Fn-Intent", "httprequest")?;
        head.add("Fn-Http-Method", &gateway.method)?;
        head.add("Fn-Http-Request-Url", &gateway.url)?;
        for (name, value) in &gateway.headers {
            head.add(&format!("Fn-Http-H-{name}"), value)?;
        }
    }
    head.end(call.body.len())
}

struct Head(Vec<u8>);

impl Head {
    fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(format!("{name:?} cannot be the name of a header"));
        }
        if value.bytes().any(|byte| byte != b'\t' && byte.is_ascii_control()) {
            return Err(format!("the value of {name:?} cannot be sent as a header"));
        }
        self.line(name, value);
        Ok(())
    }

    fn line(&mut self, name: &str, value: impl Display) {
        use std::io::Write;
        let _ = write!(self.0, "{name}: {value}\r\n"); // memory takes all
    }

    fn end(mut self, body: usize) -> Result<Vec<u8>, String> {
        self.line("Content-Length", body);
        self.0.extend_from_slice(b"\r\n");
        let length = self.0.len();
        if length > HEAD_BYTES {
            return Err(format!("its headers have {length} bytes, and may have {HEAD_BYTES}"));
        }
        Ok(self.0)
    }
}

/// What the name of a header may consist of (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The moment after `delay`, as RFC 3339 with milliseconds.
fn when(delay: Duration) -> String {
    let now = jiff::Timestamp::now();
    let then = jiff::SignedDuration::try_from(delay).ok().and_then(|delay| now.checked_add(delay).ok());
    format!("{:.3}", then.unwrap_or(jiff::Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::GatewayRequest;

    fn text(call: &Call) -> Result<String, String> {
        let head = request(call, "application/json", Duration::from_secs(1))?;
        let head = String::from_utf8(head).unwrap();
        let shown = head.split_inclusive("\r\n").filter(|line| !line.starts_with("Fn-Deadline: 20"));
        Ok(shown.collect())
    }

    #[test]
    fn a_caller_cannot_set_what_the_contract_owns() {
        let mut call = Call::new("f", "call-1", "{}");
        call.headers = vec![
            ("Fn-Call-Id".into(), "forged".into()),
            ("X-Own".into(), "kept".into()),
            ("transfer-ENCODING".into(), "chunked".into()),
        ];
        assert_eq!(
            text(&call).unwrap(),
            "POST /call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nFn-Call-Id: call-1\r\n\
             X-Own: kept\r\nContent-Length: 2\r\n\r\n"
        );
    }

    #[test]
    fn a_gateway_request_travels_under_other_names() {
        let mut call = Call::new("f", "c", "");
        call.gateway = Some(GatewayRequest {
            method: "GET".into(),
            url: "/a?b=c".into(),
            headers: vec![("Host".into(), "h".into())],
        });
        let text = text(&call).unwrap();
        let expected = "Fn-Intent: httprequest\r\nFn-Http-Method: GET\r\nFn-Http-Request-Url: /a?b=c\r\n\
                        Fn-Http-H-Host: h\r\nContent-Length: 0\r\n\r\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn what_would_break_the_request_is_refused() {
        for (name, value) in
            [("X", "a\r\nFn-Intent: httprequest"), ("X\r\nY", "a"), ("", "a"), ("X Y", "a"), ("X", "\0")]
        {
            let mut call = Call::new("f", "c", "");
            call.headers = vec![(name.into(), value.into())];
            assert!(text(&call).is_err(), "{name:?}: {value:?}");
            call.headers.clear();
            call.gateway =
                Some(GatewayRequest { headers: vec![(name.into(), value.into())], ..Default::default() });
            assert_eq!(text(&call).is_err(), !name.is_empty(), "{name:?}: {value:?}");
        }
        let mut call = Call::new("f", "c", "");
        call.headers = vec![("X".into(), "x".repeat(HEAD_BYTES))];
        let error = text(&call).unwrap_err();
        assert!(error.ends_with("and may have 15360"), "{error}");
    }
}
