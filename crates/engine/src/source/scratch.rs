//! One unnamed file for all frames of a folder that are not in a cache, so that thousands of sources hold one descriptor.
//!
//! It is divided into chunks. A source's frames lie in chunks of its own, one behind another, over their borders. What a
//! source gives back becomes a hole; where the file system has none, it is used again, and counts until the file is gone,
//! which is when no source has anything in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::DiskBudget;
use crate::limits::SCRATCH_CHUNK_BYTES;

const CHUNK_BYTES: u64 = SCRATCH_CHUNK_BYTES as u64;

/// The scratch files of a budget, by their folders, as long as they are used.
#[derive(Debug, Default)]
pub(super) struct Scratches(Mutex<BTreeMap<PathBuf, Weak<Scratch>>>);

impl Scratches {
    /// The scratch file in `folder`, made where there is none. It counts to `budget`, which must always be the same.
    fn get(&self, folder: &Path, budget: &Arc<DiskBudget>) -> io::Result<Arc<Scratch>> {
        let mut scratches = lock(&self.0);
        if let Some(scratch) = scratches.get(folder).and_then(Weak::upgrade) {
            return Ok(scratch);
        }
        scratches.retain(|_, scratch| scratch.strong_count() > 0);
        let file = tempfile::tempfile_in(folder)?;
        let scratch = Arc::new(Scratch { file, budget: Arc::clone(budget), chunks: Mutex::default() });
        scratches.insert(folder.to_owned(), Arc::downgrade(&scratch));
        Ok(scratch)
    }
}

#[derive(Debug)]
struct Scratch {
    file: File,
    budget: Arc<DiskBudget>,
    chunks: Mutex<Chunks>,
}

/// Which chunks are free. The lowest is used first: the chunks of one source lie together where they can.
#[derive(Debug, Default)]
struct Chunks {
    /// The first that was never used.
    next: u32,
    /// Those that take no disk.
    holes: BTreeSet<u32>,
    /// Those that take disk, and count to the budget.
    stale: BTreeSet<u32>,
}

/// Why frames could not be written.
pub(super) enum Full {
    /// The budget is used up: its bytes.
    Budget(u64),
    /// What the system said.
    System(io::Error),
}

impl Scratch {
    /// Appends `count` chunks to `taken`, within the budget.
    fn take(&self, count: usize, taken: &mut Vec<u32>) -> Result<(), Full> {
        let mut chunks = lock(&self.chunks);
        let fresh = count.saturating_sub(chunks.stale.len());
        if !self.budget.take(fresh as u64 * CHUNK_BYTES) {
            return Err(Full::Budget(self.budget.max()));
        }
        for _ in 0..count {
            let chunk = match chunks.stale.pop_first().or_else(|| chunks.holes.pop_first()) {
                Some(chunk) => chunk,
                None => {
                    let next = chunks.next;
                    // 256 TiB: no budget gives as much.
                    chunks.next =
                        next.checked_add(1).ok_or_else(|| Full::System(io::ErrorKind::FileTooLarge.into()))?;
                    next
                }
            };
            taken.push(chunk);
        }
        Ok(())
    }

    fn give_back(&self, mut given: Vec<u32>) {
        given.sort_unstable();
        for run in given.chunk_by(|one, two| one + 1 == *two) {
            let hole = punch(&self.file, u64::from(run[0]) * CHUNK_BYTES, run.len() as u64 * CHUNK_BYTES);
            let mut chunks = lock(&self.chunks);
            if hole {
                chunks.holes.extend(run);
                self.budget.give_back(run.len() as u64 * CHUNK_BYTES);
            } else {
                chunks.stale.extend(run);
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.budget.give_back(lock(&self.chunks).stale.len() as u64 * CHUNK_BYTES);
    }
}

/// Gives these bytes back to the disk. False where they stay.
#[cfg(target_os = "linux")]
fn punch(file: &File, start: u64, bytes: u64) -> bool {
    use rustix::fs::{FallocateFlags, fallocate};
    fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, start, bytes).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn punch(_file: &File, _start: u64, _bytes: u64) -> bool {
    false
}

/// Bytes that one source appends to, and reads at any place of.
pub(super) struct Growing {
    scratch: Arc<Scratch>,
    /// Where its bytes lie, chunk after chunk.
    chunks: Mutex<Vec<u32>>,
}

impl Growing {
    /// None so far; they will lie in `folder`.
    pub fn new(folder: &Path, budget: &Arc<DiskBudget>) -> io::Result<Self> {
        let scratch = budget.scratches().get(folder, budget)?;
        Ok(Self { scratch, chunks: Mutex::default() })
    }

    /// Writes `bytes` at `start`, the end of what was written so far, within the budget. One at a time.
    pub fn write(&self, bytes: &[u8], start: u64) -> Result<(), Full> {
        let end = start + bytes.len() as u64;
        let pieces = {
            let mut chunks = lock(&self.chunks);
            let needed = usize::try_from(end.div_ceil(CHUNK_BYTES)).unwrap_or(usize::MAX);
            let missing = needed.saturating_sub(chunks.len());
            self.scratch.take(missing, &mut chunks)?;
            pieces(&chunks, start..end)
        };
        let mut rest = bytes;
        for (place, count) in pieces {
            let (piece, others) = rest.split_at(count);
            self.scratch.file.write_all_at(piece, place).map_err(Full::System)?;
            rest = others;
        }
        Ok(())
    }

    /// Fills `buf` with what was written at `start`.
    pub fn read(&self, mut buf: &mut [u8], start: u64) -> io::Result<()> {
        let pieces = pieces(&lock(&self.chunks), start..start + buf.len() as u64);
        for (place, count) in pieces {
            let (piece, others) = buf.split_at_mut(count);
            self.scratch.file.read_exact_at(piece, place)?;
            buf = others;
        }
        Ok(())
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.scratch.give_back(std::mem::take(&mut lock(&self.chunks)));
    }
}

/// Where in the file the bytes of `range` lie, and how many are at each place; chunks that lie together are one place.
fn pieces(chunks: &[u32], range: Range<u64>) -> Vec<(u64, usize)> {
    let mut pieces: Vec<(u64, usize)> = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let Some(chunk) = usize::try_from(at / CHUNK_BYTES).ok().and_then(|chunk| chunks.get(chunk)) else {
            debug_assert!(false, "byte {at} of {} chunks", chunks.len());
            break;
        };
        let within = at % CHUNK_BYTES;
        let count = (CHUNK_BYTES - within).min(range.end - at);
        let place = u64::from(*chunk) * CHUNK_BYTES + within;
        // At most a chunk.
        let bytes = usize::try_from(count).unwrap_or(0);
        match pieces.last_mut() {
            Some((start, length)) if *start + *length as u64 == place => *length += bytes,
            _ => pieces.push((place, bytes)),
        }
        at += count;
    }
    pieces
}

/// A panic elsewhere leaves these in order: what was taken and not noted is not used again, and that is all.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: usize = SCRATCH_CHUNK_BYTES;

