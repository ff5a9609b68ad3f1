//! The changes of one instance as server-sent events.
//!
//! `change` carries the instance, whenever it has changed; many changes in a short time come as one. `end`
//! follows when it has ended, `gone` when it was purged; then the stream ends.

use crate::answer::Answer;
use crate::app::Shared;
use crate::extract::{Id, Pairs};
use crate::partita::instances::existing;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{Stream, unfold};
use partita_api::InstanceDetail;
use partita_engine::kernel::InstanceId;
use partita_engine::{InstanceView, WaitFor};
use std::convert::Infallible;
use std::time::Duration;

/// How long to gather changes.
const GATHER: Duration = Duration::from_millis(50);
/// How often to look whether the instance is still there.
const LOOK: Duration = Duration::from_secs(30);

/// `GET /api/v1/instances/{id}/events`
pub(crate) async fn events(State(app): State<Shared>, Id(id): Id, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    let view = existing(&app, &id).await?;
    let stream =
        Sse::new(changes(app, id, view)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    Ok(stream.into_response())
}

/// What the stream does next.
enum Next {
    Tell(Box<InstanceView>),
    Wait(Box<InstanceView>),
    Last(&'static str),
    Done,
}

fn changes(app: Shared, id: InstanceId, view: InstanceView) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(Next::Tell(Box::new(view)), move |mut next| {
        let (app, id) = (app.clone(), id.clone());
        async move {
            loop {
                next = match next {
                    Next::Tell(view) => {
                        let event = told(&view);
                        let then =
                            if view.status.is_terminal() { Next::Last("end") } else { Next::Wait(view) };
                        return Some((Ok(event), then));
                    }
                    Next::Wait(view) => changed(&app, &id, view).await,
                    Next::Last(name) => {
                        return Some((Ok(Event::default().event(name).data("{}")), Next::Done));
                    }
                    Next::Done => return None,
                };
            }
        }
    })
}

async fn changed(app: &Shared, id: &InstanceId, view: Box<InstanceView>) -> Next {
    let gather = async {
        tokio::time::sleep(GATHER).await;
        let change = WaitFor::Change { updated_at: view.updated_at, history_events: view.history_events };
        app.engine.wait(id, change, Some(LOOK)).await
    };
    let now = tokio::select! {
        now = gather => now,
        () = app.stopping.cancelled() => return Next::Done,
    };
    match now {
        Err(_) => Next::Done, // the client connects again, and then learns why
        Ok(None) => Next::Last("gone"),
        Ok(Some(now)) if now.updated_at == view.updated_at && now.history_events == view.history_events => {
            Next::Wait(view)
        }
        Ok(Some(now)) => Next::Tell(Box::new(now)),
    }
}

fn told(view: &InstanceView) -> Event {
    let data = serde_json::to_string(&InstanceDetail::from(view)).unwrap_or_default();
    Event::default().event("change").id(view.history_events.to_string()).data(data)
}
