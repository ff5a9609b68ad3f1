//! Reading the configuration from all its sources.

use super::function::{FUNCTION_KEYS, FunctionConfig};
use super::oci::{KEY_KEYS, KeyConfig};
use super::problem::{Collector, ConfigProblems};
use super::retention::{RETENTION_KEYS, RetentionConfig};
use super::schedule::{SCHEDULE_KEYS, ScheduleConfig};
use super::settings::{PREFIX, SETTINGS, Setting, Settings};
use super::trigger::{TRIGGER_KEYS, TriggerConfig};
use super::values::unknown;
use super::workflow::{WORKFLOW_KEYS, WorkflowConfig, WorkflowNotes};
use super::{Config, ConfigFile, Origin, Sources};
use crate::oci_functions::Keys;
use crate::schedules::Schedules;
use crate::triggers::Triggers;
use partita_engine::RetentionRule;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Tables that come any number of times.
const LISTS: [&str; 4] = ["retention", "trigger", "schedule", OCI_KEYS];
/// Such a list, in a section.
const OCI_KEYS: &str = "oci.keys";
/// A table of named tables.
const FUNCTIONS: &str = "function";
/// Another one.
const WORKFLOWS: &str = "workflow";
/// A table of folders.
const BUCKETS: &str = "buckets";
/// Variables that are none of these settings: the command line's own.
const OTHER_VARIABLES: [&str; 5] =
    ["PARTITA_CONFIG", "PARTITA_HUB", "PARTITA_LOG", "PARTITA_LOG_FORMAT", "PARTITA_SERVER"];

pub(super) fn load(sources: &Sources) -> Result<Config, ConfigProblems> {
    let mut reader = Reader::default();
    if let Some((path, table)) = reader.file(&sources.file) {
        reader.settings_of_file(&path, "", &table);
        reader.lists(&table);
        reader.functions(&table);
        let folder = path.parent().unwrap_or(Path::new(""));
        reader.oci_keys(&table, folder);
        reader.workflows(&table, folder);
        reader.buckets(&table, folder);
    }
    reader.environment(&sources.environment);
    reader.flags(&sources.flags);
    let Reader {
        settings,
        origins,
        retention,
        triggers,
        schedules,
        functions,
        workflows,
        buckets,
        oci,
        warnings,
        problems,
    } = reader;
    let mut config = Config {
        settings,
        origins,
        retention,
        triggers,
        schedules,
        functions,
        workflows,
        buckets,
        oci,
        warnings,
    };
    config.warnings.extend(nobody_may_sign(&config));
    problems.finish(config)
}

/// Says so when requests must be signed and nobody can.
fn nobody_may_sign(config: &Config) -> Option<String> {
    let nobody = config.oci_keys().required() && config.oci.is_empty();
    nobody.then(|| {
        "the APIs of OCI Functions and the Fn Project answer 401 to everybody but functions, because requests to them \
         must be signed here and no [[oci.keys]] are given; give keys, or set oci.require-signatures"
            .to_owned()
    })
}

#[derive(Default)]
struct Reader {
    settings: Settings,
    origins: BTreeMap<&'static str, Origin>,
    retention: Vec<RetentionRule>,
    triggers: Triggers,
    schedules: Schedules,
    functions: BTreeMap<String, FunctionConfig>,
    workflows: BTreeMap<String, WorkflowNotes>,
    buckets: BTreeMap<String, PathBuf>,
    oci: Keys,
    warnings: Vec<String>,
    problems: Collector,
}

impl Reader {
    fn set(&mut self, setting: &'static Setting, text: &str, origin: Origin, place: &str) {
        match (setting.read)(&mut self.settings, text) {
            Ok(()) => drop(self.origins.insert(setting.key, origin)),
            Err(message) => self.problems.add(place, message),
        }
    }

