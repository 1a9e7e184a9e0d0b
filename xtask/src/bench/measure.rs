//! What a command costs.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// What a command took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub memory_kib: u64,
}

/// The program is there.
pub fn has(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", "command -v \"$0\" > /dev/null", program])
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command some times, its output thrown away; what the fastest run took.
pub fn cost(program: &Path, arguments: &[&str], runs: u32) -> Result<Cost> {
    let mut best: Option<Cost> = None;
    for _ in 0..runs {
        let started = Instant::now();
        let done = Command::new("/usr/bin/time")
            .args(["-q", "-f", "%U %S %M"])
            .arg(program)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let seconds = started.elapsed().as_secs_f64();
        let said = String::from_utf8_lossy(&done.stderr);
        let last = said.lines().last().unwrap_or_default();
        let mut figures = last.split(' ');
        let mut next = || figures.next().unwrap_or_default();
        let (Ok(user), Ok(system), Ok(memory_kib)) = (next().parse::<f64>(), next().parse::<f64>(), next().parse())
        else {
            bail!("{} failed: {said}", program.display());
        };
        let cost = Cost { seconds, cpu_seconds: user + system, memory_kib };
        if best.is_none_or(|best| cost.seconds < best.seconds) {
            best = Some(cost);
        }
    }
    best.context("nothing was run")
}

/// How long a command takes to write its first byte.
pub fn first_byte(program: &Path, arguments: &[String]) -> Result<Duration> {
    let started = Instant::now();
    let mut child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn()?;
    let mut out = child.stdout.take().context("no output")?;
    out.read_exact(&mut [0])?;
    let took = started.elapsed();
    drop(out);
    child.kill()?;
    child.wait()?;
    Ok(took)
}
