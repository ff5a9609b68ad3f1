//! Which operation a method and a path mean.

use axum::http::Method;

/// What can be asked of this API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Version,
    Invoke { id: String },
    Trigger { app: String, source: String },
    Apps(Act),
    Fns(Act),
    Triggers(Act),
}

/// What is to be done with resources of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    List,
    Create,
    Get(String),
    Update(String),
    Delete(String),
}

impl Operation {
    pub(super) fn parse(method: &Method, path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        if let Some(rest) = path.strip_prefix("t/") {
            let (app, source) = rest.split_once('/').unwrap_or((rest, ""));
            return Some(Self::Trigger { app: app.to_owned(), source: format!("/{source}") });
        }
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["version"]) => Some(Self::Version),
            ("POST", ["invoke", id]) => Some(Self::Invoke { id: (*id).to_owned() }),
            (method, ["v2", kind, rest @ ..]) => {
                let act = Act::parse(method, rest)?;
                match *kind {
                    "apps" => Some(Self::Apps(act)),
                    "fns" => Some(Self::Fns(act)),
                    "triggers" => Some(Self::Triggers(act)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether it changes what there is, beyond what a function does that is called.
    pub(super) fn changes(&self) -> bool {
        match self {
            Self::Version | Self::Invoke { .. } | Self::Trigger { .. } => false,
            Self::Apps(act) | Self::Fns(act) | Self::Triggers(act) => !matches!(act, Act::List | Act::Get(_)),
        }
    }

    /// The route's name in logs and metrics.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Version => "fn/version",
            Self::Invoke { .. } => "fn/invoke/{fnID}",
            Self::Trigger { .. } => "fn/t/{appName}/{triggerSource}",
            Self::Apps(Act::List | Act::Create) => "fn/v2/apps",
            Self::Apps(_) => "fn/v2/apps/{appID}",
            Self::Fns(Act::List | Act::Create) => "fn/v2/fns",
            Self::Fns(_) => "fn/v2/fns/{fnID}",
            Self::Triggers(Act::List | Act::Create) => "fn/v2/triggers",
            Self::Triggers(_) => "fn/v2/triggers/{triggerID}",
        }
    }
}

impl Act {
    fn parse(method: &str, rest: &[&str]) -> Option<Self> {
        match (method, rest) {
            ("GET", []) => Some(Self::List),
            ("POST", []) => Some(Self::Create),
            ("GET", [id]) => Some(Self::Get((*id).to_owned())),
            ("PUT", [id]) => Some(Self::Update((*id).to_owned())),
            ("DELETE", [id]) => Some(Self::Delete((*id).to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods() {
        let parse = |method: &str, path: &str| Operation::parse(&method.parse().unwrap(), path);
        let id = || "i".to_owned();
        for (method, path, expected) in [
            ("GET", "/version", Operation::Version),
            ("POST", "/invoke/i", Operation::Invoke { id: id() }),
            ("GET", "/v2/apps", Operation::Apps(Act::List)),
            ("PUT", "/v2/fns/i", Operation::Fns(Act::Update(id()))),
            ("DELETE", "/v2/triggers/i", Operation::Triggers(Act::Delete(id()))),
            ("PATCH", "/t/app/a/b", Operation::Trigger { app: "app".to_owned(), source: "/a/b".to_owned() }),
            ("GET", "/t/app", Operation::Trigger { app: "app".to_owned(), source: "/".to_owned() }),
        ] {
            assert_eq!(parse(method, path), Some(expected), "{method} {path}");
        }
        for (method, path) in
            [("GET", "/invoke/i"), ("POST", "/v2/apps/i"), ("GET", "/v2/runners"), ("GET", "/v1/apps")]
        {
            assert_eq!(parse(method, path), None, "{method} {path}");
        }
        for (method, path, changes) in
            [("GET", "/v2/fns/i", false), ("POST", "/invoke/i", false), ("DELETE", "/v2/fns/i", true)]
        {
            assert_eq!(parse(method, path).unwrap().changes(), changes, "{method} {path}");
        }
    }
}
