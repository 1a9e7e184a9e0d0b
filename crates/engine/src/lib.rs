//! One order out of many sources.
//!
//! Plain, blocking functions over [`Source`]s: no HTTP, no runtime, no clock.

mod error;
pub mod limits;
mod source;

pub use error::Error;
pub use source::{FileSource, MemorySource, Packing, Source, SpoolSource};
