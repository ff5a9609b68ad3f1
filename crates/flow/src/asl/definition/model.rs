//! The machine, its states and their fields.

use super::expression::{Amount, Needs, Payload, Query, Text};
use super::resource::Resource;
use crate::asl::expr::choice::Test;
use crate::asl::expr::{PathExpr, ReferencePath};
use serde_json::Value;
use std::sync::Arc;

/// The language of a state's expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum QueryLanguage {
    /// Paths, intrinsic functions and templates.
    #[default]
    JsonPath,
    /// JSONata in `{% %}`.
    Jsonata,
}

impl QueryLanguage {
    /// Its name in definitions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }
}

/// The position of a state in its machine.
pub type StateIndex = usize;

/// A state machine; also a branch of a Parallel state and the processor of a Map state.
#[derive(Debug)]
pub struct Machine {
    /// What it says of itself.
    pub comment: Option<String>,
    /// Where it starts.
    pub start_at: StateIndex,
    /// Its states, in the order of the definition.
    pub states: Vec<State>,
    /// The language version that the definition names.
    pub version: Option<String>,
    /// How long an execution may last.
    pub timeout_seconds: Option<u64>,
    /// The language of states that do not say.
    pub query_language: QueryLanguage,
    /// Whether it is the processor of a distributed map: its executions are children, and an absent input
    /// of theirs is `null`.
    pub child: bool,
}

/// One state.
#[derive(Debug)]
pub struct State {
    /// Its name.
    pub name: Arc<str>,
    /// What it says of itself.
    pub comment: Option<String>,
    /// The language of its expressions.
    pub language: QueryLanguage,
    /// Where it leads; Choice states say it in their rules.
    pub next: Target,
    /// What happens to data on the way through.
    pub flow: Flow,
    /// When it is tried again.
    pub retry: Vec<Retrier>,
    /// Where it leads when it fails.
    pub catch: Vec<Catcher>,
    /// What it does.
    pub kind: Kind,
}

/// Where a state leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To another state.
    State(StateIndex),
    /// To the end of the machine.
    End,
}

/// What happens to data on the way through a state.
#[derive(Debug, Default)]
pub struct Flow {
    /// What the state sees of its input.
    pub(crate) input_path: Filter,
    /// `Parameters` or `Arguments`.
    pub(crate) parameters: Option<Payload>,
    /// What is kept of the result.
    pub(crate) result_selector: Option<Payload>,
    /// Where the result goes.
    pub(crate) result_path: ResultPath,
    /// What the next state sees.
    pub(crate) output_path: Filter,
    /// JSONata: what the next state sees.
    pub(crate) output: Option<Payload>,
    /// Variables.
    pub(crate) assign: Option<Payload>,
}

/// `InputPath` and `OutputPath`.
#[derive(Debug, Default)]
pub enum Filter {
    /// Everything.
    #[default]
    Whole,
    /// Nothing: `{}`.
    Nothing,
    /// A part.
    Part(Box<PathExpr>),
}

/// `ResultPath`.
#[derive(Debug, Default)]
pub enum ResultPath {
    /// The result replaces the input.
    #[default]
    Replace,
    /// The result is dropped.
    Discard,
    /// The result goes into the input.
    At(Box<ReferencePath>),
}

/// When something is tried again.
#[derive(Debug)]
pub struct Retrier {
    /// The errors that it is for.
    pub error_equals: Vec<String>,
    /// Seconds before the first retry.
    pub interval_seconds: f64,
    /// How many retries.
    pub max_attempts: u64,
    /// What the interval grows by.
    pub backoff_rate: f64,
    /// The longest interval.
    pub max_delay_seconds: Option<f64>,
    /// Whether the interval is drawn at random, from zero to its length.
    pub full_jitter: bool,
}

/// Where a failure leads.
#[derive(Debug)]
pub struct Catcher {
    /// The errors that it is for.
    pub error_equals: Vec<String>,
    /// Where it leads.
    pub next: StateIndex,
    /// Where the error's description goes.
    pub(crate) result_path: ResultPath,
    /// JSONata: what the next state sees.
    pub(crate) output: Option<Payload>,
    /// Variables.
    pub(crate) assign: Option<Payload>,
}

/// What a state does.
#[derive(Debug)]
pub enum Kind {
    /// Passes its input on, or a constant.
    Pass {
        /// The constant.
        result: Option<Arc<Value>>,
    },
    /// Calls something.
    Task(Box<Task>),
    /// Decides.
    Choice {
        /// What leads where.
        rules: Vec<ChoiceRule>,
        /// Where it leads otherwise.
        default: Option<StateIndex>,
    },
    /// Waits.
    Wait(Box<WaitFor>),
    /// Ends the machine well.
    Succeed,
    /// Ends the machine badly.
    Fail {
        /// The error's name.
        error: Option<Box<Text>>,
        /// The error's cause.
        cause: Option<Box<Text>>,
    },
    /// Runs machines side by side.
    Parallel {
        /// The machines.
        branches: Vec<Arc<Machine>>,
    },
    /// Runs a machine for each item of a list.
    Map(Box<MapState>),
}

/// What a Task state calls, and how long it waits.
#[derive(Debug)]
pub struct Task {
    /// What it calls.
    pub resource: Resource,
    /// The resource as the definition has it.
    pub resource_text: String,
    /// On whose behalf.
    pub(crate) credentials: Option<Payload>,
    /// How long it may take.
    pub(crate) timeout: Option<Amount>,
    /// How long it may be silent.
    pub(crate) heartbeat: Option<Amount>,
}

