//! From JSON or YAML text to a value.

use super::problem::{NOT_JSON, Problem};
use crate::asl::limits::Limits;
use serde_json::Value;

/// How a definition is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// JSON.
    #[default]
    Json,
    /// YAML: the same structure, with comments.
    Yaml,
}

impl Format {
    /// The value of a text that was checked.
    #[must_use]
    pub fn value(self, text: &str) -> Option<Value> {
        match self {
            Self::Json => serde_json::from_str(text).ok(),
            Self::Yaml => serde_saphyr::from_str(text).ok(),
        }
    }
}

/// Reads the text; whatever comes back is an object.
pub(super) fn read(text: &str, format: Format, limits: &Limits) -> Result<Value, Problem> {
    if text.len() > limits.definition_bytes {
        let (len, most) = (text.len(), limits.definition_bytes);
        return Err(nowhere(format!("Definition has {len} bytes; at most {most} are allowed")));
    }
    if text.trim().is_empty() {
        return Err(nowhere("Definition must be a valid JSON object".to_owned()));
    }
    let value: Value = match format {
        Format::Json => serde_json::from_str(text).map_err(|error| not_json(text, &error))?,
        Format::Yaml => {
            serde_saphyr::from_str(text).map_err(|error| nowhere(error.to_string()).code(NOT_JSON))?
        }
    };
    if value.is_object() {
        Ok(value)
    } else {
        Err(nowhere("Definition must be a valid JSON object".to_owned()))
    }
}

fn nowhere(message: String) -> Problem {
    Problem { pointer: String::new(), ..Problem::error("", message) }
}

/// The service is written in Java, and tells its parser's words; those for a text that is no JSON at all are
/// recorded, the others are told in ours.
fn not_json(text: &str, error: &serde_json::Error) -> Problem {
    let word: String = text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let known = ["null", "true", "false"].contains(&word.as_str());
    let start = text.len() - text.trim_start().len();
    let column = start + word.chars().count() + 1;
    let source = format!("[Source: (String)\"{text}\"; line: 1, column: {column}]");
    if word.is_empty() || known || word.starts_with(|c: char| c.is_ascii_digit()) || text.len() > 500 {
        let location = format!("line: {}, column: {}", error.line(), error.column());
        return Problem { pointer: location, ..nowhere(error.to_string()) }.code(NOT_JSON);
    }
    let message = format!(
        "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', \
         'true' or 'false')\n at {source}"
    );
    Problem { pointer: source, ..nowhere(message) }.code(NOT_JSON)
}
