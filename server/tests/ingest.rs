//! What is shipped over HTTP: taken once, at its offset, or refused with what to do.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use support::http::request;
use support::logs::{EARLY, LATE, MIDDLE, check_problem, listed};
use support::server::{Server, task};
use support::ship::{
    Kept, Splitmix, check_at, check_bytes, check_state, complete, log_of, patch, patch_with, raw, standing,
};
use support::{Folder, logboom, until};

/// Bytes of a body at most.
const BODY_MAX: usize = 8 << 20;

#[test]
fn a_source_grows_by_what_is_sent_at_its_end_and_sending_twice_is_harmless() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let log = [EARLY, MIDDLE, LATE].concat();
    let (early, both) = (EARLY.len() as u64, (EARLY.len() + MIDDLE.len()) as u64);
    assert_eq!(standing(&server, "etl/run", "a.log"), None);
    check_at(&patch(&server, "etl/run", "a.log", 0, EARLY.as_bytes()), early);
    assert_eq!(standing(&server, "etl/run", "a.log"), Some((early, false)));
    assert_eq!(listed(&server, ""), ["etl/run"]);
    check_state(&server, "etl/run", "growing");
    // The same again, a part of it, and more than is there.
    check_at(&patch(&server, "etl/run", "a.log", 0, EARLY.as_bytes()), early);
    check_at(&patch(&server, "etl/run", "a.log", 3, &EARLY.as_bytes()[3..10]), early);
    check_at(&patch(&server, "etl/run", "a.log", 5, &log.as_bytes()[5..EARLY.len() + MIDDLE.len()]), both);
    check_at(&patch(&server, "etl/run", "a.log", both, b""), both);
    check_at(&complete(&server, "etl/run", "a.log", both, LATE.as_bytes()), log.len() as u64);
    assert_eq!(standing(&server, "etl/run", "a.log"), Some((log.len() as u64, true)));
    check_bytes(&server, "etl/run", "a.log", log.as_bytes());
    check_state(&server, "etl/run", "complete");
    let lines = || server.ask("GET", &task("etl/run", "/lines"), &[("Accept", "text/plain")]);
    until("its lines are shown", || Some(()).filter(|()| lines().text() == log));
    // The file is a plain one, which people can read.
    let data = kept.data();
    assert_eq!(data.len(), 1);
    assert_eq!(fs::read_to_string(&data[0]).expect("it reads"), log);
}

#[test]
fn what_does_not_fit_is_refused_with_the_offset_that_does() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let refused = |answer: &support::http::Answer, offset: u64, words: &[&str]| {
        check_problem(answer, 409, words);
        assert_eq!(answer.header("upload-offset"), offset.to_string());
    };
    refused(&patch(&server, "t", "a", 5, b"x"), 0, &["behind"]);
    assert_eq!(standing(&server, "t", "a"), None);
    check_at(&patch(&server, "t", "a", 0, b"0123456789"), 10);
    refused(&patch(&server, "t", "a", 11, b"x"), 10, &["behind", "10"]);
    refused(&patch(&server, "t", "a", 8, b"8x"), 10, &["byte 9", "differ"]);
    refused(&patch(&server, "t", "a", 4, b"4567x9 and more"), 10, &["byte 8"]);
    refused(&complete(&server, "t", "a", 0, b"01234"), 10, &["complete with 5 bytes", "has 10"]);
    check_at(&complete(&server, "t", "a", 10, b""), 10);
    check_at(&complete(&server, "t", "a", 5, b"56789"), 10);
    check_at(&patch(&server, "t", "a", 0, b"0123456789"), 10);
    let more = patch(&server, "t", "a", 10, b"more");
    refused(&more, 10, &["completed with 10 bytes"]);
    assert_eq!(more.header("upload-complete"), "?1");
    check_bytes(&server, "t", "a", b"0123456789");
}

#[test]
fn an_empty_source_is_one() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    check_at(&patch(&server, "t", "a", 0, b""), 0);
    assert_eq!(standing(&server, "t", "a"), Some((0, false)));
    check_at(&complete(&server, "t", "a", 0, b""), 0);
    check_state(&server, "t", "complete");
    check_bytes(&server, "t", "a", b"");
}

