//! `logboom serve`: the real binary, asked over real connections.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::http::{Answer, request};
use support::server::{Server, segment, task};
use support::{Folder, data, logboom, run, until};

const EARLY: &str = "2026-11-22T02:00:00Z INFO early\n";
const MIDDLE: &str = "2026-11-22T02:00:01Z INFO middle\n";
const LATE: &str = "2026-11-22T02:00:02Z INFO late\n";

const LINES: &str = "application/x-ndjson";
const TRY: &str = "dag_id=etl/run_id=manual__2026-11-22T02:12:47.415412+00:00/task_id=extract";

/// Three tasks: `etl` with two sources, `etl/deep` with one, and a try as Airflow lays it out.
fn three() -> Folder {
    let attempt = format!("{TRY}/attempt=1.log");
    Folder::with(&[
        ("etl/a.log", [EARLY, LATE].concat().as_str()),
        ("etl/b.log", MIDDLE),
        ("etl/deep/c.log", EARLY),
        (attempt.as_str(), LATE),
    ])
}

/// A hundred lines, a tenth of a second from one to the next.
fn hundred() -> Folder {
    let line = |i: u32| format!("2026-11-22T02:00:{:02}.{}Z line {i}\n", i / 10, i % 10);
    Folder::with(&[("task/a.log", (0..100).map(line).collect::<String>())])
}

/// A task of many megabytes beside a small one.
fn large() -> Folder {
    let line = format!("2026-11-22T02:00:00Z INFO {}\n", "x".repeat(200));
    let folder = Folder::with(&[("small/a.log", EARLY), ("large/b.log", LATE)]);
    folder.write("large/a.log", line.repeat(300_000));
    folder
}

/// The lines of `task` that a query gives, by their numbers.
#[track_caller]
fn check_numbers(server: &Server, query: &str, expected: impl IntoIterator<Item = u64>) {
    let answer = server.lines("task", query);
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let expected: Vec<_> = expected.into_iter().map(|n| n.to_string()).collect();
    assert_eq!(answer.members("n"), expected, "{query}");
}

/// The answer is a problem of this status that has these words.
#[track_caller]
fn check_problem(answer: &Answer, status: u16, words: &[&str]) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    let detail = problem["detail"].as_str().expect("a detail");
    for word in words {
        assert!(detail.contains(word), "{word:?} is not in {detail:?}");
    }
}