    /// Bytes that tell whose they are and where.
    fn bytes_of(source: usize, range: Range<usize>) -> Vec<u8> {
        range.map(|at| u8::try_from((at * 7 + at / 251 + source * 31) % 256).expect("a byte")).collect()
    }

    #[track_caller]
    fn check(growing: &Growing, source: usize, range: Range<usize>) {
        let mut found = vec![0; range.len()];
        growing.read(&mut found, range.start as u64).expect("it reads");
        assert!(found == bytes_of(source, range.clone()), "source {source}, bytes {range:?}");
    }

    fn full(result: Result<(), Full>) -> bool {
        match result {
            Ok(()) => false,
            Err(Full::Budget(_)) => true,
            Err(Full::System(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn sources_that_grow_by_turns_read_their_own_bytes_over_the_borders_of_chunks() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let budget = DiskBudget::new(64 << 20);
        let sources: Vec<_> = (0..5).map(|_| Growing::new(folder.path(), &budget).expect("it is made")).collect();
        let step = |source: usize| 20_000 + source * 37_001;
        for turn in 0..9 {
            for (source, growing) in sources.iter().enumerate() {
                let start = turn * step(source);
                assert!(!full(growing.write(&bytes_of(source, start..start + step(source)), start as u64)));
            }
        }
        for (source, growing) in sources.iter().enumerate() {
            let end = 9 * step(source);
            for start in (0..end).step_by(17_011) {
                check(growing, source, start..(start + 150_000).min(end));
            }
            check(growing, source, 0..end);
        }
        drop(sources);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn what_is_given_back_is_used_again_and_the_file_does_not_grow() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let budget = DiskBudget::new(8 * CHUNK_BYTES);
        let stays = Growing::new(folder.path(), &budget).expect("it is made");
        assert!(!full(stays.write(&bytes_of(0, 0..10), 0)));
        for source in 1..20 {
            let growing = Growing::new(folder.path(), &budget).expect("it is made");
            assert!(!full(growing.write(&bytes_of(source, 0..7 * CHUNK), 0)));
            assert!(full(growing.write(b"more", 7 * CHUNK_BYTES)), "the budget is used up");
            check(&growing, source, 0..7 * CHUNK);
            check(&stays, 0, 0..10);
        }
        assert_eq!(stays.scratch.file.metadata().expect("it is open").len(), 8 * CHUNK_BYTES);
    }

    #[test]
    fn what_the_disk_does_not_take_back_counts_until_the_file_is_gone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let budget = DiskBudget::new(8 * CHUNK_BYTES);
        let stays = Growing::new(folder.path(), &budget).expect("it is made");
        let mut taken = Vec::new();
        assert!(!full(stays.scratch.take(5, &mut taken)));
        lock(&stays.scratch.chunks).stale.extend(taken);
        assert_eq!(budget.used(), 5 * CHUNK_BYTES);
        assert!(!full(stays.write(&bytes_of(0, 0..8 * CHUNK), 0)), "five are used again, three are new");
        assert!(full(stays.write(b"more", 8 * CHUNK_BYTES)));
        check(&stays, 0, 0..8 * CHUNK);
        let chunks = std::mem::take(&mut *lock(&stays.chunks));
        lock(&stays.scratch.chunks).stale.extend(chunks);
        drop(stays);
        assert_eq!(budget.used(), 0);
    }
}