    fn file(&mut self, file: &ConfigFile) -> Option<(PathBuf, Table)> {
        let (path, text) = match file {
            ConfigFile::None => return None,
            ConfigFile::IfThere(path) if !path.exists() => return None,
            ConfigFile::IfThere(path) | ConfigFile::Named(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"));
                (path, self.problems.take(path.display().to_string(), text)?)
            }
            ConfigFile::Text(path, text) => (path, text.clone()),
        };
        let table =
            text.parse::<Table>().map_err(|error| format!("is not TOML: {}", error.to_string().trim_end()));
        Some((path.clone(), self.problems.take(path.display().to_string(), table)?))
    }

    fn settings_of_file(&mut self, path: &Path, prefix: &str, table: &Table) {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            if LISTS.contains(&key.as_str()) || [FUNCTIONS, WORKFLOWS, BUCKETS].contains(&key.as_str()) {
                continue;
            }
            match (Setting::of(&key), value) {
                (Some(setting), value) => match text_of(value) {
                    Some(text) => self.set(setting, &text, Origin::File(path.to_owned()), &key),
                    None => self.problems.add(key, "is a table; a single value is expected"),
                },
                (None, Value::Table(inner)) if is_section(&key) => {
                    self.settings_of_file(path, &format!("{key}."), inner);
                }
                (None, _) => self.problems.add(&key, unknown("key", &key, known_keys().iter().copied())),
            }
        }
    }

    fn lists(&mut self, table: &Table) {
        let rules: Vec<RetentionConfig> = self.list(table, "retention", "retention", RETENTION_KEYS);
        for (index, rule) in rules.iter().enumerate() {
            match rule.rule() {
                Ok(rule) => self.retention.push(rule),
                Err((key, message)) => self.problems.add(format!("retention[{index}].{key}"), message),
            }
        }
        let triggers: Vec<TriggerConfig> = self.list(table, "trigger", "trigger", TRIGGER_KEYS);
        match Triggers::new(&triggers) {
            Ok(triggers) => self.triggers = triggers,
            Err(problems) => self.problems.extend(problems),
        }
        let schedules: Vec<ScheduleConfig> = self.list(table, "schedule", "schedule", SCHEDULE_KEYS);
        match Schedules::new(&schedules) {
            Ok(schedules) => self.schedules = schedules,
            Err(problems) => self.problems.extend(problems),
        }
    }

    fn functions(&mut self, table: &Table) {
        for (name, item) in self.named(table, FUNCTIONS) {
            let place = format!("{FUNCTIONS}.{name}");
            let Some(function) = self.item::<FunctionConfig>(&place, item, FUNCTION_KEYS) else { continue };
            match function.problem() {
                Some((key, message)) => self.problems.add(format!("{place}.{key}"), message),
                None => drop(self.functions.insert(name.clone(), function)),
            }
        }
    }

    /// The tables of a table of named tables.
    fn named<'t>(
        &mut self,
        table: &'t Table,
        key: &str,
    ) -> impl Iterator<Item = (&'t String, &'t Value)> + use<'t> {
        let tables = match table.get(key) {
            None => None,
            Some(Value::Table(tables)) => Some(tables),
            Some(_) => {
                self.problems.add(key, format!("has a table for each {key}; write it as [{key}.NAME]"));
                None
            }
        };
        tables.into_iter().flatten()
    }

    fn workflows(&mut self, table: &Table, folder: &Path) {
        for (name, item) in self.named(table, WORKFLOWS) {
            let place = format!("{WORKFLOWS}.{name}");
            let Some(workflow) = self.item::<WorkflowConfig>(&place, item, WORKFLOW_KEYS) else { continue };
            match workflow.notes(folder) {
                Ok(notes) => drop(self.workflows.insert(name.clone(), notes)),
                Err((key, message)) => self.problems.add(format!("{place}.{key}"), message),
            }
        }
    }

    fn buckets(&mut self, table: &Table, folder: &Path) {
        match table.get(BUCKETS) {
            None => {}
            Some(Value::Table(buckets)) => {
                for (name, path) in buckets {
                    match path.as_str() {
                        Some(path) => drop(self.buckets.insert(name.clone(), folder.join(path))),
                        None => {
                            self.problems.add(format!("{BUCKETS}.{name}"), "must be the path of a folder");
                        }
                    }
                }
            }
            Some(_) => {
                self.problems
                    .add(BUCKETS, "has a folder for each bucket; write [buckets], NAME = \"FOLDER\"");
            }
        }
    }

    fn oci_keys(&mut self, table: &Table, folder: &Path) {
        let Some(Value::Table(section)) = table.get("oci") else { return };
        let keys: Vec<KeyConfig> = self.list(section, "keys", OCI_KEYS, KEY_KEYS);
        for (index, key) in keys.iter().enumerate() {
            if let Err((member, message)) = key.add_to(&mut self.oci, folder) {
                self.problems.add(format!("{OCI_KEYS}[{index}].{member}"), message);
            }
        }
    }

    /// The tables of a list; when one cannot be read, none, because their numbers would be wrong.
    fn list<T: DeserializeOwned>(&mut self, table: &Table, key: &str, name: &str, keys: &[&str]) -> Vec<T> {
        let items = match table.get(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.problems.add(name, format!("comes any number of times; write it as [[{name}]]"));
                return Vec::new();
            }
        };
        let read: Vec<T> = items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| self.item(&format!("{name}[{index}]"), item, keys))
            .collect();
        if read.len() == items.len() { read } else { Vec::new() }
    }

    fn item<T: DeserializeOwned>(&mut self, place: &str, item: &Value, keys: &[&str]) -> Option<T> {
        let Value::Table(table) = item else {
            self.problems.add(place, "is not a table");
            return None;
        };
        let strangers: Vec<&String> = table.keys().filter(|key| !keys.contains(&key.as_str())).collect();
        for key in &strangers {
            self.problems.add(format!("{place}.{key}"), unknown("key", key, keys.iter().copied()));
        }
        if !strangers.is_empty() {
            return None;
        }
        let read = item.clone().try_into().map_err(|error: toml::de::Error| error.message().to_owned());
        self.problems.take(place, read)
    }

    fn environment(&mut self, variables: &[(String, String)]) {
        let known: BTreeMap<String, &'static Setting> =
            SETTINGS.iter().map(|setting| (setting.variable(), setting)).collect();
        for (name, value) in variables.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
            match known.get(name) {
                Some(setting) => self.set(setting, value, Origin::Environment(name.clone()), name),
                None if OTHER_VARIABLES.contains(&name.as_str()) => {}
                None => self.warnings.push(unknown("variable", name, known.keys().map(String::as_str))),
            }
        }
    }

    fn flags(&mut self, flags: &[(String, String)]) {
        for (key, value) in flags {
            match Setting::of(key) {
                Some(setting) => self.set(setting, value, Origin::Flag, &format!("--{key}")),
                None => {
                    self.problems.add(format!("--{key}"), unknown("key", key, known_keys().iter().copied()));
                }
            }
        }
    }
}

