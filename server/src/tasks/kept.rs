//! An index that is kept on disk, from one start of the server to the next.

use std::sync::Arc;

use engine::limits::INDEX_FILE_BYTES_MAX;
use engine::{Cache, Index, Input, Loaded, Log, LogIdentity};

use super::Settings;

/// Bytes of a log below which its index is not kept: to build it again takes no longer than to read it.
const LOG_BYTES_MIN: u64 = 4 << 20;

/// Where the index of a log is kept, and what the log was when it was opened.
pub struct Kept {
    cache: Arc<Cache>,
    identity: LogIdentity,
    reading: String,
}

impl Kept {
    /// The place for the index of these sources; none where nothing is kept, or nothing tells what they are.
    #[must_use]
    pub fn new(inputs: &[Input], settings: &Settings) -> Option<Self> {
        let bytes: u64 = inputs.iter().filter_map(|input| input.source.bytes()).sum();
        let is_packed = inputs.iter().any(|input| input.source.bytes().is_none());
        let cache = settings.cache.clone().filter(|_| is_packed || bytes >= LOG_BYTES_MIN)?;
        let reading = settings.times.name();
        let identity = LogIdentity::of(inputs, &reading, 0)?;
        Some(Self { cache, identity, reading })
    }

    /// What was kept, as far as it is right for the sources as they are.
    #[must_use]
    pub fn load(&self, inputs: &[Input]) -> Option<Index> {
        let key = self.identity.cache_key();
        let file = self.cache.get(key, INDEX_FILE_BYTES_MAX)?;
        match Index::load(&file, &self.identity, inputs) {
            Ok(Loaded::Same(index) | Loaded::Grown(index)) => Some(index),
            Ok(Loaded::Stale) => None,
            Err(error) => {
                tracing::warn!(%error, "an index that was kept is of no use, and is built again");
                self.cache.remove(key);
                None
            }
        }
    }

    /// Keeps the index as it is. What goes wrong is told, and nothing else: an index is only a cache.
    pub fn keep(&self, log: &Log, index: &Index) {
        // Packed sources know their length only now; and what changed meanwhile must not be taken for what was read.
        let Some(today) = LogIdentity::of(log.inputs(), &self.reading, 0) else { return };
        if !today.is_state_of(&self.identity) {
            return;
        }
        let Some(file) = index.encode(&today) else { return };
        if let Err(error) = self.cache.put(today.cache_key(), &file) {
            tracing::warn!(%error, "an index was not kept");
        }
    }
}
