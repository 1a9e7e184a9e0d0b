//! A log that is opened again: from what was kept of it, after its files have grown, with and without copies.
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::limits::INDEX_FILE_BYTES_MAX;
use engine::{Cache, Index, Input, Loaded, Log, LogIdentity, Origin, Spools};
use record::Zone;
use record::scan::Rules;

/// Splitmix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// A stretch of an endless log, from one line to another. Where times are coarse, many lines share one.
fn stretch(from: u64, to: u64, millis_a_line: u64, coarse: u64) -> String {
    (from..to)
        .map(|line| {
            let millis = line * millis_a_line / coarse * coarse;
            let (s, ms) = (millis / 1000, millis % 1000);
            format!("2024-12-20T{:02}:{:02}:{:02}.{ms:03}Z INFO line {}\n", s / 3600, s / 60 % 60, s % 60, line % 7)
        })
        .collect()
}

struct Room {
    folder: tempfile::TempDir,
    cache: Arc<Cache>,
    copies: bool,
}

/// What an opened log had of its index before anything was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Had {
    All,
    Some(usize),
    Nothing,
}

impl Room {
    fn new(copies: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(folder.path().join("cache"), 1 << 30).expect("it opens");
        Self { folder, cache, copies }
    }

    fn append(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        let mut file = File::options().create(true).append(true).open(&path).expect("it opens");
        file.write_all(bytes.as_ref()).expect("written");
        path
    }

    fn inputs(&self, paths: &[PathBuf]) -> Arc<[Input]> {
        let spools = Spools::new(self.folder.path()).with_cache(Arc::clone(&self.cache));
        let open = |path: &PathBuf| {
            let source = spools.open(path).expect("it opens");
            let rules = Rules { zone: Zone::Utc, modified: source.modified(), format: None };
            let origin = Origin::find(&source, &rules, 4096).expect("it reads");
            Input { id: path.display().to_string().into(), source, rules, origin }
        };
        paths.iter().map(open).collect()
    }

    fn log(&self, inputs: &Arc<[Input]>) -> Log {
        let log = Log::new(Arc::clone(inputs));
        if self.copies { log.without_copies() } else { log }
    }

    fn identity(&self, inputs: &[Input]) -> LogIdentity {
        LogIdentity::of(inputs, "UTC", u8::from(self.copies)).expect("they are files")
    }

    /// Opens a log as a server would: with what was kept, built to its end or for so many blocks, and kept again.
    fn open(&self, paths: &[PathBuf], blocks: usize) -> (Log, Had) {
        let inputs = self.inputs(paths);
        let identity = self.identity(&inputs);
        let kept = self.cache.get(identity.cache_key(), INDEX_FILE_BYTES_MAX);
        let loaded = kept.map(|file| Index::load(&file, &identity, &inputs).expect("it is whole"));
        let log = self.log(&inputs);
        let (log, had) = match loaded {
            Some(Loaded::Same(index) | Loaded::Grown(index)) => {
                let had = if index.is_complete() { Had::All } else { Had::Some(index.blocks().len()) };
                (log.with_index(index), had)
            }
            Some(Loaded::Stale) | None => (log, Had::Nothing),
        };
        let enough = AtomicBool::new(false);
        log.build_index(&enough, |index| enough.store(index.blocks().len() >= blocks, Ordering::Relaxed));
        if let Some(file) = log.index().encode(&identity) {
            self.cache.put(identity.cache_key(), &file).expect("there is room");
        }
        (log, had)
    }

    /// The log is what it is when it is opened without a cache.
    #[track_caller]
    fn check(&self, log: &Log, paths: &[PathBuf], what: &str) {
        let anew = self.log(&self.inputs(paths));
        anew.build_index(&AtomicBool::new(false), |_| {});
        assert_eq!(log.index().blocks(), anew.index().blocks(), "{what}");
        assert_eq!(log.index().lines_by_source(), anew.index().lines_by_source(), "{what}");
        assert!(log.index().is_complete(), "{what}");
        let mut random = Random(log.index().lines());
        for _ in 0..20 {
            let first = random.below(log.index().lines());
            assert!(lines(log, first) == lines(&anew, first), "{what}, from line {first}");
        }
    }
}

