//! A line's level.

mod common;

use common::{rules, scanner_with};
use record::{Level, Rules, Scanner, TimeFormat, Zone};

/// Lines and the levels that they say; `-` is none.
#[track_caller]
fn check(lines: &[(&str, &str)]) {
    let mut scanner = scanner_with(Zone::Utc);
    for (line, expected) in lines {
        let level = scanner.head(line.as_bytes(), false).level;
        assert_eq!(level.map_or("-", Level::name), *expected, "{line:?}");
    }
}

/// The same for texts whose time comes from elsewhere.
#[track_caller]
fn check_wrapped(texts: &[(&str, &str)]) {
    let mut scanner = scanner_with(Zone::Utc);
    for (text, expected) in texts {
        let level = scanner.level_of(text.as_bytes());
        assert_eq!(level.map_or("-", Level::name), *expected, "{text:?}");
    }
}

const STAMP: &str = "2024-12-20 03:04:05";

#[test]
fn every_word_has_its_level() {
    for (words, level) in [
        ("TRACE", "trace"),
        ("DEBUG", "debug"),
        ("INFO NOTICE", "info"),
        ("WARN WARNING", "warn"),
        ("ERR ERROR SEVERE", "error"),
        ("CRITICAL PANIC ALERT EMERG EMERGENCY FATAL", "fatal"),
    ] {
        for word in words.split(' ') {
            let lower = word.to_lowercase();
            check(&[
                (&format!("{STAMP} {word} x"), level),
                (&format!("{STAMP} [{word}] ERROR x"), level),
                (&format!("{STAMP} | {word}"), level),
                (&format!("{STAMP} {lower} x"), "-"),
                (&format!("{STAMP} {word}S {word}_ _{word} {word}1 x{word}"), "-"),
                (&format!("{STAMP} level={lower} x"), level),
                (&format!("{STAMP} level=\"{word}\" x"), level),
                (&format!(r#"{{"ts":"{STAMP}","level":"{lower}"}}"#), level),
                (&format!(r#"{{"ts":"{STAMP}","severity":"{word}"}}"#), level),
            ]);
        }
    }
}

#[test]
fn words_are_found_at_every_distance_within_256_bytes() {
    for distance in 1..=300 {
        for word in ["ERR", "INFO", "EMERGENCY"] {
            let line = format!("{STAMP}{}{word}.", " ".repeat(distance));
            let level = Level::ALL
                .into_iter()
                .find(|level| match word {
                    "ERR" => *level == Level::Error,
                    "INFO" => *level == Level::Info,
                    _ => *level == Level::Fatal,
                })
                .map_or("-", Level::name);
            let expected = if distance + word.len() <= 256 { level } else { "-" };
            check(&[(&line, expected)]);
            let glued = format!("{STAMP} {}{word} {word}", "X".repeat(distance));
            let expected = if distance + 2 * word.len() + 2 <= 256 { level } else { "-" };
            check(&[(&glued, expected)]);
        }
    }
}

#[test]
fn the_first_word_after_the_time_counts() {
    check(&[
        ("ERROR 2024-12-20 03:04:05 INFO x", "info"),
        ("ERROR 2024-12-20 03:04:05 x", "-"),
        ("2024-12-20 03:04:05INFO WARN", "warn"),
        ("2024-12-20 03:04:05 CET [23399] LOG:  x", "-"),
        ("2024-12-20T03:04:05Z \x1b[31mWARN\x1b[0m ERROR", "warn"),
        ("127.0.0.1 - - [21/Nov/2026:21:30:47 -0500] \"GET /ERROR\"", "error"),
        ("Nov 22 01:59:00 host app: CRITICAL x", "fatal"),
        ("1734663845123 INFO x", "info"),
        ("no time, but an ERROR", "-"),
    ]);
}

#[test]
fn logfmt_comes_before_words() {
    let far = format!("{STAMP} {} level=warn ERROR", "x ".repeat(100));
    let farther = format!("{STAMP} {} level=warn ERROR", "x ".repeat(130));
    check(&[
        ("level=warn ts=2024-12-20T03:04:05Z ERROR", "warn"),
        ("ts=2024-12-20T03:04:05Z msg=\"ERROR\" level=info", "info"),
        ("ts=2024-12-20T03:04:05Z log.level=warn ERROR", "error"),
        ("ts=2024-12-20T03:04:05Z xlevel=warn ERROR", "error"),
        ("ts=2024-12-20T03:04:05Z level=3 level=warn", "warn"),
        ("ts=2024-12-20T03:04:05Z level=information ERROR", "error"),
        ("ts=2024-12-20T03:04:05Z level= ERROR", "error"),
        ("ts=2024-12-20T03:04:05Z [level=Warning]", "warn"),
        ("I1122 01:59:00.123456 1 x.go:1] level=debug", "debug"),
        (&far, "warn"),
        (&farther, "-"),
    ]);
}

#[test]
fn klog_s_letter_comes_before_words() {
    check(&[
        ("I1122 01:59:00.123456 1 x.go:1] ERROR", "info"),
        ("W1122 01:59:00.123456 1 x.go:1] m", "warn"),
        ("E1122 01:59:00.123456 1 x.go:1] m", "error"),
        ("F1122 01:59:00.123456 1 x.go:1] m", "fatal"),
        // Another form gave the time.
        ("E1122 01:59:00.123456 2024-12-20 03:04:05 m", "-"),
    ]);
}

#[test]
fn a_json_object_has_its_level_in_a_member_or_not_at_all() {
    check(&[
        (r#"{"level":"Information","lvl":"warn","ts":"2024-12-20 03:04:05"}"#, "warn"),
        (r#"{"severity":"ERROR","ts":"2024-12-20 03:04:05","level":"debug"}"#, "debug"),
        (r#"{"levelname":"WARNING","asctime":"2024-12-20 03:04:05"}"#, "warn"),
        (r#"{"log.level":"error","ts":"2024-12-20 03:04:05"}"#, "error"),
        (r#"{"log":{"level":"error"},"ts":"2024-12-20 03:04:05"}"#, "error"),
        (r#"{"log":{"x":{"level":"error"}},"ts":"2024-12-20 03:04:05"}"#, "-"),
        (r#"{"log":{"level":"error"},"levelname":"info","ts":"2024-12-20 03:04:05"}"#, "info"),
        (r#"{"le\u0076el":"\u0057arn","ts":"2024-12-20 03:04:05"}"#, "warn"),
        (r#"{"ts":"2024-12-20 03:04:05","msg":"level=info ERROR"}"#, "-"),
        (r#"{"level":"info"}"#, "-"),
        (r#"{"level":10,"time":1734663845123}"#, "trace"),
        (r#"{"level":20,"time":1734663845123}"#, "debug"),
        (r#"{"level":30,"time":1734663845123}"#, "info"),
        (r#"{"level":40,"time":1734663845123}"#, "warn"),
        (r#"{"level":50,"time":1734663845123}"#, "error"),
        (r#"{"level":60,"time":1734663845123}"#, "fatal"),
        (r#"{"level":35,"time":1734663845123}"#, "-"),
        (r#"{"level":70,"time":1734663845123}"#, "-"),
        (r#"{"level":null,"time":1734663845123}"#, "-"),
    ]);
}

#[test]
fn a_wrapped_text_has_its_level_without_a_time() {
    check_wrapped(&[
        ("WARN tick", "warn"),
        ("\x1b[1;33mWARN\x1b[0m tick 0", "warn"),
        ("2024-12-20T03:04:05Z level=info component=web", "info"),
        (r#"{"level":"error"}"#, "error"),
        (r#"{"msg":"ERROR"}"#, "-"),
        ("E1122 01:59:00.123456 1 x.go:1] m", "error"),
        ("INFO 2024-12-20T03:04:05Z ERROR", "info"),
        ("nothing", "-"),
        ("", "-"),
    ]);
}

#[test]
fn a_json_object_with_the_user_s_time_keeps_its_own_rules_for_the_level() {
    let format = TimeFormat::new("{\"at\":\"%d.%m.%Y %H:%M\"").unwrap();
    let mut scanner = Scanner::new(Rules { format: Some(format), ..rules() });
    let line = br#"{"at":"20.12.2024 03:04","msg":"ERROR","level":"info"}"#;
    let head = scanner.head(line, false);
    assert!(head.time.is_some());
    assert_eq!(head.level, Some(Level::Info));
}

#[test]
fn filters_name_levels_in_lower_case() {
    for level in Level::ALL {
        assert_eq!(Level::parse(level.name()), Some(level));
    }
    for other in ["", "INFO", "warning", "none"] {
        assert_eq!(Level::parse(other), None);
    }
}
