//! The binary `logboom`: the command line, the server, its pages.

mod access;
mod cli;
mod clock;
mod filters;
mod gather;
mod ids;
mod ingest;
mod page_api;
mod pages;
mod problem;
mod routes;
mod tasks;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let done = match command {
        Command::Merge(args) => cli::merge::run(&args),
        Command::Ship(args) => cli::ship::run(args),
        Command::Run(args) => cli::run::run(args),
        Command::Serve(args) => {
            log_to_standard_error();
            cli::serve::run(args)
        }
        Command::Token(args) => cli::token::run(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("logboom: {error:#}");
        ExitCode::from(2)
    })
}

/// The server's own log; `LOGBOOM_LOG` sets what it tells (`debug`, `logboom=trace`), `LOGBOOM_LOG_JSON=1` its form.
fn log_to_standard_error() {
    let filter = EnvFilter::try_from_env("LOGBOOM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var_os("LOGBOOM_LOG_JSON").is_some() {
        log.json().init();
    } else {
        log.init();
    }
}
