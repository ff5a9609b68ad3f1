//! The single values: one table says for each its key, how it is read and how it is shown.

use super::values::{bytes, duration, show_duration};
use crate::durable_task::workers::WorkerOptions;
use crate::hubs::HubOptions;
use crate::options::ServerOptions;
use crate::state_machines::MachineSettings;
use partita_engine::EngineConfig;
use std::path::PathBuf;

/// All single values.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The app's name, shown to people.
    pub name: Option<String>,
    /// Where everything is kept; in memory when `None`.
    pub data_dir: Option<PathBuf>,
    /// For the server; without triggers and schedules.
    pub server: ServerOptions,
    /// For the engine; without retention rules.
    pub engine: EngineConfig,
    /// For calls of HTTP endpoints.
    pub http: HttpSettings,
    /// For state machines.
    pub machines: MachineSettings,
    /// For workers that connect; whether any name is expected of them is for the engine to say.
    pub workers: WorkerOptions,
    /// For task hubs beside the default one.
    pub hubs: HubOptions,
    /// Whether requests to the API of OCI Functions must be signed. When `None`, they must when keys are given, or
    /// when others can reach the server.
    pub oci_signatures: Option<bool>,
}

/// Which HTTP endpoints may be reached from here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpSettings {
    /// Only these; any when empty.
    pub hosts: Vec<String>,
    /// Also loopback, private and link-local addresses.
    pub private: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: None,
            data_dir: Some(PathBuf::from("partita-data")),
            server: ServerOptions::default(),
            engine: EngineConfig::default(),
            http: HttpSettings::default(),
            machines: MachineSettings::default(),
            workers: WorkerOptions::default(),
            hubs: HubOptions::default(),
            oci_signatures: None,
        }
    }
}

/// One single value.
pub struct Setting {
    /// Its key: in the file (`limits.tags` is `tags` in the table `[limits]`), and for flags.
    pub key: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Reads it.
    pub read: fn(&mut Settings, &str) -> Result<(), String>,
    /// Shows it, so that `read` reads it.
    pub show: fn(&Settings) -> String,
}

impl Setting {
    /// The variable of the environment that sets it: `PARTITA_LIMITS_TAGS`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_uppercase().replace(['.', '-'], "_"))
    }

    /// The setting of that key.
    #[must_use]
    pub fn of(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key)
    }
}

/// What variables of the environment begin with.
pub const PREFIX: &str = "PARTITA_";

macro_rules! settings {
    ($($key:literal, $help:literal, $($place:ident).+, $kind:ident;)*) => {
        /// Every single value there is.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            key: $key,
            help: $help,
            read: |settings, text| {
                settings.$($place).+ = $kind::read(text)?;
                Ok(())
            },
            show: |settings| $kind::show(&settings.$($place).+),
        },)*];
    };
}

