//! Why an instance waits, in words and in facts.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::executor::Workflow;
use crate::partition::Input;
use crate::view::decode_stored;
use partita_kernel::instance::{Phase, SetAside};
use partita_kernel::{Instance, InstanceId, Name, Payload, Status, Timestamp};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::oneshot;

/// The answer to "why does it not go on?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The instance.
    pub id: InstanceId,
    /// Where it stands.
    pub status: Status,
    /// What it waits for; more than one thing when it waits for any or all of them.
    pub reasons: Vec<Reason>,
}

/// One thing that an instance waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It has ended.
    Ended {
        /// When.
        at: Timestamp,
    },
    /// It is to begin later.
    Scheduled {
        /// When.
        at: Timestamp,
    },
    /// It was accepted and is about to begin, or has messages to take in.
    Ready,
    /// Somebody suspended it.
    Suspended,
    /// It was set aside.
    SetAside(SetAside),
    /// Its next turn waits for somebody who runs its workflow.
    Unclaimed {
        /// The workflow.
        workflow: Name,
        /// The workflow's version.
        version: Option<Name>,
        /// Since when the turn is offered.
        since: Timestamp,
        /// How many times in a row the turn was taken and abandoned.
        abandonments: u32,
        /// When it is offered again, if it waits for that.
        retry_at: Option<Timestamp>,
    },
    /// A worker has its turn.
    WithWorker {
        /// The workflow.
        workflow: Name,
        /// Which worker.
        worker: Name,
        /// Since when.
        since: Timestamp,
    },
    /// A function is being called for it.
    Calling {
        /// Which command asked for it.
        task_id: i32,
        /// The function.
        name: Name,
        /// Since when; `None` while the call waits for a free place.
        since: Option<Timestamp>,
        /// When it was asked for.
        scheduled_at: Timestamp,
        /// Whether anybody here offers the function.
        offered: bool,
    },
    /// It waits for a sub-orchestration.
    SubOrchestration {
        /// Which command asked for it.
        task_id: i32,
        /// Its id.
        instance: InstanceId,
        /// Its workflow.
        name: Name,
        /// Where it stands; `None` while it does not exist.
        status: Option<Status>,
    },
    /// It waits for a timer.
    Timer {
        /// Which command asked for it.
        timer_id: i32,
        /// When it is due.
        fire_at: Timestamp,
    },
    /// It waits for an entity's operation.
    Entity {
        /// Which command asked for it.
        task_id: i32,
        /// The entity.
        entity: InstanceId,
        /// The operation.
        operation: Name,
        /// Since when.
        since: Timestamp,
    },
    /// It waits until all entities of a critical section are locked.
    Lock {
        /// Which command asked for it.
        task_id: i32,
        /// The entities, in the order in which they are locked.
        entities: Vec<InstanceId>,
        /// Since when.
        since: Timestamp,
    },
    /// It waits for an external event.
    Event {
        /// Its name.
        name: Name,
    },
    /// The store has no room.
    StoreFull,
    /// The server is stopping.
    Stopping,
}

