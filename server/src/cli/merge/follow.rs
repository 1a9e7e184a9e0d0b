//! `logboom merge --follow`: the merged log, and then what comes.

use std::collections::HashSet;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use engine::{Error, GrowingFile, Input, Layout, Log, Look, Merge, Origin, Standing};

use super::super::{MergeArgs, TimeOptions};
use super::{Complaints, File, Output, Wanted, filter, named, open, spools, write_found};
use crate::ids;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// How often folders are looked through for files that are new.
const SEARCH_EVERY: Duration = Duration::from_secs(1);

/// A source, and the file that may grow, where it is one.
struct Source {
    input: Input,
    file: Option<Arc<GrowingFile>>,
    standing: Standing,
    /// Where its lines ended when they were last written.
    end: u64,
}

/// Writes until there can be no more, or whoever reads has gone; a signal ends it as it ends any command.
pub fn run(args: &MergeArgs, times: &TimeOptions) -> anyhow::Result<ExitCode> {
    agent::limits::open_as_many_files_as_may_be();
    let mut follower =
        Follower { args, times, sources: Vec::new(), known: HashSet::new(), complaints: Complaints::default() };
    follower.find(true);
    let inputs: Arc<[Input]> = follower.sources.iter().map(|source| source.input.clone()).collect();
    let filter = filter(&inputs, &follower.complaints, &args.filters, times)?;
    let mut wanted = Wanted::new(&filter, args);
    let mut out = Output::new(args.output);
    match follower.write(&mut wanted, &mut out, inputs) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => follower.complaints.say(&format!("cannot write to standard output: {error}")),
        Ok(()) => {}
    }
    Ok(if follower.complaints.any { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

struct Follower<'a> {
    args: &'a MergeArgs,
    times: &'a TimeOptions,
    sources: Vec<Source>,
    /// The ids that were given.
    known: HashSet<String>,
    complaints: Complaints,
}

impl Follower<'_> {
    fn write(&mut self, wanted: &mut Wanted<'_>, out: &mut Output, mut inputs: Arc<[Input]>) -> io::Result<()> {
        if self.args.tail.is_some() {
            let log = Arc::new(Log::growing(Arc::clone(&inputs), &self.ends()));
            let failures = write_found(Arc::clone(&log), wanted.filter, self.args, out)?;
            self.tell(&failures);
            wanted.n = log.index().lines();
            wanted.key = log.index().blocks().last().map(|block| block.last_key);
            let mut merge = log.merge_from(wanted.n);
            merge.next();
            self.stand(&merge.standings());
        } else {
            self.merge(&inputs, wanted, out)?;
        }
        let mut searched = Instant::now();
        while wanted.left > 0 {
            thread::sleep(LOOK_EVERY);
            let mut changed = self.look();
            if searched.elapsed() >= SEARCH_EVERY {
                changed |= self.find(false);
                searched = Instant::now();
            }
            if !changed {
                continue;
            }
            inputs = self.sources.iter().map(|source| source.input.clone()).collect();
            for source in &mut self.sources {
                source.standing.key = source.standing.key.max(wanted.key.unwrap_or(source.standing.key));
            }
            if !self.merge(&inputs, wanted, out)? {
                break;
            }
        }
        Ok(())
    }

    /// Writes what is there and was not written. False once there will be no more.
    fn merge(&mut self, inputs: &Arc<[Input]>, wanted: &mut Wanted<'_>, out: &mut Output) -> io::Result<bool> {
        let standings: Vec<_> = self.sources.iter().map(|source| source.standing).collect();
        let mut merge = Merge::until(Arc::clone(inputs), &standings, &self.ends());
        let more = wanted.write(&mut merge, out)?;
        out.flush()?;
        self.stand(&merge.standings());
        let failures = merge.failures().to_vec();
        self.tell(&failures);
        Ok(more)
    }

    fn ends(&self) -> Vec<u64> {
        self.sources.iter().map(|source| source.end).collect()
    }

    fn stand(&mut self, standings: &[Standing]) {
        for (source, standing) in self.sources.iter_mut().zip(standings) {
            source.standing = *standing;
        }
    }

    fn tell(&mut self, failures: &[engine::Failure]) {
        for failure in failures {
            let id = self.sources[failure.source].input.id.to_string();
            if !self.complaints.failed.contains(&id) {
                self.complaints.tell(&id, &failure.error);
            }
        }
    }

    /// Opens what the arguments name and is not known yet. True where there is something new.
    fn find(&mut self, first: bool) -> bool {
        let mut taken = HashSet::new();
        let mut any = false;
        for argument in &self.args.paths {
            for (id, file) in named(argument) {
                let id = ids::unique(id, &mut taken);
                let name = id.rsplit_once('.').filter(|(_, age)| age.bytes().all(|byte| byte.is_ascii_digit()));
                // What a rotation has made of a file that is followed was read under that one's name.
                let is_older = !first && name.is_some_and(|(name, _)| self.known.contains(name));
                if is_older || self.known.contains(&id) {
                    continue;
                }
                self.known.insert(id.clone());
                any = true;
                match self.open(&id, file) {
                    Ok(source) => self.sources.push(source),
                    Err(error) => self.complaints.tell(&id, &error),
                }
            }
        }
        any
    }

    fn open(&self, id: &str, file: Result<File, Error>) -> Result<Source, Error> {
        use std::os::unix::fs::FileTypeExt as _;
        let (source, growing) = match file? {
            File::Named(path) if std::fs::metadata(&path).is_ok_and(|found| found.file_type().is_fifo()) => {
                (open(&path)?, None)
            }
            File::Named(path) | File::Found(path) => spools().follow(&path)?,
            File::StandardInput => (super::standard_input(), None),
        };
        let mut end = u64::MAX;
        if let Some(growing) = &growing {
            end = growing.last_line_end(Layout::detect(&**growing)?)?;
            growing.set_end(end);
        }
        let rules = self.times.rules(source.modified());
        let origin = Origin::find(&source, &rules, engine::limits::BLOCK_BYTES_MIN)?;
        let input = Input { id: id.into(), source, rules, origin };
        Ok(Source { standing: input.origin.standing(), input, file: growing, end })
    }

    /// Looks what has become of the files. True where lines have come.
    fn look(&mut self) -> bool {
        let mut changed = false;
        for source in &mut self.sources {
            let Some(file) = source.file.clone() else { continue };
            let id = source.input.id.to_string();
            let looked = file.look().and_then(|look| match look {
                Look::Same => Ok(false),
                Look::Grown => {
                    let before = source.end;
                    let known = source.input.origin.layout;
                    let end = file.last_line_end(if before == 0 { Layout::detect(&*file)? } else { known })?;
                    file.set_end(end);
                    file.forget_deleted(source.standing.offset);
                    if let Some(reread) = source.input.reread(before)? {
                        if before == 0 {
                            source.standing = reread.origin.standing();
                        }
                        source.input = reread;
                    }
                    source.end = end;
                    Ok(end > before)
                }
                Look::Replaced => {
                    let (opened, growing) = spools().follow(file.path())?;
                    let growing = growing.ok_or_else(|| Error::Replaced { name: id.clone() })?;
                    let end = growing.last_line_end(Layout::detect(&*growing)?)?;
                    growing.set_end(end);
                    let rules = self.times.rules(opened.modified());
                    let origin = Origin::find(&opened, &rules, engine::limits::BLOCK_BYTES_MIN)?;
                    self.complaints.say(&format!("{id} was written anew: it goes on from its begin"));
                    source.input = Input { source: opened, rules, origin, ..source.input.clone() };
                    (source.standing, source.end) = (origin.standing(), end);
                    source.file = Some(growing);
                    Ok(end > 0)
                }
            });
            match looked {
                Ok(grown) => changed |= grown,
                Err(error) => {
                    self.complaints.tell(&id, &error);
                    source.file = None;
                }
            }
        }
        changed
    }
}
