//! How grave a line is.

use serde::{Deserialize, Serialize};

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

    /// The level that a program's word for it means, in upper case; none if it is no such word.
    pub(crate) fn from_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"TRACE" => Self::Trace,
            b"DEBUG" => Self::Debug,
            b"INFO" | b"NOTICE" => Self::Info,
            b"WARN" | b"WARNING" => Self::Warn,
            b"ERR" | b"ERROR" | b"SEVERE" => Self::Error,
            b"CRITICAL" | b"PANIC" | b"ALERT" | b"EMERG" | b"EMERGENCY" | b"FATAL" => Self::Fatal,
            _ => return None,
        })
    }

    /// As [`Self::from_word`], in any case.
    pub(crate) fn from_word_in_any_case(word: &[u8]) -> Option<Self> {
        let mut upper = [0; 9];
        let upper = upper.get_mut(..word.len())?;
        upper.copy_from_slice(word);
        upper.make_ascii_uppercase();
        Self::from_word(upper)
    }
}
