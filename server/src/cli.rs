//! The command line: what may be typed, and where else it may come from.

pub mod merge;
pub mod run;
pub mod serve;
pub mod ship;
pub mod token;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use record::scan::{Rules, TimeFormat};
use record::{Timestamp, Zone};

use crate::ingest::{self, Durability};

/// Gathers the log lines of a task from wherever they lie, in one exact order.
#[derive(Debug, Parser)]
#[command(name = "logboom", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show logs in the browser.
    Serve(ServeArgs),
    /// Write the merged log to standard output.
    Merge(MergeArgs),
    /// Send files to a server while they are written.
    Ship(ship::ShipArgs),
    /// Run a command, and send its output to a server.
    Run(run::RunArgs),
    /// Make tokens, which say who may read and ship what.
    Token(TokenArgs),
}

/// How times are read.
#[derive(Clone, Debug, Default, Args)]
pub struct TimeArgs {
    /// The zone of times that bear none, such as `Europe/Berlin` or `+05:30`; UTC where it is not given.
    #[arg(long, value_name = "ZONE", env = "LOGBOOM_TZ", allow_hyphen_values = true)]
    pub tz: Option<String>,
    /// A form of time at the start of a line, such as `%d.%m.%Y %H:%M:%S`, tried before the usual ones.
    #[arg(long, value_name = "FORMAT", env = "LOGBOOM_TIME_FORMAT")]
    pub time_format: Option<String>,
}

/// `logboom serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Files and folders to show: each folder that holds files is a task, the files in it are its sources.
    #[arg(value_name = "PATH", env = "LOGBOOM_PATHS", value_delimiter = None)]
    pub paths: Vec<PathBuf>,
    /// The address to listen on; port 0 takes a free one. Without tokens (`logboom token new`) it has to be a loopback one.
    /// 127.0.0.1:7171 where it is not given.
    #[arg(long, value_name = "ADDRESS", env = "LOGBOOM_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// The folder for what the server keeps, made if it is missing: what is shipped to it, in `shipped`, and what can be
    /// made again, in `cache`. `logboom` in the user's data folder and in their cache folder where it is not given.
    #[arg(long, value_name = "DIR", env = "LOGBOOM_DATA")]
    pub data: Option<PathBuf>,
    /// A name by which readers call the server, such as `logs.example`, where a proxy passes it on. With tokens any name will do;
    /// without them the server answers to addresses and `localhost`, and to names without a dot.
    #[arg(long, value_name = "NAME", env = "LOGBOOM_HOST", value_delimiter = ',')]
    pub host: Vec<String>,
    /// Who may show a log in a page of their own (`/embed/…`): addresses such as `https://wiki.example`, with spaces
    /// between, `'self'` or `'none'`. `'self'` where it is not given.
    #[arg(long, value_name = "ORIGINS", env = "LOGBOOM_FRAME_ANCESTORS")]
    pub frame_ancestors: Option<String>,
    /// The configuration file; `logboom.toml` in the current folder where it is not given and one lies there.
    #[arg(long, value_name = "FILE", env = "LOGBOOM_CONFIG")]
    pub config: Option<PathBuf>,
    /// How shipped sources are kept.
    #[command(flatten)]
    pub shipped: ShippedArgs,
    /// How times are read.
    #[command(flatten)]
    pub times: TimeArgs,
}

/// How shipped sources are kept.
#[derive(Clone, Debug, Default, Args)]
pub struct ShippedArgs {
    /// When shipped bytes are acknowledged. `disk` where it is not given.
    #[arg(long, value_enum, value_name = "WHEN", env = "LOGBOOM_DURABILITY")]
    pub durability: Option<Durability>,
    /// After how long without a message a growing source is lost, such as `30s` or `5m`. 30s where it is not given.
    #[arg(long, value_name = "TIME", value_parser = ingest::duration, env = "LOGBOOM_IDLE_TIMEOUT")]
    pub idle_timeout: Option<Duration>,
    /// Bytes that shipped sources may take, such as `10GB`. Where they would take more, the tasks heard of longest ago are
    /// deleted, but none that grows. No bound where it is not given.
    #[arg(long, value_name = "BYTES", value_parser = ingest::bytes, env = "LOGBOOM_QUOTA")]
    pub quota: Option<u64>,
    /// How long a shipped task is kept after it was last heard of, such as `30d` or `12h`; then it is deleted, unless it
    /// grows. For ever where it is not given.
    #[arg(long, value_name = "TIME", value_parser = ingest::duration, env = "LOGBOOM_KEEP")]
    pub keep: Option<Duration>,
}

