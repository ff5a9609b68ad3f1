//! Why an instance waits.

use crate::instance::Status;
use crate::time::Time;
use partita_engine::{self as engine, Reason, kernel};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The answer to "why does it not go on?".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The instance.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// What it waits for; more than one thing when it waits for any or all of them.
    pub reasons: Vec<WhyReason>,
}

/// One thing that an instance waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhyReason {
    /// Its kind: `ended`, `scheduled`, `ready`, `suspended`, `setAside`, `unclaimed`, `withWorker`, `calling`,
    /// `subOrchestration`, `entity`, `lock`, `timer`, `event`, `storeFull`, `stopping`.
    pub kind: String,
    /// A sentence for people.
    pub message: String,
    /// What is known of it, by name.
    #[serde(default)]
    pub facts: Map<String, Value>,
}

impl From<&engine::Why> for Why {
    fn from(why: &engine::Why) -> Self {
        let reasons = why.reasons.iter().map(WhyReason::from).collect();
        Self { id: why.id.to_string(), status: why.status.into(), reasons }
    }
}

impl From<&Reason> for WhyReason {
    fn from(reason: &Reason) -> Self {
        let (kind, facts) = told(reason);
        let facts = match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        };
        Self { kind: kind.to_owned(), message: reason.to_string(), facts }
    }
}

fn told(reason: &Reason) -> (&'static str, Value) {
    match reason {
        Reason::Ended { at } => ("ended", json!({ "at": Time(*at) })),
        Reason::Scheduled { at } => ("scheduled", json!({ "at": Time(*at) })),
        Reason::Ready => ("ready", Value::Null),
        Reason::Suspended => ("suspended", Value::Null),
        Reason::SetAside(aside) => (
            "setAside",
            json!({
                "errorType": &*aside.reason.error_type,
                "error": &*aside.reason.message,
                "attempts": aside.attempts,
                "at": Time(aside.at),
                "retryAt": aside.retry_at.map(Time),
            }),
        ),
        Reason::Unclaimed { workflow, version, since, abandonments, retry_at } => (
            "unclaimed",
            json!({
                "workflow": &**workflow,
                "version": version.as_deref(),
                "since": Time(*since),
                "abandonments": abandonments,
                "retryAt": retry_at.map(Time),
            }),
        ),
        Reason::WithWorker { workflow, worker, since } => {
            ("withWorker", json!({ "workflow": &**workflow, "worker": &**worker, "since": Time(*since) }))
        }
        Reason::Calling { task_id, name, since, scheduled_at, offered } => (
            "calling",
            json!({
                "taskId": task_id,
                "function": &**name,
                "since": since.map(Time),
                "scheduledAt": Time(*scheduled_at),
                "offered": offered,
            }),
        ),
        Reason::SubOrchestration { task_id, instance, name, status } => (
            "subOrchestration",
            json!({
                "taskId": task_id,
                "instanceId": instance.as_str(),
                "workflow": &**name,
                "status": status.map(kernel::Status::name),
            }),
        ),
        Reason::Entity { task_id, entity, operation, since } => (
            "entity",
            json!({
                "taskId": task_id,
                "entityId": entity.as_str(),
                "operation": &**operation,
                "since": Time(*since),
            }),
        ),
        Reason::Lock { task_id, entities, since } => {
            let entities: Vec<&str> = entities.iter().map(kernel::InstanceId::as_str).collect();
            ("lock", json!({ "taskId": task_id, "entityIds": entities, "since": Time(*since) }))
        }
        Reason::Timer { timer_id, fire_at } => {
            ("timer", json!({ "timerId": timer_id, "fireAt": Time(*fire_at) }))
        }
        Reason::Event { name } => ("event", json!({ "name": &**name })),
        Reason::StoreFull => ("storeFull", Value::Null),
        Reason::Stopping => ("stopping", Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partita_engine::kernel::Timestamp;

    #[test]
    fn a_reason_tells_its_facts() {
        let reason = Reason::Calling {
            task_id: 2,
            name: "Pay".into(),
            since: None,
            scheduled_at: Timestamp(0),
            offered: false,
        };
        insta::assert_snapshot!(serde_json::to_string(&WhyReason::from(&reason)).unwrap(), @r#"{"kind":"calling","message":"it waits for activity \"Pay\", which nobody here offers","facts":{"taskId":2,"function":"Pay","since":null,"scheduledAt":"1970-01-01T00:00:00.000000Z","offered":false}}"#);
        assert!(WhyReason::from(&Reason::Ready).facts.is_empty());
        let reason = Reason::Lock {
            task_id: 4,
            entities: ["@account@ada", "@account@grace"].map(kernel::InstanceId::trusted).to_vec(),
            since: Timestamp(0),
        };
        insta::assert_snapshot!(serde_json::to_string(&WhyReason::from(&reason)).unwrap(), @r#"{"kind":"lock","message":"it waits for the lock of @account@ada, @account@grace","facts":{"taskId":4,"entityIds":["@account@ada","@account@grace"],"since":"1970-01-01T00:00:00.000000Z"}}"#);
    }
}
