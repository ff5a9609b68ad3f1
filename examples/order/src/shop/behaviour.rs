//! Trouble on demand.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How a microservice is to behave from now on. What is left out is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Behaviour {
    /// Answers come so much later, after the work is done.
    pub delay_ms: u64,
    /// So many requests fail.
    pub fail_times: u32,
    /// All requests fail.
    pub fail_always: bool,
    /// With this status; 503 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// A request that fails does its work all the same: only its answer is lost.
    pub after: bool,
    /// The payment provider refuses payments.
    pub reject: bool,
    /// The payment provider never calls back.
    pub silent: bool,
    /// The payment provider calls back so much later; 200 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_ms: Option<u64>,
}

/// A request that is to fail.
pub(super) struct Failing {
    pub(super) status: u16,
    pub(super) after: bool,
}

/// How each microservice behaves.
#[derive(Debug, Default)]
pub(super) struct Behaviours(BTreeMap<String, Behaviour>);

impl Behaviours {
    pub(super) const SERVICES: [&str; 7] =
        ["cart", "users", "warehouse", "shipping", "shipments", "pricing", "payment"];

    pub(super) fn set(&mut self, service: &str, behaviour: Behaviour) {
        self.0.insert(service.to_owned(), behaviour);
    }

    pub(super) fn all(&self) -> &BTreeMap<String, Behaviour> {
        &self.0
    }

    pub(super) fn of(&self, service: &str) -> Behaviour {
        self.0.get(service).cloned().unwrap_or_default()
    }

    /// How the next request fares, which it counts, and how late its answer is.
    pub(super) fn next(&mut self, service: &str) -> (Option<Failing>, Duration) {
        let Some(behaviour) = self.0.get_mut(service) else { return (None, Duration::ZERO) };
        let fails = behaviour.fail_always || behaviour.fail_times > 0;
        behaviour.fail_times = behaviour.fail_times.saturating_sub(1);
        let failing = Failing { status: behaviour.status.unwrap_or(503), after: behaviour.after };
        (fails.then_some(failing), Duration::from_millis(behaviour.delay_ms))
    }
}
