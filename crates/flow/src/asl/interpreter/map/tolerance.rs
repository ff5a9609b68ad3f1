//! How many items may fail.

use super::{float, whole};
use crate::asl::definition::MapState;
use crate::asl::interpreter::fault::{Fault, not_usable};
use crate::asl::interpreter::frame::{Frame, Visit};
use serde_json::Value;

/// How many items may fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    count: Option<f64>,
    percentage: Option<f64>,
}

impl Tolerance {
    /// Whether so many failures of so many items are too many.
    #[allow(clippy::cast_precision_loss)] // no map has 2^53 items
    pub(super) fn is_exceeded(self, failures: usize, items: usize) -> bool {
        let failures = failures as f64;
        let share = if items == 0 { 0.0 } else { failures * 100.0 / items as f64 };
        match (self.count, self.percentage) {
            (None, None) => failures > 0.0,
            (count, percentage) => {
                count.is_some_and(|count| failures > count) || percentage.is_some_and(|most| share > most)
            }
        }
    }
}

impl Frame<'_> {
    pub(super) fn tolerance(
        &mut self,
        visit: &Visit<'_>,
        map: &MapState,
        dollar: &Value,
    ) -> Result<Tolerance, Fault> {
        let count =
            self.optional(visit, map.tolerated_count.as_ref(), dollar, "ToleratedFailureCount", whole)?;
        if count.is_some_and(|count| count < 0.0) {
            let error = not_usable("ToleratedFailureCount cannot be negative.");
            return Err(self.failed(visit, error));
        }
        let percentage = self.optional(
            visit,
            map.tolerated_percentage.as_ref(),
            dollar,
            "ToleratedFailurePercentage",
            float,
        )?;
        if percentage.is_some_and(|percentage| !(0.0..=100.0).contains(&percentage)) {
            let error = not_usable("ToleratedFailurePercentage must be between 0 and 100.");
            return Err(self.failed(visit, error));
        }
        Ok(Tolerance { count, percentage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_bound_counts() {
        let exceeded =
            |count, percentage, failures, items| Tolerance { count, percentage }.is_exceeded(failures, items);
        assert!(exceeded(None, None, 1, 100) && !exceeded(None, None, 0, 100));
        assert!(!exceeded(Some(2.0), None, 2, 3) && exceeded(Some(2.0), None, 3, 3));
        assert!(!exceeded(None, Some(50.0), 1, 2) && exceeded(None, Some(49.0), 1, 2));
        assert!(exceeded(Some(9.0), Some(10.0), 2, 10));
    }
}
