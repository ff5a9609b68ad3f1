//! Payloads as JSON, exactly as they were written.

use partita_engine::kernel::Payload;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// A JSON value that keeps its text: the order of its keys and all digits of its numbers.
#[derive(Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    /// A payload as it is shown: the value when the text is JSON, else the text as a JSON string.
    #[must_use]
    pub fn of_payload(payload: &Payload) -> Self {
        Self::of_text(payload.as_str())
    }

    /// The value of a text that is JSON, else the text as a JSON string.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        // A line break can only stand between tokens, and would split a line of JSON lines.
        let line = text.replace(['\n', '\r'], " ");
        match RawValue::from_string(line) {
            Ok(value) => Self(value),
            Err(_) => Self::from(Value::from(text)),
        }
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The parsed value; its text as a string when it is nested too deeply to be parsed.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_str(self.as_str()).unwrap_or_else(|_| Value::from(self.as_str()))
    }

    /// The payload of this value: its JSON text.
    #[must_use]
    pub fn to_payload(&self) -> Payload {
        Payload::from(self.as_str())
    }
}

/// A payload that may be missing, as it is shown.
#[must_use]
pub fn shown(payload: Option<&Payload>) -> Option<Json> {
    payload.map(Json::of_payload)
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        let text = value.to_string();
        Self(RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
/// Equal texts are equal; so are different texts of equal values.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str() || self.value() == other.value()
    }
}
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_json_is_shown_as_it_is_and_the_rest_as_a_string() {
        for (text, shown) in [
            (
                r#"{"b":1,"a":123456789012345678901234567890.10}"#,
                r#"{"b":1,"a":123456789012345678901234567890.10}"#,
            ),
            ("[1,\n 2]", "[1,  2]"),
            ("plain", "\"plain\""),
            ("two\nlines", "\"two\\nlines\""),
            ("NaN", "\"NaN\""),
            ("", "\"\""),
            ("null", "null"),
        ] {
            assert_eq!(serde_json::to_string(&Json::of_text(text)).unwrap(), shown, "{text}");
        }
    }

    #[test]
    fn it_reads_back() {
        let json: Json = serde_json::from_str(r#"{"z":1,"a":[2]}"#).unwrap();
        assert_eq!(json.to_payload().as_str(), r#"{"z":1,"a":[2]}"#);
        assert_eq!(json, Json::of_text(r#"{ "a": [2], "z": 1 }"#));
    }
}
