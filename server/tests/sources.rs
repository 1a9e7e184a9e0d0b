//! Sources that change, break off or cannot be read, and readers that are slow or go away: the rest goes on.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::Value;
use support::http::request;
use support::logs::{EARLY, LATE, MIDDLE, check_problem, check_up, counted, large, listed, three};
use support::server::{Server, task};
use support::{Folder, data, until};

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
    until("it is missed", || (server.task("etl").json()["state"] == "failed").then_some(()));
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
    let is_told = detail.contains("cut short") || detail.contains("replaced");
    assert!(detail.contains("a.log") && is_told, "{detail}");
    assert!(answer.text().contains("INFO late"), "the other source goes on to its end");
    // The next look sees what there is now.
    until("the shorter file", || {
        let answer = server.ask("GET", &task("large", "/lines"), &[("Accept", "text/plain")]);
        (answer.whole && answer.text() == [EARLY, LATE].concat()).then_some(())
    });
    check_up(&server, "small", EARLY);
}

#[test]
fn a_source_that_is_cut_short_while_its_matches_are_sent_gives_no_other_lines() {
    let folder = large();
    let server = Server::over(&folder);
    for query in ["q=x", "level=info", "source=a.log", "q=x&context=1"] {
        large().copy_to(&folder);
        let target = task("large", &format!("/lines?{query}"));
        // The search is through, so that only the lines are read again.
        assert_eq!(server.ask("HEAD", &target, &[]).status, 200);
        until("the search", || {
            let matches = server.get(&task("large", &format!("/matches?{}", query.replace("&context=1", ""))));
            matches.text().contains("\"done\":true").then_some(())
        });
        let open = server.send(&request("GET", &target, &[]));
        fs::write(folder.join("large/a.log"), EARLY).expect("cut short");
        let answer = open.read();
        assert!(!answer.whole, "{query}");
        let mut lines: Vec<Value> =
            answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let last = lines.pop().expect("a line");
        assert!(last["error"]["detail"].as_str().is_some_and(|detail| detail.contains("a.log")), "{query}: {last}");
        for (n, line) in (1..).zip(lines) {
            // The last of them may be a part of its line: what stands before a break is shown.
            let text = line["text"].as_str().expect("a text");
            assert!(line["n"] == n && text.starts_with("2026-11-22T02:00:00Z INFO x"), "{query}: {line}");
        }
    }
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
fn a_file_that_grows_keeps_its_numbers_under_the_same_generation() {
    let folder = three();
    let server = Server::over(&folder);
    let before = server.lines("etl", "");
    assert_eq!(before.members("n"), ["1", "2", "3"]);
    folder.append("etl/b.log", "2026-11-22T02:00:03Z INFO more\n");
    let after = until("the new line", || Some(server.lines("etl", "")).filter(|lines| lines.members("n").len() == 4));
    assert_eq!(after.header("logboom-generation"), before.header("logboom-generation"));
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
