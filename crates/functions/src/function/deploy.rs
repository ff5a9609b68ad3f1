//! New code for a function.

use super::{Function, State};
use crate::environment::Environment;
use crate::error::{CallError, DeployError};
use crate::isolation::open_to_writers;
use crate::process::{Generation, Process, ZygoteCell};
use crate::spec::FunctionSpec;
use crate::stage::Stage;
use crate::status::HostEvent;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The most bytes of a build's output that are kept, with a function that is broken because of it.
const OUTPUT_KEPT: usize = 16 << 10;

impl Function {
    /// Builds what the code needs, starts a first process with it, and lets it take over. Until then the earlier code
    /// goes on; if the new code cannot be built, for good.
    ///
    /// # Errors
    /// Also when the code does not load: then the function is broken, and calls say why.
    pub(crate) async fn deploy(self: &Arc<Self>, spec: FunctionSpec) -> Result<(), DeployError> {
        let _one = self.deploying.lock().await;
        self.replace(spec).await
    }

    /// Deploys what the function is when its turn comes; once for all changes until then.
    pub(crate) async fn redeploy(self: &Arc<Self>, spec: impl FnOnce() -> Option<FunctionSpec>) {
        if self.redeploying.swap(true, Ordering::AcqRel) {
            return;
        }
        let waits = Waits(&self.redeploying);
        let _one = self.deploying.lock().await;
        drop(waits);
        if let Some(spec) = spec()
            && let Err(error) = self.replace(spec).await
        {
            tracing::debug!(%error, "a changed function was not reloaded");
        }
    }

    async fn replace(self: &Arc<Self>, spec: FunctionSpec) -> Result<(), DeployError> {
        let spec = Arc::new(spec);
        self.state.lock().spec.get_or_insert_with(|| spec.clone());
        match self.build(&spec).await {
            Ok(generation) => self.put_to_work(generation).await,
            Err(error) => {
                self.could_not_build(&spec, &error);
                Err(error)
            }
        }
    }

    async fn build(&self, spec: &Arc<FunctionSpec>) -> Result<Arc<Generation>, DeployError> {
        let environment = self.environment(spec).await?;
        let user = self.user.filter(|_| environment.open);
        if self.user.is_some() && user.is_none() {
            let program = environment.program.display();
            self.host.warn_once(&format!(
                "functions that {program} runs keep the user of this process, because other users cannot run it"
            ));
        }
        self.check_writable(spec, user)?;
        let (number, earlier) = {
            let mut state = self.state.lock();
            state.generations += 1;
            (state.generations, state.generation.as_ref().map(|generation| generation.zygote.clone()))
        };
        let stage = self.stage(spec, number).await?;
        let zygote = ZygoteCell::reuse(earlier.as_ref(), spec, &environment, user);
        let (spec, place) = (spec.clone(), self.place.clone());
        Ok(Arc::new(Generation { number, spec, environment, stage, user, place, zygote }))
    }

    async fn environment(&self, spec: &FunctionSpec) -> Result<Environment, DeployError> {
        let started = std::sync::Once::new();
        let line = |line: String| {
            let function = self.name.clone();
            started.call_once(|| self.host.tell(HostEvent::BuildStarted { function: function.clone() }));
            self.host.tell(HostEvent::BuildLine { function, line });
        };
        let built = self.host.environments.ensure(spec, &line).await;
        built.map_err(|error| DeployError::Environment {
            function: self.name.clone(),
            reason: error.reason,
            output: error.output,
        })
    }

    async fn stage(&self, spec: &Arc<FunctionSpec>, number: u64) -> Result<Stage, DeployError> {
        let (spec, host) = (spec.clone(), self.host.clone());
        let target = self.place.stages.join(number.to_string());
        let copy = move || {
            let source = crate::isolation::whole(&spec.folder);
            let entry = source.join(&spec.entrypoint.file);
            if !entry.is_file() {
                return Err(std::io::Error::other(format!("there is no file {}", entry.display())));
            }
            let hidden = |path: &std::path::Path| host.sandbox.is_hidden(path);
            Stage::copy(&source, target, host.config.limits.code_bytes, hidden)
        };
        let copied = tokio::task::spawn_blocking(copy).await.map_err(std::io::Error::other).flatten();
        copied.map_err(|error| DeployError::Io {
            function: self.name.clone(),
            what: "its files cannot be staged".to_owned(),
            error: error.to_string(),
        })
    }

