//! Activities of state machines: work that workers come and ask for.
//!
//! A task of a state machine waits here until a worker takes it. What comes of it then goes to the
//! instance itself, as an event, so that nothing of a task that was taken is kept here.

use futures::future::BoxFuture;
use parking_lot::Mutex;
use partita::Failure;
use partita::dynamic::{Function, FunctionCall, Payload};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::{Notify, oneshot};

/// What names of functions begin with that stand for activities.
pub(crate) const PREFIX: &str = "states.activity:";

/// A task that waits for a worker.
#[derive(Debug, Deserialize)]
struct Offer {
    token: String,
    #[serde(default)]
    input: Value,
}

/// A task as a worker gets it.
#[derive(Debug, Serialize, PartialEq)]
pub(crate) struct Taken {
    pub(crate) token: String,
    /// JSON text.
    pub(crate) input: String,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Offer, oneshot::Sender<Option<String>>)>,
    arrived: Arc<Notify>,
}

/// The tasks of all activities that wait for workers.
#[derive(Default)]
pub(crate) struct Activities {
    queues: Mutex<BTreeMap<String, Queue>>,
}

impl Activities {
    /// Waits for a task of an activity and takes it.
    pub(crate) async fn take(&self, activity: &str, worker: Option<String>) -> Taken {
        loop {
            let arrived = self.queues.lock().entry(activity.to_owned()).or_default().arrived.clone();
            let notified = arrived.notified();
            if let Some(taken) = self.try_take(activity, worker.as_ref()) {
                return taken;
            }
            notified.await;
        }
    }

    fn try_take(&self, activity: &str, worker: Option<&String>) -> Option<Taken> {
        let mut queues = self.queues.lock();
        let queue = queues.get_mut(activity)?;
        while let Some((offer, taken)) = queue.waiting.pop_front() {
            // A task that nobody waits for any more cannot be told that it was taken.
            if taken.send(worker.cloned()).is_ok() {
                return Some(Taken { token: offer.token, input: offer.input.to_string() });
            }
        }
        None
    }

    /// Offers a task; resolves when a worker has taken it.
    async fn offer(&self, activity: &str, offer: Offer) -> Option<String> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut queues = self.queues.lock();
            let queue = queues.entry(activity.to_owned()).or_default();
            queue.waiting.push_back((offer, sender));
            queue.arrived.notify_one();
        }
        receiver.await.ok().flatten()
    }
}

/// The function that a state machine calls when it needs a worker of an activity.
pub(super) struct ActivityFunction {
    pub(super) activities: Arc<Activities>,
}

impl Function for ActivityFunction {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        let activities = self.activities.clone();
        Box::pin(async move {
            let text = call.input.as_ref().map_or("null", Payload::as_str);
            let offer: Offer = serde_json::from_str(text).map_err(|error| {
                Failure::new("InvalidData", format!("this is no task of an activity: {error}"))
                    .non_retriable()
            })?;
            let activity = call.name.strip_prefix(PREFIX).unwrap_or(&call.name);
            tokio::select! {
                worker = activities.offer(activity, offer) => {
                    Ok(Some(Payload::from(json!({ "workerName": worker }).to_string())))
                }
                () = call.cancellation.cancelled() => Err(Failure::new("Cancelled", "nobody took the task in time")),
            }
        })
    }

    fn is_bounded(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(token: &str) -> Offer {
        Offer { token: token.to_owned(), input: json!({"n": 1}) }
    }

    #[tokio::test]
    async fn a_worker_gets_the_oldest_task_that_is_still_wanted() {
        let activities = Arc::new(Activities::default());
        let gone = activities.offer("a", offer("gone"));
        assert!(futures::poll!(Box::pin(gone)).is_pending());
        let shared = activities.clone();
        let task = tokio::spawn(async move { shared.offer("a", offer("t")).await });
        let taken = activities.take("a", Some("w".to_owned())).await;
        assert_eq!(taken, Taken { token: "t".to_owned(), input: r#"{"n":1}"#.to_owned() });
        assert_eq!(task.await.unwrap().as_deref(), Some("w"));
        assert_eq!(activities.try_take("a", None), None);
        assert_eq!(activities.try_take("b", None), None);
    }
}
