//! What the store keeps of a schedule.

use super::Schedule;
use partita_api::schedule::PausedBy;
use partita_engine::kernel::Timestamp;
use partita_engine::{Engine, EngineError};
use serde::{Deserialize, Serialize};

/// Where a schedule stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The last time that was dealt with.
    pub(super) last: i64,
    /// The time whose start waits for the end of an earlier instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) queued: Option<i64>,
    /// The last start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) started: Option<LastStarted>,
}

/// An instance that a schedule started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastStarted {
    /// The time that it was for.
    pub(super) at: i64,
    /// Its id.
    pub(super) instance: String,
}

impl Kept {
    /// A schedule that is new begins now.
    fn new(now: Timestamp) -> Self {
        Self { last: now.0, queued: None, started: None }
    }

    pub(super) fn note_start(&mut self, at: Timestamp, instance: String) {
        self.started = Some(LastStarted { at: at.0, instance });
    }
}

impl Schedule {
    fn key(&self) -> String {
        format!("schedule/{}", self.name)
    }

    /// Where what an operator says of it is; no schedule has a name with a slash in it.
    fn operator_key(&self) -> String {
        format!("schedule/{}/paused", self.name)
    }

    /// What was kept; `None` for a schedule that is new.
    pub(super) async fn find(&self, engine: &Engine) -> Result<Option<Kept>, EngineError> {
        let bytes = engine.store().setting(&self.key()).await?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// What was kept; a schedule that is new begins now.
    pub(super) async fn load(&self, engine: &Engine) -> Result<Kept, EngineError> {
        if let Some(kept) = self.find(engine).await? {
            return Ok(kept);
        }
        let kept = Kept::new(engine.now());
        self.save(engine, &kept).await?;
        Ok(kept)
    }

    pub(super) async fn save(&self, engine: &Engine, kept: &Kept) -> Result<(), EngineError> {
        let bytes = serde_json::to_vec(kept).unwrap_or_default();
        Ok(engine.store().set_setting(&self.key(), Some(&bytes)).await?)
    }

    /// Who has paused it, if it is.
    pub(super) async fn paused(&self, engine: &Engine) -> Result<Option<PausedBy>, EngineError> {
        let said = engine.store().setting(&self.operator_key()).await?;
        let said: Option<bool> = said.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(match said {
            Some(true) => Some(PausedBy::Operator),
            None if self.paused => Some(PausedBy::Configuration),
            Some(false) | None => None,
        })
    }

    /// Keeps what an operator says. What is the configuration's word too need not be kept.
    pub(super) async fn keep_paused(&self, engine: &Engine, paused: bool) -> Result<(), EngineError> {
        let said: Option<&[u8]> = match paused {
            true => Some(b"true"),
            false if self.paused => Some(b"false"),
            false => None,
        };
        Ok(engine.store().set_setting(&self.operator_key(), said).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_earlier_versions_kept_is_read() {
        for (text, queued) in [(r#"{"last":5}"#, None), (r#"{"last":5,"queued":3}"#, Some(3))] {
            let kept: Kept = serde_json::from_str(text).unwrap();
            assert_eq!(kept, Kept { last: 5, queued, started: None });
            assert_eq!(serde_json::to_string(&kept).unwrap(), text);
        }
    }
}
