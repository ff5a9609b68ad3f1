//! How records become functions of the host.

use super::super::Deployment;
use super::error::CatalogueError;
use super::live::{Catalogue, now_ms};
use super::spec;
use partita_functions::{DeployError, FunctionSpec};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Deployments at a time.
pub(super) const DEPLOYMENTS: usize = 4;

/// How long a client waits for a change to be in effect.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where a function's deployment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It is being deployed for the first time.
    Creating,
    /// It takes calls, and is being deployed again.
    Updating,
    /// It takes calls.
    Active,
    /// It could not be deployed.
    Failed(String),
}

/// Deployments that wait or are under way, and what became of the last ones.
#[derive(Default)]
pub(super) struct Phases {
    /// By the function's id: how many are to come, and the phase.
    phases: HashMap<String, (usize, Phase)>,
    /// By address: only one at a time, in the order in which they were asked for.
    turns: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
}

impl Phases {
    fn begin(&mut self, id: &str, address: &str) -> Arc<tokio::sync::Mutex<()>> {
        let (waiting, phase) = self.phases.entry(id.to_owned()).or_insert((0, Phase::Creating));
        if *waiting == 0 && *phase == Phase::Active {
            *phase = Phase::Updating;
        }
        *waiting += 1;
        self.turns.entry(address.to_owned()).or_default().clone()
    }

    fn end(&mut self, id: &str, outcome: Result<(), String>) {
        let Some((waiting, phase)) = self.phases.get_mut(id) else { return };
        *waiting = waiting.saturating_sub(1);
        match outcome {
            _ if *waiting > 0 => {}
            Ok(()) => *phase = Phase::Active,
            Err(reason) => *phase = Phase::Failed(reason),
        }
    }

    pub(super) fn forget(&mut self, id: &str) {
        self.phases.remove(id);
    }

    pub(super) fn of(&self, id: &str) -> Phase {
        self.phases.get(id).map_or(Phase::Creating, |(_, phase)| phase.clone())
    }
}

impl Catalogue {
    /// Deploys what the catalogue says of a function, after what is under way for its name.
    pub(super) fn deploy_soon(self: &Arc<Self>, id: &str, address: &str, job: Option<String>) {
        self.functions.announce(address);
        self.pending.send_modify(|pending| *pending += 1);
        let turn = self.phases.lock().begin(id, address);
        let (catalogue, id, address) = (self.clone(), id.to_owned(), address.to_owned());
        tokio::spawn(async move {
            let turn = turn.lock_owned().await;
            let outcome = catalogue.deploy(&id, &address).await;
            if let Err(reason) = &outcome {
                tracing::warn!(function = address, reason, "a function could not be deployed");
            }
            catalogue.phases.lock().end(&id, outcome.clone());
            if let Some(job) = job {
                catalogue.jobs.end(&job, outcome, now_ms());
            }
            catalogue.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
            drop(turn);
        });
    }

    /// Resolves when the last changes of these functions are in effect, or could not be brought into effect; but not
    /// later than a client may be expected to wait.
    pub(crate) async fn in_effect(&self, application: &str, function: Option<&str>) {
        let busy = |_: &usize| {
            let (state, phases) = (self.state(), self.phases.lock());
            let mut concerned = state
                .of_application(application)
                .filter(|one| function.is_none_or(|function| function == one.id));
            concerned.any(|one| matches!(phases.of(&one.id), Phase::Creating | Phase::Updating))
        };
        let mut pending = self.pending.subscribe();
        let _ = tokio::time::timeout(LONGEST_WAIT, pending.wait_for(|pending| !busy(pending))).await;
    }

    /// Resolves when nothing is being deployed, and gives the names of functions that could not be deployed, with the
    /// reasons.
    pub async fn settled(&self) -> Vec<(String, String)> {
        let mut pending = self.pending.subscribe();
        let _ = pending.wait_for(|pending| *pending == 0).await; // the sender lives as long as this
        let (state, phases) = (self.state(), self.phases.lock());
        let failed = state.functions.values().filter_map(|function| match phases.of(&function.id) {
            Phase::Failed(reason) => Some((function.address.clone(), reason)),
            Phase::Creating | Phase::Updating | Phase::Active => None,
        });
        failed.collect()
    }

    async fn deploy(self: &Arc<Self>, id: &str, address: &str) -> Result<(), String> {
        let _permit = self.deployments.acquire().await.map_err(|error| error.to_string())?;
        let outcome = match self.spec_of(id).await {
            Ok(spec) => self.functions.deploy(spec).await.map_err(|error| (error.to_string(), error)),
            Err(CatalogueError::Missing { .. }) => return Ok(()), // deleted meanwhile
            Err(error) => {
                let reason = error.to_string();
                if let Some(sender) = self.functions.hosted.read().get(address) {
                    sender.send_replace(Deployment::Failed(reason.clone()));
                }
                return Err(reason);
            }
        };
        let wanted = self.state().functions.values().any(|function| function.address == address);
        if !wanted {
            self.functions.remove(address);
        }
        {
            let _changing = self.changing.lock().await; // new code is unpacked under this lock
            self.forget_old_code(id);
        }
        match outcome {
            Ok(()) | Err((_, DeployError::Start(_))) => Ok(()), // a call says what is wrong with its code
            Err((reason, _)) => Err(reason),
        }
    }

    /// What the host is told of a function. Reading files and making a key are kept off the threads that serve.
    async fn spec_of(self: &Arc<Self>, id: &str) -> Result<FunctionSpec, CatalogueError> {
        let state = self.state();
        let function = state.function(id)?.clone();
        let application = state.application(&function.application)?.clone();
        let catalogue = self.clone();
        let made = tokio::task::spawn_blocking(move || {
            let mut spec = spec::spec(&catalogue.folder, &state, &application, &function)?;
            match catalogue.issuer.environment(&application, &function, now_ms() / 1000) {
                Ok(principal) => spec.env.extend(principal),
                Err(error) => tracing::warn!(function = function.address, %error, "it cannot sign requests"),
            }
            Ok(spec)
        });
        made.await.unwrap_or_else(|error| Err(CatalogueError::invalid("function", error.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_deployment_decides() {
        let mut phases = Phases::default();
        phases.begin("f", "f");
        assert_eq!(phases.of("f"), Phase::Creating);
        phases.begin("f", "f");
        phases.end("f", Err("first".to_owned()));
        assert_eq!(phases.of("f"), Phase::Creating);
        phases.end("f", Ok(()));
        assert_eq!(phases.of("f"), Phase::Active);
        phases.begin("f", "f");
        assert_eq!(phases.of("f"), Phase::Updating);
        phases.end("f", Err("why".to_owned()));
        assert_eq!(phases.of("f"), Phase::Failed("why".to_owned()));
        phases.forget("f");
        phases.end("f", Ok(()));
        assert_eq!(phases.of("f"), Phase::Creating);
    }
}
