//! What is kept of applications, functions and triggers.

use partita_functions::FunctionSpec;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The compartment of applications whose folder says what they are.
pub(crate) const FOLDER_COMPARTMENT: &str = "ocid1.compartment.oc1..local";

/// What the catalogue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Functions with a common configuration.
    Application,
    /// One function.
    Function,
    /// A way by which HTTP requests reach a function.
    Trigger,
    /// Something that goes on after its request was answered.
    WorkRequest,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "application",
            Self::Function => "function",
            Self::Trigger => "trigger",
            Self::WorkRequest => "work request",
        })
    }
}

impl Kind {
    fn tag(self) -> &'static str {
        match self {
            Self::Application => "fnapp",
            Self::Function => "fnfunc",
            Self::Trigger => "fntrigger",
            Self::WorkRequest => "fnworkrequest",
        }
    }

    /// A new id.
    pub(crate) fn new_id(self) -> String {
        format!("ocid1.{}.oc1.local.{}", self.tag(), uuid::Uuid::new_v4().simple())
    }

    /// The id that follows from names, the same in every run.
    pub(crate) fn id_of(self, names: &[&str]) -> String {
        let text: String = names.iter().map(|name| format!("{}:{name}/", name.len())).collect();
        let hash = digest(&SHA256, text.as_bytes());
        let digits: String = hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("ocid1.{}.oc1.local.{digits}", self.tag())
    }
}

/// Functions with a common configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) compartment: String,
    pub(crate) config: BTreeMap<String, String>,
    /// Members that a dialect keeps and the catalogue gives no meaning.
    pub(crate) details: Map<String, Value>,
    /// When it was made and last changed, in milliseconds since 1970.
    pub(crate) created: i64,
    pub(crate) updated: i64,
    /// How often it was changed.
    pub(crate) version: u64,
    /// Whether files say what it is.
    #[serde(skip)]
    pub(crate) fixed: bool,
}

/// One function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Function {
    pub(crate) id: String,
    /// The id of its application.
    pub(crate) application: String,
    pub(crate) name: String,
    /// The name by which activities and the host know it.
    pub(crate) address: String,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) memory_mb: u64,
    pub(crate) timeout_s: u64,
    pub(crate) idle_timeout_s: u64,
    /// How long a call may run that nobody waits for; `timeout_s` when `None`.
    pub(crate) detached_timeout_s: Option<u64>,
    pub(crate) source: Source,
    pub(crate) details: Map<String, Value>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) version: u64,
    /// What its files say, when they say all of it.
    #[serde(skip)]
    pub(crate) fixed: Option<Arc<FunctionSpec>>,
}

/// Where a function's code is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// In the app's folder.
    Folder,
    /// It is that of a function of the app's folder.
    Local { address: String },
    /// In an archive that was handed in.
    Archive {
        /// The hash of the archive, in hexadecimal digits.
        sha256: String,
        runtime: Option<String>,
        handler: Option<String>,
    },
}

/// A way by which HTTP requests reach a function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Trigger {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The ids of its application and its function.
    pub(crate) application: String,
    pub(crate) function: String,
    /// Always `http`.
    pub(crate) kind: String,
    /// The path under the application's, with a slash at its beginning.
    pub(crate) source: String,
    pub(crate) details: Map<String, Value>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

impl Function {
    /// How long a call may run that nobody waits for.
    pub(crate) fn detached_timeout(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.detached_timeout_s.unwrap_or(self.timeout_s))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn application(name: &str) -> Application {
        Application {
            id: Kind::Application.id_of(&[name]),
            name: name.to_owned(),
            compartment: FOLDER_COMPARTMENT.to_owned(),
            config: BTreeMap::new(),
            details: Map::new(),
            created: 0,
            updated: 0,
            version: 1,
            fixed: false,
        }
    }

    pub(crate) fn function(name: &str) -> Function {
        Function {
            id: Kind::Function.id_of(&["shop", name]),
            application: Kind::Application.id_of(&["shop"]),
            name: name.to_owned(),
            address: name.to_owned(),
            config: BTreeMap::new(),
            memory_mb: 128,
            timeout_s: 30,
            idle_timeout_s: 30,
            detached_timeout_s: None,
            source: Source::Folder,
            details: Map::new(),
            created: 0,
            updated: 0,
            version: 1,
            fixed: None,
        }
    }

    #[test]
    fn ids_follow_from_names() {
        assert_eq!(Kind::Function.id_of(&["a", "b"]), Kind::Function.id_of(&["a", "b"]));
        assert_ne!(Kind::Function.id_of(&["a", "b"]), Kind::Function.id_of(&["ab", ""]));
        assert!(Kind::Application.id_of(&["shop"]).starts_with("ocid1.fnapp.oc1.local."));
        assert_ne!(Kind::Trigger.new_id(), Kind::Trigger.new_id());
    }
}
