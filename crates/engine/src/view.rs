//! Instances as they are shown.

use crate::error::EngineError;
use partita_kernel::codec::{DecodeError, Wire};
use partita_kernel::instance::{Head, Instance, Phase, SetAside, State};
use partita_kernel::value::ParentLink;
use partita_kernel::{Event, ExecutionId, Failure, InstanceId, Name, Payload, Status, Tags, Timestamp};
use partita_store::{Cursor, Events, Row, StoreError, StoredInstance};

/// All that is known of an instance but its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    /// Its id.
    pub id: InstanceId,
    /// Its workflow.
    pub name: Name,
    /// Its workflow's version.
    pub version: Option<Name>,
    /// Its runtime status.
    pub status: Status,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// When it is to begin, if that was asked for.
    pub scheduled_at: Option<Timestamp>,
    /// Its input; `None` too in lists that leave it out.
    pub input: Option<Payload>,
    /// Its output; `None` too in lists that leave it out.
    pub output: Option<Payload>,
    /// Its failure.
    pub failure: Option<Failure>,
    /// What the orchestrator last said of its progress.
    pub custom_status: Option<Payload>,
    /// Its tags.
    pub tags: Tags,
    /// Who started it as a sub-orchestration; in lists without records only the instance is known.
    pub parent: Option<ParentLink>,
    /// Its parent's id.
    pub parent_id: Option<InstanceId>,
    /// Its generation's id, where known.
    pub execution: Option<ExecutionId>,
    /// How many generations went before.
    pub generation: u32,
    /// How many events its history has.
    pub history_events: u32,
    /// Why it was set aside.
    pub set_aside: Option<SetAside>,
    /// Whether it was set aside.
    pub is_set_aside: bool,
}

impl InstanceView {
    /// The view of an instance.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        let Instance { id, head, state } = instance;
        let (output, failure) = match &state.phase {
            Phase::Finished { output, failure, .. } => (output.clone(), failure.as_deref().cloned()),
            _ => (None, None),
        };
        Self {
            id: id.clone(),
            name: head.name.clone(),
            version: head.version.clone(),
            status: instance.status(),
            created_at: head.created_at,
            updated_at: state.updated_at,
            completed_at: instance.completed_at(),
            scheduled_at: head.scheduled_at,
            input: head.input.clone(),
            output,
            failure,
            custom_status: state.custom_status.clone(),
            tags: head.tags.clone(),
            parent: head.parent.as_deref().cloned(),
            parent_id: head.parent.as_ref().map(|link| link.instance.clone()),
            execution: Some(head.execution),
            generation: head.generation,
            history_events: state.history_events,
            set_aside: state.set_aside.as_deref().cloned(),
            is_set_aside: state.set_aside.is_some(),
        }
    }

    /// The view of a row of a list.
    ///
    /// # Errors
    /// When the row's records are damaged.
    pub fn of_row(row: Row) -> Result<Self, EngineError> {
        if let Some((head, state)) = &row.records {
            return Ok(Self::of(&decode(row.id.clone(), head, state)?));
        }
        Ok(Self {
            id: row.id,
            name: row.name,
            version: row.version,
            status: row.status,
            created_at: row.created_at,
            updated_at: row.updated_at,
            completed_at: row.completed_at,
            scheduled_at: None,
            input: None,
            output: None,
            failure: None,
            custom_status: row.custom_status,
            tags: row.tags,
            parent: None,
            parent_id: row.parent,
            execution: None,
            generation: 0,
            history_events: 0,
            set_aside: None,
            is_set_aside: row.set_aside,
        })
    }
}

/// A page of instances.
#[derive(Clone, Debug, Default)]
pub struct InstancePage {
    /// The instances.
    pub instances: Vec<InstanceView>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
}

/// Part of a history.
#[derive(Clone, Debug, Default)]
pub struct HistoryView {
    /// The number of the first event here.
    pub first: u32,
    /// The events.
    pub events: Vec<Event>,
    /// How many events the history has in all.
    pub total: u32,
}

pub(crate) fn decode_stored(stored: &StoredInstance) -> Result<Instance, EngineError> {
    decode(stored.id.clone(), &stored.head, &stored.state)
}

fn decode(id: InstanceId, head: &[u8], state: &[u8]) -> Result<Instance, EngineError> {
    let damaged = |error: DecodeError| damaged(&id, &error);
    let head = Head::from_bytes(head).map_err(damaged)?;
    let state = State::from_bytes(state).map_err(damaged)?;
    Ok(Instance { id, head, state })
}

pub(crate) fn decode_events(id: &InstanceId, runs: &[Events]) -> Result<Vec<Event>, EngineError> {
    let mut events = Vec::with_capacity(runs.iter().map(|run| run.count as usize).sum());
    for run in runs {
        let mut reader = partita_kernel::codec::Reader::new(&run.bytes);
        while reader.remaining() > 0 {
            events.push(Event::get(&mut reader).map_err(|error| damaged(id, &error))?);
        }
    }
    Ok(events)
}

fn damaged(id: &InstanceId, error: &DecodeError) -> EngineError {
    EngineError::Store(StoreError::Corrupt(format!("the record of instance {id:?}: {error}")))
}