/// `logboom token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token: it is shown once, with what goes into `logboom.toml` of the server.
    New(TokenNewArgs),
}

/// `logboom token new`.
#[derive(Debug, Args)]
pub struct TokenNewArgs {
    /// What it is called in logs and messages.
    #[arg(long, value_name = "NAME", default_value = "token")]
    pub name: String,
    /// A task that it may read, with all whose ids go on after it with a `/`; `*` for all. May be given several times.
    #[arg(long, value_name = "PREFIX")]
    pub read: Vec<String>,
    /// A task that it may ship, likewise.
    #[arg(long, value_name = "PREFIX")]
    pub write: Vec<String>,
}

/// `logboom merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Files, folders (every file below them), or `-` for standard input; `NAME=FILE` gives a source its id.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<OsString>,
    /// What to write: each line's bytes, or a record in JSON a line.
    #[arg(long, value_enum, default_value_t = Output::Text, env = "LOGBOOM_OUTPUT")]
    pub output: Output,
    /// Start at this line, counted from 1.
    #[arg(long, value_name = "N", conflicts_with = "tail", value_parser = clap::value_parser!(u64).range(1..), env = "LOGBOOM_FROM")]
    pub from: Option<u64>,
    /// Write at most so many lines.
    #[arg(long, value_name = "M", env = "LOGBOOM_LIMIT")]
    pub limit: Option<u64>,
    /// Write the last so many lines.
    #[arg(long, value_name = "M", env = "LOGBOOM_TAIL")]
    pub tail: Option<u64>,
    /// Which lines to write.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// All sources are copies of one another: write each line once.
    #[arg(long, env = "LOGBOOM_DEDUP")]
    pub dedup: bool,
    /// Go on as the files grow, through rotation and all, until told to end. Each line is written once it has its newline.
    #[arg(long, conflicts_with_all = ["dedup", "context"], env = "LOGBOOM_FOLLOW")]
    pub follow: bool,
    /// How times are read.
    #[command(flatten)]
    pub times: TimeArgs,
}

/// Which lines are wanted: those that meet all that is given. They are filtered before others are counted.
#[derive(Clone, Debug, Default, Args)]
pub struct FilterArgs {
    /// Lines placed at this time or later: 2026-11-22T02:14:01Z, `2026-11-22 02:14`, or 02:14:01 of the log's first day.
    #[arg(long, value_name = "T", env = "LOGBOOM_SINCE")]
    pub since: Option<String>,
    /// Lines placed at this time or earlier.
    #[arg(long, value_name = "T", env = "LOGBOOM_UNTIL")]
    pub until: Option<String>,
    /// Lines of these levels: trace, debug, info, warn, error, fatal, none.
    #[arg(long, value_name = "L,…", env = "LOGBOOM_LEVEL")]
    pub level: Option<String>,
    /// Lines of these sources, by their ids.
    #[arg(long, value_name = "ID,…", env = "LOGBOOM_SOURCE")]
    pub source: Option<String>,
    /// Lines whose text has a match of this regular expression.
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true, env = "LOGBOOM_GREP")]
    pub grep: Option<String>,
    /// Lines whose text has no match of this regular expression.
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true, env = "LOGBOOM_NOT")]
    pub not: Option<String>,
    /// Lines that bear a time of their own: no continuations.
    #[arg(long, env = "LOGBOOM_HEADS")]
    pub heads: bool,
    /// How upper and lower case are told apart in these: match, ignore, or smart (if one has a letter in upper case).
    #[arg(long, value_name = "CASE", default_value = "match", env = "LOGBOOM_CASE")]
    pub case: String,
    /// With so many lines before and after each match, of those that meet the other conditions.
    #[arg(long, value_name = "K", default_value_t = 0, env = "LOGBOOM_CONTEXT")]
    pub context: u64,
}

