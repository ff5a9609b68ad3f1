//! Starting, watching and steering the instances of a server.

use crate::backoff::Backoff;
use crate::error::{Error, is_lost};
use crate::target::{Hub, Target};
use partita::serial::{from_payload, to_payload};
use partita::{Result as SdkResult, StartOptions};
use partita_api::durable_task::{client, proto};
use partita_api::{Order as Listed, cursor};
use partita_engine::clock::{Clock, SystemClock};
use partita_engine::kernel::{Event, Failure, InstanceId, Payload, Status};
use partita_engine::store::{Filter, Order, Query};
use partita_engine::{InstancePage, InstanceView, PurgeReport};
use proto::purge_instances_request::Request as Purge;
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use tokio::time::Instant;

/// How long a wait goes on while the server cannot be reached.
const UNREACHABLE: Duration = Duration::from_secs(60);

/// A client of one server. Clones share its connection.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) hub: Hub,
}

impl Client {
    /// Connects to the server at an address like `http://127.0.0.1:7080`.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn connect(address: &str) -> Result<Self, Error> {
        let client = Self::new(&Target::new(address)?);
        client.hub.clone().hello(()).await?;
        Ok(client)
    }

    /// A client that connects at its first request. To be called within tokio.
    #[must_use]
    pub fn new(target: &Target) -> Self {
        Self { hub: target.hub() }
    }

    /// Starts a workflow. `Ok` means that it is durable and will run.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn start(&self, name: &str, input: &(impl Serialize + ?Sized)) -> Result<InstanceId, Error> {
        self.start_with(name, input, StartOptions::default()).await
    }

    /// Starts a workflow with more said about it.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn start_with(
        &self,
        name: &str,
        input: &(impl Serialize + ?Sized),
        options: StartOptions,
    ) -> Result<InstanceId, Error> {
        let request = client::start(options.request(name, input)?, SystemClock.now());
        let started = self.hub.clone().start_instance(request).await?.into_inner();
        Ok(client::instance("instanceId", &started.instance_id)?)
    }

    /// An instance as it is.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn get(&self, id: &InstanceId) -> Result<Option<InstanceView>, Error> {
        found(self.hub.clone().get_instance(asked(id)).await?.into_inner())
    }

    /// Waits until an instance has ended, or time is up; gives it as it is then. Goes on when the server is restarted.
    ///
    /// # Errors
    /// When there is no such instance, or the server cannot be reached for a minute.
    pub async fn wait(&self, id: &InstanceId, timeout: Duration) -> Result<InstanceView, Error> {
        match tokio::time::timeout(timeout, self.end(id)).await {
            Ok(ended) => ended,
            Err(_) => self.get(id).await?.ok_or_else(|| absent(id)),
        }
    }

    /// Waits for an instance's output. Goes on when the server is restarted.
    ///
    /// # Errors
    /// When the instance failed or was terminated, when its output is not a `T`, and when the server cannot be reached
    /// for a minute.
    pub async fn result<T: DeserializeOwned>(&self, id: &InstanceId) -> SdkResult<T> {
        let view = self.end(id).await?;
        match view.status {
            Status::Completed => Ok(from_payload(&format!("the output of {id:?}"), view.output.as_ref())?),
            status => Err(view.failure.unwrap_or_else(|| not_completed(id, status, view.output)).into()),
        }
    }

    async fn end(&self, id: &InstanceId) -> Result<InstanceView, Error> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            let began = Instant::now();
            let status = match self.hub.clone().wait_for_instance_completion(asked(id)).await {
                Ok(answer) => return found(answer.into_inner())?.ok_or_else(|| absent(id)),
                Err(status) if is_lost(&status) => status,
                Err(status) => return Err(status.into()),
            };
            tracing::debug!(%status, instance = %id, "waiting for the server");
            self.come_back(&mut backoff, began).await?;
        }
    }

    /// Waits until the server answers again.
    async fn come_back(&self, backoff: &mut Backoff, began: Instant) -> Result<(), Error> {
        if began.elapsed() > Duration::from_secs(1) {
            backoff.reset(); // it was there
        }
        let lost = Instant::now();
        loop {
            tokio::time::sleep(backoff.next()).await;
            match self.hub.clone().hello(()).await {
                Ok(_) => return Ok(()),
                Err(status) if is_lost(&status) && lost.elapsed() < UNREACHABLE => {}
                Err(status) => return Err(status.into()),
            }
        }
    }

    /// Raises an external event. `Ok` means that it cannot be lost, or that the instance has ended and does not want it.
    ///
    /// # Errors
    /// When there is no such instance.
    pub async fn raise_event(
        &self,
        id: &InstanceId,
        name: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        let data = to_payload(&format!("the data of event {name:?}"), data)?;
        let request = proto::RaiseEventRequest {
            instance_id: id.to_string(),
            name: name.to_owned(),
            input: text(data.as_ref()),
        };
        self.hub.clone().raise_event(request).await?;
        Ok(())
    }

    /// Stops an instance for now.
    ///
    /// # Errors
    /// When there is no such instance.
    pub async fn suspend(&self, id: &InstanceId, reason: &str) -> Result<(), Error> {
        let request = proto::SuspendRequest { instance_id: id.to_string(), reason: said(reason) };
        self.hub.clone().suspend_instance(request).await?;
        Ok(())
    }

    /// Lets an instance go on that was suspended or set aside.
    ///
    /// # Errors
    /// When there is no such instance.
    pub async fn resume(&self, id: &InstanceId, reason: &str) -> Result<(), Error> {
        let request = proto::ResumeRequest { instance_id: id.to_string(), reason: said(reason) };
        self.hub.clone().resume_instance(request).await?;
        Ok(())
    }

    /// Ends an instance, with the sub-orchestrations that it waits for. One that there is not, or that has ended, is
    /// left alone.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn terminate(&self, id: &InstanceId, reason: &str) -> Result<(), Error> {
        let output = to_payload("the reason", reason)?.filter(|_| !reason.is_empty());
        let request = proto::TerminateRequest {
            instance_id: id.to_string(),
            output: text(output.as_ref()),
            recursive: true,
        };
        self.hub.clone().terminate_instance(request).await?;
        Ok(())
    }

    /// Takes a failed instance back to its last good state.
    ///
    /// # Errors
    /// When there is no such instance, or it has not failed.
    pub async fn rewind(&self, id: &InstanceId, reason: &str) -> Result<(), Error> {
        let request = proto::RewindInstanceRequest { instance_id: id.to_string(), reason: said(reason) };
        self.hub.clone().rewind_instance(request).await?;
        Ok(())
    }

    /// Starts an instance again, as a new one or in its own place.
    ///
    /// # Errors
    /// When there is no such instance, or it would be replaced and has not ended.
    pub async fn restart(&self, id: &InstanceId, new_id: bool) -> Result<InstanceId, Error> {
        let request = proto::RestartInstanceRequest {
            instance_id: id.to_string(),
            restart_with_new_instance_id: new_id,
        };
        let started = self.hub.clone().restart_instance(request).await?.into_inner();
        Ok(client::instance("instanceId", &started.instance_id)?)
    }

    /// Deletes an instance that has ended, with its sub-orchestrations; says how many are gone.
    ///
    /// # Errors
    /// When there is no such instance, or it has not ended.
    pub async fn purge(&self, id: &InstanceId) -> Result<u64, Error> {
        let report = self.purged(Purge::InstanceId(id.to_string()), true).await?;
        if report.deleted > 0 {
            return Ok(report.deleted);
        }
        let view = self.get(id).await?.ok_or_else(|| absent(id))?;
        let status = view.status;
        Err(Error::WrongStatus(format!(
            "the instance {id:?} is {status}: only what has ended can be deleted"
        )))
    }

    /// Deletes all instances that pass a filter and have ended. The protocol can ask by status and by when they were made.
    ///
    /// # Errors
    /// When the filter asks for more than that, or the server does not do it.
    pub async fn purge_where(&self, filter: &Filter, time: Duration) -> Result<PurgeReport, Error> {
        let filter = client::purge(filter, time).map_err(|invalid| unsupported(&invalid))?;
        self.purged(Purge::PurgeInstanceFilter(filter), false).await
    }

    async fn purged(&self, what: Purge, recursive: bool) -> Result<PurgeReport, Error> {
        let request = proto::PurgeInstancesRequest { recursive, is_orchestration: true, request: Some(what) };
        let answer = self.hub.clone().purge_instances(request).await?.into_inner();
        Ok(PurgeReport {
            deleted: u64::try_from(answer.deleted_instance_count).unwrap_or(0),
            complete: answer.is_complete.unwrap_or(true),
        })
    }

    /// A page of instances, the oldest first: that is the only order of the protocol, and it can ask by status, by when
    /// they were made, and by how their ids begin.
    ///
    /// # Errors
    /// When the query asks for more than that, or the server does not answer.
    pub async fn query(&self, query: &Query) -> Result<InstancePage, Error> {
        if query.order != Order::CreatedAscending {
            let text = "order: this protocol lists the oldest first; ask for Order::CreatedAscending";
            return Err(Error::Unsupported(text.to_owned()));
        }
        let asked = proto::InstanceQuery {
            max_instance_count: i32::try_from(query.limit).unwrap_or(i32::MAX),
            continuation_token: query.after.as_ref().map(|after| cursor::encode(Listed::Oldest, after)),
            fetch_inputs_and_outputs: query.with_records,
            ..client::query(&query.filter).map_err(|invalid| unsupported(&invalid))?
        };
        let request = proto::QueryInstancesRequest { query: Some(asked) };
        let page = self.hub.clone().query_instances(request).await?.into_inner();
        let states = page.orchestration_state.into_iter();
        let next = page.continuation_token.filter(|token| !token.is_empty());
        let next = next.map(|token| cursor::decode(Listed::Oldest, &token)).transpose();
        Ok(InstancePage {
            instances: states.map(client::from_state).collect::<Result<_, _>>()?,
            next: next.map_err(Error::Server)?,
        })
    }

    /// A page of the ids of instances that have ended, in the order of their ids, after the instance `after`. The
    /// protocol can ask by status and by when they ended. Gives what to ask the next page after, if there is one.
    ///
    /// # Errors
    /// When the filter asks for more than that, or the server does not answer.
    pub async fn list_ids(
        &self,
        filter: &Filter,
        after: Option<&InstanceId>,
        limit: usize,
    ) -> Result<(Vec<InstanceId>, Option<InstanceId>), Error> {
        let request = proto::ListInstanceIdsRequest {
            page_size: i32::try_from(limit).unwrap_or(i32::MAX),
            last_instance_key: after.map(ToString::to_string),
            ..client::list(filter).map_err(|invalid| unsupported(&invalid))?
        };
        let page = self.hub.clone().list_instance_ids(request).await?.into_inner();
        let id = |text: String| client::instance("instanceIds", &text);
        let ids = page.instance_ids.into_iter().map(id).collect::<Result<_, _>>()?;
        let last = page.last_instance_key.filter(|key| !key.is_empty());
        Ok((ids, last.map(id).transpose()?))
    }

    /// An instance's whole history. Of what was taken back by a rewind it does not say so.
    ///
    /// # Errors
    /// When there is no such instance, or the server does not answer.
    pub async fn history(&self, id: &InstanceId) -> Result<Vec<Event>, Error> {
        let request = proto::StreamInstanceHistoryRequest {
            instance_id: id.to_string(),
            ..proto::StreamInstanceHistoryRequest::default()
        };
        let mut chunks = self.hub.clone().stream_instance_history(request).await?.into_inner();
        let mut events = Vec::new();
        while let Some(chunk) = chunks.message().await? {
            for event in chunk.events {
                events.push(client::shown_event(event)?);
            }
        }
        Ok(events)
    }
}

fn asked(id: &InstanceId) -> proto::GetInstanceRequest {
    proto::GetInstanceRequest { instance_id: id.to_string(), get_inputs_and_outputs: true }
}

fn found(answer: proto::GetInstanceResponse) -> Result<Option<InstanceView>, Error> {
    let state = answer.orchestration_state.filter(|_| answer.exists);
    Ok(state.map(client::from_state).transpose()?)
}

fn absent(id: &InstanceId) -> Error {
    Error::NotFound(format!("there is no instance {id:?}"))
}

pub(crate) fn unsupported(invalid: &partita_api::durable_task::Invalid) -> Error {
    Error::Unsupported(invalid.to_string())
}

fn text(payload: Option<&Payload>) -> Option<String> {
    payload.map(|payload| payload.as_str().to_owned())
}

fn said(reason: &str) -> Option<String> {
    (!reason.is_empty()).then(|| reason.to_owned())
}

fn not_completed(id: &InstanceId, status: Status, output: Option<Payload>) -> Failure {
    let why = output.map(|text| format!(": {}", text.as_str())).unwrap_or_default();
    Failure::new("NotCompleted", format!("the instance {id:?} is {status}{why}"))
}
