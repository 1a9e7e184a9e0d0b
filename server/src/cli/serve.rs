//! `logboom serve`: from the command line to a listening server, and down again.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::serve::ListenerExt as _;
use axum::{Router, middleware};
use engine::limits::CACHE_BYTES_MAX;
use engine::{Cache, Spools};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use tower_http::trace::TraceLayer;

use super::{ServeArgs, ShippedArgs, TimeArgs, TimeOptions};
use crate::access::token::{MARK, TokenConfig};
use crate::access::{self, Access, sign_in};
use crate::ingest::{self, Durability, Ingest, Options, Place};
use crate::page_api::PageApi;
use crate::pages::{self, Ancestors, Assets};
use crate::routes::{self, Live, STREAMS_MAX, Shared};
use crate::tasks::{Catalog, Settings};

/// How long requests in flight may take once the server was told to end; the contract gives 5 s in all.
const GRACE: Duration = Duration::from_secs(4);

/// What `logboom.toml` may say; the command line and the environment come before it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    paths: Option<Vec<PathBuf>>,
    listen: Option<SocketAddr>,
    #[serde(default)]
    hosts: Vec<String>,
    data: Option<PathBuf>,
    tz: Option<String>,
    time_format: Option<String>,
    frame_ancestors: Option<String>,
    durability: Option<Durability>,
    idle_timeout: Option<String>,
    quota: Option<String>,
    keep: Option<String>,
    #[serde(default)]
    token: Vec<TokenConfig>,
    /// For `ship` and `run`.
    #[serde(rename = "ship")]
    _ship: Option<serde::de::IgnoredAny>,
}

impl Config {
    fn read(given: Option<&Path>) -> anyhow::Result<Self> {
        let Some((path, text)) = super::config_file(given)? else { return Ok(Self::default()) };
        let read = toml::from_str(&text).map_err(|error| {
            let told = error.to_string();
            if !told.contains(MARK) {
                return anyhow::Error::msg(told);
            }
            // A token that stands there, where its hash belongs, is not repeated.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            anyhow::anyhow!("line {line} cannot be read; tokens stand in [[token]] blocks, by their hashes")
        });
        read.with_context(|| format!("{} makes no sense", path.display()))
    }
}

/// Runs the command until it is told to end.
///
/// # Errors
///
/// Arguments that make no sense, and an address that cannot be had.
pub fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    agent::limits::open_as_many_files_as_may_be();
    let config = Config::read(args.config.as_deref())?;
    let options = options(&args.shipped, &config)?;
    let hosts = if args.host.is_empty() { config.hosts } else { args.host };
    let access = Arc::new(Access::new(&config.token).context("logboom.toml makes no sense")?.called(&hosts));
    let times = TimeOptions::settle(&TimeArgs {
        tz: args.times.tz.or(config.tz),
        time_format: args.times.time_format.or(config.time_format),
    })?;
    let listen = args.listen.or(config.listen).unwrap_or((Ipv4Addr::LOCALHOST, 7171).into());
    if !listen.ip().is_loopback() && !access.is_required() {
        anyhow::bail!(
            "--listen {listen}: without tokens the server listens on loopback alone, such as 127.0.0.1:{}; \
             `logboom token new` makes a token for logboom.toml",
            listen.port()
        );
    }
    let ancestors = args.frame_ancestors.or(config.frame_ancestors);
    let ancestors = ancestors.map_or(Ok(Ancestors::default()), |text| Ancestors::read(&text))?;
    let data = args.data.or(config.data);
    let place = match &data {
        Some(folder) => Place::Named(folder.join("shipped")),
        None => Place::Usual(users_folder("XDG_DATA_HOME", ".local/share").map(|folder| folder.join("shipped"))),
    };
    let (spools, cache) = keep_in(data)?;
    let ingest = Ingest::open(place, options).context("cannot keep what is shipped")?;
    let roots = if args.paths.is_empty() { config.paths.unwrap_or_default() } else { args.paths };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // While one search waits for the disk, another can use the core.
    let turns = Arc::new(Semaphore::new(2 * workers));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Each reader may hold one, and they wait for searches and files, which need some too.
        .max_blocking_threads(2 * STREAMS_MAX + 256)
        .build()
        .context("cannot start")?;
    let catalog = Catalog::new(roots, Settings { times, spools, cache, ingest: ingest.clone(), turns }, workers);
    let shared = Shared::new(catalog, ingest.clone(), access);
    let done = runtime.block_on(serve(listen, shared, ancestors));
    ingest.end();
    // Threads that still merge for readers that are gone end by themselves; nobody waits for them.
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

