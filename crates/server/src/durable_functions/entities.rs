//! Entities. There are none yet: questions are answered so, signals are refused.

use super::said;
use crate::answer::{Answer, Refusal, ok};
use partita_api::problem::ProblemKind;

/// `GET /entities/{entityName}/{entityKey}`; the key `$` stands for the empty one.
pub(super) fn get(name: &str, key: &str) -> Answer {
    let key = if key == "$" { "" } else { key };
    Err(Refusal::new(ProblemKind::EntityNotFound, format!("there is no entity @{name}@{key}")))
}

/// `GET /entities` and `GET /entities/{entityName}`
pub(super) fn list() -> Answer {
    ok(&[(); 0])
}

/// `POST` and `DELETE /entities/{entityName}/{entityKey}`
pub(super) fn signal() -> Answer {
    Err(said(ProblemKind::Unsupported, "this server has no entities yet, so it cannot take signals for them"))
}
