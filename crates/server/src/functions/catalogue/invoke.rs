//! Calls of functions that come from outside, not from a workflow.

use super::super::Deployment;
use super::Catalogue;
use super::record::Function;
use super::repeats::TokenError;
use futures::FutureExt;
use partita_functions::{Answer, Call, CallError};
use ring::digest::{Context, SHA256};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Calls under way that nobody waits for.
pub(super) const MOST_DETACHED: usize = 1000;

/// Why a call brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InvokeError {
    /// The function could not be deployed.
    NotDeployed(String),
    /// The host says why.
    Call(CallError),
}

pub(super) type Outcome = Result<Answer, InvokeError>;

impl InvokeError {
    /// Whether it is certain that the handler did not run.
    pub(crate) fn never_started(&self) -> bool {
        match self {
            Self::NotDeployed(_) => true,
            Self::Call(error) => error.never_started(),
        }
    }
}

/// Why a call was not even made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Token(TokenError),
    /// Too many calls are under way that nobody waits for.
    TooManyDetached,
}

impl Catalogue {
    /// Calls a function. The call goes on when the caller does not wait for its end. With a token, the second of two
    /// same calls gets the answer of the first.
    pub(crate) async fn invoke(
        self: &Arc<Self>,
        function: &Arc<Function>,
        call: Call,
        token: Option<&str>,
    ) -> Result<Result<Answer, InvokeError>, Refused> {
        let request = token.map(|token| ((function.id.clone(), token.to_owned()), hash(&call)));
        let (catalogue, function) = (self.clone(), function.clone());
        let start = move || {
            let running = tokio::spawn(async move { catalogue.perform(&function, call).await });
            running.map(|outcome| outcome.unwrap_or(Err(InvokeError::Call(CallError::Stopping)))).boxed()
        };
        match request {
            Some((key, request)) => self.repeats.run(key, request, start).await.map_err(Refused::Token),
            None => Ok(start().await),
        }
    }

    /// Calls a function and does not wait for the answer, which nobody gets.
    pub(crate) fn detach(
        self: &Arc<Self>,
        function: &Arc<Function>,
        mut call: Call,
        token: Option<&str>,
    ) -> Result<(), Refused> {
        let permit = self.detached.clone().try_acquire_owned().map_err(|_| Refused::TooManyDetached)?;
        call.deadline = Some(function.detached_timeout());
        let (catalogue, function, token) = (self.clone(), function.clone(), token.map(str::to_owned));
        tokio::spawn(async move {
            let call_id = call.call_id.clone();
            let outcome = catalogue.invoke(&function, call, token.as_deref()).await;
            drop(permit);
            if let Ok(Err(error)) = outcome {
                tracing::warn!(function = function.address, call_id, ?error, "a detached call failed");
            }
        });
        Ok(())
    }

    async fn perform(&self, function: &Function, call: Call) -> Outcome {
        if let Deployment::Failed(reason) = self.functions.deployed(&function.address).await {
            return Err(InvokeError::NotDeployed(reason));
        }
        let Some(host) = self.functions.host() else {
            return Err(InvokeError::NotDeployed("no functions are hosted here".to_owned()));
        };
        host.call(call, CancellationToken::new()).await.map_err(InvokeError::Call)
    }
}

/// A hash of what a call asks for. Its id and the headers of its connection are not part of that.
fn hash(call: &Call) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in [&call.function, call.content_type.as_deref().unwrap_or_default()] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.update(&[u8::from(call.deadline.is_some())]);
    context.update(&call.body);
    context.finish().as_ref().try_into().unwrap_or_default()
}