settings! {
    "name", "the app's name, shown to people", name, text;
    "data-dir", "the folder in which everything is kept; `memory` keeps nothing", data_dir, place;
    "listen", "the address and port to listen at", server.listen, parsed;
    "next-ports", "how many of the next ports to try when that one is taken", server.next_ports, parsed;
    "allow-unauthenticated-network", "listen on addresses that others can reach, although nobody has to say who they are", server.allow_unauthenticated_network, parsed;
    "allowed-hosts", "names other than localhost by which requests may address this server", server.allowed_hosts, list;
    "public-url", "what absolute URIs in answers begin with; taken from the request when empty", server.public_url, text;
    "trust-forwarded", "believe X-Forwarded-Proto and X-Forwarded-Host", server.trust_forwarded, parsed;
    "body-bytes", "bytes of a request's body; the payload limit and 1 MiB when empty", server.body_bytes, optional_size;
    "drain", "how long requests under way may take to end when the server stops", server.drain, time;
    "backup-dir", "the folder within which backups may be asked for; nowhere when empty", server.backup_dir, folder;
    "bulk-limit", "how many instances one bulk operation may touch", server.bulk_limit, parsed;
    "console", "show the console to browsers, at `/` and wherever no route is", server.console, parsed;
    "durable-functions.task-hub", "the task hub that URIs name; another name of the default one", server.task_hub, plain;
    "durable-functions.connection", "the connection that URIs name", server.connection, plain;
    "http.allowed-hosts", "hosts that workflows and functions may call over HTTP (`*.example.com` for all below it); any when empty", http.hosts, list;
    "http.allow-private-networks", "let them also call loopback, private and link-local addresses", http.private, parsed;
    "oci.require-signatures", "answer only signed requests to the APIs of OCI Functions and the Fn Project: true when there are keys or others can reach the server; false also lets unsigned ones make and change functions", oci_signatures, choice;
    "state-machines.payload-bytes", "bytes of one state's input, result or output; Step Functions allows 256 KiB", machines.payload_bytes, size;
    "state-machines.account", "the account that ARNs name", machines.place.account, account;
    "state-machines.region", "the region that ARNs name", machines.place.region, plain;
    "workers.receive-bytes", "bytes of one message from a client or worker that speaks gRPC", workers.receive_bytes, size;
    "workers.entity-messages", "the form in which workers are told of operations of entities: `v2` with the callers, `v1` without", workers.entity_messages, parsed;
    "workers.grace", "how long what a worker was doing is left to it after its connection was lost", workers.grace, time;
    "workers.ping", "how often a worker that has nothing to do gets a sign of life; the SDKs wait for two minutes", workers.ping, time;
    "hubs.max", "how many task hubs there may be beside the default one", hubs.max, parsed;
    "hubs.on-first-use", "make a task hub when it is first used, and let clients of the Durable Task protocol make and delete them; yes in `partita dev`, otherwise no", hubs.on_first_use, choice;
    "limits.payload-bytes", "bytes of one input, output or event", engine.limits.payload_bytes, size;
    "limits.custom-status-bytes", "bytes of a custom status", engine.limits.custom_status_bytes, size;
    "limits.instance-id-chars", "characters of an instance id", engine.limits.instance_id_chars, parsed;
    "limits.name-chars", "characters of the name of a workflow, function or event", engine.limits.name_chars, parsed;
    "limits.tags", "tags of one instance or call", engine.limits.tags, parsed;
    "limits.tag-bytes", "bytes of one tag, key and value together", engine.limits.tag_bytes, size;
    "limits.history-events", "events of one history", engine.limits.history_events, parsed;
    "limits.outstanding", "calls, timers and children that one instance may wait for", engine.limits.outstanding, parsed;
    "limits.commands", "commands of one turn", engine.limits.commands, parsed;
    "limits.pending-messages", "messages that wait in an instance that cannot run now", engine.limits.pending_messages, parsed;
    "engine.owner", "who this process is among the owners of the store", engine.owner, plain;
    "engine.hot-instances", "instances kept in memory", engine.hot_instances, parsed;
    "engine.concurrent-calls", "calls of functions in this process at a time", engine.concurrent_calls, parsed;
    "engine.concurrent-requests", "requests under way at a time", engine.concurrent_requests, parsed;
    "engine.turn-attempts", "failed turns in a row after which an instance is set aside", engine.turn_attempts, parsed;
    "engine.turn-retry", "the wait before a failed turn is tried again", engine.turn_retry, time;
    "engine.timer-horizon", "how far ahead timers are held in memory", engine.timer_horizon, time;
    "engine.retention-interval", "how often the retention rules are applied", engine.retention_interval, time;
    "engine.accept-unknown", "start workflows that nobody here offers, because a worker may still come", engine.accept_unknown, parsed;
}

mod parsed {
    use std::any::type_name;
    use std::fmt::Display;
    use std::str::FromStr;

    pub(super) fn read<T: FromStr>(text: &str) -> Result<T, String> {
        text.trim().parse().map_err(|_| format!("{text:?} is not {}", what::<T>()))
    }
    pub(super) fn show<T: Display>(value: &T) -> String {
        value.to_string()
    }
    fn what<T>() -> &'static str {
        match type_name::<T>() {
            "bool" => "true or false",
            name if name.contains("SocketAddr") => "an address and port such as 127.0.0.1:4001",
            _ => "a whole number in range",
        }
    }
}

