//! A stream of events that is taken up again: nothing is lost or repeated, whatever became of the log meanwhile.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::Write as _;

use serde_json::Value;
use support::http::{Open, request};
use support::random::{Random, seed};
use support::server::{Server, task};
use support::ship::{Kept, complete, patch};
use support::{Folder, until};

/// A line at this second.
fn line(second: usize, text: &str) -> String {
    format!("2026-11-22T{:02}:{:02}:{:02}Z INFO {text}\n", second / 3600, second / 60 % 60, second % 60)
}

/// A reader of events, and what he has seen.
#[derive(Default)]
struct Reader {
    id: String,
    seen: Vec<String>,
}

impl Reader {
    fn connect(&self, server: &Server, query: &str) -> Open {
        let mut headers = vec![("Accept", "text/event-stream")];
        if !self.id.is_empty() {
            headers.push(("Last-Event-ID", &self.id));
        }
        server.send(&request("GET", &task("task", &format!("/lines?follow=1{query}")), &headers))
    }

    /// Reads on until it has seen so many lines.
    #[track_caller]
    fn read(&mut self, open: &mut Open, count: usize) {
        let mut id = String::new();
        while self.seen.len() < count {
            let line = open.line();
            if let Some(next) = line.strip_prefix("id: ") {
                id = next.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                let record: Value = serde_json::from_str(data).expect("a record");
                let text = record["text"].as_str().expect("a text").rsplit(' ').next().unwrap_or_default();
                assert!(!self.seen.iter().any(|seen| seen == text), "{text} came twice; the last id was {}", self.id);
                self.seen.push(text.to_owned());
                self.id.clone_from(&id);
            }
        }
    }
}

/// Files that are written to and rotated.
struct Writer<'a> {
    folder: &'a Folder,
    written: usize,
    second: usize,
}

impl Writer<'_> {
    fn line(&mut self, random: &mut Random) {
        let name = ["a.log", "b.log", "c.log"][random.below(3)];
        self.second += random.below(3);
        // Some are late.
        let second = self.second.saturating_sub(if random.below(4) == 0 { random.below(60) } else { 0 });
        self.folder.append(&format!("task/{name}"), line(second, &self.written.to_string()));
        self.written += 1;
    }

    /// The file is copied, and cut back: another file has what was read.
    fn copy_and_cut(&self) {
        let path = self.folder.join("task/b.log");
        fs::copy(&path, self.folder.join("task/b.log.1")).expect("copied");
        fs::File::options().write(true).open(&path).and_then(|file| file.set_len(0)).expect("cut back");
    }

    fn rotate(&self, random: &mut Random) {
        let path = |age: usize| match age {
            0 => self.folder.join("task/a.log"),
            _ => self.folder.join(format!("task/a.log.{age}")),
        };
        if !path(0).exists() {
            return;
        }
        let ages = (1..).find(|age| !path(*age).exists()).unwrap_or(1);
        for age in (0..ages).rev() {
            fs::rename(path(age), path(age + 1)).expect("renamed");
        }
        if random.below(2) == 0 {
            self.folder.append("task/a.log", "");
        }
    }
}

/// Each number is there once.
#[track_caller]
fn check_all(seen: &[String], count: usize, what: &str) {
    let mut numbers: Vec<usize> = seen.iter().map(|text| text.parse().expect("a number")).collect();
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(0..count), "{what}: {numbers:?} of {count}");
}

