//! A hash of a stretch of a file, by which it is found again under another name, and known when it was written over.

use std::io;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::content::Content;
use crate::limits::MARK_BYTES;

/// The bytes before a place, hashed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The place: the stretch ends before it.
    pub end: u64,
    /// How many bytes the stretch has.
    pub length: u64,
    /// Their hash, in hexadecimal.
    pub hash: String,
}

impl Mark {
    /// Of what `content` holds before `end`.
    ///
    /// # Errors
    ///
    /// Whatever reading fails with; none where it ends before.
    pub fn before(content: &mut Content, end: u64) -> io::Result<Option<Self>> {
        let length = end.min(MARK_BYTES as u64);
        let hash = hash(content, end - length, length)?;
        Ok(hash.map(|hash| Self { end, length, hash }))
    }

    /// `content` has the same bytes there.
    ///
    /// # Errors
    ///
    /// Whatever reading fails with.
    pub fn holds(&self, content: &mut Content) -> io::Result<bool> {
        if self.length == 0 {
            return Ok(true);
        }
        if self.length > MARK_BYTES as u64 || self.length > self.end {
            return Ok(false);
        }
        Ok(hash(content, self.end - self.length, self.length)?.is_some_and(|hash| hash == self.hash))
    }
}

fn hash(content: &mut Content, start: u64, length: u64) -> io::Result<Option<String>> {
    let mut buf = [0; MARK_BYTES];
    let buf = &mut buf[..usize::try_from(length).unwrap_or(MARK_BYTES).min(MARK_BYTES)];
    let count = content.read_at(start, buf)?;
    Ok((count == buf.len()).then(|| format!("{:032x}", xxh3_128(buf))))
}
