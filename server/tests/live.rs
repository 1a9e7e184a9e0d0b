//! Logs that grow while they are read: what comes is seen, once and in order, through rotation and all.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::Write as _;

use serde_json::Value;
use support::http::{Open, request};
use support::server::{Server, task};
use support::{Folder, until};

/// A line at this second.
fn line(second: usize, text: &str) -> String {
    format!("2026-11-22T02:{:02}:{:02}Z INFO {text}\n", second / 60, second % 60)
}

/// Reads a log as it grows.
fn follow(server: &Server, id: &str, query: &str, headers: &[(&str, &str)]) -> Open {
    server.send(&request("GET", &task(id, &format!("/lines?follow=1{query}")), headers))
}

/// The next so many records.
#[track_caller]
fn records(open: &mut Open, count: usize) -> Vec<Value> {
    let mut records = Vec::new();
    while records.len() < count {
        let line = open.line();
        if !line.is_empty() {
            records.push(serde_json::from_str(&line).expect("a record"));
        }
    }
    records
}

fn texts(records: &[Value]) -> Vec<String> {
    let last = |record: &Value| record["text"].as_str().expect("a text").rsplit(' ').next().map(str::to_owned);
    records.iter().filter_map(last).collect()
}

#[test]
fn what_is_appended_comes_to_those_who_follow_and_keeps_its_number() {
    let folder = Folder::with(&[("task/a.log", line(1, "one")), ("task/b.log", line(2, "two"))]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    assert_eq!(texts(&records(&mut open, 2)), ["one", "two"]);
    folder.append("task/a.log", line(3, "three"));
    assert_eq!(texts(&records(&mut open, 1)), ["three"]);
    // A straggler does not push aside what has a number.
    folder.append("task/b.log", line(1, "straggler"));
    let late = records(&mut open, 1);
    assert_eq!(
        (texts(&late), &late[0]["n"], &late[0]["late"]),
        (vec!["straggler".to_owned()], &4.into(), &true.into())
    );
    let now = server.lines("task", "");
    assert_eq!(now.members("n"), ["1", "2", "3", "4"]);
    assert_eq!(now.members("late"), ["null", "null", "null", "true"]);
    assert_eq!(server.task("task").json()["state"], "growing");
}

#[test]
fn a_line_without_its_newline_has_no_number_while_the_file_grows() {
    let folder = Folder::with(&[("task/a.log", line(1, "one"))]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    assert_eq!(texts(&records(&mut open, 1)), ["one"]);
    let two = line(2, "two");
    let (begin, rest) = two.split_at(12);
    folder.append("task/a.log", format!("{}{begin}", line(2, "whole")));
    assert_eq!(texts(&records(&mut open, 1)), ["whole"]);
    let bytes = line(1, "one").len() + line(2, "whole").len() + begin.len();
    until("the begin is there", || (server.task("task").json()["bytes"] == bytes).then_some(()));
    assert_eq!(server.lines("task", "").members("n"), ["1", "2"]);
    let raw = server.get(&task("task", "/sources/a.log/raw"));
    assert!(raw.text().ends_with(begin), "the bytes are there");
    folder.append("task/a.log", rest);
    assert_eq!(texts(&records(&mut open, 1)), ["two"]);
}

#[test]
fn a_rotation_loses_nothing_and_shows_nothing_twice() {
    // NVFlare (N1) closes the old file without reading its rest, and loses whole files where several come between two looks.
    let folder = Folder::with(&[("task/app.log", line(0, "0"))]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    assert_eq!(texts(&records(&mut open, 1)), ["0"]);
    let path =
        |age: usize| if age == 0 { folder.join("task/app.log") } else { folder.join(format!("task/app.log.{age}")) };
    let mut written = 1;
    for round in 0..8 {
        // The file is written to until the moment it loses its name, and after; several times in a row, at times.
        for _ in 0..=round % 3 {
            let mut file = fs::File::options().append(true).open(path(0)).expect("it opens");
            file.write_all(line(written, &written.to_string()).as_bytes()).expect("written");
            for age in (0..4).rev() {
                if path(age).exists() {
                    fs::rename(path(age), path(age + 1)).expect("renamed");
                }
            }
            file.write_all(line(written + 1, &(written + 1).to_string()).as_bytes()).expect("written");
            drop(file);
            fs::write(path(0), line(written + 2, &(written + 2).to_string())).expect("written");
            written += 3;
        }
        let from = written - 3 * (round % 3 + 1);
        let expected: Vec<_> = (from..written).map(|n| n.to_string()).collect();
        let found = records(&mut open, expected.len());
        assert_eq!(texts(&found), expected, "round {round}");
        assert!(found.iter().all(|record| record["source"] == "app.log"), "one source without a seam");
    }
    let sources = server.task("task").json()["sources"].clone();
    assert_eq!(sources.as_array().map(Vec::len), Some(1), "{sources}");
    assert_eq!(server.lines("task", "").members("n").len(), written);
}

#[test]
fn a_copy_and_truncation_loses_nothing_that_was_copied() {
    let folder = Folder::with(&[("task/app.log", line(1, "one"))]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    assert_eq!(texts(&records(&mut open, 1)), ["one"]);
    let log = folder.join("task/app.log");
    folder.append("task/app.log", line(2, "two"));
    fs::copy(&log, folder.join("task/app.log.1")).expect("copied");
    let file = fs::File::options().write(true).open(&log).expect("it opens");
    file.set_len(0).expect("cut back");
    drop(file);
    folder.append("task/app.log", line(3, "three"));
    assert_eq!(texts(&records(&mut open, 2)), ["two", "three"]);
    assert_eq!(server.lines("task", "").members("n"), ["1", "2", "3"]);
}

#[test]
fn a_file_that_is_written_anew_is_followed_from_its_begin() {
    let folder = Folder::with(&[
        ("task/app.log", [line(1, "one"), line(2, "two")].concat()),
        ("task/b.log", [line(1, "b"), line(4, "other")].concat()),
    ]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    assert_eq!(texts(&records(&mut open, 4)), ["one", "b", "two", "other"]);
    let before = server.task("task").header("logboom-generation").to_owned();
    fs::write(folder.join("task/app.log"), line(3, "anew")).expect("written");
    // What others had sent is not sent again.
    let found = records(&mut open, 1);
    assert_eq!((texts(&found), &found[0]["n"]), (vec!["anew".to_owned()], &2.into()));
    folder.append("task/b.log", line(5, "more"));
    assert_eq!(texts(&records(&mut open, 1)), ["more"]);
    assert_ne!(server.task("task").header("logboom-generation"), before);
}

#[test]
fn a_file_that_is_cut_back_before_a_slow_reader_takes_no_line_of_others_along() {
    // More than lies in buffers on the way: most of it is yet to be read when it is gone.
    let long = "x".repeat(1000);
    let large: String = (0..30_000).map(|at| line(at / 100, &long)).collect();
    let late = [line(3001, "late"), line(3002, "later"), line(3003, "last")].concat();
    let folder = Folder::with(&[("task/b.log", large), ("task/c.log", late)]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    records(&mut open, 1);
    let file = fs::OpenOptions::new().write(true).open(folder.join("task/b.log")).expect("the file");
    file.set_len(2 * line(0, &long).len() as u64).expect("cut back");
    folder.append("task/b.log", [line(3004, "new"), line(3005, "newest")].concat());
    let mut short = Vec::new();
    while short.len() < 5 {
        short.extend(texts(&records(&mut open, 1)).into_iter().filter(|text| text.len() < 10));
    }
    assert_eq!(short, ["late", "later", "last", "new", "newest"]);
}

#[test]
fn files_that_appear_are_followed_too() {
    let folder = Folder::with(&[("task/a.log", line(1, "one"))]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    assert_eq!(texts(&records(&mut open, 1)), ["one"]);
    folder.append("task/c.log", line(2, "two"));
    assert_eq!(texts(&records(&mut open, 1)), ["two"]);
    folder.append("task/b.log", line(3, "three"));
    assert_eq!(texts(&records(&mut open, 1)), ["three"]);
    folder.append("task/a.log", line(4, "four"));
    assert_eq!(texts(&records(&mut open, 1)), ["four"]);
    assert_eq!(server.lines("task", "").members("source"), ["\"a.log\"", "\"c.log\"", "\"b.log\"", "\"a.log\""]);
}

#[test]
fn a_file_that_began_without_a_time_is_ordered_by_those_that_come() {
    let folder = Folder::with(&[("task/a.log", "banner\n".to_owned()), ("task/b.log", line(1, "one"))]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    records(&mut open, 2);
    folder.append("task/a.log", line(700, "far"));
    assert_eq!(texts(&records(&mut open, 1)), ["far"]);
    folder.append("task/b.log", line(800, "farther"));
    let last = records(&mut open, 1);
    assert_eq!(texts(&last), ["farther"]);
}

#[test]
fn only_what_is_asked_for_is_followed() {
    let folder = Folder::with(&[("task/a.log", [line(1, "red"), line(2, "blue")].concat())]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "&q=red", &[]);
    assert_eq!(texts(&records(&mut open, 1)), ["red"]);
    folder.append("task/a.log", [line(3, "blue"), line(4, "red")].concat());
    let found = records(&mut open, 1);
    assert_eq!((texts(&found), &found[0]["n"]), (vec!["red".to_owned()], &4.into()));
    let mut tail = follow(&server, "task", "&tail=0", &[]);
    folder.append("task/a.log", line(5, "last"));
    assert_eq!(texts(&records(&mut tail, 1)), ["last"]);
    let mut two = follow(&server, "task", "&from=5&limit=2", &[]);
    assert_eq!(texts(&records(&mut two, 1)), ["last"]);
    folder.append("task/a.log", [line(6, "six"), line(7, "seven")].concat());
    let rest = two.read();
    assert!(rest.whole && rest.text().lines().count() == 1 && rest.text().contains("six"), "{}", rest.text());
}

#[test]
fn a_stream_of_events_is_taken_up_where_it_broke_off() {
    let folder = Folder::with(&[("task/a.log", [line(1, "one"), line(2, "two")].concat())]);
    let server = Server::over(&folder);
    let accept = ("Accept", "text/event-stream");
    let mut open = follow(&server, "task", "", &[accept]);
    let mut id = String::new();
    while id.is_empty() {
        id = open.line().strip_prefix("id: ").unwrap_or_default().to_owned();
    }
    drop(open);
    let mut again = follow(&server, "task", "", &[accept, ("Last-Event-ID", &id)]);
    let mut seen = Vec::new();
    folder.append("task/a.log", line(3, "three"));
    while seen.len() < 2 {
        if let Some(data) = again.line().strip_prefix("data: ") {
            seen.push(serde_json::from_str(data).expect("a record"));
        }
    }
    assert_eq!(texts(&seen), ["two", "three"]);
}

/// A command that ends with this.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let ended = self.0.kill().and_then(|()| self.0.wait());
        assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
    }
}

/// Runs `logboom merge --follow`, and reads what it writes line by line.
fn merging(folder: &Folder, arguments: &[&str]) -> (Running, std::io::BufReader<std::process::ChildStdout>) {
    let mut command = support::logboom(folder.path());
    command.arg("merge").arg("--follow").args(arguments);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("it runs");
    let out = std::io::BufReader::new(child.stdout.take().expect("piped"));
    (Running(child), out)
}

#[track_caller]
fn next(out: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    assert!(out.read_line(&mut line).expect("it reads") > 0, "it has ended");
    line
}

#[test]
fn merge_follows_several_files_through_a_rotation() {
    let folder =
        Folder::with(&[("a.log", line(1, "one")), ("b.log", [line(2, "two"), "2026-11-22T02".to_owned()].concat())]);
    let (running, mut out) = merging(&folder, &["a.log", "b.log"]);
    assert_eq!([next(&mut out), next(&mut out)], [line(1, "one"), line(2, "two")]);
    folder.append("a.log", line(4, "four"));
    assert_eq!(next(&mut out), line(4, "four"));
    // A line is written once it is whole; a straggler is written where it comes.
    folder.append("b.log", ":00:03Z INFO three\n");
    assert_eq!(next(&mut out), line(3, "three"));
    fs::rename(folder.join("a.log"), folder.join("a.log.1")).expect("renamed");
    folder.append("a.log.1", line(5, "five"));
    folder.append("a.log", line(6, "six"));
    assert_eq!([next(&mut out), next(&mut out)], [line(5, "five"), line(6, "six")]);
    drop(running);
}

#[test]
fn merge_follows_the_end_of_a_folder_as_records() {
    let folder = Folder::with(&[("logs/a.log", (0..50).map(|at| line(at, &at.to_string())).collect::<String>())]);
    let (running, mut out) = merging(&folder, &["logs", "--tail", "2", "--output", "json", "--grep", "[05]$"]);
    let mut record = || -> Value { serde_json::from_str(&next(&mut out)).expect("a record") };
    assert_eq!([record()["n"].clone(), record()["n"].clone()], [41, 46]);
    folder.append("logs/b.log", [line(60, "no"), line(61, "yes 5")].concat());
    let found = record();
    assert_eq!((&found["n"], &found["source"]), (&52.into(), &"b.log".into()));
    drop(running);
}

#[test]
fn files_that_were_rotated_before_stay_what_they_are() {
    let packed = |text: String| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).expect("packed");
        gzip.finish().expect("packed")
    };
    let folder = Folder::with(&[
        ("task/app.log.2.gz", packed(line(1, "one"))),
        ("task/app.log.1", line(2, "two").into_bytes()),
        ("task/app.log", line(3, "three").into_bytes()),
    ]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    assert_eq!(texts(&records(&mut open, 3)), ["one", "two", "three"]);
    let before = server.task("task").header("logboom-generation").to_owned();
    for (old, new) in [("2.gz", "3.gz"), ("1", "2")] {
        fs::rename(folder.join(format!("task/app.log.{old}")), folder.join(format!("task/app.log.{new}")))
            .expect("renamed");
    }
    fs::rename(folder.join("task/app.log"), folder.join("task/app.log.1")).expect("renamed");
    folder.append("task/app.log", line(4, "four"));
    let found = records(&mut open, 1);
    assert_eq!((texts(&found), &found[0]["n"]), (vec!["four".to_owned()], &4.into()));
    fs::write(folder.join("task/app.log.1.gz"), packed(line(3, "three"))).expect("packed");
    fs::remove_file(folder.join("task/app.log.1")).expect("removed");
    folder.append("task/app.log", line(5, "five"));
    let found = records(&mut open, 1);
    assert_eq!((texts(&found), &found[0]["n"]), (vec!["five".to_owned()], &5.into()));
    assert_eq!(texts(&records(&mut follow(&server, "task", "&source=app.log.1", &[]), 1)), ["two"]);
    assert_eq!(server.task("task").header("logboom-generation"), before);
    assert_eq!(server.lines("task", "").members("n").len(), 5);
}

#[test]
fn several_copies_and_truncations_between_two_looks_lose_nothing() {
    let folder = Folder::with(&[("task/a.log", line(0, "0"))]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    let mut written = 1;
    assert_eq!(texts(&records(&mut open, 1)), ["0"]);
    let path = |age: usize| folder.join(format!("task/a.log.{age}"));
    for round in 0..6 {
        for _ in 0..=round % 3 {
            for age in (1..20).rev().filter(|age| path(*age).exists()) {
                fs::rename(path(age), path(age + 1)).expect("renamed");
            }
            folder.append(
                "task/a.log",
                [line(written, &written.to_string()), line(written + 1, &(written + 1).to_string())].concat(),
            );
            fs::copy(folder.join("task/a.log"), path(1)).expect("copied");
            fs::write(folder.join("task/a.log"), "").expect("cut back");
            written += 2;
        }
        folder.append("task/a.log", line(written, &written.to_string()));
        written += 1;
        let from = written - 2 * (round % 3 + 1) - 1;
        let expected: Vec<_> = (from..written).map(|n| n.to_string()).collect();
        assert_eq!(texts(&records(&mut open, expected.len())), expected, "round {round}");
    }
    assert_eq!(server.lines("task", "").members("n").len(), written);
}

#[test]
fn parts_of_a_containers_line_are_one_line_whenever_they_come() {
    let cri = |second: usize, tag: &str, text: &str| format!("2026-11-22T02:00:0{second}.5Z stdout {tag} {text}\n");
    let docker = |second: usize, text: &str| {
        format!("{{\"log\":\"{text}\",\"stream\":\"stdout\",\"time\":\"2026-11-22T02:00:0{second}.6Z\"}}\n")
    };
    let folder = Folder::with(&[("task/cri.log", cri(1, "F", "one")), ("task/docker.log", docker(1, "one\\n"))]);
    let server = Server::over(&folder);
    let (running, mut merged) = merging(&folder, &["task/cri.log", "--output", "json"]);
    let mut open = follow(&server, "task", "", &[]);
    assert_eq!(texts(&records(&mut open, 2)), ["one", "one"]);
    let mut bytes = (cri(1, "F", "one") + &docker(1, "one\\n")).len();
    let mut write = |name: &str, text: String| {
        bytes += text.len();
        folder.append(name, text);
        // The server has seen it.
        until("it is read", || (server.task("task").json()["bytes"] == bytes).then_some(()));
    };
    write("task/cri.log", cri(2, "P", "two-"));
    write("task/docker.log", docker(3, "three-"));
    write("task/cri.log", cri(2, "P", "and-"));
    write("task/docker.log", docker(3, "four\\n"));
    write("task/cri.log", cri(2, "F", "a-half"));
    write("task/cri.log", cri(4, "F", "end"));
    let mut found = texts(&records(&mut open, 3));
    found.sort();
    assert_eq!(found, ["end", "three-four", "two-and-a-half"]);
    let record: Vec<Value> = (0..3).map(|_| serde_json::from_str(&next(&mut merged)).expect("a record")).collect();
    assert_eq!(texts(&record), ["one", "two-and-a-half", "end"]);
    drop(running);
}

#[test]
fn a_file_in_sixteen_bits_that_begins_empty_is_followed() {
    let folder = Folder::with(&[("task/a.log", "")]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let mut file = fs::File::options().append(true).open(folder.join("task/a.log")).expect("it opens");
    file.write_all(&wide(&format!("\u{feff}{}", line(1, "one")))).expect("written");
    assert_eq!(texts(&records(&mut open, 1)), ["one"]);
    file.write_all(&wide(&format!("{}{}", line(2, "tw\u{10a}"), line(3, "three")))).expect("written");
    assert_eq!(texts(&records(&mut open, 2)), ["tw\u{10a}", "three"]);
}

#[test]
fn a_time_that_has_not_come_is_waited_for() {
    let folder = Folder::with(&[("task/a.log", line(1, "one"))]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "&at=2026-11-22T02:00:09Z", &[]);
    folder.append("task/a.log", [line(2, "two"), line(9, "nine")].concat());
    assert_eq!(texts(&records(&mut open, 1)), ["nine"]);
}

/// `a.log` is renamed, as those that were before, and another one begins with this.
fn rotate(folder: &Folder, text: String) {
    let path = |age: usize| match age {
        0 => folder.join("task/a.log"),
        _ => folder.join(format!("task/a.log.{age}")),
    };
    let ages = (1..).find(|age| !path(*age).exists()).expect("a number");
    for age in (0..ages).rev() {
        fs::rename(path(age), path(age + 1)).expect("renamed");
    }
    folder.append("task/a.log", text);
}

/// The last word of each line of a task.
fn words(server: &Server, id: &str) -> String {
    let texts = server.lines(id, "").members("text");
    texts.iter().filter_map(|text| text.trim_matches('"').rsplit(' ').next()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_was_rotated_while_it_was_read_stays_when_all_is_read_anew() {
    let folder = Folder::with(&[("task/a.log", line(1, "one")), ("task/b.log", line(2, "two"))]);
    let server = Server::over(&folder);
    assert_eq!(words(&server, "task"), "one two");
    rotate(&folder, line(3, "three"));
    until("it is followed", || (words(&server, "task") == "one two three").then_some(()));
    rotate(&folder, line(4, "four"));
    // What was read of another file is no longer so: everything is read anew.
    folder.write("task/b.log", line(5, "five"));
    until("all of it is there", || (words(&server, "task") == "one three four five").then_some(()));
    // A source keeps its name, and an anchor its line.
    let first = server.lines("task", "?anchor=a.log:0&limit=1");
    assert_eq!(
        (first.members("source"), first.members("offset")),
        (vec!["\"a.log\"".to_owned()], vec!["0".to_owned()])
    );
}

#[test]
fn what_was_rotated_between_the_first_list_and_the_first_look_is_there() {
    // More than is read before somebody asks.
    let lines = 17 << 10;
    let long = "x".repeat(1000);
    let large: String = (0..lines).map(|at| line(at / 10, &long)).collect();
    let folder = Folder::with(&[("task/a.log", large)]);
    let server = Server::over(&folder);
    rotate(&folder, line(3000, "new"));
    assert_eq!(support::logs::counted(&server, "task")["lines"], lines + 1);
    assert_eq!(server.lines("task", "?tail=1").members("source"), ["\"a.log\""]);
}

#[test]
fn a_file_that_is_a_task_of_its_own_keeps_what_was_rotated() {
    // The last line has a number, though it has no end yet.
    let folder = Folder::with(&[("task/a.log", [&line(1, "one"), line(2, "two").trim_end()].concat())]);
    let server = Server::with(&folder, &["task/a.log"]);
    assert_eq!(words(&server, "a.log"), "one two");
    folder.append("task/a.log", "-and-more\n");
    rotate(&folder, line(3, "three"));
    until("all of it is there", || (words(&server, "a.log") == "one two-and-more three").then_some(()));
}

#[test]
fn a_copy_and_truncation_with_a_rotation_behind_it_loses_nothing() {
    let folder = Folder::with(&[("task/a.log", [line(1, "one"), line(2, "two")].concat())]);
    let server = Server::over(&folder);
    assert_eq!(words(&server, "task"), "one two");
    fs::copy(folder.join("task/a.log"), folder.join("task/a.log.1")).expect("copied");
    folder.write("task/a.log", line(3, "three"));
    rotate(&folder, line(4, "four"));
    until("all of it is there", || (words(&server, "task") == "one two three four").then_some(()));
    // The file is gone that was cut back, and nothing has its name yet.
    fs::copy(folder.join("task/a.log"), folder.join("task/a.log.0")).expect("copied");
    folder.write("task/a.log", line(5, "five"));
    fs::rename(folder.join("task/a.log.0"), folder.join("task/a.log.9")).expect("renamed");
    fs::rename(folder.join("task/a.log"), folder.join("task/a.log.8")).expect("renamed");
    until("the rest is there", || (words(&server, "task") == "one two three four five").then_some(()));
}

#[test]
fn a_file_that_is_written_anew_after_a_rotation_takes_nothing_with_it() {
    let folder = Folder::with(&[("task/a.log", [line(1, "one"), line(2, "two")].concat())]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "", &[]);
    assert_eq!(texts(&records(&mut open, 2)), ["one", "two"]);
    rotate(&folder, line(3, "three"));
    assert_eq!(texts(&records(&mut open, 1)), ["three"]);
    folder.write("task/a.log", line(4, "four"));
    // Who follows is sent nothing twice, and what was rotated stays.
    assert_eq!(texts(&records(&mut open, 1)), ["four"]);
    until("what was rotated is there", || (words(&server, "task") == "one two four").then_some(()));
    folder.append("task/a.log", line(5, "five"));
    assert_eq!(texts(&records(&mut open, 1)), ["five"]);
}

#[test]
fn a_line_that_has_no_end_does_not_go_on_in_the_next_file() {
    let folder = Folder::with(&[("task/a.log", line(1, "one"))]);
    let server = Server::over(&folder);
    assert_eq!(words(&server, "task"), "one");
    folder.append("task/a.log", line(2, "two").trim_end());
    rotate(&folder, line(3, "three"));
    until("each line is one", || (words(&server, "task") == "one two three").then_some(()));
    let offsets: Vec<usize> = [0, 1, 2].map(|at| at * line(1, "one").len()).into();
    assert_eq!(server.lines("task", "").members("offset"), offsets.iter().map(usize::to_string).collect::<Vec<_>>());
}

#[test]
fn more_readers_than_a_system_lets_files_be_open_at_first() {
    let folder = Folder::with(&[("task/a.log", line(1, "one"))]);
    let command = support::logboom(folder.path());
    let serve = r#"ulimit -S -n 64; exec "$0" serve task --listen 127.0.0.1:0"#;
    let binary = command.get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", serve]).arg(binary).current_dir(folder.path());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = Server::started(&mut shell);
    let mut readers: Vec<_> = (0..100).map(|_| follow(&server, "task", "", &[])).collect();
    folder.append("task/a.log", line(2, "two"));
    for reader in &mut readers {
        assert_eq!(texts(&records(reader, 2)), ["one", "two"]);
    }
}

/// A process keeps a rotated file open that was deleted.
fn holds_deleted(pid: u32) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).expect("its files");
    let mut targets = files.filter_map(|file| fs::read_link(file.expect("a file").path()).ok());
    targets.any(|target| target.to_string_lossy().ends_with("a.log.1 (deleted)"))
}

#[test]
fn merge_lets_go_what_a_rotation_deletes() {
    let folder = Folder::with(&[("task/a.log", line(1, "one"))]);
    let (running, mut out) = merging(&folder, &["task/a.log"]);
    assert_eq!(next(&mut out), line(1, "one"));
    for (second, word) in [(2, "two"), (3, "three"), (4, "four")] {
        fs::remove_file(folder.join("task/a.log.1")).ok();
        rotate(&folder, line(second, word));
        assert_eq!(next(&mut out), line(second, word));
    }
    folder.append("task/a.log", line(5, "five"));
    assert_eq!(next(&mut out), line(5, "five"));
    until("the room on the disk is given back", || (!holds_deleted(running.0.id())).then_some(()));
}

#[test]
fn what_a_rotation_deletes_is_let_go_once_it_is_more_than_what_is_left() {
    let long = |second: usize| line(second, &"x".repeat(1 << 20));
    let folder = Folder::with(&[("task/a.log", (0..70).map(long).collect::<String>())]);
    let server = Server::over(&folder);
    let mut open = follow(&server, "task", "&tail=1", &[]);
    records(&mut open, 1);
    for (second, word) in ["one", "two"].iter().enumerate() {
        // One old file is kept.
        fs::remove_file(folder.join("task/a.log.1")).ok();
        rotate(&folder, line(100 + second, word));
        assert_eq!(texts(&records(&mut open, 1)), [*word]);
    }
    until("the room on the disk is given back", || (!holds_deleted(server.pid())).then_some(()));
    // Who follows goes on, and sees nothing twice.
    folder.append("task/a.log", line(110, "four"));
    assert_eq!(texts(&records(&mut open, 1)), ["four"]);
    assert_eq!(words(&server, "task"), "one two four");
}