#[test]
fn headers_are_read_or_refused_by_name() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let send = |headers: &[(&str, &str)]| patch_with(server.address, "t", "a", headers, b"x").expect("an answer");
    check_problem(&send(&[]), 400, &["Upload-Offset", "missing"]);
    for wrong in ["-1", "1.5", "five", "", "0, 0", "9999999999999999"] {
        check_problem(&send(&[("Upload-Offset", wrong)]), 400, &["upload-offset", "whole number"]);
    }
    for wrong in ["1", "true", "?2", "?1 ?1"] {
        let headers = [("Upload-Offset", "0"), ("Upload-Complete", wrong)];
        check_problem(&send(&headers), 400, &["upload-complete", "?1 or ?0"]);
    }
    let kind = send(&[("Upload-Offset", "0"), ("Content-Type", "text/plain")]);
    check_problem(&kind, 415, &["text/plain", "application/partial-upload"]);
    assert_eq!(kind.header("accept-patch"), "application/partial-upload");
    let coding = send(&[("Upload-Offset", "0"), ("Content-Encoding", "br")]);
    check_problem(&coding, 415, &["br", "zstd or gzip"]);
    assert_eq!(coding.header("accept-encoding"), "zstd, gzip");
    for coding in ["gzip", "zstd"] {
        check_problem(&send(&[("Upload-Offset", "0"), ("Content-Encoding", coding)]), 400, &["unpacked"]);
    }
    assert_eq!(standing(&server, "t", "a"), None);
    check_at(&send(&[("Upload-Offset", "0;a=1"), ("Upload-Complete", "?0")]), 1);
}

#[test]
fn bodies_that_come_in_at_one_time_have_room_for_64_mib_together() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let log = log_of(BODY_MAX);
    let length = log.len().to_string();
    let headers =
        [("Content-Type", "application/partial-upload"), ("Upload-Offset", "0"), ("Content-Length", length.as_str())];
    // Each lacks its last byte: what came of it is held.
    let held: Vec<_> = (0..9)
        .map(|sender| {
            let mut stream = TcpStream::connect(server.address).expect("it listens");
            let head = request("PATCH", &raw("held", &sender.to_string()), &headers);
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&log[1..])).expect("sent");
            stream
        })
        .collect();
    let refused =
        until("there is no room", || Some(patch(&server, "t", "a", 0, &log)).filter(|answer| answer.status != 204));
    check_problem(&refused, 503, &["at one time", "try again"]);
    assert_eq!(refused.header("retry-after"), "1");
    drop(held);
    until("there is room again", || Some(()).filter(|()| patch(&server, "t", "b", 0, &log).status == 204));
    // What broke off was not stored.
    assert_eq!(standing(&server, "held", "0"), None);
    check_bytes(&server, "t", "b", &log);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).expect("packed");
    packer.finish().expect("packed")
}

#[test]
fn packed_bodies_are_unpacked_within_bounds() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let log = log_of(300_000);
    let send = |source: &str, coding: &str, body: &[u8]| {
        let headers = [("Upload-Offset", "0"), ("Content-Encoding", coding)];
        patch_with(server.address, "t", source, &headers, body).expect("an answer")
    };
    check_at(&send("gzip", "gzip", &gzip(&log)), 300_000);
    check_at(&send("zstd", "zstd", &zstd::encode_all(&*log, 3).expect("packed")), 300_000);
    check_bytes(&server, "t", "gzip", &log);
    check_bytes(&server, "t", "zstd", &log);
    let largest = vec![0; BODY_MAX];
    let bomb = vec![0; BODY_MAX + 1];
    check_at(&send("largest", "gzip", &gzip(&largest)), BODY_MAX as u64);
    check_problem(&send("bomb", "gzip", &gzip(&bomb)), 413, &["8388608"]);
    check_problem(&send("bomb", "zstd", &zstd::encode_all(&*bomb, 19).expect("packed")), 413, &["8388608"]);
    assert_eq!(standing(&server, "t", "bomb"), None);
}

#[test]
fn a_body_has_at_most_8_mib() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let log = log_of(BODY_MAX + 1);
    check_problem(&patch(&server, "t", "a", 0, &log), 413, &["8388608"]);
    let mut chunked = format!("{:x}\r\n", log.len()).into_bytes();
    chunked.extend_from_slice(&log);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    let head = request(
        "PATCH",
        &raw("t", "a"),
        &[("Content-Type", "application/partial-upload"), ("Upload-Offset", "0"), ("Transfer-Encoding", "chunked")],
    );
    let answer = support::http::open_with(server.address, &head, &chunked).expect("an answer").read();
    check_problem(&answer, 413, &["8388608"]);
    assert_eq!(standing(&server, "t", "a"), None);
    check_at(&patch(&server, "t", "a", 0, &log[..BODY_MAX]), BODY_MAX as u64);
    check_bytes(&server, "t", "a", &log[..BODY_MAX]);
}

