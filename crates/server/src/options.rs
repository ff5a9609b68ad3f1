//! What can be set.

use crate::config::Shown;
use crate::config::workflow::WorkflowNotes;
use crate::schedules::Schedules;
use crate::triggers::Triggers;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// The settings of one server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How many of the next ports to try when that one is taken (development); 0 to fail.
    pub next_ports: u16,
    /// Listen on addresses that others can reach, although nobody has to say who they are.
    pub allow_unauthenticated_network: bool,
    /// Names other than those of the loopback interface by which requests may address this server.
    pub allowed_hosts: Vec<String>,
    /// What absolute URIs in answers begin with; taken from the request when `None`.
    pub public_url: Option<String>,
    /// Believe `X-Forwarded-Proto` and `X-Forwarded-Host`. Only behind a proxy that sets them.
    pub trust_forwarded: bool,
    /// Bytes of a request's body; the engine's payload limit and 1 MiB for what is around it when `None`.
    pub body_bytes: Option<usize>,
    /// How long requests under way may take to end when the server stops.
    pub drain: Duration,
    /// The folder within which backups may be made; without one, none can be asked for.
    pub backup_dir: Option<PathBuf>,
    /// How many instances one bulk operation may touch.
    pub bulk_limit: usize,
    /// The task hub that the Durable Functions dialect names in its URIs: another name of the hub whose requests these
    /// are.
    pub task_hub: String,
    /// The connection that the Durable Functions dialect names in its URIs.
    pub connection: String,
    /// Show the console to browsers, at `/` and wherever no route is. A router within another application does not.
    pub console: bool,
    /// Every single setting, to be shown to people.
    pub configuration: Vec<Shown>,
    /// Routes that start instances, raise events, show statuses.
    pub triggers: Triggers,
    /// Starts by the clock.
    pub schedules: Schedules,
    /// What is said of workflows, by their names.
    pub workflows: BTreeMap<String, WorkflowNotes>,
}

/// The port at which the Durable Task SDKs look.
pub const DEFAULT_PORT: u16 = 4001;

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            next_ports: 0,
            allow_unauthenticated_network: false,
            allowed_hosts: Vec::new(),
            public_url: None,
            trust_forwarded: false,
            body_bytes: None,
            drain: Duration::from_secs(10),
            backup_dir: None,
            bulk_limit: 10_000,
            task_hub: "default".to_owned(),
            connection: "Storage".to_owned(),
            console: true,
            configuration: Vec::new(),
            triggers: Triggers::default(),
            schedules: Schedules::default(),
            workflows: BTreeMap::new(),
        }
    }
}
