//! Times as rows show them and as readers type them, over the civil calendar.

use record::civil;

/// In which zone times are shown and read.
#[derive(Clone, Copy, Debug, Default)]
pub enum Zone {
    /// UTC.
    #[default]
    Utc,
    /// The reader's own: minutes east of UTC at that second since 1970.
    Local(fn(i64) -> i64),
    /// One with a name: minutes east of UTC at that second since 1970.
    Named(fn(i64) -> i64),
    /// So many minutes east of UTC at any time.
    Fixed(i64),
}

/// A time in pieces, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// `2026-11-22`.
    pub date: String,
    /// `02:14:00.206`.
    pub clock: String,
}

/// An RFC 3339 time in UTC, as seconds since 1970 and the digits of its fraction.
#[must_use]
pub fn parse_utc(text: &str) -> Option<(i64, &str)> {
    let body = text.strip_suffix('Z')?;
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let (date, clock) = whole.split_once('T')?;
    let day = parse_date(date)?;
    let second = parse_clock(clock)?;
    fraction.bytes().all(|byte| byte.is_ascii_digit()).then_some((day * 86_400 + second, fraction))
}

/// A time as its row shows it, to the millisecond; none where the text is no time.
#[must_use]
pub fn show(text: &str, zone: Zone) -> Option<Shown> {
    let (second, fraction) = parse_utc(text)?;
    let second = second + offset_minutes(zone, second) * 60;
    let (day, of_day) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some(Shown {
        date: date_text(day),
        clock: format!("{:02}:{:02}:{:02}.{millis}", of_day / 3600, of_day / 60 % 60, of_day % 60),
    })
}

/// The whole of a time, for its title: every digit it has, and its zone.
#[must_use]
pub fn full(text: &str, zone: Zone) -> String {
    let Some((shown, (_, fraction))) = show(text, zone).zip(parse_utc(text)) else {
        return text.to_owned();
    };
    let clock = shown.clock.get(..8).unwrap_or_default();
    let point = if fraction.is_empty() { "" } else { "." };
    let zone = match zone {
        Zone::Utc => "UTC".to_owned(),
        Zone::Local(_) => "local time".to_owned(),
        Zone::Named(_) | Zone::Fixed(_) => {
            east_text(offset_minutes(zone, parse_utc(text).map_or(0, |(second, _)| second)))
        }
    };
    format!("{} {clock}{point}{fraction} {zone}", shown.date)
}

/// Minutes east of UTC as `+05:30`.
fn east_text(minutes: i64) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// A time as it lies after the log's start: `+0:02:11.206`.
#[must_use]
pub fn since_start(first: &str, text: &str) -> Option<String> {
    let between = signed_millis_between(first, text)?;
    let (sign, millis) = (if between < 0 { '−' } else { '+' }, between.unsigned_abs());
    let second = millis / 1000;
    Some(format!("{sign}{}:{:02}:{:02}.{:03}", second / 3600, second / 60 % 60, second % 60, millis % 1000))
}

/// A time as it lies after the one before it: `+1.204 s`.
#[must_use]
pub fn since_before(before: &str, text: &str) -> Option<String> {
    let between = signed_millis_between(before, text)?;
    let (sign, millis) = (if between < 0 { '−' } else { '+' }, between.unsigned_abs());
    Some(match millis {
        0..60_000 => format!("{sign}{}.{:03} s", millis / 1000, millis % 1000),
        _ => format!("{sign}{}", super::figures::duration(millis)),
    })
}

/// Milliseconds from one RFC 3339 time to another; none where either is no time or they run backwards.
#[must_use]
pub fn millis_between(first: &str, last: &str) -> Option<u64> {
    u64::try_from(signed_millis_between(first, last)?).ok()
}

fn signed_millis_between(first: &str, last: &str) -> Option<i64> {
    let millis = |text| {
        let (second, fraction): (i64, &str) = parse_utc(text)?;
        let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
        Some(second * 1000 + digits.parse::<i64>().ok()?)
    };
    Some(millis(last)? - millis(first)?)
}

/// Milliseconds since 1970 as an RFC 3339 time in UTC.
#[must_use]
pub fn utc_text(millis: i64) -> String {
    let (second, fraction) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    let of_day = second.rem_euclid(86_400);
    let point = if fraction == 0 { String::new() } else { format!(".{fraction:03}") };
    let (hour, minute) = (of_day / 3600, of_day / 60 % 60);
    format!("{}T{hour:02}:{minute:02}:{:02}{point}Z", date_text(second.div_euclid(86_400)), of_day % 60)
}

/// What a reader typed, as an RFC 3339 time in UTC.
///
/// A full date with a time of day, a date alone, or a time of day alone, which is then on the day of `near`.
#[must_use]
pub fn read(typed: &str, near: Option<&str>, zone: Zone) -> Option<String> {
    let typed = typed.trim();
    let (body, given) = split_zone(typed)?;
    let (date, clock) = match body.split_once(['T', ' ']) {
        Some((date, clock)) => (Some(date), clock.trim()),
        None if body.contains(':') => (None, body),
        None => (Some(body), "00:00"),
    };
    let day = match date {
        Some(date) => parse_date(&date.replace('/', "-"))?,
        None => {
            let (second, _) = parse_utc(near?)?;
            (second + offset_minutes(zone, second) * 60).div_euclid(86_400)
        }
    };
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let wall = day * 86_400 + parse_clock(clock)?;
    let east = given.unwrap_or_else(|| offset_minutes(zone, wall));
    let second = wall - east * 60;
    let of_day = second.rem_euclid(86_400);
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!(
        "{}T{:02}:{:02}:{:02}{point}{fraction}Z",
        date_text(second.div_euclid(86_400)),
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    ))
}

