//! klog's head: `I1122 01:59:00.123456`.

use super::find::{Found, Known};
use super::{usual, year};
use crate::Level;
use crate::civil::Civil;

/// klog's head at the line's start. It has no year, always a fraction, and its letter is the level.
pub(super) fn klog(line: &[u8], known: &Known) -> Option<Found> {
    let stamp: &[u8; 6] = line.first_chunk()?;
    let level = match stamp[0] {
        b'I' => Level::Info,
        b'W' => Level::Warn,
        b'E' => Level::Error,
        b'F' => Level::Fatal,
        _ => return None,
    };
    if stamp[5] != b' ' || !matches!(line.get(14), Some(b'.' | b',')) {
        return None;
    }
    let mut civil =
        Civil { month: usual::two(stamp[1], stamp[2])?, day: usual::two(stamp[3], stamp[4])?, ..Civil::default() };
    let end = usual::clock(line, stamp.len(), &mut civil)?;
    let (time, end) = year::nearest(line, end, &mut civil, known)?;
    Some(Found { time, start: 0, end, level: Some(level) })
}
