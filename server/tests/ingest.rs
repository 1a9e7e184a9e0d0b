//! What is shipped over HTTP: taken once, at its offset, and there whatever is killed.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use support::logs::{EARLY, LATE, MIDDLE, check_problem, listed};
use support::server::{Server, task};
use support::ship::{Kept, check_at, complete, patch, patch_with, raw, standing};
use support::{Folder, logboom, run, until};

/// Bytes of a body at most.
const BODY_MAX: usize = 8 << 20;

/// Splitmix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// Lines that tell where they stand, this many bytes of them.
fn log_of(bytes: usize) -> Vec<u8> {
    let mut text = String::with_capacity(bytes + 100);
    let mut n = 0;
    while text.len() < bytes {
        n += 1;
        text.push_str(&format!("2026-11-22T02:00:00Z INFO line {n} of the log\n"));
    }
    text.truncate(bytes);
    text.into_bytes()
}

/// What the server gives back of a source.
#[track_caller]
fn check_bytes(server: &Server, task: &str, source: &str, expected: &[u8]) {
    // What was appended just now may be shown a second later.
    let answer = until("as many bytes as were sent", || {
        let answer = server.get(&raw(task, source));
        assert_eq!(answer.status, 200, "{}", answer.text());
        Some(answer).filter(|answer| answer.body.len() == expected.len())
    });
    assert!(answer.body == expected, "other bytes than were sent");
}

#[track_caller]
fn check_state(server: &Server, id: &str, expected: &str) {
    until(&format!("{id} is {expected}"), || Some(()).filter(|()| server.task(id).json()["state"] == expected));
}

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
    let head = support::http::request(
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
fn what_was_acknowledged_is_there_after_a_restart_and_what_was_not_is_cut_off() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    check_at(&patch(&server, "t", "a.log", 0, EARLY.as_bytes()), EARLY.len() as u64);
    check_at(&complete(&server, "t", "b.log", 0, LATE.as_bytes()), LATE.len() as u64);
    assert_eq!(server.end("TERM").code(), Some(0));
    let data = kept.data();
    let mut half_written = File::options().append(true).open(&data[0]).expect("it opens");
    half_written.write_all(b"never acknowledged").expect("written");
    let server = kept.serve(&[]);
    assert_eq!(standing(&server, "t", "a.log"), Some((EARLY.len() as u64, false)));
    assert_eq!(standing(&server, "t", "b.log"), Some((LATE.len() as u64, true)));
    check_bytes(&server, "t", "a.log", EARLY.as_bytes());
    check_state(&server, "t", "growing");
    check_at(&patch(&server, "t", "a.log", EARLY.len() as u64, MIDDLE.as_bytes()), (EARLY.len() + MIDDLE.len()) as u64);
}

#[test]
fn a_file_that_lacks_acknowledged_bytes_is_a_failed_source_that_says_so() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    for source in ["a", "b", "c"] {
        check_at(&patch(&server, "t", source, 0, b"0123456789"), 10);
    }
    drop(server);
    let data = kept.data();
    File::options().write(true).open(&data[0]).and_then(|file| file.set_len(4)).expect("cut");
    fs::remove_file(&data[1]).expect("removed");
    let server = kept.serve(&[]);
    let info = server.task("t").json();
    assert_eq!(info["state"], "failed");
    for (at, words) in [(0, "has only 4"), (1, "cannot be opened")] {
        assert_eq!(info["sources"][at]["state"], "failed", "{info}");
        let refused = patch(&server, "t", ["a", "b"][at], 4, b"456789");
        check_problem(&refused, 410, &["10 bytes of it were acknowledged", words]);
    }
    assert_eq!(info["sources"][2]["state"], "growing");
    check_at(&patch(&server, "t", "c", 10, b"x"), 11);
}