fn offset_minutes(zone: Zone, second: i64) -> i64 {
    match zone {
        Zone::Utc => 0,
        Zone::Local(minutes) | Zone::Named(minutes) => minutes(second),
        Zone::Fixed(minutes) => minutes,
    }
}

/// Takes a zone off the end: `Z`, ` UTC`, `+01:00`, `-0500`; in minutes east.
fn split_zone(text: &str) -> Option<(&str, Option<i64>)> {
    for name in ["Z", "z", " UTC", " GMT"] {
        if let Some(body) = text.strip_suffix(name) {
            return Some((body.trim_end(), Some(0)));
        }
    }
    let Some(clock_at) = text.find(':') else {
        return Some((text, None));
    };
    let Some(sign_at) = text.get(clock_at..)?.find(['+', '-']).map(|at| at + clock_at) else {
        return Some((text, None));
    };
    let digits: String = text.get(sign_at + 1..)?.chars().filter(|&c| c != ':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i64>().ok()?, 0),
        4 => (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?),
        _ => return None,
    };
    let east = hours * 60 + minutes;
    let east = if text.as_bytes().get(sign_at) == Some(&b'-') { -east } else { east };
    Some((text.get(..sign_at)?.trim_end(), Some(east)))
}

fn parse_clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let hour = number(parts.next()?, 1, 2)?;
    let minute = number(parts.next()?, 2, 2)?;
    let second = parts.next().map_or(Some(0), |part| number(part, 2, 2))?;
    (parts.next().is_none() && hour < 24 && minute < 60 && second < 61)
        .then_some(hour * 3600 + minute * 60 + second.min(59))
}

fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4, 4)?;
    let month = number(parts.next()?, 2, 2)?;
    let day = number(parts.next()?, 2, 2)?;
    let days = civil::days(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)?;
    parts.next().is_none().then_some(days)
}

fn number(text: &str, least: usize, most: usize) -> Option<i64> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn date_text(day: i64) -> String {
    let (year, month, day) = civil::date(day);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::{Zone, full, millis_between, read, show, since_before, since_start};

    const NEAR: Option<&str> = Some("2026-11-22T23:30:00.5Z");
    const EAST: Zone = Zone::Local(|_| 120);

    #[test]
    fn a_time_is_shown_to_the_millisecond_and_told_in_full() {
        let shown = show("2026-11-22T02:14:00.2061Z", Zone::Utc).unwrap();
        assert_eq!((shown.date.as_str(), shown.clock.as_str()), ("2026-11-22", "02:14:00.206"));
        let shown = show("2026-11-22T23:00:05Z", EAST).unwrap();
        assert_eq!((shown.date.as_str(), shown.clock.as_str()), ("2026-11-23", "01:00:05.000"));
        assert_eq!(full("2026-11-22T02:14:00.206123Z", Zone::Utc), "2026-11-22 02:14:00.206123 UTC");
        assert_eq!(millis_between("2026-11-22T02:14:00Z", "2026-11-22T02:14:01.25Z"), Some(1250));
    }

    #[test]
    fn a_time_is_told_from_the_start_or_from_the_line_before() {
        let start = "2026-11-22T02:14:00Z";
        assert_eq!(since_start(start, "2026-11-22T02:16:11.2061Z").as_deref(), Some("+0:02:11.206"));
        assert_eq!(since_start(start, "2026-11-24T02:14:00Z").as_deref(), Some("+48:00:00.000"));
        assert_eq!(since_before(start, "2026-11-22T02:14:01.204Z").as_deref(), Some("+1.204 s"));
        assert_eq!(since_before(start, "2026-11-22T02:13:59.5Z").as_deref(), Some("−0.500 s"));
        assert_eq!(since_before(start, "2026-11-22T02:16:05Z").as_deref(), Some("+2 min 5 s"));
        assert_eq!(since_before(start, "noon"), None);
    }

    #[test]
    fn other_zones_are_told_by_their_offset() {
        let time = "2026-11-22T23:00:05.5Z";
        assert_eq!(full(time, Zone::Fixed(-210)), "2026-11-22 19:30:05.5 UTC-03:30");
        assert_eq!(full(time, Zone::Named(|_| 60)), "2026-11-23 00:00:05.5 UTC+01:00");
    }

    #[track_caller]
    fn check_read(typed: &str, zone: Zone, expected: Option<&str>) {
        assert_eq!(read(typed, NEAR, zone).as_deref(), expected, "{typed}");
    }

    #[test]
    fn a_typed_time_may_leave_out_what_the_log_knows() {
        check_read("2026-11-22 02:14", Zone::Utc, Some("2026-11-22T02:14:00Z"));
        check_read("2026-11-22T02:14:01.5Z", EAST, Some("2026-11-22T02:14:01.5Z"));
        check_read("02:14:01", Zone::Utc, Some("2026-11-22T02:14:01Z"));
        check_read("02:14:01", EAST, Some("2026-11-23T00:14:01Z"));
        check_read("2026-11-22", Zone::Utc, Some("2026-11-22T00:00:00Z"));
        check_read("2026/11/22 02:14:01,250 +01:00", Zone::Utc, Some("2026-11-22T01:14:01.250Z"));
    }

    #[test]
    fn what_is_no_time_is_not_read_as_one() {
        for typed in ["", "noon", "25:00", "2026-02-30 00:00", "2026-11-22 10", "10:61", "2026-13-01"] {
            check_read(typed, Zone::Utc, None);
        }
    }
}
