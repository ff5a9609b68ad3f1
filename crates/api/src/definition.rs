//! Workflows one by one: what they are made of, who offers them, what starts them; definitions and what is wrong with
//! them.

use crate::instance::{Counts, Status};
use crate::json::Json;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// What a workflow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkflowKind {
    /// Code of this process.
    Code,
    /// A state machine.
    StateMachine,
    /// Code of workers that connect.
    Worker,
}

/// One workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowDetail {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: WorkflowKind,
    /// The revisions of a state machine with which instances can go on, the current one first.
    pub versions: Vec<String>,
    /// What the configuration says that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of its input, from the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Json>,
    /// How many instances of it there are.
    pub instances: Counts,
    /// The definition of a state machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<WorkflowDefinition>,
    /// The triggers that start it.
    pub triggers: Vec<Trigger>,
    /// The names of the schedules that start it.
    pub schedules: Vec<String>,
    /// Who offers it now.
    pub offered_by: Vec<Offerer>,
}

/// The definition of a state machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowDefinition {
    /// Its text, as it was given.
    pub text: String,
    /// How it is written.
    pub format: DefinitionFormat,
    /// Its revision: the version of instances that start with it.
    pub revision: String,
    /// Since when it is the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Time>,
    /// Its file, relative to the app's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whether it can be changed with a `PUT`.
    pub editable: bool,
}

/// How a definition is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DefinitionFormat {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Who offers a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offerer {
    /// Whether it is this process or a worker.
    pub kind: OffererKind,
    /// The process among the owners of the store, or the worker's id.
    pub name: String,
}

/// What somebody is who offers workflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OffererKind {
    /// This process.
    Process,
    /// A worker that is connected.
    Worker,
}

/// The routes that the configuration adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerList {
    /// In the order of the configuration.
    pub triggers: Vec<Trigger>,
}

/// A route that the configuration adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The method of requests.
    pub method: String,
    /// Their path, with `{names}` for its parameters.
    pub path: String,
    /// `start`, `raise` or `status`.
    pub does: String,
    /// The workflow of which instances are started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The event that is raised, with `{names}` for parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The instance that is started, gets the event or is shown, with `{names}` for parameters; a start without it
    /// makes an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The input or the event's data, with `{names}` for parameters; the request's body when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Json>,
    /// How long the answer waits for the instance's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<f64>,
    /// Statuses in which an existing instance of that id is replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replace: Vec<Status>,
    /// What it answers with: `started` (202 and where to look), `output` (200 with the output when the instance ends in
    /// time, else as `started`), `accepted` (202 without a body), `customStatus` or `instance`.
    pub answers: String,
}

/// A definition to be checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckDefinition {
    /// Its text.
    pub text: String,
    /// How it is written; when left out, that of the workflow's definition or what the text looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<DefinitionFormat>,
    /// The state machine that it is to become a revision of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What is wrong with a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionReport {
    /// All of it, errors first.
    pub problems: Vec<DefinitionProblem>,
}

/// Something wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionProblem {
    /// Whether the definition cannot run, or hardly runs as somebody meant.
    pub severity: Severity,
    /// What kind of problem it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where, as a JSON pointer; empty for the definition itself, and for a text that cannot be read.
    pub pointer: String,
    /// The line in which the place begins, from 1.
    pub line: usize,
    /// The column in which it begins, from 1, in UTF-16 code units.
    pub column: usize,
    /// The line in which it ends.
    pub end_line: usize,
    /// The column after its last character.
    pub end_column: usize,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The definition cannot run.
    Error,
    /// It runs, but hardly as somebody meant.
    Warning,
}

/// A definition to take the place of the one that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutDefinition {
    /// Its text, written like the one that there is.
    pub text: String,
    /// The revision that it was made from. When the current one is another, nothing is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// What came of a definition that was put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionTaken {
    /// The revision that is now the current one.
    pub revision: String,
    /// What is most likely not meant: warnings alone.
    pub problems: Vec<DefinitionProblem>,
}
