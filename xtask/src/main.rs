//! Builds, runs and tests the project: `cargo xtask run`, `cargo xtask test`.

mod bench;
mod client;
mod style;
mod test;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "\
cargo xtask run [PATH…]     build the client and the server, and serve PATH… (the demo logs if none are given)
cargo xtask test [STEP…]    all checks and tests, or only the steps named: fmt clippy unit dist server setup e2e,
                            and recipes, which is taken only where it is named
cargo xtask bench [BINARY]  measure, and print a table of figures beside those of cat, sort, rg and others
cargo xtask bench browser [BINARY [LINES]]
                            measure the page in Chromium, beside PatternFly's log viewer (needs node and npm ci)
cargo xtask bench followers [BINARY]
                            measure 1,000 readers who follow a task at 1,000 lines a second
cargo xtask bench lighthouse [BINARY]
                            let Lighthouse judge the pages' accessibility and best practices (needs node)
cargo xtask dist            build the client into dist/
cargo xtask style [FILE]    write the one style sheet (to dist/pkg/app.css if no file is given)";

fn main() -> ExitCode {
    match dispatch(std::env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: Vec<String>) -> Result<ExitCode> {
    std::env::set_current_dir(root()).context("cannot enter the project's folder")?;
    let (command, rest) = arguments.split_first().map_or(("", &[][..]), |(command, rest)| (command.as_str(), rest));
    match command {
        "run" => run(rest),
        "test" => test::test(rest),
        "bench" if rest.first().is_some_and(|what| what == "browser") => bench_page("bench/browser.mjs", &rest[1..]),
        "bench" if rest.first().is_some_and(|what| what == "lighthouse") => {
            bench_page("bench/lighthouse.mjs", &rest[1..])
        }
        "bench" if rest.first().is_some_and(|what| what == "followers") => bench::followed(rest.get(1)),
        "bench" => bench::bench(rest.first()),
        "dist" => client::dist().map(|()| ExitCode::SUCCESS),
        "style" => style::write(rest.first().map_or("dist/pkg/app.css", String::as_str)).map(|()| ExitCode::SUCCESS),
        "help" | "--help" | "-h" => {
            say(USAGE);
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("unknown command “{other}”\n\n{USAGE}"),
    }
}

/// Builds all of it and serves what `paths` name.
fn run(arguments: &[String]) -> Result<ExitCode> {
    client::dist()?;
    server()?;
    let mut serve = Command::new(logboom());
    serve.arg("serve");
    if arguments.is_empty() {
        serve.arg("demo");
    } else {
        serve.args(arguments);
    }
    let status = serve.status().with_context(|| format!("cannot start {}", logboom().display()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Measures the page of the binary that is named, or of one that is built first, with a script.
fn bench_page(script: &str, arguments: &[String]) -> Result<ExitCode> {
    let (binary, more) = match arguments.split_first() {
        Some((binary, more)) => (binary.clone(), more),
        None => {
            client::dist()?;
            server()?;
            (logboom().display().to_string(), arguments)
        }
    };
    let given: Vec<&str> = more.iter().map(String::as_str).collect();
    command("node", &[&[script, &binary][..], &given].concat())?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the server with the client that lies in `dist`.
fn server() -> Result<()> {
    command("cargo", &["build", "--locked", "--release", "--package", "server"])
}

/// The server's binary.
fn logboom() -> PathBuf {
    target().join("release").join("logboom").with_extension(std::env::consts::EXE_EXTENSION)
}

/// Where cargo builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The project's folder: as cargo says it when it runs this, since two clones may share a target folder.
fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    own.join("..")
}

/// Runs a command to its end, its output shown.
fn command(program: &str, arguments: &[&str]) -> Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .status()
        .with_context(|| format!("cannot start {program}; is it installed?"))?;
    if !status.success() {
        bail!("{program} {} failed ({status})", arguments.join(" "));
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "xtask talks to a person")]
fn say(text: &str) {
    eprintln!("{text}");
}
