//! A line's text and its record in JSON, byte for byte.

#![expect(clippy::unwrap_used, reason = "a test fails that way")]

mod common;

use std::borrow::Cow;

use common::Random;
use record::limits::TEXT_BYTES_MAX;
use record::{JsonWriter, Level, RecordView, Text, Timestamp, text};

const MAX: u64 = TEXT_BYTES_MAX as u64;

fn plain(text: &str) -> Text<'_> {
    Text { text: Cow::Borrowed(text), lossy: false, cut: 0 }
}

fn view(text: Text<'_>) -> RecordView<'_> {
    RecordView {
        n: Some(1),
        time: Timestamp::from_civil(2024, 12, 20, 3, 4, 5, 123_000_000),
        level: Some(Level::Info),
        source: "worker-1.log",
        offset: 0,
        text,
        cont: false,
        late: false,
        wild: false,
    }
}

/// The record's bytes are these, and those that `serde_json` makes of what goes over the wire.
#[track_caller]
fn check(view: &RecordView<'_>, expected: &str) {
    let mut out = b"before ".to_vec();
    view.write_json(&mut out);
    assert_eq!(String::from_utf8(out).unwrap(), format!("before {expected}"));
    assert_eq!(serde_json::to_string(&view.to_wire()).unwrap(), expected);
}

#[test]
fn members_stand_in_the_contract_s_order() {
    check(
        &view(plain("INFO x")),
        r#"{"n":1,"ts":"2024-12-20T03:04:05.123Z","level":"info","source":"worker-1.log","offset":0,"text":"INFO x"}"#,
    );
    let all = RecordView {
        n: None,
        time: None,
        level: None,
        source: "a/\"b\"\n.log",
        offset: u64::MAX,
        text: Text { text: Cow::Borrowed(""), lossy: true, cut: 52 },
        cont: true,
        late: true,
        wild: true,
    };
    check(
        &all,
        r#"{"n":null,"ts":null,"level":null,"source":"a/\"b\"\n.log","offset":18446744073709551615,"text":"","cont":true,"late":true,"wild":true,"lossy":true,"cut":52}"#,
    );
}

#[test]
fn text_is_escaped_where_json_must_and_nowhere_else() {
    check(
        &view(plain("\"\\/\u{8}\u{c}\n\r\t\0\u{1f}\u{7f}é\u{2028}😀")),
        "{\"n\":1,\"ts\":\"2024-12-20T03:04:05.123Z\",\"level\":\"info\",\"source\":\"worker-1.log\",\"offset\":0,\
         \"text\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}é\u{2028}😀\"}",
    );
}

#[test]
fn escaping_is_that_of_serde_json_whatever_the_text() {
    for seed in 0..2000 {
        let mut random = Random(seed);
        let mut text = String::new();
        for _ in 0..random.below(60) {
            text.push_str(random.pick(&[
                "a",
                "bcdefghijk",
                "\"",
                "\\",
                "\n",
                "\0",
                "\u{1f}",
                " ",
                "!",
                "é",
                "😀",
                "\u{7f}",
            ]));
        }
        let expected = serde_json::to_string(&view(plain(&text)).to_wire()).unwrap();
        let mut out = Vec::new();
        view(plain(&text)).write_json(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "seed {seed}");
    }
}

#[test]
fn a_writer_of_many_records_writes_each_as_if_alone() {
    let mut writer = JsonWriter::default();
    for nanos in [None, Some(0), Some(86_399_999_999_999), Some(86_400_000_000_000), Some(-1), Some(i128::MAX), Some(7)]
    {
        let time = nanos.map(Timestamp::from_nanos);
        let record = RecordView { time, ..view(plain("a line")) };
        let (mut alone, mut among_many) = (Vec::new(), Vec::new());
        record.write_json(&mut alone);
        writer.write(&record, &mut among_many);
        assert_eq!(String::from_utf8(among_many), String::from_utf8(alone));
    }
}

#[test]
fn times_have_the_fewest_digits_that_lose_nothing() {
    for (nanos, expected) in [
        (0, "2024-12-20T03:04:05Z"),
        (1, "2024-12-20T03:04:05.000000001Z"),
        (1_000, "2024-12-20T03:04:05.000001Z"),
        (1_000_000, "2024-12-20T03:04:05.001Z"),
        (100_000_000, "2024-12-20T03:04:05.100Z"),
        (123_456_000, "2024-12-20T03:04:05.123456Z"),
        (999_999_999, "2024-12-20T03:04:05.999999999Z"),
    ] {
        let time = Timestamp::from_civil(2024, 12, 20, 3, 4, 5, nanos).unwrap();
        assert_eq!(time.to_string(), expected);
    }
    assert_eq!(Timestamp::from_nanos(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    assert_eq!(Timestamp::from_nanos(i128::MIN).to_string(), "0000-01-01T00:00:00Z");
    assert_eq!(Timestamp::from_nanos(i128::MAX).to_string(), "9999-12-31T23:59:59.999999999Z");
}

#[test]
fn a_date_that_does_not_exist_is_no_instant() {
    let at = Timestamp::from_civil;
    assert_eq!(at(1970, 1, 1, 0, 0, 0, 1), Some(Timestamp::from_nanos(1)));
    assert_eq!(at(2016, 12, 31, 23, 59, 60, 0), at(2016, 12, 31, 23, 59, 59, 0));
    assert_eq!(at(2023, 2, 29, 0, 0, 0, 0), None);
    assert_eq!(at(0, 1, 1, 0, 0, 0, 0), None);
    assert_eq!(at(-1, 1, 1, 0, 0, 0, 0), None);
    assert_eq!(at(10_000, 1, 1, 0, 0, 0, 0), None);
    assert_eq!(at(2024, 1, 1, 24, 0, 0, 0), None);
    assert_eq!(at(2024, 1, 1, 0, 0, 0, 1_000_000_000), None);
}

#[test]
fn what_is_not_utf_8_becomes_replacement_characters() {
    for (bytes, expected, lossy) in [
        (b"caf\xc3\xa9".as_slice(), "café", false),
        (b"\xef\xbf\xbd", "\u{fffd}", false),
        (b"bad \xff\xfe tail", "bad \u{fffd}\u{fffd} tail", true),
        (b"bad \xc0\xaf tail", "bad \u{fffd}\u{fffd} tail", true),
        (b"bad \xed\xa0\x80 tail", "bad \u{fffd}\u{fffd}\u{fffd} tail", true),
        (b"end \xf0\x9f\x98", "end \u{fffd}", true),
        (b"nul \0 bell \x07", "nul \0 bell \x07", false),
        (b"", "", false),
    ] {
        let Text { text, lossy: was_lossy, cut } = text::decode(bytes, bytes.len() as u64);
        assert_eq!((&*text, was_lossy, cut), (expected, lossy, 0));
    }
}

/// A line of `filler` bytes and then `tail`, `more` bytes longer than that: how many it keeps, and if it is lossy.
#[track_caller]
fn check_cut(filler: usize, tail: &[u8], more: u64, expected: (usize, bool)) {
    let mut head = vec![b'x'; filler];
    head.extend_from_slice(tail);
    let line_bytes = head.len() as u64 + more;
    for head in [&head[..], &head[..head.len().min(TEXT_BYTES_MAX)]] {
        let text = text::decode(head, line_bytes);
        let kept = usize::try_from(line_bytes - text.cut).unwrap();
        assert_eq!((kept, text.lossy), expected);
        assert!(text.text.len() >= kept);
    }
}

#[test]
fn a_text_ends_at_1_mib_with_a_whole_character() {
    let max = TEXT_BYTES_MAX;
    check_cut(max, b"", 0, (max, false));
    check_cut(max, b"y", 0, (max, false));
    check_cut(max, b"", 1 << 40, (max, false));
    check_cut(max - 1, "é".as_bytes(), 0, (max - 1, false));
    check_cut(max - 2, "é".as_bytes(), 5, (max, false));
    check_cut(max - 1, "€".as_bytes(), 0, (max - 1, false));
    check_cut(max - 2, "€".as_bytes(), 0, (max - 2, false));
    check_cut(max - 3, "😀".as_bytes(), 0, (max - 3, false));
    check_cut(max - 1, "😀".as_bytes(), 9, (max - 1, false));
    check_cut(max - 4, "😀".as_bytes(), 9, (max, false));
    // No character could begin with these.
    check_cut(max - 1, b"\x80\x80", 0, (max, true));
    check_cut(max - 1, b"\xff\x80", 0, (max, true));
    check_cut(max - 2, b"\xed\xa0\x80", 0, (max, true));
    // This one could, as far as the first MiB tells.
    check_cut(max - 1, b"\xe2x", 0, (max - 1, false));
}

#[test]
fn utf_16_is_text() {
    let encode = |text: &str, big: bool| -> Vec<u8> {
        let unit = |unit: u16| {
            if big { unit.to_be_bytes() } else { unit.to_le_bytes() }
        };
        text.encode_utf16().flat_map(unit).collect()
    };
    for big in [false, true] {
        let bytes = encode("2024 😀 é\0", big);
        let text = text::decode_utf16(&bytes, bytes.len() as u64, big);
        assert_eq!((&*text.text, text.lossy, text.cut), ("2024 😀 é\0", false, 0));

        let mut lone = encode("a😀b", big);
        lone.drain(4..6);
        lone.push(7);
        let text = text::decode_utf16(&lone, lone.len() as u64, big);
        assert_eq!((&*text.text, text.lossy), ("a\u{fffd}b\u{fffd}", true));

        let mut long = encode(&"x".repeat(TEXT_BYTES_MAX / 2 - 1), big);
        long.extend(encode("😀y", big));
        let text = text::decode_utf16(&long, long.len() as u64, big);
        assert_eq!((text.text.len(), text.lossy, text.cut), (TEXT_BYTES_MAX / 2 - 1, false, 6));
        let text = text::decode_utf16(&long[..TEXT_BYTES_MAX], MAX + 4, big);
        assert_eq!((text.text.len(), text.lossy, text.cut), (TEXT_BYTES_MAX / 2 - 1, false, 6));
    }
}