fn is_section(key: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

fn known_keys() -> Vec<&'static str> {
    SETTINGS.iter().map(|setting| setting.key).chain(LISTS).chain([FUNCTIONS, WORKFLOWS]).collect()
}

/// A value of TOML as it would be written in the environment.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Datetime(time) => Some(time.to_string()),
        Value::Array(list) => list.iter().map(text_of).collect::<Option<Vec<_>>>().map(|list| list.join(",")),
        Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Sources {
        Sources { file: ConfigFile::Text("partita.toml".into(), text.to_owned()), ..Sources::default() }
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn flags_come_before_the_environment_before_the_file_before_defaults() {
        let mut sources =
            sources("listen = \"127.0.0.1:1\"\ndrain = \"1s\"\ndata-dir = \"d\"\n[limits]\ntags = 3\n");
        sources.environment = Vec::from([
            pair("PARTITA_LISTEN", "127.0.0.1:2"),
            pair("PARTITA_DRAIN", "2s"),
            pair("PARTITA_LISTN", "x"),
            pair("PARTITA_LOG", "debug"),
            pair("PATH", "x"),
        ]);
        sources.flags = Vec::from([pair("listen", "127.0.0.1:3")]);
        let config = Config::load(&sources).unwrap();
        let shown = config.show();
        let of = |key: &str| {
            shown.iter().find(|shown| shown.key == key).map(|s| format!("{} ({})", s.value, s.origin))
        };
        assert_eq!(of("listen").unwrap(), "127.0.0.1:3 (command line)");
        assert_eq!(of("drain").unwrap(), "2s (PARTITA_DRAIN)");
        assert_eq!(of("data-dir").unwrap(), "d (partita.toml)");
        assert_eq!(of("limits.tags").unwrap(), "3 (partita.toml)");
        assert_eq!(of("bulk-limit").unwrap(), "10000 (default)");
        assert_eq!(
            config.warnings,
            ["there is no variable \"PARTITA_LISTN\"; did you mean \"PARTITA_LISTEN\"?"]
        );
        assert_eq!(config.engine_config().limits.tags, 3);
    }

    #[test]
    fn a_whole_file() {
        let config = Config::load(&sources(
            r#"
            allowed-hosts = ["a.example", "b.example"]
            [[retention]]
            status = ["completed"]
            names = ["Order*"]
            keep = "7d"
            [[trigger]]
            route = "POST /order/start/{sessionId}"
            start = "NewOrder"
            id = "{sessionId}"
            input = { order = "{body}", n = 1 }
            params.sessionId = ["uuid", "max:36"]
            [[trigger]]
            route = "GET /order/{id}/status"
            status = "custom"
            instance = "{id}"
            [[schedule]]
            name = "nightly"
            cron = "0 2 * * *"
            timezone = "Europe/Berlin"
            workflow = "Cleanup"
            overlap = "queue-one"
            catch-up = "latest"
            jitter = "30s"
        "#,
        ))
        .unwrap();
        assert_eq!(config.engine_config().retention.len(), 1);
        assert_eq!(config.server_options().triggers.len(), 2);
        assert_eq!(config.server_options().allowed_hosts, ["a.example", "b.example"]);
        assert_eq!(
            config.schedules.iter().map(crate::schedules::Schedule::name).collect::<Vec<_>>(),
            ["nightly"]
        );
        let mut registry = partita_engine::Registry::default();
        assert_eq!(config.unknown_workflows(&registry).len(), 2);
        registry = partita_engine::Registry::default();
        assert!(config.unknown_workflows(&registry)[0].contains("NewOrder"));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_with_its_place() {
        let mut sources = sources(
            r#"
            lisen = "x"
            drain = "soon"
            [limits]
            tag = 1
            tags = -1
            [[retention]]
            status = ["Running"]
            keep = "7d"
            [[trigger]]
            route = "POST /a"
            strat = "W"
            [function.a]
            ulr = "http://a"
            [function.b]
            url = "b"
            [[schedule]]
            name = "s"
            cron = "* * * *"
            workflow = "W"
            [[schedule]]
            name = "s"
            cron = "* * * * *"
            workflow = "W"
        "#,
        );
        sources.flags = Vec::from([pair("listn", "x"), pair("listen", "here")]);
        insta::assert_snapshot!(Config::load(&sources).unwrap_err().to_string(), @r#"
the configuration has 12 problems:
  drain: "soon" is not a duration; write it like 30s, 500ms, 10m, 2h, 7d or 1h30m
  limits.tag: there is no key "limits.tag"; did you mean "limits.tags"?
  limits.tags: "-1" is not a whole number in range
  lisen: there is no key "lisen"; did you mean "listen"?
  retention[0].status: instances that are Running have not ended, and are never deleted
  trigger[0].strat: there is no key "strat"; did you mean "start"?
  schedule[0].cron: "* * * *" is no cron pattern: Invalid pattern: Pattern must have 5 or 6 fields when years are disallowed.; it has five fields (minute, hour, day, month, weekday), or six with the second first
  schedule[1].name: there is another schedule of the name "s"; give each its own
  function.a.ulr: there is no key "ulr"; did you mean "url"?
  function.b.url: "b" begins neither with http:// nor with https://
  --listn: there is no key "listn"; did you mean "listen"?
  --listen: "here" is not an address and port such as 127.0.0.1:4001
"#);
    }

    #[test]
    fn requests_are_signed_when_there_are_keys_or_others_can_reach_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let pem = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        pem("me.pem", &crate::functions::catalogue::test_public_pem());
        pem("bad.pem", "no key");
        let load = |text: &str| {
            let file = ConfigFile::Text(folder.path().join("partita.toml"), text.to_owned());
            Config::load(&Sources { file, ..Sources::default() })
        };
        let outcome =
            |text: &str| load(text).map(|config| (config.oci_keys().required(), config.warnings.len()));
        let me = "[[oci.keys]]\nid = \"t/u/f\"\npublic-key = \"me.pem\"\n";
        let open = "listen = \"0.0.0.0:1\"\n";
        let off = "[oci]\nrequire-signatures = false\n";
        for (text, expected) in [
            (String::new(), (false, 0)),
            (me.to_owned(), (true, 0)),
            (open.to_owned(), (true, 1)),
            (format!("{open}{me}"), (true, 0)),
            (format!("{open}{off}"), (false, 0)),
            (format!("{off}{me}"), (false, 0)),
            ("[oci]\nrequire-signatures = true\n".to_owned(), (true, 1)),
        ] {
            assert_eq!(outcome(&text).unwrap(), expected, "{text}");
        }
        let wrong = load(
            r#"
            [oci]
            require-signatures = "often"
            [[oci.keys]]
            id = "me"
            public-key = "me.pem"
            [[oci.keys]]
            id = "t/u/f"
            public-key = "bad.pem"
            [[oci.keys]]
            id = "t/u/g"
            public-key = "gone.pem"
        "#,
        );
        insta::assert_snapshot!(wrong.unwrap_err().to_string(), @r#"
the configuration has 4 problems:
  oci.require-signatures: "often" is not true or false
  oci.keys[0].id: "me" is no key id; it is TENANCY/USER/FINGERPRINT
  oci.keys[1].public-key: bad.pem: it is no RSA key of at least 2048 bits in PEM: there is no line that begins with -----BEGIN
  oci.keys[2].public-key: gone.pem: No such file or directory (os error 2)
"#);
        let stranger = load("[[oci.keys]]\nid = \"t/u/f\"\npem = \"me.pem\"").unwrap_err().to_string();
        assert!(stranger.contains("oci.keys[0].pem: there is no key \"pem\""), "{stranger}");
        assert!(load("oci.keys = 3").unwrap_err().to_string().contains("write it as [[oci.keys]]"));
        assert!(load("oci = 3").unwrap_err().to_string().contains("no key \"oci\""));
    }

    #[test]
    fn files_that_are_missing_or_no_toml() {
        let problems =
            |file| Config::load(&Sources { file, ..Sources::default() }).map(drop).map_err(|e| e.to_string());
        assert_eq!(problems(ConfigFile::IfThere("/nowhere/partita.toml".into())), Ok(()));
        assert!(
            problems(ConfigFile::Named("/nowhere/partita.toml".into()))
                .unwrap_err()
                .contains("cannot be read")
        );
        assert!(
            problems(ConfigFile::Text("p.toml".into(), "a = ".into()))
                .unwrap_err()
                .contains("p.toml: is not TOML")
        );
    }
}
