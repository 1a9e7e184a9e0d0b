//! Whatever bytes come: nothing panics, and what is read is what other readers read. A failure names its seed.

#![expect(clippy::unwrap_used, reason = "a test fails that way")]

mod common;

use std::collections::BTreeMap;

use common::{Random, rules, show};
use record::{Rules, Scanner, TimeFormat, Timestamp, Wrapping, Zone, text};
use serde::de::IgnoredAny;

const LINES: &[u8] = include_bytes!("data/formats.log");

/// Does with these bytes whatever can be done with a line's.
fn read_in_every_way(scanners: &mut [Scanner], line: &[u8], seed: u64) {
    for scanner in scanners.iter_mut() {
        let head = scanner.head(line, false);
        assert_eq!(head, scanner.clone().head(line, false), "seed {seed}");
        let shown = show(head.time);
        assert!(head.time.is_some() || head.level.is_none(), "seed {seed}");
        if let Some(time) = head.time {
            let again = Timestamp::parse_usual(shown.as_bytes(), &Zone::Fixed(3600));
            let year_0 = shown.starts_with("0000");
            assert!(year_0 || again == Some((time, shown.len())), "seed {seed}: {shown}");
        }
        scanner.head(line, true);
        scanner.level_of(line);
    }
    let mut scratch = Vec::new();
    for wrapping in [Wrapping::Cri, Wrapping::Docker] {
        let _part = wrapping.part(line, &mut scratch);
    }
    let bytes = line.len() as u64 + seed % 3;
    drop(text::decode(line, bytes));
    drop(text::decode_utf16(line, bytes, seed.is_multiple_of(2)));
}

fn scanners() -> Vec<Scanner> {
    let format = TimeFormat::new("[%d.%b %Y%n%H:%M:%S.%f%z").unwrap();
    let named = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    [
        rules(),
        Rules { zone: Zone::Named(named), format: Some(format), ..rules() },
        Rules { modified: Timestamp::from_nanos(i128::MAX), ..rules() },
        Rules { modified: Timestamp::from_nanos(i128::MIN), ..rules() },
    ]
    .into_iter()
    .map(Scanner::new)
    .collect()
}

#[test]
fn random_pieces_do_no_harm() {
    let pieces: &[&[u8]] = &[
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b"\\u",
        b"\\ud83d",
        b":",
        b",",
        b"ts",
        b"\"ts\":",
        b"\"level\":",
        b"level=",
        b"time=",
        b"2024",
        b"-",
        b"/",
        b"12",
        b"31",
        b"29",
        b"T",
        b" ",
        b"23",
        b":59",
        b":60",
        b".",
        b"123456789",
        b"Z",
        b"+01:00",
        b" UTC",
        b"Feb ",
        b"Nov 22 ",
        b"I1122 01:59:00.5",
        b"<34>",
        b"\x1b",
        b"\x1b[1m",
        b"\x1b]",
        b"\x07",
        b"2024-12-20 03:04:05",
        b"20/Dec/2024:03:04:05 +0000",
        b"1734663845123 ",
        b"1e9",
        b"ERROR",
        b"\xff",
        b"\xe2\x80",
        b"true",
        b"null",
        b"22, 2026 8:02:14 AM",
        b"\0",
        b"\t",
        b"stdout F ",
        b"{\"log\":\"",
    ];
    let mut scanners = scanners();
    for seed in 0..20_000 {
        let mut random = Random(seed);
        let mut line = Vec::new();
        for _ in 0..random.below(24) {
            line.extend_from_slice(random.pick(pieces));
        }
        read_in_every_way(&mut scanners, &line, seed);
    }
}

#[test]
fn mutated_real_lines_do_no_harm() {
    let lines: Vec<&[u8]> = LINES.split(|&byte| byte == b'\n').collect();
    let mut scanners = scanners();
    for seed in 0..20_000 {
        let mut random = Random(seed);
        let mut line = random.pick(&lines).to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(line.len() + 1);
            match random.below(4) {
                0 => line.truncate(at),
                1 => line.insert(at, random.next().to_le_bytes()[0]),
                2 if at < line.len() => line[at] ^= 1 << random.below(8),
                _ if at < line.len() => drop(line.remove(at)),
                _ => {}
            }
        }
        read_in_every_way(&mut scanners, &line, seed);
    }
}

#[test]
fn a_json_object_is_what_serde_json_holds_for_one() {
    let pieces: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        "\"a\"",
        "\"ts\"",
        ":",
        ",",
        "1",
        "-0.5e+3",
        "01",
        "true",
        "nul",
        "null",
        " ",
        "\"\\u00e9\"",
        "\"\\x\"",
        "{\"a\":1}",
        "[1,2]",
        "\"a\":1",
        "\"b\":[]",
        "{}",
    ];
    let ts = r#""ts":"2024-12-20 03:04:05""#;
    let mut scanner = Scanner::new(rules());
    let mut objects = 0;
    for seed in 0..200_000 {
        let mut random = Random(seed);
        let mut line = format!("{{{ts},\"x\":");
        for _ in 0..=random.below(6) {
            line.push_str(random.pick(pieces));
        }
        line.push('}');
        let valid = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(&line).is_ok();
        let found = scanner.head(line.as_bytes(), false).time.is_some();
        assert_eq!(found, valid, "seed {seed}: {line}");
        objects += usize::from(valid);
    }
    assert!(objects > 1000, "{objects}");
}

#[test]
fn times_are_those_that_jiff_reads() {
    for seed in 0..20_000 {
        let mut random = Random(seed);
        let (first, last) = (-62_135_596_800_i64, 253_402_207_200);
        let span = usize::try_from(last - first).unwrap();
        let seconds = first + i64::try_from(random.below(span)).unwrap();
        let nanos = i32::try_from(random.below(1_000_000_000)).unwrap();
        let time = jiff::Timestamp::from_second(seconds).unwrap().as_nanosecond() + i128::from(nanos);
        let jiff = jiff::Timestamp::from_nanosecond(time).unwrap();
        let ours = Timestamp::from_nanos(time);

        assert_eq!(ours.to_string().parse::<jiff::Timestamp>().unwrap(), jiff, "seed {seed}");
        let text = jiff.to_string();
        let parsed = Timestamp::parse_usual(text.as_bytes(), &Zone::Utc);
        assert_eq!(parsed, Some((ours, text.len())), "seed {seed}: {text}");
    }
}

#[test]
fn numbers_are_exact_however_they_are_spelled() {
    let mut scanner = Scanner::new(rules());
    for seed in 0..20_000 {
        let mut random = Random(seed);
        let nanos = 200_000_000_000_000_000 + random.next() % 2_000_000_000_000_000_000;
        // The same instant as s, ms, µs or ns, with its point moved and an exponent that moves it back.
        let unit = [1_000_000_000_u64, 1_000_000, 1_000, 1][random.below(4)];
        let digits = format!("{nanos}{}", "0".repeat(random.below(3)));
        let integers = (nanos / unit).to_string().len();
        let shown = random.below(digits.len() - 1) + 1;
        let exponent = i64::try_from(integers).unwrap() - i64::try_from(shown).unwrap();
        let number = format!("{}.{}e{exponent}", &digits[..shown], &digits[shown..]);
        let line = format!(r#"{{"ts":{number}}}"#);
        let time = scanner.head(line.as_bytes(), false).time;
        assert_eq!(time, Some(Timestamp::from_nanos(i128::from(nanos))), "seed {seed}: {line}");
    }
}
