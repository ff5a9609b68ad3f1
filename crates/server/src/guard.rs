//! Which requests are let in.
//!
//! While nobody has to say who they are, the server answers only to those who are on the same machine. A
//! page in a browser there could still reach it: by a name of its own that it lets point to 127.0.0.1 (DNS
//! rebinding), or by posting forms across origins. Both are refused here.

use crate::answer::Refusal;
use crate::app::Shared;
use crate::extract::{authority, authority_of, text};
use crate::hubs::Refused;
use crate::options::ServerOptions;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use partita_api::problem::ProblemKind;
use std::net::{IpAddr, SocketAddr};

/// The names by which requests may address this server.
#[derive(Clone, Debug)]
pub(crate) enum Hosts {
    /// Any.
    Any,
    /// Those of the loopback interface and these.
    Only(Vec<String>),
}

impl Hosts {
    /// For a server that listens at `address`.
    pub(crate) fn of_server(address: SocketAddr, options: &ServerOptions) -> Self {
        if address.ip().is_loopback() || !options.allowed_hosts.is_empty() {
            return Self::only(options);
        }
        Self::Any
    }

    /// For a router in somebody else's server.
    pub(crate) fn of_router(options: &ServerOptions) -> Self {
        if options.allowed_hosts.is_empty() { Self::Any } else { Self::only(options) }
    }

    fn only(options: &ServerOptions) -> Self {
        let public =
            options.public_url.as_deref().and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
        let public = public.map(|rest| host_of(rest.split('/').next().unwrap_or(rest)).to_lowercase());
        let allowed = options.allowed_hosts.iter().map(|host| host.to_lowercase());
        Self::Only(allowed.chain(public).collect())
    }

    fn allow(&self, authority: &str) -> bool {
        let host = host_of(authority).to_lowercase();
        match self {
            Self::Any => true,
            Self::Only(names) => is_loopback(&host) || names.contains(&host) || self.allow_sync(&host),
        }
    }

    /// Clients of Step Functions put `sync-` before the host when they start an execution and wait for it.
    fn allow_sync(&self, host: &str) -> bool {
        host.strip_prefix("sync-").is_some_and(|host| !host.starts_with("sync-") && self.allow(host))
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a page of another site has a browser make this request to the browser's own machine. Reads are safe from such
/// pages, because they do not see the answers; this is for requests that do something whatever their method.
pub(crate) fn is_of_another_site(parts: &Parts) -> bool {
    let here = authority(parts).is_some_and(|named| is_loopback(&host_of(named).to_lowercase()));
    let site = parts.headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    here && matches!(site, Some("cross-site" | "same-site"))
}

pub(crate) async fn guard(State(app): State<Shared>, request: Request, next: Next) -> Response {
    if let Some(Refused(problem)) = request.extensions().get() {
        return Refusal::from(problem.clone()).into_response();
    }
    match check(&app.hosts, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Checks who is addressed, and by whose page.
pub(crate) fn check(hosts: &Hosts, request: &Request) -> Result<(), Refusal> {
    let named = authority_of(request.headers(), request.uri()).unwrap_or("");
    if !hosts.allow(named) {
        let detail = format!(
            "the request names the host {named:?}, which this server does not answer for; \
             add it to allowed-hosts if it should"
        );
        return Err(Refusal::new(ProblemKind::WrongHost, detail).with("host", named));
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let origin = text(request.headers(), &header::ORIGIN).filter(|_| !safe);
    if let Some(origin) = origin.filter(|origin| !is_same_origin(hosts, origin, named)) {
        let detail = format!(
            "a page of {origin:?} may not change anything here; add its host to allowed-hosts if it may"
        );
        return Err(Refusal::new(ProblemKind::WrongHost, detail).with("origin", origin));
    }
    Ok(())
}

/// Whether a page of `origin` is this server's own, or of a host that was allowed by name.
fn is_same_origin(hosts: &Hosts, origin: &str, named: &str) -> bool {
    let Some((_, authority)) = origin.split_once("://") else { return false };
    let allowed = match hosts {
        Hosts::Any => false,
        Hosts::Only(names) => names.contains(&host_of(authority).to_lowercase()),
    };
    authority.eq_ignore_ascii_case(named) || allowed
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn outcome(hosts: &Hosts, method: &str, host: &str, origin: Option<&str>) -> u16 {
        let mut request = Request::builder().method(method).uri("/").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        match check(hosts, &request.body(Body::empty()).unwrap()) {
            Ok(_) => 200,
            Err(refusal) => refusal.0.status,
        }
    }

    #[test]
    fn only_loopback_names_and_allowed_ones_are_answered() {
        let options = ServerOptions {
            allowed_hosts: Vec::from(["flows.example".to_owned()]),
            public_url: Some("https://Public.example/x".to_owned()),
            ..ServerOptions::default()
        };
        let hosts = Hosts::of_server(options.listen, &options);
        for good in [
            "127.0.0.1:4001",
            "localhost",
            "LOCALHOST:1",
            "[::1]:4001",
            "flows.example:80",
            "public.example",
            "sync-localhost:4001",
            "sync-flows.example",
        ] {
            assert_eq!(outcome(&hosts, "GET", good, None), 200, "{good}");
        }
        for bad in [
            "evil.example",
            "127.0.0.1.evil.example:4001",
            "",
            "localhost.evil",
            "sync-evil.example",
            "sync-sync-localhost",
        ] {
            assert_eq!(outcome(&hosts, "GET", bad, None), 403, "{bad}");
        }
        assert_eq!(outcome(&Hosts::of_router(&ServerOptions::default()), "GET", "any.example", None), 200);
    }

    #[test]
    fn pages_of_other_origins_change_nothing() {
        let hosts = Hosts::of_server(ServerOptions::default().listen, &ServerOptions::default());
        let here = "127.0.0.1:4001";
        assert_eq!(outcome(&hosts, "POST", here, Some("http://evil.example")), 403);
        assert_eq!(outcome(&hosts, "POST", here, Some("null")), 403);
        assert_eq!(outcome(&hosts, "DELETE", here, Some("http://127.0.0.1:9999")), 403);
        assert_eq!(outcome(&hosts, "POST", here, Some("http://127.0.0.1:4001")), 200);
        assert_eq!(outcome(&hosts, "GET", here, Some("http://evil.example")), 200);
        assert_eq!(outcome(&Hosts::Any, "POST", "a.example", Some("http://b.example")), 403);
    }
}
