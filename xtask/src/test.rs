//! Everything that must hold before a change goes in, step by step.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::client::{self, FEATURES, TARGET};
use crate::{command, logboom, say, server};

/// A step: its name, what it is for, and what it does.
type Step = (&'static str, &'static str, fn() -> Result<()>);

/// All steps, in their order.
const STEPS: [Step; 8] = [
    ("fmt", "the code is formatted", fmt),
    ("clippy", "no lint is broken, on the host and in the browser", clippy),
    ("unit", "the tests of all crates", unit),
    ("dist", "the client builds", client::dist),
    ("server", "the server builds with it", server),
    ("setup", "what the browser tests need", setup),
    ("e2e", "the pages in Chromium", e2e),
    (RECIPES, "NVFlare and Ray, read while they run", recipes),
];

/// The step that is taken only where it is named: it installs packages of half a gigabyte.
const RECIPES: &str = "recipes";

/// Runs the steps that are named, or all but [`RECIPES`]; goes on after a step that failed, and tells all at the end.
pub fn test(names: &[String]) -> Result<ExitCode> {
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|(step, ..)| step == name)) {
        bail!("unknown step “{unknown}”; there are: {}", STEPS.map(|(step, ..)| step).join(" "));
    }
    let mut results: Vec<(&str, Duration, Option<String>)> = Vec::new();
    for (name, purpose, step) in STEPS {
        let is_wanted = if names.is_empty() { name != RECIPES } else { names.iter().any(|wanted| wanted == name) };
        if !is_wanted {
            continue;
        }
        say(&format!("\n== {name}: {purpose}"));
        let start = Instant::now();
        let failure = step().err().map(|error| format!("{error:#}"));
        if let Some(failure) = &failure {
            say(failure);
        }
        results.push((name, start.elapsed(), failure));
    }
    say("");
    for (name, time, failure) in &results {
        let verdict = if failure.is_some() { "FAILED" } else { "ok" };
        say(&format!("{name:>8}  {:>4.0} s  {verdict}", time.as_secs_f64()));
    }
    let failed = results.iter().filter(|(.., failure)| failure.is_some()).count();
    say(&format!("steps: {} passed, {failed} failed", results.len() - failed));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn fmt() -> Result<()> {
    command("cargo", &["fmt", "--all", "--check"])
}

fn clippy() -> Result<()> {
    command(
        "cargo",
        &["clippy", "--locked", "--workspace", "--all-targets", "--exclude", "app", "--", "-D", "warnings"],
    )?;
    command(
        "cargo",
        &["clippy", "--locked", "-p", "app", "--all-targets", "--features", "ssr", "--", "-D", "warnings"],
    )?;
    command(
        "cargo",
        &[
            "clippy",
            "--locked",
            "-p",
            "app",
            "--lib",
            "--target",
            TARGET,
            "--features",
            FEATURES,
            "--",
            "-D",
            "warnings",
        ],
    )
}

fn unit() -> Result<()> {
    command("cargo", &["test", "--locked", "--workspace", "--features", "app/ssr"])
}

/// Chromium where it is missing and we may install it, and the packages of package-lock.json.
fn setup() -> Result<()> {
    if !Path::new(&chromium()).is_file() {
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
        if !(is_root && Path::new("/etc/debian_version").is_file()) {
            bail!("no Chromium at {}; install it, or name one in CHROMIUM", chromium());
        }
        command("apt-get", &["update", "-qq"])?;
        command("apt-get", &["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"])?;
    }
    command("npm", &["ci", "--no-audit", "--no-fund"])
}

fn e2e() -> Result<()> {
    let status = Command::new("npx")
        .args(["playwright", "test", "--config", "tests/playwright.config.ts"])
        .env("LOGBOOM", logboom())
        .env("CHROMIUM", chromium())
        .status();
    if !status.context("cannot start npx; is Node.js installed?")?.success() {
        bail!("browser tests failed");
    }
    Ok(())
}

fn recipes() -> Result<()> {
    command("tests/recipes/run.sh", &[&logboom().display().to_string()])
}

fn chromium() -> String {
    std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned())
}