    fn check_writable(&self, spec: &FunctionSpec, user: Option<u32>) -> Result<(), DeployError> {
        for path in &spec.writable {
            let shown = path.display();
            let invalid = |reason: String| DeployError::Invalid { function: self.name.clone(), reason };
            if let Some(hidden) = self.host.sandbox.hidden_under(path) {
                return Err(invalid(format!("it may not write {shown}, because of {}", hidden.display())));
            }
            if !path.exists() {
                return Err(invalid(format!("{shown}, which it is to write, does not exist")));
            }
            if user.is_some() {
                open_to_writers(path)
                    .map_err(|error| invalid(format!("{shown} cannot be opened to it: {error}")))?;
            }
        }
        Ok(())
    }

    fn could_not_build(&self, spec: &Arc<FunctionSpec>, error: &DeployError) {
        let (function, reason) = (self.name.clone(), brief(error).to_string());
        let mut state = self.state.lock();
        state.counts.last_error = Some(reason.clone());
        if state.generation.is_some() && state.broken.is_none() {
            drop(state);
            self.host.tell(HostEvent::ReloadFailed { function, reason });
            return;
        }
        state.spec = Some(spec.clone());
        let output = match error {
            DeployError::Environment { output, .. } => last_part(output).to_owned(),
            _ => String::new(),
        };
        let broken =
            CallError::Broken { function: function.clone(), reason: short(error), exception: None, output };
        state.broken = Some(broken);
        drop(state);
        self.host.tell(HostEvent::Broken { function, reason });
    }

    async fn put_to_work(self: &Arc<Self>, generation: Arc<Generation>) -> Result<(), DeployError> {
        let began = Instant::now();
        let started = generation.start(&self.host).await;
        let function = self.name.clone();
        let mut state = self.state.lock();
        if state.removed {
            return Err(DeployError::Stopping);
        }
        let is_reload = state.generation.is_some();
        let gone = state.take_over(generation);
        match started {
            Ok(process) => {
                state.broken = None;
                state.counts.started(began);
                state.counts.reloads += u64::from(is_reload);
                self.hand_out(&mut state, process);
                self.balance(&mut state);
                drop(state);
                drop(gone);
                let ready = HostEvent::Ready { function: function.clone() };
                self.host.tell(if is_reload { HostEvent::Reloaded { function } } else { ready });
                Ok(())
            }
            Err(error) => {
                let reason = error.to_string();
                let broken = broken(&error);
                for waiter in std::mem::take(&mut state.waiting) {
                    let _ = waiter.slot.send(Err(broken.clone())); // a call that stopped waiting needs no answer
                }
                state.broken = Some(broken);
                state.counts.last_error = Some(reason.clone());
                drop(state);
                drop(gone);
                self.host.tell(HostEvent::Broken { function, reason });
                Err(DeployError::Start(error))
            }
        }
    }
}

impl State {
    /// Makes a generation the current one. The processes of the earlier one that wait are returned, to be ended.
    fn take_over(&mut self, generation: Arc<Generation>) -> Vec<(Process, Instant)> {
        self.spec = Some(generation.spec.clone());
        self.generation = Some(generation);
        self.starting = 0;
        self.busy = 0;
        self.start_failed = None;
        std::mem::take(&mut self.idle)
    }
}

/// What calls are told while the code does not load.
fn broken(error: &CallError) -> CallError {
    match error.clone() {
        CallError::StartFailed { function, reason, exception, output } => {
            CallError::Broken { function, reason, exception, output }
        }
        CallError::StartTimeout { function, limit, output } => {
            let reason = format!("its code was not loaded within {} ms", limit.as_millis());
            CallError::Broken { function, reason, exception: None, output }
        }
        other => other,
    }
}

/// The error with only the end of what a build printed.
fn brief(error: &DeployError) -> Cow<'_, DeployError> {
    match error {
        DeployError::Environment { function, reason, output } if output.len() > OUTPUT_KEPT => {
            let (function, reason) = (function.clone(), reason.clone());
            Cow::Owned(DeployError::Environment { function, reason, output: last_part(output).to_owned() })
        }
        error => Cow::Borrowed(error),
    }
}

fn last_part(output: &str) -> &str {
    let mut start = output.len().saturating_sub(OUTPUT_KEPT);
    while !output.is_char_boundary(start) {
        start += 1;
    }
    output.get(start..).unwrap_or_default()
}

/// That somebody waits for a turn, until it has come or is given up.
struct Waits<'a>(&'a AtomicBool);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn short(error: &DeployError) -> String {
    match error {
        DeployError::Environment { reason, .. } => format!("its environment could not be built: {reason}"),
        DeployError::Io { what, error, .. } => format!("{what}: {error}"),
        DeployError::Invalid { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}
