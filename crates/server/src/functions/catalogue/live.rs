//! The catalogue of a running server: reading and changing it.

use super::super::Functions;
use super::SETTING;
use super::archive::Archive;
use super::deploy::{DEPLOYMENTS, Phase, Phases};
use super::error::CatalogueError;
use super::invoke::MOST_DETACHED;
use super::jobs::{Change, Job, Jobs};
use super::principal::{Issuer, Principal};
use super::record::{Application, FOLDER_COMPARTMENT, Function, Kind, Source, Trigger};
use super::repeats::Repeats;
use super::spec::{self, code_folder};
use super::state::State;
use parking_lot::{Mutex, RwLock};
use partita_engine::store::Store;
use partita_functions::{AppSpec, FunctionSpec};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// Applications and functions with ids.
pub struct Catalogue {
    pub(super) functions: Arc<Functions>,
    store: Arc<dyn Store>,
    pub(super) folder: PathBuf,
    pub(super) issuer: Issuer,
    state: RwLock<Arc<State>>,
    /// Held while it is changed, so that the store and the memory change in the same order.
    pub(super) changing: tokio::sync::Mutex<()>,
    pub(super) phases: Mutex<Phases>,
    pub(super) deployments: Semaphore,
    /// Deployments that wait or are under way.
    pub(super) pending: watch::Sender<usize>,
    pub(super) jobs: Jobs,
    pub(super) repeats: Repeats,
    pub(super) detached: Arc<Semaphore>,
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.state();
        f.debug_struct("Catalogue")
            .field("applications", &state.applications.len())
            .field("functions", &state.functions.len())
            .finish_non_exhaustive()
    }
}

/// An application to be made.
pub(crate) struct NewApplication {
    pub(crate) name: String,
    pub(crate) compartment: String,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) details: Map<String, Value>,
}

/// A function to be made. What is not given is as its code says, or as usual.
pub(crate) struct NewFunction {
    pub(crate) application: String,
    pub(crate) name: String,
    pub(crate) source: NewSource,
    pub(crate) config: BTreeMap<String, String>,
    pub(crate) memory_mb: Option<u64>,
    pub(crate) timeout_s: Option<u64>,
    pub(crate) idle_timeout_s: Option<u64>,
    pub(crate) detached_timeout_s: Option<u64>,
    pub(crate) details: Map<String, Value>,
}

/// Where a new function's code comes from.
pub(crate) enum NewSource {
    /// A function of the app's folder.
    Local(String),
    Archive {
        archive: Archive,
        runtime: Option<String>,
        handler: Option<String>,
    },
}

/// How a function's code is to change.
pub(crate) enum SourceChange {
    Local(String),
    /// What is not given stays as it was.
    Archive {
        archive: Option<Archive>,
        runtime: Option<String>,
        handler: Option<String>,
    },
}

