//! What tells one state of a file from another, over restarts.

use record::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use super::Source;
use crate::limits::IDENTITY_BYTES;

/// A file as it was when it was opened: where it lies, how long it is, and what its ends say.
///
/// A file that grew has the same device, inode and first bytes, and before its old end the bytes that stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// The file system that it lies on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// Its length in bytes: packed, where it is packed.
    pub bytes: u64,
    /// When it was last changed.
    pub modified: Timestamp,
    /// The hash of its first [`IDENTITY_BYTES`], or of all of it where it is shorter.
    pub first_hash: u128,
    /// The hash of as many bytes before its end.
    pub last_hash: u128,
    /// The source's bytes are what the file unpacks to, so that nothing can be said of them once it has grown.
    pub packed: bool,
}

/// The hashes of the first bytes of `source` and of those before `bytes`. None where they cannot be read.
pub(crate) fn ends_of(source: &dyn Source, bytes: u64) -> Option<(u128, u128)> {
    let count = bytes.min(IDENTITY_BYTES as u64);
    Some((hash_of(source, 0, count)?, hash_of(source, bytes - count, count)?))
}

/// The hash of the last bytes of `source` before `end`.
pub(crate) fn hash_before(source: &dyn Source, end: u64) -> Option<u128> {
    let count = end.min(IDENTITY_BYTES as u64);
    hash_of(source, end - count, count)
}

/// The hash of the first bytes of `source`, as it was when it had `bytes`.
pub(crate) fn hash_first(source: &dyn Source, bytes: u64) -> Option<u128> {
    hash_of(source, 0, bytes.min(IDENTITY_BYTES as u64))
}

fn hash_of(source: &dyn Source, offset: u64, count: u64) -> Option<u128> {
    let bytes = source.read_stretch(offset..offset + count).ok()?;
    (bytes.len() as u64 == count).then(|| xxh3_128(&bytes))
}
