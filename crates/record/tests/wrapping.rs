//! Container runtimes' wrapping.

use record::{Part, Wrapping};

/// What is in a wrapped line: time, stream, text, and whether the line ends there; `-` if it is not so wrapped.
fn show(wrapping: Wrapping, line: &[u8]) -> String {
    let mut scratch = b"what was there before".to_vec();
    let Some(part) = wrapping.part(line, &mut scratch) else {
        return "-".to_owned();
    };
    let Part { time, stream, text, ends } = part;
    let text = String::from_utf8_lossy(text);
    format!("{time} {} {text:?} {ends}", char::from(stream))
}

#[track_caller]
fn check(wrapping: Wrapping, lines: &[(&str, &str)]) {
    for (line, expected) in lines {
        assert_eq!(&show(wrapping, line.as_bytes()), expected, "{line:?}");
    }
}

#[test]
fn cri_lines_are_whole_or_parts() {
    check(
        Wrapping::Cri,
        &[
            ("2016-10-06T00:17:09.66Z stdout F text", r#"2016-10-06T00:17:09.660Z o "text" true"#),
            ("2016-10-06T00:17:09.669794202Z stderr P te", r#"2016-10-06T00:17:09.669794202Z e "te" false"#),
            ("2016-10-06T02:17:09+02:00 stdout F  a  b ", r#"2016-10-06T00:17:09Z o " a  b " true"#),
            ("2016-10-06T00:17:09Z stdout P:x y", r#"2016-10-06T00:17:09Z o "y" false"#),
            ("2016-10-06T00:17:09Z stdout F ", r#"2016-10-06T00:17:09Z o "" true"#),
            ("2016-10-06T00:17:09Z stdout F", r#"2016-10-06T00:17:09Z o "" true"#),
            ("2016-10-06T00:17:09Z stdout X y", "-"),
            ("2016-10-06T00:17:09Z stdin F y", "-"),
            ("2016-10-06T00:17:09Z stdout  F y", "-"),
            ("2016-10-06T00:17:09 stdout F y", "-"),
            ("2016-10-06 00:17:09Z stdout F y", "-"),
            (" 2016-10-06T00:17:09Z stdout F y", "-"),
            ("", "-"),
        ],
    );
}

#[test]
fn docker_lines_are_json() {
    check(
        Wrapping::Docker,
        &[
            (
                r#"{"log":"text\n","stream":"stdout","time":"2016-10-06T00:17:09.66Z"}"#,
                r#"2016-10-06T00:17:09.660Z o "text" true"#,
            ),
            (
                r#"{"log":"\u001b[1m\"a\\\/\"\t\u00e9\ud83d\ude00\r\n","stream":"stderr","attrs":{"a":"b"},"time":"2016-10-06T00:17:09Z"}"#,
                r#"2016-10-06T00:17:09Z e "\u{1b}[1m\"a\\/\"\té😀\r" true"#,
            ),
            (
                r#"{"log":"part","stream":"stdout","time":"2016-10-06T00:17:09Z"}"#,
                r#"2016-10-06T00:17:09Z o "part" false"#,
            ),
            (
                r#"{"log":"\ud83d|\ude00|\ud83dx|\ud83d\u0041\n","stream":"other","time":"2016-10-06T00:17:09Z"}"#,
                "2016-10-06T00:17:09Z ? \"\u{fffd}|\u{fffd}|\u{fffd}x|\u{fffd}A\" true",
            ),
            (
                r#"{"log":"\\n","stream":"stdout","time":"2016-10-06T00:17:09Z"}"#,
                r#"2016-10-06T00:17:09Z o "\\n" false"#,
            ),
            (r#"{"log":"\n","stream":"stdout","time":"2016-10-06T00:17:09Z"}"#, r#"2016-10-06T00:17:09Z o "" true"#),
            (r#"{"log":"x\n","time":"2016-10-06T00:17:09Z"}"#, "-"),
            (r#"{"log":"x\n","stream":"stdout"}"#, "-"),
            (r#"{"log":{},"stream":"stdout","time":"2016-10-06T00:17:09Z"}"#, "-"),
            (r#"{"log":"x\n","stream":"stdout","time":"2016-10-06"}"#, "-"),
            (r#"{"log":"x\n","stream":"stdout","time":"2016-10-06T00:17:09Z"#, "-"),
            ("text", "-"),
        ],
    );
}

#[test]
fn a_source_is_wrapped_when_every_line_is() {
    let cri: &[u8] = b"2016-10-06T00:17:09.66Z stdout F text";
    let docker: &[u8] = br#"{"log":"text\n","stream":"stdout","time":"2016-10-06T00:17:09.66Z"}"#;
    assert_eq!(Wrapping::detect(&[]), None);
    assert_eq!(Wrapping::detect(&[cri, cri]), Some(Wrapping::Cri));
    assert_eq!(Wrapping::detect(&[docker]), Some(Wrapping::Docker));
    assert_eq!(Wrapping::detect(&[docker, cri]), None);
    assert_eq!(Wrapping::detect(&[cri, b""]), None);
}
