//! How grave a line is.

mod words;

use serde::{Deserialize, Serialize};

pub(crate) use words::{
    WORD_BYTES_MAX, WORD_BYTES_MIN, at_start as word_at_start, in_any_case as word_in_any_case, is_in_word,
};

/// A line's level, from the least to the most grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Level {
    /// Every step.
    Trace,
    /// For the one who wrote the program.
    Debug,
    /// Normal course; `NOTICE` counts as this.
    Info,
    /// Odd, and gone on.
    Warn,
    /// Something failed.
    Error,
    /// The program could not go on; `CRITICAL`, `PANIC`, `ALERT` and `EMERG` count as this.
    Fatal,
}

impl Level {
    /// All levels, the least grave first.
    pub const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The lower-case name that records and addresses use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// The level of that lower-case name, as filters use it; none for any other word.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}
