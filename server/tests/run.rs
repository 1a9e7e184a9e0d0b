//! `logboom run`: the command is as it is without us, and its output arrives.
//!
//! Names of tests that begin with R and a number name a fault of the systems before us.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use support::receiver::Receiver;
use support::ship::Kept;
use support::{Folder, Run, logboom, run, until, wait};

/// `logboom run` of task `t` with further arguments, then a shell with this script.
fn shell(folder: &Folder, url: &str, arguments: &[&str], script: &str) -> Command {
    let mut command = logboom(folder.path());
    command.args(["run", "--server", url, "--task", "t", "--silence", "1"]).args(arguments);
    command.args(["--", "sh", "-c", script]);
    command
}

fn folder() -> Folder {
    Folder::with::<&str>(&[])
}

/// What the command itself wrote to standard error: all but our own lines.
fn own(run: &Run) -> String {
    run.err.lines().filter(|line| !line.starts_with("logboom: ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn r1_both_outputs_pass_through_and_arrive_while_the_command_runs() {
    let (folder, receiver) = (folder(), Receiver::start());
    let script = "printf '\\377ne\\n'; printf 'two\\0' >&2; until [ -e go ]; do sleep 0.01; done; printf three; exit 7";
    let command = shell(&folder, &receiver.url(), &[], script);
    let running = std::thread::spawn(move || run(command, b""));
    until("what was written arrives before the end", || {
        (receiver.length("t", "stdout") == 4 && receiver.length("t", "stderr") == 4).then_some(())
    });
    folder.write("go", "");
    let done = running.join().expect("it ran");
    assert_eq!((done.status, done.out.as_slice()), (Some(7), &b"\xffne\nthree"[..]));
    for (source, expected) in [("stdout", &b"\xffne\nthree"[..]), ("stderr", b"two\0")] {
        let stored = receiver.stored("t", source).expect("stored");
        assert_eq!((stored.bytes.as_slice(), stored.complete), (expected, true), "{source}");
    }
}

#[test]
fn the_link_is_printed_first_and_sources_bear_the_given_name() {
    let (folder, receiver) = (folder(), Receiver::start());
    let done =
        run(shell(&folder, &receiver.url(), &["--source", "job"], "cat; echo oops >&2"), b"from standard input\n");
    assert_eq!((done.status, done.text()), (Some(0), "from standard input\n"));
    assert_eq!(done.err, format!("logboom: {}/t/t\noops\n", receiver.url()));
    assert_eq!(receiver.stored("t", "job.stdout").expect("stored").bytes, b"from standard input\n");
    assert_eq!(receiver.stored("t", "job.stderr").expect("stored").bytes, b"oops\n");
}

#[test]
fn many_bytes_pass_through_unchanged() {
    let (folder, receiver) = (folder(), Receiver::start());
    let script = "seq 1 300000; seq 1 100000 >&2";
    let done = run(shell(&folder, &receiver.url(), &[], script), b"");
    let expected = |end: u32| (1..=end).map(|number| format!("{number}\n")).collect::<String>();
    assert!(done.status == Some(0) && done.text() == expected(300_000) && own(&done) == expected(100_000));
    assert!(receiver.stored("t", "stdout").expect("stored").bytes == expected(300_000).as_bytes());
    assert!(receiver.stored("t", "stderr").expect("stored").bytes == expected(100_000).as_bytes());
}

#[test]
fn a_server_that_is_not_there_or_fails_changes_nothing_for_the_command() {
    let (folder, receiver) = (folder(), Receiver::start());
    receiver.set_down(true);
    for url in ["http://127.0.0.1:1", &receiver.url()] {
        let done = run(shell(&folder, url, &[], "seq 1 100000; exit 3"), b"");
        assert_eq!((done.status, done.out.len()), (Some(3), 588_895), "{}", done.err);
        assert!(done.err.contains("stdout: 588895 of 588895 bytes were not sent"), "{}", done.err);
        assert!(done.err.contains("cannot reach"), "{}", done.err);
    }
}

#[test]
fn a_server_that_comes_back_gets_all() {
    let (folder, receiver) = (folder(), Receiver::start());
    receiver.set_down(true);
    let command =
        shell(&folder, &receiver.url(), &[], "seq 1 100000; touch written; until [ -e go ]; do sleep 0.01; done");
    let running = std::thread::spawn(move || run(command, b""));
    until("it has written", || folder.join("written").exists().then_some(()));
    receiver.set_down(false);
    until("it arrives", || (receiver.length("t", "stdout") == 588_895).then_some(()));
    folder.write("go", "");
    assert_eq!(running.join().expect("it ran").status, Some(0));
    assert!(receiver.stored("t", "stdout").expect("stored").complete);
}

#[test]
fn r5_what_had_to_be_dropped_is_counted_at_the_end() {
    let (folder, receiver) = (folder(), Receiver::start());
    receiver.set_down(true);
    let script = "head -c 30000000 /dev/zero | tr '\\0' 'x'; echo; touch written; until [ -e go ]; do sleep 0.01; done; echo end";
    let command = shell(&folder, &receiver.url(), &["--spill", "0"], script);
    let running = std::thread::spawn(move || run(command, b""));
    until("it has written", || folder.join("written").exists().then_some(()));
    receiver.set_down(false);
    until("what was kept arrives", || (receiver.length("t", "stdout") > 12_000_000).then_some(()));
    folder.write("go", "");
    let done = running.join().expect("it ran");
    assert_eq!((done.status, done.out.len()), (Some(0), 30_000_005), "the terminal has it all");
    let stored = receiver.stored("t", "stdout").expect("stored").bytes;
    let text = String::from_utf8_lossy(&stored);
    let kept = text.find("\n[logboom: ").expect("the log says so");
    let dropped = 30_000_001 - kept;
    let told = format!("\n[logboom: {dropped} bytes dropped here]\n");
    assert!(text[kept..].starts_with(&told), "{} for {told}", &text[kept..]);
    assert!(text.ends_with("end\n"));
    assert!(done.err.contains(&format!("stdout: {dropped} bytes were dropped")), "{}", done.err);
}

#[test]
fn r2_r3_runs_side_by_side_and_one_after_the_other_do_not_mix() {
    let (folder, receiver) = (folder(), Receiver::start());
    let command =
        |name: &str| shell(&folder, &receiver.url(), &["--source", name], &format!("yes {name} | head -5000; exit 1"));
    let running: Vec<_> = ["a", "b", "c"].map(|name| (name, command(name))).into();
    let running = running.into_iter().map(|(name, command)| (name, std::thread::spawn(move || run(command, b""))));
    for (name, done) in running.collect::<Vec<_>>() {
        assert_eq!(done.join().expect("it ran").status, Some(1));
        let stored = receiver.stored("t", &format!("{name}.stdout")).expect("stored").bytes;
        assert!(stored == format!("{name}\n").repeat(5000).as_bytes(), "{name}");
    }
}

#[test]
fn r4_a_run_within_a_run_blocks_nobody() {
    let (folder, receiver) = (folder(), Receiver::start());
    let inner = format!(
        "{} run --server {} --task t --source inner -- seq 1 20000",
        env!("CARGO_BIN_EXE_logboom"),
        receiver.url()
    );
    let done = run(shell(&folder, &receiver.url(), &["--source", "outer"], &inner), b"");
    let expected: String = (1..=20_000).map(|number| format!("{number}\n")).collect();
    assert!(done.status == Some(0) && done.text() == expected, "{}", done.err);
    for source in ["inner.stdout", "outer.stdout"] {
        assert!(receiver.stored("t", source).expect("stored").bytes == expected.as_bytes(), "{source}");
    }
}

#[test]
fn it_dies_of_the_signal_that_the_command_died_of() {
    let (folder, receiver) = (folder(), Receiver::start());
    for (name, number) in [("TERM", 15), ("KILL", 9), ("SEGV", 11), ("INT", 2)] {
        let source = name.to_lowercase();
        let mut command =
            shell(&folder, &receiver.url(), &["--source", &source], &format!("echo last; kill -{name} $$"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        assert_eq!(wait(&mut child).signal(), Some(number), "{name}");
        let stored = receiver.stored("t", &format!("{source}.stdout")).expect("stored");
        assert_eq!((stored.bytes.as_slice(), stored.complete), (&b"last\n"[..], true), "{name}");
    }
}

#[test]
fn signals_reach_the_command_which_may_end_as_it_likes() {
    let (folder, receiver) = (folder(), Receiver::start());
    for name in ["TERM", "INT", "HUP", "USR1"] {
        let script = format!("trap 'echo caught; exit 42' {name}; touch {name}; while :; do sleep 0.01; done");
        let mut command = shell(&folder, &receiver.url(), &["--source", name], &script);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        until("the trap is set", || folder.join(name).exists().then_some(()));
        let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
        assert_eq!(wait(&mut child).code(), Some(42), "{name}");
        let stored = receiver.stored("t", &format!("{name}.stdout")).expect("stored");
        assert_eq!(stored.bytes, b"caught\n", "{name}");
    }
}

#[test]
fn a_command_whose_reader_is_gone_ends_as_it_does_without_us() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut command = shell(&folder, &receiver.url(), &[], "yes; echo not reached >&2");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    drop(child.stdout.take());
    assert!(!wait(&mut child).success() || receiver.stored("t", "stderr").is_some());
}

#[test]
fn a_command_that_cannot_be_started_is_told_as_a_shell_tells_it() {
    let (folder, receiver) = (folder(), Receiver::start());
    folder.write("not-executable", "");
    for (name, status) in [("./no-such-command", 127), ("./not-executable", 126)] {
        let mut command = logboom(folder.path());
        command.args(["run", "--server", &receiver.url(), "--task", "t", "--", name]);
        let done = run(command, b"");
        assert_eq!(done.status, Some(status));
        assert!(done.err.contains(name), "{}", done.err);
    }
    assert_eq!(receiver.requests().len(), 0, "nothing was made at the server");
}

#[test]
fn what_a_command_leaves_behind_does_not_hold_it_up_for_ever() {
    let (folder, receiver) = (folder(), Receiver::start());
    let done = run(shell(&folder, &receiver.url(), &["--grace", "0.5"], "sleep 60 & echo done"), b"");
    assert_eq!((done.status, done.text()), (Some(0), "done\n"));
    assert!(done.err.contains("left behind"), "{}", done.err);
    assert_eq!(receiver.stored("t", "stdout").expect("stored").bytes, b"done\n");
}

#[test]
fn whoever_takes_the_output_slowly_gets_all_of_it() {
    let (folder, receiver) = (folder(), Receiver::start());
    let mut command = shell(&folder, &receiver.url(), &["--grace", "0"], "seq 1 40000");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    // The command has long written all when the first byte is read: it lies in its pipe and in ours.
    until("the command has ended", || {
        let pid = child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        (receiver.stored("t", "stdout").is_some() && children.is_empty()).then_some(())
    });
    let mut all = Vec::new();
    std::io::Read::read_to_end(&mut child.stdout.take().expect("a pipe"), &mut all).expect("read");
    assert_eq!((all.len(), wait(&mut child).code()), (228_894, Some(0)));
}

#[test]
fn what_a_command_wrote_is_a_complete_task_of_the_server_that_the_link_names() {
    let kept = Kept::new();
    let server = kept.serve(&[]);
    let url = format!("http://{}", server.address);
    let script = "echo 2026-11-22T02:00:00Z INFO one; echo 2026-11-22T02:00:01Z ERROR two >&2";
    let done = run(shell(&kept.0, &url, &[], script), b"");
    assert_eq!(done.status, Some(0));
    let link = done.err.lines().next().and_then(|line| line.strip_prefix(&format!("logboom: {url}")));
    assert_eq!(server.get(link.expect("a link")).status, 200, "{}", done.err);
    until("the task is complete", || (server.task("t").json()["state"] == "complete").then_some(()));
    assert_eq!(server.lines("t", "").members("source"), [r#""stdout""#, r#""stderr""#]);
}

#[test]
fn both_outputs_are_read_in_the_order_in_which_they_were_written() {
    let (folder, kept) = (folder(), Kept::new());
    let server = kept.serve(&[]);
    let script = "for n in 1 2 3 4 5 6 7 8 9 10; do echo out $n; sleep 0.02; echo err $n >&2; sleep 0.02; done";
    let done = run(shell(&folder, &format!("http://{}", server.address), &[], script), b"");
    assert_eq!(done.status, Some(0));
    let lines = until("it is complete, and in order", || {
        let is_complete = server.task("t").json()["state"] == "complete";
        let lines = server.lines("t", "").members("text");
        let late = server.lines("t", "").members("late");
        (is_complete && lines.len() == 20 && late.iter().all(|late| late == "null")).then_some(lines)
    });
    // How exactly depends on when the machine lets us read; what is sent together is not enough for this.
    let turns = lines.windows(2).filter(|two| two[0][..4] != two[1][..4]).count();
    assert!(turns >= 15, "{lines:?}");
}
