//! The binary `logboom`: the command line, the server, its pages.

mod cli;
mod clock;
mod gather;
mod ids;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Merge(args) => cli::merge::run(&args),
        Command::Serve(_) => unreachable!(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("logboom: {error:#}");
        ExitCode::from(2)
    })
}