#[test]
fn ids_lead_nowhere_else_and_are_told_apart() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    for wrong in ["../x", "a/../b", "a//b", ".", "a b", "/etc", "é"] {
        check_problem(&patch(&server, wrong, "a", 0, b"x"), 400, &["id"]);
    }
    for wrong in ["a\0b", "a\nb", &"x".repeat(256)] {
        check_problem(&patch(&server, "t", wrong, 0, b"x"), 400, &["source's id"]);
    }
    let sources = [
        "..",
        "../../../etc/passwd",
        "/etc/passwd",
        ".hidden",
        "a.log",
        "A.log",
        "a.log.gz",
        "é",
        "a b",
        &"x".repeat(255),
    ];
    for (at, source) in sources.iter().enumerate() {
        check_at(&patch(&server, "T/x", source, 0, at.to_string().as_bytes()), 1);
        check_at(&patch(&server, "t/x", source, 0, format!("{at}{at}").as_bytes()), 2);
    }
    for (at, source) in sources.iter().enumerate() {
        check_bytes(&server, "T/x", source, at.to_string().as_bytes());
        check_bytes(&server, "t/x", source, format!("{at}{at}").as_bytes());
    }
    let outside: Vec<_> =
        fs::read_dir(kept.0.path()).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
    assert!(outside.iter().all(|name| name == "shipped" || name == "cache"), "{outside:?}");
    assert_eq!(kept.data().len(), 2 * sources.len());
    assert_eq!(listed(&server, ""), ["T/x", "t/x"]);
}

#[test]
fn a_folders_task_is_not_shipped_to() {
    let kept = Kept::new();
    let logs = Folder::with(&[("logs/etl/a.log", EARLY)]);
    let path = logs.join("logs");
    let server = kept.serve(&[path.to_str().expect("UTF-8")]);
    let refused = patch(&server, "etl", "b.log", 0, b"x");
    check_problem(&refused, 409, &["etl", "another id"]);
    assert!(!refused.headers.contains_key("upload-offset"));
    check_at(&patch(&server, "etl-shipped", "b.log", 0, b"x"), 1);
    assert_eq!(listed(&server, ""), ["etl", "etl-shipped"]);
}

#[test]
fn writers_at_one_time_take_turns() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let log = log_of(400_000);
    let address = server.address;
    // Each sends all of it, at its own pace and in pieces of its own; what one has sent the other need not.
    thread::scope(|scope| {
        for writer in 0..4 {
            let log = &log;
            scope.spawn(move || {
                let mut random = Splitmix(writer);
                let mut at = 0;
                while at < log.len() {
                    let end = (at + 1 + usize::try_from(random.below(20_000)).expect("small")).min(log.len());
                    let headers = [("Upload-Offset", &*at.to_string())];
                    let answer = patch_with(address, "t", "a", &headers, &log[at..end]).expect("an answer");
                    assert_eq!(answer.status, 204, "{}", answer.text());
                    at = answer.header("upload-offset").parse().expect("an offset");
                }
            });
            // And a source of its own beside it.
            scope.spawn(move || {
                let source = format!("own-{writer}");
                for at in 0..50_u64 {
                    let headers = [("Upload-Offset", &*at.to_string())];
                    let answer = patch_with(address, "t", &source, &headers, b"x").expect("an answer");
                    assert_eq!(answer.status, 204, "{}", answer.text());
                }
            });
        }
    });
    check_bytes(&server, "t", "a", &log);
    for writer in 0..4 {
        check_bytes(&server, "t", &format!("own-{writer}"), &[b'x'; 50]);
    }
}