#[test]
fn a_file_that_is_replaced_or_cut_while_it_grows_fails_and_takes_nothing_more() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    for source in ["a", "b", "c"] {
        check_at(&patch(&server, "t", source, 0, b"0123456789"), 10);
    }
    let data = kept.data();
    File::options().write(true).open(&data[0]).and_then(|file| file.set_len(4)).expect("cut");
    let other = kept.0.join("other");
    fs::write(&other, "0123456789").expect("written");
    fs::rename(&other, &data[1]).expect("replaced");
    fs::remove_file(&data[2]).expect("removed");
    check_problem(&patch(&server, "t", "a", 10, b"x"), 410, &["cut short"]);
    check_problem(&patch(&server, "t", "b", 10, b"x"), 410, &["replaced"]);
    check_problem(&patch(&server, "t", "c", 10, b"x"), 410, &["removed"]);
    check_state(&server, "t", "failed");
    drop(server);
    let server = kept.serve(&[]);
    check_problem(&patch(&server, "t", "b", 10, b"x"), 410, &["replaced"]);
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let mut second = logboom(kept.0.path());
    second.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(kept.0.path());
    let done = run(second, b"");
    assert_eq!(done.status, Some(2));
    assert!(done.err.contains("another server") && done.err.contains("--data"), "{}", done.err);
    drop(server);
    drop(kept.serve(&[]));
}

#[test]
fn sources_without_their_catalog_are_not_written_over() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    check_at(&patch(&server, "t", "a", 0, b"x"), 1);
    drop(server);
    for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
        // The last two are there only while it is open, or where the server was killed.
        fs::remove_file(kept.0.join("shipped").join(name)).ok();
    }
    let mut command = logboom(kept.0.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(kept.0.path());
    let done = run(command, b"");
    assert_eq!(done.status, Some(2));
    assert!(done.err.contains("catalog.sqlite is missing"), "{}", done.err);
}

