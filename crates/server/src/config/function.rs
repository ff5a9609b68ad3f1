//! What is said of functions: `[function.NAME]`.

use super::values::duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A function behind a URL, or more about one that is hosted here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FunctionConfig {
    /// It is an HTTP endpoint: calls are made to this URL.
    #[serde(default)]
    pub url: Option<String>,
    /// The method of these calls; POST when left out.
    #[serde(default)]
    pub method: Option<String>,
    /// Header fields of these calls.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How long a call may take; what its `func.yaml` says, or 30 seconds, when left out.
    #[serde(default)]
    pub timeout: Option<String>,
    /// Variables of its environment, beside those of its `func.yaml`.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// A folder of that name, kept with everything else, in which it may write; the variable
    /// `FUNCTION_DATA` says where. Functions that name the same share it.
    #[serde(default)]
    pub data: Option<String>,
    /// How much memory a process of it may use, in megabytes.
    #[serde(default)]
    pub memory: Option<u64>,
    /// How many processes of it run at least.
    #[serde(default)]
    pub min_processes: Option<usize>,
    /// How many processes of it run at most.
    #[serde(default)]
    pub max_processes: Option<usize>,
}

/// The keys of a function.
pub const FUNCTION_KEYS: &[&str] =
    &["url", "method", "headers", "timeout", "config", "data", "memory", "min-processes", "max-processes"];

impl FunctionConfig {
    /// What is wrong with it: the key, and what to do.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, String)> {
        if let Some(problem) = self.timeout.as_deref().and_then(|text| duration(text).err()) {
            return Some(("timeout", problem));
        }
        match &self.url {
            Some(url) => self.problem_of_endpoint(url),
            None if self.method.is_some() => Some(("method", "is for functions with a url".to_owned())),
            None if !self.headers.is_empty() => Some(("headers", "are for functions with a url".to_owned())),
            None => self.data.as_deref().filter(|name| !is_folder_name(name)).map(|name| {
                ("data", format!("{name:?} is no name of a folder; use letters, digits, - and _"))
            }),
        }
    }

    fn problem_of_endpoint(&self, url: &str) -> Option<(&'static str, String)> {
        let http = url.starts_with("http://") || url.starts_with("https://");
        if !http {
            return Some(("url", format!("{url:?} begins neither with http:// nor with https://")));
        }
        let hosted = [
            ("config", !self.config.is_empty()),
            ("data", self.data.is_some()),
            ("memory", self.memory.is_some()),
            ("min-processes", self.min_processes.is_some()),
            ("max-processes", self.max_processes.is_some()),
        ];
        let (key, _) = hosted.into_iter().find(|(_, given)| *given)?;
        Some((key, "is for functions that are hosted here, and this one has a url".to_owned()))
    }

    /// How long a call may take.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout.as_deref().and_then(|text| duration(text).ok())
    }
}

fn is_folder_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_name_their_key() {
        let read = |text: &str| toml::from_str::<FunctionConfig>(text).unwrap();
        for (text, key) in [
            ("timeout = \"soon\"", Some("timeout")),
            ("url = \"ftp://a\"", Some("url")),
            ("url = \"http://a\"\nmemory = 1", Some("memory")),
            ("method = \"GET\"", Some("method")),
            ("data = \"../x\"", Some("data")),
            ("url = \"https://a/b\"\nmethod = \"PUT\"\ntimeout = \"5s\"", None),
            ("data = \"inventory\"\nmemory = 256\nconfig.A = \"b\"", None),
        ] {
            assert_eq!(read(text).problem().map(|(key, _)| key), key, "{text}");
        }
    }
}