/// What `merge` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// The lines' bytes, unaltered.
    Text,
    /// A record in JSON a line.
    Json,
}

/// Times as the user's options say they are to be read.
#[derive(Clone, Debug)]
pub struct TimeOptions {
    zone: Zone,
    format: Option<TimeFormat>,
}

impl TimeOptions {
    /// Settles what was typed.
    ///
    /// # Errors
    ///
    /// A zone that is not known or a format that gives no full date and time, each named.
    pub fn settle(args: &TimeArgs) -> anyhow::Result<Self> {
        let zone = args.tz.as_deref().map_or(Ok(Zone::Utc), zone)?;
        let format = args
            .time_format
            .as_deref()
            .map(|pattern| {
                TimeFormat::new(pattern).map_err(|error| anyhow::anyhow!("--time-format {pattern:?}: {error}"))
            })
            .transpose()?;
        Ok(Self { zone, format })
    }

    /// The rules for a source that was last changed at `modified`.
    #[must_use]
    pub fn rules(&self, modified: Timestamp) -> Rules {
        Rules { zone: self.zone.clone(), modified, format: self.format.clone() }
    }

    /// A name for these options: two that read times alike have the same.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{:?} {:?}", self.zone, self.format)
    }

    /// What a time without a zone means.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }
}

/// The zone of this name, or at this offset.
///
/// # Errors
///
/// What was typed, where it is neither.
pub fn zone(name: &str) -> anyhow::Result<Zone> {
    if matches!(name, "UTC" | "utc" | "Z" | "GMT") {
        return Ok(Zone::Utc);
    }
    if let Some(seconds) = offset_seconds(name) {
        return Ok(Zone::Fixed(seconds));
    }
    jiff::tz::TimeZone::get(name).map(Zone::Named).map_err(|_| {
        anyhow::anyhow!(
            "--tz {name:?}: no such zone; give UTC, an offset such as +05:30, or a name such as Europe/Berlin"
        )
    })
}

/// Seconds east of Greenwich of `+05:30`, `+0530` or `+05`.
fn offset_seconds(name: &str) -> Option<i32> {
    let (sign, digits) = match name.split_at_checked(1)? {
        ("+", digits) => (1, digits.replacen(':', "", 1)),
        ("-", digits) => (-1, digits.replacen(':', "", 1)),
        _ => return None,
    };
    let number: i32 = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    let (hours, minutes) = match digits.len() {
        2 => (number, 0),
        4 => (number / 100, number % 100),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// The configuration file that is named, or else the one in the current folder: its path and its text. None where there is none.
///
/// # Errors
///
/// One that cannot be read.
fn config_file(given: Option<&Path>) -> anyhow::Result<Option<(PathBuf, String)>> {
    let usual = Path::new("logboom.toml");
    let path = match given {
        Some(path) => path,
        None if usual.exists() => usual,
        None => return Ok(None),
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some((path.to_owned(), text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_names_or_offsets() {
        assert!(matches!(zone("UTC"), Ok(Zone::Utc)));
        assert!(matches!(zone("+05:45"), Ok(Zone::Fixed(20_700))));
        assert!(matches!(zone("-0330"), Ok(Zone::Fixed(-12_600))));
        assert!(matches!(zone("Europe/Berlin"), Ok(Zone::Named(_))));
        for wrong in ["", "+", "+5", "+25:00", "+05:60", "Mars/Olympus"] {
            let message = zone(wrong).expect_err("not a zone").to_string();
            assert!(message.contains("Europe/Berlin"), "{message}");
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
