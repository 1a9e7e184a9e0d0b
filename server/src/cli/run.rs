//! `logboom run`: a command, and its output to a server beside that.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use agent::command::{Command, Ended, end_as};
use agent::sender::Outcome;
use clap::Args;

use super::ship::{Target, TargetArgs, seconds, teller};

/// How long the rest may take to be sent where nothing else is said.
const GRACE: Duration = Duration::from_secs(10);

/// The same where the server was never there.
const GRACE_UNREACHED: Duration = Duration::from_secs(1);

/// `logboom run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Where the lines go.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What the sources are called: NAME.stdout and NAME.stderr; `stdout` and `stderr` where it is not given.
    #[arg(long, value_name = "NAME", env = "LOGBOOM_SOURCE")]
    pub source: Option<String>,
    /// How much of each output may wait in a temporary file for a server that is away: 500M, 1G, 0.
    #[arg(long, value_name = "BYTES", default_value = "1G", env = "LOGBOOM_SPILL", value_parser = bytes)]
    pub spill: u64,
    /// How long the rest may take to be sent once the command has ended, in seconds. Where it is not given: 10, or 1 if the
    /// server was never reached.
    #[arg(long, value_name = "SECONDS", env = "LOGBOOM_GRACE", value_parser = seconds)]
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
        grace_unreached: args.grace.unwrap_or(GRACE_UNREACHED),
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

/// A number of bytes, with `K`, `M`, `G` or `T` for powers of 1,024.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|char: char| !char.is_ascii_digit());
    let factor: Option<u64> = match text[digits.len()..].trim_end_matches("iB").trim_end_matches('B') {
        "" => Some(1),
        "K" | "k" => Some(1 << 10),
        "M" => Some(1 << 20),
        "G" => Some(1 << 30),
        "T" => Some(1 << 40),
        _ => None,
    };
    let number: Option<u64> = digits.parse().ok();
    let bytes = number.zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    bytes.ok_or_else(|| "give a number of bytes, such as 500M or 1G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_with_their_unit() {
        for (text, expected) in [("0", 0), ("12", 12), ("4K", 4096), ("500M", 500 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for wrong in ["", "G", "-1", "1X", "1.5G", "99999999999T"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
