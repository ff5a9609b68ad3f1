//! One call on one process.

use super::Process;
use super::facts::FactKind;
use crate::call::{Answer, Call};
use crate::error::{CallError, Exception};
use crate::exchange::{self, Connection, ExchangeError, Head};
use bytes::Bytes;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a process that has ended may have left an answer that is not read yet.
const LAST_ANSWER: Duration = Duration::from_millis(100);
/// How long a process may take to end after it has closed its connection.
const LAST_BREATH: Duration = Duration::from_millis(500);

/// How a call on a process went.
pub(crate) enum Ran {
    /// There is an answer, or an error of the handler that leaves the process whole.
    Kept(Result<Answer, CallError>),
    /// The process is no good any more.
    Lost(CallError),
    /// The handler cannot have run; another process may take the call.
    NotSent(String),
}

/// What ended the wait for an answer.
enum End {
    Exchanged(Result<(Head, Bytes), ExchangeError>),
    Deadline,
    Cancelled,
}

impl Process {
    /// Hands a call to the process and waits for its end.
    pub(crate) async fn run(&mut self, call: &Call, cancelled: &CancellationToken) -> Ran {
        let spec = self.generation.spec.clone();
        let function = spec.name.clone();
        let deadline = call.deadline.unwrap_or(spec.timeout);
        let fallback = spec.content_type.as_deref().unwrap_or("application/json");
        let content_type = call.content_type.as_deref().unwrap_or(fallback);
        let request = match exchange::request(call, content_type, deadline) {
            Ok(request) => request,
            Err(reason) => return Ran::Kept(Err(CallError::InvalidCall(reason))),
        };
        self.output.begin(&call.call_id);
        let ending = self.host.ending.clone();
        let end = tokio::select! {
            biased;
            result = self.exchange(request, &call.body) => End::Exchanged(result),
            () = tokio::time::sleep(deadline) => End::Deadline,
            () = cancelled.cancelled() => End::Cancelled,
            () = ending.cancelled() => End::Cancelled,
        };
        match end {
            End::Exchanged(Ok((head, body))) => self.judge(call, head, body).await,
            End::Exchanged(Err(ExchangeError::NotSent(reason))) => {
                self.kill();
                Ran::NotSent(reason)
            }
            End::Exchanged(Err(ExchangeError::Closed(reason))) => {
                Ran::Lost(self.crashed(call, &reason).await)
            }
            End::Exchanged(Err(ExchangeError::Garbage(what))) => {
                Ran::Lost(self.end(CallError::InvalidAnswer { function, what }).await)
            }
            End::Exchanged(Err(ExchangeError::TooLarge)) => {
                let limit = self.host.config.limits.answer_bytes;
                Ran::Lost(self.end(CallError::AnswerTooLarge { function, limit }).await)
            }
            End::Deadline => Ran::Lost(self.end(CallError::Deadline { function, limit: deadline }).await),
            End::Cancelled => Ran::Lost(self.end(CallError::Cancelled { function, started: true }).await),
        }
    }

    /// The call is over: what it printed so far is its log.
    pub(crate) fn end_of_call(&self) {
        self.output.end();
    }

    async fn exchange(&mut self, head: Vec<u8>, body: &[u8]) -> Result<(Head, Bytes), ExchangeError> {
        let kept = self.connection.take().filter(Connection::is_usable);
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::open(&self.listener, self.owner).await?,
        };
        let limit = self.host.config.limits.answer_bytes;
        let result = {
            let mut exchange = std::pin::pin!(connection.exchange(head, body, limit));
            tokio::select! {
                biased;
                result = &mut exchange => result,
                // Something that the handler started may hold the connection open after the process has ended.
                () = async { drop(self.exit.wait_for(Option::is_some).await) } => {
                    let gone = || ExchangeError::Closed("the process ended".to_owned());
                    tokio::time::timeout(LAST_ANSWER, exchange).await.unwrap_or_else(|_| Err(gone()))
                }
            }
        };
        self.connection = Some(connection);
        result
    }

    /// Turns an FDK's answer into the call's outcome.
    async fn judge(&mut self, call: &Call, head: Head, body: Bytes) -> Ran {
        let function = self.generation.spec.name.clone();
        match head.status {
            200 => Ran::Kept(Ok(exchange::answer(head, body, call.gateway.is_some()))),
            502 => {
                let exception = Box::new(self.exception(call, &body));
                Ran::Kept(Err(CallError::HandlerFailed { function, exception }))
            }
            504 => {
                let exception = Box::new(self.exception(call, &body));
                Ran::Kept(Err(CallError::HandlerTimedOut { function, exception }))
            }
            status => {
                let what = format!("status {status}, which is none of the contract: {}", excerpt(&body));
                Ran::Lost(self.end(CallError::InvalidAnswer { function, what }).await)
            }
        }
    }

    /// What the handler raised; without a fact, which a handler that answers 502 by itself does not cause, the body.
    fn exception(&mut self, call: &Call, body: &[u8]) -> Exception {
        match self.facts.of(Some(&call.call_id)) {
            Some(fact) => fact.exception(&self.generation.stage),
            None => Exception {
                error_type: "Error".to_owned(),
                message: excerpt(body),
                traceback: String::new(),
                place: None,
            },
        }
    }

    /// Ends the process, because of an error that is known.
    async fn end(&mut self, error: CallError) -> CallError {
        self.kill();
        self.ended().await;
        self.output.finish().await;
        error
    }

    /// Finds out why the connection ended.
    async fn crashed(&mut self, call: &Call, reason: &str) -> CallError {
        let function = self.generation.spec.name.clone();
        // A process that only closed its connection is no good either; but first it may end by itself, and say why.
        let exited = tokio::time::timeout(LAST_BREATH, self.exit.wait_for(Option::is_some)).await.is_ok();
        if !exited {
            let what = format!("it closed the connection without an answer ({reason})");
            return self.end(CallError::InvalidAnswer { function, what }).await;
        }
        let exit = self.ended().await;
        self.kill();
        self.output.finish().await;
        let output = self.output.last_lines();
        let mut exception = None;
        while let Some(fact) = self.facts.of(Some(&call.call_id)) {
            if fact.kind == FactKind::Nothing {
                return CallError::NoAnswer { function, returned: fact.returned() };
            }
            exception = exception.or_else(|| Some(Box::new(fact.exception(&self.generation.stage))));
        }
        CallError::Crashed { function, exit, exception, output }
    }
}

/// The start of a body, as text.
fn excerpt(body: &[u8]) -> String {
    const CHARACTERS: usize = 300;
    let text = String::from_utf8_lossy(body);
    let mut excerpt: String = text.chars().take(CHARACTERS).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
