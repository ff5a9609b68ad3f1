//! The members of a request's body.

use super::call::Call;
use super::error::OciError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The most bytes of members that are only kept, such as tags.
const KEPT_BYTES: usize = 32 << 10;

/// A JSON object; members that are null count as not given.
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Reads the body of a request.
    pub(super) fn read(call: &Call) -> Result<Self, OciError> {
        match serde_json::from_slice(&call.body) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(OciError::unparseable("the body is no JSON object")),
            Err(error) => Err(OciError::unparseable(format!("the body is not JSON: {error}"))),
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, OciError> {
        let read = |value: &'_ Value| value.as_str().map(str::len);
        match self.value(name) {
            Some(value) if read(value).is_none() => Err(OciError::invalid(format!("{name} is no text"))),
            value => Ok(value.and_then(Value::as_str)),
        }
    }

    pub(super) fn require(&self, name: &str) -> Result<&str, OciError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| OciError::missing(name))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, OciError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = value.as_u64();
        number.map(Some).ok_or_else(|| OciError::invalid(format!("{name} is no whole number")))
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, OciError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self(map.clone()))),
            Some(_) => Err(OciError::invalid(format!("{name} is no object"))),
        }
    }

    /// A mapping of names to texts.
    pub(super) fn config(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, OciError> {
        let Some(Self(map)) = self.object(name)? else { return Ok(None) };
        let pairs = map.into_iter().map(|(key, value)| match value {
            Value::String(text) => Ok((key, text)),
            _ => Err(OciError::invalid(format!("{name}.{key} is no text"))),
        });
        pairs.collect::<Result<_, _>>().map(Some)
    }

    /// Those of some members that are given, to be kept as they are.
    pub(super) fn pick(&self, names: &[&str]) -> Result<Map<String, Value>, OciError> {
        let given = names.iter().filter_map(|name| Some(((*name).to_owned(), self.value(name)?.clone())));
        let picked: Map<String, Value> = given.collect();
        let bytes = serde_json::to_vec(&picked).map_or(usize::MAX, |bytes| bytes.len());
        if bytes > KEPT_BYTES {
            let text = format!("{} together have {bytes} bytes, and may have {KEPT_BYTES}", names.join(", "));
            return Err(OciError::invalid(text));
        }
        Ok(picked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(value: &Value) -> Members {
        Members(value.as_object().unwrap().clone())
    }

    #[test]
    fn members_are_what_they_should_be() {
        let given = members(&json!({"a": "x", "n": 3, "none": null, "c": {"K": "v"}, "bad": {"K": 1}}));
        assert_eq!((given.text("a").unwrap(), given.text("none").unwrap()), (Some("x"), None));
        assert_eq!(given.number("n").unwrap(), Some(3));
        assert_eq!(given.config("c").unwrap().unwrap()["K"], "v");
        assert!(given.require("none").is_err() && given.text("n").is_err() && given.number("a").is_err());
        assert!(given.config("bad").is_err() && given.object("a").is_err());
        assert_eq!(Value::from(given.pick(&["a", "none", "zz"]).unwrap()), json!({"a": "x"}));
        let large = members(&json!({"freeformTags": {"k": "x".repeat(KEPT_BYTES)}}));
        assert!(large.pick(&["freeformTags"]).is_err());
    }
}
