//! The random numbers of Java's `java.util.Random`, which the service's seeded functions give.

/// The linear congruential generator of the Java class library, as its public documentation defines it.
#[derive(Debug, Clone)]
pub(crate) struct JavaRandom(u64);

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const MASK: u64 = (1 << 48) - 1;

impl JavaRandom {
    pub(crate) fn new(seed: i64) -> Self {
        Self((seed.cast_unsigned() ^ MULTIPLIER) & MASK)
    }

    /// The next `bits` (at most 32) bits.
    fn next(&mut self, bits: u32) -> u64 {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        self.0 >> (48 - bits.min(32))
    }

    /// At least 0 and less than 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
    pub(crate) fn double(&mut self) -> f64 {
        let bits = (self.next(26) << 27) | self.next(27);
        bits as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::JavaRandom;

    #[test]
    fn it_gives_the_numbers_of_java() {
        let mut random = JavaRandom::new(42);
        assert_eq!(random.double().to_bits(), 0.727_563_680_032_868_1_f64.to_bits());
        assert_eq!(random.double().to_bits(), 0.683_223_471_759_845_4_f64.to_bits());
        assert_eq!(JavaRandom::new(0).double().to_bits(), 0.730_967_787_376_657_f64.to_bits());
        assert_eq!(JavaRandom::new(-1).double().to_bits(), 0.268_942_630_880_504_96_f64.to_bits());
    }
}
