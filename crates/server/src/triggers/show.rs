//! Triggers as they are shown.

use super::{Action, Trigger, Triggers};
use crate::config::trigger::StatusKind;
use partita_api::Status;

impl Triggers {
    /// All of them, in the order of the configuration.
    pub(crate) fn shown(&self) -> Vec<partita_api::Trigger> {
        self.list.iter().map(|trigger| trigger.shown()).collect()
    }
}

impl Trigger {
    fn shown(&self) -> partita_api::Trigger {
        let config = &self.config;
        let input = config.input.clone().map(Into::into);
        let common = partita_api::Trigger {
            method: self.route.method.to_string(),
            path: self.route.path(),
            instance: config.id.clone().or_else(|| config.instance.clone()),
            ..partita_api::Trigger::default()
        };
        match &self.action {
            Action::Start { workflow, wait, replace, .. } => partita_api::Trigger {
                does: "start".to_owned(),
                workflow: Some(workflow.clone()),
                input,
                wait_seconds: wait.map(|wait| wait.as_secs_f64()),
                replace: replace.iter().copied().map(Status).collect(),
                answers: if wait.is_some() { "output" } else { "started" }.to_owned(),
                ..common
            },
            Action::Raise { .. } => partita_api::Trigger {
                does: "raise".to_owned(),
                event: config.raise.clone(),
                input,
                answers: "accepted".to_owned(),
                ..common
            },
            Action::Status { kind, .. } => partita_api::Trigger {
                does: "status".to_owned(),
                answers: match kind {
                    StatusKind::Custom => "customStatus",
                    StatusKind::Full => "instance",
                }
                .to_owned(),
                ..common
            },
        }
    }
}
