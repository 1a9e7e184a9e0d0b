//! Real lines of real systems (excerpts of the project's log corpus, see `tests/data`), and what is read from them.

mod common;

use std::fmt::Write;

use common::{rules, show};
use record::{Level, Scanner};

const LINES: &[u8] = include_bytes!("data/formats.log");
const HEADS: &str = include_str!("data/formats.expected");

#[test]
fn real_lines_say_what_a_reader_sees_in_them() {
    let mut scanner = Scanner::new(rules());
    let mut heads = String::new();
    for line in LINES.split(|&byte| byte == b'\n') {
        let head = scanner.head(line.strip_suffix(b"\r").unwrap_or(line), false);
        let level = head.level.map_or("-", Level::name);
        let start: String = String::from_utf8_lossy(line).escape_default().take(60).collect();
        writeln!(heads, "{} {level} {start}", show(head.time)).unwrap();
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/formats.expected"), &heads).unwrap();
    } else {
        assert_eq!(heads, HEADS);
    }
}
