//! One order out of many sources.
//!
//! A [`Source`] gives bytes at an offset. A [`Stream`](stream::Stream) cuts them into lines and gives each a key that
//! never falls. A [`Merge`] orders the lines of all streams. A [`Log`] remembers, in an [`Index`], where the streams
//! stood every so many lines, and starts a merge at any place.
//!
//! Plain, blocking functions: no HTTP, no runtime, no clock.

mod cache;
mod error;
mod index;
mod layout;
pub mod limits;
mod lines;
mod log;
mod merge;
mod source;
mod stream;

pub use cache::{Cache, CacheKey};
pub use error::Error;
pub use index::{Block, Index, IndexFileError, LevelCounts, Loaded, LogIdentity, level_place};
pub use layout::{Encoding, Layout};
pub use log::{Found, Log, Place};
pub use merge::{Failure, Input, Merge};
pub use source::{DiskBudget, FileIdentity, FileSource, MemorySource, Packing, Source, SpoolSource, Spools};
pub use stream::{Line, Origin, Standing, Stream};
