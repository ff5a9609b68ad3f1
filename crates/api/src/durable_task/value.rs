//! Instants, failures, tags, traces, statuses.

use super::{Invalid, proto};
use partita_engine::kernel::{
    ExecutionId, Failure, InstanceId, Name, Payload, Status, Tags, Timestamp, Trace,
};
use prost_types::value::Kind;
use std::collections::HashMap;

const NANOS: i64 = 1_000_000_000;

/// An instant on the wire.
#[must_use]
pub fn to_timestamp(at: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(at.0.rem_euclid(NANOS)).unwrap_or(0); // below 10^9
    prost_types::Timestamp { seconds: at.0.div_euclid(NANOS), nanos }
}

/// An instant from the wire; far ones are the nearest that there is (years 1677 to 2262).
///
/// # Errors
/// When the nanoseconds are not those of one second.
pub fn from_timestamp(field: &str, at: &prost_types::Timestamp) -> Result<Timestamp, Invalid> {
    let nanos = i64::from(at.nanos);
    if !(0..NANOS).contains(&nanos) {
        return Err(Invalid::new(
            format!("{field}.nanos"),
            format!("{nanos} is not between 0 and 999999999"),
        ));
    }
    let whole = i128::from(at.seconds) * i128::from(NANOS) + i128::from(nanos);
    let far = if whole < 0 { i64::MIN } else { i64::MAX };
    Ok(Timestamp(i64::try_from(whole).unwrap_or(far)))
}

