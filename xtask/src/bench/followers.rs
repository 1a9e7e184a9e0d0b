//! How many may follow a task that grows: each has to get every line, in order; what that costs the server is told.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::http::Server;
use crate::{say, target};

/// Readers who follow.
const FOLLOWERS: usize = 1_000;

/// Lines that are written a second.
const LINES_A_SECOND: u64 = 1_000;

/// How long is written.
const SECONDS: u64 = 30;

/// How often the writer writes, each time the lines of so long.
const WRITE_EVERY: Duration = Duration::from_millis(10);

/// What all followers must get, and when it was written.
struct Written {
    text: Vec<u8>,
    /// For each line where it ends, and when it was written: microseconds from the start, plus one.
    lines: Vec<(usize, AtomicU64)>,
    start: Instant,
}

/// Measures, and prints what came of it.
pub fn followers(logboom: &Path) -> Result<ExitCode> {
    let folder = target().join("bench").join("followers");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let task = folder.join("logs").join("task");
    fs::create_dir_all(&task)?;
    let mut file = File::create(task.join("app.log"))?;
    let server = Server::start(logboom, &folder.join("logs"), &folder.join("data"))?;
    let mut written = Written { text: Vec::new(), lines: Vec::new(), start: Instant::now() };
    for n in 0..LINES_A_SECOND * SECONDS {
        let (seconds, millis) = (n / LINES_A_SECOND, n % LINES_A_SECOND);
        let (minutes, seconds) = (14 + seconds / 60, seconds % 60);
        writeln!(
            written.text,
            "2026-11-22T02:{minutes:02}:{seconds:02}.{millis:03}Z INFO [runner.py:{}] step {n} of the run",
            n % 997
        )?;
        written.lines.push((written.text.len(), AtomicU64::new(0)));
    }
    let written = Arc::new(written);
    let readers: Vec<_> = (0..FOLLOWERS)
        .map(|_| {
            let stream = server.ask("/api/v1/tasks/task/lines?follow=1&as=text", &[])?;
            let written = Arc::clone(&written);
            let reader = thread::Builder::new().stack_size(256 << 10);
            Ok(reader.spawn(move || follow(stream, &written))?)
        })
        .collect::<Result<_>>()?;
    say(&format!("{FOLLOWERS} follow"));
    let before = server.cpu_seconds()?;
    let (start, mut next) = (Instant::now(), 0);
    while next < written.lines.len() {
        let due = u128::from(LINES_A_SECOND) * start.elapsed().as_millis() / 1000;
        let due = usize::try_from(due)?.min(written.lines.len());
        if due > next {
            let from = next.checked_sub(1).map_or(0, |last| written.lines[last].0);
            file.write_all(&written.text[from..written.lines[due - 1].0])?;
            let now = u64::try_from(written.start.elapsed().as_micros())? + 1;
            written.lines[next..due].iter().for_each(|(_, at)| at.store(now, Ordering::Release));
            next = due;
        }
        thread::sleep(WRITE_EVERY);
    }
    let mut late = Vec::new();
    let mut whole = 0;
    for reader in readers {
        match reader.join() {
            Ok(Ok(of_one)) => {
                whole += 1;
                late.extend(of_one);
            }
            Ok(Err(error)) => say(&format!("a reader: {error:#}")),
            Err(_) => bail!("a reader broke down"),
        }
    }
    let cpu = server.cpu_seconds()? - before;
    late.sort_unstable();
    let part = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list"
        )]
        let at = (late.len() as f64 * share) as usize;
        late.get(at.min(late.len().saturating_sub(1))).map_or(0.0, |micros| *micros as f64 / 1000.0)
    };
    let bytes = written.text.len() as f64 / 1e6;
    say(&format!(
        "{whole} of {FOLLOWERS} followers had every line, in order: {} lines, {bytes:.1} MB each, at {LINES_A_SECOND} lines/s\n\
         written to read: p50 {:.0} ms, p99 {:.0} ms\n\
         server: {:.2} cores, {:.0} MB resident at most",
        written.lines.len(),
        part(0.5),
        part(0.99),
        cpu / SECONDS as f64,
        server.memory_kib("VmHWM")? as f64 * 1024.0 / 1e6,
    ));
    Ok(if whole == FOLLOWERS { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads until all has come, and compares it byte for byte; gives how late each read's last line came, in microseconds.
fn follow(mut stream: TcpStream, written: &Written) -> Result<Vec<u64>> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut block = vec![0; 64 << 10];
    let mut filled = 0;
    let head = loop {
        filled += stream.read(&mut block[filled..])?;
        if let Some(end) = block[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let mut pending: Vec<u8> = block[head..filled].to_vec();
    let (mut got, mut line, mut late) = (0, 0, Vec::new());
    while got < written.text.len() {
        // One chunk: its length, its bytes, a line's end.
        while let Some(end) = pending.windows(2).position(|two| two == b"\r\n") {
            let length = usize::from_str_radix(std::str::from_utf8(&pending[..end])?, 16).context("no chunk")?;
            if length == 0 {
                bail!("the answer has ended after {got} bytes");
            }
            if pending.len() < end + 2 + length + 2 {
                break;
            }
            let body = &pending[end + 2..end + 2 + length];
            if written.text.get(got..got + length) != Some(body) {
                bail!("other bytes after {got} of them");
            }
            got += length;
            pending.drain(..end + 2 + length + 2);
        }
        let now = u64::try_from(written.start.elapsed().as_micros())?;
        let before = line;
        while line < written.lines.len() && written.lines[line].0 <= got {
            line += 1;
        }
        if line > before {
            let at = written.lines[before].1.load(Ordering::Acquire);
            // The writer notes the time just after it has written.
            late.push(if at == 0 { 0 } else { now.saturating_sub(at - 1) });
        }
        if got < written.text.len() {
            let count = stream.read(&mut block)?;
            if count == 0 {
                bail!("the server closed the connection after {got} bytes");
            }
            pending.extend_from_slice(&block[..count]);
        }
    }
    Ok(late)
}
