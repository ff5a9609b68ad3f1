//! Retry policies: attempts are durable timers and new calls, all of it in the history.

use partita_kernel::Failure;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// When, and how often, something that failed is tried again.
#[derive(Clone)]
pub struct RetryPolicy {
    first_interval: Duration,
    max_attempts: u32,
    backoff: f64,
    max_interval: Duration,
    timeout: Option<Duration>,
    when: Option<Predicate>,
}

type Predicate = Arc<dyn Fn(&Failure) -> bool + Send + Sync>;

impl RetryPolicy {
    /// At most `max_attempts` attempts, the first one included, `first_interval` apart.
    #[must_use]
    pub fn new(first_interval: Duration, max_attempts: u32) -> Self {
        let max_interval = Duration::from_secs(3600);
        Self {
            first_interval,
            max_attempts: max_attempts.max(1),
            backoff: 1.0,
            max_interval,
            timeout: None,
            when: None,
        }
    }

    /// Each interval is so many times the one before; at least 1.
    #[must_use]
    pub fn backoff(mut self, coefficient: f64) -> Self {
        self.backoff = coefficient.max(1.0);
        self
    }

    /// No interval is longer; one hour when nothing is said.
    #[must_use]
    pub fn max_interval(mut self, interval: Duration) -> Self {
        self.max_interval = interval;
        self
    }

    /// No attempt begins later than this after the first one.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Only failures for which this holds are tried again. It is asked about the cause that the function
    /// reported, and must always say the same of the same failure.
    #[must_use]
    pub fn when(mut self, predicate: impl Fn(&Failure) -> bool + Send + Sync + 'static) -> Self {
        self.when = Some(Arc::new(predicate));
        self
    }

    /// How long to wait after the given attempt (counted from 1) failed; `None` when it was the last.
    pub(crate) fn next(&self, attempt: u32, elapsed: Duration, failure: &Failure) -> Option<Duration> {
        let cause = failure.inner.as_deref().unwrap_or(failure);
        let wanted = !failure.non_retriable && self.when.as_ref().is_none_or(|when| when(cause));
        if attempt >= self.max_attempts || !wanted {
            return None;
        }
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let factor = self.backoff.powi(exponent);
        let interval = Duration::try_from_secs_f64(self.first_interval.as_secs_f64() * factor)
            .unwrap_or(self.max_interval)
            .min(self.max_interval);
        self.timeout.is_none_or(|timeout| elapsed + interval <= timeout).then_some(interval)
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("first_interval", &self.first_interval)
            .field("max_attempts", &self.max_attempts)
            .field("backoff", &self.backoff)
            .field("max_interval", &self.max_interval)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intervals(policy: &RetryPolicy, failure: &Failure) -> Vec<u64> {
        let mut elapsed = Duration::ZERO;
        (1..)
            .map_while(|attempt| {
                let interval = policy.next(attempt, elapsed, failure)?;
                elapsed += interval;
                Some(interval.as_secs())
            })
            .collect()
    }

    #[test]
    fn intervals_grow_up_to_their_bound() {
        let policy =
            RetryPolicy::new(Duration::from_secs(5), 6).backoff(2.0).max_interval(Duration::from_secs(30));
        assert_eq!(intervals(&policy, &Failure::new("E", "m")), [5, 10, 20, 30, 30]);
    }

    #[test]
    fn the_timeout_ends_it() {
        let policy = RetryPolicy::new(Duration::from_secs(5), 100).timeout(Duration::from_secs(12));
        assert_eq!(intervals(&policy, &Failure::new("E", "m")), [5, 5]);
    }

    #[test]
    fn what_is_not_worth_it_is_not_tried() {
        let policy =
            RetryPolicy::new(Duration::from_secs(1), 3).when(|failure| &*failure.error_type == "Busy");
        assert_eq!(intervals(&policy, &Failure::new("Busy", "m")), [1, 1]);
        assert!(intervals(&policy, &Failure::new("Other", "m")).is_empty());
        assert!(intervals(&policy, &Failure::new("Busy", "m").non_retriable()).is_empty());
    }
}
