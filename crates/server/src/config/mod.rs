//! Configuration: flags before the environment, before `partita.toml`, before defaults.
//!
//! Everything that is wrong is told at once, each with its place and what to do about it.

pub mod function;
mod load;
pub mod oci;
pub mod problem;
pub mod retention;
pub mod schedule;
pub mod settings;
pub mod trigger;
pub mod values;
pub mod workflow;

use crate::oci_functions::Keys;
use crate::options::ServerOptions;
use crate::schedules::Schedules;
use crate::triggers::Triggers;
pub use function::FunctionConfig;
use partita_engine::{EngineConfig, RetentionRule};
pub use problem::{ConfigProblem, ConfigProblems};
pub use settings::{SETTINGS, Setting, Settings};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use workflow::WorkflowNotes;

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything else.
    #[default]
    Default,
    /// A file.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// Where to look for values.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Keys and values of the command line, such as `("listen", "127.0.0.1:80")`.
    pub flags: Vec<(String, String)>,
    /// The environment's variables; those that begin with `PARTITA_` are read.
    pub environment: Vec<(String, String)>,
    /// The configuration file. One that was named must exist.
    pub file: ConfigFile,
}

/// Which configuration file is meant.
#[derive(Clone, Debug, Default)]
pub enum ConfigFile {
    /// None.
    #[default]
    None,
    /// This one, if it exists.
    IfThere(PathBuf),
    /// This one.
    Named(PathBuf),
    /// A text, as if it stood in the file of that name.
    Text(PathBuf, String),
}

/// The whole configuration, checked.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The single values.
    pub settings: Settings,
    /// Where each of them comes from.
    pub origins: BTreeMap<&'static str, Origin>,
    /// What is deleted by itself, and when.
    pub retention: Vec<RetentionRule>,
    /// Routes that start instances, raise events, show statuses.
    pub triggers: Triggers,
    /// Starts by the clock.
    pub schedules: Schedules,
    /// What is said of functions, by their names.
    pub functions: BTreeMap<String, FunctionConfig>,
    /// What is said of workflows, by their names.
    pub workflows: BTreeMap<String, WorkflowNotes>,
    /// Folders from which state machines read items, and into which they write results, by names of buckets.
    pub buckets: BTreeMap<String, PathBuf>,
    /// Whose requests to the API of OCI Functions are let in.
    pub oci: Keys,
    /// What is no error, but most likely not meant.
    pub warnings: Vec<String>,
}

/// One value, as `partita config show` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its key.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it is for.
    pub help: &'static str,
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(sources: &Sources) -> Result<Self, ConfigProblems> {
        load::load(sources)
    }

    /// Every single value with where it comes from.
    #[must_use]
    pub fn show(&self) -> Vec<Shown> {
        let shown = SETTINGS.iter().map(|setting| Shown {
            key: setting.key,
            value: (setting.show)(&self.settings),
            origin: self.origins.get(setting.key).cloned().unwrap_or_default(),
            help: setting.help,
        });
        shown.collect()
    }

    /// For the server.
    #[must_use]
    pub fn server_options(&self) -> ServerOptions {
        ServerOptions {
            configuration: self.show(),
            triggers: self.triggers.clone(),
            schedules: self.schedules.clone(),
            workflows: self.workflows.clone(),
            ..self.settings.server.clone()
        }
    }

    /// For the engine.
    #[must_use]
    pub fn engine_config(&self) -> EngineConfig {
        EngineConfig { retention: self.retention.clone(), ..self.settings.engine.clone() }
    }

    /// For the APIs of OCI Functions and the Fn Project: whose requests are let in.
    #[must_use]
    pub fn oci_keys(&self) -> Keys {
        let reachable = !self.settings.server.listen.ip().is_loopback();
        let said = self.settings.oci_signatures;
        let required = said.unwrap_or(reachable || !self.oci.is_empty());
        self.oci.clone().requiring_signatures(required).open_to_changes(said == Some(false))
    }

    /// The workflows that triggers and schedules start.
    pub(crate) fn workflows(&self) -> impl Iterator<Item = &str> {
        let scheduled = self.schedules.iter().map(crate::schedules::Schedule::workflow);
        self.triggers.workflows().chain(scheduled)
    }

    /// Triggers and schedules that start workflows which nobody offers.
    #[must_use]
    pub fn unknown_workflows(&self, registry: &partita_engine::Registry) -> Vec<String> {
        let unknown = self.workflows().filter(|name| registry.orchestrator(name).is_none());
        // What is only named here is not known by it, although it is waited for.
        let mut known = registry.orchestrators();
        known.retain(|name| {
            !self.workflows().any(|named| named == &**name) || registry.orchestrator(name).is_some()
        });
        unknown.map(|name| values::unknown("workflow", name, known.iter().map(AsRef::as_ref))).collect()
    }
}
