//! Activities: functions that do the work.

use crate::error::Error;
use crate::serial::{from_payload, to_payload};
use futures::future::BoxFuture;
use partita_engine::executor::{Function, FunctionCall};
use partita_kernel::{Failure, InstanceId, Payload, Tags, Trace};
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What an activity knows of its call.
#[derive(Clone, Debug)]
pub struct ActivityContext {
    call: Arc<FunctionCall>,
}

impl ActivityContext {
    /// The instance that asks.
    #[must_use]
    pub fn instance_id(&self) -> &InstanceId {
        &self.call.instance
    }
    /// The task within the instance.
    #[must_use]
    pub fn task_id(&self) -> i32 {
        self.call.task_id
    }
    /// The name under which it was called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.call.name
    }
    /// The call's tags.
    #[must_use]
    pub fn tags(&self) -> &Tags {
        &self.call.tags
    }
    /// The trace that it belongs to.
    #[must_use]
    pub fn trace(&self) -> Option<&Trace> {
        self.call.trace.as_ref()
    }
    /// The same for every delivery of this call, and for no other: hand it to services that can tell a
    /// repeated request. An activity runs at least once, so it may run twice.
    ///
    /// A retry by policy, and a call that runs again after a rewind, are other calls with other keys. Where
    /// those must not act twice either, draw a key with
    /// [`new_guid`](crate::OrchestrationContext::new_guid) and hand it over as input.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("{}-{}", self.call.execution, self.call.task_id)
    }
    /// Cancelled when nobody wants the result any more: the instance was terminated, gave the call up, or
    /// the call's time is over.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        &self.call.cancellation
    }
}

/// More about an activity.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActivityOptions {
    /// How long one call may take.
    pub timeout: Option<Duration>,
}

type Body = Arc<
    dyn Fn(ActivityContext, Option<Payload>) -> BoxFuture<'static, Result<Option<Payload>, Failure>>
        + Send
        + Sync,
>;

/// An activity with its types taken off.
pub(crate) struct RustActivity {
    body: Body,
    options: ActivityOptions,
}

impl RustActivity {
    pub(crate) fn new<F, Fut, I, O, E>(name: &str, options: ActivityOptions, function: F) -> Self
    where
        F: Fn(ActivityContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        E: Into<Error>,
    {
        let (function, name) = (Arc::new(function), name.to_owned());
        let body: Body = Arc::new(move |context, input| {
            let input = match from_payload::<I>(&format!("the input of activity {name:?}"), input.as_ref()) {
                Ok(input) => input,
                Err(failure) => return Box::pin(std::future::ready(Err(failure))),
            };
            let (call, name) = (function(context, input), name.clone());
            Box::pin(async move { finish(&name, call.await) })
        });
        Self { body, options }
    }

    pub(crate) fn blocking<F, I, O, E>(name: &str, options: ActivityOptions, function: F) -> Self
    where
        F: Fn(ActivityContext, I) -> Result<O, E> + Send + Sync + 'static,
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        E: Into<Error> + 'static,
    {
        let function = Arc::new(function);
        Self::new(name, options, move |context, input: I| {
            let function = function.clone();
            async move {
                let work = move || function(context, input).map_err(Into::into);
                match tokio::task::spawn_blocking(work).await {
                    Ok(outcome) => outcome,
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    Err(error) => Err(Error::from(error)),
                }
            }
        })
    }
}

fn finish<O: Serialize, E: Into<Error>>(
    name: &str,
    outcome: Result<O, E>,
) -> Result<Option<Payload>, Failure> {
    match outcome {
        Ok(output) => to_payload(&format!("the output of activity {name:?}"), &output),
        Err(error) => Err(error.into().into_failure()),
    }
}

impl Function for RustActivity {
    fn call(&self, mut call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        let (input, cancellation) = (call.input.take(), call.cancellation.clone());
        let name = call.name.clone();
        let work = (self.body)(ActivityContext { call: Arc::new(call) }, input);
        let Some(timeout) = self.options.timeout else { return work };
        Box::pin(async move {
            tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| {
                cancellation.cancel();
                Err(Failure::new(
                    "ActivityTimeout",
                    format!("activity {name:?} took longer than {timeout:?}"),
                ))
            })
        })
    }
}
