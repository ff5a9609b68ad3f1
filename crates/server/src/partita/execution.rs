//! Where an execution of a state machine is.

use super::instances::existing;
use crate::answer::{Answer, Refusal, ok};
use crate::app::Shared;
use crate::extract::{Id, Pairs};
use crate::state_machines::{StateMachines, shortened};
use crate::step_functions::reason;
use axum::extract::State;
use partita_api::execution::MachineExecution;
use partita_api::instance::Status;
use partita_api::problem::ProblemKind;
use partita_engine::InstanceView;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Executions that are followed at once: each keeps a core busy, and there is other work.
static FOLLOWING: Semaphore = Semaphore::const_new(2);

/// `GET /api/v1/instances/{id}/execution`
pub(crate) async fn execution(State(app): State<Shared>, Id(id): Id, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    let view = existing(&app, &id).await?;
    let known = |machines: &Arc<StateMachines>| {
        machines.definition_of(&view.name, view.version.as_deref()).map(|found| (machines.clone(), found))
    };
    let Some((machines, (definition, revision))) = app.parts.state_machines.as_ref().and_then(known) else {
        return Err(unknown(&view));
    };
    // Before it is read: whoever waits for a turn holds no history.
    let turn = FOLLOWING.acquire().await;
    let history = app.engine.whole_history(&id).await?;
    let followed = tokio::task::spawn_blocking(move || {
        // Held to the end of the work, also when nobody waits for it any more.
        let _turn = turn;
        let definition = Arc::new(definition);
        let ended = view.status.is_terminal().then(|| view.completed_at.unwrap_or(view.updated_at));
        let course = machines.course(&view.id, &history, &definition, ended);
        if let Some(why) = &course.broken {
            tracing::warn!(instance = %view.id, why, "an execution can be followed only so far");
        }
        let (error, cause) = match view.status.is_terminal() {
            true => reason(&view),
            false => (None, None),
        };
        MachineExecution {
            definition: Arc::unwrap_or_clone(definition).into(),
            revision,
            states: course.states,
            visits: course.visits,
            more_visits: course.more,
            status: Status(view.status),
            error: error.as_deref().map(shortened),
            cause: cause.as_deref().map(shortened),
        }
    });
    match followed.await {
        Ok(answer) => ok(&answer),
        Err(error) => {
            Err(Refusal::new(ProblemKind::Internal, format!("the execution cannot be told: {error}")))
        }
    }
}

fn unknown(view: &InstanceView) -> Refusal {
    let (id, name) = (&view.id, &view.name);
    let detail = match view.version.as_deref() {
        Some(version) => {
            format!(
                "the instance {id:?} runs {name:?}, of which there is no state machine in revision {version:?}"
            )
        }
        None => format!("the instance {id:?} runs {name:?}, which is no state machine"),
    };
    Refusal::new(ProblemKind::NotAStateMachine, detail)
        .with("instanceId", id.as_str())
        .with("workflow", name.to_string())
}
