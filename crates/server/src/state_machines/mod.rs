//! State machines that are offered as workflows: those of an app's files, and those that were created through
//! the API of Step Functions.
//!
//! They are kept in the store, with every revision with which an execution may have started.
//!
//! | module | holds |
//! | --- | --- |
//! | `kept` | what is in the store, and how it gets there |
//! | `activities` | tasks that wait for workers to take them |
//! | `items` | reading items from files, and writing results |
//! | `observed` | the events of an execution |
//! | `uses` | which of them call a function |
//! | `course` | where an execution is, and how it came there |
//! | `shown` | definitions as they are shown |

mod activities;
mod course;
mod items;
mod kept;
mod observed;
mod shown;
mod uses;

pub(crate) use activities::Taken;
use activities::{Activities, ActivityFunction, PREFIX};
pub(crate) use course::shortened;
use futures::FutureExt;
use items::ItemFunction;
use kept::Kept;
use parking_lot::RwLock;
use partita::Failure;
use partita::dynamic::{self, Execution, Function, InstanceInfo, Name, Offers, Orchestrator, Payload};
use partita_engine::kernel::Timestamp;
use partita_engine::store::{Store, StoreError};
use partita_flow::asl::arn::Place;
use partita_flow::asl::catalogue::{self, Entry, MachineType, revision_id};
use partita_flow::asl::check::{Format, Problem, inspect};
use partita_flow::asl::events::{Blind, Observer};
use partita_flow::asl::items::{Buckets, READ_ACTIVITY, WRITE_ACTIVITY};
use partita_flow::asl::limits::Limits;
use partita_flow::asl::orchestrator::{Environment, run};
use partita_flow::asl::token::{HmacMint, TokenMint};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// How many machines there may be, as in the service.
const MACHINES: usize = 10_000;

/// How state machines run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineSettings {
    /// What ARNs say of the account and the region.
    pub place: Place,
    /// Bytes of one state's input, result or output.
    pub payload_bytes: usize,
}

impl Default for MachineSettings {
    fn default() -> Self {
        Self { place: Place::default(), payload_bytes: Limits::default().payload_bytes }
    }
}

/// A state machine was put into the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The revision that is now current.
    pub revision: String,
    /// Whether it was current before.
    pub known: bool,
    /// What is most likely not meant.
    pub warnings: Vec<Problem>,
}

/// Why a state machine was not created or changed.
#[derive(Debug)]
pub(crate) enum Refused {
    Definition(Vec<Problem>),
    /// One of that name, which is another, exists; its ARN.
    Exists(String),
    /// There is none; the ARN.
    Unknown(String),
    TooMany(usize),
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A state machine as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MachineView {
    pub(crate) name: String,
    pub(crate) definition: String,
    pub(crate) role: String,
    pub(crate) express: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) revision: String,
}

/// The state machines of this process.
pub struct StateMachines {
    store: Arc<dyn Store>,
    kept: RwLock<Kept>,
    /// Changes come one after the other.
    changing: tokio::sync::Mutex<()>,
    activities: Arc<Activities>,
    buckets: Arc<Buckets>,
    mint: Arc<HmacMint>,
    limits: Limits,
    place: Place,
}

impl std::fmt::Debug for StateMachines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateMachines").field("place", &self.place).finish_non_exhaustive()
    }
}

impl StateMachines {
    /// The state machines that a store keeps. They read items from these buckets, and write results there.
    ///
    /// # Errors
    /// When the store fails, or what it keeps cannot be read.
    pub async fn open(
        store: Arc<dyn Store>,
        settings: MachineSettings,
        buckets: Buckets,
    ) -> Result<Arc<Self>, StoreError> {
        let MachineSettings { place, payload_bytes } = settings;
        let limits = Limits { payload_bytes, ..Limits::default() };
        let kept = Kept::load(store.as_ref(), &limits).await?;
        let key = kept::key(store.as_ref()).await?;
        Ok(Arc::new(Self {
            store,
            kept: RwLock::new(kept),
            changing: tokio::sync::Mutex::default(),
            activities: Arc::default(),
            buckets: Arc::new(buckets),
            mint: Arc::new(HmacMint::new(&key)),
            limits,
            place,
        }))
    }

