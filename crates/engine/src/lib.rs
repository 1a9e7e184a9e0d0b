//! One order out of many sources.
//!
//! A [`Source`] gives bytes at an offset. A stream cuts them into lines and gives each a key that
//! never falls. A [`Merge`] orders the lines of all streams. A [`Log`] remembers, in an [`Index`], where the streams
//! stood every so many lines, and starts a merge at any place.
//!
//! Plain, blocking functions: no HTTP, no runtime, no clock.

mod batch;
mod cache;
mod error;
mod filter;
mod growth;
mod index;
mod layout;
pub mod limits;
mod lines;
mod lineset;
mod log;
mod merge;
mod pattern;
mod source;
mod stream;
mod text;

pub use batch::Line;
pub use cache::{Cache, CacheKey};
pub use error::Error;
pub use filter::{Filter, Levels};
pub use index::{Block, Index, IndexFileError, LevelCounts, Loaded, LogIdentity, level_place};
pub use layout::{Encoding, Layout};
pub use lineset::LineSet;
pub use log::{Bucket, Buckets, By, Ended, Found, Log, Picker, Place, Searched};
pub use merge::{Failure, Input, Merge};
pub use pattern::{Case, Pattern, PatternError};
pub use source::{
    Arrivals, DiskBudget, FileIdentity, FileSource, Followed, GrowingFile, Look, MemorySource, Packing, Source,
    SpoolSource, Spools, begin_mark, mark_before, name_mark,
};
pub use stream::{Origin, Standing};
