//! Numbers that a seed determines (xorshift64*), so that a test that failed can be run again.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

/// A source of numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Any number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        usize::try_from(number).unwrap_or(0) % end.max(1)
    }
}

/// `LOGBOOM_TEST_SEED`, or another seed each time; printed, and shown where the test fails.
#[expect(clippy::print_stdout, reason = "whoever looks at a failed test needs it")]
pub fn seed() -> u64 {
    let given = std::env::var("LOGBOOM_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish() % 1_000_000_000);
    println!("LOGBOOM_TEST_SEED={seed}");
    seed
}
