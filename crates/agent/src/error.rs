//! What can go wrong, in words a person can act on.

use std::io;
use std::path::PathBuf;

/// Why something of the agent's failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address that is no server's.
    #[error("--server {given:?}: {reason}; give an address such as http://127.0.0.1:7171")]
    Server {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A task's or source's id that cannot be one.
    #[error("{given:?} cannot be {what}: {reason}")]
    Id {
        /// What was given.
        given: String,
        /// What it was meant to be.
        what: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No certificates to check an `https` server by.
    #[error("cannot check https servers: {0}")]
    Certificates(#[source] io::Error),
    /// A file that could not be read, made or written.
    #[error("cannot {what} {path}: {}", plain(cause))]
    File {
        /// What was tried: `read`, `open`.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The state is held by another process.
    #[error("another logboom ships this source: {lock} is locked; end that one, or name another --state")]
    Locked {
        /// The lock's file.
        lock: PathBuf,
    },
    /// A state that a newer version wrote.
    #[error(
        "{path} was written by a newer logboom (state version {version}); use that, or remove the file to send all again"
    )]
    Newer {
        /// The state's file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// Bytes that are wanted are in no file any more.
    #[error(
        "byte {offset} of the source is in no file any more: {path} and what was rotated from it begin later; put the \
         rotated file back, or ship to another --source"
    )]
    Gone {
        /// The followed file.
        path: PathBuf,
        /// The offset in the source.
        offset: u64,
    },
    /// The server has lost what it had acknowledged, and a command's output is not kept beyond that.
    #[error(
        "the server wants byte {offset} again, which it had acknowledged; a command's output is kept no longer than that"
    )]
    Sent {
        /// The offset in the source.
        offset: u64,
    },
    /// A command that did not start.
    #[error("cannot run {command:?}: {}", plain(cause))]
    Command {
        /// Its name.
        command: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The system refused something else.
    #[error("cannot {what}: {}", plain(cause))]
    System {
        /// What was tried.
        what: &'static str,
        /// What it said.
        #[source]
        cause: io::Error,
    },
}

impl Error {
    /// For `map_err`: what was tried with which file.
    pub(crate) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::File { what, path, cause }
    }

    /// For `map_err`: what was tried.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::System { what, cause }
    }
}

/// The system's words, without the number that Rust puts behind them.
pub(crate) fn plain(cause: &dyn std::error::Error) -> String {
    let text = cause.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => words.to_owned(),
    }
}
