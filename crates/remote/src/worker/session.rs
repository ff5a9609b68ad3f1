//! One stream of work items, from its beginning to its end.

use super::Options;
use super::items::Workshop;
use crate::error::{Error, text};
use futures::FutureExt;
use partita_api::durable_task::proto;
use partita_engine::Registry;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

/// How long a server may take to greet.
const GREETING: Duration = Duration::from_secs(10);

/// How long a stream may be silent. Servers give a sign of life much more often.
const SILENCE: Duration = Duration::from_secs(120);

/// Why a stream is over.
pub(super) enum Ended {
    /// This worker stops.
    Stopped,
    /// The server does not want this worker.
    Refused(Error),
    /// It broke, or the server ended it; `connected` says whether there was one at all.
    Lost { connected: bool, why: String },
}

impl Ended {
    fn of(status: &Status, connected: bool) -> Self {
        match Error::from(status.clone()) {
            error @ (Error::Refused(_) | Error::Unsupported(_) | Error::Invalid(_)) if !connected => {
                Self::Refused(error)
            }
            _ => Self::Lost { connected, why: text(status) },
        }
    }
}

/// Connects and does what there is to do, until the stream is over.
pub(super) async fn run(shop: &Arc<Workshop>, stop: &CancellationToken) -> Ended {
    let connecting = connect(shop);
    let mut items = tokio::select! {
        items = connecting => match items {
            Ok(items) => items,
            Err(status) => return Ended::of(&status, false),
        },
        () = stop.cancelled() => return Ended::Stopped,
    };
    tracing::info!(worker = %shop.options.name, "connected");
    loop {
        let item = tokio::select! {
            item = tokio::time::timeout(SILENCE, items.message()) => item,
            () = stop.cancelled() => {
                give_back(shop, items).await;
                return Ended::Stopped;
            }
        };
        match item {
            Ok(Ok(Some(item))) => {
                let place = tokio::select! {
                    place = shop.place(&item) => place,
                    () = stop.cancelled() => {
                        shop.give_back(item).await;
                        give_back(shop, items).await;
                        return Ended::Stopped;
                    }
                };
                if let Some(place) = place {
                    Workshop::begin(shop, item, place);
                }
            }
            Ok(Ok(None)) => return Ended::Lost { connected: true, why: "it ended the stream".into() },
            Ok(Err(status)) => return Ended::of(&status, true),
            Err(_) => {
                let why = format!("it was silent for {} s", SILENCE.as_secs());
                return Ended::Lost { connected: true, why };
            }
        }
    }
}

async fn connect(shop: &Workshop) -> Result<Streaming<proto::WorkItem>, Status> {
    let mut hub = shop.hub.clone();
    let late = |_| Status::deadline_exceeded("it does not answer");
    tokio::time::timeout(GREETING, hub.hello(())).await.map_err(late)??;
    let items = hub.get_work_items(request(&shop.registry, &shop.options)).await?;
    Ok(items.into_inner())
}

/// What has arrived and was not begun goes back at once, so that others need not wait for this worker.
async fn give_back(shop: &Workshop, mut items: Streaming<proto::WorkItem>) {
    while let Some(Ok(Some(item))) = items.message().now_or_never() {
        shop.give_back(item).await;
    }
}

/// What this worker takes.
fn request(registry: &Registry, options: &Options) -> proto::GetWorkItemsRequest {
    proto::GetWorkItemsRequest {
        max_concurrent_orchestration_work_items: i32::try_from(options.turns).unwrap_or(i32::MAX),
        max_concurrent_activity_work_items: i32::try_from(options.activities).unwrap_or(i32::MAX),
        max_concurrent_entity_work_items: i32::try_from(options.entities).unwrap_or(i32::MAX),
        capabilities: vec![proto::WorkerCapability::HistoryStreaming.into()],
        work_item_filters: options.filters.then(|| filters(registry, options)),
    }
}

fn filters(registry: &Registry, options: &Options) -> proto::WorkItemFilters {
    let workflow = |name: &str| proto::OrchestrationFilter {
        name: name.to_owned(),
        versions: options.versions.get(name).cloned().unwrap_or_default(),
    };
    let activity = |name: &str| proto::ActivityFilter { name: name.to_owned(), versions: Vec::new() };
    let entity = |name: &str| proto::EntityFilter { name: name.to_owned() };
    proto::WorkItemFilters {
        orchestrations: registry.orchestrators().iter().map(|name| workflow(name)).collect(),
        activities: registry.functions().iter().map(|name| activity(name)).collect(),
        entities: registry.entities().iter().map(|name| entity(name)).collect(),
    }
}
