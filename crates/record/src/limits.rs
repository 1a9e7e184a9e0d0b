//! The bounds a line has, with the reason for each.

/// Bytes of a line that its `text` holds at most; what is longer is cut back to a whole character and counted.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
