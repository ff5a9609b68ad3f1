//! Starting instances, as all dialects and triggers do it.

use crate::answer::Refusal;
use crate::app::Shared;
use partita_api::problem::ProblemKind;
use partita_engine::kernel::InstanceId;
use partita_engine::{EngineError, StartRequest, Started};

/// What ids that are made from idempotency keys are derived from. Must never change: a repeat would not be
/// recognised.
const NAMESPACE: uuid::Uuid = uuid::Uuid::from_u128(0x9e1c_3f5a_7d42_4b0e_8a66_2f0d_51c7_e3b4);

/// Longest key that is taken.
const KEY_CHARS: usize = 256;

/// The instance that a key stands for: the same for the same workflow and key, for ever.
pub(crate) fn id_of_key(workflow: &str, key: &str) -> Result<String, Refusal> {
    if key.is_empty() || key.chars().count() > KEY_CHARS {
        return Err(Refusal::invalid(format!("an Idempotency-Key has 1 to {KEY_CHARS} characters")));
    }
    let name = format!("{workflow}\n{key}");
    Ok(uuid::Uuid::new_v5(&NAMESPACE, name.as_bytes()).simple().to_string())
}

/// An instance that was started now, or by an earlier request with the same key.
pub(crate) enum Outcome {
    New(Started),
    Repeated(InstanceId),
}

impl Outcome {
    pub(crate) fn id(&self) -> &InstanceId {
        match self {
            Self::New(started) => &started.id,
            Self::Repeated(id) => id,
        }
    }
}

/// Starts an instance whose id was made from a key, unless that was done before.
pub(crate) async fn start_once(app: &Shared, request: StartRequest) -> Result<Outcome, Refusal> {
    match app.engine.start(request.clone()).await {
        Ok(started) => Ok(Outcome::New(started)),
        Err(EngineError::AlreadyExists { id, .. }) => {
            check_repeat(app, &id, &request).await?;
            Ok(Outcome::Repeated(id))
        }
        Err(error) => Err(error.into()),
    }
}

/// A repeat must ask for the same; a later generation no longer shows what was asked for.
async fn check_repeat(app: &Shared, id: &InstanceId, request: &StartRequest) -> Result<(), Refusal> {
    let Some(view) = app.engine.get(id).await? else { return Ok(()) };
    let same = view.input == request.input
        && view.version.as_deref() == request.version.as_deref()
        && view.tags == request.tags;
    if view.generation > 0 || same {
        return Ok(());
    }
    let detail = format!(
        "the Idempotency-Key was used before, for an instance with another input, version or tags: {id:?}; use a new key \
         for a new request"
    );
    Err(Refusal::new(ProblemKind::KeyReused, detail).with("instanceId", id.as_str()))
}
