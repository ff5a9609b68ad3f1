//! Durations counted by size, so that quantiles of any window can be told from two readings.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The upper bounds of the sizes, in microseconds: four for each power of ten from 100 µs to 1 h. What takes
/// longer is counted beside them.
pub const SIZES: [u64; 31] = sizes();

const fn sizes() -> [u64; 31] {
    const STEPS: [u64; 4] = [100, 180, 320, 560];
    let (mut sizes, mut at, mut power) = ([0; 31], 0, 1);
    #[allow(clippy::indexing_slicing)] // evaluated by the compiler, which refuses one that is out of bounds
    while at < 28 {
        sizes[at] = STEPS[at % 4] * power;
        if at % 4 == 3 {
            power *= 10;
        }
        at += 1;
    }
    [sizes[28], sizes[29], sizes[30]] = [1_000_000_000, 1_800_000_000, 3_600_000_000];
    sizes
}

/// How many lasted how long. Adding to it takes no lock.
#[derive(Debug)]
pub struct Durations {
    sizes: [AtomicU64; SIZES.len()],
    longer: AtomicU64,
}

impl Default for Durations {
    fn default() -> Self {
        Self { sizes: std::array::from_fn(|_| AtomicU64::new(0)), longer: AtomicU64::new(0) }
    }
}

impl Durations {
    /// Counts one.
    pub fn observe(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let size = SIZES.partition_point(|bound| *bound < us);
        self.sizes.get(size).unwrap_or(&self.longer).fetch_add(1, Relaxed);
    }

    /// All that was counted until now.
    #[must_use]
    pub fn read(&self) -> DurationCounts {
        let sizes = std::array::from_fn(|at| self.sizes.get(at).map_or(0, |count| count.load(Relaxed)));
        DurationCounts { sizes, longer: self.longer.load(Relaxed) }
    }
}

/// One reading of [`Durations`], or the difference of two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DurationCounts {
    sizes: [u64; SIZES.len()],
    longer: u64,
}

impl DurationCounts {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.sizes.iter().sum::<u64>().saturating_add(self.longer)
    }

    /// What was counted after an earlier reading of the same.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut sizes = self.sizes;
        for (now, before) in sizes.iter_mut().zip(&earlier.sizes) {
            *now = now.saturating_sub(*before);
        }
        Self { sizes, longer: self.longer.saturating_sub(earlier.longer) }
    }

    /// This and another together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut sizes = self.sizes;
        for (sum, more) in sizes.iter_mut().zip(&other.sizes) {
            *sum = sum.saturating_add(*more);
        }
        Self { sizes, longer: self.longer.saturating_add(other.longer) }
    }

    /// What the share `q` (0 to 1) lasted at most, estimated within the size that it falls into; an hour for
    /// whatever lasted longer. `None` when nothing was counted.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // an estimate; counts stay far below 2^52
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = (q.clamp(0.0, 1.0) * count as f64).max(1.0);
        let (mut below, mut from) = (0, 0);
        for (size, bound) in self.sizes.iter().zip(SIZES) {
            let up_to = below + size;
            if *size > 0 && up_to as f64 >= rank {
                let share = (rank - below as f64) / *size as f64;
                let us = from as f64 + share * (bound - from) as f64;
                return Some(Duration::from_secs_f64(us / 1e6));
            }
            (below, from) = (up_to, bound);
        }
        SIZES.last().map(|largest| Duration::from_micros(*largest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_evenly() {
        assert_eq!((SIZES[0], SIZES[4], SIZES[27], SIZES[30]), (100, 1_000, 560_000_000, 3_600_000_000));
        assert!(SIZES.windows(2).all(|pair| pair[0] < pair[1] && pair[1] <= pair[0] * 2));
    }

    #[test]
    fn quantiles_are_off_by_no_more_than_a_size() {
        let durations = Durations::default();
        (1..=1_000).for_each(|ms| durations.observe(Duration::from_millis(ms)));
        let counts = durations.read();
        assert_eq!(counts.count(), 1_000);
        for (q, ms) in [(0.0, 1), (0.5, 500), (0.95, 950), (1.0, 1_000)] {
            let told = counts.quantile(q).unwrap().as_secs_f64() * 1e3;
            assert!(told / f64::from(ms) < 1.2 && told / f64::from(ms) > 0.5, "{q}: {told} ms");
        }
    }

    #[test]
    fn a_window_is_the_difference_of_two_readings() {
        let durations = Durations::default();
        durations.observe(Duration::from_secs(10));
        let before = durations.read();
        assert_eq!(before.since(&before).quantile(0.5), None);
        durations.observe(Duration::from_micros(40));
        let window = durations.read().since(&before);
        assert_eq!((window.count(), window.quantile(0.95)), (1, Some(Duration::from_micros(100))));
        assert_eq!(window.and(&before), durations.read());
    }

    #[test]
    fn what_lasts_longer_than_all_sizes_counts_as_the_longest() {
        let durations = Durations::default();
        durations.observe(Duration::from_hours(50));
        assert_eq!(durations.read().quantile(0.5), Some(Duration::from_hours(1)));
        durations.observe(Duration::from_hours(1));
        assert_eq!(durations.read().count(), 2);
    }
}