#[test]
fn events_go_on_through_late_lines_rotations_and_restarts() {
    let mut random = Random::new(seed());
    for round in 0..6 {
        let folder = Folder::with(&[("task/a.log", ""), ("task/b.log", ""), ("task/c.log", "")]);
        let mut writer = Writer { folder: &folder, written: 0, second: 3600 };
        let mut reader = Reader::default();
        let mut server = Server::over(&folder);
        for _ in 0..8 {
            for _ in 0..random.below(12) {
                writer.line(&mut random);
            }
            let mut open = reader.connect(&server, "");
            let part = random.below(writer.written - reader.seen.len() + 1);
            let count = reader.seen.len() + part;
            reader.read(&mut open, count);
            if random.below(2) == 0 {
                // While it is being read.
                writer.line(&mut random);
                reader.read(&mut open, writer.written);
            }
            drop(open);
            if random.below(3) == 0 {
                writer.line(&mut random);
                writer.rotate(&mut random);
            }
            if random.below(2) == 0 {
                assert!(!server.end("KILL").success());
                for _ in 0..random.below(4) {
                    writer.line(&mut random);
                }
                if random.below(3) == 0 {
                    writer.rotate(&mut random);
                    writer.line(&mut random);
                }
                // Once: the copy that was there before would be written over.
                if !folder.join("task/b.log.1").exists() && random.below(3) == 0 {
                    writer.copy_and_cut();
                }
                server = Server::over(&folder);
            }
        }
        let mut open = reader.connect(&server, "");
        reader.read(&mut open, writer.written);
        check_all(&reader.seen, writer.written, &format!("round {round}, events"));
        let shown = server.lines("task", "").members("text");
        let last = |text: &String| text.trim_matches('"').rsplit(' ').next().map(str::to_owned);
        check_all(
            &shown.iter().filter_map(last).collect::<Vec<_>>(),
            writer.written,
            &format!("round {round}, the log"),
        );
        assert!(!reader.id.contains('+'), "there is no limit of which lines were had: {}", reader.id);
    }
}

#[test]
fn events_go_on_when_the_order_was_made_anew() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let a = [line(1, "a1"), line(5, "a5"), line(9, "a9")].concat();
    let b = [line(2, "b2"), line(6, "b6"), line(12, "b12")].concat();
    patch(&server, "task", "a", 0, a.as_bytes());
    let (mut all, mut errors) = (Reader::default(), Reader::default());
    all.read(&mut all.connect(&server, ""), 3);
    errors.read(&mut errors.connect(&server, "&q=[59]$"), 1);
    let half = line(2, "b2").len();
    patch(&server, "task", "b", 0, &b.as_bytes()[..half]);
    let mut open = all.connect(&server, "");
    all.read(&mut open, 4);
    // The rest comes late, and the task is ordered anew.
    complete(&server, "task", "b", half as u64, &b.as_bytes()[half..]);
    complete(&server, "task", "a", a.len() as u64, b"");
    until("the order is made anew", || {
        let late = server.lines("task", "").members("late");
        (late.len() == 6 && late.iter().all(|late| late == "null")).then_some(())
    });
    let mut again = all.connect(&server, "");
    all.read(&mut again, 6);
    assert_eq!(all.seen, ["a1", "a5", "a9", "b2", "b6", "b12"]);
    errors.read(&mut errors.connect(&server, "&q=[59]$"), 2);
    assert_eq!(errors.seen, ["a5", "a9"]);
    // What one condition passed over is sent to nobody who asks with another.
    let mut other = Reader { id: errors.id.clone(), seen: Vec::new() };
    other.read(&mut other.connect(&server, "&q=b"), 1);
    assert_eq!(other.seen, ["b12"]);
}

#[test]
fn a_file_that_was_written_anew_is_sent_from_its_begin() {
    let banner = "2026-11-22T01:00:00Z INFO banner\n".to_owned();
    let folder = Folder::with(&[("task/a.log", [banner.clone(), line(1, "old1"), line(2, "old2")].concat())]);
    let server = Server::over(&folder);
    let mut reader = Reader::default();
    reader.read(&mut reader.connect(&server, ""), 3);
    // Longer than it was, with the same first line.
    let new: Vec<_> = (1..9).map(|n| line(n, &format!("new{n}"))).collect();
    folder.write("task/a.log", [banner, new.concat()].concat());
    let mut again = Reader { id: reader.id, seen: Vec::new() };
    again.read(&mut again.connect(&server, ""), 9);
    assert_eq!(again.seen.join(" "), "banner new1 new2 new3 new4 new5 new6 new7 new8");
}

