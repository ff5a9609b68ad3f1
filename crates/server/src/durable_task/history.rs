//! Histories, in pieces.

use super::service::Service;
use super::status::of_engine;
use futures::stream::{self, BoxStream, StreamExt};
use partita_api::durable_task::{proto, to_history_event};
use partita_engine::Engine;
use partita_engine::kernel::InstanceId;
use prost::Message;
use tonic::Status;

/// Bytes of one piece, about.
pub(super) const CHUNK_BYTES: usize = 256 << 10;

pub(super) type Chunks = BoxStream<'static, Result<proto::HistoryChunk, Status>>;

impl Service {
    pub(super) async fn history(
        &self,
        request: proto::StreamInstanceHistoryRequest,
    ) -> Result<Chunks, Status> {
        let id = self.id(&request.instance_id)?;
        if request.for_work_item_processing {
            let execution = request.execution_id.unwrap_or_default();
            let past = self.app.parts.workers.as_ref().and_then(|workers| workers.past(&id, &execution));
            let past = past.ok_or_else(|| {
                Status::not_found(format!(
                    "no turn of the instance {id:?} and that execution is with a worker"
                ))
            })?;
            return Ok(stream::iter(cut(past).into_iter().map(Ok)).boxed());
        }
        let engine = self.app.engine.clone();
        let first = chunk(&engine, &id, 0).await?;
        let (first, next) = first.ok_or_else(|| Status::not_found(format!("there is no instance {id:?}")))?;
        let rest = stream::try_unfold((engine, id, next), |(engine, id, from)| async move {
            let Some(from) = from else { return Ok(None) };
            let read = chunk(&engine, &id, from).await?;
            Ok(read.map(|(chunk, next)| (chunk, (engine, id, next))))
        });
        Ok(stream::iter([Ok(first)]).chain(rest).boxed())
    }
}

/// One piece of a stored history, and where the next one begins.
async fn chunk(
    engine: &Engine,
    id: &InstanceId,
    from: u32,
) -> Result<Option<(proto::HistoryChunk, Option<u32>)>, Status> {
    let page = engine.history(id, from, CHUNK_BYTES).await.map_err(|error| of_engine(&error))?;
    let Some(page) = page else { return Ok(None) };
    let events: Vec<_> = page.events.iter().map(|event| to_history_event(id, event)).collect();
    let next = page.first.saturating_add(u32::try_from(events.len()).unwrap_or(u32::MAX));
    let more = !events.is_empty() && next < page.total;
    Ok(Some((proto::HistoryChunk { events }, more.then_some(next))))
}

/// Events in pieces.
fn cut(events: Vec<proto::HistoryEvent>) -> Vec<proto::HistoryChunk> {
    let mut chunks = Vec::new();
    let (mut chunk, mut bytes) = (proto::HistoryChunk::default(), 0);
    for event in events {
        let size = event.encoded_len();
        if bytes + size > CHUNK_BYTES && !chunk.events.is_empty() {
            chunks.push(std::mem::take(&mut chunk));
            bytes = 0;
        }
        bytes += size;
        chunk.events.push(event);
    }
    chunks.push(chunk);
    chunks
}