mod choice {
    pub(super) fn read(text: &str) -> Result<Option<bool>, String> {
        if text.is_empty() { Ok(None) } else { super::parsed::read(text).map(Some) }
    }
    pub(super) fn show(value: &Option<bool>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
}

mod account {
    pub(super) fn read(text: &str) -> Result<String, String> {
        let whole = text.len() == 12 && text.bytes().all(|digit| digit.is_ascii_digit());
        if whole { Ok(text.to_owned()) } else { Err(format!("{text:?} is no account; it has 12 digits")) }
    }
    pub(super) fn show(value: &str) -> String {
        value.to_owned()
    }
}

mod plain {
    pub(super) fn read(text: &str) -> Result<String, String> {
        if text.is_empty() { Err("it must not be empty".to_owned()) } else { Ok(text.to_owned()) }
    }
    pub(super) fn show(value: &str) -> String {
        value.to_owned()
    }
}

mod text {
    #[allow(clippy::unnecessary_wraps)] // all kinds look the same
    pub(super) fn read(text: &str) -> Result<Option<String>, String> {
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }
    pub(super) fn show(value: &Option<String>) -> String {
        value.clone().unwrap_or_default()
    }
}

mod list {
    #[allow(clippy::unnecessary_wraps)] // all kinds look the same
    pub(super) fn read(text: &str) -> Result<Vec<String>, String> {
        Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }
    pub(super) fn show(value: &[String]) -> String {
        value.join(", ")
    }
}

mod size {
    pub(super) fn read(text: &str) -> Result<usize, String> {
        super::bytes(text)
    }
    pub(super) fn show(value: &usize) -> String {
        value.to_string()
    }
}

mod optional_size {
    pub(super) fn read(text: &str) -> Result<Option<usize>, String> {
        if text.is_empty() { Ok(None) } else { super::bytes(text).map(Some) }
    }
    pub(super) fn show(value: &Option<usize>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
}

mod time {
    use std::time::Duration;
    pub(super) fn read(text: &str) -> Result<Duration, String> {
        super::duration(text)
    }
    pub(super) fn show(value: &Duration) -> String {
        super::show_duration(*value)
    }
}

mod folder {
    use std::path::PathBuf;
    #[allow(clippy::unnecessary_wraps)] // all kinds look the same
    pub(super) fn read(text: &str) -> Result<Option<PathBuf>, String> {
        Ok(Some(PathBuf::from(text)).filter(|folder| !folder.as_os_str().is_empty()))
    }
    pub(super) fn show(value: &Option<PathBuf>) -> String {
        value.as_ref().map(|folder| folder.display().to_string()).unwrap_or_default()
    }
}

mod place {
    use std::path::PathBuf;
    pub(super) const MEMORY: &str = "memory";
    pub(super) fn read(text: &str) -> Result<Option<PathBuf>, String> {
        match text {
            "" => Err("which folder? `memory` keeps nothing".to_owned()),
            MEMORY => Ok(None),
            folder => Ok(Some(PathBuf::from(folder))),
        }
    }
    pub(super) fn show(value: &Option<PathBuf>) -> String {
        value.as_ref().map_or_else(|| MEMORY.to_owned(), |folder| folder.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read() {
        let defaults = Settings::default();
        for setting in SETTINGS {
            let mut settings = Settings::default();
            let shown = (setting.show)(&defaults);
            (setting.read)(&mut settings, &shown).unwrap_or_else(|error| panic!("{}: {error}", setting.key));
            assert_eq!((setting.show)(&settings), shown, "{}", setting.key);
        }
    }

    #[test]
    fn variables_are_named_after_keys() {
        assert_eq!(Setting::of("limits.payload-bytes").unwrap().variable(), "PARTITA_LIMITS_PAYLOAD_BYTES");
        let names: std::collections::BTreeSet<_> = SETTINGS.iter().map(Setting::variable).collect();
        assert_eq!(names.len(), SETTINGS.len());
    }
}