/// Some lines from `first` on, as they stand in their sources.
fn lines(log: &Log, first: u64) -> Vec<u8> {
    let mut merge = log.merge_from(first);
    let mut out = Vec::new();
    for _ in 0..50 {
        if merge.next().is_none() {
            break;
        }
        merge.write_raw(&mut out).expect("memory takes all");
    }
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

#[test]
fn a_log_that_grows_is_opened_with_what_stays_and_is_what_it_would_be_anew() {
    for seed in 0..12 {
        let mut random = Random(seed);
        let room = Room::new(seed % 2 == 1);
        let coarse = [1, 50, 1_000, 20_000][usize::try_from(seed / 2 % 4).expect("small")];
        let mut at = [0; 3];
        let mut paths = Vec::new();
        for (place, at) in at.iter_mut().enumerate() {
            *at = 3_000 + random.below(3_000);
            paths.push(room.append(&format!("{place}.log"), stretch(0, *at, 10, coarse)));
        }
        let (_, had) = room.open(&paths, usize::MAX);
        assert_eq!(had, Had::Nothing);
        for round in 0..3 {
            for (place, at) in at.iter_mut().enumerate() {
                if random.below(2) == 0 {
                    let more = stretch(*at, *at + random.below(800), 10, coarse);
                    // What stands behind the last newline is only a part of its line.
                    let cut = usize::try_from(random.below(more.len() as u64 + 1)).expect("small");
                    room.append(&format!("{place}.log"), &more[..cut]);
                    *at += more[..cut].matches('\n').count() as u64;
                }
            }
            // Sometimes it is killed before it is whole.
            let blocks = if random.below(3) == 0 { 4 } else { usize::MAX };
            drop(room.open(&paths, blocks));
            let (log, had) = room.open(&paths, usize::MAX);
            let what = format!("seed {seed}, round {round}, {had:?}");
            assert_ne!(had, Had::Nothing, "{what}");
            room.check(&log, &paths, &what);
        }
    }
}

#[test]
fn a_packed_log_is_opened_without_being_unpacked_or_passed_over_again() {
    let room = Room::new(false);
    let paths = [
        room.append("old.log.gz", gzip(stretch(0, 30_000, 10, 1).as_bytes())),
        room.append("new.log", stretch(20_000, 30_000, 10, 1)),
    ];
    assert_eq!(room.open(&paths, usize::MAX).1, Had::Nothing);
    let (log, had) = room.open(&paths, usize::MAX);
    assert_eq!(had, Had::All);
    assert!(log.inputs()[0].source.bytes().is_some());
    room.check(&log, &paths, "again");
    room.append("new.log", stretch(30_000, 31_000, 10, 1));
    let (log, had) = room.open(&paths, usize::MAX);
    assert!(matches!(had, Had::Some(blocks) if blocks > 30), "{had:?}");
    room.check(&log, &paths, "grown");
}

#[test]
fn an_index_that_is_torn_or_of_another_log_is_built_again() {
    let room = Room::new(false);
    let paths = [room.append("a.log", stretch(0, 9_000, 10, 1)), room.append("b.log", stretch(0, 9_000, 10, 1))];
    room.open(&paths, usize::MAX);
    let kept = index_file(room.cache.folder());
    let good = fs::read(&kept).expect("it reads");
    for bad in [&good[..good.len() / 2], b"", b"LBINDEX\n"] {
        let inputs = room.inputs(&paths);
        assert!(Index::load(bad, &room.identity(&inputs), &inputs).is_err());
    }
    let other = [paths[1].clone(), paths[0].clone()];
    let inputs = room.inputs(&other);
    assert!(matches!(Index::load(&good, &room.identity(&inputs), &inputs), Ok(Loaded::Stale)));
    assert_eq!(room.open(&other, usize::MAX).1, Had::Nothing);
}

#[test]
fn times_whose_year_was_guessed_are_read_again_once_their_file_was_changed() {
    let room = Room::new(false);
    let syslog = |from: u64, to: u64| -> String {
        (from..to)
            .map(|at| format!("Nov 22 {:02}:{:02}:{:02} host job: line {at}\n", at / 3600, at / 60 % 60, at % 60))
            .collect()
    };
    let paths = [room.append("a.log", stretch(0, 5_000, 10, 1)), room.append("b.log", stretch(0, 5_000, 10, 1))];
    room.append("a.log", syslog(0, 3_000));
    assert_eq!(room.open(&paths, usize::MAX).1, Had::Nothing);
    assert_eq!(room.open(&paths, usize::MAX).1, Had::All);
    // The other file may grow: what it says does not hang on when that was.
    room.append("b.log", stretch(5_000, 6_000, 10, 1));
    assert!(matches!(room.open(&paths, usize::MAX).1, Had::Some(_)));
    room.append("a.log", syslog(3_000, 4_000));
    let (log, had) = room.open(&paths, usize::MAX);
    assert_eq!(had, Had::Nothing);
    room.check(&log, &paths, "grown");
}

fn index_file(folder: &Path) -> PathBuf {
    let mut paths = fs::read_dir(folder).expect("it lists").map(|entry| entry.expect("an entry").path());
    paths.find(|path| path.extension().is_some_and(|extension| extension == "index")).expect("it was kept")
}
