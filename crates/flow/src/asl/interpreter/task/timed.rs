//! What may take only so long.

use partita::{Either, OrchestrationContext, select};
use std::future::Future;
use std::time::Duration;

/// The value; `None` when it took too long, in which case it was given up.
pub(super) async fn timed<F: Future + Unpin>(
    ctx: &OrchestrationContext,
    future: F,
    timeout: Option<Duration>,
) -> Option<F::Output> {
    let Some(timeout) = timeout else { return Some(future.await) };
    match select(future, ctx.create_timer(timeout)).await {
        Either::First(value) => Some(value),
        Either::Second(()) => None,
    }
}
