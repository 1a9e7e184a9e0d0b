//! `logboom run`: a command, and its output to a server beside that.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use agent::command::{Command, Ended, end_as};
use agent::sender::Outcome;
use clap::Args;

use super::ship::{Target, TargetArgs, teller, time};

/// How long the rest may take to be sent where nothing else is said.
const GRACE: Duration = Duration::from_secs(10);

/// The same where the server was tried and never answered.
const GRACE_AWAY: Duration = Duration::from_secs(1);

/// `logboom run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Where the lines go.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What the sources are called: NAME.stdout and NAME.stderr; `stdout` and `stderr` where it is not given.
    #[arg(long, value_name = "NAME", env = "LOGBOOM_SOURCE")]
    pub source: Option<String>,
    /// How much of each output may wait in a temporary file for a server that is away: 500MB, 1GB, or 0.
    #[arg(long, value_name = "BYTES", default_value = "1GB", env = "LOGBOOM_SPILL", value_parser = bytes)]
    pub spill: u64,
    /// How long the rest may take to be sent once the command has ended. Where it is not given: 10s, or 1s if the server was
    /// tried and never answered.
    #[arg(long, value_name = "TIME", env = "LOGBOOM_GRACE", value_parser = time)]
    pub grace: Option<Duration>,
    /// The command and its arguments.
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub command: Vec<OsString>,
}

/// Runs the command, and ends as it did.
///
/// # Errors
///
/// Arguments that make no sense. The command was not started then.
pub fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let target = Target::settle(&args.target)?;
    let page = target.address.page(&args.target.task)?;
    let sources = match &args.source {
        Some(name) => ["stdout", "stderr"].map(|output| format!("{name}.{output}")),
        None => ["stdout", "stderr"].map(ToOwned::to_owned),
    };
    let teller = teller();
    teller.say(&page);
    let command = Command {
        command: args.command,
        server: target.address,
        task: args.target.task,
        sources,
        silence: target.silence,
        spill: args.spill,
        grace: args.grace.unwrap_or(GRACE),
        grace_away: args.grace.unwrap_or(GRACE_AWAY),
    };
    match command.run(&teller) {
        Ok(ended) => {
            tell_of(&ended);
            Ok(end_as(ended.status))
        }
        // As a shell says it.
        Err(agent::Error::Command { command, cause }) => {
            let status = if cause.kind() == ErrorKind::NotFound { 127 } else { 126 };
            teller.say(&agent::Error::Command { command, cause }.to_string());
            Ok(ExitCode::from(status))
        }
        Err(error) => Err(error.into()),
    }
}

/// What of the output did not arrive.
fn tell_of(ended: &Ended) {
    let teller = teller();
    for (outcome, dropped) in ended.outcomes.iter().zip(ended.dropped) {
        let Outcome { source, acked, end, trouble, .. } = outcome;
        let left = end - acked;
        if left > 0 {
            let why = trouble.as_ref().map_or_else(String::new, |trouble| format!(" ({trouble})"));
            teller.say(&format!("{source}: {left} of {end} bytes were not sent{why}"));
        }
        if dropped > 0 {
            teller.say(&format!("{source}: {dropped} bytes were dropped for want of room"));
        }
    }
}

/// A number of bytes with its unit, or none at all.
fn bytes(text: &str) -> Result<u64, String> {
    if text == "0" { Ok(0) } else { crate::ingest::bytes(text) }
}