#[test]
fn a_file_that_was_packed_while_the_server_was_down_is_known_again() {
    let folder = Folder::with(&[("task/a.log", [line(1, "one"), line(2, "two")].concat())]);
    let server = Server::over(&folder);
    let mut reader = Reader::default();
    reader.read(&mut reader.connect(&server, ""), 2);
    assert!(!server.end("KILL").success());
    folder.append("task/a.log", line(3, "three"));
    let bytes = fs::read(folder.join("task/a.log")).expect("read");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&bytes).expect("packed");
    folder.write("task/a.log.1.gz", packed.finish().expect("packed"));
    folder.write("task/a.log", line(4, "four"));
    let server = Server::over(&folder);
    reader.read(&mut reader.connect(&server, ""), 4);
    assert_eq!(reader.seen, ["one", "two", "three", "four"]);
}

#[test]
fn what_is_left_of_a_limit_follows_and_no_more() {
    let lines = |range: std::ops::Range<usize>| range.map(|n| line(n, &n.to_string())).collect::<String>();
    let folder = Folder::with(&[("task/a.log", lines(0..10))]);
    let server = Server::over(&folder);
    let mut reader = Reader::default();
    reader.read(&mut reader.connect(&server, "&tail=3&limit=5"), 3);
    folder.append("task/a.log", lines(10..14));
    let rest = reader.connect(&server, "&tail=3&limit=5").read();
    let rest: Vec<_> = rest.text().lines().filter(|line| line.starts_with("data: {\"n\"")).collect();
    assert!(rest.len() == 2 && rest[1].contains("INFO 11"), "{rest:?}");
}

#[test]
fn files_that_hold_the_same_are_told_apart() {
    let same = |range: std::ops::Range<usize>| range.map(|n| line(n, "same")).collect::<String>();
    let folder = Folder::with(&[("task/a.log", same(0..3)), ("task/b.log", same(0..1))]);
    let count = |server: &Server, id: &mut String, lines: usize| {
        let reader = Reader { id: id.clone(), seen: Vec::new() };
        let mut open = reader.connect(server, "");
        let mut found = Vec::new();
        while found.len() < lines {
            let line = open.line();
            if let Some(next) = line.strip_prefix("id: ") {
                next.clone_into(id);
            } else if let Some(data) = line.strip_prefix("data: ") {
                let record: Value = serde_json::from_str(data).expect("a record");
                found.push(format!("{}:{}", record["source"].as_str().expect("a source"), record["offset"]));
            }
        }
        found.sort();
        found
    };
    let (server, mut id) = (Server::over(&folder), String::new());
    let bytes = same(0..1).len();
    let at = |source: &str, line: usize| format!("{source}:{}", line * bytes);
    assert_eq!(count(&server, &mut id, 4), [at("a.log", 0), at("a.log", 1), at("a.log", 2), at("b.log", 0)]);
    assert!(!server.end("KILL").success());
    // The other source comes to hold what was sent of the first, and the first is followed by one that begins as it did.
    folder.append("task/b.log", same(1..3));
    fs::rename(folder.join("task/a.log"), folder.join("task/a.log.1")).expect("renamed");
    folder.write("task/a.log", same(0..3));
    let server = Server::over(&folder);
    let expected = [at("a.log", 0), at("a.log", 1), at("a.log", 2), at("b.log", 1), at("b.log", 2)];
    assert_eq!(count(&server, &mut id, 5), expected);
}

#[test]
fn a_source_whose_name_was_taken_is_known_by_its_files_name() {
    let folder = Folder::with(&[("task/a.log.1", line(1, "one"))]);
    let rename = |from: &str, to: &str| {
        fs::rename(folder.join(format!("task/{from}")), folder.join(format!("task/{to}"))).expect("renamed");
    };
    let server = Server::over(&folder);
    let mut reader = Reader::default();
    reader.read(&mut reader.connect(&server, ""), 1);
    // It bears an older name by now, and another one its own.
    rename("a.log.1", "a.log.2");
    folder.append("task/a.log.1", line(2, "two"));
    reader.read(&mut reader.connect(&server, ""), 2);
    assert!(!server.end("KILL").success());
    rename("a.log.2", "a.log.3");
    rename("a.log.1", "a.log.2");
    folder.append("task/a.log.1", line(3, "three"));
    let server = Server::over(&folder);
    reader.read(&mut reader.connect(&server, ""), 3);
    assert_eq!(reader.seen, ["one", "two", "three"]);
}
