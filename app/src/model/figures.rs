//! Counts, sizes and durations as people read them.

/// `1234567` as `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in bytes, in the largest decimal unit that leaves at least 1.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut divisor: u64 = 1;
    while unit + 1 < UNITS.len() && count / divisor >= 1000 {
        divisor *= 1000;
        unit += 1;
    }
    let name = UNITS[unit];
    if unit == 0 {
        return format!("{count} {name}");
    }
    let tenths = count / (divisor / 10);
    format!("{}.{} {name}", grouped(tenths / 10), tenths % 10)
}

/// `1 line`, `2 lines`.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A duration in its two largest units: `2 h 11 min`, `4.2 s`.
#[must_use]
pub fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    if days > 0 {
        format!("{} d {hours} h", grouped(days))
    } else if hours > 0 {
        format!("{hours} h {minutes} min")
    } else if minutes > 0 {
        format!("{minutes} min {} s", seconds % 60)
    } else if seconds > 0 {
        format!("{seconds}.{} s", millis % 1000 / 100)
    } else {
        format!("{millis} ms")
    }
}

/// A name as it is compared: small and capital letters of ASCII alike. The tables of all others are too much to send.
#[must_use]
pub fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A share from 0 to 1 in whole percent, rounded down.
#[must_use]
pub fn percent(share: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share, brought between 0 and 1")]
    let percent = (share.clamp(0.0, 1.0) * 100.0) as u64;
    percent
}

/// A share from 0 to 1 in millionths, rounded down.
#[must_use]
pub fn millionths(share: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share, brought between 0 and 1")]
    let millionths = (share.clamp(0.0, 1.0) * 1e6) as u64;
    millionths
}

/// A length in CSS pixels, to the hundredth. Without the machinery for any number there is, which is large.
#[must_use]
pub fn px(length: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a length on a screen")]
    let hundredths = (length.clamp(-1e12, 1e12) * 100.0).round() as i64;
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}px", hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100)
}

/// A name in two parts, the second of at most `end_chars` characters.
#[must_use]
pub fn two_parts(name: &str, end_chars: usize) -> (&str, &str) {
    let at = end_chars.checked_sub(1).and_then(|last| name.char_indices().rev().nth(last)).map_or(0, |(at, _)| at);
    name.split_at(if end_chars == 0 { name.len() } else { at })
}

#[cfg(test)]
mod tests {
    use super::{bytes, counted, duration, grouped, percent, px};

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(10_000_000), "10,000,000");
        assert_eq!(counted(1, "line", "lines"), "1 line");
    }

    #[test]
    fn sizes_and_durations_take_their_largest_unit() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(118_400_000), "118.4 MB");
        assert_eq!(bytes(1_000_000_000_000), "1.0 TB");
        assert_eq!(duration(7_860_000), "2 h 11 min");
        assert_eq!(duration(12_430), "12.4 s");
    }

    #[test]
    fn lengths_and_shares_have_no_more_digits_than_they_need() {
        assert_eq!(
            (px(-0.5), px(1234.567), px(0.0)),
            ("-0.50px".to_owned(), "1234.57px".to_owned(), "0.00px".to_owned())
        );
        assert_eq!((percent(0.999), percent(1.0), percent(f64::NAN)), (99, 100, 0));
    }

    #[test]
    fn a_long_name_keeps_its_end() {
        assert_eq!(super::two_parts("worker-97ee12-28032.err", 9), ("worker-97ee12-", "28032.err"));
        assert_eq!(super::two_parts("é.log", 9), ("", "é.log"));
        assert_eq!(super::two_parts("éé", 1), ("é", "é"));
        assert_eq!(super::two_parts("ab", 0), ("ab", ""));
    }
}
