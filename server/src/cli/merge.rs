//! `logboom merge`: the merged log on standard output.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::{Error, Failure, Found, Input, Log, Merge, Origin, Place, Source, SpoolSource};

use super::{MergeArgs, Output, TimeOptions};
use crate::gather::{self, Hidden};
use crate::{clock, ids};

/// Bytes gathered before they are written; the first lines go out at once.
const WRITE_BYTES: usize = 128 << 10;

/// Lines that are written without waiting for more.
const FIRST_LINES: u64 = 32;

/// Runs the command. Tells what could not be read on standard error, a line each.
///
/// # Errors
///
/// Arguments that make no sense.
pub fn run(args: &MergeArgs) -> anyhow::Result<ExitCode> {
    let times = TimeOptions::settle(&args.times)?;
    let mut complaints = Complaints::default();
    let mut inputs = Vec::new();
    for (id, opened) in open_all(&args.paths) {
        let input = opened.and_then(|source| {
            let rules = times.rules(source.modified());
            let origin = Origin::find(&source, &rules, engine::limits::BLOCK_BYTES_MIN)?;
            Ok(Input { id: id.as_str().into(), source, rules, origin })
        });
        match input {
            Ok(input) => inputs.push(input),
            Err(error) => complaints.tell(&id, &error),
        }
    }
    let (mut merge, mut n, mut failures) = start(inputs.into(), args);
    let written = write(&mut merge, &mut n, args);
    let known: HashSet<_> = failures.iter().map(|failure| failure.source).collect();
    failures.extend(merge.failures().iter().filter(|failure| !known.contains(&failure.source)).cloned());
    for failure in failures {
        complaints.tell(&merge.inputs()[failure.source].id, &failure.error);
    }
    match written {
        // Whoever reads has had enough: `logboom merge … | head` ends in peace.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => complaints.say(&format!("cannot write to standard output: {error}")),
        Ok(()) => {}
    }
    Ok(if complaints.any { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The merge at the line that was asked for, that line's number, and the failures seen on the way to it.
fn start(inputs: Arc<[Input]>, args: &MergeArgs) -> (Merge, u64, Vec<Failure>) {
    let Some(tail) = args.tail else {
        let mut merge = Merge::from_start(inputs);
        let from = args.from.unwrap_or(1);
        for _ in 1..from {
            if merge.next().is_none() {
                break;
            }
        }
        return (merge, from, Vec::new());
    };
    // Which lines are the last is known once all were ordered.
    let log = Log::new(inputs);
    log.build_index(&AtomicBool::new(false), |_| {});
    let first = match log.find(Place::Tail(tail)) {
        Found::At(ordinal) => ordinal,
        Found::Beyond | Found::NotYet => 0,
    };
    let failures = log.index().failures().to_vec();
    (log.merge_from(first), first + 1, failures)
}

fn write(merge: &mut Merge, n: &mut u64, args: &MergeArgs) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(WRITE_BYTES, io::stdout().lock());
    let mut json = Vec::new();
    let limit = args.tail.into_iter().chain(args.limit).min().unwrap_or(u64::MAX);
    for written in 0..limit {
        if merge.next().is_none() {
            break;
        }
        match args.output {
            Output::Text => merge.write_raw(&mut out)?,
            Output::Json => {
                json.clear();
                if let Some(record) = merge.record(Some(*n)) {
                    record.write_json(&mut json);
                }
                json.push(b'\n');
                out.write_all(&json)?;
            }
        }
        *n += 1;
        if written < FIRST_LINES {
            out.flush()?;
        }
    }
    out.flush()
}

/// Every source that the arguments name, in order, each with its id.
fn open_all(paths: &[OsString]) -> Vec<(String, Opened)> {
    let mut taken = HashSet::new();
    let mut sources = Vec::new();
    for argument in paths {
        for (id, file) in named(argument) {
            let opened = match file {
                Ok(File::Named(path)) => open(&path),
                // A pipe that merely lies in a folder may have nobody who writes, and would be waited for for ever.
                Ok(File::Found(path)) => gather::open(&path, &std::env::temp_dir()),
                Ok(File::StandardInput) => {
                    SpoolSource::new("standard input", io::stdin(), clock::now(), &std::env::temp_dir())
                        .map(|source| source as Arc<dyn Source>)
                }
                Err(error) => Err(error),
            };
            sources.push((ids::unique(id, &mut taken), opened));
        }
    }
    sources
}

/// A source, or why there is none.
type Opened = Result<Arc<dyn Source>, Error>;

/// What an argument stands for.
enum File {
    /// An argument itself.
    Named(PathBuf),
    /// A file below a folder.
    Found(PathBuf),
    StandardInput,
}

/// The sources of one argument: itself, `NAME=FILE`, or all files below a folder.
fn named(argument: &OsStr) -> Vec<(String, Result<File, Error>)> {
    let bytes = argument.as_bytes();
    let equals = bytes
        .iter()
        .position(|byte| *byte == b'=')
        .map(|at| (OsStr::from_bytes(&bytes[..at]), OsStr::from_bytes(&bytes[at + 1..])));
    let (name, file) = match equals {
        // Airflow's folders are called `dag_id=…`: what is there as it stands is no name.
        Some((name, file))
            if !name.is_empty() && !Path::new(argument).exists() && (file == "-" || Path::new(file).exists()) =>
        {
            (Some(gather::readable(name)), file)
        }
        _ => (None, argument),
    };
    let own_name = || name.clone().unwrap_or_else(|| gather::readable(file));
    if file == "-" {
        return vec![(own_name(), Ok(File::StandardInput))];
    }
    let path = Path::new(file);
    if !path.is_dir() {
        return vec![(own_name(), Ok(File::Named(path.to_owned())))];
    }
    let id = |below: &Path| {
        let relative = gather::readable(below.strip_prefix(path).unwrap_or(below));
        let relative = if relative.is_empty() { gather::readable(file) } else { relative };
        name.as_ref().map_or(relative.clone(), |name| format!("{name}/{relative}"))
    };
    let mut sources = Vec::new();
    for (folder, found) in gather::folders(path, Hidden::Kept) {
        sources.extend(found.error.map(|error| (id(&folder), Err(error))));
        sources.extend(found.files.into_iter().map(|file| (id(&file), Ok(File::Found(file)))));
    }
    sources.sort_by(|a, b| a.0.cmp(&b.0));
    sources
}

/// Opens a file; a pipe is read as it comes.
fn open(path: &Path) -> Opened {
    use std::os::unix::fs::FileTypeExt as _;
    let piped = std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo());
    if piped {
        let name = path.display().to_string();
        let file =
            std::fs::File::open(path).map_err(|cause| Error::Open { name: name.clone(), cause: Arc::new(cause) })?;
        let source = SpoolSource::new(name, file, clock::now(), &std::env::temp_dir())?;
        return Ok(source);
    }
    gather::open(path, &std::env::temp_dir())
}

/// What was said on standard error.
#[derive(Default)]
struct Complaints {
    any: bool,
}

impl Complaints {
    /// Tells that a source could not be read.
    fn tell(&mut self, id: &str, error: &Error) {
        let message = error.to_string();
        self.say(&if message.contains(id) { message } else { format!("{id}: {message}") });
    }

    #[expect(clippy::print_stderr, reason = "this is where the command line tells what it could not do")]
    fn say(&mut self, message: &str) {
        self.any = true;
        eprintln!("logboom: {}", message.replace('\n', " "));
    }
}
