//! Filters: the same conditions on the command line, in `/lines`, in `/matches`; and what `/stats` counts.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeSet;
use std::io::Write as _;

use serde_json::{Value, json};
use support::http::{Answer, request};
use support::server::{Server, task};
use support::{Folder, logboom, run};

/// What each line of [`folder`] says, in the merged order: its source, its level, its second, its text.
const LINES: [(&str, Option<&str>, u32, &str); 10] = [
    ("a.log", Some("INFO"), 0, "starts Job 1"),
    ("b.log", Some("DEBUG"), 1, "listens"),
    ("a.log", Some("ERROR"), 2, "job 1 failed (code 7)"),
    ("a.log", None, 2, "  at step.rs:3"),
    ("a.log", None, 2, "  at main.rs:9"),
    ("b.log", Some("WARNING"), 3, "no answer"),
    ("a.log", Some("INFO"), 4, "starts Job 2"),
    ("b.log", Some("ERROR"), 5, "gives up"),
    ("b.log", Some("INFO"), 6, "job 2 done"),
    ("a.log", None, 7, "bye"),
];

/// A task of two sources with [`LINES`].
fn folder() -> Folder {
    let source = |name: &str| -> String {
        let lines = LINES.iter().filter(|(source, ..)| *source == name);
        lines
            .map(|(_, level, second, text)| match level {
                Some(level) => format!("2026-11-22T02:00:{second:02}Z {level} {text}\n"),
                None if text.starts_with(' ') => format!("{text}\n"),
                None => format!("2026-11-22T02:00:{second:02}Z {text}\n"),
            })
            .collect()
    };
    Folder::with(&[("task/a.log", source("a.log")), ("task/b.log", source("b.log"))])
}