/// An instant that need not be there.
///
/// # Errors
/// When it is there and no instant.
pub fn from_optional_timestamp(
    field: &str,
    at: Option<&prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Invalid> {
    at.map(|at| from_timestamp(field, at)).transpose()
}

pub(crate) fn text(payload: Option<&Payload>) -> Option<String> {
    payload.map(|payload| payload.as_str().to_owned())
}

pub(crate) fn payload(text: Option<String>) -> Option<Payload> {
    text.map(Payload::from)
}

pub(crate) fn shown(name: Option<&Name>) -> Option<String> {
    name.map(ToString::to_string)
}

/// A name that must be there.
pub(crate) fn name(field: &str, text: String) -> Result<Name, Invalid> {
    if text.is_empty() { Err(Invalid::new(field, "it is empty")) } else { Ok(text.into()) }
}

/// A version; an empty one is none.
#[must_use]
pub fn version(text: Option<String>) -> Option<Name> {
    text.filter(|text| !text.is_empty()).map(Name::from)
}

/// Tags on the wire.
#[must_use]
pub fn to_tags(tags: &Tags) -> HashMap<String, String> {
    tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// Tags from the wire.
#[must_use]
pub fn from_tags(tags: HashMap<String, String>) -> Tags {
    tags.into_iter().map(|(key, value)| (Name::from(key), Name::from(value))).collect()
}

/// A trace on the wire.
#[must_use]
pub fn to_trace(trace: &Trace) -> proto::TraceContext {
    let parent = trace.parent.to_string();
    // Older SDKs read the span from a field of its own; it is the third part of `traceparent`.
    let span_id = parent.split('-').nth(2).unwrap_or_default().to_owned();
    proto::TraceContext { trace_parent: parent, span_id, trace_state: shown(trace.state.as_ref()) }
}

/// A trace from the wire; one without a parent is none.
#[must_use]
pub fn from_trace(trace: Option<proto::TraceContext>) -> Option<Trace> {
    let trace = trace.filter(|trace| !trace.trace_parent.is_empty())?;
    let state = trace.trace_state.filter(|state| !state.is_empty()).map(Name::from);
    Some(Trace { parent: trace.trace_parent.into(), state })
}

/// A status on the wire.
#[must_use]
pub fn to_status(status: Status) -> i32 {
    i32::from(status.code())
}

/// A status from the wire.
///
/// # Errors
/// When the number stands for none.
pub fn from_status(field: &str, status: i32) -> Result<Status, Invalid> {
    u8::try_from(status)
        .ok()
        .and_then(Status::from_code)
        .ok_or_else(|| Invalid::new(field, format!("{status} is not the number of a status (0 to 7)")))
}

/// Statuses from the wire.
///
/// # Errors
/// When a number stands for none.
pub fn from_statuses(field: &str, statuses: &[i32]) -> Result<Vec<Status>, Invalid> {
    statuses.iter().map(|status| from_status(field, *status)).collect()
}

/// An instance id from the wire. How long it may be is for the engine to say.
pub(crate) fn instance_id(field: &str, text: &str) -> Result<InstanceId, Invalid> {
    InstanceId::parse(text, usize::MAX).map_err(|invalid| Invalid::new(field, invalid.to_string()))
}

/// The id of an instance or an entity from the wire.
pub(crate) fn target_id(field: &str, text: &str) -> Result<InstanceId, Invalid> {
    match text.starts_with('@') {
        // How long it may be is the kernel's affair.
        true => InstanceId::parse_entity(text, usize::MAX).map_err(|e| Invalid::new(field, e.to_string())),
        false => instance_id(field, text),
    }
}

/// The id of a generation from the wire: 32 hexadecimal digits, with or without dashes.
///
/// # Errors
/// When it is none.
pub fn execution_id(field: &str, text: &str) -> Result<ExecutionId, Invalid> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    ExecutionId::parse(&digits).ok_or_else(|| {
        Invalid::new(field, format!("{text:?} is not an execution id of 32 hexadecimal digits"))
    })
}

/// An instance and its generation on the wire.
#[must_use]
pub fn to_instance(id: &InstanceId, execution: Option<ExecutionId>) -> proto::OrchestrationInstance {
    proto::OrchestrationInstance {
        instance_id: id.to_string(),
        execution_id: execution.map(|execution| execution.to_string()),
    }
}

/// A failure on the wire.
#[must_use]
pub fn to_failure(failure: &Failure) -> proto::TaskFailureDetails {
    let property = |(key, json): (&Name, &Name)| (key.to_string(), to_value(json));
    proto::TaskFailureDetails {
        error_type: failure.error_type.to_string(),
        error_message: failure.message.to_string(),
        stack_trace: text(failure.stack_trace.as_ref()),
        inner_failure: failure.inner.as_deref().map(|inner| Box::new(to_failure(inner))),
        is_non_retriable: failure.non_retriable,
        properties: failure.properties.iter().map(property).collect(),
    }
}

/// A failure from the wire.
#[must_use]
pub fn from_failure(details: proto::TaskFailureDetails) -> Failure {
    let properties = details.properties.into_iter();
    Failure {
        error_type: details.error_type.into(),
        message: details.error_message.into(),
        stack_trace: payload(details.stack_trace),
        inner: details.inner_failure.map(|inner| Box::new(from_failure(*inner))),
        non_retriable: details.is_non_retriable,
        properties: properties.map(|(key, value)| (key.into(), from_value(value).into())).collect(),
    }
}

/// A JSON text as a value on the wire; a text that is no JSON is a string.
fn to_value(json: &str) -> prost_types::Value {
    match serde_json::from_str(json) {
        Ok(value) => of_json(value),
        Err(_) => prost_types::Value { kind: Some(Kind::StringValue(json.to_owned())) },
    }
}

fn of_json(json: serde_json::Value) -> prost_types::Value {
    use serde_json::Value as Json;
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(items) => {
            Kind::ListValue(prost_types::ListValue { values: items.into_iter().map(of_json).collect() })
        }
        Json::Object(fields) => Kind::StructValue(prost_types::Struct {
            fields: fields.into_iter().map(|(key, value)| (key, of_json(value))).collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}

/// A value from the wire as JSON text.
fn from_value(value: prost_types::Value) -> String {
    json_of(value).to_string()
}

fn json_of(value: prost_types::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(value)) => Json::Bool(value),
        Some(Kind::NumberValue(number)) => json_number(number),
        Some(Kind::StringValue(text)) => Json::String(text),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(json_of).collect(),
        Some(Kind::StructValue(object)) => {
            object.fields.into_iter().map(|(key, value)| (key, json_of(value))).collect()
        }
    }
}

/// The wire knows only doubles; whole numbers are shown as such.
fn json_number(number: f64) -> serde_json::Value {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    if number.fract() == 0.0 && number.abs() < EXACT && !(number == 0.0 && number.is_sign_negative()) {
        #[allow(clippy::cast_possible_truncation)] // whole, and small enough
        return serde_json::Value::from(number as i64);
    }
    serde_json::Number::from_f64(number).map_or(serde_json::Value::Null, serde_json::Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants_at_their_edges() {
        for nanos in [0, 1, -1, 999_999_999, -1_000_000_001, i64::MAX, i64::MIN] {
            let at = Timestamp(nanos);
            assert_eq!(from_timestamp("at", &to_timestamp(at)), Ok(at));
        }
        let far = |seconds| from_timestamp("at", &prost_types::Timestamp { seconds, nanos: 0 });
        assert_eq!(far(i64::MAX), Ok(Timestamp::MAX));
        assert_eq!(far(i64::MIN), Ok(Timestamp(i64::MIN)));
        for nanos in [-1, 1_000_000_000] {
            let refused = from_timestamp("at", &prost_types::Timestamp { seconds: 0, nanos }).unwrap_err();
            assert_eq!(refused.field, "at.nanos");
        }
    }

    #[test]
    fn statuses_and_ids() {
        for status in Status::ALL {
            assert_eq!(from_status("s", to_status(status)), Ok(status));
        }
        assert_eq!(
            from_status("s", 8).unwrap_err().to_string(),
            "s: 8 is not the number of a status (0 to 7)"
        );
        assert!(from_status("s", -1).is_err());
        let id = ExecutionId(0x1234);
        assert_eq!(execution_id("e", &id.to_string()), Ok(id));
        assert_eq!(execution_id("e", "00000000-0000-0000-0000-000000001234"), Ok(id));
        assert!(execution_id("e", "x").is_err());
        assert!(instance_id("i", "@counter@a").is_err());
        assert_eq!(target_id("i", "@counter@a").unwrap().as_str(), "@counter@a");
        assert!(target_id("i", "@").is_err());
    }

    #[test]
    fn properties_are_json() {
        for json in ["null", "true", "3", "-2.5", "\"x\"", "[1,[2]]", "{\"a\":{\"b\":null}}"] {
            assert_eq!(from_value(to_value(json)), json);
        }
        assert_eq!(from_value(to_value("not json")), "\"not json\"");
        assert_eq!(from_value(prost_types::Value { kind: Some(Kind::NumberValue(f64::NAN)) }), "null");
    }

    fn failures() -> impl Strategy<Value = Failure> {
        let leaf =
            (any::<String>(), any::<String>(), any::<Option<String>>(), any::<bool>(), any::<Option<i32>>())
                .prop_map(|(kind, message, stack, non_retriable, property)| Failure {
                    error_type: kind.into(),
                    message: message.into(),
                    stack_trace: payload(stack),
                    inner: None,
                    non_retriable,
                    properties: property.map(|n| ("k".into(), n.to_string().into())).into_iter().collect(),
                });
        leaf.prop_recursive(4, 4, 1, |inner| {
            (inner, any::<String>())
                .prop_map(|(inner, text)| Failure::new(&text, text.clone()).caused_by(inner))
        })
    }

    proptest! {
        #[test]
        fn failures_come_back_as_they_were(failure in failures()) {
            prop_assert_eq!(from_failure(to_failure(&failure)), failure);
        }
    }
}