    /// Offers the state machine of a file, in the revision that it has now.
    ///
    /// # Errors
    /// When the store fails; inside, what is wrong with the definition.
    pub async fn put_file(
        &self,
        name: &str,
        text: &str,
        format: Format,
    ) -> Result<Result<Put, Vec<Problem>>, StoreError> {
        let _alone = self.changing.lock().await;
        let checked = inspect(text, format, &self.limits, false);
        if checked.machine.is_none() {
            return Ok(Err(checked.problems));
        }
        let warnings = checked.problems;
        let revision = revision_id(text);
        let known = self.kept.read().get(name).is_some_and(|entry| entry.current == revision);
        if known {
            return Ok(Ok(Put { revision, known, warnings }));
        }
        let put = catalogue::Put {
            definition: text.to_owned(),
            format,
            role_arn: self.role(),
            ..catalogue::Put::default()
        };
        match self.put(name, put, SystemTime::now()).await {
            Ok(revision) => Ok(Ok(Put { revision, known, warnings })),
            Err(Refused::Store(error)) => Err(error),
            Err(Refused::Definition(problems)) => Ok(Err(problems)),
            Err(_) => {
                Ok(Err(vec![Problem::error("", format!("there are {MACHINES} state machines already"))]))
            }
        }
    }

    /// Makes a new revision durable, and then current. A machine that was deleted begins anew, and keeps the
    /// revisions that executions may still run.
    async fn put(&self, name: &str, put: catalogue::Put, now: SystemTime) -> Result<String, Refused> {
        let mut next = self.kept.read().clone();
        if next.get(name).is_none() && next.len() >= MACHINES {
            return Err(Refused::TooMany(MACHINES));
        }
        if next.deleted.remove(name) {
            next.catalogue.renew(name, put.machine_type, now);
        }
        let revision = next.catalogue.put(name, put, &self.limits, now).map_err(Refused::Definition)?;
        next.save(self.store.as_ref(), name).await?;
        *self.kept.write() = next;
        Ok(revision)
    }

    /// Creates a machine; creating the same again changes nothing. Gives when it was created.
    pub(crate) async fn create(
        &self,
        name: &str,
        definition: &str,
        express: bool,
        role: &str,
        now: Timestamp,
    ) -> Result<Timestamp, Refused> {
        let _alone = self.changing.lock().await;
        let machine_type = if express { MachineType::Express } else { MachineType::Standard };
        if let Some(view) = self.get(name) {
            let same = view.definition == definition && view.express == express && view.role == role;
            return if same { Ok(view.created_at) } else { Err(Refused::Exists(self.place.machine(name))) };
        }
        let put = catalogue::Put {
            definition: definition.to_owned(),
            format: Format::Json,
            machine_type,
            role_arn: role.to_owned(),
            ..catalogue::Put::default()
        };
        self.put(name, put, system_time(now)).await?;
        Ok(now)
    }

    /// Changes a machine. Executions that run keep what they started with.
    pub(crate) async fn update(
        &self,
        name: &str,
        definition: Option<&str>,
        role: Option<&str>,
        now: Timestamp,
    ) -> Result<MachineView, Refused> {
        let _alone = self.changing.lock().await;
        let unknown = || Refused::Unknown(self.place.machine(name));
        let put = {
            let kept = self.kept.read();
            let entry = kept.get(name).ok_or_else(unknown)?;
            let current = entry.revisions.get(&entry.current).ok_or_else(unknown)?;
            catalogue::Put {
                definition: definition.map_or_else(|| current.definition.clone(), str::to_owned),
                format: if definition.is_some() { Format::Json } else { current.format },
                machine_type: entry.machine_type,
                role_arn: role.map_or_else(|| entry.role_arn.clone(), str::to_owned),
                tags: BTreeMap::new(),
            }
        };
        self.put(name, put, system_time(now)).await?;
        self.get(name).ok_or_else(unknown)
    }

