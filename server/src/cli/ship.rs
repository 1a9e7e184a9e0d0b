//! `logboom ship`: files to a server, as they are written.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use agent::follow::Holders;
use agent::remote::{Address, Server};
use agent::sender::{Order, Outcome};
use agent::ship::Ship;
use agent::tell::Teller;
use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Where lines are sent, for `ship` and `run`.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// The server's address, such as http://127.0.0.1:7171.
    #[arg(long, value_name = "URL", env = "LOGBOOM_SERVER")]
    pub server: Option<String>,
    /// The task that the lines belong to; it is made if it is new.
    #[arg(long, value_name = "ID", env = "LOGBOOM_TASK")]
    pub task: String,
    /// What the server knows us by. The environment shows it to fewer than the command line does.
    #[arg(long, value_name = "T", env = "LOGBOOM_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// How long the server may be silent until a request is given up and sent again. 15s where it is not given.
    #[arg(long, value_name = "TIME", env = "LOGBOOM_SILENCE", value_parser = time)]
    pub silence: Option<Duration>,
    /// The configuration file; `logboom.toml` in the current folder where it is not given and one lies there.
    #[arg(long, value_name = "FILE", env = "LOGBOOM_CONFIG")]
    pub config: Option<PathBuf>,
}

/// `logboom ship`.
#[derive(Debug, Args)]
pub struct ShipArgs {
    /// Where the lines go.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The source's name, where there is one FILE; otherwise each file's own name is taken.
    #[arg(long, value_name = "NAME", env = "LOGBOOM_SOURCE")]
    pub source: Option<String>,
    /// The folder that remembers how far each file was sent; `logboom` in the user's state folder where it is not given.
    #[arg(long, value_name = "DIR", env = "LOGBOOM_STATE")]
    pub state: Option<PathBuf>,
    /// End, and complete the sources, when no process has the files open for writing.
    #[arg(long, env = "LOGBOOM_UNTIL_CLOSED")]
    pub until_closed: bool,
    /// How long what is written may take to be sent after SIGTERM or SIGINT.
    #[arg(long, value_name = "TIME", default_value = "10s", env = "LOGBOOM_GRACE", value_parser = time)]
    pub grace: Duration,
    /// The files, followed by name; one that is not there yet is waited for.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// What `[ship]` in `logboom.toml` may say, for `ship` and `run`; the command line and the environment come before it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    server: Option<String>,
    token: Option<String>,
    state: Option<PathBuf>,
}

/// The whole file, of which the rest is others'.
#[derive(Debug, Default, Deserialize)]
struct ConfigFile {
    #[serde(default)]
    ship: Config,
}

impl Config {
    fn read(given: Option<&Path>) -> anyhow::Result<Self> {
        let Some((path, text)) = super::config_file(given)? else { return Ok(Self::default()) };
        let file: ConfigFile = toml::from_str(&text).with_context(|| format!("{} makes no sense", path.display()))?;
        Ok(file.ship)
    }
}

/// Where lines are sent, settled.
pub struct Target {
    /// The server.
    pub address: Address,
    /// How long it may be silent.
    pub silence: Duration,
    state: Option<PathBuf>,
}

impl Target {
    /// Settles what was typed.
    ///
    /// # Errors
    ///
    /// A configuration that cannot be read, and a server that was not named or has no address.
    pub fn settle(args: &TargetArgs) -> anyhow::Result<Self> {
        let config = Config::read(args.config.as_deref())?;
        let server = args.server.clone().or(config.server);
        let server = server.context("name the server: --server http://127.0.0.1:7171, or LOGBOOM_SERVER")?;
        let token = args.token.clone().or(config.token);
        let address = Address::new(&server, token.as_deref())?;
        Ok(Self { address, silence: args.silence.unwrap_or(agent::limits::SILENCE), state: config.state })
    }
}

/// Runs the command until all is sent or it is told to end.
///
/// # Errors
///
/// Arguments that make no sense, and states that cannot be used.
pub fn run(args: ShipArgs) -> anyhow::Result<ExitCode> {
    let ShipArgs { target: target_args, source, state, until_closed, grace, files } = args;
    let target = Target::settle(&target_args)?;
    if source.is_some() && files.len() > 1 {
        anyhow::bail!(
            "--source names one source, and there are {} files: leave it out, or ship them one by one",
            files.len()
        );
    }
    if let Some(folder) = files.iter().find(|file| file.is_dir()) {
        anyhow::bail!("{} is a folder: name the files in it that are to be shipped", folder.display());
    }
    if until_closed && !Holders::can_be_asked() {
        anyhow::bail!(
            "--until-closed asks /proc who holds the files open, and there is none here; end ship by SIGTERM"
        );
    }
    let state = state.or(target.state).or_else(usual_state_folder);
    let state = state.context("there is no folder for the state: name one with --state")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .enable_all()
        .build()
        .context("cannot start")?;
    let teller = teller();
    let outcomes = runtime.block_on(async {
        // Before anything is done that a signal should not cut off.
        let orders = orders().context("cannot listen for signals")?;
        let server = Server::new(target.address, target.silence)?;
        let ship = Ship { server, task: target_args.task, source, state, files, until_closed, grace };
        anyhow::Ok(ship.prepare(teller)?.run(orders).await)
    })?;
    runtime.shutdown_background();
    Ok(tell_of(&outcomes))
}

/// Listens for SIGTERM and SIGINT from now on: the first drains, the second ends it at once.
fn orders() -> std::io::Result<watch::Receiver<Order>> {
    let (order, orders) = watch::channel(Order::Follow);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for next in [Order::Drain, Order::Stop] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            order.send_replace(next);
        }
        order.closed().await;
    });
    Ok(orders)
}

/// What was not sent, a line each; whether there is any.
fn tell_of(outcomes: &[Outcome]) -> ExitCode {
    let teller = teller();
    for outcome in outcomes.iter().filter(|outcome| !outcome.is_whole()) {
        let Outcome { source, acked, end, trouble, .. } = outcome;
        let why = trouble.as_ref().map_or_else(String::new, |trouble| format!(" ({trouble})"));
        teller.say(&format!("{source}: {} of {end} bytes were not sent{why}; start again to send them", end - acked));
    }
    if outcomes.iter().all(Outcome::is_whole) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells on standard error, a line each.
#[expect(clippy::print_stderr, reason = "what the operator reads")]
pub fn teller() -> Teller {
    Teller::new(|text| eprintln!("logboom: {text}"))
}

/// A length of time with its unit, or in seconds, also parts of them.
pub fn time(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.map_or_else(|| crate::ingest::duration(text), Ok)
}

/// The user's own folder for what is to outlive a restart (XDG Base Directory Specification).
fn usual_state_folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let states = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(states.join("logboom"))
}
