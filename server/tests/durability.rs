//! What was acknowledged is there, whatever is killed, full or deleted.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread;

use support::logs::{EARLY, LATE, MIDDLE, check_problem, listed};
use support::server::Server;
use support::ship::{
    Kept, Splitmix, check_at, check_bytes, check_state, complete, log_of, patch, patch_with, raw, standing,
};
use support::{Folder, logboom, run, until};

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
fn the_lock_of_a_server_that_was_killed_just_now_is_waited_for() {
    let kept = Kept::new();
    drop(kept.serve(&[]));
    let lock = File::options().write(true).open(kept.0.join("shipped/lock")).expect("it is there");
    lock.lock().expect("nobody has it");
    let mut command = logboom(kept.0.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(kept.0.path()).stdout(Stdio::piped());
    let mut server = command.spawn().expect("it starts");
    until("it has come to the lock", || {
        let files = fs::read_dir(format!("/proc/{}/fd", server.id())).ok()?;
        let mut targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        targets.find(|target| target.ends_with("shipped/lock"))
    });
    drop(lock);
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    server.kill().expect("it runs");
    server.wait().expect("it ran");
    assert!(line.starts_with("listening on "), "{line}");
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
    let mut random = Splitmix(seed);
    let kept = Kept::new();
    let log = log_of(40 << 20);
    let mut acknowledged = 0;
    for round in 0..rounds {
        let server = kept.serve(&["--durability", durability]);
        let address = server.address;
        let (durable, _) = standing(&server, "t", "a.log").unwrap_or((0, false));
        assert!(durable >= acknowledged, "round {round}: {acknowledged} bytes were acknowledged, {durable} are there");
        let log = &log;
        let mut pieces = Splitmix(random.below(u64::MAX));
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
    let end = (length + 1000).min(log.len());
    check_at(&complete(&server, "t", "a.log", durable, &log[length..end]), end as u64);
    check_bytes(&server, "t", "a.log", &log[..end]);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    check_killed("disk", 20, 7);
    check_killed("system", 6, 8);
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
