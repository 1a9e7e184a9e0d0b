//! What the server keeps in its data folder: right or not used, whatever happened to it.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::path::PathBuf;

use support::server::{Server, task};
use support::{Folder, files, logboom, run, until};

/// Splitmix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).expect("small")
    }
}

/// Two sources that grow, and the folder in which a server keeps what it knows of them.
struct Room {
    logs: Folder,
    kept: Folder,
    seconds: usize,
    random: Random,
}

impl Room {
    /// Sources large enough for their index to be kept.
    fn new(seed: u64) -> Self {
        let logs = Folder::with(&[("task/a.log", ""), ("task/b.log", "")]);
        let mut room = Self { logs, kept: Folder::with::<&str>(&[]), seconds: 0, random: Random(seed) };
        room.grow(40_000);
        room
    }

    /// Appends so many lines, some of them out of order and some without a time.
    fn grow(&mut self, lines: usize) {
        let mut appended = [String::new(), String::new()];
        for _ in 0..lines {
            let Self { seconds, random, .. } = self;
            *seconds += random.below(2);
            let shown = seconds.saturating_sub(if random.below(20) == 0 { random.below(30) } else { 0 });
            let (hours, minutes, seconds) = (shown / 3600, shown / 60 % 60, shown % 60);
            let text = "x".repeat(random.below(200));
            let line = match random.below(10) {
                0 => format!("  at {text}\n"),
                _ => {
                    format!("2026-11-{:02}T{:02}:{minutes:02}:{seconds:02}Z INFO {text}\n", 1 + hours / 24, hours % 24)
                }
            };
            appended[random.below(2)].push_str(&line);
        }
        for (name, text) in ["task/a.log", "task/b.log"].into_iter().zip(appended) {
            self.logs.append(name, &text);
        }
    }

    fn serve(&self) -> Server {
        let mut command = logboom(self.logs.path());
        command.arg("serve").arg(self.logs.path()).args(["--listen", "127.0.0.1:0", "--data"]).arg(self.kept.path());
        Server::started(&mut command)
    }

    /// The whole log, ordered by a command that keeps nothing.
    fn merged(&self) -> Vec<String> {
        let mut command = logboom(&self.logs.join("task"));
        command.args(["merge", "a.log", "b.log", "--output", "json"]);
        run(command, b"").text().lines().map(ToOwned::to_owned).collect()
    }

    /// The server says of the log what the log says.
    #[track_caller]
    fn check(&mut self, server: &Server, what: &str) {
        let merged = self.merged();
        let told =
            until("the lines are counted", || Some(server.task("task").json()).filter(|task| task["lines"].is_u64()));
        assert_eq!(told["lines"], merged.len(), "{what}");
        for _ in 0..5 {
            let from = self.random.below(merged.len());
            let window = server.lines("task", &format!("?from={}&limit=50", from + 1));
            let window: Vec<&str> = window.text().lines().collect();
            assert_eq!(window, merged[from..merged.len().min(from + 50)], "{what}: from {from}");
        }
        let tail = server.lines("task", "?tail=20");
        assert_eq!(tail.text().lines().collect::<Vec<_>>(), merged[merged.len() - 20..], "{what}");
        let stats = server.get(&task("task", "/stats?buckets=10")).json();
        assert_eq!(stats["lines"], merged.len(), "{what}");
        let starts =
            server.get(&task("task", "/matches?q=%5E%20%20at%20")).text().lines().last().map(ToOwned::to_owned);
        let expected = merged.iter().filter(|line| line.contains("\"text\":\"  at ")).count();
        assert_eq!(starts, Some(format!("{{\"done\":true,\"matches\":{expected}}}")), "{what}");
    }

    /// The files that are kept.
    fn kept(&self) -> Vec<PathBuf> {
        files(self.kept.path())
            .into_iter()
            .filter(|path| path.extension().is_some_and(|kind| kind == "index"))
            .collect()
    }

    /// Waits until the index is kept.
    #[track_caller]
    fn wait_for_kept(&self) -> PathBuf {
        until("the index is kept", || self.kept().pop())
    }
}