/// The ids of the tasks that a query lists.
#[track_caller]
fn listed(server: &Server, query: &str) -> Vec<String> {
    let answer = server.get(&format!("/api/v1/tasks{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let list = answer.json();
    let tasks = list["tasks"].as_array().expect("tasks");
    tasks.iter().map(|task| task["id"].as_str().expect("an id").to_owned()).collect()
}

/// The task, once all its lines were counted.
#[track_caller]
fn counted(server: &Server, id: &str) -> Value {
    until("the lines are counted", || Some(server.task(id).json()).filter(|task| task["lines"].is_u64()))
}

/// The server answers, and this task can be read.
#[track_caller]
fn check_up(server: &Server, id: &str, expected: &str) {
    assert_eq!(server.get("/healthz").status, 200);
    let answer = server.ask("GET", &task(id, "/lines"), &[("Accept", "text/plain")]);
    assert_eq!((answer.status, answer.text()), (200, expected));
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

// Sources that change or fail

/// A source failed: the task says which and why, every answer names it, and the others are readable.
#[track_caller]
fn check_failed(server: &Server, id: &str, source: &str, words: &[&str], others: &str) {
    let failed = until("the source has failed", || {
        let task = server.task(id).json();
        (task["state"] == "failed").then_some(task)
    });
    let sources = failed["sources"].as_array().expect("sources");
    for of in sources {
        let expected = if of["id"] == source { "failed" } else { "complete" };
        assert_eq!(of["state"], expected, "{failed}");
        assert_eq!(of["error"].is_null(), of["id"] != source, "{failed}");
    }
    let error = sources.iter().find(|of| of["id"] == source).and_then(|of| of["error"].as_str());
    let error = error.unwrap_or_else(|| panic!("no error of {source} in {failed}"));
    for word in words {
        assert!(error.contains(word), "{word:?} is not in {error:?}");
    }
    let answer = server.ask("GET", &task(id, "/lines"), &[("Accept", "text/plain")]);
    assert_eq!(answer.header("logboom-failed-sources"), source);
    assert_eq!(server.task(id).header("logboom-failed-sources"), source);
    assert_eq!((answer.status, answer.text()), (200, others));
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_source_that_cannot_be_opened_is_failed_and_the_others_are_readable() {
    let folder = three();
    symlink("nothing", folder.join("etl/gone.log")).expect("linked");
    let server = Server::over(&folder);
    assert_eq!(listed(&server, "?state=failed"), ["etl"]);
    check_failed(&server, "etl", "gone.log", &["gone.log", "no such file"], &[EARLY, MIDDLE, LATE].concat());
    check_problem(&server.get(&task("etl", "/sources/gone.log/raw")), 503, &["gone.log", "no such file"]);
    check_problem(&server.lines("etl", "?anchor=gone.log:0"), 503, &["gone.log", "no such file"]);
}

#[test]
fn a_pipe_in_a_folder_is_failed_and_nobody_waits_for_it() {
    let folder = three();
    let made = std::process::Command::new("mkfifo").arg(folder.join("etl/pipe")).status().expect("mkfifo runs");
    assert!(made.success());
    let server = Server::over(&folder);
    check_failed(&server, "etl", "pipe", &["pipe"], &[EARLY, MIDDLE, LATE].concat());
}

#[test]
fn a_source_that_vanishes_is_failed_and_the_others_stay_readable() {
    let folder = three();
    let server = Server::over(&folder);
    counted(&server, "etl");
    let before = server.task("etl").header("logboom-generation").to_owned();
    fs::remove_file(folder.join("etl/b.log")).expect("removed");
    check_failed(&server, "etl", "b.log", &["b.log", "no such file"], &[EARLY, LATE].concat());
    assert_ne!(server.task("etl").header("logboom-generation"), before);
}

#[test]
fn a_path_that_is_not_there_is_a_task_that_says_so() {
    let folder = three();
    let server = Server::with(&folder, &["etl/deep", "nothing"]);
    check_failed(&server, "nothing", "nothing", &["nothing", "no such file"], "");
    check_up(&server, "deep", EARLY);
}

#[test]
fn half_a_packed_source_is_failed_and_what_is_good_of_it_is_shown() {
    let packed = fs::read(data("packed").join("two-members.log.gz")).expect("read");
    let folder = Folder::with(&[("task/a.log.gz", &packed[..packed.len() - 20])]);
    folder.write("task/b.log", LATE);
    let server = Server::over(&folder);
    let failed = until("the source has failed", || {
        let task = server.task("task").json();
        (task["state"] == "failed").then_some(task)
    });
    assert!(failed["sources"][0]["error"].as_str().is_some_and(|error| error.contains("byte")), "{failed}");
    let answer = server.lines("task", "");
    assert!(!answer.whole, "nobody may take it for whole: {}", answer.text());
    let last = answer.text().lines().last().expect("a line");
    let last: Value = serde_json::from_str(last).expect("JSON");
    assert!(last["error"]["detail"].as_str().is_some_and(|detail| detail.contains("a.log.gz")), "{last}");
    assert!(answer.text().contains(r#""source":"b.log""#), "{}", answer.text());
}

#[test]
fn a_source_that_is_cut_short_while_it_is_sent_is_not_taken_for_whole() {
    let folder = large();
    let server = Server::over(&folder);
    let open = server.send(&request("GET", &task("large", "/lines"), &[]));
    fs::write(folder.join("large/a.log"), EARLY).expect("cut short");
    let answer = open.read();
    assert!(!answer.whole);
    let last: Value = serde_json::from_str(answer.text().lines().last().expect("a line")).expect("JSON");
    let detail = last["error"]["detail"].as_str().expect("a detail");
    assert!(detail.contains("a.log") && detail.contains("cut short"), "{detail}");
    assert!(answer.text().contains("INFO late"), "the other source goes on to its end");
    // The next look sees what there is now.
    until("the shorter file", || {
        let answer = server.ask("GET", &task("large", "/lines"), &[("Accept", "text/plain")]);
        (answer.whole && answer.text() == [EARLY, LATE].concat()).then_some(())
    });
    check_up(&server, "small", EARLY);
}

#[test]
fn a_source_that_is_written_over_while_it_is_sent_gives_none_of_the_other_bytes() {
    let folder = large();
    let server = Server::over(&folder);
    let open = server.send(&request("GET", &task("large", "/lines"), &[]));
    let path = folder.join("large/a.log");
    let other = "2026-11-22T02:00:00Z INFO other\n".repeat(3_000_000);
    let mut file = fs::File::options().write(true).open(path).expect("it opens");
    file.write_all(other.as_bytes()).expect("written over");
    let answer = open.read();
    assert!(!answer.whole);
    let last: Value = serde_json::from_str(answer.text().lines().last().expect("a line")).expect("JSON");
    let detail = last["error"]["detail"].as_str().expect("a detail");
    assert!(detail.contains("a.log") && detail.contains("replaced"), "{detail}");
    assert!(!answer.text().contains("INFO other"), "none of the other bytes are sent");
}

#[test]
fn a_file_that_grows_is_seen_under_a_new_generation() {
    let folder = three();
    let server = Server::over(&folder);
    let before = server.lines("etl", "");
    assert_eq!(before.members("n"), ["1", "2", "3"]);
    folder.append("etl/b.log", "2026-11-22T02:00:03Z INFO more\n");
    let after = until("the new line", || Some(server.lines("etl", "")).filter(|lines| lines.members("n").len() == 4));
    assert_ne!(after.header("logboom-generation"), before.header("logboom-generation"));
    assert!(after.text().starts_with(before.text()));
    assert_eq!(counted(&server, "etl")["lines"], 4);
}

#[test]
fn the_same_files_have_the_same_generation_after_a_restart() {
    let folder = three();
    let generation = || Server::over(&folder).task("etl").header("logboom-generation").to_owned();
    assert_eq!(generation(), generation());
}

#[test]
fn a_folder_that_may_not_be_read_is_a_task_that_says_so() {
    let folder = three();
    let locked = folder.join("etl/deep");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("locked");
    // Root may read all.
    if fs::read_dir(&locked).is_err() {
        let server = Server::over(&folder);
        check_failed(&server, "etl/deep", "deep", &["deep", "permission denied"], "");
        check_up(&server, "etl", &[EARLY, MIDDLE, LATE].concat());
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("unlocked");
}

// Readers

#[test]
fn readers_that_are_slow_or_go_away_hold_nobody_up() {
    let server = Server::of(large());
    let stream = || server.send(&request("GET", &task("large", "/lines"), &[]));
    let slow: Vec<_> = (0..8).map(|_| stream()).collect();
    for _ in 0..32 {
        drop(stream());
        drop(server.send(&request("GET", &task("large", "/sources/a.log/raw"), &[])));
    }
    check_up(&server, "small", EARLY);
    for reader in slow.into_iter().take(1) {
        let answer = reader.read();
        assert!(answer.whole);
        assert_eq!(answer.body.iter().filter(|byte| **byte == b'\n').count(), 300_001);
    }
    check_up(&server, "small", EARLY);
}

// The process

#[test]
fn a_signal_ends_it_in_time_with_status_0_also_with_a_slow_reader() {
    for signal in ["TERM", "INT"] {
        let server = Server::of(large());
        let slow = server.send(&request("GET", &task("large", "/lines"), &[]));
        let told = Instant::now();
        let status = server.end(signal);
        assert!(told.elapsed() < Duration::from_secs(5), "{:?} after {signal}", told.elapsed());
        assert_eq!(status.code(), Some(0), "{signal}");
        drop(slow);
    }
}

#[test]
fn a_signal_ends_it_at_once_where_nobody_reads() {
    let server = Server::of(three());
    check_up(&server, "etl/deep", EARLY);
    let told = Instant::now();
    assert_eq!(server.end("TERM").code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(2), "{:?}", told.elapsed());
}

/// The arguments make no sense: status 2 and these words.
#[track_caller]
fn check_refused(arguments: &[&str], words: &[&str]) {
    let folder =
        Folder::with(&[("a.log", EARLY), ("broken.toml", "listen = 5\n"), ("odd.toml", "lisen = \"127.0.0.1:0\"\n")]);
    let mut command = logboom(folder.path());
    command.arg("serve").args(arguments);
    let done = run(command, b"");
    assert_eq!((done.status, done.text()), (Some(2), ""), "{}", done.err);
    for word in words {
        assert!(done.err.contains(word), "{word:?} is not in {:?}", done.err);
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    check_refused(&["a.log", "--listen", "0.0.0.0:0"], &["0.0.0.0:0", "loopback"]);
    check_refused(&["a.log", "--listen", "[::]:0"], &["[::]:0", "loopback"]);
    check_refused(&["a.log", "--listen", "somewhere"], &["--listen", "somewhere"]);
    check_refused(&["a.log", "--no-such-option"], &["--no-such-option"]);
    check_refused(&["a.log", "--tz", "Mars/Olympus"], &["Mars/Olympus"]);
    check_refused(&["a.log", "--config", "nothing.toml"], &["nothing.toml"]);
    check_refused(&["a.log", "--config", "broken.toml"], &["broken.toml", "listen"]);
    check_refused(&["a.log", "--config", "odd.toml"], &["odd.toml", "lisen"]);
    let taken = Server::of(three());
    check_refused(&["a.log", "--listen", &taken.address.to_string()], &[&taken.address.to_string(), "--listen"]);
}

#[test]
fn options_come_from_the_command_line_then_the_environment_then_the_file() {
    let naive = "2026-11-22 02:00:00 naive\n";
    let folder = Folder::with(&[
        ("logs/a.log", naive),
        ("logboom.toml", "paths = [\"logs\"]\nlisten = \"127.0.0.1:0\"\ntz = \"+01:00\"\n"),
    ]);
    let first = |command: &mut std::process::Command| Server::started(command).lines("logs", "").members("ts");
    assert_eq!(first(logboom(folder.path()).arg("serve")), [r#""2026-11-22T01:00:00Z""#]);
    let environment = || {
        let mut command = logboom(folder.path());
        command.arg("serve").env("LOGBOOM_TZ", "+02:00");
        command
    };
    assert_eq!(first(&mut environment()), [r#""2026-11-22T00:00:00Z""#]);
    assert_eq!(first(environment().args(["--tz", "+03:00"])), [r#""2026-11-21T23:00:00Z""#]);
}
