//! `logboom ship`: what a file held arrives byte for byte, whatever happens to the file, the network and both sides.
//!
//! Names of tests that begin with N or R and a number name a fault of the systems before us.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs::{self, File};
use std::io::Write as _;

use support::receiver::Receiver;
use support::shipping::{Log, Ship};
use support::{Folder, run, until};

fn folder() -> Folder {
    Folder::with::<&str>(&[])
}

/// The receiver has exactly this of the source, or will soon.
#[track_caller]
fn check_arrived(receiver: &Receiver, source: &str, expected: &[u8]) {
    until("all has arrived", || (receiver.length("t", source) >= expected.len()).then_some(()));
    check_same(receiver, source, expected);
}

#[track_caller]
fn check_same(receiver: &Receiver, source: &str, expected: &[u8]) {
    let stored = receiver.stored("t", source).unwrap_or_default().bytes;
    let same = stored.iter().zip(expected).take_while(|(one, other)| one == other).count();
    assert!(
        stored == expected,
        "{} bytes arrived of {}; the first {same} are right, then comes {:?} for {:?}",
        stored.len(),
        expected.len(),
        String::from_utf8_lossy(&stored[same..stored.len().min(same + 80)]),
        String::from_utf8_lossy(&expected[same..expected.len().min(same + 80)]),
    );
}

#[test]
fn a_growing_file_arrives_and_sigterm_ends_it_once_all_is_sent() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(3, 10);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    log.lines(100, 10);
    log.raw(b"no newline yet");
    ship.end();
    check_same(&receiver, "a.log", &log.all);
    assert!(!receiver.stored("t", "a.log").expect("stored").complete, "SIGTERM completes nothing");
}

#[test]
fn a_file_that_is_missing_is_waited_for_and_several_are_sources_of_their_own() {
    let (folder, receiver) = (folder(), Receiver::start());
    folder.write("b.log", "b\n");
    let ship = Ship::start(&folder, &receiver.url(), &["a.log", "b.log", "deep/b.log"]);
    check_arrived(&receiver, "deep/b.log", b"");
    until("b.log arrives", || receiver.stored("t", "b.log").or_else(|| receiver.stored("t", "deep/b.log")));
    folder.write("a.log", "a\n");
    folder.write("deep/b.log", "deep\n");
    check_arrived(&receiver, "a.log", b"a\n");
    check_arrived(&receiver, "deep/b.log", b"deep\n");
    ship.end();
}

#[test]
fn n1_the_rest_of_a_renamed_file_comes_before_the_next_one() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(10, 10);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    for _ in 0..5 {
        log.lines(10, 100);
        log.rotate();
        log.lines(10, 100);
    }
    check_arrived(&receiver, "a.log", &log.all);
    ship.end();
}

#[test]
fn n1_several_rotations_between_two_looks_lose_nothing() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(10, 10);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    ship.signal("STOP");
    for _ in 0..7 {
        log.lines(10, 100);
        log.rotate();
    }
    log.lines(10, 100);
    ship.signal("CONT");
    check_arrived(&receiver, "a.log", &log.all);
    ship.end();
}

#[test]
fn n1_a_file_cut_to_nothing_and_grown_beyond_what_was_read_is_seen() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(10, 10);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    for _ in 0..3 {
        ship.signal("STOP");
        for _ in 0..2 {
            log.lines(20, 100);
            log.copy_truncate();
        }
        log.lines(200, 100);
        ship.signal("CONT");
        check_arrived(&receiver, "a.log", &log.all);
    }
    ship.end();
}

#[test]
fn n1_a_file_that_was_removed_is_read_to_its_end_as_long_as_it_is_written() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(10, 10);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    fs::remove_file(folder.join("a.log")).expect("removed");
    log.lines(10, 10);
    check_arrived(&receiver, "a.log", &log.all);
    log.reopen();
    log.lines(10, 10);
    check_arrived(&receiver, "a.log", &log.all);
    ship.end();
}