#[test]
fn a_source_of_which_nothing_is_heard_is_lost_until_something_is() {
    let kept = Kept::new();
    let server = kept.serve(&["--idle-timeout", "300ms"]);
    check_at(&patch(&server, "t", "a", 0, b"x"), 1);
    check_at(&complete(&server, "t", "b", 0, b"y"), 1);
    check_state(&server, "t", "lost");
    let info = server.task("t").json();
    assert_eq!((&info["sources"][0]["state"], &info["sources"][1]["state"]), (&"lost".into(), &"complete".into()));
    assert_eq!(listed(&server, "?state=lost"), ["t"]);
    // What came is kept, and a heartbeat is a message.
    check_bytes(&server, "t", "a", b"x");
    until("a heartbeat makes it grow", || {
        check_at(&patch(&server, "t", "a", 1, b""), 1);
        Some(()).filter(|()| server.task("t").json()["state"] == "growing")
    });
    check_state(&server, "t", "lost");
    check_at(&complete(&server, "t", "a", 1, b"z"), 2);
    check_state(&server, "t", "complete");
}

#[test]
fn who_follows_sees_what_comes_and_the_end_of_it() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    check_at(&patch(&server, "t", "a.log", 0, EARLY.as_bytes()), EARLY.len() as u64);
    let asked = request("GET", &task("t", "/lines?follow=1"), &[("Accept", "text/plain")]);
    let mut reader = server.send(&asked);
    assert_eq!(reader.line(), EARLY.trim_end());
    // A line comes once it has come to its end; another source comes while the first is followed.
    let (half, rest) = MIDDLE.split_at(30);
    check_at(&patch(&server, "t", "a.log", EARLY.len() as u64, half.as_bytes()), (EARLY.len() + 30) as u64);
    check_at(&complete(&server, "t", "b.log", 0, LATE.as_bytes()), LATE.len() as u64);
    assert_eq!(reader.line(), LATE.trim_end());
    check_at(
        &patch(&server, "t", "a.log", (EARLY.len() + 30) as u64, rest.as_bytes()),
        (EARLY.len() + MIDDLE.len()) as u64,
    );
    assert_eq!(reader.line(), MIDDLE.trim_end());
    check_at(
        &complete(&server, "t", "a.log", (EARLY.len() + MIDDLE.len()) as u64, b"the end"),
        (EARLY.len() + MIDDLE.len() + 7) as u64,
    );
    let last = reader.read();
    assert!(last.whole);
    assert_eq!(last.text(), "the end\n");
}

#[test]
fn what_is_kept_below_a_served_folder_is_shown_once() {
    let kept = Kept::new();
    kept.0.write("logs/a.log", EARLY);
    let path = kept.0.path().to_str().expect("UTF-8").to_owned();
    let server = kept.serve(&[&path]);
    check_at(&patch(&server, "t", "a", 0, b"x"), 1);
    let ids = listed(&server, "");
    assert!(ids.contains(&"t".to_owned()) && ids.contains(&"logs".to_owned()), "{ids:?}");
    assert!(!ids.iter().any(|id| id.contains("shipped")), "{ids:?}");
}

#[test]
fn what_is_shipped_is_counted() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    check_at(&patch(&server, "t", "a", 0, b"12345"), 5);
    check_at(&patch(&server, "t", "a", 0, b"12345"), 5);
    check_at(&complete(&server, "t", "b", 0, b"123"), 3);
    let metrics = server.get("/metrics");
    for line in [
        "logboom_ingest_bytes_total 8",
        "logboom_ingest_commits_total 2",
        "logboom_ingest_stored_bytes 8",
        "logboom_ingest_sources{state=\"growing\"} 1",
        "logboom_ingest_sources{state=\"complete\"} 1",
    ] {
        assert!(metrics.text().lines().any(|there| there == line), "{line:?} is not in {}", metrics.text());
    }
}

#[test]
fn a_server_that_only_shows_logs_leaves_nothing_behind() {
    let logs = Folder::with(&[("logs/a.log", EARLY)]);
    let home = Folder::with::<&str>(&[]);
    let start = || {
        let mut command = logboom(logs.path());
        command.args(["serve", "logs", "--listen", "127.0.0.1:0"]).env("XDG_DATA_HOME", home.path());
        Server::started(&mut command)
    };
    let (server, second) = (start(), start());
    assert_eq!(listed(&server, ""), ["logs"]);
    let is_there = |path: &Path| home.join(path).exists();
    assert!(!is_there(Path::new("logboom")));
    check_at(&patch(&server, "t", "a", 0, b"x"), 1);
    assert!(is_there(Path::new("logboom/shipped/catalog.sqlite")));
    check_problem(&patch(&second, "t", "b", 0, b"x"), 503, &["another server", "--data"]);
}

