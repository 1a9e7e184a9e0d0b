//! How shipped sources are kept, as the user says it.

use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;

/// When bytes count as kept, and their sender is told so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// Once the disk has them (fsync). Nothing that was acknowledged is lost, whatever is killed or loses power.
    #[default]
    Disk,
    /// Once the system has them; the disk has them a second later. Nothing is lost when the server is killed; when the
    /// machine crashes or loses power, up to a second is: a source that lacks acknowledged bytes has then failed.
    System,
}

/// What was chosen.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// When bytes count as kept.
    pub durability: Durability,
    /// After how long without a message a growing source is lost.
    pub idle: Duration,
    /// Bytes that all shipped sources may take.
    pub quota: Option<u64>,
    /// How long a task is kept after it was last heard of.
    pub keep: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { durability: Durability::Disk, idle: Duration::from_secs(30), quota: None, keep: None }
    }
}

/// A length of time such as `500ms`, `30s`, `15m`, `12h` or `30d`.
///
/// # Errors
///
/// What is allowed, where it is none or takes no time.
pub fn duration(text: &str) -> Result<Duration, String> {
    let fault = || format!("{text:?} is no length of time: give one such as 500ms, 30s, 15m, 12h or 30d");
    let (number, unit) = split(text).ok_or_else(fault)?;
    let ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(fault()),
    };
    // A thousand years are for ever.
    number
        .checked_mul(ms)
        .filter(|ms| (1..=1_000 * 365 * 86_400_000).contains(ms))
        .map(Duration::from_millis)
        .ok_or_else(fault)
}

/// A number of bytes such as `500MB`, `10GB` or `2TiB`.
///
/// # Errors
///
/// What is allowed, where it is none.
pub fn bytes(text: &str) -> Result<u64, String> {
    let fault = || format!("{text:?} is no number of bytes: give one such as 500MB, 10GB, 10GiB or 2TB");
    let (number, unit) = split(text).ok_or_else(fault)?;
    let unit = match unit {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return Err(fault()),
    };
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(fault)
}

/// A whole number and what follows it.
fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_bear_their_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("30 s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("30d"), Ok(Duration::from_secs(30 * 86_400)));
        for wrong in ["", "30", "0s", "-1s", "s", "1.5h", "99999999999999999999d", "9999999d", "1y"] {
            let told = duration(wrong).expect_err(wrong);
            assert!(told.contains("30s"), "{told}");
        }
    }

    #[test]
    fn bytes_may_bear_a_unit() {
        assert_eq!(bytes("10GB"), Ok(10_000_000_000));
        assert_eq!(bytes("4096"), Ok(4_096));
        assert_eq!(bytes("2 MiB"), Ok(2 << 20));
        for wrong in ["", "0", "GB", "10 XB", "-1", "99999999999TB"] {
            let told = bytes(wrong).expect_err(wrong);
            assert!(told.contains("10GB"), "{told}");
        }
    }
}
