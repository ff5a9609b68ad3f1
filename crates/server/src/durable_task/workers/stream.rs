//! The stream of work items to one worker.

use super::hub::Workers;
use futures::Stream;
use partita_api::durable_task::{proto, work};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::Status;

/// Work items as there are any, signs of life between them; ends when the server stops.
pub struct WorkStream {
    workers: Arc<Workers>,
    id: u64,
    ping: Interval,
    /// Whether there was something since the last tick, so that no sign of life is needed.
    busy: bool,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl WorkStream {
    pub(super) fn new(workers: Arc<Workers>, id: u64) -> Self {
        let every = workers.options().ping.max(Duration::from_millis(1)); // none at all is no period
        let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopping = Box::pin(workers.stopping().clone().cancelled_owned());
        Self { workers, id, ping, busy: false, stopping }
    }
}

impl Stream for WorkStream {
    type Item = Result<proto::WorkItem, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        use std::future::Future;
        let this = &mut *self;
        if this.stopping.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        if let Some(item) = this.workers.next(this.id, context.waker()) {
            this.busy = true;
            return Poll::Ready(Some(Ok(item)));
        }
        while this.ping.poll_tick(context).is_ready() {
            if !std::mem::take(&mut this.busy) {
                return Poll::Ready(Some(Ok(work::ping())));
            }
        }
        Poll::Pending
    }
}

impl Drop for WorkStream {
    fn drop(&mut self) {
        self.workers.disconnected(self.id);
    }
}

impl std::fmt::Debug for WorkStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkStream").field("id", &self.id).finish_non_exhaustive()
    }
}
