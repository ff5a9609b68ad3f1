//! Retention rules as they are written: `[[retention]]`.

use super::values::duration;
use partita_api::Status;
use partita_engine::RetentionRule;
use serde::{Deserialize, Serialize};

/// Finished instances that are deleted some time after their end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RetentionConfig {
    /// Of which statuses; all finished ones when left out.
    #[serde(default)]
    pub status: Vec<Status>,
    /// Of which workflows (`Order*` for all that begin so); all when left out.
    #[serde(default)]
    pub names: Vec<String>,
    /// How long after their end: `7d`.
    pub keep: String,
}

/// The keys of a rule.
pub const RETENTION_KEYS: &[&str] = &["status", "names", "keep"];

impl RetentionConfig {
    /// The rule for the engine.
    ///
    /// # Errors
    /// The key that is wrong, and how.
    pub fn rule(&self) -> Result<RetentionRule, (&'static str, String)> {
        if let Some(status) = self.status.iter().find(|status| !status.0.is_terminal()) {
            return Err((
                "status",
                format!("instances that are {status} have not ended, and are never deleted"),
            ));
        }
        let keep = duration(&self.keep).map_err(|error| ("keep", error))?;
        let statuses = self.status.iter().map(|status| status.0).collect();
        Ok(RetentionRule { statuses, names: self.names.clone(), keep })
    }
}
