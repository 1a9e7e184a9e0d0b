//! `logboom merge`: the merged log on standard output.

mod follow;

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::{Case, Ended, Error, Failure, Filter, Input, LineSet, Log, Merge, Origin, Picker, Source, Spools};
use record::{JsonWriter, Timestamp};

use super::{FilterArgs, MergeArgs, Output as Form, TimeOptions};
use crate::filters::{Scene, Spelling, Typed};
use crate::gather::{self, Hidden};
use crate::{clock, ids};

/// Bytes gathered before they are written; the first lines go out at once.
const WRITE_BYTES: usize = 128 << 10;

/// Lines that are written without waiting for more.
const FIRST_LINES: u64 = 32;

/// Lines that are taken from a set at a time.
const PICKED_LINES: usize = 4096;

/// Runs the command. Tells what could not be read on standard error, a line each.
///
/// # Errors
///
/// Arguments that make no sense.
pub fn run(args: &MergeArgs) -> anyhow::Result<ExitCode> {
    let times = TimeOptions::settle(&args.times)?;
    if args.follow {
        return follow::run(args, &times);
    }
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
    let inputs: Arc<[Input]> = inputs.into();
    let filter = filter(&inputs, &complaints, &args.filters, &times)?;
    let log = Log::new(Arc::clone(&inputs));
    let log = if args.dedup { log.without_copies() } else { log };
    let mut out = Output::new(args.output);
    // Which lines are the last, or near a match, is known once all were ordered.
    let written = if args.tail.is_some() || args.filters.context > 0 {
        write_found(Arc::new(log), &filter, args, &mut out)
    } else {
        write_all(&log, &filter, args, &mut out)
    };
    match written {
        // Whoever reads has had enough: `logboom merge … | head` ends in peace.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => complaints.say(&format!("cannot write to standard output: {error}")),
        Ok(failures) => {
            let mut known = HashSet::new();
            for failure in failures {
                if known.insert(failure.source) {
                    complaints.tell(&inputs[failure.source].id, &failure.error);
                }
            }
        }
    }
    Ok(if complaints.any { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What was asked for, as a filter over these sources and those that could not be opened.
fn filter(inputs: &[Input], complaints: &Complaints, args: &FilterArgs, times: &TimeOptions) -> anyhow::Result<Filter> {
    let ids = inputs.iter().map(|input| input.id.to_string()).chain(complaints.failed.iter().cloned());
    let scene =
        Scene { inputs, ids: ids.collect(), zone: times.zone(), spelling: Spelling::Options, case: Case::Match };
    let typed = Typed {
        level: args.level.clone(),
        source: args.source.clone(),
        since: args.since.clone(),
        until: args.until.clone(),
        pattern: args.grep.clone(),
        case: Some(args.case.clone()),
        without: args.not.clone(),
        heads: args.heads.then(|| "1".to_owned()),
    };
    scene.settle(&typed).map_err(|error| anyhow::anyhow!("{error}"))
}

/// Writes what the filter lets through as it is merged.
fn write_all(log: &Log, filter: &Filter, args: &MergeArgs, out: &mut Output) -> io::Result<Vec<Failure>> {
    let mut merge = log.merge_from(0);
    let mut wanted = Wanted::new(filter, args);
    wanted.write(&mut merge, out)?;
    out.flush()?;
    Ok(merge.failures().to_vec())
}

/// Which of the lines that are merged are written.
struct Wanted<'a> {
    filter: &'a Filter,
    skip: u64,
    left: u64,
    /// Lines that were passed.
    n: u64,
    /// The key of the last of them.
    key: Option<Timestamp>,
}

impl<'a> Wanted<'a> {
    fn new(filter: &'a Filter, args: &MergeArgs) -> Self {
        let (skip, left) = (args.from.unwrap_or(1) - 1, args.limit.unwrap_or(u64::MAX));
        Self { filter, skip, left, n: 0, key: None }
    }

    /// Writes those of a merge. False once there will be no more.
    fn write(&mut self, merge: &mut Merge, out: &mut Output) -> io::Result<bool> {
        let everything = self.filter.is_empty();
        while self.left > 0 {
            let Some((source, line)) = merge.next() else { return Ok(true) };
            self.n += 1;
            self.key = Some(line.key);
            if !everything {
                if self.filter.ends_before(line.key) {
                    return Ok(false);
                }
                if !self.filter.wants(source, line) {
                    continue;
                }
                if self.filter.asks_text() && !merge.text().is_some_and(|text| self.filter.wants_text(&text.text)) {
                    continue;
                }
            }
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.left -= 1;
            out.write(merge, self.n)?;
        }
        Ok(false)
    }
}

/// Writes what is told only by the whole log: its last lines, and lines around those that match.
fn write_found(log: Arc<Log>, filter: &Filter, args: &MergeArgs, out: &mut Output) -> io::Result<Vec<Failure>> {
    let never = AtomicBool::new(false);
    log.build_index(&never, |_| {});
    let mut failures = log.index().failures().to_vec();
    let lines = log.index().lines();
    let mut find = |filter: &Filter| {
        let mut found = LineSet::default();
        if let Ended::Failed(failure) = log.search(filter, 0, &never, |searched| {
            found.extend(&searched.lines);
            true
        }) {
            failures.push(failure);
        }
        found
    };
    let mut found = None;
    if !filter.is_empty() {
        let matches = find(filter);
        let others = filter.without_pattern();
        found = Some(match args.filters.context {
            0 => matches,
            count if others.is_empty() => matches.with_context(count, None, lines),
            count => matches.with_context(count, Some(&find(&others)), lines),
        });
    }
    let count = found.as_ref().map_or(lines, LineSet::len);
    let first = args.tail.map_or(args.from.unwrap_or(1) - 1, |tail| count.saturating_sub(tail));
    let mut left = args.limit.unwrap_or(u64::MAX).min(count.saturating_sub(first));
    let mut picker = Picker::new(log);
    let mut rank = first;
    'lines: while left > 0 {
        let ordinals = match &found {
            Some(found) => found.from_rank(rank, PICKED_LINES),
            None => (rank..count).take(PICKED_LINES).collect(),
        };
        for ordinal in ordinals.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
            let Some(merge) = picker.line(*ordinal) else { break 'lines };
            out.write(merge, ordinal + 1)?;
        }
        rank += PICKED_LINES as u64;
        left = left.saturating_sub(PICKED_LINES as u64);
    }
    out.flush()?;
    failures.extend(picker.failure());
    Ok(failures)
}

/// Standard output, and how lines are written to it.
struct Output {
    out: BufWriter<StdoutLock<'static>>,
    form: Form,
    records: JsonWriter,
    json: Vec<u8>,
    written: u64,
}

impl Output {
    fn new(form: Form) -> Self {
        Self {
            out: BufWriter::with_capacity(WRITE_BYTES, io::stdout().lock()),
            form,
            records: JsonWriter::default(),
            json: Vec::new(),
            written: 0,
        }
    }

    /// Writes the current line of a merge, which has number `n`.
    fn write(&mut self, merge: &mut Merge, n: u64) -> io::Result<()> {
        match self.form {
            Form::Text => merge.write_raw(&mut self.out)?,
            Form::Json => {
                self.json.clear();
                if let Some(record) = merge.record(Some(n)) {
                    self.records.write(&record, &mut self.json);
                }
                self.json.push(b'\n');
                self.out.write_all(&self.json)?;
            }
        }
        self.written += 1;
        if self.written <= FIRST_LINES { self.out.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
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
                Ok(File::Found(path)) => spools().open(&path),
                Ok(File::StandardInput) => Ok(standard_input()),
                Err(error) => Err(error),
            };
            sources.push((ids::unique(id, &mut taken), opened));
        }
    }
    sources
}

fn standard_input() -> Arc<dyn Source> {
    spools().pipe("standard input", io::stdin(), clock::now())
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
        return Ok(spools().pipe(name, file, clock::now()));
    }
    spools().open(path)
}

/// What is unpacked lies in an unnamed file in the temporary folder.
fn spools() -> Spools {
    Spools::new(std::env::temp_dir())
}

/// What was said on standard error.
#[derive(Default)]
struct Complaints {
    any: bool,
    /// The sources that could not be read.
    failed: Vec<String>,
}

impl Complaints {
    /// Tells that a source could not be read.
    fn tell(&mut self, id: &str, error: &Error) {
        let message = error.to_string();
        self.failed.push(id.to_owned());
        self.say(&if message.contains(id) { message } else { format!("{id}: {message}") });
    }

    #[expect(clippy::print_stderr, reason = "this is where the command line tells what it could not do")]
    fn say(&mut self, message: &str) {
        self.any = true;
        eprintln!("logboom: {}", message.replace('\n', " "));
    }
}
