//! The futures of an orchestrator.
//!
//! What an orchestrator asks for begins when it asks, not when it awaits. A future that is dropped
//! before it is ready gives up on what it stands for: an activity's token is cancelled, a timer is
//! forgotten, a sub-orchestration is terminated. To leave something waiting instead, keep it: hand
//! `&mut future` to [`select`], or [`detach`](Durable::detach) it.

use crate::core::Core;
use crate::error::{Error, task_failure};
use crate::serial::from_payload;
use partita_kernel::Failure;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Something that was asked for durably, and will be a `T`.
#[must_use = "dropping it gives up on what was asked for; use `detach` to let it go on unwatched"]
pub struct Durable<T> {
    core: Arc<Core>,
    place: Place,
    what: String,
    value: PhantomData<fn() -> T>,
}

enum Place {
    /// A command's answer.
    Operation(i32),
    /// An external event.
    Waiter(u64),
    /// It could not even be asked for.
    Refused(Option<Failure>),
    /// Answered.
    Done,
}

impl<T> Durable<T> {
    pub(crate) fn operation(core: &Arc<Core>, id: i32, what: String) -> Self {
        Self { core: core.clone(), place: Place::Operation(id), what, value: PhantomData }
    }
    pub(crate) fn waiter(core: &Arc<Core>, id: u64, what: String) -> Self {
        Self { core: core.clone(), place: Place::Waiter(id), what, value: PhantomData }
    }
    pub(crate) fn refused(core: &Arc<Core>, failure: Failure) -> Self {
        Self {
            core: core.clone(),
            place: Place::Refused(Some(failure)),
            what: String::new(),
            value: PhantomData,
        }
    }

    /// Lets it go on without anybody who waits for it; an activity's token is still cancelled when the
    /// instance ends. For work that shall outlive the instance, see
    /// [`start_detached`](crate::OrchestrationContext::start_detached).
    pub fn detach(mut self) {
        if let Place::Operation(id) = std::mem::replace(&mut self.place, Place::Done) {
            self.core.lock().drop_operation(id, false);
        }
    }

    /// Gives up on it; the same as dropping it.
    pub fn cancel(self) {
        drop(self);
    }
}

impl<T: DeserializeOwned> Future for Durable<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let answer = match &mut this.place {
            Place::Operation(id) => match this.core.lock().poll_operation(*id, context.waker()) {
                Some(answer) => answer.map_err(|failure| task_failure(&this.what, &failure)),
                None => return Poll::Pending,
            },
            Place::Waiter(id) => match this.core.lock().poll_waiter(*id, context.waker()) {
                Some(event) => Ok(event),
                None => return Poll::Pending,
            },
            Place::Refused(failure) => {
                Err(failure.take().unwrap_or_else(|| Failure::new("Polled", "awaited after it was ready")))
            }
            Place::Done => Err(Failure::new("Polled", "awaited after it was ready")),
        };
        this.place = Place::Done;
        let value = answer.and_then(|payload| from_payload(&this.what, payload.as_ref()));
        Poll::Ready(value.map_err(Error::from))
    }
}

impl<T> Drop for Durable<T> {
    fn drop(&mut self) {
        match self.place {
            Place::Operation(id) => self.core.lock().drop_operation(id, true),
            Place::Waiter(id) => self.core.lock().drop_waiter(id),
            Place::Refused(_) | Place::Done => {}
        }
    }
}

/// A durable timer.
#[must_use = "dropping it cancels the timer"]
pub struct Timer(pub(crate) Durable<()>);

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(|_| ())
    }
}

/// Which of two was first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first.
    First(A),
    /// The second.
    Second(B),
}

/// Which of three was first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either3<A, B, C> {
    /// The first.
    First(A),
    /// The second.
    Second(B),
    /// The third.
    Third(C),
}

/// Waits for the first of two. The other one is given up, unless `&mut` of it was handed in. When both
/// are ready in the same turn, the earlier in the history wins.
pub async fn select<A, B>(mut first: A, mut second: B) -> Either<A::Output, B::Output>
where
    A: Future + Unpin,
    B: Future + Unpin,
{
    std::future::poll_fn(|context| {
        if let Poll::Ready(value) = Pin::new(&mut first).poll(context) {
            return Poll::Ready(Either::First(value));
        }
        Pin::new(&mut second).poll(context).map(Either::Second)
    })
    .await
}

/// Waits for the first of three, as [`select`] does for two.
pub async fn select3<A, B, C>(
    mut first: A,
    mut second: B,
    mut third: C,
) -> Either3<A::Output, B::Output, C::Output>
where
    A: Future + Unpin,
    B: Future + Unpin,
    C: Future + Unpin,
{
    std::future::poll_fn(|context| {
        if let Poll::Ready(value) = Pin::new(&mut first).poll(context) {
            return Poll::Ready(Either3::First(value));
        }
        if let Poll::Ready(value) = Pin::new(&mut second).poll(context) {
            return Poll::Ready(Either3::Second(value));
        }
        Pin::new(&mut third).poll(context).map(Either3::Third)
    })
    .await
}

/// Waits for the first of many. Gives its position, its value, and the others, which go on being waited
/// for as long as they are kept.
pub async fn select_all<F: Future + Unpin>(futures: Vec<F>) -> (usize, F::Output, Vec<F>) {
    let mut futures = futures;
    let (position, value) = std::future::poll_fn(|context| {
        for (position, future) in futures.iter_mut().enumerate() {
            if let Poll::Ready(value) = Pin::new(future).poll(context) {
                return Poll::Ready((position, value));
            }
        }
        Poll::Pending
    })
    .await;
    drop(futures.remove(position));
    (position, value, futures)
}
