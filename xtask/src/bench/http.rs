//! A server under measurement, and a client that reads as fast as it can.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A server; ended with this.
pub struct Server {
    child: Child,
    address: String,
}

/// What came of a request.
pub struct Got {
    pub status: u16,
    /// Until the first byte of the answer.
    pub first: Duration,
    /// Until its last.
    pub whole: Duration,
    /// Lines of its body.
    pub lines: u64,
}

impl Server {
    /// Serves a folder.
    pub fn start(logboom: &Path, folder: &Path, data: &Path) -> Result<Self> {
        if data.exists() {
            fs::remove_dir_all(data)?;
        }
        let mut child = Command::new(logboom)
            .arg("serve")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim_end().strip_prefix("listening on http://").context("it does not listen")?.to_owned();
        Ok(Self { child, address })
    }

    /// Asks, and reads the answer to its end.
    pub fn get(&self, target: &str, headers: &[(&str, &str)]) -> Result<Got> {
        let started = Instant::now();
        let mut stream = self.ask(target, headers)?;
        let mut block = vec![0; 256 << 10];
        let mut first = None;
        let mut head = Vec::new();
        loop {
            let count = stream.read(&mut block)?;
            first.get_or_insert_with(|| started.elapsed());
            if count == 0 {
                break;
            }
            if head.len() < 4096 {
                head.extend_from_slice(&block[..count.min(4096)]);
            }
        }
        let whole = started.elapsed();
        let head = String::from_utf8_lossy(&head);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
        // Counted in another reading, which is not measured.
        let lines = if head.contains("transfer-encoding: chunked") { self.body_lines(target, headers)? } else { 0 };
        Ok(Got { status, first: first.unwrap_or(whole), whole, lines })
    }

    /// The lines of an answer's body. Reads it once more, since to take chunks apart is not to be measured.
    fn body_lines(&self, target: &str, headers: &[(&str, &str)]) -> Result<u64> {
        if !target.contains("limit=") {
            return Ok(0);
        }
        let mut reader = BufReader::new(self.ask(target, headers)?);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        let mut lines = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let bytes = usize::from_str_radix(line.trim(), 16).context("no chunk")?;
            let mut chunk = vec![0; bytes + 2];
            reader.read_exact(&mut chunk)?;
            if bytes == 0 {
                return Ok(lines);
            }
            lines += chunk[..bytes].iter().filter(|byte| **byte == b'\n').count() as u64;
        }
    }

    /// Asks, and leaves the answer to be read.
    pub fn ask(&self, target: &str, headers: &[(&str, &str)]) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address)?;
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes())?;
        Ok(stream)
    }

    /// Reads an answer at 1 MB/s for a while, and leaves: the bytes read, and the server's CPU seconds meanwhile and in
    /// the second after.
    pub fn read_slowly(&self, target: &str, time: Duration) -> Result<(u64, f64, f64)> {
        let before = self.cpu_seconds()?;
        let mut stream = self.ask(target, &[])?;
        let started = Instant::now();
        let mut block = vec![0; 50_000];
        let mut read = 0;
        while started.elapsed() < time {
            read += stream.read(&mut block)? as u64;
            thread::sleep(Duration::from_millis(50));
        }
        let left = self.cpu_seconds()?;
        drop(stream);
        thread::sleep(Duration::from_secs(1));
        Ok((read, left - before, self.cpu_seconds()? - left))
    }

    /// Waits until all lines of a task were counted.
    pub fn wait_for_index(&self, task: &str) -> Result<()> {
        // Counting needs the whole index, and is answered when it is there.
        let got = self.get(&format!("/api/v1/tasks/{task}/stats?buckets=1"), &[])?;
        if got.status != 200 {
            bail!("the index of {task} was not built: {}", got.status);
        }
        // It is written behind the answer.
        thread::sleep(Duration::from_millis(500));
        Ok(())
    }

    /// A figure of `/proc/PID/status`.
    pub fn memory_kib(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(name)).context("no such figure")?;
        Ok(line.split_whitespace().nth(1).context("no figure")?.parse()?)
    }

    /// What it has computed so far.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after = stat.rsplit(") ").next().context("no figures")?;
        let ticks: f64 = after.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        // Linux tells these in hundredths of a second.
        Ok(ticks / 100.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and need not be.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
