//! Answering requests to triggers.

use super::template::{TextTemplate, Values};
use super::{Action, Trigger};
use crate::answer::{Answer, Refusal, accepted, ok, with_header};
use crate::app::Shared;
use crate::config::trigger::StatusKind;
use crate::durable_functions::created;
use crate::extract::{Base, Pairs, PathParams, payload, read_body, trace};
use crate::partita::wait_for;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName};
use partita_api::json::shown;
use partita_api::problem::ProblemKind;
use partita_api::{InstanceDetail, Json};
use partita_engine::kernel::{InstanceId, Status};
use partita_engine::{EngineError, StartRequest, WaitFor};
use std::sync::Arc;
use std::time::Duration;

/// Which instance an answer comes from.
const INSTANCE: HeaderName = HeaderName::from_static("partita-instance");

pub(super) async fn handle(
    trigger: Arc<Trigger>,
    State(app): State<Shared>,
    Base(base): Base,
    Pairs(query): Pairs,
    PathParams(path): PathParams,
    request: Request,
) -> Answer {
    let names = trigger.route.names().map(str::to_owned);
    let mut params: Vec<(String, String)> = names.zip(path.into_iter().map(|(_, value)| value)).collect();
    params.extend(query);
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let body = payload(&read_body(&headers, body, app.body_bytes()).await?)?;
    let values = Values { params: &params, body: body.as_ref() };
    trigger.check(&values)?;
    trigger.perform(&app, &base, &headers, &values).await
}

impl Trigger {
    fn check(&self, values: &Values<'_>) -> Result<(), Refusal> {
        for (name, checks) in &self.checks {
            let value = values.param(name).ok_or_else(|| {
                Refusal::invalid(format!("the parameter {name:?} is missing"))
                    .with("parameter", name.as_str())
            })?;
            for check in checks {
                let outcome = check.check(name, value);
                outcome.map_err(|reason| Refusal::invalid(reason).with("parameter", name.as_str()))?;
            }
        }
        Ok(())
    }

    async fn perform(&self, app: &Shared, base: &str, headers: &HeaderMap, values: &Values<'_>) -> Answer {
        match &self.action {
            Action::Start { workflow, id, input, wait, replace } => {
                let id = id.as_ref().map(|id| id.fill(values)).transpose().map_err(Refusal::invalid)?;
                let request = StartRequest {
                    name: workflow.clone(),
                    id,
                    input: input.fill(values).map_err(Refusal::invalid)?.as_ref().map(Json::to_payload),
                    replaceable: replace.clone(),
                    trace: trace(headers),
                    ..StartRequest::default()
                };
                let started = app.engine.start(request).await.map_err(not_started)?;
                match wait {
                    Some(wait) => ended(app, base, started.id, *wait).await,
                    None => Ok(created(&app.options, base, started.id.as_str())),
                }
            }
            Action::Raise { event, instance, input } => {
                let id = instance_id(app, instance, values)?;
                let event = event.fill(values).map_err(Refusal::invalid)?;
                let data = input.fill(values).map_err(Refusal::invalid)?;
                app.engine.raise_event(&id, &event, data.as_ref().map(Json::to_payload)).await?;
                accepted()
            }
            Action::Status { kind, instance } => {
                let id = instance_id(app, instance, values)?;
                let view = app.engine.get(&id).await?.ok_or(EngineError::NotFound(id))?;
                match kind {
                    StatusKind::Custom => ok(&shown(view.custom_status.as_ref())),
                    StatusKind::Full => ok(&InstanceDetail::from(&view)),
                }
            }
        }
    }
}

/// The output of an instance that ends in time; otherwise where to ask for it.
async fn ended(app: &Shared, base: &str, id: InstanceId, wait: Duration) -> Answer {
    let view = wait_for(app, &id, WaitFor::End, wait).await?;
    let answer = match view.status {
        Status::Completed => ok(&shown(view.output.as_ref()))?,
        status if status.is_terminal() => {
            let why = view.failure.as_ref().map_or_else(String::new, |failure| format!(": {failure}"));
            let detail = format!("the instance {id:?} is {status}{why}");
            return Err(Refusal::new(ProblemKind::InstanceFailed, detail).with("instance", id.as_str()));
        }
        _ => created(&app.options, base, id.as_str()),
    };
    Ok(with_header(answer, INSTANCE, id.as_str()))
}

fn instance_id(app: &Shared, template: &TextTemplate, values: &Values<'_>) -> Result<InstanceId, Refusal> {
    let text = template.fill(values).map_err(Refusal::invalid)?;
    Ok(app.engine.instance_id(&text)?)
}

/// That the workflow is unknown is the configuration's fault, not the caller's.
fn not_started(error: EngineError) -> Refusal {
    match error {
        EngineError::UnknownWorkflow { .. } => {
            Refusal::new(ProblemKind::Internal, format!("the trigger cannot start anything: {error}"))
        }
        other => other.into(),
    }
}