    /// Lets no new executions of a machine begin.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), StoreError> {
        let _alone = self.changing.lock().await;
        if self.kept.read().get(name).is_none() {
            return Ok(());
        }
        let mut next = self.kept.read().clone();
        next.deleted.insert(name.to_owned());
        next.save_index(self.store.as_ref()).await?;
        *self.kept.write() = next;
        Ok(())
    }

    /// Forgets the definitions of a deleted machine, of which no execution runs.
    pub(crate) async fn forget(&self, name: &str) -> Result<(), StoreError> {
        let _alone = self.changing.lock().await;
        let mut next = self.kept.read().clone();
        if next.deleted.remove(name) {
            next.catalogue.delete(name);
            next.save(self.store.as_ref(), name).await?;
            *self.kept.write() = next;
        }
        Ok(())
    }

    /// A machine of which executions can begin.
    pub(crate) fn get(&self, name: &str) -> Option<MachineView> {
        self.kept.read().get(name).map(|entry| view(name, entry))
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.kept.read().get(name).is_some()
    }

    pub(crate) fn is_express(&self, name: &str) -> bool {
        self.kept.read().get(name).is_some_and(|entry| entry.machine_type == MachineType::Express)
    }

    /// All machines of which executions can begin, in the order of their names.
    pub(crate) fn list(&self) -> Vec<MachineView> {
        self.kept.read().list().map(|(name, entry)| view(name, entry)).collect()
    }

    /// The text of a machine's revision.
    pub(crate) fn definition(&self, machine: &str, revision: &str) -> Option<String> {
        let kept = self.kept.read();
        let entry = kept.catalogue.get(machine)?;
        entry.revisions.get(revision).map(|revision| revision.definition.clone())
    }

    /// Everything that is wrong with a definition.
    pub(crate) fn inspect(&self, definition: &str, express: bool) -> Vec<Problem> {
        inspect(definition, Format::Json, &self.limits, express).problems
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The instance and the wait that a task's token is for.
    pub(crate) fn open_token(&self, token: &str) -> Option<(String, Uuid)> {
        self.mint.open(token)
    }

    /// Creates an activity; creating it again changes nothing. Gives when it was created.
    pub(crate) async fn create_activity(&self, name: &str, now: Timestamp) -> Result<Timestamp, StoreError> {
        let _alone = self.changing.lock().await;
        if let Some(created) = self.activity(name) {
            return Ok(created);
        }
        let mut next = self.kept.read().clone();
        next.activities.insert(name.to_owned(), now.0);
        next.save_index(self.store.as_ref()).await?;
        *self.kept.write() = next;
        Ok(now)
    }

    pub(crate) async fn delete_activity(&self, name: &str) -> Result<(), StoreError> {
        let _alone = self.changing.lock().await;
        let mut next = self.kept.read().clone();
        if next.activities.remove(name).is_some() {
            next.save_index(self.store.as_ref()).await?;
            *self.kept.write() = next;
        }
        Ok(())
    }

    /// When an activity was created.
    pub(crate) fn activity(&self, name: &str) -> Option<Timestamp> {
        self.kept.read().activities.get(name).copied().map(Timestamp)
    }

    pub(crate) fn activities(&self) -> Vec<(String, Timestamp)> {
        let kept = self.kept.read();
        kept.activities.iter().map(|(name, created)| (name.clone(), Timestamp(*created))).collect()
    }

    /// Waits for a task of an activity, and takes it.
    pub(crate) async fn take_task(&self, activity: &str, worker: Option<String>) -> Taken {
        self.activities.take(activity, worker).await
    }

    /// The role of machines for which none was named.
    fn role(&self) -> String {
        format!("arn:aws:iam::{}:role/partita", self.place.account)
    }

    /// What executions of a machine need from outside.
    fn environment(&self, name: &str, observer: Arc<dyn Observer>) -> Arc<Environment> {
        let machine = name.split_once('/').map_or(name, |(machine, _)| machine);
        let role = self.kept.read().catalogue.get(machine).map(|entry| entry.role_arn.clone());
        Arc::new(Environment {
            mint: self.mint.clone(),
            observer,
            limits: self.limits.clone(),
            place: self.place.clone(),
            role_arn: role.unwrap_or_else(|| self.role()),
            execution_name,
            instance_id,
            custom_status: true,
        })
    }

    /// Begins a run of the machine that an instance started with.
    fn begin(&self, info: &InstanceInfo, observer: Arc<dyn Observer>) -> Box<dyn Execution> {
        let Some(machine) = self.kept.read().catalogue.resolve(&info.name, info.version.as_deref()) else {
            return dynamic::broken(self.lost(info));
        };
        let environment = self.environment(&info.name, observer);
        dynamic::execution(info, move |ctx, input| {
            let (machine, environment) = (machine.clone(), environment.clone());
            async move {
                let input: Value = match &input {
                    Some(input) => serde_json::from_str(input.as_str())?,
                    None => Value::Null,
                };
                let output = run(machine, environment, ctx, input).await?;
                Ok(Some(Payload::from(serde_json::to_string(&output)?)))
            }
            .boxed()
        })
    }

    fn lost(&self, info: &InstanceInfo) -> Failure {
        let (name, version) = (&info.name, info.version.as_deref().unwrap_or("none"));
        let text = format!(
            "the state machine {name:?} has no revision {version:?}, with which this instance started; \
             offer that definition again, then resume the instance"
        );
        Failure::new("DefinitionNotFound", text).non_retriable()
    }
}

