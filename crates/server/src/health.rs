//! Whether the server lives, and whether it takes new work in.

use crate::answer::{Answer, ok};
use crate::app::Shared;
use axum::extract::State;
use serde_json::json;

/// `GET /livez`: the process answers.
pub(crate) async fn live() -> Answer {
    ok(&json!({ "status": "ok" }))
}

/// `GET /readyz`: new work is taken in; otherwise 503, or 507, with the reason.
pub(crate) async fn ready(State(app): State<Shared>) -> Answer {
    match app.ready() {
        Ok(()) => ok(&json!({ "status": "ok" })),
        Err(mut refusal) => {
            refusal.0.status = 503; // whatever the reason, this is what those who ask understand
            Err(refusal)
        }
    }
}
