//! What orchestrators and functions must offer, and who offers them.

use crate::entities::EntityCode;
use crate::remote::RemoteOrchestrator;
use futures::future::BoxFuture;
use partita_kernel::{
    Event, ExecutionId, Failure, InstanceId, Name, Payload, Tags, Timestamp, Trace, TurnOutput,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Code of a workflow, run in this process.
pub trait Orchestrator: Send + Sync + 'static {
    /// Begins a run, new or to be replayed; its input comes with its first event.
    fn begin(&self, info: &InstanceInfo) -> Box<dyn Execution>;
}

/// What an orchestrator may know of its instance before its first event.
#[derive(Clone, Debug)]
pub struct InstanceInfo {
    /// The instance.
    pub id: InstanceId,
    /// The workflow's name.
    pub name: Name,
    /// The workflow's version, when it has one.
    pub version: Option<Name>,
}

/// One run of an orchestrator, alive between turns.
pub trait Execution: Send {
    /// Takes the new events of a turn in and goes on until it waits again.
    ///
    /// The same events in the same turns must give the same commands, whenever this is called.
    ///
    /// # Errors
    /// When the turn failed: the orchestrator panicked, or waits for something that is not durable. The
    /// execution is not used again.
    fn turn(&mut self, turn: TurnInput<'_>) -> Result<TurnOutput, Failure>;
}

/// What a turn brings.
#[derive(Clone, Copy, Debug)]
pub struct TurnInput<'a> {
    /// The orchestrator's current time.
    pub now: Timestamp,
    /// What is new, in order.
    pub events: &'a [&'a Event],
    /// Whether this turn was run before and is only repeated.
    pub replaying: bool,
    /// The generation to begin if this turn continues as new.
    pub next_execution: ExecutionId,
}

/// A function: an activity that runs in this process.
pub trait Function: Send + Sync + 'static {
    /// Calls it.
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>>;

    /// Whether its calls count against the limit of calls under way. One that only waits for somebody else
    /// need not.
    fn is_bounded(&self) -> bool {
        true
    }
}

/// One call of a function.
#[derive(Clone, Debug)]
pub struct FunctionCall {
    /// The instance that asks.
    pub instance: InstanceId,
    /// The instance's generation that asks.
    pub execution: ExecutionId,
    /// The task within that generation.
    pub task_id: i32,
    /// The function's name.
    pub name: Name,
    /// The function's version, if the caller asks for one.
    pub version: Option<Name>,
    /// Its input.
    pub input: Option<Payload>,
    /// The call's tags.
    pub tags: Tags,
    /// The trace that it belongs to.
    pub trace: Option<Trace>,
    /// Cancelled when nobody wants the result any more.
    pub cancellation: CancellationToken,
}

/// What is offered by somebody whose offers change while the engine runs.
pub trait Offers: Send + Sync + 'static {
    /// The workflow of that name, as far as it is offered now.
    fn orchestrator(&self, name: &str) -> Option<Arc<dyn Orchestrator>> {
        let _ = name;
        None
    }
    /// The workflow of that name as somebody else runs it, where nobody runs it in this process. It should
    /// stay offered when the last who ran it has gone: then its instances wait, and are not set aside.
    fn remote(&self, name: &str, version: Option<&str>) -> Option<Arc<dyn RemoteOrchestrator>> {
        let _ = (name, version);
        None
    }
    /// Whether new instances of that workflow can be made. A workflow that is offered no more may still be
    /// there for the instances that run.
    fn starts(&self, name: &str) -> bool {
        self.orchestrator(name).is_some() || self.remote(name, None).is_some()
    }
    /// The version that an instance of that workflow gets for good when it is made and nobody named one.
    fn current_version(&self, name: &str) -> Option<Name> {
        let _ = name;
        None
    }
    /// The function of that name, as far as it is offered now.
    fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        let _ = name;
        None
    }
    /// The code of the entities of that name, in lower case, as far as it is offered now.
    fn entity(&self, name: &str) -> Option<Arc<dyn EntityCode>> {
        let _ = name;
        None
    }
    /// The names of all workflows that are offered now.
    fn orchestrators(&self) -> Vec<Name> {
        Vec::new()
    }
    /// The names of all functions that are offered now.
    fn functions(&self) -> Vec<Name> {
        Vec::new()
    }
    /// The names of all entities whose code is offered now.
    fn entities(&self) -> Vec<Name> {
        Vec::new()
    }
}

