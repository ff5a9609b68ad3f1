//! What is said of workflows: `[workflow.NAME]`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// What is said of a workflow, of whatever kind it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WorkflowConfig {
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The file with the JSON Schema of its input, relative to the configuration file.
    #[serde(default)]
    pub input_schema: Option<String>,
}

/// The keys of a workflow.
pub const WORKFLOW_KEYS: &[&str] = &["description", "input-schema"];

/// Bytes that a schema may have.
const SCHEMA_BYTES: u64 = 256 << 10;

/// What is known of a workflow from the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkflowNotes {
    /// What it is for.
    pub description: Option<String>,
    /// The JSON Schema of its input.
    pub input_schema: Option<Value>,
}

impl WorkflowConfig {
    /// Reads what it names.
    ///
    /// # Errors
    /// The key that is wrong, and what to do.
    pub fn notes(self, folder: &Path) -> Result<WorkflowNotes, (&'static str, String)> {
        let schema = self.input_schema.map(|file| schema(&folder.join(file))).transpose();
        let input_schema = schema.map_err(|message| ("input-schema", message))?;
        Ok(WorkflowNotes { description: self.description, input_schema })
    }
}

fn schema(path: &Path) -> Result<Value, String> {
    let shown = path.display();
    let mut text = String::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(SCHEMA_BYTES + 1).read_to_string(&mut text));
    let length = read.map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if u64::try_from(length).is_ok_and(|length| length > SCHEMA_BYTES) {
        return Err(format!("{shown} has more than {SCHEMA_BYTES} bytes, which no schema of an input needs"));
    }
    let value: Value =
        serde_json::from_str(&text).map_err(|error| format!("{shown} is not JSON: {error}"))?;
    match value {
        Value::Object(_) | Value::Bool(_) => Ok(value),
        _ => Err(format!("{shown} is no JSON Schema, which is an object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigFile, Sources};

    #[test]
    fn schemas_are_read_from_beside_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &str| {
            std::fs::write(folder.path().join("a.json"), text).unwrap();
            let config =
                WorkflowConfig { input_schema: Some("a.json".to_owned()), ..WorkflowConfig::default() };
            config.notes(folder.path())
        };
        let notes = of(r#"{"type": "object"}"#).unwrap();
        assert_eq!(notes.input_schema, Some(serde_json::json!({"type": "object"})));
        assert!(of("{").unwrap_err().1.contains("is not JSON"));
        assert!(of("[]").unwrap_err().1.contains("is no JSON Schema"));
        let most = usize::try_from(SCHEMA_BYTES).unwrap();
        assert!(of(&format!("{{}}{}", " ".repeat(most - 2))).is_ok());
        assert!(of(&format!("{{}}{}", " ".repeat(most - 1))).unwrap_err().1.contains("bytes"));
        let missing = WorkflowConfig { input_schema: Some("b.json".to_owned()), ..WorkflowConfig::default() };
        let (key, message) = missing.notes(folder.path()).unwrap_err();
        assert!(key == "input-schema" && message.contains("cannot be read"), "{message}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let text = "[workflow.a]\ndescripton = \"x\"\n[workflow.b]\ninput-schema = \"none/of.json\"\n";
        let file = ConfigFile::Text("partita.toml".into(), text.to_owned());
        let told = Config::load(&Sources { file, ..Sources::default() }).unwrap_err().to_string();
        assert!(told.contains("workflow.a.descripton: there is no key"), "{told}");
        assert!(told.contains("workflow.b.input-schema: none/of.json cannot be read"), "{told}");
        let file = ConfigFile::Text("partita.toml".into(), "workflow = 1".to_owned());
        let told = Config::load(&Sources { file, ..Sources::default() }).unwrap_err().to_string();
        assert!(told.contains("write it as [workflow.NAME]"), "{told}");
    }
}
