//! What clients ask of many instances.

use super::clients::bounded;
use super::service::Service;
use super::status::{of_engine, of_invalid};
use partita_api::cursor;
use partita_api::durable_task::instance::{list_filter, purge_filter, query_filter, to_state};
use partita_api::durable_task::proto;
use partita_api::durable_task::proto::purge_instances_request::Request as Purge;
use partita_engine::EngineError;
use partita_engine::kernel::{InstanceId, Timestamp};
use partita_engine::store::{Cursor, Filter, Order, Query};
use prost::Message;
use std::time::Duration;
use tonic::Status;

/// Instances of one page, at most.
const PAGE: usize = 1000;
/// Instances of one page, when nothing is said.
const DEFAULT_PAGE: usize = 100;
/// Bytes of one page: below what clients take by default, 4 MiB.
const PAGE_BYTES: usize = 3 << 20;
/// How long a purge may take, when nothing is said.
const PURGE_TIME: Duration = Duration::from_secs(60);

impl Service {
    pub(super) async fn query(
        &self,
        request: proto::QueryInstancesRequest,
    ) -> Result<proto::QueryInstancesResponse, Status> {
        let asked = request.query.unwrap_or_default();
        let order = partita_api::Order::Oldest;
        let query = Query {
            filter: query_filter(&asked).map_err(|error| of_invalid(&error))?,
            order: Order::CreatedAscending,
            after: place(order, "query.continuationToken", asked.continuation_token.as_deref())?,
            limit: page(asked.max_instance_count, PAGE),
            with_records: true,
        };
        let page = self.app.engine.query(&query).await.map_err(|error| of_engine(&error))?;
        let mut response = proto::QueryInstancesResponse::default();
        let (mut bytes, mut next) = (0, page.next);
        for view in &page.instances {
            let state = to_state(view, asked.fetch_inputs_and_outputs);
            bytes += state.encoded_len();
            if bytes > PAGE_BYTES && !response.orchestration_state.is_empty() {
                let last = response.orchestration_state.len() - 1;
                next =
                    page.instances.get(last).map(|view| Cursor { at: view.created_at, id: view.id.clone() });
                break;
            }
            response.orchestration_state.push(state);
        }
        response.continuation_token = next.map(|next| cursor::encode(order, &next));
        Ok(response)
    }

    pub(super) async fn list_ids(
        &self,
        request: proto::ListInstanceIdsRequest,
    ) -> Result<proto::ListInstanceIdsResponse, Status> {
        let mut filter = list_filter(&request).map_err(|error| of_invalid(&error))?;
        filter.statuses.retain(|status| status.is_terminal());
        if filter.statuses.is_empty() {
            return Ok(proto::ListInstanceIdsResponse::default()); // nothing that runs has ended
        }
        let query = Query {
            filter,
            order: Order::IdAscending,
            after: request.last_instance_key.filter(|key| !key.is_empty()).map(|key| after_id(&key)),
            limit: page(request.page_size, DEFAULT_PAGE),
            with_records: false,
        };
        let page = self.app.engine.query(&query).await.map_err(|error| of_engine(&error))?;
        Ok(proto::ListInstanceIdsResponse {
            instance_ids: page.instances.iter().map(|view| view.id.to_string()).collect(),
            last_instance_key: page.next.map(|next| next.id.to_string()),
        })
    }

    pub(super) async fn purge(
        &self,
        request: proto::PurgeInstancesRequest,
    ) -> Result<proto::PurgeInstancesResponse, Status> {
        let recursive = request.recursive;
        let (deleted, complete) = match request.request {
            Some(Purge::InstanceId(id)) => (self.purge_one(&id, recursive).await?, true),
            Some(Purge::InstanceBatch(batch)) => {
                let mut deleted = 0;
                for id in bounded(batch.instance_ids)? {
                    deleted += self.purge_one(&id, recursive).await?;
                }
                (deleted, true)
            }
            Some(Purge::PurgeInstanceFilter(filter)) => {
                let (filter, time) = purge_filter(&filter).map_err(|error| of_invalid(&error))?;
                self.purge_all(filter, time.unwrap_or(PURGE_TIME), recursive).await?
            }
            None => return Err(Status::invalid_argument("request: name an instance, a batch or a filter")),
        };
        Ok(proto::PurgeInstancesResponse {
            deleted_instance_count: i32::try_from(deleted).unwrap_or(i32::MAX),
            is_complete: Some(complete),
        })
    }

    /// Only what has ended can go; the rest is not counted.
    async fn purge_one(&self, id: &str, recursive: bool) -> Result<u64, Status> {
        if id.starts_with('@') {
            return self.remove_entity(id).await.map(u64::from);
        }
        let id = self.id(id)?;
        match self.app.engine.purge(&id, recursive).await {
            Ok(deleted) => Ok(deleted),
            Err(EngineError::NotFound(_) | EngineError::WrongStatus { .. }) => Ok(0),
            Err(error) => Err(of_engine(&error)),
        }
    }

    async fn purge_all(
        &self,
        filter: Filter,
        time: Duration,
        recursive: bool,
    ) -> Result<(u64, bool), Status> {
        let engine = &self.app.engine;
        if !filter.statuses.is_empty() && !filter.statuses.iter().any(|status| status.is_terminal()) {
            return Ok((0, true));
        }
        if !recursive {
            let report = engine.purge_where(filter, time).await.map_err(|error| of_engine(&error))?;
            return Ok((report.deleted, report.complete));
        }
        let until = tokio::time::Instant::now() + time;
        let mut query = Query { filter, order: Order::IdAscending, limit: PAGE, ..Query::default() };
        query.filter.statuses.retain(|status| status.is_terminal());
        let mut deleted = 0;
        loop {
            let page = engine.query(&query).await.map_err(|error| of_engine(&error))?;
            for view in page.instances.iter().filter(|view| view.status.is_terminal()) {
                if tokio::time::Instant::now() >= until {
                    return Ok((deleted, false));
                }
                deleted += self.purge_one(view.id.as_str(), true).await?;
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok((deleted, true)),
            }
        }
    }
}

/// How many of a page are wanted: clients that want all ask for more than there can be, or for none.
fn page(asked: i32, default: usize) -> usize {
    usize::try_from(asked).ok().filter(|asked| *asked > 0).unwrap_or(default).min(PAGE)
}

/// The place after an instance in the order of ids.
fn after_id(key: &str) -> Cursor {
    Cursor { at: Timestamp(0), id: InstanceId::trusted(key) }
}

fn place(order: partita_api::Order, field: &str, token: Option<&str>) -> Result<Option<Cursor>, Status> {
    let token = token.filter(|token| !token.is_empty() && *token != "0");
    let read = token.map(|token| cursor::decode(order, token)).transpose();
    read.map_err(|problem| Status::invalid_argument(format!("{field}: {problem}")))
}
