//! Which operation a method and a path mean.

use axum::http::Method;

/// What can be asked of this dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Start { function: String, id: Option<String> },
    Restart { id: String },
    List,
    PurgeWhere,
    Status { id: String },
    Purge { id: String },
    RaiseEvent { id: String, event: String },
    Terminate { id: String },
    Suspend { id: String },
    Resume { id: String },
    Rewind { id: String },
    GetEntity { name: String, key: String },
    ListEntities { name: Option<String> },
    SignalEntity { name: String, key: String },
    DeleteEntity { name: String, key: String },
    MakePrimary,
}

impl Operation {
    /// The operation of a path's parts, decoded. Anything else is unknown, whatever the method.
    pub(super) fn parse(method: &Method, parts: &[String]) -> Option<Self> {
        let (first, rest) = parts.split_first()?;
        match (first.to_lowercase().as_str(), rest) {
            ("orchestrators", [function]) if *method == Method::POST => {
                Some(Self::Start { function: function.clone(), id: None })
            }
            ("orchestrators", [function, id]) if *method == Method::POST => {
                Some(Self::Start { function: function.clone(), id: Some(id.clone()) })
            }
            ("instances", rest) => Self::of_instances(method, rest),
            ("entities", rest) => Self::of_entities(method, rest),
            ("makeprimary", []) if *method == Method::POST => Some(Self::MakePrimary),
            _ => None,
        }
    }

    fn of_instances(method: &Method, parts: &[String]) -> Option<Self> {
        match (method.as_str(), parts) {
            ("GET", []) => Some(Self::List),
            ("DELETE", []) => Some(Self::PurgeWhere),
            ("GET", [id]) => Some(Self::Status { id: id.clone() }),
            ("DELETE", [id]) => Some(Self::Purge { id: id.clone() }),
            ("POST", [id, operation]) => Self::named(operation, id.clone()),
            ("POST", [id, operation, event]) if operation.eq_ignore_ascii_case("raiseEvent") => {
                Some(Self::RaiseEvent { id: id.clone(), event: event.clone() })
            }
            _ => None,
        }
    }

    fn named(operation: &str, id: String) -> Option<Self> {
        match operation.to_lowercase().as_str() {
            "terminate" => Some(Self::Terminate { id }),
            "suspend" => Some(Self::Suspend { id }),
            "resume" => Some(Self::Resume { id }),
            "rewind" => Some(Self::Rewind { id }),
            "restart" => Some(Self::Restart { id }),
            _ => None,
        }
    }

    fn of_entities(method: &Method, parts: &[String]) -> Option<Self> {
        match (method.as_str(), parts) {
            ("GET", []) => Some(Self::ListEntities { name: None }),
            ("GET", [name]) => Some(Self::ListEntities { name: Some(name.clone()) }),
            (method, [name, key]) => Self::of_entity(method, name.clone(), key.clone()),
            _ => None,
        }
    }

    fn of_entity(method: &str, name: String, key: String) -> Option<Self> {
        match method {
            "GET" => Some(Self::GetEntity { name, key }),
            "POST" => Some(Self::SignalEntity { name, key }),
            "DELETE" => Some(Self::DeleteEntity { name, key }),
            _ => None,
        }
    }

    /// The route's name in logs and metrics.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Start { .. } => "durabletask/orchestrators/{functionName}/{instanceId?}",
            Self::Restart { .. } => "durabletask/instances/{instanceId}/restart",
            Self::List | Self::PurgeWhere => "durabletask/instances",
            Self::Status { .. } | Self::Purge { .. } => "durabletask/instances/{instanceId}",
            Self::RaiseEvent { .. } => "durabletask/instances/{instanceId}/raiseEvent/{eventName}",
            Self::Terminate { .. } => "durabletask/instances/{instanceId}/terminate",
            Self::Suspend { .. } => "durabletask/instances/{instanceId}/suspend",
            Self::Resume { .. } => "durabletask/instances/{instanceId}/resume",
            Self::Rewind { .. } => "durabletask/instances/{instanceId}/rewind",
            Self::GetEntity { .. } | Self::SignalEntity { .. } | Self::DeleteEntity { .. } => {
                "durabletask/entities/{entityName}/{entityKey}"
            }
            Self::ListEntities { .. } => "durabletask/entities/{entityName?}",
            Self::MakePrimary => "durabletask/makeprimary",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: &Method, path: &str) -> Option<Operation> {
        let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        Operation::parse(method, &parts)
    }

    #[test]
    fn paths_are_the_same_in_any_case() {
        let id = || "I".to_owned();
        assert_eq!(parse(&Method::POST, "Instances/I/TERMINATE"), Some(Operation::Terminate { id: id() }));
        let raised = Operation::RaiseEvent { id: id(), event: "E".to_owned() };
        assert_eq!(parse(&Method::POST, "instances/I/raiseevent/E"), Some(raised));
        let started = Operation::Start { function: "F".to_owned(), id: Some(id()) };
        assert_eq!(parse(&Method::POST, "ORCHESTRATORS/F/I"), Some(started));
        let deleted = Operation::DeleteEntity { name: "N".to_owned(), key: "K".to_owned() };
        assert_eq!(parse(&Method::DELETE, "Entities/N/K"), Some(deleted));
        assert_eq!(parse(&Method::GET, "entities"), Some(Operation::ListEntities { name: None }));
    }

    #[test]
    fn anything_else_is_unknown() {
        for (method, path) in [
            (Method::GET, "orchestrators/F"),
            (Method::PUT, "instances"),
            (Method::GET, "instances/I/terminate"),
            (Method::POST, "instances/I/dance"),
            (Method::POST, "instances/I/raiseEvent"),
            (Method::POST, "entities/N"),
            (Method::PUT, "entities/N/K"),
            (Method::GET, "entities/N/K/x"),
            (Method::GET, "makeprimary"),
            (Method::GET, "x"),
        ] {
            assert_eq!(parse(&method, path), None, "{method} {path}");
        }
    }
}
