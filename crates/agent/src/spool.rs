//! A command's output until the server has it: in memory, then in an unnamed file, then dropped and counted.
//!
//! Whoever writes never waits: neither for the disk nor for the network. A thread of the spool's own moves what piles up
//! in memory to the file. Where both are full, what comes is dropped, and a line in the source says how much.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use bytes::Bytes;
use record::Timestamp;

use crate::Error;
use crate::limits::{
    ARRIVALS_ALL, ARRIVALS_APART_NANOS, ARRIVALS_TOLD, CHUNK_BYTES, HELD_BYTES_LOW, HELD_BYTES_MAX, HOLE_BYTES,
    SPILL_AGAIN,
};
use crate::tape::{Look, Tape};

/// One output of a command. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Spool(Arc<Shared>);

struct Shared {
    inner: Mutex<Inner>,
    /// There is something to move, or an end to it.
    moves: Condvar,
    /// Bytes that the file may hold.
    spill: u64,
}

#[derive(Default)]
struct Inner {
    /// Every byte before it is durable at the server.
    acked: u64,
    /// What lies in the file: from `acked` or later up to here.
    file: Option<Arc<File>>,
    file_end: u64,
    /// The source's offset of the file's first byte.
    file_base: u64,
    /// Bytes of the file before this, from its start, were given back.
    holes: u64,
    /// What lies in memory, from `file_end` on.
    full: VecDeque<Bytes>,
    filling: Vec<u8>,
    /// Where the source ends.
    end: u64,
    /// When the bytes came that are not durable at the server yet, as far as there is room for it.
    arrived: VecDeque<(u64, Timestamp)>,
    /// Bytes dropped since the last line that said so.
    gap: u64,
    /// All that were ever dropped.
    dropped: u64,
    ends_in_newline: bool,
    is_closed: bool,
    /// Nobody wants it any more.
    is_over: bool,
}

impl Inner {
    fn held(&self) -> usize {
        usize::try_from(self.end - self.file_end).unwrap_or(usize::MAX)
    }

    fn append(&mut self, mut bytes: &[u8]) {
        self.end += bytes.len() as u64;
        self.ends_in_newline = bytes.last().is_none_or(|byte| *byte == b'\n');
        while !bytes.is_empty() {
            if self.filling.capacity() == 0 {
                self.filling.reserve_exact(CHUNK_BYTES);
            }
            let count = bytes.len().min(CHUNK_BYTES - self.filling.len());
            self.filling.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            if self.filling.len() == CHUNK_BYTES {
                self.full.push_back(std::mem::take(&mut self.filling).into());
            }
        }
    }

    /// Notes that what follows comes at `time`; where much waits, not for each piece.
    fn note(&mut self, time: Timestamp) {
        let is_many = self.arrived.len() >= ARRIVALS_ALL;
        let is_near = |(_, last): &(u64, Timestamp)| time.nanos() < last.nanos() + ARRIVALS_APART_NANOS;
        if !(is_many && self.arrived.back().is_some_and(is_near)) {
            self.arrived.push_back((self.end, time));
        }
    }

    /// Says in the source itself what is missing from it.
    fn tell_gap(&mut self) {
        if self.gap == 0 {
            return;
        }
        let before = if self.end == 0 || self.ends_in_newline { "" } else { "\n" };
        let line = format!("{before}[logboom: {} bytes dropped here]\n", self.gap);
        self.gap = 0;
        self.append(line.as_bytes());
    }
}

impl Spool {
    /// An empty spool whose file may hold so many bytes.
    #[must_use]
    pub fn new(spill: u64) -> Self {
        let inner = Inner { ends_in_newline: true, ..Inner::default() };
        let spool = Self(Arc::new(Shared { inner: Mutex::new(inner), moves: Condvar::new(), spill }));
        let mover = spool.clone();
        // Where no thread can be had, what is in memory is all there is.
        drop(thread::Builder::new().name("spool".to_owned()).spawn(move || mover.move_to_file()));
        spool
    }

    /// Takes what the command wrote at `time`. Never waits for longer than a copy in memory takes.
    pub fn push(&self, bytes: &[u8], time: Timestamp) {
        let mut inner = self.lock();
        // Once something was dropped there must be some room again, so that not every line is followed by a gap.
        let room = if inner.gap > 0 { HELD_BYTES_MAX / 4 * 3 } else { HELD_BYTES_MAX };
        if inner.is_over || inner.held() + bytes.len() > room {
            inner.gap += bytes.len() as u64;
            inner.dropped += bytes.len() as u64;
            return;
        }
        inner.note(time);
        inner.tell_gap();
        inner.append(bytes);
        if inner.held() > HELD_BYTES_LOW {
            self.0.moves.notify_one();
        }
    }

