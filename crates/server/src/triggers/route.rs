//! The route of a trigger: `POST /order/start/{sessionId}`.

use axum::http::Method;
use std::fmt;

/// A method and a path whose parts are fixed or named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) method: Method,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    Named(String),
}

/// What the server has for itself.
const RESERVED: [&str; 6] = ["api", "runtime", "admin", "livez", "readyz", "metrics"];

impl Route {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (method, path) = text.trim().split_once(' ').ok_or_else(|| {
            format!("{text:?} has no method; write it like \"POST /order/start/{{sessionId}}\"")
        })?;
        let method = match method {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            other => return Err(format!("the method {other:?} is none of GET, POST, PUT, PATCH, DELETE")),
        };
        let path = path.trim();
        let parts =
            path.strip_prefix('/').ok_or_else(|| format!("the path {path:?} does not begin with a slash"))?;
        let segments = parts.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
        check(&segments)?;
        Ok(Self { method, segments })
    }

    /// The names of its parameters, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Named(name) => Some(name.as_str()),
            Segment::Fixed(_) => None,
        })
    }

    /// For axum, the parameters named by their place: so routes that differ in names alone do not clash.
    pub(crate) fn axum_path(&self) -> String {
        let segments = self.segments.iter().enumerate().map(|(place, segment)| match segment {
            Segment::Fixed(text) => format!("/{text}"),
            Segment::Named(_) => format!("/{{p{place}}}"),
        });
        segments.collect()
    }

    /// As it is written.
    pub(crate) fn path(&self) -> String {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Fixed(text) => format!("/{text}"),
            Segment::Named(name) => format!("/{{{name}}}"),
        });
        segments.collect()
    }

    /// Whether both answer the same requests.
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        self.method == other.method && self.axum_path() == other.axum_path()
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path())
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let plain =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        return match plain {
            true => Ok(Segment::Named(name.to_owned())),
            false => {
                Err(format!("{text:?} is no parameter; its name has letters, digits, '_' and '-' alone"))
            }
        };
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()+,;=:@%".contains(c);
    if text.is_empty() {
        return Err("the path has an empty part".to_owned());
    }
    if text.chars().all(plain) {
        return Ok(Segment::Fixed(text.to_owned()));
    }
    Err(format!(
        "the part {text:?} has characters that cannot be in a path; a parameter takes a whole part: {{name}}"
    ))
}

fn check(segments: &[Segment]) -> Result<(), String> {
    if let Some(Segment::Fixed(first)) = segments.first()
        && RESERVED.contains(&first.to_lowercase().as_str())
    {
        return Err(format!("/{first} belongs to the server itself; choose another beginning"));
    }
    if let Some(Segment::Named(_)) = segments.first() {
        return Err(
            "the first part is a parameter, which would take over whole addresses; begin with a fixed part"
                .to_owned(),
        );
    }
    let mut seen = std::collections::BTreeSet::new();
    for segment in segments {
        if let Segment::Named(name) = segment
            && !seen.insert(name)
        {
            return Err(format!("the parameter {{{name}}} comes twice"));
        }
    }
    Ok(())
}
