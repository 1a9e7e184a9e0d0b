//! How long a line takes: `cargo bench -p record`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints its figures, and may end early")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::time::Instant;

use common::rules;
use record::{JsonWriter, RecordView, Rules, Scanner, Zone, text};

/// Nanoseconds a call, the best of some rounds.
fn measure(mut call: impl FnMut()) -> f64 {
    const CALLS: u32 = 100_000;
    let mut best = f64::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..CALLS {
            call();
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
    }
    best
}

fn main() {
    let pad =
        |line: &str| format!("{line}{}", "lorem ipsum dolor sit amet ".repeat(20).split_at(100 - line.len().min(99)).0);
    let lines = [
        ("usual, level", pad("2024-12-20T03:04:05.123456Z INFO handler: ")),
        ("usual, no level", pad("2024-12-20 03:04:05,123 handler: ")),
        ("airflow 2", pad("[2024-12-20T03:04:05.123+0000] {file.py:10} INFO - ")),
        ("prefix", pad("web-1  | 2024-12-20T03:04:05.123Z INFO ")),
        ("ansi", pad("\x1b[90m[\x1b[0m2026-11-22T02:28:36Z \x1b[32mINFO \x1b[0m demo")),
        ("logfmt", pad("ts=2026-11-22T02:31:56.807Z caller=node.go:180 level=info ")),
        ("common log", pad("127.0.0.1 - - [21/Nov/2026:21:30:47 -0500] \"GET /\" ")),
        ("klog", pad("I1122 02:32:02.120905   25305 loader.go:402] ")),
        ("syslog", pad("Nov 22 01:59:00 vm dpkg[1001]: ")),
        ("untimed", pad("    at com.example.Main ")),
        ("untimed, prefix", pad("Traceback (most recent call last) ")),
        (
            "airflow 3 json",
            r#"{"timestamp":"2026-11-22T02:12:56.944581Z","level":"info","event":"extract started rows=42","logger":"corpus.etl","ti_id":"0193511c-8d4f-7c3e-a3a1-f1a7a7a7a7a7","dag_id":"corpus_etl","task_id":"extract","filename":"corpus_dag.py","lineno":25}"#.to_owned(),
        ),
    ];
    let mut scanner = Scanner::new(rules());
    for (name, line) in &lines {
        let ns = measure(|| {
            black_box(scanner.head(black_box(line.as_bytes()), false));
        });
        println!("{ns:7.1} ns  head, {} bytes: {name}", line.len());
    }
    let ns = measure(|| {
        black_box(record::Timestamp::parse_usual(black_box(lines[0].1.as_bytes()), &Zone::Utc));
    });
    println!("{ns:7.1} ns  parse_usual");
    let ns = measure(|| {
        black_box(scanner.level_of(black_box(&lines[1].1.as_bytes()[24..])));
    });
    println!("{ns:7.1} ns  level_of, 76 bytes");
    let named = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let mut scanner = Scanner::new(Rules { zone: Zone::Named(named), ..rules() });
    let ns = measure(|| {
        black_box(scanner.head(black_box(lines[1].1.as_bytes()), false));
    });
    println!("{ns:7.1} ns  head, named zone");
    let line = lines[0].1.as_bytes();
    let time = scanner.head(line, false).time;
    let view = |line| RecordView {
        n: Some(123_456),
        time,
        level: None,
        source: "worker-1.log",
        offset: 123_456_789,
        text: text::decode(line, 100),
        cont: false,
        late: false,
        wild: false,
    };
    let mut out = Vec::new();
    let ns = measure(|| {
        out.clear();
        view(black_box(line)).write_json(&mut out);
        black_box(&out);
    });
    println!("{ns:7.1} ns  decode and write_json");
    let mut writer = JsonWriter::default();
    let ns = measure(|| {
        out.clear();
        writer.write(&view(black_box(line)), &mut out);
        black_box(&out);
    });
    println!("{ns:7.1} ns  decode and JsonWriter::write");
}
