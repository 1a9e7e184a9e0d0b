//! What can go wrong while sources are read. An odd line is never an error.

use std::io;
use std::sync::Arc;

/// Why a source could not be read, in words a person can act on.
///
/// Cheap to clone: one failure is told in every answer about its task.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// It could not be opened.
    #[error("cannot open {name}: {}", plain(cause))]
    Open {
        /// The path or name.
        name: String,
        /// What the system said.
        cause: Arc<io::Error>,
    },
    /// It was opened, and a read failed.
    #[error("cannot read {name} at byte {offset}: {}", plain(cause))]
    Read {
        /// The path or name.
        name: String,
        /// Where the read began, in bytes.
        offset: u64,
        /// What the system said.
        cause: Arc<io::Error>,
    },
    /// It ends before the length that it had when it was opened.
    #[error("{name} was cut short while it was read: it had {expected} bytes, and ends at {found}; open it again")]
    CutShort {
        /// The path or name.
        name: String,
        /// Its length when it was opened, in bytes.
        expected: u64,
        /// Where it ends now, in bytes.
        found: u64,
    },
    /// Another file has taken its path, or other bytes were written over it.
    #[error("{name} was replaced while it was read; open it again")]
    Replaced {
        /// The path.
        name: String,
    },
    /// It is not a file with bytes to read.
    #[error("{name} is {what}, not a file")]
    NotAFile {
        /// The path.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// What it holds cannot be unpacked.
    #[error("cannot unpack {name} after byte {offset} of its text: {}", plain(cause))]
    Unpack {
        /// The path.
        name: String,
        /// How much of the unpacked text is good, in bytes.
        offset: u64,
        /// What the decoder said.
        cause: Arc<io::Error>,
    },
    /// What it holds takes more room, unpacked, than is allowed.
    #[error("{name} unpacks to more than {max} bytes, the limit for one source")]
    TooLarge {
        /// The path.
        name: String,
        /// The limit in bytes.
        max: u64,
    },
    /// What it unpacks to takes more disk than is allowed for one source.
    #[error(
        "{name} takes more than {max} bytes on disk, the limit for one source, after byte {offset} of its text; \
         unpack it yourself and open that file"
    )]
    TooMuchDisk {
        /// The path.
        name: String,
        /// How much of its text was kept, in bytes.
        offset: u64,
        /// The limit in bytes.
        max: u64,
    },
    /// What is unpacked of all sources takes more disk than is allowed.
    #[error(
        "cannot unpack {name} after byte {offset} of its text: all unpacked sources together may take {max} bytes on \
         disk; close some, or raise the limit"
    )]
    DiskBudget {
        /// The path.
        name: String,
        /// How much of its text was kept, in bytes.
        offset: u64,
        /// The limit in bytes.
        max: u64,
    },
    /// What was unpacked could not be written down.
    #[error("cannot keep what is unpacked of {name} after byte {offset} of its text: {}", plain(cause))]
    Keep {
        /// The path or name.
        name: String,
        /// How much of its text was kept, in bytes.
        offset: u64,
        /// What the system said.
        cause: Arc<io::Error>,
    },
    /// What was unpacked of it is not what was written down.
    #[error("what was unpacked of {name} is damaged at byte {offset} of its text, and was thrown away; open it again")]
    Damaged {
        /// The path or name.
        name: String,
        /// Where the damage lies, in bytes.
        offset: u64,
    },
    /// A file of the cache could not be written. What it was for goes on without it.
    #[error("cannot write {path}: {}", plain(cause))]
    Cache {
        /// The path.
        path: String,
        /// What the system said.
        cause: Arc<io::Error>,
    },
}

/// The system's words, without the number that Rust puts behind them.
fn plain(cause: &io::Error) -> String {
    let text = cause.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => words.to_owned(),
    }
}

impl Error {
    /// The file is another one, or less than it was: opened again it can be read.
    #[must_use]
    pub fn is_change(&self) -> bool {
        matches!(self, Self::CutShort { .. } | Self::Replaced { .. })
    }
}