/// The name of the execution that an instance of a machine is.
pub(crate) fn execution_name(machine: &str, instance: &str) -> String {
    let own = instance.strip_prefix(machine).and_then(|rest| rest.strip_prefix(':'));
    own.map_or(instance, |rest| rest.split(':').next().unwrap_or(rest)).to_owned()
}

/// The instance that an execution of a machine is.
fn instance_id(machine: &str, execution: &str) -> String {
    format!("{machine}:{execution}")
}

fn view(name: &str, entry: &Entry) -> MachineView {
    let current = entry.revisions.get(&entry.current);
    MachineView {
        name: name.to_owned(),
        definition: current.map(|revision| revision.definition.clone()).unwrap_or_default(),
        role: entry.role_arn.clone(),
        express: entry.machine_type == MachineType::Express,
        created_at: timestamp(entry.created),
        updated_at: timestamp(entry.updated),
        revision: entry.current.clone(),
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(at.0).unwrap_or(0))
}

fn timestamp(at: SystemTime) -> Timestamp {
    partita_engine::clock::timestamp(at)
}

/// The state machines as the engine asks for them.
pub struct MachineOffers(pub Arc<StateMachines>);

/// The orchestrator of all state machines; which one it is stands in what an instance says of itself.
struct Machines(Arc<StateMachines>);

impl Orchestrator for Machines {
    fn begin(&self, info: &InstanceInfo) -> Box<dyn Execution> {
        self.0.begin(info, Arc::new(Blind))
    }
}

impl Offers for MachineOffers {
    fn orchestrator(&self, name: &str) -> Option<Arc<dyn Orchestrator>> {
        let machine = name.split_once('/').map_or(name, |(machine, _)| machine);
        let known = self.0.kept.read().catalogue.get(machine).is_some();
        known.then(|| Arc::new(Machines(self.0.clone())) as Arc<dyn Orchestrator>)
    }

    fn starts(&self, name: &str) -> bool {
        self.0.knows(name)
    }

    fn current_version(&self, name: &str) -> Option<Name> {
        self.0.kept.read().get(name).map(|entry| Name::from(entry.current.as_str()))
    }

    fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        let buckets = self.0.buckets.clone();
        match name {
            READ_ACTIVITY => Some(Arc::new(ItemFunction::Read(buckets))),
            WRITE_ACTIVITY => Some(Arc::new(ItemFunction::Write(buckets))),
            _ if name.starts_with(PREFIX) => {
                Some(Arc::new(ActivityFunction { activities: self.0.activities.clone() }))
            }
            _ => None,
        }
    }

    fn orchestrators(&self) -> Vec<Name> {
        self.0.kept.read().list().map(|(name, _)| Name::from(name)).collect()
    }
}
