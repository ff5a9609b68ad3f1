//! Reading the items of distributed maps from files, and writing their results.

use futures::future::BoxFuture;
use partita::dynamic::{Function, FunctionCall, Payload};
use partita::{Error, Failure};
use partita_flow::asl::items::Buckets;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// What a state machine calls for its items and results.
pub(super) enum ItemFunction {
    Read(Arc<Buckets>),
    Write(Arc<Buckets>),
}

impl Function for ItemFunction {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        match self {
            Self::Read(buckets) => {
                let buckets = buckets.clone();
                Box::pin(blocking(call, move |request| buckets.read(&request)))
            }
            Self::Write(buckets) => {
                let buckets = buckets.clone();
                Box::pin(blocking(call, move |request| buckets.write(&request)))
            }
        }
    }
}

/// Does something with files where that may take its time.
async fn blocking<Request, Answer>(
    call: FunctionCall,
    work: impl FnOnce(Request) -> Result<Answer, Error> + Send + 'static,
) -> Result<Option<Payload>, Failure>
where
    Request: DeserializeOwned + Send,
    Answer: Serialize + Send,
{
    let done = tokio::task::spawn_blocking(move || {
        let request = serde_json::from_str(call.input.as_ref().map_or("null", Payload::as_str))?;
        Ok::<_, Error>(serde_json::to_string(&work(request)?)?)
    });
    match done.await {
        Ok(Ok(answer)) => Ok(Some(Payload::from(answer))),
        Ok(Err(error)) => Err(error.into_failure()),
        Err(panicked) => Err(Failure::new("InternalError", panicked.to_string()).non_retriable()),
    }
}