impl Catalogue {
    /// Reads what the store holds. Calls of these functions wait until they are deployed
    /// ([`Catalogue::deploy_all`]). Unpacked code and keys are kept in `folder`.
    ///
    /// # Errors
    /// When the store fails, or what it holds cannot be read.
    pub async fn open(
        store: Arc<dyn Store>,
        functions: Arc<Functions>,
        folder: PathBuf,
    ) -> Result<Arc<Self>, CatalogueError> {
        let state = match store.setting(SETTING).await? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(CatalogueError::Unreadable)?,
            None => State::default(),
        };
        let issuer = Issuer::new(folder.join("principals"));
        let issuer = issuer.map_err(|error| CatalogueError::invalid("principals", error.to_string()))?;
        let catalogue = Arc::new(Self {
            functions,
            store,
            folder,
            issuer,
            state: RwLock::new(Arc::new(state)),
            changing: tokio::sync::Mutex::default(),
            phases: Mutex::default(),
            deployments: Semaphore::new(DEPLOYMENTS),
            pending: watch::Sender::new(0),
            jobs: Jobs::default(),
            repeats: Repeats::default(),
            detached: Arc::new(Semaphore::new(MOST_DETACHED)),
        });
        catalogue.forget_lost_code();
        for function in catalogue.state().functions.values() {
            catalogue.functions.announce(&function.address);
        }
        Ok(catalogue)
    }

    /// Begins to deploy all functions. Those of the app's folder have to be there by then: others may borrow their
    /// code.
    pub fn deploy_all(self: &Arc<Self>) {
        for function in self.state().functions.values() {
            self.deploy_soon(&function.id, &function.address, None);
        }
    }

    /// The names of the functions of the app's folder.
    #[must_use]
    pub fn of_files(&self) -> Vec<String> {
        let state = self.state();
        let fixed = state.functions.values().filter(|function| function.fixed.is_some());
        fixed.map(|function| function.name.clone()).collect()
    }

    /// Builds and starts those functions of the app's folder.
    pub fn deploy_named(self: &Arc<Self>, names: &[String]) {
        for function in self.state().functions.values().filter(|function| function.fixed.is_some()) {
            if names.contains(&function.name) {
                self.deploy_soon(&function.id, &function.address, None);
            }
        }
    }

    /// Adds the functions of an app's folder. Calls of them wait until they are deployed. What is there already of
    /// the same names is replaced if it came from files. Gives the functions that are called by another name than
    /// their own, because one that was made through an API has it, with that name.
    ///
    /// # Errors
    /// When an application of that name was made through an API, or there are too many functions.
    pub async fn add_static(
        self: &Arc<Self>,
        app: &AppSpec,
    ) -> Result<Vec<(String, String)>, CatalogueError> {
        let _changing = self.changing.lock().await;
        let mut state = State::clone(&self.state());
        let application = fixed_application(app);
        if state.application_called(&app.name).is_some_and(|other| !other.fixed) {
            return Err(CatalogueError::Taken { kind: Kind::Application, name: app.name.clone() });
        }
        let mut renamed = Vec::new();
        for spec in &app.functions {
            let id = Kind::Function.id_of(&[&app.name, &spec.name]);
            state.functions.remove(&id);
            state.admit_function(&application.id, &spec.name)?;
            let address = state.free_address(&app.name, &spec.name);
            self.functions.announce(&address);
            if address != spec.name {
                renamed.push((spec.name.clone(), address.clone()));
            }
            state.functions.insert(id.clone(), Arc::new(fixed_function(spec, id, &application.id, address)));
        }
        state.applications.insert(application.id.clone(), Arc::new(application));
        *self.state.write() = Arc::new(state);
        Ok(renamed)
    }

    pub(super) fn state(&self) -> Arc<State> {
        self.state.read().clone()
    }

    pub(crate) fn applications(&self) -> Vec<Arc<Application>> {
        self.state().applications.values().cloned().collect()
    }

    pub(crate) fn functions(&self) -> Vec<Arc<Function>> {
        self.state().functions.values().cloned().collect()
    }

    pub(crate) fn triggers(&self) -> Vec<Arc<Trigger>> {
        self.state().triggers.values().cloned().collect()
    }

    pub(crate) fn application(&self, id: &str) -> Result<Arc<Application>, CatalogueError> {
        self.state().application(id).cloned()
    }

    pub(crate) fn function(&self, id: &str) -> Result<Arc<Function>, CatalogueError> {
        self.state().function(id).cloned()
    }

    pub(crate) fn trigger(&self, id: &str) -> Result<Arc<Trigger>, CatalogueError> {
        self.state().trigger(id).cloned()
    }

    pub(crate) fn phase(&self, function: &Function) -> Phase {
        self.phases.lock().of(&function.id)
    }

    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.jobs.all()
    }

    /// The function of an id, or of a name by which it is called.
    pub(crate) fn find(&self, key: &str) -> Result<Arc<Function>, CatalogueError> {
        let state = self.state();
        let named = || state.functions.values().find(|function| function.address == key);
        let found = state.functions.get(key).or_else(named).cloned();
        found.ok_or_else(|| CatalogueError::missing(Kind::Function, key))
    }

    /// The function that HTTP requests to a path of an application reach.
    pub(crate) fn triggered(&self, application: &str, source: &str) -> Result<Arc<Function>, CatalogueError> {
        let state = self.state();
        let missing = || CatalogueError::missing(Kind::Trigger, source);
        let application = state.application_called(application).ok_or_else(missing)?;
        let leads =
            |trigger: &&Arc<Trigger>| trigger.application == application.id && trigger.source == source;
        let trigger = state.triggers.values().find(leads).ok_or_else(missing)?;
        state.function(&trigger.function).cloned()
    }

    /// Whose token it is, if it is one of a function that there is.
    pub(crate) fn principal(&self, token: &str) -> Option<Principal> {
        let principal = self.issuer.verify(token, now_ms() / 1000)?;
        self.state().functions.contains_key(&principal.function).then_some(principal)
    }

    /// Changes the catalogue: in the store, then in memory.
    async fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, CatalogueError>,
    ) -> Result<T, CatalogueError> {
        let mut state = State::clone(&self.state());
        let outcome = change(&mut state)?;
        let bytes = serde_json::to_vec(&state.kept()).map_err(CatalogueError::Unreadable)?;
        self.store.set_setting(SETTING, Some(&bytes)).await?;
        *self.state.write() = Arc::new(state);
        Ok(outcome)
    }

    /// Makes an application; also gives the id of the job, which is done.
    pub(crate) async fn create_application(
        &self,
        new: NewApplication,
    ) -> Result<(Arc<Application>, String), CatalogueError> {
        check_config(&new.config)?;
        let _changing = self.changing.lock().await;
        let now = now_ms();
        let application = Arc::new(Application {
            id: Kind::Application.new_id(),
            name: new.name,
            compartment: new.compartment,
            config: new.config,
            details: new.details,
            created: now,
            updated: now,
            version: 1,
            fixed: false,
        });
        let added = application.clone();
        self.change(|state| {
            state.admit_application(&added.name)?;
            state.applications.insert(added.id.clone(), added);
            Ok(())
        })
        .await?;
        let job = self.done(Change::Create, Kind::Application, &application.id, &application.compartment);
        Ok((application, job))
    }

    /// Changes an application, and deploys its functions anew. `expected` is the state that the caller knows.
    pub(crate) async fn update_application(
        self: &Arc<Self>,
        id: &str,
        expected: Option<&str>,
        change: impl FnOnce(&mut Application) -> Result<(), CatalogueError>,
    ) -> Result<(Arc<Application>, String), CatalogueError> {
        let _changing = self.changing.lock().await;
        let application = self.change(|state| {
            let mut application = Application::clone(state.application(id)?);
            changeable(application.fixed, Kind::Application, &application.name)?;
            fresh(Kind::Application, expected, application.version)?;
            change(&mut application)?;
            check_config(&application.config)?;
            application.updated = now_ms();
            application.version += 1;
            let application = Arc::new(application);
            state.applications.insert(application.id.clone(), application.clone());
            Ok(application)
        });
        let application = application.await?;
        for function in self.state().of_application(id) {
            self.deploy_soon(&function.id, &function.address, None);
        }
        let job = self.done(Change::Update, Kind::Application, id, &application.compartment);
        Ok((application, job))
    }

    /// Takes an application away that has no functions.
    pub(crate) async fn delete_application(
        &self,
        id: &str,
        expected: Option<&str>,
    ) -> Result<String, CatalogueError> {
        let _changing = self.changing.lock().await;
        let compartment = self.change(|state| {
            let application = state.application(id)?.clone();
            changeable(application.fixed, Kind::Application, &application.name)?;
            fresh(Kind::Application, expected, application.version)?;
            let functions = state.of_application(id).count();
            if functions > 0 {
                return Err(CatalogueError::InUse { name: application.name.clone(), functions });
            }
            state.applications.remove(id);
            Ok(application.compartment.clone())
        });
        Ok(self.done(Change::Delete, Kind::Application, id, &compartment.await?))
    }

    /// Makes a function, and begins to deploy it; the job ends with the deployment.
    pub(crate) async fn create_function(
        self: &Arc<Self>,
        new: NewFunction,
    ) -> Result<(Arc<Function>, String), CatalogueError> {
        let id = Kind::Function.new_id();
        self.state().application(&new.application)?;
        self.state().admit_function(&new.application, &new.name)?;
        let (source, spec) = self.take_source(&id, new.source).await?;
        let _changing = self.changing.lock().await;
        let now = now_ms();
        let mut function = Function {
            id: id.clone(),
            application: new.application,
            name: new.name,
            address: String::new(),
            config: new.config,
            memory_mb: new.memory_mb.unwrap_or(spec.memory_mb),
            timeout_s: new.timeout_s.unwrap_or(spec.timeout.as_secs()),
            idle_timeout_s: new.idle_timeout_s.unwrap_or(spec.idle_timeout.as_secs()),
            detached_timeout_s: new.detached_timeout_s,
            source,
            details: new.details,
            created: now,
            updated: now,
            version: 1,
            fixed: None,
        };
        let added = self.change(|state| {
            check(&function)?;
            let application = state.application(&function.application)?.clone();
            changeable(application.fixed, Kind::Application, &application.name)?;
            state.admit_function(&function.application, &function.name)?;
            function.address = state.free_address(&application.name, &function.name);
            let function = Arc::new(function);
            state.functions.insert(function.id.clone(), function.clone());
            Ok((function, application.compartment.clone()))
        });
        let added = added.await;
        if added.is_err() {
            self.forget_old_code(&id);
        }
        let (function, compartment) = added?;
        let job = self.begun(Change::Create, &function.id, &compartment);
        self.deploy_soon(&function.id, &function.address, Some(job.clone()));
        Ok((function, job))
    }

    /// Changes a function, and begins to deploy it anew. `expected` is the state that the caller knows.
    pub(crate) async fn update_function(
        self: &Arc<Self>,
        id: &str,
        expected: Option<&str>,
        source: Option<SourceChange>,
        change: impl FnOnce(&mut Function) -> Result<(), CatalogueError>,
    ) -> Result<(Arc<Function>, String), CatalogueError> {
        let _changing = self.changing.lock().await;
        let before = self.function(id)?;
        changeable(before.fixed.is_some(), Kind::Function, &before.name)?;
        fresh(Kind::Function, expected, before.version)?;
        let source = match source {
            Some(source) => Some(self.change_source(&before, source).await?),
            None => None,
        };
        let changed = self.change(|state| {
            let mut function = Function::clone(state.function(id)?);
            fresh(Kind::Function, expected, function.version)?;
            change(&mut function)?;
            function.source = source.unwrap_or(function.source);
            check(&function)?;
            function.updated = now_ms();
            function.version += 1;
            let function = Arc::new(function);
            state.functions.insert(function.id.clone(), function.clone());
            Ok((function.clone(), state.application(&function.application)?.compartment.clone()))
        });
        let (function, compartment) = changed.await?;
        let job = self.begun(Change::Update, id, &compartment);
        self.deploy_soon(id, &function.address, Some(job.clone()));
        Ok((function, job))
    }

    /// Takes a function away, with the triggers that lead to it. Calls under way end.
    pub(crate) async fn delete_function(
        &self,
        id: &str,
        expected: Option<&str>,
    ) -> Result<String, CatalogueError> {
        let _changing = self.changing.lock().await;
        let removed = self.change(|state| {
            let function = state.function(id)?.clone();
            changeable(function.fixed.is_some(), Kind::Function, &function.name)?;
            fresh(Kind::Function, expected, function.version)?;
            state.functions.remove(id);
            state.triggers.retain(|_, trigger| trigger.function != id);
            Ok((function.clone(), state.application(&function.application)?.compartment.clone()))
        });
        let (function, compartment) = removed.await?;
        self.functions.remove(&function.address);
        self.phases.lock().forget(id);
        self.issuer.forget(id);
        self.forget_old_code(id);
        Ok(self.done(Change::Delete, Kind::Function, id, &compartment))
    }

    /// Adds a trigger, or changes one to what it is now.
    pub(crate) async fn put_trigger(&self, trigger: Trigger) -> Result<Arc<Trigger>, CatalogueError> {
        let _changing = self.changing.lock().await;
        let trigger = Arc::new(trigger);
        let added = trigger.clone();
        self.change(|state| {
            state.admit_trigger(&added)?;
            state.triggers.insert(added.id.clone(), added);
            Ok(())
        })
        .await?;
        Ok(trigger)
    }

    pub(crate) async fn delete_trigger(&self, id: &str) -> Result<(), CatalogueError> {
        let _changing = self.changing.lock().await;
        self.change(|state| {
            state.trigger(id)?;
            state.triggers.remove(id);
            Ok(())
        })
        .await
    }

    /// Takes in where a new function's code is, and says what the code itself tells.
    async fn take_source(
        self: &Arc<Self>,
        id: &str,
        source: NewSource,
    ) -> Result<(Source, FunctionSpec), CatalogueError> {
        match source {
            NewSource::Local(address) => {
                let spec = spec::local(&self.state(), &address)?;
                Ok((Source::Local { address }, spec))
            }
            NewSource::Archive { archive, runtime, handler } => {
                let sha256 = archive.sha256.clone();
                let spec = self.unpack(id, Some(archive), &sha256, runtime.clone(), handler.clone()).await?;
                Ok((Source::Archive { sha256, runtime, handler }, spec))
            }
        }
    }

    async fn change_source(
        self: &Arc<Self>,
        function: &Function,
        change: SourceChange,
    ) -> Result<Source, CatalogueError> {
        let (archive, runtime, handler) = match change {
            SourceChange::Local(address) => {
                let (source, _) = self.take_source(&function.id, NewSource::Local(address)).await?;
                return Ok(source);
            }
            SourceChange::Archive { archive, runtime, handler } => (archive, runtime, handler),
        };
        let (old_sha256, old_runtime, old_handler) = match &function.source {
            Source::Archive { sha256, runtime, handler } => (Some(sha256), runtime.clone(), handler.clone()),
            _ => (None, None, None),
        };
        let sha256 = archive.as_ref().map(|archive| &archive.sha256).or(old_sha256).cloned();
        let sha256 = sha256.ok_or_else(|| {
            CatalogueError::invalid(
                "sourceDetails.archiveSourceDetails",
                "it is missing, and there was no archive before",
            )
        })?;
        let (runtime, handler) = (runtime.or(old_runtime), handler.or(old_handler));
        self.unpack(&function.id, archive, &sha256, runtime.clone(), handler.clone()).await?;
        Ok(Source::Archive { sha256, runtime, handler })
    }

    /// Unpacks an archive, unless it is there already, and says what the code tells of itself.
    async fn unpack(
        self: &Arc<Self>,
        id: &str,
        archive: Option<Archive>,
        sha256: &str,
        runtime: Option<String>,
        handler: Option<String>,
    ) -> Result<FunctionSpec, CatalogueError> {
        let folder = code_folder(&self.folder, id, sha256);
        let unpacked = tokio::task::spawn_blocking(move || {
            if let Some(archive) = archive {
                archive.unpack(&folder)?;
            }
            spec::of_archive(&folder, "function", runtime.as_deref(), handler.as_deref())
        });
        let outcome =
            unpacked.await.unwrap_or_else(|error| Err(CatalogueError::invalid("archive", error.to_string())));
        if outcome.is_err() {
            self.forget_old_code(id);
        }
        outcome
    }

    /// Removes a function's code except that which it has now.
    pub(super) fn forget_old_code(&self, id: &str) {
        let state = self.state();
        let current = match state.functions.get(id).map(|function| &function.source) {
            Some(Source::Archive { sha256, .. }) => Some(sha256.as_str()),
            _ => None,
        };
        let folder = self.folder.join("code").join(id);
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_name().to_str() != current {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let _ = std::fs::remove_dir(&folder); // it stays when there is something in it
    }

    /// Removes the code and the keys of functions that are not there, for example because the process ended while one
    /// was made.
    fn forget_lost_code(&self) {
        for entry in std::fs::read_dir(self.folder.join("code")).into_iter().flatten().flatten() {
            if let Some(id) = entry.file_name().to_str() {
                self.forget_old_code(id);
            }
        }
    }

    fn begun(&self, change: Change, id: &str, compartment: &str) -> String {
        self.jobs.begin(change, Kind::Function, id, compartment, now_ms())
    }

    fn done(&self, change: Change, kind: Kind, id: &str, compartment: &str) -> String {
        let now = now_ms();
        let job = self.jobs.begin(change, kind, id, compartment, now);
        self.jobs.end(&job, Ok(()), now);
        job
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn fixed_application(app: &AppSpec) -> Application {
    let now = now_ms();
    Application {
        id: Kind::Application.id_of(&[&app.name]),
        name: app.name.clone(),
        compartment: FOLDER_COMPARTMENT.to_owned(),
        config: app.config.clone(),
        details: Map::new(),
        created: now,
        updated: now,
        version: 1,
        fixed: true,
    }
}

fn fixed_function(spec: &FunctionSpec, id: String, application: &str, address: String) -> Function {
    let now = now_ms();
    Function {
        id,
        application: application.to_owned(),
        name: spec.name.clone(),
        address,
        config: spec.config.clone(),
        memory_mb: spec.memory_mb,
        timeout_s: spec.timeout.as_secs(),
        idle_timeout_s: spec.idle_timeout.as_secs(),
        detached_timeout_s: None,
        source: Source::Folder,
        details: Map::new(),
        created: now,
        updated: now,
        version: 1,
        fixed: Some(Arc::new(spec.clone())),
    }
}

/// The name of a state, by which a caller says which one it knows.
pub(crate) fn etag(version: u64) -> String {
    version.to_string()
}

fn fresh(kind: Kind, expected: Option<&str>, version: u64) -> Result<(), CatalogueError> {
    let current = etag(version);
    match expected.map(|expected| expected.trim_matches('"')) {
        Some(expected) if expected != current && expected != "*" => {
            Err(CatalogueError::Stale { kind, expected: expected.to_owned(), current })
        }
        _ => Ok(()),
    }
}

fn changeable(fixed: bool, kind: Kind, name: &str) -> Result<(), CatalogueError> {
    if fixed { Err(CatalogueError::Fixed { kind, name: name.to_owned() }) } else { Ok(()) }
}

fn check(function: &Function) -> Result<(), CatalogueError> {
    let within = |field: &'static str, value: u64, least: u64, most: u64| match (least..=most)
        .contains(&value)
    {
        true => Ok(()),
        false => Err(CatalogueError::invalid(field, format!("{value} is not between {least} and {most}"))),
    };
    check_config(&function.config)?;
    within("memoryInMBs", function.memory_mb, 1, 8192)?;
    within("timeoutInSeconds", function.timeout_s, 1, 300)?;
    within("idle_timeout", function.idle_timeout_s, 1, 3600)?;
    within("detachedModeTimeoutInSeconds", function.detached_timeout_s.unwrap_or(5), 5, 3600)
}

/// The most bytes of a configuration's names and values.
const CONFIG_BYTES: usize = 4096;

fn check_config(config: &BTreeMap<String, String>) -> Result<(), CatalogueError> {
    let bytes: usize = config.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > CONFIG_BYTES {
        return Err(CatalogueError::invalid(
            "config",
            format!("it has {bytes} bytes, and may have {CONFIG_BYTES}"),
        ));
    }
    let wrong = config
        .iter()
        .find(|(name, value)| name.is_empty() || name.contains(['=', '\0']) || value.contains('\0'));
    match wrong {
        Some((name, _)) => Err(CatalogueError::invalid(
            "config",
            format!("{name:?} cannot be the name of an environment variable"),
        )),
        None => Ok(()),
    }
}
