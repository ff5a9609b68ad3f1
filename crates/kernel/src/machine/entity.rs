//! Entities: their facts are part of the model, so that histories and the protocol can carry them.

use crate::event::EventKind;
use crate::turn::InvalidOutput;

/// Whether a command may send this to an entity.
pub(crate) fn check_entity_fact(fact: &EventKind) -> Result<(), InvalidOutput> {
    match fact {
        EventKind::EntityOperationSignaled { .. }
        | EventKind::EntityOperationCalled { .. }
        | EventKind::EntityLockRequested { .. }
        | EventKind::EntityUnlockSent { .. } => Ok(()),
        other => Err(InvalidOutput::NotAnEntityFact(other.kind())),
    }
}
