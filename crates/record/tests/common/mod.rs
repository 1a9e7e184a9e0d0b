//! What the tests share.
#![allow(dead_code, reason = "no test file uses all of it")]

use record::{Rules, Scanner, Timestamp, Zone};

/// UTC, last modified at 2026-11-22T05:00:00Z, no form of the user's.
pub fn rules() -> Rules {
    Rules { zone: Zone::Utc, modified: Timestamp::from_nanos(1_795_323_600_000_000_000), format: None }
}

pub fn scanner_with(zone: Zone) -> Scanner {
    Scanner::new(Rules { zone, ..rules() })
}

/// A time as RFC 3339; `-` is none.
pub fn show(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.to_string())
}

/// Numbers that look random and come again with the seed (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number under `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}
