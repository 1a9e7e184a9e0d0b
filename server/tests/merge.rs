//! `logboom merge`: the real binary over folders, pipes and broken files.
//!
//! The golden files lie beside their folders in `tests/data`; `UPDATE_EXPECTED=1` writes them anew.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Folder, Run, data, files, logboom, run};

#[track_caller]
fn merge(folder: &Folder, arguments: &[&str]) -> Run {
    merge_with(folder, arguments, b"")
}

#[track_caller]
fn merge_with(folder: &Folder, arguments: &[&str], input: &[u8]) -> Run {
    let mut command = logboom(folder.path());
    command.arg("merge").args(arguments);
    run(command, input)
}

/// Merges these files and holds what comes out; nothing may go wrong.
#[track_caller]
fn check(files: &[(&str, &str)], arguments: &[&str], expected: &str) {
    let done = merge(&Folder::with(files), arguments);
    assert_eq!(done.err, "");
    assert_eq!(done.text(), expected);
    assert_eq!(done.status, Some(0));
}

/// Merges these files as JSON and holds one member of every record.
#[track_caller]
fn check_member(files: &[(&str, &str)], arguments: &[&str], member: &str, expected: &[&str]) {
    let done = merge(&Folder::with(files), &[arguments, &["--output", "json"]].concat());
    assert_eq!((done.status, done.err.as_str()), (Some(0), ""));
    assert_eq!(members(&done, member), expected, "{}", done.text());
}

/// One member of each record, as JSON.
#[track_caller]
fn members(done: &Run, member: &str) -> Vec<String> {
    let record = |line: &str| serde_json::from_str::<Value>(line).expect("a record")[member].to_string();
    done.text().lines().map(record).collect()
}

/// Merges what can be read, ends with status 1, and says one line about each thing that cannot.
#[track_caller]
fn check_failures(done: &Run, expected: &str, complaints: &[&[&str]]) {
    assert_eq!(done.text(), expected, "{}", done.err);
    assert_eq!(done.status, Some(1), "{}", done.err);
    let said: Vec<_> = done.err.lines().collect();
    assert_eq!(said.len(), complaints.len(), "{said:#?}");
    for words in complaints {
        assert!(
            said.iter().any(|line| words.iter().all(|word| line.contains(word))),
            "no line has all of {words:?}: {said:#?}"
        );
    }
}

/// The arguments made no sense: status 2, nothing on standard output, and these words.
#[track_caller]
fn check_refused(arguments: &[&str], words: &[&str]) {
    let done = merge(&Folder::with(&[("a.log", "one\n")]), arguments);
    assert_eq!((done.status, done.text()), (Some(2), ""), "{}", done.err);
    for word in words {
        assert!(done.err.contains(word), "{word:?} is not in {:?}", done.err);
    }
}

const EARLY: &str = "2026-11-22T02:00:00Z INFO early\n";
const MIDDLE: &str = "2026-11-22T02:00:01Z INFO middle\n";
const LATE: &str = "2026-11-22T02:00:02Z INFO late\n";

// Bytes

#[test]
fn a_single_file_comes_out_byte_for_byte_with_its_last_newline() {
    for folder in
        ["airflow", "bytes", "docker", "formats", "kubernetes", "nginx", "nvflare", "order", "postgres", "ray"]
    {
        for file in files(&data(folder)) {
            let mut expected = fs::read(&file).expect("read");
            if !expected.is_empty() && !expected.ends_with(b"\n") && !expected.ends_with(b"\n\0") {
                expected.push(b'\n');
            }
            let mut command = logboom(Path::new("/"));
            command.arg("merge").arg(&file);
            let done = run(command, b"");
            assert_eq!((done.status, done.err.as_str()), (Some(0), ""), "{}", file.display());
            assert!(done.out == expected, "{} came out with other bytes", file.display());
        }
    }
}

#[test]
fn bytes_that_are_no_text_come_out_as_they_are() {
    let bytes: Vec<u8> = (0..100_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).chain([b'\n']).collect();
    let done = merge(&Folder::with(&[("core", &bytes)]), &["core"]);
    assert_eq!((done.status, done.err.as_str()), (Some(0), ""));
    assert!(done.out == bytes);
}

