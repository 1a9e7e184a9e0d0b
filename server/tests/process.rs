//! The process: how it is told to end, and what it makes of its options.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::{Duration, Instant};

use support::http::request;
use support::logs::{EARLY, check_up, large, three};
use support::server::{Server, task};
use support::{Folder, logboom, run};

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
