//! One recorded execution.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) category: String,
    #[serde(rename = "type")]
    pub(crate) machine_type: String,
    pub(crate) definition: Value,
    pub(crate) input: Value,
    pub(crate) expected_status: String,
    pub(crate) expected_output: Value,
    pub(crate) expected_error: Value,
    pub(crate) expected_cause: Value,
    pub(crate) placeholders: Vec<String>,
    pub(crate) nondeterministic: bool,
    pub(crate) time_dependent: bool,
    pub(crate) parallel_events_sorted: bool,
    pub(crate) history: Option<Vec<Value>>,
    #[serde(default)]
    pub(crate) mocks: Option<Vec<Value>>,
    #[serde(default)]
    pub(crate) lambdas: BTreeMap<String, String>,
}

impl Case {
    /// The cases that count everywhere: nothing is called, nothing is random.
    pub(crate) fn is_gate(&self) -> bool {
        self.category == "pure"
            && self.machine_type == "STANDARD"
            && self.is_comparable()
            && self.expected_status != "TIMED_OUT"
    }

    pub(crate) fn is_comparable(&self) -> bool {
        !self.nondeterministic
            && !self.time_dependent
            && ["SUCCEEDED", "FAILED", "TIMED_OUT"].contains(&self.expected_status.as_str())
    }

    /// Whether everything that it calls can be had here.
    pub(crate) fn is_playable(&self) -> bool {
        const SERVICES: [&str; 2] = ["test_map_state_result_writer", "csv_max_items_paths[-1]"];
        let category =
            ["pure", "lambda", "activity", "service:states", "service:sfn"].contains(&&*self.category);
        self.is_comparable() && (category || SERVICES.iter().any(|name| self.name.contains(name)))
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let packed = include_bytes!("cases.jsonl.zst");
    let text = zstd::decode_all(&packed[..]).unwrap();
    let lines = std::str::from_utf8(&text).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}
