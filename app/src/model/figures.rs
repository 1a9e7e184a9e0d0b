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

/// A name in two parts, the second of at most `end_chars` characters.
#[must_use]
pub fn two_parts(name: &str, end_chars: usize) -> (&str, &str) {
    let at = end_chars.checked_sub(1).and_then(|last| name.char_indices().rev().nth(last)).map_or(0, |(at, _)| at);
    name.split_at(if end_chars == 0 { name.len() } else { at })
}

#[cfg(test)]
mod tests {
    use super::{bytes, counted, duration, grouped};

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
    fn a_long_name_keeps_its_end() {
        assert_eq!(super::two_parts("worker-97ee12-28032.err", 9), ("worker-97ee12-", "28032.err"));
        assert_eq!(super::two_parts("é.log", 9), ("", "é.log"));
        assert_eq!(super::two_parts("éé", 1), ("é", "é"));
        assert_eq!(super::two_parts("ab", 0), ("ab", ""));
    }
}
