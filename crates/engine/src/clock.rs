//! Time. The kernel is told it; only the engine looks at a clock.

use partita_kernel::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the engine reads the time.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// How long to sleep at most before looking at the clock again: real clocks can be set.
    fn longest_sleep(&self) -> Duration;
}

/// The system's time as the kernel has it; 1970 for anything earlier.
#[must_use]
pub fn timestamp(at: SystemTime) -> Timestamp {
    let nanos = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        timestamp(SystemTime::now())
    }
    fn longest_sleep(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// tokio's clock, laid over a fixed date: when tokio's time is paused, a week passes in no time.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    origin: Timestamp,
    started: tokio::time::Instant,
}

impl VirtualClock {
    /// A clock that shows `origin` now. Must be made inside a tokio runtime.
    #[must_use]
    pub fn starting_at(origin: Timestamp) -> Self {
        Self { origin, started: tokio::time::Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.origin.after(self.started.elapsed())
    }
    fn longest_sleep(&self) -> Duration {
        Duration::from_secs(366 * 24 * 3600)
    }
}
