//! Lines that are copies of others: of those with equal key and bytes, each is shown once.
//!
//! Of equal lines as many are kept as the source has that has most of them. In the order of the merge a key's lines
//! come source by source, so a line is kept if it is one more than any source before its own had: a count for each
//! different line of a key is all that has to be remembered. Where a key has too many, the rest of its lines is gone
//! through several times, each time for a part of them.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use record::Timestamp;
use roaring::RoaringTreemap;
use siphasher::sip128::{Hash128, Hasher128 as _, SipHasher13};

use super::Merge;
use crate::batch::Line;
use crate::limits::{BLOCK_BYTES_MAX, COPIES_LINES_MAX};

/// What is remembered of the lines that have the current key.
pub(super) struct Copies {
    hasher: SipHasher13,
    key: Timestamp,
    /// No other source has lines of the key: there are no copies.
    alone: bool,
    seen: Seen,
    /// Set once there were too many different lines: what follows.
    rest: Option<Rest>,
}

/// Lines of a key whose copies are decided beforehand, since they are too many to be remembered.
struct Rest {
    /// Those that are not among the seen and are copies, counted from the line at which this was made.
    dropped: RoaringTreemap,
    passed: u64,
}

/// How often each different line came.
#[derive(Default)]
struct Seen(HashMap<(u64, u64), Count>);

#[derive(Clone, Copy)]
struct Count {
    /// The last source that had it.
    source: usize,
    /// How many that source had so far.
    own: u32,
    /// The most that one source before it had.
    most: u32,
}

/// There is no room for one line more.
struct Full;

impl Seen {
    /// The line is kept.
    fn take(&mut self, hash: Hash128, source: usize) -> Result<bool, Full> {
        let hash = (hash.h1, hash.h2);
        if self.0.len() >= COPIES_LINES_MAX && !self.0.contains_key(&hash) {
            return Err(Full);
        }
        let count = self.0.entry(hash).or_insert(Count { source, own: 0, most: 0 });
        if count.source != source {
            *count = Count { source, own: 0, most: count.most.max(count.own) };
        }
        count.own = count.own.saturating_add(1);
        Ok(count.own > count.most)
    }

    fn has(&self, hash: Hash128) -> bool {
        self.0.contains_key(&(hash.h1, hash.h2))
    }

    fn clear(&mut self) {
        // To empty a large one takes long, and the next key has most likely few lines.
        if self.0.capacity() > 1024 { self.0 = HashMap::new() } else { self.0.clear() }
    }
}

impl Copies {
    pub fn new() -> Self {
        // Nobody who writes logs can foresee which lines would have one hash.
        let random = RandomState::new();
        let hasher = SipHasher13::new_with_keys(random.hash_one(1), random.hash_one(2));
        Self { hasher, key: Timestamp::from_nanos(i128::MIN), alone: false, seen: Seen::default(), rest: None }
    }
}

impl Merge {
    /// The current line is no copy of one before it. To be asked once a line, in order.
    pub(super) fn keeps(&mut self) -> bool {
        // Taken out, since what is asked of the merge meanwhile borrows all of it.
        let Some(mut copies) = self.copies.take() else { return true };
        let keeps = self.keeps_by(&mut copies);
        self.copies = Some(copies);
        keeps
    }

    fn keeps_by(&self, copies: &mut Copies) -> bool {
        let Some((source, line)) = self.current() else { return true };
        let (source, line) = (source, *line);
        if line.key != copies.key {
            copies.key = line.key;
            copies.alone = self.tree.next_key() != Some(line.key);
            copies.seen.clear();
            copies.rest = None;
        }
        if copies.alone {
            return true;
        }
        let hash = self.hash(&copies.hasher, source, &line);
        if let Some(rest) = &mut copies.rest {
            let at = rest.passed;
            rest.passed += 1;
            if !copies.seen.has(hash) {
                return !rest.dropped.contains(at);
            }
        }
        match copies.seen.take(hash, source) {
            Ok(keeps) => keeps,
            Err(Full) => {
                let dropped = self.copies_in_rest(copies, line.key);
                // The first line that had no room is the first of its kind.
                copies.rest = Some(Rest { dropped, passed: 1 });
                true
            }
        }
    }

    /// Which lines from the current one on, as long as they have this key and are not among the seen, are copies.
    fn copies_in_rest(&self, copies: &Copies, key: Timestamp) -> RoaringTreemap {
        let standings = self.standings();
        let mut parts = 4;
        loop {
            let dropped = (0..parts).try_fold(RoaringTreemap::new(), |mut dropped, part| {
                let mut merge = Self::new(Arc::clone(&self.inputs), &standings);
                let mut seen = Seen::default();
                let mut at = 0;
                while let Some((source, line)) = merge.next().map(|(source, line)| (source, *line)) {
                    if line.key != key {
                        break;
                    }
                    let hash = merge.hash(&copies.hasher, source, &line);
                    if hash.h1 % parts == part && !copies.seen.has(hash) && !seen.take(hash, source)? {
                        dropped.insert(at);
                    }
                    at += 1;
                }
                Ok(dropped)
            });
            match dropped {
                Ok(dropped) => return dropped,
                Err(Full) => parts *= 4,
            }
        }
    }

    /// A number for a line's bytes. What cannot be read any more is left out: its source's failure is told elsewhere.
    fn hash(&self, hasher: &SipHasher13, source: usize, line: &Line) -> Hash128 {
        if let Some(bytes) = self.streams[source].batch.bytes(line.offset, line.end()) {
            return hasher.hash(bytes);
        }
        let mut hasher = *hasher;
        let mut block = vec![0; BLOCK_BYTES_MAX];
        let mut offset = line.offset;
        while offset < line.end() {
            let count = usize::try_from(line.end() - offset).unwrap_or(usize::MAX).min(block.len());
            match self.inputs[source].source.read_at(offset, &mut block[..count]) {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    std::hash::Hasher::write(&mut hasher, &block[..count]);
                    offset += count as u64;
                }
            }
        }
        hasher.finish128()
    }
}
