//! The members of a request's body.

use super::call::Call;
use super::error::FnError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The most bytes of annotations.
const ANNOTATION_BYTES: usize = 32 << 10;

/// A JSON object; members that are null, zero or an empty text count as not given, as the Fn server has it.
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub(super) fn read(call: &Call) -> Result<Self, FnError> {
        match serde_json::from_slice(&call.body) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            _ => Err(FnError::invalid("Invalid JSON")),
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, FnError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(FnError::invalid(format!("{name} is no text"))),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, FnError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = value.as_u64().ok_or_else(|| FnError::invalid(format!("{name} is no whole number")))?;
        Ok(Some(number).filter(|number| *number != 0))
    }

    /// A configuration, or what is to change of one.
    pub(super) fn config(&self) -> Result<BTreeMap<String, String>, FnError> {
        let wrong = || FnError::invalid("config is no mapping of names to texts");
        let Some(value) = self.value("config") else { return Ok(BTreeMap::new()) };
        let pairs = value.as_object().ok_or_else(wrong)?.iter();
        pairs.map(|(name, value)| Ok((name.clone(), value.as_str().ok_or_else(wrong)?.to_owned()))).collect()
    }

    /// The annotations after this change: those with an empty value go.
    pub(super) fn annotations(&self, before: Option<&Value>) -> Result<Value, FnError> {
        let mut all = before.and_then(Value::as_object).cloned().unwrap_or_default();
        match self.value("annotations") {
            None => {}
            Some(Value::Object(changes)) => all.extend(changes.clone()),
            Some(_) => return Err(FnError::invalid("annotations are no mapping of names to values")),
        }
        all.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
        let value = Value::Object(all);
        if value.to_string().len() > ANNOTATION_BYTES {
            return Err(FnError::invalid(format!("annotations have more than {ANNOTATION_BYTES} bytes")));
        }
        Ok(value)
    }
}

/// Changes a configuration: an empty value takes its name away.
pub(super) fn merge(config: &mut BTreeMap<String, String>, changes: BTreeMap<String, String>) {
    config.extend(changes);
    config.retain(|_, value| !value.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_are_merged() {
        let mut config = BTreeMap::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())]);
        let changes = Members(json!({"config": {"A": "", "C": "3"}}).as_object().unwrap().clone());
        merge(&mut config, changes.config().unwrap());
        assert_eq!(config.into_iter().map(|(name, value)| name + &value).collect::<Vec<_>>(), ["B2", "C3"]);
        let changes =
            Members(json!({"annotations": {"x": "", "y": [1]}, "memory": 0}).as_object().unwrap().clone());
        let after = changes.annotations(Some(&json!({"x": 1, "z": 2}))).unwrap();
        assert_eq!(after, json!({"z": 2, "y": [1]}));
        assert_eq!(changes.number("memory").unwrap(), None);
        assert!(Members(json!({"config": {"A": 1}}).as_object().unwrap().clone()).config().is_err());
    }
}