#[test]
fn what_is_written_late_to_a_renamed_file_is_not_lost() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(10, 10);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    let mut old = log.handle();
    log.rotate();
    log.lines(10, 10);
    check_arrived(&receiver, "a.log", &log.all);
    // A second writer has not heard of the rotation.
    old.write_all(b"late\n").expect("written");
    log.all.extend_from_slice(b"late\n");
    check_arrived(&receiver, "a.log", &log.all);
    log.lines(10, 10);
    check_arrived(&receiver, "a.log", &log.all);
    ship.end();
}

#[test]
fn n2_killed_and_started_again_after_rotations_it_goes_on_where_it_stood() {
    for packed in [false, true] {
        let (folder, receiver) = (folder(), Receiver::start());
        let mut log = Log::create(&folder, "a.log");
        log.lines(1000, 100);
        let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
        check_arrived(&receiver, "a.log", &log.all);
        ship.kill();
        log.lines(100, 100);
        for _ in 0..3 {
            log.rotate();
            log.lines(100, 100);
        }
        if packed {
            for number in [2, 3] {
                let plain = fs::read(log.generation(number)).expect("read");
                let file = File::create(format!("{}.gz", log.generation(number).display())).expect("made");
                let mut packing = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
                packing.write_all(&plain).expect("packed");
                packing.finish().expect("packed");
                fs::remove_file(log.generation(number)).expect("removed");
            }
        }
        let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
        check_arrived(&receiver, "a.log", &log.all);
        log.lines(10, 10);
        check_arrived(&receiver, "a.log", &log.all);
        ship.end();
    }
}

#[test]
fn n2_a_server_that_has_less_gets_it_again() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(100, 100);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    log.rotate();
    log.lines(100, 100);
    check_arrived(&receiver, "a.log", &log.all);
    receiver.change("t", "a.log", |stored| stored.bytes.truncate(100));
    log.lines(1, 10);
    check_arrived(&receiver, "a.log", &log.all);
    ship.signal("KILL");
    receiver.change("t", "a.log", |stored| stored.bytes.clear());
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    assert!(ship.told().contains("sent again"), "{}", ship.told());
    ship.end();
}

#[test]
fn n2_without_its_state_it_finds_where_the_source_began() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(100, 100);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    ship.end();
    fs::remove_dir_all(folder.join("state")).expect("removed");
    log.rotate();
    log.lines(100, 100);
    log.rotate();
    log.lines(100, 100);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    ship.end();
}

#[test]
fn n2_other_bytes_at_the_server_are_told_and_never_written_over() {
    let (folder, receiver) = (folder(), Receiver::start());
    receiver.change("t", "a.log", |stored| stored.bytes = b"somebody else's\n".to_vec());
    folder.write("a.log", "ours, and a longer one\n");
    let mut ship = Ship::start(&folder, &receiver.url(), &["--grace", "0.2", "a.log"]);
    until("it is told", || ship.told().contains("is not what is here").then_some(()));
    assert!(ship.told().contains("a.log") && ship.told().contains("/sources/a.log/raw"), "{}", ship.told());
    ship.signal("TERM");
    assert_eq!(ship.wait().code(), Some(1), "{}", ship.told());
    assert_eq!(receiver.stored("t", "a.log").expect("stored").bytes, b"somebody else's\n");
}

#[test]
fn n3_what_could_not_be_sent_is_said_at_the_end() {
    let (folder, receiver) = (folder(), Receiver::start());
    receiver.set_down(true);
    folder.write("a.log", "twelve bytes");
    let mut ship = Ship::start(&folder, &receiver.url(), &["--grace", "0.2", "a.log"]);
    until("it is told", || ship.told().contains("cannot reach").then_some(()));
    ship.signal("TERM");
    assert_eq!(ship.wait().code(), Some(1));
    until("it is told", || ship.told().contains("a.log: 12 of 12 bytes were not sent").then_some(()));
    receiver.set_down(false);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", b"twelve bytes");
    ship.end();
}

