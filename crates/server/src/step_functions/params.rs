//! Members of requests.

use super::error::AwsError;
use serde_json::{Map, Value};

/// The members of a request. Those that are unknown are ignored, as the service does.
#[derive(Debug)]
pub(super) struct Params(Map<String, Value>);

impl Params {
    pub(super) fn read(body: &[u8]) -> Result<Self, AwsError> {
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(AwsError::new("SerializationException", "the request is not a JSON object")),
            Err(error) => Err(AwsError::new("SerializationException", error.to_string())),
        }
    }

    /// A member that is not null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, AwsError> {
        self.get(name).map(|value| value.as_str().ok_or_else(|| wrong_type(name, "a string"))).transpose()
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, AwsError> {
        self.text(name)?.ok_or_else(|| AwsError::constraint("null", name, "Member must not be null"))
    }

    /// A whole number between bounds.
    pub(super) fn number(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>, AwsError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = value.as_i64().ok_or_else(|| wrong_type(name, "an integer"))?;
        if number > most {
            let constraint = format!("Member must have value less than or equal to {most}");
            return Err(AwsError::constraint(&number.to_string(), name, &constraint));
        }
        if number < least {
            let constraint = format!("Member must have value greater than or equal to {least}");
            return Err(AwsError::constraint(&number.to_string(), name, &constraint));
        }
        Ok(Some(number))
    }

    /// A truth value.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, AwsError> {
        self.get(name).map(|value| value.as_bool().ok_or_else(|| wrong_type(name, "a boolean"))).transpose()
    }
}

fn wrong_type(name: &str, expected: &str) -> AwsError {
    AwsError::new("SerializationException", format!("{name} is not {expected}"))
}