/// Kills the server at random moments while a sender sends in random pieces, until all is there.
#[expect(clippy::print_stdout, reason = "what failed is tried again with its seed")]
fn check_killed(durability: &str, rounds: usize, seed: u64) {
    println!("seed {seed}");
    let mut random = Random(seed);
    let kept = Kept::new();
    let log = log_of(40 << 20);
    let mut acknowledged = 0;
    for round in 0..rounds {
        let server = kept.serve(&["--durability", durability]);
        let address = server.address;
        let (durable, _) = standing(&server, "t", "a.log").unwrap_or((0, false));
        assert!(durable >= acknowledged, "round {round}: {acknowledged} bytes were acknowledged, {durable} are there");
        let log = &log;
        let mut pieces = Random(random.below(u64::MAX));
        let until_killed = 1 + random.below(12);
        acknowledged = thread::scope(|scope| {
            let (told, sent) = std::sync::mpsc::channel();
            let sender = scope.spawn(move || {
                let mut at = durable;
                loop {
                    let piece = 1 + pieces.below(200_000);
                    // Some of what is there already is sent again.
                    let from = at - pieces.below(1 + at.min(5_000));
                    let end = usize::try_from((at + piece).min(log.len() as u64)).expect("small");
                    let body = &log[usize::try_from(from).expect("small")..end];
                    let headers = [("Upload-Offset", &*from.to_string())];
                    match patch_with(address, "t", "a.log", &headers, body) {
                        Ok(answer) if answer.status == 204 => {
                            at = answer.header("upload-offset").parse().expect("an offset");
                            assert!(at >= end as u64);
                        }
                        Ok(answer) => panic!("{answer:?}"),
                        // It was killed.
                        Err(_) => return at,
                    }
                    // Nobody listens once it was killed.
                    told.send(()).ok();
                }
            });
            for _ in 0..until_killed {
                sent.recv().expect("the sender goes on");
            }
            server.end("KILL");
            sender.join().expect("it ends")
        });
    }
    let server = kept.serve(&[]);
    let (durable, _) = standing(&server, "t", "a.log").expect("it is there");
    assert!(durable >= acknowledged);
    let length = usize::try_from(durable).expect("small");
    check_bytes(&server, "t", "a.log", &log[..length]);
    check_at(&complete(&server, "t", "a.log", durable, &log[length..length + 1000]), durable + 1000);
    check_bytes(&server, "t", "a.log", &log[..length + 1000]);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    check_killed("disk", 20, 7);
    check_killed("system", 6, 8);
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
                let mut random = Random(writer);
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
    let asked = support::http::request("GET", &task("t", "/lines?follow=1"), &[("Accept", "text/plain")]);
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
fn where_the_quota_is_reached_what_is_over_goes_and_what_grows_stays() {
    let kept = Kept::new();
    let server = kept.serve(&["--quota", "100kB"]);
    let piece = log_of(40_000);
    check_at(&complete(&server, "old", "a", 0, &piece), 40_000);
    check_at(&patch(&server, "growing", "a", 0, &piece), 40_000);
    check_problem(&patch(&server, "large", "a", 0, &log_of(70_000)), 507, &["70000", "quota of 100000"]);
    assert_eq!(listed(&server, ""), ["growing", "old"]);
    check_at(&patch(&server, "growing", "a", 40_000, &piece), 80_000);
    assert_eq!(listed(&server, ""), ["growing"]);
    check_problem(&server.task("old"), 410, &["old", "40000 bytes", "was deleted on 20", "--quota"]);
    check_problem(&patch(&server, "old", "a", 40_000, b"x"), 410, &["was deleted"]);
    assert_eq!(server.ask("HEAD", &raw("old", "a"), &[]).status, 410);
    let full = patch(&server, "growing", "a", 80_000, &piece);
    check_problem(&full, 507, &["--quota"]);
    check_at(&patch(&server, "growing", "a", 80_000, b"x"), 80_001);
    check_at(&patch(&server, "old", "a", 0, b"anew"), 4);
    assert_eq!(kept.data().len(), 2);
    drop(server);
    let server = kept.serve(&["--quota", "100kB"]);
    check_bytes(&server, "old", "a", b"anew");
    assert_eq!(standing(&server, "growing", "a"), Some((80_001, false)));
}

#[test]
fn what_is_old_is_deleted_unless_it_grows() {
    let kept = Kept::new();
    let server = kept.serve(&["--keep", "500ms"]);
    check_at(&complete(&server, "over", "a", 0, b"x"), 1);
    check_at(&patch(&server, "growing", "a", 0, b"x"), 1);
    let answer = until("it is deleted", || Some(server.task("over")).filter(|answer| answer.status == 410));
    check_problem(&answer, 410, &["over", "1 bytes in 1 sources", "--keep"]);
    assert_eq!(listed(&server, ""), ["growing"]);
    assert_eq!(kept.data().len(), 1);
    drop(server);
    // It is told after a restart as well.
    check_problem(&kept.serve(&[]).task("over"), 410, &["--keep"]);
}

/// A file system of its own, as large as this; none where nothing may be mounted.
struct Small(Folder);

impl Small {
    fn mounted(bytes: u64) -> Option<Self> {
        let folder = Folder::with::<&str>(&[]);
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|done| done.status.success());
        mounted.then(|| Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // What is left mounted goes with the machine.
        Command::new("umount").arg("-l").arg(self.0.path()).status().ok();
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_server_goes_on() {
    let Some(small) = Small::mounted(4 << 20) else {
        println!("nothing can be mounted here: a full disk is not tried");
        return;
    };
    let start = |small: &Small| {
        let mut command = logboom(small.0.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(small.0.path());
        Server::started(&mut command)
    };
    let server = start(&small);
    let log = log_of(8 << 20);
    let mut at = 0;
    let full = loop {
        let answer = patch(&server, "t", "a", at as u64, &log[at..at + 300_000]);
        if answer.status != 204 {
            break answer;
        }
        at += 300_000;
    };
    check_problem(&full, 507, &["free some room"]);
    assert!(at > 600_000, "{at}");
    assert_eq!(standing(&server, "t", "a"), Some((at as u64, false)));
    check_bytes(&server, "t", "a", &log[..at]);
    drop(server);
    let server = start(&small);
    check_bytes(&server, "t", "a", &log[..at]);
    check_at(&complete(&server, "t", "a", at as u64, b""), at as u64);
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