    /// The command has ended: nothing follows.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.tell_gap();
        inner.is_closed = true;
    }

    /// Nobody wants it any more: the file goes.
    pub fn give_up(&self) {
        self.lock().is_over = true;
        self.0.moves.notify_one();
    }

    /// Nothing waits to be sent, and nothing was dropped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let inner = self.lock();
        inner.acked == inner.end && inner.gap == 0
    }

    /// Bytes that were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves what piles up to the file, as long as there is somebody who wants it. Files are touched without the lock.
    fn move_to_file(&self) {
        let mut inner = self.lock();
        loop {
            while !inner.is_over && (inner.held() <= HELD_BYTES_LOW || inner.full.is_empty()) {
                inner = self.give_back(inner);
                let waited = self.0.moves.wait_timeout(inner, SPILL_AGAIN);
                inner = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if inner.is_over {
                return;
            }
            let is_full = inner.file_end - inner.acked.min(inner.file_end) + CHUNK_BYTES as u64 > self.0.spill;
            let (Some(chunk), false) = (inner.full.front().cloned(), is_full) else {
                inner = self.rest(inner);
                continue;
            };
            let (file, at) = (inner.file.clone(), inner.file_end);
            if file.is_none() {
                inner.file_base = at;
            }
            let place = at - inner.file_base;
            drop(inner);
            let written = file.map_or_else(|| tempfile::tempfile().map(Arc::new), Ok).and_then(|file| {
                file.write_all_at(&chunk, place)?;
                Ok(file)
            });
            inner = self.lock();
            match written {
                Ok(file) => {
                    inner.file = Some(file);
                    // It may have been acknowledged, and left memory, meanwhile.
                    if inner.file_end == at {
                        inner.file_end += chunk.len() as u64;
                        inner.full.pop_front();
                    }
                }
                // A disk that is full may have room again; until then memory is all there is.
                Err(_) => inner = self.rest(inner),
            }
        }
    }

    fn rest<'a>(&'a self, inner: MutexGuard<'a, Inner>) -> MutexGuard<'a, Inner> {
        let inner = self.give_back(inner);
        let waited = self.0.moves.wait_timeout(inner, SPILL_AGAIN);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Gives back the room of what the server has.
    fn give_back<'a>(&'a self, mut inner: MutexGuard<'a, Inner>) -> MutexGuard<'a, Inner> {
        let Some(file) = inner.file.clone() else { return inner };
        let sent = inner.acked.min(inner.file_end).saturating_sub(inner.file_base);
        if inner.acked >= inner.file_end {
            // All of it; a new one is made when it is needed.
            inner.file = None;
            inner.holes = 0;
            drop(inner);
            drop(file);
            return self.lock();
        }
        let holes = inner.holes;
        if sent - holes < HOLE_BYTES {
            return inner;
        }
        inner.holes = sent;
        drop(inner);
        punch(&file, holes, sent - holes);
        self.lock()
    }
}

#[cfg(target_os = "linux")]
fn punch(file: &File, start: u64, bytes: u64) {
    use rustix::fs::{FallocateFlags, fallocate};
    // Where the file system has no holes, the room comes back with the file's end.
    fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, start, bytes).ok();
}

#[cfg(not(target_os = "linux"))]
fn punch(_file: &File, _start: u64, _bytes: u64) {}

impl Tape for Spool {
    fn acked(&self) -> u64 {
        self.lock().acked
    }

    fn look(&mut self) -> Result<Look, Error> {
        let inner = self.lock();
        Ok(Look { is_there: true, end: inner.end, done: inner.is_closed })
    }

    fn read(&mut self, offset: u64, max: usize, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let inner = self.lock();
        if offset < inner.acked {
            return Err(Error::Sent { offset });
        }
        if offset < inner.file_end {
            let Some(file) = inner.file.clone() else { return Ok(()) };
            let left = usize::try_from(inner.file_end - offset).unwrap_or(usize::MAX);
            let place = offset - inner.file_base;
            drop(inner);
            let start = bytes.len();
            bytes.resize(start + max.min(left), 0);
            return file.read_exact_at(&mut bytes[start..], place).map_err(Error::system("read the spilled output"));
        }
        let mut skip = usize::try_from(offset - inner.file_end).unwrap_or(usize::MAX);
        let mut left = max;
        let mut parts = Vec::new();
        for chunk in &inner.full {
            if skip >= chunk.len() {
                skip -= chunk.len();
                continue;
            }
            let part = chunk.slice(skip..chunk.len().min(skip.saturating_add(left)));
            skip = 0;
            left -= part.len();
            parts.push(part);
            if left == 0 {
                break;
            }
        }
        if left > 0 && skip < inner.filling.len() {
            let end = inner.filling.len().min(skip.saturating_add(left));
            parts.push(Bytes::copy_from_slice(&inner.filling[skip..end]));
        }
        drop(inner);
        for part in parts {
            bytes.extend_from_slice(&part);
        }
        Ok(())
    }

