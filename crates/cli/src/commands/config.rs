//! Reading the configuration, and `partita config show`.

use crate::args::ConfigArgs;
use crate::exit::{Exit, Failure, Result};
use crate::output::{Cell, Printer, Style, Table};
use partita_server::Config;
use partita_server::config::{ConfigFile, Origin, Sources};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use toml::Table as Toml;

/// The configuration's name in a folder.
pub(crate) const FILE: &str = "partita.toml";
/// What `partita dev` reads itself, and servers do not know.
const OF_DEV: [&str; 2] = ["name", "process"];

/// Reads the configuration from all its sources; what is most likely not meant is told.
pub(crate) fn load(args: &ConfigArgs, further: Vec<(String, String)>, printer: &Printer) -> Result<Config> {
    let (path, must_exist) = match &args.config {
        Some(path) => (path.clone(), true),
        None => (PathBuf::from(FILE), false),
    };
    let file = if must_exist || path.exists() { file(&path)? } else { ConfigFile::None };
    let flags = args.settings.iter().cloned().chain(further).collect();
    let config = Config::load(&Sources { flags, environment: environment(), file });
    let config = config.map_err(|problems| Failure::usage(problems.to_string()))?;
    for warning in &config.warnings {
        printer.note(&format!("warning: {warning}"));
    }
    Ok(config)
}

fn environment() -> Vec<(String, String)> {
    let text = |text: std::ffi::OsString| text.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// A configuration file without what only `partita dev` reads.
fn file(path: &Path) -> Result<ConfigFile> {
    let mut table = read(path)?;
    for key in OF_DEV {
        table.remove(key);
    }
    Ok(ConfigFile::Text(path.to_owned(), table.to_string()))
}

/// Reads a TOML file.
pub(crate) fn read(path: &Path) -> Result<Toml> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed };
        Failure::new(exit, format!("{}: {error}", path.display()))
    })?;
    text.parse().map_err(|error: toml::de::Error| {
        Failure::usage(format!("{} is not TOML: {}", path.display(), error.to_string().trim_end()))
    })
}

pub(super) fn show(args: &ConfigArgs, printer: &Printer) -> Result<Exit> {
    let config = load(args, Vec::new(), printer)?;
    let shown = config.show();
    let values: Vec<Value> = shown
        .iter()
        .map(|shown| json!({ "key": shown.key, "value": shown.value, "from": shown.origin.to_string(), "help": shown.help }))
        .collect();
    printer.either(&values, || {
        let mut table = Table::new(["SETTING", "VALUE", "FROM", "WHAT IT IS FOR"]);
        for shown in &shown {
            let style = if shown.origin == Origin::Default { Style::Faint } else { Style::Busy };
            table.row([
                shown.key.into(),
                shown.value.as_str().into(),
                Cell::new(style, shown.origin.to_string()),
                Cell::new(Style::Faint, shown.help),
            ]);
        }
        table.lines(printer)
    })?;
    Ok(Exit::Ok)
}
