//! Whatever becomes of files while they are followed: what is in them is shown once, and sent once.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use support::http::{Open, request};
use support::random::{Random, seed};
use support::server::{Server, task};
use support::{Folder, until};

/// The files, and which lines are in them: a naive model of what is to be seen.
struct Files {
    folder: Folder,
    random: Random,
    /// The numbers of the lines of each file, by its name.
    lines: BTreeMap<String, Vec<usize>>,
    /// Those that were in a file that was written anew: who was quick has seen them.
    gone: BTreeSet<usize>,
    written: usize,
}

impl Files {
    fn new(seed: u64) -> Self {
        let (folder, random) = (Folder::with::<&str>(&[]), Random::new(seed));
        fs::create_dir(folder.join("task")).expect("made");
        let mut files = Self { folder, random, lines: BTreeMap::new(), gone: BTreeSet::new(), written: 0 };
        for name in ["a.log", "b.log", "c.log"] {
            files.append(name);
        }
        files
    }

    fn new_lines(&mut self) -> (String, Vec<usize>) {
        let (mut text, mut numbers) = (String::new(), Vec::new());
        for _ in 0..=self.random.below(4) {
            let number = self.written;
            self.written += 1;
            // Some are late.
            let second =
                (3600 + number).saturating_sub(if self.random.below(4) == 0 { self.random.below(600) } else { 0 });
            let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
            text.push_str(&format!("2026-11-22T{hour:02}:{minute:02}:{second:02}Z INFO line {number}\n"));
            numbers.push(number);
        }
        (text, numbers)
    }

    fn append(&mut self, name: &str) {
        let (text, numbers) = self.new_lines();
        self.folder.append(&format!("task/{name}"), text);
        self.lines.entry(name.to_owned()).or_default().extend(numbers);
    }