/// Conditions as addresses have them, as options, and the numbers of the lines that meet them.
type Case = (&'static str, &'static [&'static str], &'static [u64]);

const CASES: &[Case] = &[
    ("level=error", &["--level", "error"], &[3, 4, 5, 8]),
    ("level=warn,debug", &["--level", "warn,debug"], &[2, 6]),
    ("level=none", &["--level", "none"], &[10]),
    ("source=b.log", &["--source", "b.log"], &[2, 6, 8, 9]),
    ("source=a.log,b.log", &["--source", "a.log,b.log"], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ("since=2026-11-22T02:00:05Z", &["--since", "2026-11-22T02:00:05Z"], &[8, 9, 10]),
    ("until=02:00:01", &["--until", "02:00:01"], &[1, 2]),
    ("since=02:00:01&until=02:00:03", &["--since", "02:00:01", "--until", "02:00:03"], &[2, 3, 4, 5, 6]),
    ("q=Job&case=match", &["--grep", "Job"], &[1, 7]),
    ("q=job", &["--grep", "job", "--case", "smart"], &[1, 3, 7, 9]),
    ("q=Job", &["--grep", "Job", "--case", "smart"], &[1, 7]),
    ("q=JOB&case=ignore", &["--grep", "JOB", "--case", "ignore"], &[1, 3, 7, 9]),
    ("q=%5E%20%20at%20.*%3A%5B0-9%5D%24", &["--grep", "^  at .*:[0-9]$"], &[4, 5]),
    ("q=failed%20%5C(code", &["--grep", r"failed \(code"], &[3]),
    ("q=nowhere", &["--grep", "nowhere"], &[]),
    ("q=gives&context=1", &["--grep", "gives", "--context", "1"], &[7, 8, 9]),
    ("q=starts&context=2", &["--grep", "starts", "--context", "2"], &[1, 2, 3, 5, 6, 7, 8, 9]),
    ("q=gives&context=1&source=b.log", &["--grep", "gives", "--context", "1", "--source", "b.log"], &[6, 8, 9]),
    ("level=error&q=job", &["--level", "error", "--grep", "job"], &[3]),
    ("not=job", &["--not", "job", "--case", "smart"], &[2, 4, 5, 6, 8, 10]),
    ("not=Job&case=match", &["--not", "Job"], &[2, 3, 4, 5, 6, 8, 9, 10]),
    ("q=job&not=failed", &["--grep", "job", "--not", "failed", "--case", "smart"], &[1, 7, 9]),
    ("not=.", &["--not", "."], &[]),
    ("not=nowhere&level=warn", &["--not", "nowhere", "--level", "warn"], &[6]),
    ("heads=1", &["--heads"], &[1, 2, 3, 6, 7, 8, 9, 10]),
    ("heads=1&level=error&not=gives", &["--heads", "--level", "error", "--not", "gives"], &[3]),
    (
        "q=gives&heads=1&context=2&not=answer",
        &["--grep", "gives", "--heads", "--context", "2", "--not", "answer"],
        &[3, 7, 8, 9, 10],
    ),
    ("heads=1&tail=2", &["--heads", "--tail", "2"], &[9, 10]),
    ("level=error&from=2&limit=2", &["--level", "error", "--from", "2", "--limit", "2"], &[4, 5]),
    ("level=error&tail=2", &["--level", "error", "--tail", "2"], &[5, 8]),
    ("q=at&context=1&from=2&limit=2", &["--grep", "  at", "--context", "1", "--from", "2", "--limit", "2"], &[4, 5]),
];

fn numbers(text: &str) -> Vec<u64> {
    let number = |line: &str| serde_json::from_str::<Value>(line).expect("a record")["n"].as_u64().expect("a number");
    text.lines().map(number).collect()
}

#[test]
fn the_same_lines_meet_the_same_conditions_everywhere() {
    let server = Server::of(folder());
    let task_folder = folder();
    for (query, options, expected) in CASES {
        // Once while the search runs, and once as it is remembered.
        for _ in 0..2 {
            let answer = server.lines("task", &format!("?{}", query.replace("q=at&", "q=%20%20at&")));
            assert_eq!(
                (answer.status, numbers(answer.text()).as_slice()),
                (200, *expected),
                "{query}: {}",
                answer.text()
            );
        }
        let mut command = logboom(&task_folder.join("task"));
        command.args(["merge", "a.log", "b.log", "--output", "json"]).args(*options);
        let done = run(command, b"");
        assert_eq!((done.status, numbers(done.text()).as_slice()), (Some(0), *expected), "{options:?}: {}", done.err);
    }
}

#[test]
fn matches_come_in_batches_with_progress_and_a_count() {
    let server = Server::of(folder());
    for (query, _, expected) in CASES {
        if ["from=", "tail=", "context="].iter().any(|part| query.contains(part)) {
            continue;
        }
        let answer = server.get(&task("task", &format!("/matches?{query}")));
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        let items: Vec<Value> =
            answer.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        let found: Vec<u64> = items
            .iter()
            .filter_map(|item| item["n"].as_array())
            .flatten()
            .map(|n| n.as_u64().expect("a number"))
            .collect();
        assert_eq!(found, *expected, "{query}");
        assert_eq!(items.last(), Some(&json!({ "done": true, "matches": expected.len() })), "{query}");
        let searched: Vec<f64> = items.iter().filter_map(|item| item["searched"].as_f64()).collect();
        assert!(searched.iter().all(|share| (0.0..=1.0).contains(share)) && searched.is_sorted(), "{searched:?}");
    }
}

#[test]
fn a_window_of_what_was_found_starts_at_a_time_or_an_anchor() {
    let server = Server::of(folder());
    let check = |query: &str, expected: &[u64]| {
        let answer = server.lines("task", query);
        assert_eq!((answer.status, numbers(answer.text()).as_slice()), (200, expected), "{query}: {}", answer.text());
    };
    check("?q=job&at=02:00:02&limit=1", &[3]);
    check("?q=job&at=02:00:03&limit=1", &[7]);
    check("?q=job&at=02:00:03&before=1&limit=2", &[3, 7]);
    check("?q=job&anchor=a.log:0", &[1, 3, 7, 9]);
    check("?q=job&anchor=b.log:0", &[3, 7, 9]);
    check("?q=nowhere&tail=5", &[]);
    let beyond = server.lines("task", "?q=job&from=5");
    assert_eq!(beyond.status, 416);
    assert!(beyond.text().contains("4 of the log's 10 lines meet the conditions"), "{}", beyond.text());
}

#[test]
fn a_condition_that_cannot_be_read_is_named_with_what_is_allowed() {
    let server = Server::of(folder());
    let nested = format!("{}x{}", "(".repeat(200), ")".repeat(200));
    let long = "a".repeat(5_000);
    for (name, option, value, words) in [
        ("level", "--level", "loud", &["loud", "trace, debug, info, warn, error, fatal and none"][..]),
        ("source", "--source", "c.log", &["c.log", "a.log, b.log"]),
        ("since", "--since", "yesterday", &["since", "yesterday", "2026-11-22T02:14:01Z"]),
        ("until", "--until", "25:00", &["until", "25:00", "2026-11-22T02:14:01Z"]),
        ("not", "--not", "(", &["unclosed group"]),
        ("q", "--grep", "(", &["unclosed group"]),
        ("q", "--grep", "(a{1000}){1000}", &["limit"]),
        ("q", "--grep", nested.as_str(), &["nest"]),
        ("q", "--grep", long.as_str(), &["5000 bytes", "4096"]),
        ("case", "--case", "upper", &["upper", "smart, match or ignore"]),
    ] {
        let value_in_address: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        for address in ["lines", "matches"] {
            let answer = server.get(&task("task", &format!("/{address}?{name}={value_in_address}")));
            assert_eq!(answer.status, 400, "{name}={value}: {}", answer.text());
            assert_eq!(answer.header("content-type"), "application/problem+json");
            let detail = answer.json()["detail"].as_str().expect("a detail").to_owned();
            assert!(words.iter().all(|word| detail.contains(word)), "{words:?} in {detail}");
            assert!(detail.contains(&format!("{name}=")), "{detail}");
        }
        let folder = folder();
        let mut command = logboom(&folder.join("task"));
        command.args(["merge", "a.log", "b.log", option, value]);
        let done = run(command, b"");
        assert_eq!((done.status, done.text()), (Some(2), ""), "{}", done.err);
        assert!(words.iter().all(|word| done.err.contains(word)), "{words:?} in {}", done.err);
        assert!(done.err.contains(option), "{option} in {}", done.err);
    }
    let nothing = server.get(&task("task", "/matches"));
    assert_eq!(nothing.status, 400);
    assert!(nothing.text().contains("give q"), "{}", nothing.text());
}

#[test]
fn a_search_of_a_great_log_tells_its_first_match_before_it_ends() {
    let folder = Folder::with(&[("task/a.log", "2026-11-22T02:00:00Z needle\n")]);
    let line = format!("2026-11-22T02:00:01Z {}\n", "x".repeat(200));
    folder.append("task/a.log", line.repeat(200_000));
    folder.append("task/a.log", "2026-11-22T02:00:02Z needle\n");
    let server = Server::of(folder);
    let answer = server.get(&task("task", "/matches?q=needle"));
    let items: Vec<&str> = answer.text().lines().collect();
    assert_eq!(items.first(), Some(&r#"{"n":[1]}"#), "{items:?}");
    assert_eq!(items.last(), Some(&r#"{"done":true,"matches":2}"#), "{items:?}");
    assert!(items.contains(&r#"{"n":[200002]}"#), "{items:?}");
    assert!(items.len() > 10, "it tells how far it has come: {items:?}");
}

#[test]
fn copies_are_written_once() {
    let line = |second: u32, text: &str| format!("2026-11-22T02:00:{second:02}Z {text}\n");
    let whole = [line(1, "one"), line(2, "two"), line(2, "two"), line(3, "three")].concat();
    let other = [line(1, "one"), line(2, "two"), line(2, "other"), line(3, "three"), line(4, "four")].concat();
    let folder = Folder::with(&[("a.log", whole.as_str()), ("b.log", other.as_str())]);
    let mut command = logboom(folder.path());
    command.args(["merge", "a.log", "b.log", "--dedup", "--output", "json"]);
    let done = run(command, b"");
    let records: Vec<Value> = done.text().lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let found: Vec<_> = records
        .iter()
        .map(|record| {
            (record["n"].as_u64(), record["source"].as_str(), record["text"].as_str().map(|text| &text[21..]))
        })
        .collect();
    let expected = [
        ("a.log", "one"),
        ("a.log", "two"),
        ("a.log", "two"),
        ("b.log", "other"),
        ("a.log", "three"),
        ("b.log", "four"),
    ];
    let expected: Vec<_> = (1..).zip(expected).map(|(n, (source, text))| (Some(n), Some(source), Some(text))).collect();
    assert_eq!(found, expected);
}

#[test]
fn counts_over_the_log_add_up_to_it() {
    let server = Server::of(folder());
    let stats = |query: &str| server.get(&task("task", &format!("/stats{query}"))).json();
    for (query, count) in [("", 100), ("?buckets=7", 7), ("?buckets=7&by=line", 7), ("?buckets=1&by=time", 1)] {
        let stats = stats(query);
        let buckets = stats["buckets"].as_array().expect("buckets");
        assert_eq!(buckets.len(), count, "{query}");
        let sum = |level: &str| -> u64 {
            buckets.iter().map(|bucket| bucket["levels"][level].as_u64().expect("a count")).sum()
        };
        assert_eq!((sum("info"), sum("error"), sum("warn"), sum("none")), (3, 4, 1, 1), "{query}");
        let lines: u64 = buckets.iter().map(|bucket| bucket["lines"].as_u64().expect("a count")).sum();
        assert_eq!((lines, &stats["lines"]), (10, &json!(10)), "{query}");
    }
    let part = stats("?buckets=4&since=02:00:02&until=2026-11-22T02:00:05Z");
    let per_part: Vec<_> = part["buckets"].as_array().expect("buckets").iter().map(|part| &part["lines"]).collect();
    assert_eq!((per_part, &part["lines"]), (vec![&json!(3), &json!(1), &json!(1), &json!(1)], &json!(6)));
    assert_eq!((&part["buckets"][0]["n"], &part["first_ts"]), (&json!(3), &json!("2026-11-22T02:00:00Z")));
    let open = stats("?buckets=1&since=02:00:06");
    assert_eq!((&open["buckets"][0]["n"], &open["lines"]), (&json!(9), &json!(2)));
    assert_eq!(stats("?buckets=3&since=03:00:00")["lines"], json!(0));
    let seconds = stats("?buckets=8&by=time");
    let per_second: Vec<_> =
        seconds["buckets"].as_array().expect("buckets").iter().map(|part| part["lines"].clone()).collect();
    assert_eq!(per_second, [1, 1, 3, 1, 1, 1, 1, 1].map(Value::from));
    for (query, word) in [
        ("?by=source", "time or line"),
        ("?buckets=0", "from 1 to 2000"),
        ("?buckets=99999", "2000"),
        ("?since=noon", "is no time; give one"),
        ("?by=line&until=02:00:01", "by=time"),
        ("?since=02:00:05&until=02:00:01", "is before since"),
    ] {
        let answer = server.get(&task("task", &format!("/stats{query}")));
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.text().contains(word), "{}", answer.text());
    }
}

// Events

/// The ids and data of an answer's events.
fn events(answer: &Answer) -> Vec<(String, Value)> {
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
    let events = answer.text().split_terminator("\n\n").filter(|event| event.starts_with("id: "));
    events
        .map(|event| {
            let (id, data) = event.split_once("\ndata: ").expect("an id and data");
            (id["id: ".len()..].to_owned(), serde_json::from_str(data).expect("a record"))
        })
        .collect()
}

#[test]
fn events_go_on_behind_the_last_that_was_read() {
    let server = Server::of(folder());
    let ask = |query: &str, last: Option<&str>| {
        let headers: Vec<_> =
            [("Accept", "text/event-stream")].into_iter().chain(last.map(|last| ("Last-Event-ID", last))).collect();
        server.ask("GET", &task("task", &format!("/lines{query}")), &headers)
    };
    for query in ["", "?level=error", "?from=3&limit=4", "?q=job&context=1"] {
        let whole = ask(query, None);
        let all = events(&whole);
        assert!(whole.text().ends_with("event: end\ndata: {}\n\n"), "{}", whole.text());
        let numbers: BTreeSet<_> = all.iter().map(|(_, record)| record["n"].as_u64()).collect();
        assert_eq!(numbers.len(), all.len());
        for at in 0..all.len() - 1 {
            assert_eq!(events(&ask(query, Some(&all[at].0))), all[at + 1..], "{query} after {}", all[at].0);
        }
        // Nothing is left: an answer that has the browser stop asking.
        assert_eq!(ask(query, Some(&all[all.len() - 1].0)).status, 204, "{query}");
    }
    // A line that the conditions do not let through was the last: the next that they do comes first.
    let all = events(&ask("", None));
    let errors = events(&ask("?level=error", None));
    assert_eq!(events(&ask("?level=error", Some(&all[0].0))), errors);
    // A stream without a record ends with an event that is not asked for again.
    let nothing = ask("?q=nowhere", None);
    assert_eq!(nothing.text(), "id: end\nevent: end\ndata: {}\n\n");
    assert_eq!(ask("?q=nowhere", Some("end")).status, 204);
    let wrong = ask("", Some("seven"));
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("Last-Event-ID"), "{}", wrong.text());
}

// What goes over the wire

#[test]
fn an_answer_is_compressed_for_who_can_read_it() {
    let server = Server::of(folder());
    let plain = server.lines("task", "");
    let packed = server.ask("GET", &task("task", "/lines"), &[("Accept-Encoding", "gzip")]);
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut unpacked = flate2::write::GzDecoder::new(Vec::new());
    unpacked.write_all(&packed.body).expect("gzip");
    assert_eq!(unpacked.finish().expect("gzip"), plain.body);
    let packed = server.ask("GET", &task("task", "/lines"), &[("Accept-Encoding", "zstd")]);
    assert_eq!(zstd::decode_all(packed.body.as_slice()).expect("zstd"), plain.body);
    // A range of a source's bytes means something only where they are sent as they are.
    let raw =
        server.ask("GET", &task("task", "/sources/a.log/raw"), &[("Accept-Encoding", "gzip"), ("Range", "bytes=0-9")]);
    assert_eq!((raw.status, raw.headers.get("content-encoding"), raw.body.len()), (206, None, 10));
}

#[test]
fn what_the_server_does_is_counted() {
    let server = Server::of(folder());
    assert_eq!(server.lines("task", "").status, 200);
    assert_eq!(server.lines("task", "?from=0").status, 400);
    let metrics = server.get("/metrics");
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "logboom_http_requests_total{route=\"/api/v1/tasks/{task}/lines\",status=\"200\"} 1",
        "logboom_http_requests_total{route=\"/api/v1/tasks/{task}/lines\",status=\"400\"} 1",
        "logboom_tasks 1",
        "logboom_tasks_open 1",
        "# EOF",
    ] {
        assert!(metrics.text().lines().any(|other| other == line), "{line} in {}", metrics.text());
    }
    // Lines are counted beside the request that opened the task.
    let counted = || server.get("/metrics").text().lines().any(|line| line == "logboom_lines_indexed 10");
    support::until("the lines are counted", || counted().then_some(()));
}

#[test]
fn a_reader_who_goes_ends_the_search() {
    let line = format!("2026-11-22T02:00:01Z {}\n", "x".repeat(200));
    let server = Server::of(Folder::with(&[("task/a.log", line.repeat(400_000))]));
    for count in 180..200 {
        // Each looks for something else, and goes at once.
        let target = task("task", &format!("/matches?q=%5Bxy%5D%7B{count}%7Dz"));
        drop(server.send(&request("GET", &target, &[])));
    }
    let running = || server.get("/metrics").text().lines().any(|line| line == "logboom_searches_running 0");
    support::until("no search runs", || running().then_some(()));
}