#[test]
fn an_index_is_there_at_once_after_a_restart_and_is_built_on_when_the_log_has_grown() {
    let mut room = Room::new(1);
    let server = room.serve();
    room.check(&server, "the first time");
    let kept = room.wait_for_kept();
    drop(server);
    let bytes = fs::read(&kept).expect("it is there");
    let server = room.serve();
    let task = server.task("task").json();
    assert!(task["lines"].is_u64(), "the count is known before anything was read: {task}");
    room.check(&server, "after a restart");
    assert!(fs::read(&kept).expect("it is there") == bytes, "and nothing was written again");
    drop(server);
    room.grow(5_000);
    let server = room.serve();
    room.check(&server, "grown while no server ran");
    room.grow(5_000);
    until("the growth is seen", || {
        let told = server.task("task").json()["lines"].as_u64();
        told.filter(|lines| *lines == room.merged().len() as u64)
    });
    room.check(&server, "grown while it runs");
}

#[test]
fn an_index_that_is_torn_or_foreign_is_built_again() {
    let mut room = Room::new(2);
    drop({
        let server = room.serve();
        room.check(&server, "the first time");
        room.wait_for_kept();
        server
    });
    let kept = room.wait_for_kept();
    let whole = fs::read(&kept).expect("it is there");
    for round in 0..6 {
        let mut bytes = whole.clone();
        let at = room.random.below(bytes.len());
        match round {
            0 => bytes.clear(),
            1 => bytes.truncate(at),
            2 => bytes[at] ^= 1 << room.random.below(8),
            3 => bytes.iter_mut().for_each(|byte| *byte = u8::try_from(room.random.below(256)).expect("a byte")),
            4 => bytes.extend_from_slice(b"more"),
            _ => bytes = vec![0; 1 << 20],
        }
        fs::write(&kept, bytes).expect("written");
        let server = room.serve();
        room.check(&server, &format!("round {round}"));
    }
}

#[test]
fn a_file_that_was_rewritten_is_not_taken_for_the_one_that_was_indexed() {
    let mut room = Room::new(3);
    drop({
        let server = room.serve();
        room.check(&server, "the first time");
        room.wait_for_kept();
        server
    });
    // As long as before, and longer: neither is the same log grown.
    for extra in [0, 100_000] {
        let path = room.logs.join("task/a.log");
        let mut bytes = fs::read(&path).expect("it is there");
        let first = bytes.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
        bytes.rotate_left(first);
        bytes.extend(std::iter::repeat_n(b"2026-11-20T00:00:00Z INFO more\n", extra / 32).flatten());
        fs::write(&path, bytes).expect("written");
        let server = room.serve();
        room.check(&server, &format!("rewritten, {extra} more"));
    }
}

#[test]
fn killed_fifty_times_while_it_builds_extends_or_writes_it_still_tells_the_log() {
    let seed = 4;
    let mut room = Room::new(seed);
    for round in 0..50 {
        let server = room.serve();
        // From the first look to well behind the last: while it is built, and while it is written.
        let share = room.random.below(140);
        let mut looks = 0;
        until("the index has come so far", || {
            let indexed = server.task("task").json()["indexed"].as_f64().unwrap_or(0.0);
            looks += usize::from(indexed >= 1.0);
            (indexed * 100.0 >= f64::from(u32::try_from(share.min(100)).expect("small")) && looks + 100 >= share)
                .then_some(())
        });
        drop(server);
        if room.random.below(3) == 0 {
            let lines = room.random.below(3_000);
            room.grow(lines);
        }
        if round % 10 == 9 {
            let server = room.serve();
            room.check(&server, &format!("seed {seed}, round {round}"));
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_makes_no_task_unreadable() {
    let mut room = Room::new(5);
    let cache = room.kept.join("cache");
    fs::create_dir_all(&cache).expect("made");
    // Where a file should be, a folder is: what is put there fails, as on a full disk.
    let server = room.serve();
    room.check(&server, "the first time");
    let kept = room.wait_for_kept();
    drop(server);
    fs::remove_file(&kept).expect("removed");
    fs::create_dir_all(kept.join("in the way")).expect("made");
    let server = room.serve();
    room.check(&server, "with something in the way");
}
