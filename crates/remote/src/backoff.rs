//! Waits between attempts.

use std::time::Duration;

/// Attempts in a row wait for a random part of a time that doubles, so that many who lost the same server do not all come
/// back at once.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, attempts: 0 }
    }

    /// It worked: the next wait is a short one again.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// The most that the next wait can be.
    fn ceiling(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.attempts.min(20));
        self.attempts = self.attempts.saturating_add(1);
        doubled.min(self.longest)
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        self.ceiling().mul_f64(fraction())
    }
}

/// A random number from 0 to 1; a half where there is no source of randomness.
fn fraction() -> f64 {
    let bits = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_never_longer() {
        let of = Duration::from_millis;
        let mut backoff = Backoff::new(of(100), of(500));
        let ceilings: Vec<_> = (0..5).map(|_| backoff.clone().ceiling().max(backoff.next())).collect();
        assert_eq!(ceilings, [of(100), of(200), of(400), of(500), of(500)]);
        backoff.reset();
        assert_eq!(backoff.ceiling(), of(100));
        backoff.attempts = u32::MAX;
        assert_eq!(backoff.ceiling(), of(500));
    }
}