/// Who runs a workflow.
#[derive(Clone)]
pub enum Workflow {
    /// This process.
    Here(Arc<dyn Orchestrator>),
    /// Somebody else.
    Elsewhere(Arc<dyn RemoteOrchestrator>),
}

/// Who offers what in this process. What was added by name comes before what others offer.
#[derive(Clone, Default)]
pub struct Registry {
    orchestrators: BTreeMap<Name, Arc<dyn Orchestrator>>,
    functions: BTreeMap<Name, Arc<dyn Function>>,
    entities: BTreeMap<Name, Arc<dyn EntityCode>>,
    offers: Vec<Arc<dyn Offers>>,
}

impl Registry {
    /// Offers a workflow.
    pub fn add_orchestrator(&mut self, name: &str, orchestrator: Arc<dyn Orchestrator>) {
        self.orchestrators.insert(name.into(), orchestrator);
    }
    /// Offers a function.
    pub fn add_function(&mut self, name: &str, function: Arc<dyn Function>) {
        self.functions.insert(name.into(), function);
    }
    /// Offers the code of entities. Names of entities are the same in any case.
    pub fn add_entity(&mut self, name: &str, code: Arc<dyn EntityCode>) {
        self.entities.insert(name.to_lowercase().into(), code);
    }
    /// Offers whatever somebody offers at the time.
    pub fn add_offers(&mut self, offers: Arc<dyn Offers>) {
        self.offers.push(offers);
    }
    /// The workflow of that name.
    #[must_use]
    pub fn orchestrator(&self, name: &str) -> Option<Arc<dyn Orchestrator>> {
        let fixed = self.orchestrators.get(name).cloned();
        fixed.or_else(|| self.offers.iter().find_map(|offers| offers.orchestrator(name)))
    }
    /// The workflow of that name as somebody else runs it.
    #[must_use]
    pub fn remote(&self, name: &str, version: Option<&str>) -> Option<Arc<dyn RemoteOrchestrator>> {
        self.offers.iter().find_map(|offers| offers.remote(name, version))
    }
    /// Who runs the workflow of that name: this process if it can.
    #[must_use]
    pub fn workflow(&self, name: &str, version: Option<&str>) -> Option<Workflow> {
        let here = self.orchestrator(name).map(Workflow::Here);
        here.or_else(|| self.remote(name, version).map(Workflow::Elsewhere))
    }
    /// Whether new instances of that workflow can be made.
    #[must_use]
    pub fn starts(&self, name: &str) -> bool {
        self.orchestrators.contains_key(name) || self.offers.iter().any(|offers| offers.starts(name))
    }
    /// The version that a new instance of that workflow gets when nobody names one.
    #[must_use]
    pub fn current_version(&self, name: &str) -> Option<Name> {
        if self.offers.is_empty() || self.orchestrators.contains_key(name) {
            return None;
        }
        self.offers.iter().find_map(|offers| offers.current_version(name))
    }
    /// The function of that name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        let fixed = self.functions.get(name).cloned();
        fixed.or_else(|| self.offers.iter().find_map(|offers| offers.function(name)))
    }
    /// The code of the entities of that name, which is in lower case.
    #[must_use]
    pub fn entity(&self, name: &str) -> Option<Arc<dyn EntityCode>> {
        let fixed = self.entities.get(name).cloned();
        fixed.or_else(|| self.offers.iter().find_map(|offers| offers.entity(name)))
    }
    /// The names of all entities, in order.
    #[must_use]
    pub fn entities(&self) -> BTreeSet<Name> {
        let offered = self.offers.iter().flat_map(|offers| offers.entities());
        self.entities.keys().cloned().chain(offered).collect()
    }
    /// The names of all workflows, in order.
    #[must_use]
    pub fn orchestrators(&self) -> BTreeSet<Name> {
        let offered = self.offers.iter().flat_map(|offers| offers.orchestrators());
        self.orchestrators.keys().cloned().chain(offered).collect()
    }
    /// Whether a function of that name was added by name, and so is code of this process.
    #[must_use]
    pub fn has_own_function(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }
    /// The names of all functions, in order.
    #[must_use]
    pub fn functions(&self) -> BTreeSet<Name> {
        let offered = self.offers.iter().flat_map(|offers| offers.functions());
        self.functions.keys().cloned().chain(offered).collect()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("orchestrators", &self.orchestrators())
            .field("functions", &self.functions())
            .field("entities", &self.entities())
            .finish()
    }
}