    /// `name.1` becomes `name.2`, and so on.
    fn make_room(&mut self, name: &str) {
        let older = |age: usize| format!("{name}.{age}");
        let ages = (1..).find(|age| !self.lines.contains_key(&older(*age))).expect("a number");
        for age in (1..ages).rev() {
            self.rename(&older(age), &older(age + 1));
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        fs::rename(self.folder.join("task").join(from), self.folder.join("task").join(to)).expect("renamed");
        let lines = self.lines.remove(from).expect("it is known");
        self.lines.insert(to.to_owned(), lines);
    }

    /// As logrotate does it by default; whoever writes begins another file.
    fn rotate(&mut self, name: &str) {
        self.make_room(name);
        self.rename(name, &format!("{name}.1"));
        self.append(name);
    }

    /// As logrotate's `copytruncate` does it.
    fn copy_and_cut(&mut self, name: &str) {
        self.make_room(name);
        let (path, copy) = (self.folder.join("task").join(name), format!("{name}.1"));
        fs::copy(&path, self.folder.join("task").join(&copy)).expect("copied");
        fs::File::options().write(true).open(&path).and_then(|file| file.set_len(0)).expect("cut back");
        let lines = std::mem::take(self.lines.get_mut(name).expect("it is known"));
        self.lines.insert(copy, lines);
        self.append(name);
    }

    fn write_anew(&mut self, name: &str) {
        let (text, numbers) = self.new_lines();
        fs::write(self.folder.join("task").join(name), text).expect("written");
        let before = self.lines.insert(name.to_owned(), numbers);
        self.gone.extend(before.into_iter().flatten());
    }

    fn step(&mut self) {
        let name = ["a.log", "b.log", "c.log", "d.log", "0.log"][self.random.below(5)];
        match self.random.below(8) {
            _ if !self.lines.contains_key(name) => self.append(name),
            0 | 1 if name < "b" => self.copy_and_cut(name),
            0 | 1 => self.rotate(name),
            2 => self.write_anew(name),
            _ => self.append(name),
        }
    }

    /// The numbers of the lines that are in the files.
    fn all(&self) -> BTreeSet<usize> {
        self.lines.values().flatten().copied().collect()
    }
}

fn number_of(text: &str) -> usize {
    text.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// Somebody who follows, and how often he was sent each line.
struct Reader {
    open: Open,
    /// He wants every line whose number is divisible by this.
    of: usize,
    sent: BTreeMap<usize, usize>,
}

impl Reader {
    fn new(server: &Server, query: &str, accept: &str, of: usize) -> Self {
        let target = task("task", &format!("/lines?follow=1{query}"));
        Self { open: server.send(&request("GET", &target, &[("Accept", accept)])), of, sent: BTreeMap::new() }
    }

    /// Reads on until all these were sent.
    #[track_caller]
    fn read(&mut self, files: &Files) {
        let mut missing: BTreeSet<usize> = files.all().into_iter().filter(|number| number % self.of == 0).collect();
        missing.retain(|number| !self.sent.contains_key(number));
        while !missing.is_empty() {
            let line = self.open.line();
            let line = line.strip_prefix("data: ").unwrap_or(&line);
            if !line.starts_with("{\"n\"") {
                assert!(!line.contains("error"), "{line}");
                continue;
            }
            let record: Value = serde_json::from_str(line).expect("a record");
            let number = number_of(record["text"].as_str().expect("a text"));
            missing.remove(&number);
            let times = self.sent.entry(number).or_default();
            *times += 1;
            assert!(*times == 1 || files.gone.contains(&number), "{number} came twice");
        }
    }
}

#[test]
fn what_is_in_the_files_is_shown_once_and_sent_once() {
    let seed = seed();
    for round in 0..4 {
        let mut files = Files::new(seed + round);
        let server = Server::over(&files.folder);
        let mut readers = [
            Reader::new(&server, "", "application/x-ndjson", 1),
            Reader::new(&server, "", "text/event-stream", 1),
            Reader::new(&server, "&q=[05]$", "text/event-stream", 5),
        ];
        for _ in 0..6 {
            for _ in 0..=files.random.below(6) {
                files.step();
                if files.random.below(3) == 0 {
                    readers[0].read(&files);
                }
            }
            for reader in &mut readers {
                reader.read(&files);
            }
            let shown = || {
                server.lines("task", "").members("text").iter().map(|text| number_of(text.trim_matches('"'))).collect()
            };
            until("the lines that are in the files are shown once", || {
                let mut shown: Vec<usize> = shown();
                shown.sort_unstable();
                shown.into_iter().eq(files.all()).then_some(())
            });
        }
    }
}

const fn line(second: u8) -> [u8; 26] {
    let mut line = *b"2026-11-22T01:00:00Z line\n";
    line[18] += second;
    line
}

/// Waits until these lines are shown, by the second of each, in this order and no others.
#[track_caller]
fn shows(server: &Server, task: &str, seconds: &str) {
    until("the lines are shown", || {
        let shown = server.lines(task, "").members("ts");
        let shown: String = shown.iter().filter_map(|time| time.strip_suffix("Z\"")?.chars().last()).collect();
        (shown == seconds).then_some(())
    });
}

/// A file alone that is written over, and rotated in this way before anybody looks.
#[track_caller]
fn check_written_over(rotate: impl Fn(&Path)) {
    let folder = Folder::with(&[("a.log", line(0))]);
    let path = folder.join("a.log");
    let server = Server::with(&folder, &[&path]);
    shows(&server, "a.log", "0");
    fs::write(&path, line(1)).expect("written");
    rotate(&path);
    folder.append("a.log", str::from_utf8(&line(2)).expect("a text"));
    shows(&server, "a.log", "12");
}

#[test]
fn a_file_alone_that_is_written_over_and_rotated_before_anybody_looks_is_shown_with_the_next_one() {
    check_written_over(|path| fs::rename(path, path.with_extension("log.1")).expect("renamed"));
    check_written_over(|path| {
        fs::copy(path, path.with_extension("log.1")).expect("copied");
        fs::File::options().write(true).open(path).and_then(|file| file.set_len(0)).expect("cut back");
    });
}

#[test]
fn a_file_that_came_with_the_name_of_a_rotation_stays_itself_when_the_next_one_takes_its_name() {
    let folder = Folder::with(&[("task/a.log.1", line(0))]);
    let server = Server::over(&folder);
    shows(&server, "task", "0");
    folder.write("task/a.log", line(1));
    shows(&server, "task", "01");
    // A rotation that keeps one.
    fs::rename(folder.join("task/a.log"), folder.join("task/a.log.1")).expect("renamed");
    folder.write("task/a.log", line(2));
    shows(&server, "task", "012");
}
