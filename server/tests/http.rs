//! `logboom serve`: the real binary, asked over real connections.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::symlink;

use serde_json::Value;
use support::logs::{EARLY, LATE, MIDDLE, TRY, check_problem, check_up, counted, listed, three};
use support::server::{Server, segment, task};
use support::{Folder, logboom, run, until};

const LINES: &str = "application/x-ndjson";

/// A hundred lines, a tenth of a second from one to the next.
fn hundred() -> Folder {
    let line = |i: u32| format!("2026-11-22T02:00:{:02}.{}Z line {i}\n", i / 10, i % 10);
    Folder::with(&[("task/a.log", (0..100).map(line).collect::<String>())])
}

/// The lines of `task` that a query gives, by their numbers.
#[track_caller]
fn check_numbers(server: &Server, query: &str, expected: impl IntoIterator<Item = u64>) {
    let answer = server.lines("task", query);
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let expected: Vec<_> = expected.into_iter().map(|n| n.to_string()).collect();
    assert_eq!(answer.members("n"), expected, "{query}");
}

// Tasks

#[test]
fn a_list_has_the_contracts_members_and_stands_by_id() {
    let server = Server::of(three());
    for id in ["etl", "etl/deep", TRY] {
        counted(&server, id);
    }
    let early = r#""lines":1,"first_ts":"2026-11-22T02:00:00Z","last_ts":"2026-11-22T02:00:00Z""#;
    let both = r#""lines":3,"first_ts":"2026-11-22T02:00:00Z","last_ts":"2026-11-22T02:00:02Z""#;
    let late = r#""lines":1,"first_ts":"2026-11-22T02:00:02Z","last_ts":"2026-11-22T02:00:02Z""#;
    let task = |id: &str, sources: u8, bytes: u8, rest: &str| {
        format!(r#"{{"id":"{id}","state":"complete","sources":{sources},"bytes":{bytes},{rest}}}"#)
    };
    let first = task(TRY, 1, 31, late);
    let second = task("etl", 2, 96, both);
    let third = task("etl/deep", 1, 32, early);
    let answer = server.get("/api/v1/tasks");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.text(), format!(r#"{{"tasks":[{first},{second},{third}],"cursor":null}}"#));
    let answer = server.get("/api/v1/tasks?prefix=etl&limit=1");
    assert_eq!(answer.text(), format!(r#"{{"tasks":[{second}],"cursor":"etl"}}"#));
}

#[test]
fn a_list_is_read_page_by_page_and_narrowed() {
    let server = Server::of(three());
    assert_eq!(listed(&server, ""), [TRY, "etl", "etl/deep"]);
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let list = server.get(&format!("/api/v1/tasks?limit=1&cursor={}", segment(&cursor))).json();
        pages.push(list["tasks"][0]["id"].as_str().expect("an id").to_owned());
        match list["cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, [TRY, "etl", "etl/deep"]);
    assert_eq!(listed(&server, "?prefix=etl"), ["etl", "etl/deep"]);
    assert_eq!(listed(&server, "?prefix=etl%2F"), ["etl/deep"]);
    assert_eq!(listed(&server, "?q=DEEP"), ["etl/deep"]);
    assert_eq!(listed(&server, "?q=MANUAL__"), [TRY]);
    assert_eq!(listed(&server, "?state=complete"), [TRY, "etl", "etl/deep"]);
    assert!(listed(&server, "?state=failed").is_empty());
    assert!(listed(&server, "?state=growing").is_empty());
    assert!(listed(&server, "?q=nothing+like+this").is_empty());
}

#[test]
fn one_task_tells_of_each_of_its_sources() {
    let server = Server::of(three());
    let task = counted(&server, "etl");
    let generation = task["generation"].as_u64().expect("a generation");
    let answer = server.task("etl");
    let expected = format!(
        concat!(
            r#"{{"id":"etl","state":"complete","sources":["#,
            r#"{{"id":"a.log","state":"complete","bytes":63,"lines":2,"error":null}},"#,
            r#"{{"id":"b.log","state":"complete","bytes":33,"lines":1,"error":null}}],"#,
            r#""bytes":96,"lines":3,"first_ts":"2026-11-22T02:00:00Z","last_ts":"2026-11-22T02:00:02Z","#,
            r#""generation":{generation},"indexed":1.0"#
        ),
        generation = generation
    );
    // Members are only ever added, behind these.
    assert!(answer.text().starts_with(&expected), "{}\n{expected}", answer.text());
    assert_eq!(answer.header("logboom-generation"), generation.to_string());
}

#[test]
fn a_task_that_appears_is_found() {
    let folder = three();
    let server = Server::over(&folder);
    check_problem(&server.task("new"), 404, &["new"]);
    folder.write("new/a.log", EARLY);
    until("the new task", || (server.task("new").status == 200).then_some(()));
    assert!(listed(&server, "").contains(&"new".to_owned()));
}

#[test]
fn files_and_folders_are_tasks_and_hidden_names_are_passed_over() {
    let folder = Folder::with(&[
        ("logs/a.log", EARLY),
        ("logs/x/b.log", EARLY),
        ("logs/.hidden/c.log", EARLY),
        ("logs/x/.d.log", EARLY),
        ("other/x/e.log", EARLY),
        ("single file.log", EARLY),
    ]);
    let server = Server::with(&folder, &["logs", "other", "single file.log"]);
    assert_eq!(listed(&server, ""), ["logs", "single_file.log", "x", "x-2"]);
    assert_eq!(server.task("x").json()["sources"].as_array().map(Vec::len), Some(1));
    assert_eq!(server.lines("x-2", "").members("source"), [r#""e.log""#]);
}

#[test]
fn a_loop_of_links_ends() {
    let folder = three();
    symlink(folder.path(), folder.join("etl/deep/up")).expect("linked");
    assert_eq!(listed(&Server::over(&folder), ""), [TRY, "etl", "etl/deep"]);
}

// Lines

#[test]
fn lines_are_records_in_the_merged_order() {
    let server = Server::of(three());
    let answer = server.lines("etl", "");
    assert_eq!((answer.status, answer.header("content-type")), (200, LINES));
    assert_eq!(
        answer.text(),
        concat!(
            r#"{"n":1,"ts":"2026-11-22T02:00:00Z","level":"info","source":"a.log","offset":0,"text":"2026-11-22T02:00:00Z INFO early"}"#,
            "\n",
            r#"{"n":2,"ts":"2026-11-22T02:00:01Z","level":"info","source":"b.log","offset":0,"text":"2026-11-22T02:00:01Z INFO middle"}"#,
            "\n",
            r#"{"n":3,"ts":"2026-11-22T02:00:02Z","level":"info","source":"a.log","offset":32,"text":"2026-11-22T02:00:02Z INFO late"}"#,
            "\n",
        )
    );
    let generation = answer.header("logboom-generation");
    assert_eq!(generation, server.task("etl").header("logboom-generation"));
    assert_eq!(generation, server.lines("etl", "?tail=1").header("logboom-generation"));
}

#[test]
fn the_same_records_come_as_from_the_command_line() {
    for name in ["airflow/task_id=deferred_wait", "bytes", "docker", "formats", "nvflare/site-1", "order"] {
        let folder = Folder::of_data(name);
        let mut merge = logboom(folder.path());
        merge.args(["merge", ".", "--output", "json"]);
        let expected = run(merge, b"");
        let server = Server::over(&folder);
        let id = &listed(&server, "")[0];
        assert!(server.lines(id, "").body == expected.out, "{name}");
    }
}

#[test]
fn a_stretch_starts_at_a_number_a_time_an_anchor_or_from_the_end() {
    let server = Server::of(hundred());
    let check = |query: &str, expected: std::ops::RangeInclusive<u64>| check_numbers(&server, query, expected);
    check("", 1..=100);
    check("?from=1&limit=3", 1..=3);
    check("?from=99", 99..=100);
    check("?from=100&limit=1000000000000", 100..=100);
    check("?limit=1000000000000", 1..=100);
    check("?limit=18446744073709551615", 1..=100);
    check_numbers(&server, "?limit=0", []);
    check("?tail=2", 99..=100);
    check("?tail=1000", 1..=100);
    check("?tail=10&limit=2", 91..=92);
    check_numbers(&server, "?tail=0", []);
    check("?from=50&before=2&limit=3", 48..=50);
    check("?from=2&before=10&limit=3", 1..=3);
    check("?tail=1&before=1", 99..=100);
    check("?at=2026-11-22T02:00:05Z&limit=1", 51..=51);
    check("?at=2026-11-22+02:00:05.05&limit=1", 52..=52);
    check("?at=2026-11-22T03:00:05%2B01:00&limit=1", 51..=51);
    check("?at=02:00:05&limit=1&before=1", 50..=50);
    check("?at=2020-01-01T00:00:00Z&limit=1", 1..=1);
    check("?anchor=a.log:0&limit=1", 1..=1);
    let line = server.lines("task", "?from=42&limit=1").json();
    let offset = line["offset"].as_u64().expect("an offset");
    check(&format!("?anchor=a.log:{offset}&limit=1"), 42..=42);
    check(&format!("?anchor=a.log:{}&limit=1", offset + 5), 42..=42);
    check(&format!("?anchor=a.log:{offset}&before=2&limit=3"), 40..=42);
}

#[test]
fn the_form_of_the_lines_is_the_one_that_the_client_likes_best() {
    let server = Server::of(three());
    let lines = task("etl", "/lines");
    let ask = |accept: &str| server.ask("GET", &lines, &[("Accept", accept)]);
    let text = ask("text/plain");
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(text.text(), [EARLY, MIDDLE, LATE].concat());
    assert_eq!(text.header("logboom-generation"), server.task("etl").header("logboom-generation"));
    assert_eq!(ask("*/*").header("content-type"), LINES);
    assert_eq!(ask("application/x-ndjson, text/plain").header("content-type"), LINES);
    assert_eq!(ask("application/x-ndjson;q=0.1, text/plain").header("content-type"), "text/plain; charset=utf-8");
    check_problem(&ask("image/png"), 406, &["image/png", "application/x-ndjson", "text/plain"]);
    check_problem(&ask("text/plain;q=0"), 406, &["text/plain"]);
}

#[test]
fn the_head_of_an_answer_is_given_alone() {
    let server = Server::of(three());
    for target in ["/api/v1/tasks", "/healthz", &task("etl", ""), &task("etl", "/lines")] {
        let answer = server.ask("HEAD", target, &[]);
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{target}");
    }
}

#[test]
fn an_empty_log_is_no_mistake_and_has_no_first_line() {
    let server = Server::of(Folder::with(&[("task/a.log", "")]));
    check_numbers(&server, "", []);
    check_numbers(&server, "?tail=5", []);
    check_problem(&server.lines("task", "?from=1"), 416, &["line 1", "0 lines"]);
    let task = counted(&server, "task");
    assert_eq!((&task["state"], &task["lines"], &task["first_ts"]), (&"complete".into(), &0.into(), &Value::Null));
}

// What makes no sense

#[test]
fn a_parameter_that_cannot_be_read_is_named_with_what_is_allowed() {
    let server = Server::of(hundred());
    for (query, words) in [
        ("?from=0", ["from=", "1"]),
        ("?from=-1", ["from=", "1"]),
        ("?from=", ["from=", "1"]),
        ("?from=1.5", ["from=", "1"]),
        ("?from=99999999999999999999999", ["from=", "18446744073709551615"]),
        ("?limit=-1", ["limit=", "0"]),
        ("?limit=all", ["limit=", "0"]),
        ("?tail=x", ["tail=", "0"]),
        ("?before=x", ["before=", "0"]),
        ("?at=yesterday", ["at=", "2026-11-22T02:14:01Z"]),
        ("?at=", ["at=", "2026-11-22T02:14:01Z"]),
        ("?anchor=a.log", ["anchor=", "SOURCE:OFFSET"]),
        ("?anchor=a.log:-1", ["anchor=", "SOURCE:OFFSET"]),
        ("?from=1&tail=1", ["from", "tail"]),
        ("?at=2026-11-22T02:00:00Z&anchor=a.log:0", ["at", "anchor"]),
        ("?from=1&from=2", ["from", "twice"]),
        ("?form=1", ["form", "from"]),
    ] {
        check_problem(&server.lines("task", query), 400, &words);
    }
    for (query, words) in [
        ("?limit=0", ["limit=", "1"]),
        ("?limit=x", ["limit=", "1"]),
        ("?state=asleep", ["state=", "growing, complete, lost or failed"]),
        ("?page=2", ["page", "cursor"]),
    ] {
        check_problem(&server.get(&format!("/api/v1/tasks{query}")), 400, &words);
    }
}

#[test]
fn a_start_beyond_the_end_is_told_with_where_the_end_is() {
    let server = Server::of(hundred());
    check_problem(&server.lines("task", "?from=101"), 416, &["line 101", "100 lines"]);
    check_problem(&server.lines("task", "?from=18446744073709551615"), 416, &["100 lines"]);
    check_problem(&server.lines("task", "?at=2027-01-01T00:00:00Z"), 416, &["2027-01-01", "100 lines"]);
    check_problem(&server.lines("task", "?anchor=a.log:1000000"), 416, &["a.log", "100 lines"]);
    check_problem(&server.lines("task", "?anchor=a.log:18446744073709551615"), 416, &["a.log", "100 lines"]);
}

#[test]
fn what_is_not_there_is_named() {
    let server = Server::of(three());
    check_problem(&server.task("nothing"), 404, &["nothing", "/api/v1/tasks"]);
    check_problem(&server.lines("nothing", ""), 404, &["nothing"]);
    check_problem(&server.lines("etl", "?anchor=nothing.log:0"), 404, &["nothing.log", "etl"]);
    check_problem(&server.get(&task("etl", "/sources/nothing.log/raw")), 404, &["nothing.log", "etl"]);
    check_problem(&server.get("/api/v1/nothing"), 404, &["/api/v1/nothing"]);
    check_problem(&server.get("/api/v1/tasks/etl/deep/lines"), 404, &["%2F"]);
}

#[test]
fn no_id_leads_out_of_what_is_served() {
    let folder = three();
    fs::write(folder.join("secret.log"), EARLY).expect("written");
    let server = Server::with(&folder, &["etl"]);
    for id in ["..", "../secret.log", "etl/..", "etl/../..", ".", "/etc", "", "etl/", "/etl"] {
        let answer = server.task(id);
        assert_eq!(answer.status, 404, "{id:?}: {}", answer.text());
    }
    for target in [
        "/api/v1/tasks/../tasks/etl",
        "/api/v1/tasks/%2e%2e%2fsecret.log",
        "/api/v1/tasks/etl/sources/..%2f..%2fsecret.log/raw",
    ] {
        check_problem(&server.get(target), 404, &[]);
    }
    check_problem(&server.task(".."), 404, &["..", "segments"]);
    assert_eq!(server.get("/api/v1/tasks/%ff").status, 400);
}

#[test]
fn only_reading_is_allowed_and_the_answer_says_so() {
    let server = Server::of(three());
    for method in ["POST", "PUT", "DELETE"] {
        for target in ["/api/v1/tasks", &task("etl", ""), &task("etl", "/lines"), "/healthz"] {
            let answer = server.ask(method, target, &[("Content-Length", "0")]);
            check_problem(&answer, 405, &["GET"]);
            assert!(answer.header("allow").contains("GET"), "{method} {target}");
        }
    }
}

#[test]
fn a_request_line_of_64_kib_is_refused_and_the_server_stays_up() {
    let server = Server::of(three());
    let long = "x".repeat(64 << 10);
    let answer = server.get(&format!("/api/v1/tasks?q={long}"));
    assert!(matches!(answer.status, 414 | 431), "{}", answer.status);
    let answer = server.get(&format!("/api/v1/tasks/{long}"));
    assert!(matches!(answer.status, 414 | 431), "{}", answer.status);
    // Just short of the bound is only a task that there is not.
    check_problem(&server.get(&format!("/api/v1/tasks/{}", &long[..60_000])), 404, &[]);
    check_up(&server, "etl/deep", EARLY);
}

#[test]
fn what_is_no_http_is_refused_and_the_server_stays_up() {
    let server = Server::of(three());
    for garbage in ["\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}", "GET /healthz HTTP/9.9\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).expect("connected");
        stream.write_all(garbage.as_bytes()).expect("sent");
    }
    check_up(&server, "etl/deep", EARLY);
}

// Ids in addresses, raw bytes

#[test]
fn an_id_with_slashes_and_signs_is_one_segment_percent_encoded() {
    let server = Server::of(three());
    assert_eq!(server.task(TRY).json()["id"], TRY);
    assert_eq!(server.lines(TRY, "").members("source"), [r#""attempt=1.log""#]);
    // Only what has to be encoded.
    let lines = server.get(&format!("/api/v1/tasks/{}/lines", TRY.replace('/', "%2F")));
    assert_eq!(lines.members("n"), ["1"]);
    let raw = server.get(&task(TRY, &format!("/sources/{}/raw", segment("attempt=1.log"))));
    assert_eq!(raw.text(), LATE);
}

#[test]
fn the_bytes_of_a_source_come_as_they_are_whole_or_in_part() {
    let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let server = Server::of(Folder::with(&[("task/a.bin", &bytes)]));
    let raw = task("task", "/sources/a.bin/raw");
    let whole = server.get(&raw);
    assert_eq!((whole.status, whole.header("accept-ranges")), (200, "bytes"));
    assert_eq!((whole.header("content-type"), whole.header("content-length")), ("application/octet-stream", "200000"));
    assert!(whole.body == bytes);
    let ask = |range: &str| server.ask("GET", &raw, &[("Range", range)]);
    for (range, expected, told) in [
        ("bytes=0-9", 0..10, "bytes 0-9/200000"),
        ("bytes=199990-", 199_990..200_000, "bytes 199990-199999/200000"),
        ("bytes=-5", 199_995..200_000, "bytes 199995-199999/200000"),
        ("bytes=100-99999999", 100..200_000, "bytes 100-199999/200000"),
    ] {
        let part = ask(range);
        assert_eq!((part.status, part.header("content-range")), (206, told));
        assert!(part.body == bytes[expected], "{range}");
    }
    let beyond = ask("bytes=200000-");
    check_problem(&beyond, 416, &["200000"]);
    assert_eq!(beyond.header("content-range"), "bytes */200000");
    // What is not understood is passed over (RFC 9110, 14.2).
    for range in ["lines=1-2", "bytes=0-1,5-6", "bytes=9-3"] {
        assert_eq!((ask(range).status, ask(range).body.len()), (200, 200_000), "{range}");
    }
}

#[test]
fn a_packed_source_is_read_through() {
    let folder = Folder::of_data("packed");
    let plain = fs::read(folder.join("plain.log")).expect("read");
    let server = Server::over(&folder);
    let id = &listed(&server, "")[0];
    let raw = server.get(&task(id, "/sources/two-members.log.gz/raw"));
    assert!(raw.body == plain);
    assert_eq!(server.lines(id, "").text().lines().count(), 3 * 8);
}

#[test]
fn the_server_says_that_it_is_alive_and_ready() {
    let server = Server::of(three());
    for target in ["/healthz", "/readyz"] {
        let answer = server.get(target);
        assert_eq!(answer.status, 200, "{target}");
        assert!(answer.text().starts_with("ok"), "{}", answer.text());
    }
}
