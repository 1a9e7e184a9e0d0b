//! What a line of a log is: its text, its own time, its level, and how it is handed out.
//!
//! No I/O, no clock, no async: everything here is a function of bytes, and it compiles for the browser too.

pub mod level;
pub mod limits;
pub mod timestamp;
pub mod wire;

pub use level::Level;
pub use timestamp::Timestamp;
