//! A source that lies in memory, for tests and examples.

use record::Timestamp;

use super::Source;
use crate::Error;

/// Bytes in memory as a source.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    bytes: Vec<u8>,
    modified: Timestamp,
}

impl MemorySource {
    /// A source that holds `bytes`, last changed at `modified`.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>, modified: Timestamp) -> Self {
        Self { bytes: bytes.into(), modified }
    }
}

impl Source for MemorySource {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        let count = buf.len().min(self.bytes.len() - start);
        buf[..count].copy_from_slice(&self.bytes[start..start + count]);
        Ok(count)
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.bytes.len() as u64)
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }
}