#[test]
fn once_a_task_is_over_its_order_is_exact() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let line = |second: u32, text: &str| format!("2026-11-22T02:00:{second:02}Z INFO {text}\n");
    let [early, late, straggler] = [line(1, "early"), line(40, "late"), line(2, "straggler")];
    assert_eq!(patch(&server, "task", "a", 0, early.as_bytes()).status, 204);
    assert_eq!(patch(&server, "task", "b", 0, late.as_bytes()).status, 204);
    until("both are there", || (server.lines("task", "").members("n").len() == 2).then_some(()));
    assert_eq!(patch(&server, "task", "a", early.len() as u64, straggler.as_bytes()).status, 204);
    let last = |answer: &support::http::Answer| answer.members("text").last().cloned().unwrap_or_default();
    let live = until("the straggler has a number", || {
        Some(server.lines("task", "")).filter(|lines| lines.members("n").len() == 3)
    });
    assert!(last(&live).contains("straggler") && live.members("late")[2] == "true", "{}", live.text());
    let behind = server.task("task").json()["sources"][0]["behind_ms"].clone();
    assert_eq!(behind, 38_000);
    for (source, bytes) in [("a", early.len() + straggler.len()), ("b", late.len())] {
        assert_eq!(complete(&server, "task", source, bytes as u64, b"").status, 204);
    }
    let whole = until("it is ordered", || Some(server.lines("task", "")).filter(|lines| last(lines).contains("late")));
    assert_eq!(whole.text(), server.lines("task", "").text());
    assert_ne!(whole.header("logboom-generation"), live.header("logboom-generation"));
    assert_eq!(whole.members("late"), ["null", "null", "null"]);
}

#[test]
fn lines_without_a_time_stand_in_the_order_in_which_they_arrived() {
    let kept = Kept::new();
    let mut server = kept.serve(&[]);
    let send = |server: &Server, n: usize| {
        let source = ["stdout", "stderr"][n % 2];
        let line = format!("{n} says {source}\n");
        let offset = (n / 2 * line.len()) as u64;
        check_at(&patch(server, "job", source, offset, line.as_bytes()), offset + line.len() as u64);
    };
    send(&server, 0);
    let mut open = server.send(&request("GET", &task("job", "/lines?follow=1"), &[]));
    (1..6).for_each(|n| send(&server, n));
    let ordered = |texts: &[String]| texts.iter().enumerate().all(|(n, text)| text.starts_with(&format!("\"{n} says")));
    let mut followed = Vec::new();
    while followed.len() < 6 {
        let line = open.line();
        if !line.is_empty() {
            let record: serde_json::Value = serde_json::from_str(&line).expect("a record");
            followed.push(record["text"].to_string());
        }
    }
    assert!(ordered(&followed), "{followed:?}");
    for source in ["stdout", "stderr"] {
        complete(&server, "job", source, 3 * "0 says stdout\n".len() as u64, b"");
    }
    for _ in 0..2 {
        let texts = server.lines("job", "").members("text");
        assert!(texts.len() == 6 && ordered(&texts), "{texts:?}");
        assert!(server.lines("job", "").members("late").iter().all(|late| late == "null"));
        let last = server.lines("job", "?tail=2").members("text");
        assert_eq!(last, texts[4..]);
        // What was known of it before the restart is known after it.
        assert!(!server.end("KILL").success());
        server = kept.serve(&[]);
    }
}

#[test]
fn a_sender_tells_when_its_lines_came() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let send = |source: &str, body: &str, arrived: &str| {
        let headers = [("Upload-Offset", "0"), ("Upload-Complete", "?1"), ("Logboom-Arrived", arrived)];
        patch_with(server.address, "job", source, &headers, body.as_bytes()).expect("an answer")
    };
    check_at(&send("stdout", "one\nthree\nfive\n", "0=1000,4=3000,10=5000"), 15);
    check_at(&send("stderr", "two\nfour\n", "0=2000, 4=4000"), 9);
    let texts = until("both are there", || {
        let texts = server.lines("job", "").members("text");
        (texts.len() == 5 && server.task("job").json()["state"] == "complete").then_some(texts)
    });
    assert_eq!(texts, ["\"one\"", "\"two\"", "\"three\"", "\"four\"", "\"five\""]);
    for wrong in ["", "0", "0=x", "4=1,0=2", "0=1,", &"0=1,".repeat(1025)] {
        check_problem(&send("other", "x\n", wrong), 400, &["Logboom-Arrived"]);
    }
    assert_eq!(standing(&server, "job", "other"), None, "nothing was stored");
}
