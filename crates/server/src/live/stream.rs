//! The server-sent events of one who watches.

use super::broadcast::{Frame, Live, event};
use crate::app::Shared;
use axum::body::Bytes;
use futures::stream::{self, BoxStream, Stream, StreamExt};
use partita_api::{InstanceDetail, InstancesChanged};
use partita_engine::kernel::InstanceId;
use partita_engine::{EngineError, InstanceView, WaitFor};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The shortest time between two looks at one instance.
const GATHER: Duration = Duration::from_millis(250);
/// How long an instance is waited for before it is looked for again.
const LOOK: Duration = Duration::from_secs(30);
/// How long after a failure an instance is looked for again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often a comment is sent, so that nobody on the way takes the connection for dead.
const ALIVE: Duration = Duration::from_secs(15);
const COMMENT: &[u8] = b":\n\n";

/// What somebody wants to hear of, beside the summary.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    /// Changes of all instances.
    pub(crate) instances: bool,
    /// Changes of this instance.
    pub(crate) instance: Option<InstanceId>,
}

/// Server-sent events until the server stops.
pub(crate) fn stream(app: &Shared, topics: Topics) -> impl Stream<Item = Bytes> + Send + 'static {
    let (receiver, latest) = Live::watch(app);
    let all = of_all(receiver, topics.instances);
    let one: BoxStream<'static, Bytes> = match topics.instance {
        Some(id) => of_one(app.clone(), id).boxed(),
        None => stream::empty().boxed(),
    };
    let alive = stream::unfold((), |()| async {
        tokio::time::sleep(ALIVE).await;
        Some((Bytes::from_static(COMMENT), ()))
    });
    let first = stream::once(async { Bytes::from_static(COMMENT) }).chain(stream::iter(latest));
    let coming = stream::select(stream::select(all, alive), one);
    first.chain(coming).take_until(app.stopping.clone().cancelled_owned())
}

/// What changes anywhere.
fn of_all(receiver: Receiver<Frame>, instances: bool) -> impl Stream<Item = Bytes> + Send {
    stream::unfold(receiver, move |mut receiver| async move {
        let told = match receiver.recv().await {
            Ok(frame) => [frame.summary, frame.instances.filter(|_| instances)],
            // Too slow: it looks for itself.
            Err(RecvError::Lagged(_)) => {
                let others = InstancesChanged { more: true, ..InstancesChanged::default() };
                [None, instances.then(|| event("instances", &others))]
            }
            Err(RecvError::Closed) => return None,
        };
        Some((stream::iter(told.into_iter().flatten()), receiver))
    })
    .flatten()
}

/// Where the watching of one instance stands.
enum Seen {
    Nothing,
    Was(Box<InstanceView>),
    Gone,
}

/// What changes of one instance.
fn of_one(app: Shared, id: InstanceId) -> impl Stream<Item = Bytes> + Send {
    stream::unfold(Seen::Nothing, move |mut seen| {
        let (app, id) = (app.clone(), id.clone());
        async move {
            loop {
                let before = match seen {
                    Seen::Nothing => None,
                    Seen::Was(view) => Some(view),
                    Seen::Gone => return None,
                };
                match look(&app, &id, before.as_deref()).await {
                    Err(error) => {
                        tracing::debug!(%id, %error, "nothing can be told of an instance that is watched");
                        tokio::time::sleep(AGAIN).await;
                        seen = before.map_or(Seen::Nothing, Seen::Was);
                    }
                    Ok(Some(now)) if before.as_deref().is_some_and(|before| same(before, &now)) => {
                        seen = Seen::Was(now);
                    }
                    Ok(Some(now)) => {
                        let told = event("instance", &InstanceDetail::from(&*now));
                        return Some((told, Seen::Was(now)));
                    }
                    Ok(None) => {
                        let told = event("gone", &serde_json::json!({"id": id.as_str()}));
                        return Some((told, Seen::Gone));
                    }
                }
            }
        }
    })
}

/// An instance as it is when it is not any more as it was; `None` when it is not there.
async fn look(
    app: &Shared,
    id: &InstanceId,
    before: Option<&InstanceView>,
) -> Result<Option<Box<InstanceView>>, EngineError> {
    let now = match before {
        None => app.engine.get(id).await,
        Some(before) => {
            tokio::time::sleep(GATHER).await;
            let change =
                WaitFor::Change { updated_at: before.updated_at, history_events: before.history_events };
            app.engine.wait(id, change, Some(LOOK)).await
        }
    };
    now.map(|view| view.map(Box::new))
}

fn same(before: &InstanceView, now: &InstanceView) -> bool {
    (before.updated_at, before.history_events) == (now.updated_at, now.history_events)
}