#[test]
fn the_last_newline_of_utf_16_is_two_bytes() {
    let text = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_be_bytes).collect() };
    let folder = Folder::with(&[("a.log", text("\u{feff}one\r\ntwo"))]);
    let done = merge(&folder, &["a.log"]);
    assert_eq!(done.out, text("\u{feff}one\r\ntwo\n"));
}

#[test]
fn a_line_longer_than_a_text_comes_out_whole() {
    let mut long = "2026-11-22T02:00:01Z ".to_owned();
    long.extend(std::iter::repeat_n('x', 3 << 20));
    long.push('\n');
    check(&[("a.log", EARLY), ("b.log", &long), ("c.log", LATE)], &["."], &[EARLY, &long, LATE].concat());
}

// Sources and their names

#[test]
fn lines_come_by_time_and_equal_times_by_the_order_of_the_arguments() {
    let files = [("a.log", [EARLY, LATE].concat()), ("b.log", [EARLY, MIDDLE].concat())];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    check_member(&files, &["a.log", "b.log"], "source", &[r#""a.log""#, r#""b.log""#, r#""b.log""#, r#""a.log""#]);
    check_member(&files, &["b.log", "a.log"], "source", &[r#""b.log""#, r#""a.log""#, r#""b.log""#, r#""a.log""#]);
}

#[test]
fn a_folder_stands_for_every_file_below_it_by_relative_path_bytewise() {
    check_member(
        &[("x/b.log", EARLY), ("x/B.log", EARLY), ("x/b/c.log", EARLY), ("x/.hidden", EARLY), ("x/é.log", EARLY)],
        &["x"],
        "source",
        &[r#"".hidden""#, r#""B.log""#, r#""b.log""#, r#""b/c.log""#, r#""é.log""#],
    );
}

#[test]
fn a_source_has_the_name_that_it_is_given_or_else_its_path() {
    check_member(
        &[("x/a.log", EARLY), ("x/b.log", EARLY), ("c=d.log", EARLY)],
        &["worker=x/a.log", "x/b.log", "c=d.log", "./x/b.log", "all=x"],
        "source",
        &[r#""worker""#, r#""x/b.log""#, r#""c=d.log""#, r#""./x/b.log""#, r#""all/a.log""#, r#""all/b.log""#],
    );
}

#[test]
fn no_two_sources_have_one_name() {
    check_member(
        &[("a.log", EARLY)],
        &["a.log", "a.log", "x=a.log", "x=a.log"],
        "source",
        &[r#""a.log""#, r#""a.log-2""#, r#""x""#, r#""x-2""#],
    );
}

#[test]
fn paths_as_airflow_makes_them_are_paths_and_no_names() {
    let path = "dag_id=etl/run_id=manual__2026-11-22T02:12:47.415412+00:00/task_id=extract/attempt=1.log";
    let files = [(path, EARLY)];
    check(&files, &[path], EARLY);
    check_member(&files, &[path], "source", &[&format!("{path:?}")]);
    check_member(&files, &["dag_id=etl"], "source", &[&format!("{:?}", &path["dag_id=etl/".len()..])]);
    check_member(&files, &[&format!("try-1={path}")], "source", &[r#""try-1""#]);
    let missing = "dag_id=etl/run_id=none/attempt=1.log";
    let done = merge(&Folder::with(&files), &[missing]);
    check_failures(&done, "", &[&[missing, "no such file"]]);
}

#[test]
fn a_dash_is_standard_input() {
    let folder = Folder::with(&[("a.log", [EARLY, LATE].concat())]);
    let done = merge_with(&folder, &["a.log", "-"], MIDDLE.as_bytes());
    assert_eq!((done.status, done.text()), (Some(0), [EARLY, MIDDLE, LATE].concat().as_str()));
    let done = merge_with(&folder, &["a.log", "job=-", "--output", "json"], MIDDLE.as_bytes());
    assert_eq!(members(&done, "source"), [r#""a.log""#, r#""job""#, r#""a.log""#]);
}

#[test]
fn standard_input_without_times_comes_after_what_was_before() {
    let folder = Folder::with(&[("a.log", [EARLY, LATE].concat())]);
    let done = merge_with(&folder, &["-", "a.log"], b"no time\nnone either");
    assert_eq!(done.text(), [EARLY, LATE, "no time\nnone either\n"].concat());
}

#[test]
fn the_first_lines_are_written_while_the_input_goes_on() {
    let folder = Folder::with::<&str>(&[]);
    let mut child = logboom(folder.path())
        .args(["merge", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    // As many lines as are needed to see that the first time is not wild.
    let lines: Vec<_> = (0..40).map(|second| format!("2026-11-22T02:00:{second:02}Z INFO line\n")).collect();
    std::io::Write::write_all(&mut input, lines.concat().as_bytes()).expect("written");
    let mut first = String::new();
    output.read_line(&mut first).expect("a line");
    assert_eq!(first, lines[0]);
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("the others");
    assert_eq!(rest, lines[1..].concat());
    assert!(support::wait(&mut child).success());
}

#[test]
fn packed_files_are_read_through() {
    let folder = Folder::of_data("packed");
    let plain = fs::read(folder.join("plain.log")).expect("read");
    for packed in ["two-members.log.gz", "one-frame.log.zst"] {
        let done = merge(&folder, &[packed]);
        assert_eq!((done.status, done.err.as_str()), (Some(0), ""), "{packed}");
        assert!(done.out == plain, "{packed}");
    }
    let done = merge(&folder, &[".", "--output", "json"]);
    let first: Vec<_> = members(&done, "source").into_iter().take(3).collect();
    assert_eq!(first, [r#""one-frame.log.zst""#, r#""plain.log""#, r#""two-members.log.gz""#]);
}

#[test]
fn a_pipe_that_is_named_is_read() {
    let folder = Folder::with(&[("a.log", LATE)]);
    make_pipe(&folder, "pipe");
    let pipe = folder.join("pipe");
    let writer = std::thread::spawn(move || fs::write(pipe, EARLY));
    let done = merge(&folder, &["a.log", "pipe"]);
    writer.join().expect("joined").expect("written");
    assert_eq!((done.status, done.text()), (Some(0), [EARLY, LATE].concat().as_str()));
}

// Stretches

fn hundred() -> String {
    (0..100).map(|i| format!("2026-11-22T02:00:{:02}.{:03}Z line {i}\n", i / 10, i % 10 * 100)).collect()
}

fn lines(range: std::ops::Range<usize>) -> String {
    hundred().split_inclusive('\n').skip(range.start).take(range.len()).collect()
}

#[test]
fn a_stretch_is_named_by_its_first_line_or_counted_from_the_end() {
    let all = hundred();
    let files = [("a.log", all.as_str())];
    let check = |arguments: &[&str], expected: &str| check(&files, &[&["a.log"], arguments].concat(), expected);
    check(&["--from", "1"], &all);
    check(&["--from", "98"], &lines(97..100));
    check(&["--from", "101"], "");
    check(&["--from", "18446744073709551615"], "");
    check(&["--limit", "2"], &lines(0..2));
    check(&["--limit", "0"], "");
    check(&["--limit", "1000000000000"], &all);
    check(&["--from", "50", "--limit", "3"], &lines(49..52));
    check(&["--tail", "3"], &lines(97..100));
    check(&["--tail", "0"], "");
    check(&["--tail", "1000"], &all);
    check(&["--tail", "10", "--limit", "2"], &lines(90..92));
}

#[test]
fn a_line_has_its_number_in_the_whole_log_in_every_stretch() {
    let all = hundred();
    let files = [("a.log", all.as_str())];
    let check =
        |arguments: &[&str], numbers: &[&str]| check_member(&files, &[&["a.log"], arguments].concat(), "n", numbers);
    check(&["--limit", "2"], &["1", "2"]);
    check(&["--from", "99"], &["99", "100"]);
    check(&["--from", "50", "--limit", "3"], &["50", "51", "52"]);
    check(&["--tail", "3"], &["98", "99", "100"]);
    check(&["--tail", "10", "--limit", "2"], &["91", "92"]);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    check_refused(&["a.log", "--from", "0"], &["--from", "1.."]);
    check_refused(&["a.log", "--from", "-1"], &["-1"]);
    check_refused(&["a.log", "--from", "first"], &["--from", "first"]);
    check_refused(&["a.log", "--limit", "-1"], &["-1"]);
    check_refused(&["a.log", "--from", "1", "--tail", "1"], &["--from", "--tail"]);
    check_refused(&["a.log", "--output", "xml"], &["xml", "text", "json"]);
    check_refused(&["a.log", "--no-such-option"], &["--no-such-option"]);
    check_refused(&[], &["PATH"]);
}

// Times

#[test]
fn a_time_without_a_zone_is_in_the_zone_that_is_given() {
    let files = [("a.log", "2026-11-22 02:00:00,5 naive\n2026-11-22 02:00:01+00:00 with a zone\n")];
    let check = |zone: &str, expected: &[&str]| check_member(&files, &["a.log", "--tz", zone], "ts", expected);
    check("UTC", &[r#""2026-11-22T02:00:00.500Z""#, r#""2026-11-22T02:00:01Z""#]);
    check("+05:45", &[r#""2026-11-21T20:15:00.500Z""#, r#""2026-11-22T02:00:01Z""#]);
    check("-03:30", &[r#""2026-11-22T05:30:00.500Z""#, r#""2026-11-22T02:00:01Z""#]);
    check("Europe/Berlin", &[r#""2026-11-22T01:00:00.500Z""#, r#""2026-11-22T02:00:01Z""#]);
    check_refused(&["a.log", "--tz", "Mars/Olympus"], &["Mars/Olympus", "Europe/Berlin"]);
}

#[test]
fn a_form_of_ones_own_is_tried_first() {
    let files = [("a.log", "22.11.2026 02:00:00 ours\n2026-11-22T02:00:01Z the usual\n22.13.2026 02:00:00 none\n")];
    check_member(
        &files,
        &["a.log", "--time-format", "%d.%m.%Y %H:%M:%S"],
        "ts",
        &[r#""2026-11-22T02:00:00Z""#, r#""2026-11-22T02:00:01Z""#, "null"],
    );
    check_refused(&["a.log", "--time-format", "%H:%M"], &["%H:%M", "date"]);
    check_refused(&["a.log", "--time-format", "%Q"], &["%Q"]);
}

#[test]
fn options_come_from_the_environment_too() {
    let folder = Folder::with(&[("a.log", "2026-11-22 02:00:00 naive\n")]);
    let mut command = logboom(folder.path());
    command.args(["merge", "a.log"]).env("LOGBOOM_TZ", "+02:00").env("LOGBOOM_OUTPUT", "json");
    assert_eq!(members(&run(command, b""), "ts"), [r#""2026-11-22T00:00:00Z""#]);
}

#[test]
fn what_is_odd_about_a_line_is_said_of_it() {
    let long = format!("{EARLY}{}é\n", "x".repeat((1 << 20) - 1));
    check(
        &[("a.log", &long)],
        &["a.log", "--output", "json", "--limit", "1"],
        &format!(
            "{{\"n\":1,\"ts\":\"2026-11-22T02:00:00Z\",\"level\":\"info\",\"source\":\"a.log\",\"offset\":0,\"text\":{:?}}}\n",
            EARLY.trim_end()
        ),
    );
    check_member(&[("a.log", &long)], &["a.log"], "cut", &["null", "2"]);
    let odd = [EARLY, "  and on\n", "9999-12-31T23:59:59Z INFO wild\n", LATE, MIDDLE].concat();
    let files = [("a.log", odd.as_str())];
    check_member(&files, &["a.log"], "cont", &["null", "true", "null", "null", "null"]);
    check_member(&files, &["a.log"], "wild", &["null", "null", "true", "null", "null"]);
    check_member(&files, &["a.log"], "late", &["null", "null", "null", "null", "true"]);
    check_member(&files, &["a.log"], "offset", &["0", "32", "41", "72", "103"]);
    let done = merge(&Folder::with(&[("a.log", b"caf\xe9\r\n")]), &["a.log", "--output", "json"]);
    assert_eq!(
        (members(&done, "lossy"), members(&done, "text")),
        (vec!["true".to_owned()], vec!["\"caf\u{fffd}\"".to_owned()])
    );
}

// What cannot be read

#[test]
fn a_path_that_does_not_exist_is_named_and_the_others_are_merged() {
    let folder = Folder::with(&[("a.log", EARLY), ("b.log", LATE)]);
    let done = merge(&folder, &["a.log", "nothing.log", "x=nothing-either.log", "b.log"]);
    check_failures(
        &done,
        &[EARLY, LATE].concat(),
        &[&["nothing.log", "no such file"], &["x=nothing-either.log", "no such file"]],
    );
}

#[test]
fn what_cannot_be_opened_below_a_folder_is_named_and_the_others_are_merged() {
    let folder = Folder::with(&[("logs/a.log", EARLY), ("logs/z/b.log", LATE), ("logs/empty.log", "")]);
    make_pipe(&folder, "logs/pipe");
    symlink("nothing", folder.join("logs/gone.log")).expect("linked");
    let done = merge(&folder, &["logs"]);
    check_failures(&done, &[EARLY, LATE].concat(), &[&["logs/gone.log", "no such file"], &["logs/pipe", "pipe"]]);
}

#[test]
fn a_loop_of_links_ends() {
    let folder = Folder::with(&[("logs/a.log", EARLY), ("logs/z/b.log", LATE)]);
    symlink("..", folder.join("logs/z/up")).expect("linked");
    symlink("itself", folder.join("logs/itself")).expect("linked");
    let done = merge(&folder, &["logs"]);
    check_failures(&done, &[EARLY, LATE].concat(), &[&["logs/itself", "symbolic links"]]);
}

#[test]
fn a_file_in_a_folder_that_may_not_be_read_is_named() {
    let folder = Folder::with(&[("logs/a.log", EARLY), ("logs/locked/b.log", LATE)]);
    let locked = folder.join("logs/locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("locked");
    // Root may read all.
    if fs::read_dir(&locked).is_err() {
        check_failures(&merge(&folder, &["logs"]), EARLY, &[&["logs/locked", "permission denied"]]);
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("unlocked");
}

#[test]
fn a_name_that_is_not_utf_8_is_readable_in_the_record() {
    let folder = Folder::with(&[("logs/a.log", EARLY)]);
    folder.write(Path::new(OsStr::from_bytes(b"logs/caf\xe9.log")), LATE);
    let done = merge(&folder, &["logs", "--output", "json"]);
    assert_eq!((done.status, done.err.as_str()), (Some(0), ""));
    assert_eq!(members(&done, "source"), [r#""a.log""#, "\"caf\u{fffd}.log\""]);
}

#[test]
fn a_name_that_is_not_utf_8_is_taken_as_an_argument() {
    let folder = Folder::with(&[("a.log", EARLY)]);
    let name = OsStr::from_bytes(b"caf\xe9.log");
    folder.write(Path::new(name), LATE);
    let mut command = logboom(folder.path());
    command.args(["merge", "a.log"]).arg(name);
    let done = run(command, b"");
    assert_eq!((done.status, done.text(), done.err.as_str()), (Some(0), [EARLY, LATE].concat().as_str(), ""));
}

#[test]
fn a_newline_in_a_name_makes_no_second_line_on_standard_error() {
    let folder = Folder::with(&[("a.log", EARLY)]);
    let done = merge(&folder, &["a.log", "two\nlines.log"]);
    check_failures(&done, EARLY, &[&["two", "lines.log", "no such file"]]);
}

#[test]
fn half_a_packed_file_gives_what_is_good_and_says_where_it_breaks() {
    for packed in ["two-members.log.gz", "one-frame.log.zst"] {
        let bytes = fs::read(data("packed").join(packed)).expect("read");
        let folder = Folder::with(&[("a.log", EARLY.as_bytes()), (packed, &bytes[..bytes.len() - 20])]);
        let done = merge(&folder, &["a.log", packed]);
        assert!(done.text().contains(EARLY), "{packed}: the others are merged");
        assert_eq!(done.status, Some(1), "{packed}");
        assert_eq!(done.err.lines().count(), 1, "{packed}: {}", done.err);
        assert!(done.err.contains(packed) && done.err.contains("byte"), "{packed}: {}", done.err);
    }
    let folder = Folder::with(&[
        ("a.log", EARLY),
        ("b.log.gz", "this is no gzip\n"),
        ("c.log.zst", "nor zstd\n"),
        ("d.log.gz", ""),
    ]);
    let done = merge(&folder, &["."]);
    assert_eq!((done.status, done.text()), (Some(1), EARLY), "{}", done.err);
    assert!(done.err.contains("b.log.gz") && done.err.contains("c.log.zst"), "{}", done.err);
}

#[test]
fn the_last_lines_are_given_also_where_a_source_breaks_off() {
    let bytes = fs::read(data("packed").join("two-members.log.gz")).expect("read");
    let folder =
        Folder::with(&[("a.log", [EARLY, LATE].concat().as_bytes()), ("b.log.gz", &bytes[..bytes.len() - 20])]);
    let done = merge(&folder, &["a.log", "b.log.gz", "--tail", "1"]);
    assert_eq!((done.status, done.text().lines().count()), (Some(1), 1), "{}", done.err);
    assert!(done.err.contains("b.log.gz"), "{}", done.err);
}

#[test]
fn empty_sources_give_nothing_and_are_no_mistake() {
    check(&[("a.log", ""), ("b.log", EARLY), ("c.log", "")], &["."], EARLY);
    check(&[("a.log", "")], &["a.log"], "");
    check(&[("a.log", "")], &["a.log", "--tail", "5", "--output", "json"], "");
    let folder = Folder::with::<&str>(&[]);
    let done = merge(&folder, &["."]);
    assert_eq!((done.status, done.text()), (Some(0), ""), "{}", done.err);
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let folder = Folder::with(&[("a.log", hundred().repeat(10_000))]);
    for output in ["text", "json"] {
        let mut child = logboom(folder.path())
            .args(["merge", "a.log", "--output", output])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut first = String::new();
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
        reader.read_line(&mut first).expect("a line");
        drop(reader);
        assert_eq!(support::wait(&mut child).code(), Some(0));
        let mut said = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("read");
        assert_eq!(said, "");
    }
}

fn make_pipe(folder: &Folder, name: &str) {
    let made = Command::new("mkfifo").arg(folder.join(name)).status().expect("mkfifo runs");
    assert!(made.success());
}

// Golden files

/// Merges `tests/data/NAME` as JSON and compares with `tests/data/NAME.expected.ndjson`.
#[track_caller]
fn check_golden(name: &str, options: &[&str]) {
    let done = merge(&Folder::of_data(name), &[&[".", "--output", "json"], options].concat());
    assert_eq!((done.status, done.err.as_str()), (Some(0), ""));
    let path = data(&format!("{name}.expected.ndjson"));
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &done.out).expect("written");
    }
    let expected = fs::read_to_string(&path).expect("UPDATE_EXPECTED=1 makes it");
    for (i, (found, expected)) in done.text().lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {}", i + 1, path.display());
    }
    assert_eq!(done.text().lines().count(), expected.lines().count(), "lines of {}", path.display());
}

#[test]
fn tries_of_airflow_with_a_triggers_file_in_their_midst() {
    check_golden("airflow", &[]);
}

#[test]
fn bytes_of_all_kinds() {
    check_golden("bytes", &[]);
}

#[test]
fn containers_of_docker_with_rotated_files_and_parts_of_lines() {
    check_golden("docker", &[]);
}

#[test]
fn one_file_of_each_form_of_time() {
    check_golden("formats", &[]);
}

#[test]
fn a_pod_of_kubernetes_with_parts_of_lines() {
    check_golden("kubernetes", &[]);
}

#[test]
fn nginx_with_its_own_zone_and_without_one() {
    check_golden("nginx", &["--tz", "America/New_York"]);
}

#[test]
fn a_site_of_nvflare_with_a_traceback_cut_into_records() {
    check_golden("nvflare", &[]);
}

#[test]
fn disorder_equal_times_and_a_clock_that_steps_back() {
    check_golden("order", &[]);
}

#[test]
fn postgres_with_statements_of_several_lines_and_a_zones_abbreviation() {
    check_golden("postgres", &["--tz", "Europe/Berlin"]);
}

#[test]
fn workers_of_ray_with_and_without_times() {
    check_golden("ray", &[]);
}

#[test]
fn a_worker_of_runpod_without_times() {
    check_golden("runpod", &[]);
}
