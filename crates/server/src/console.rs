//! The console: the pages at `/`.
//!
//! Whatever no route takes and a browser asks for as a page is the console's one page, which looks at the address
//! itself. Routes of the application around this router come first, so that none is taken away.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use partita_console::{File, INDEX};
use std::borrow::Cow;

/// Nothing from elsewhere, no inline scripts or styles, no frames around it.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
/// For a browser that asks for the console where it was not built.
const MISSING: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Partita</title>\n\
    <h1>Partita</h1>\n\
    <p>The server runs; its console is not in this build, because npm was not there when it was compiled.</p>\n\
    <p>To get it, install Node.js with npm, then run <code>cargo build</code> again.</p>\n\
    <p>The API is at <code>/api/v1</code> and described at <a href=\"/api/openapi.json\">/api/openapi.json</a>; \
    <code>partita --help</code> lists what can be done on the command line.</p>\n</html>\n";

/// What a browser gets for a request that no route takes; `None` when it is not for the console.
pub(crate) fn answer(parts: &Parts) -> Option<Response> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
    let path = parts.uri.path().trim_start_matches('/');
    let file = match path {
        "" | INDEX => None,
        path => partita_console::find(path),
    };
    if let Some(file) = file {
        return Some(shown(&file, parts));
    }
    if !is_page(parts) {
        return None;
    }
    match partita_console::find(INDEX) {
        Some(index) => Some(shown(&index, parts)),
        None => Some(page(Body::from(if is_head(parts) { "" } else { MISSING }))),
    }
}

/// Whether a browser wants to show what it asks for: not an API's address, and not a file that is missing.
fn is_page(parts: &Parts) -> bool {
    let path = parts.uri.path();
    let of_api = ["/api/", "/runtime/", "/assets/"].iter().any(|prefix| path.starts_with(prefix));
    let wanted = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    !of_api && wanted.is_some_and(|accept| accept.contains("text/html"))
}

fn is_head(parts: &Parts) -> bool {
    parts.method == Method::HEAD
}

fn shown(file: &File, parts: &Parts) -> Response {
    let (encoding, content) = encoded(file, &parts.headers);
    // Each form of a file is another answer, and has a tag of its own.
    let tag = format!("\"{}{}\"", file.tag, encoding.map_or(String::new(), |name| format!("-{name}")));
    let known = parts.headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let body = if known || is_head(parts) { Body::empty() } else { Body::from(content.into_owned()) };
    let mut response = page(body);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    let kept = if file.is_immutable() { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    response
}

/// The smallest form of a file that the client takes.
fn encoded(file: &File, headers: &HeaderMap) -> (Option<&'static str>, Cow<'static, [u8]>) {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let takes = |name: &str| {
        let mut forms = accepted.split(',').map(str::trim);
        forms.any(|form| form.split(';').next() == Some(name) && !form.ends_with(";q=0"))
    };
    if takes("br")
        && let Some(packed) = file.brotli()
    {
        return (Some("br"), packed);
    }
    if takes("gzip")
        && let Some(packed) = file.gzip()
    {
        return (Some("gzip"), packed);
    }
    (None, file.plain.clone())
}

fn page(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> Option<Response> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(&request.body(()).unwrap().into_parts().0)
    }

    const BROWSER: (&str, &str) = ("accept", "text/html,*/*;q=0.8");

    #[test]
    fn browsers_get_a_page_wherever_no_api_is() {
        for path in ["/", "/instances", "/instances/a%2Fb/history?x=1", "/nothing/here"] {
            let response = ask("GET", path, &[BROWSER]).unwrap();
            assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8", "{path}");
            assert!(
                response.headers()["content-security-policy"]
                    .to_str()
                    .unwrap()
                    .starts_with("default-src 'self';")
            );
        }
        for (method, path, accept) in [
            ("GET", "/", "application/json"),
            ("GET", "/api/v1/nothing", "text/html"),
            ("GET", "/assets/none.js", "text/html"),
            ("GET", "/../Cargo.toml", "*/*"),
            ("POST", "/instances", "text/html"),
        ] {
            assert!(ask(method, path, &[("accept", accept)]).is_none(), "{method} {path}");
        }
    }

    #[test]
    fn files_come_in_the_form_that_the_client_takes() {
        let Some(path) =
            partita_console::paths().find(|path| path.starts_with("assets/") && path.ends_with(".js"))
        else {
            let built = partita_console::BUILT;
            assert!(!built, "a console has scripts");
            return;
        };
        let path = format!("/{path}");
        for (takes, encoding) in [
            ("gzip, deflate, br", Some("br")),
            ("gzip;q=1.0", Some("gzip")),
            ("br;q=0, gzip", Some("gzip")),
            ("identity", None),
        ] {
            let response = ask("GET", &path, &[("accept-encoding", takes)]).unwrap();
            let headers = response.headers();
            assert_eq!(
                headers.get("content-encoding").map(|value| value.to_str().unwrap()),
                encoding,
                "{takes}"
            );
            assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
            assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
            let tag = headers["etag"].to_str().unwrap();
            let again = ask("GET", &path, &[("accept-encoding", takes), ("if-none-match", tag)]).unwrap();
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        }
        assert!(ask("GET", &format!("{path}.br"), &[]).is_none());
    }
}