impl Engine {
    /// Why an instance waits; `None` when there is no such instance.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn why(&self, id: &InstanceId) -> Result<Option<Why>, EngineError> {
        let shared = self.shared();
        let stored = shared.store.load(id).await?.filter(|_| !id.is_entity());
        let Some(stored) = stored else { return Ok(None) };
        let instance = decode_stored(&stored)?;
        let state = &instance.state;
        let mut reasons = Vec::new();
        if shared.stopping.load(Relaxed) {
            reasons.push(Reason::Stopping);
        }
        if shared.store_full.load(Relaxed) {
            reasons.push(Reason::StoreFull);
        }
        match &state.phase {
            Phase::Finished { at, .. } => reasons.push(Reason::Ended { at: *at }),
            Phase::Pending => reasons.extend(instance.head.scheduled_at.map(|at| Reason::Scheduled { at })),
            Phase::Suspended => reasons.push(Reason::Suspended),
            Phase::Running => {}
        }
        reasons.extend(state.set_aside.as_deref().cloned().map(Reason::SetAside));
        reasons.extend(self.turn_out(&instance).await);
        let running = shared.partition_of(id).map(|partition| partition.running.of(id)).unwrap_or_default();
        for (task_id, task) in &state.tasks {
            reasons.push(Reason::Calling {
                task_id: *task_id,
                name: task.name.clone(),
                since: running.iter().find(|(running, _)| running == task_id).map(|(_, call)| call.since),
                scheduled_at: task.scheduled_at,
                offered: shared.registry.function(&task.name).is_some(),
            });
        }
        for (task_id, child) in &state.children {
            let status = self.get(&child.instance).await?.map(|view| view.status);
            let (instance, name) = (child.instance.clone(), child.name.clone());
            reasons.push(Reason::SubOrchestration { task_id: *task_id, instance, name, status });
        }
        reasons.extend(state.requests.values().map(|request| Reason::Entity {
            task_id: request.task_id,
            entity: request.target.clone(),
            operation: request.operation.clone(),
            since: request.asked_at,
        }));
        let asked = state.sections.values().filter(|section| !section.held);
        reasons.extend(asked.map(|section| Reason::Lock {
            task_id: section.task_id,
            entities: section.entities.clone(),
            since: section.asked_at,
        }));
        reasons.extend(state.waiting_for.iter().map(|name| Reason::Event { name: name.clone() }));
        let timers = state.timers.iter().map(|(fire_at, timer_id)| Reason::Timer { timer_id, fire_at });
        reasons.extend(timers);
        if reasons.is_empty() {
            reasons.push(Reason::Ready);
        }
        Ok(Some(Why { id: id.clone(), status: instance.status(), reasons }))
    }

    /// What is to be said of a turn that somebody else runs. Only the instance's owner knows, and one that
    /// does not answer is stalled, which other reasons tell.
    async fn turn_out(&self, instance: &Instance) -> Option<Reason> {
        const PATIENCE: Duration = Duration::from_secs(1);
        let (shared, head) = (self.shared(), &instance.head);
        let workflow = shared.registry.workflow(&head.name, head.version.as_deref())?;
        if instance.status().is_terminal() || matches!(workflow, Workflow::Here(_)) {
            return None;
        }
        let (reply, answer) = oneshot::channel();
        let look = Input::Look { target: instance.id.clone(), reply };
        shared.partition_of(&instance.id)?.inbox.send(look).ok()?;
        let out = tokio::time::timeout(PATIENCE, answer).await.ok()?.ok()??;
        let workflow = head.name.clone();
        Some(match out.worker {
            Some((worker, since)) => Reason::WithWorker { workflow, worker, since },
            None => Reason::Unclaimed {
                workflow,
                version: head.version.clone(),
                since: out.since,
                abandonments: out.abandonments,
                retry_at: out.retry_at,
            },
        })
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ended { .. } => f.write_str("it has ended"),
            Self::Scheduled { .. } => f.write_str("it is scheduled to begin later"),
            Self::Ready => f.write_str("it is about to take its next step"),
            Self::Suspended => f.write_str("it is suspended; resume it"),
            Self::SetAside(aside) => {
                let again = match aside.retry_at {
                    Some(_) => "it will be tried again by itself",
                    None => "resume it when the cause is mended",
                };
                write!(f, "it was set aside after {} failed turns, {again}: {}", aside.attempts, aside.reason)
            }
            Self::Unclaimed { workflow, version, abandonments, retry_at, .. } => {
                let version = version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
                match (abandonments, retry_at) {
                    (0, _) => write!(f, "it waits for a worker that runs {workflow:?}{version}"),
                    (_, None) => write!(
                        f,
                        "it waits for a worker that runs {workflow:?}{version}; workers have given its turn back {abandonments} times in a row"
                    ),
                    (_, Some(_)) => write!(
                        f,
                        "workers that run {workflow:?}{version} have given its turn back {abandonments} times in a row; it is offered again in a moment"
                    ),
                }
            }
            Self::WithWorker { workflow, worker, .. } => {
                write!(f, "worker {worker:?} runs its turn of {workflow:?}")
            }
            Self::Calling { name, offered: false, .. } => {
                write!(f, "it waits for activity {name:?}, which nobody here offers")
            }
            Self::Calling { name, since: Some(_), .. } => write!(f, "activity {name:?} is running"),
            Self::Calling { name, since: None, .. } => write!(f, "activity {name:?} waits to be called"),
            Self::SubOrchestration { instance, name, status, .. } => match status {
                Some(status) => {
                    write!(f, "it waits for sub-orchestration {name:?} {instance:?}, which is {status}")
                }
                None => {
                    write!(f, "it waits for sub-orchestration {name:?} {instance:?}, which is about to start")
                }
            },
            Self::Entity { entity, operation, .. } => {
                write!(f, "it waits for operation {operation:?} of entity {entity:?}")
            }
            Self::Lock { entities, .. } => {
                let names: Vec<&str> = entities.iter().map(InstanceId::as_str).collect();
                write!(f, "it waits for the lock of {}", names.join(", "))
            }
            Self::Timer { .. } => f.write_str("it waits for a durable timer"),
            Self::Event { name } => write!(f, "it waits for the external event {name:?}; raise it"),
            Self::StoreFull => f.write_str("the store has no room; make some"),
            Self::Stopping => f.write_str("the server is stopping"),
        }
    }
}

/// What somebody said when acting on an instance, as a payload.
#[must_use]
pub fn reason_payload(reason: Option<&str>) -> Option<Payload> {
    reason.filter(|reason| !reason.is_empty()).map(Payload::from)
}