/// A rule of a Choice state.
#[derive(Debug)]
pub struct ChoiceRule {
    /// What must hold.
    pub test: ChoiceTest,
    /// Where it leads then.
    pub next: StateIndex,
    /// JSONata: what the next state sees.
    pub(crate) output: Option<Payload>,
    /// Variables.
    pub(crate) assign: Option<Payload>,
}

/// What must hold for a rule.
#[derive(Debug)]
pub enum ChoiceTest {
    /// A test of a variable.
    Rule(Box<Tested>),
    /// A JSONata expression.
    Condition(Box<Query>),
}

/// A test of a variable.
#[derive(Debug)]
pub struct Tested {
    /// The test.
    pub rule: Test,
    pub(crate) needs: Needs,
}

/// How long a Wait state waits.
#[derive(Debug)]
pub enum WaitFor {
    /// So many seconds.
    Seconds(Amount),
    /// Until an instant.
    Until(Text),
}

/// What a Map state does.
#[derive(Debug)]
pub struct MapState {
    /// What runs for each item.
    pub processor: Arc<Machine>,
    /// How, when the iterations are executions of their own.
    pub distributed: Option<Distributed>,
    /// Where the items come from.
    pub items: ItemSource,
    /// What an iteration gets, made from an item.
    pub(crate) selector: Option<Payload>,
    /// Iterations at once.
    pub(crate) concurrency: Option<Amount>,
    /// Items that may fail.
    pub(crate) tolerated_count: Option<Amount>,
    /// Percentage of the items that may fail.
    pub(crate) tolerated_percentage: Option<Amount>,
    /// Items that go together.
    pub batcher: Option<ItemBatcher>,
    /// Where the results go.
    pub writer: Option<ResultWriter>,
}

/// A distributed map.
#[derive(Debug)]
pub struct Distributed {
    /// The name of the processor: `Label`, or the state's name made safe.
    pub label: String,
    /// Whether the children are EXPRESS executions.
    pub express: bool,
}

/// Where the items of a Map state come from.
#[derive(Debug)]
pub enum ItemSource {
    /// The state's input.
    Input,
    /// A part of it, or a variable (`ItemsPath`).
    Path(Box<PathExpr>),
    /// JSONata, or a list (`Items`).
    Items(Box<Query>),
    /// A file, and within it a path.
    Reader(Box<ItemReader>, Option<Box<PathExpr>>),
}

/// `ItemReader`.
#[derive(Debug)]
pub struct ItemReader {
    /// What reads: `arn:aws:states:::s3:getObject` or `arn:aws:states:::s3:listObjectsV2`.
    pub resource: String,
    /// `Parameters` or `Arguments`.
    pub(crate) parameters: Option<Payload>,
    /// `ReaderConfig`, as it stands.
    pub config: Arc<Value>,
    /// Items at most.
    pub(crate) max_items: Option<Amount>,
}

/// `ItemBatcher`.
#[derive(Debug)]
pub struct ItemBatcher {
    /// Items of a batch at most.
    pub(crate) max_items: Option<Amount>,
    /// Bytes of a batch at most.
    pub(crate) max_bytes: Option<Amount>,
    /// What each batch gets beside its items.
    pub(crate) input: Option<Payload>,
}

/// `ResultWriter`.
#[derive(Debug)]
pub struct ResultWriter {
    /// What writes: `arn:aws:states:::s3:putObject`; without one, only `WriterConfig` counts.
    pub resource: Option<String>,
    /// `Parameters` or `Arguments`.
    pub(crate) parameters: Option<Payload>,
    /// `WriterConfig`, as it stands.
    pub config: Option<Arc<Value>>,
}

impl State {
    /// Every state that it can lead to in one transition.
    #[must_use]
    pub fn leads_to(&self) -> Vec<StateIndex> {
        let mut targets: Vec<StateIndex> = self.catch.iter().map(|catcher| catcher.next).collect();
        match (&self.kind, self.next) {
            (Kind::Choice { rules, default }, _) => {
                targets.extend(rules.iter().map(|rule| rule.next));
                targets.extend(*default);
            }
            (_, Target::State(next)) => targets.push(next),
            (_, Target::End) => {}
        }
        targets
    }
}

impl Machine {
    /// The state at a position.
    #[must_use]
    pub fn state(&self, index: StateIndex) -> Option<&State> {
        self.states.get(index)
    }

    /// The processor of the distributed map of that label, wherever in this machine it is.
    #[must_use]
    pub fn processor(&self, label: &str) -> Option<Arc<Self>> {
        self.processors().into_iter().find(|(known, _)| *known == label).map(|(_, processor)| processor)
    }

    /// The labels and processors of all distributed maps, wherever in this machine they are.
    #[must_use]
    pub fn processors(&self) -> Vec<(&str, Arc<Self>)> {
        let mut found = Vec::new();
        self.add_processors(&mut found);
        found
    }

    fn add_processors<'m>(&'m self, found: &mut Vec<(&'m str, Arc<Self>)>) {
        for state in &self.states {
            match &state.kind {
                Kind::Parallel { branches } => {
                    branches.iter().for_each(|branch| branch.add_processors(found));
                }
                Kind::Map(map) => {
                    if let Some(distributed) = &map.distributed {
                        found.push((&distributed.label, map.processor.clone()));
                    }
                    map.processor.add_processors(found);
                }
                _ => {}
            }
        }
    }
}

impl Kind {
    /// Whether such states can have retriers.
    #[must_use]
    pub fn can_be_tried_again(&self) -> bool {
        matches!(self, Self::Task(_) | Self::Parallel { .. } | Self::Map(_))
    }

    /// The `Type` of such states.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass { .. } => "Pass",
            Self::Task(_) => "Task",
            Self::Choice { .. } => "Choice",
            Self::Wait(_) => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
            Self::Parallel { .. } => "Parallel",
            Self::Map(_) => "Map",
        }
    }
}
