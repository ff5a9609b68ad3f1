//! What one run of an expression has used up, and its chance.

use std::cell::{Cell, RefCell};

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::super::{ExprLimits, JsonataScope};

/// The state of one run, which the functions of the host share.
pub(super) struct Session {
    pub(super) limits: ExprLimits,
    pub(super) now: jiff::Timestamp,
    steps: Cell<u64>,
    /// How long the text is in which something is being replaced.
    pub(super) subject: Cell<usize>,
    /// What all chance of this run comes from; drawn once, so that a run is one draw whatever it does.
    seed: Option<Uuid>,
    drawn: RefCell<u64>,
}

impl Session {
    pub(super) fn new(scope: &JsonataScope<'_>, needs_chance: bool) -> Self {
        Self {
            limits: scope.limits.clone(),
            now: scope.now,
            steps: Cell::new(0),
            subject: Cell::new(0),
            seed: needs_chance.then(|| scope.draw.uuid()),
            drawn: RefCell::new(0),
        }
    }

    /// Counts a step.
    pub(super) fn step(&self) -> Result<(), String> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > self.limits.steps {
            return Err(format!("The expression takes more than {} steps.", self.limits.steps));
        }
        Ok(())
    }

    /// The next 16 random bytes.
    pub(super) fn draw(&self) -> [u8; 16] {
        let mut drawn = self.drawn.borrow_mut();
        *drawn += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed.unwrap_or_default().as_bytes());
        hash.update(drawn.to_be_bytes());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash.finalize()).for_each(|(byte, random)| *byte = random);
        bytes
    }

    /// The next random number, at least 0 and less than 1.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "53 bits fit a double")]
    pub(super) fn fraction(&self) -> f64 {
        let bits = u128::from_be_bytes(self.draw()) as u64 >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }

    /// The next random UUID, of version 4.
    pub(super) fn uuid(&self) -> Uuid {
        Builder::from_random_bytes(self.draw()).into_uuid()
    }
}
