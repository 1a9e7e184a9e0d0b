//! An instant, to the nanosecond.

/// Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// 128 bits, since logs do hold dates such as 9999-12-31 and 64 bits of nanoseconds end in 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i128);

impl Timestamp {
    /// The instant `nanos` nanoseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_nanos(nanos: i128) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn nanos(self) -> i128 {
        self.0
    }
}
