//! Calls that carry a token of their caller, so that the same call made twice runs once.

use super::invoke::Outcome;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(3600);
/// How many calls are kept.
const MOST_CALLS: usize = 2000;
/// Bytes of their answers together.
const MOST_BYTES: usize = 64 << 20;

type Running = Shared<BoxFuture<'static, Outcome>>;

/// One call, under way or over.
struct Entry {
    key: (String, String),
    /// The hash of what was asked, which must be the same the next time.
    request: [u8; 32],
    began: Instant,
    running: Running,
}

/// Why a token cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// It came with another request before.
    OfAnotherRequest,
    /// Too many calls with tokens are under way.
    TooMany,
}

/// The last calls with a token.
#[derive(Default)]
pub(super) struct Repeats {
    entries: Mutex<VecDeque<Entry>>,
}

impl Repeats {
    /// The outcome of the first call of that token: that one's if there was one within the hour, or a new one's.
    pub(super) async fn run(
        &self,
        key: (String, String),
        request: [u8; 32],
        start: impl FnOnce() -> BoxFuture<'static, Outcome>,
    ) -> Result<Outcome, TokenError> {
        let running = self.find_or_start(&key, request, start)?;
        let outcome = running.await;
        if never_started(&outcome) {
            self.forget(&key); // nothing happened, so the next try is as good as the first
        }
        Ok(outcome)
    }

    fn find_or_start(
        &self,
        key: &(String, String),
        request: [u8; 32],
        start: impl FnOnce() -> BoxFuture<'static, Outcome>,
    ) -> Result<Running, TokenError> {
        let mut entries = self.entries.lock();
        trim(&mut entries);
        if let Some(entry) = entries.iter().find(|entry| entry.key == *key) {
            return if entry.request == request {
                Ok(entry.running.clone())
            } else {
                Err(TokenError::OfAnotherRequest)
            };
        }
        if entries.len() >= MOST_CALLS {
            return Err(TokenError::TooMany);
        }
        let running = start().shared();
        entries.push_back(Entry {
            key: key.clone(),
            request,
            began: Instant::now(),
            running: running.clone(),
        });
        Ok(running)
    }

    fn forget(&self, key: &(String, String)) {
        self.entries.lock().retain(|entry| {
            let failed = entry.running.peek().is_some_and(never_started);
            entry.key != *key || !failed
        });
    }
}

/// Makes room: what is older than an hour goes, then the oldest answers as long as there are too many. Calls under way
/// stay.
fn trim(entries: &mut VecDeque<Entry>) {
    entries.retain(|entry| entry.running.peek().is_none() || entry.began.elapsed() < KEPT);
    let mut bytes: usize = entries.iter().map(size).sum();
    let mut count = entries.len();
    entries.retain(|entry| {
        let stays = entry.running.peek().is_none() || (bytes <= MOST_BYTES && count < MOST_CALLS);
        if !stays {
            bytes -= size(entry);
            count -= 1;
        }
        stays
    });
}

fn size(entry: &Entry) -> usize {
    match entry.running.peek() {
        Some(Ok(answer)) => answer.body.len(),
        _ => 0,
    }
}

fn never_started(outcome: &Outcome) -> bool {
    outcome.as_ref().is_err_and(super::invoke::InvokeError::never_started)
}

#[cfg(test)]
mod tests {
    use super::super::invoke::InvokeError;
    use super::*;
    use partita_functions::{Answer, CallError, Exception};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(token: &str) -> (String, String) {
        ("f".to_owned(), token.to_owned())
    }

    fn answer(bytes: usize) -> Outcome {
        let body = vec![b'x'; bytes].into();
        Ok(Answer { status: 200, content_type: None, headers: Vec::new(), body })
    }

    fn gives(outcome: Outcome) -> impl FnOnce() -> BoxFuture<'static, Outcome> {
        || futures::future::ready(outcome).boxed()
    }

    #[tokio::test]
    async fn the_same_call_runs_once() {
        let repeats = Repeats::default();
        let calls = AtomicUsize::new(0);
        let call = |token: &'static str, request| {
            repeats.run(key(token), [request; 32], || {
                let number = calls.fetch_add(1, Ordering::Relaxed);
                futures::future::ready(answer(number)).boxed()
            })
        };
        assert_eq!(call("a", 1).await.unwrap().unwrap().body.len(), 0);
        assert_eq!(call("a", 1).await.unwrap().unwrap().body.len(), 0);
        assert_eq!(call("b", 1).await.unwrap().unwrap().body.len(), 1);
        assert!(matches!(call("a", 2).await, Err(TokenError::OfAnotherRequest)));
    }

    #[tokio::test]
    async fn only_what_never_ran_is_tried_again() {
        let repeats = Repeats::default();
        let busy = CallError::Busy { function: "f".to_owned(), reason: String::new() };
        let failed =
            CallError::HandlerFailed { function: "f".to_owned(), exception: Box::<Exception>::default() };
        for (token, error, runs_again) in [("a", busy, true), ("b", failed, false)] {
            let first = repeats.run(key(token), [0; 32], gives(Err(InvokeError::Call(error)))).await.unwrap();
            assert!(first.is_err());
            let second = repeats.run(key(token), [0; 32], gives(answer(1))).await.unwrap();
            assert_eq!(second.is_ok(), runs_again, "{token}");
        }
    }

    #[tokio::test]
    async fn what_is_kept_has_limits() {
        let repeats = Repeats::default();
        for number in 0..=MOST_CALLS {
            repeats.run(key(&number.to_string()), [0; 32], gives(answer(1))).await.unwrap().unwrap();
        }
        assert_eq!(repeats.entries.lock().len(), MOST_CALLS);
        for number in 0..20 {
            repeats
                .run(key(&format!("large {number}")), [0; 32], gives(answer(6 << 20)))
                .await
                .unwrap()
                .unwrap();
        }
        trim(&mut repeats.entries.lock());
        assert!(repeats.entries.lock().iter().map(size).sum::<usize>() <= MOST_BYTES);

        let waiting = Repeats::default();
        let polls: Vec<_> = (0..MOST_CALLS)
            .map(|number| {
                waiting.run(key(&number.to_string()), [0; 32], || futures::future::pending().boxed())
            })
            .collect();
        let mut polls = futures::future::join_all(polls);
        assert!((&mut polls).now_or_never().is_none());
        assert_eq!(
            waiting.run(key("more"), [0; 32], gives(answer(1))).await.unwrap_err(),
            TokenError::TooMany
        );
    }
}