    fn arrived(&self, from: u64, to: u64) -> Vec<(u64, Timestamp)> {
        let inner = self.lock();
        let next = inner.arrived.partition_point(|(offset, _)| *offset <= from);
        let end = inner.arrived.partition_point(|(offset, _)| *offset < to);
        let some = inner.arrived.range(next.saturating_sub(1)..end.max(next));
        let every = some.len().div_ceil(ARRIVALS_TOLD).max(1);
        some.step_by(every).map(|(offset, time)| (from.max(*offset), *time)).collect()
    }

    fn ack(&mut self, offset: u64) -> Result<(), Error> {
        let mut inner = self.lock();
        inner.acked = inner.acked.max(offset.min(inner.end));
        let acked = inner.acked;
        let before = inner.arrived.partition_point(|(offset, _)| *offset <= acked);
        inner.arrived.drain(..before.saturating_sub(1));
        // Whole chunks leave memory; a chunk that was sent in part stays until the rest is.
        while let Some(front) = inner.full.front() {
            let end = inner.file_end + front.len() as u64;
            if end > inner.acked {
                break;
            }
            inner.file_end = end;
            inner.full.pop_front();
            if inner.file.is_none() {
                inner.file_base = end;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(spool: &mut Spool, offset: u64, max: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        spool.read(offset, max, &mut bytes).expect("read");
        bytes
    }

    /// All of it from `offset` on, in reads of at most `max` bytes.
    #[track_caller]
    fn rest(spool: &mut Spool, mut offset: u64, max: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let bytes = read(spool, offset, max);
            if bytes.is_empty() {
                return all;
            }
            offset += bytes.len() as u64;
            all.extend(bytes);
        }
    }

    #[test]
    fn what_is_pushed_is_read_from_memory_and_file_alike_and_leaves_with_its_acknowledgement() {
        let mut spool = Spool::new(1 << 30);
        let line = "a line of the command\n".repeat(1000);
        let mut all = Vec::new();
        while all.len() < 3 * HELD_BYTES_MAX {
            if spool.lock().held() + line.len() > HELD_BYTES_MAX {
                thread::yield_now();
                continue;
            }
            spool.push(line.as_bytes(), Timestamp::default());
            all.extend_from_slice(line.as_bytes());
        }
        assert_eq!(spool.dropped(), 0);
        assert!(rest(&mut spool, 0, 1_000_000) == all);
        let half = all.len() as u64 / 2 + 7;
        spool.ack(half).expect("noted");
        assert!(rest(&mut spool, half, 300_000) == all[all.len() / 2 + 7..]);
        spool.ack(all.len() as u64).expect("noted");
        spool.push(b"more\n", Timestamp::default());
        assert_eq!(read(&mut spool, all.len() as u64, 100), b"more\n");
    }

    #[test]
    fn r5_what_is_dropped_is_counted_and_said_in_the_log_itself() {
        let mut spool = Spool::new(0);
        let chunk = vec![b'x'; CHUNK_BYTES];
        for _ in 0..HELD_BYTES_MAX / CHUNK_BYTES + 3 {
            spool.push(&chunk, Timestamp::default());
        }
        assert_eq!(spool.dropped(), 3 * CHUNK_BYTES as u64);
        spool.ack(HELD_BYTES_MAX as u64 / 2).expect("noted");
        spool.push(b"there is room again\n", Timestamp::default());
        spool.push(b"and more\n", Timestamp::default());
        spool.close();
        let end = HELD_BYTES_MAX as u64;
        let expected = format!("\n[logboom: {} bytes dropped here]\nthere is room again\nand more\n", 3 * CHUNK_BYTES);
        assert_eq!(String::from_utf8_lossy(&read(&mut spool, end, 1000)), expected);
    }

    #[test]
    fn it_is_told_when_bytes_came_until_they_are_acknowledged() {
        let at = |seconds: i128| Timestamp::from_nanos(seconds * 1_000_000_000);
        let mut spool = Spool::new(0);
        for (text, second) in [("one\n", 1), ("two\n", 2), ("three\n", 3)] {
            spool.push(text.as_bytes(), at(second));
        }
        assert_eq!(spool.arrived(0, 14), [(0, at(1)), (4, at(2)), (8, at(3))]);
        assert_eq!(spool.arrived(5, 8), [(5, at(2))]);
        assert_eq!(spool.arrived(14, 14), [(14, at(3))]);
        spool.ack(6).expect("noted");
        assert_eq!(spool.arrived(6, 14), [(6, at(2)), (8, at(3))]);
        // Of many some are told, and what is far apart is noted all the same.
        for second in 4..3000 {
            spool.push(b"x\n", at(second));
        }
        let told = spool.arrived(14, 6000);
        assert!(told.len() <= ARRIVALS_TOLD && told.is_sorted() && told.len() > ARRIVALS_TOLD / 2, "{}", told.len());
        assert_eq!(spool.lock().arrived.len(), 2998);
        spool.push(b"soon\n", Timestamp::from_nanos(at(2999).nanos() + 1));
        assert_eq!(spool.lock().arrived.len(), 2998);
    }
}