#[test]
fn n3_until_closed_completes_when_the_last_writer_is_gone_whoever_reads() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(10, 10);
    let _reader = File::open(folder.join("a.log")).expect("opened");
    let mut ship = Ship::start(&folder, &receiver.url(), &["--until-closed", "a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    log.lines(10, 10);
    log.rotate();
    log.lines(10, 10);
    check_arrived(&receiver, "a.log", &log.all);
    assert!(!receiver.stored("t", "a.log").expect("stored").complete);
    log.raw(b"the end");
    let all = log.all.clone();
    drop(log);
    assert_eq!(ship.wait().code(), Some(0), "{}", ship.told());
    check_same(&receiver, "a.log", &all);
    assert!(receiver.stored("t", "a.log").expect("stored").complete);
}

#[test]
fn n4_a_large_file_goes_in_large_batches_several_at_once() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut log = Log::create(&folder, "a.log");
    log.lines(100, 300_000);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", &log.all);
    ship.end();
    let patches = receiver.requests().iter().filter(|line| line.starts_with("PATCH")).count();
    assert!(patches < 30, "{patches} requests for 30 MB");
}

#[test]
fn n6_a_server_that_is_busy_is_asked_again_and_one_that_refuses_can_be_mended() {
    let (folder, receiver) = (folder(), Receiver::start());
    folder.write("a.log", "a\n");
    receiver.answer_with(&[
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0",
        "HTTP/1.1 429 Too Many Requests",
        "HTTP/1.1 507 Insufficient Storage\r\nRetry-After: 0",
        "HTTP/1.1 500 Internal Server Error",
        "HTTP/1.1 413 Content Too Large",
    ]);
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", b"a\n");
    assert!(ship.told().contains("no room on its disk"), "{}", ship.told());
    receiver.answer_with(&["HTTP/1.1 401 Unauthorized"]);
    fs::write(folder.join("a.log"), "a\nb\n").expect("written");
    until("it is told", || ship.told().contains("LOGBOOM_TOKEN").then_some(()));
    check_arrived(&receiver, "a.log", b"a\nb\n");
    until("it is told", || ship.told().ends_with("takes lines again\n").then_some(()));
    ship.end();
}

#[test]
fn a_quiet_source_is_heard_of() {
    let (folder, receiver) = (folder(), Receiver::start());
    folder.write("a.log", "");
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    let beats = || receiver.stored("t", "a.log").map(|stored| stored.beats);
    until("it is made at once, empty", || beats().filter(|beats| *beats > 0));
    until("it is heard of again", || beats().filter(|beats| *beats > 1));
    ship.end();
}

#[test]
fn one_source_is_shipped_by_one_process() {
    let (folder, receiver) = (folder(), Receiver::start());
    folder.write("a.log", "a\n");
    let ship = Ship::start(&folder, &receiver.url(), &["a.log"]);
    check_arrived(&receiver, "a.log", b"a\n");
    let mut second = Ship::start(&folder, &receiver.url(), &["a.log"]);
    assert_eq!(second.wait().code(), Some(2));
    until("it is told", || second.told().contains("another logboom ships this source").then_some(()));
    ship.end();
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let folder = folder();
    for (arguments, word) in [
        (&["--task", "t", "a.log"][..], "--server"),
        (&["--server", "nowhere", "--task", "t", "a.log"][..], "http://127.0.0.1:7171"),
        (&["--server", "http://127.0.0.1:1", "--task", "../t", "a.log"][..], "../t"),
        (&["--server", "http://127.0.0.1:1", "--task", "t", "--source", "..", "a.log"][..], ".."),
        (&["--server", "http://127.0.0.1:1", "--task", "t", "--source", "s", "a.log", "b.log"][..], "--source"),
        (&["--server", "http://127.0.0.1:1", "--task", "t", "a.log", "."][..], ". is a folder"),
        (&["--server", "http://127.0.0.1:1", "--task", "t"][..], "FILE"),
    ] {
        let mut command = support::logboom(folder.path());
        command.args(["ship", "--state", "state"]).args(arguments);
        let done = run(command, b"");
        assert_eq!(done.status, Some(2), "{arguments:?}: {}", done.err);
        assert!(done.err.contains(word), "{arguments:?}: {}", done.err);
    }
}
