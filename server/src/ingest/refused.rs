//! Why bytes were not taken.

use std::io;

use axum::http::StatusCode;
use record::wire::ApiError;

use super::limits::{SOURCES_A_TASK_MAX, TASKS_MAX};
use crate::problem;

/// Why bytes were not taken. What was acknowledged before stays as it is.
#[derive(Clone, Debug)]
pub enum Refused {
    /// They start behind the end of what is there.
    Gap { end: u64 },
    /// Other bytes are there.
    Differs { at: u64 },
    /// The source is complete, and these would be more.
    Complete { bytes: u64 },
    /// They are to be the last, and more are there.
    EndsEarly { end: u64, bytes: u64 },
    /// It has failed: why.
    Failed(String),
    /// It is being deleted.
    Gone,
    /// Its task was deleted: when and why.
    Deleted(String),
    /// So many bytes are more than the quota has room for.
    Quota { bytes: u64, quota: u64 },
    /// The disk has no room.
    Full(String),
    /// There are as many tasks, or sources of one, as may be.
    TooMany(&'static str),
    /// The token has made as many tasks as it may.
    TooManyOfToken { name: String, max: u64 },
    /// An id is none.
    Name(String),
    /// What is needed for it cannot be had now.
    Broken(String),
}

impl Refused {
    /// What the system said while `what` was done.
    pub fn io(what: &str, cause: &io::Error) -> Self {
        let told = format!("cannot {what}: {cause}");
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::Full(told),
            _ => Self::Broken(told),
        }
    }

    /// What SQLite said.
    pub fn ledger(cause: &rusqlite::Error) -> Self {
        let told = format!("cannot note what is durable: {cause}");
        match cause.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full(told),
            _ => Self::Broken(told),
        }
    }

    /// An answer may say at which offset to go on.
    pub fn has_offset(&self) -> bool {
        matches!(self, Self::Gap { .. } | Self::Differs { .. } | Self::Complete { .. } | Self::EndsEarly { .. })
    }

    /// It as an answer.
    pub fn problem(&self) -> ApiError {
        let conflict = |detail: String| problem::error(StatusCode::CONFLICT, "the source stands elsewhere", detail);
        let full = |detail: String| problem::error(StatusCode::INSUFFICIENT_STORAGE, "there is no room", detail);
        match self {
            Self::Gap { end } => conflict(format!(
                "the bytes start behind the source's end, which is at {end}: send from Upload-Offset on"
            )),
            Self::Differs { at } => conflict(format!(
                "byte {at} and what follows differ from what is stored; bytes once stored do not change: \
                 go on at Upload-Offset, or ship under another name"
            )),
            Self::Complete { bytes } => conflict(format!(
                "the source was completed with {bytes} bytes and takes no more: ship under another name"
            )),
            Self::EndsEarly { end, bytes } => conflict(format!(
                "the source is to be complete with {end} bytes, and has {bytes} already: complete it at its end"
            )),
            Self::Failed(why) => problem::error(
                StatusCode::GONE,
                "the source has failed",
                format!("{why}; it takes no more bytes: ship under another name"),
            ),
            Self::Gone => problem::error(
                StatusCode::SERVICE_UNAVAILABLE,
                "the task is being deleted",
                "retention is deleting this task: try again in a second".to_owned(),
            ),
            Self::Deleted(told) => problem::deleted(told.clone()),
            Self::Quota { bytes, quota } => full(format!(
                "{bytes} more bytes pass the quota of {quota} bytes, and deleting the tasks that are complete or lost \
                 would not make room for them: raise --quota, or complete what has ended; nothing of this request was stored"
            )),
            Self::Full(why) => {
                full(format!("{why}; nothing of this request counts as stored: free some room, then send it again"))
            }
            Self::TooMany(what) => full(match *what {
                "tasks" => format!("there are {TASKS_MAX} shipped tasks, as many as may be: set --keep or --quota"),
                _ => format!("the task has {SOURCES_A_TASK_MAX} sources, as many as may be: ship under another task"),
            }),
            Self::TooManyOfToken { name, max } => problem::error(
                StatusCode::FORBIDDEN,
                "too many tasks",
                format!("token {name:?} has made {max} tasks, as many as it may (tasks_max in logboom.toml)"),
            ),
            Self::Name(why) => problem::bad_parameter(why.clone()),
            Self::Broken(why) => problem::error(
                StatusCode::SERVICE_UNAVAILABLE,
                "the bytes could not be stored",
                format!("{why}; nothing of this request counts as stored: try again"),
            ),
        }
    }
}