/// How shipped sources are kept: as the command line says, else the configuration.
fn options(args: &ShippedArgs, config: &Config) -> anyhow::Result<Options> {
    let usual = Options::default();
    let time = |name: &str, text: &Option<String>| {
        let time = text.as_deref().map(ingest::duration).transpose();
        time.map_err(|fault| anyhow::anyhow!("logboom.toml: {name}: {fault}"))
    };
    let quota = config.quota.as_deref().map(ingest::bytes).transpose();
    let quota = quota.map_err(|fault| anyhow::anyhow!("logboom.toml: quota: {fault}"))?;
    Ok(Options {
        durability: args.durability.or(config.durability).unwrap_or(usual.durability),
        idle: args.idle_timeout.or(time("idle_timeout", &config.idle_timeout)?).unwrap_or(usual.idle),
        quota: args.quota.or(quota),
        keep: args.keep.or(time("keep", &config.keep)?),
    })
}

/// Where what can be made again is kept: what packed sources unpack to, and indexes.
///
/// # Errors
///
/// A folder that was named and cannot be used. One that was not named is done without then.
fn keep_in(named: Option<PathBuf>) -> anyhow::Result<(Spools, Option<Arc<Cache>>)> {
    let folder = named.clone().or_else(|| users_folder("XDG_CACHE_HOME", ".cache"));
    let opened = folder.as_ref().map(|folder| Cache::open(folder.join("cache"), CACHE_BYTES_MAX));
    match (opened, folder) {
        (Some(Ok(cache)), Some(folder)) => Ok((Spools::new(folder).with_cache(Arc::clone(&cache)), Some(cache))),
        (Some(Err(error)), _) if named.is_some() => Err(error).context("cannot use the folder that --data names"),
        (failed, _) => {
            if let Some(Err(error)) = failed {
                tracing::warn!(%error, "nothing is kept from this start to the next; --data names another folder");
            }
            Ok((Spools::new(std::env::temp_dir()), None))
        }
    }
}

/// The user's own folder of this kind (XDG Base Directory Specification).
fn users_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute(variable).or_else(|| Some(absolute("HOME")?.join(below_home)))?;
    Some(folder.join("logboom"))
}

async fn serve(listen: SocketAddr, shared: Shared, ancestors: Ancestors) -> anyhow::Result<()> {
    let catalog = Arc::clone(&shared.catalog);
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}; is another logboom running? --listen takes another port")
    })?;
    let address = listener.local_addr().context("cannot tell the address")?;
    // Before anybody knows the address: who does may send a signal.
    let told = told().context("cannot listen for signals")?;
    let (told_to_end, mut ending) = watch::channel(false);
    let app = app(shared, ancestors);
    // Without this a short answer waits 40 ms for the reader's system to confirm its first half (Nagle's algorithm).
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "answers are sent late");
        }
    });
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        // The sender lives as long as this function.
        let ended = ending.wait_for(|ending| *ending).await;
        drop(ended);
    });
    announce(address, catalog.all().len());
    let opening = tokio::spawn(Arc::clone(&catalog).open_small_tasks());
    let mut server = tokio::spawn(server.into_future());
    tokio::select! {
        ended = &mut server => return ended.context("the server broke down")?.context("the server broke down"),
        () = told => {}
    }
    tracing::info!("told to end; requests in flight may take {} s more", GRACE.as_secs());
    opening.abort();
    catalog.end();
    told_to_end.send_replace(true);
    match tokio::time::timeout(GRACE, server).await {
        Ok(ended) => ended.context("the server broke down")?.context("the server broke down"),
        Err(_) => {
            tracing::warn!("some requests did not end in time and were cut off");
            Ok(())
        }
    }
}

/// All that the server answers.
fn app(shared: Shared, ancestors: Ancestors) -> Router {
    let access = Arc::clone(&shared.access);
    let api = Arc::new(PageApi::new(shared.clone()));
    let counters = Arc::clone(shared.counters());
    // Bytes of a source are sent as they are, so that a range of them means something; events are flushed one by one.
    let compressed = DefaultPredicate::new()
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::const_new("application/gzip"))
        .and(|_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions| extensions.get::<Live>().is_none());
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(compressed);
    // A line a request, at level debug: method, address, status, time.
    let mut router = routes::router(shared).merge(pages::router(api, Assets::embedded(), ancestors));
    if access.is_required() {
        router = router.merge(sign_in::router(Arc::clone(&access), Assets::embedded().files().style));
    }
    router
        .layer(middleware::from_fn_with_state(access, access::guard))
        .layer(middleware::from_fn_with_state(counters, routes::count))
        .layer(compression)
        .layer(TraceLayer::new_for_http())
}

/// Says where to look: on standard output, which scripts read.
#[expect(clippy::print_stderr, reason = "an empty server says what to do")]
fn announce(address: SocketAddr, tasks: usize) {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
    if let Err(error) = written {
        tracing::warn!(%error, "cannot write to standard output");
    }
    if tasks == 0 {
        eprintln!("logboom: there are no logs to show yet; name files or folders (logboom serve PATH…), or ship some");
    }
    tracing::info!(%address, tasks, "serving");
}

/// Listens for SIGINT and SIGTERM from now on; done once one of them came.
fn told() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
