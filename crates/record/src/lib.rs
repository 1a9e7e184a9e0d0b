//! What a line of a log is: its text, its own time, its level, and how it is handed out.
//!
//! No I/O, no clock, no async: everything here is a function of bytes, and it compiles for the browser too.
//!
//! ```
//! use record::{Level, RecordView, Rules, Scanner, Timestamp, Zone, text};
//!
//! let mut scanner = Scanner::new(Rules {
//!     zone: Zone::Utc,
//!     modified: Timestamp::from_nanos(0),
//!     format: None,
//! });
//! let line = b"[2024-12-20T03:04:05.120+0000] {jobs.py:10} WARNING - 3 of 42 rows left out";
//! let head = scanner.head(line, false);
//! assert_eq!(head.level, Some(Level::Warn));
//!
//! let mut out = Vec::new();
//! RecordView {
//!     n: Some(1),
//!     time: head.time,
//!     level: head.level,
//!     source: "worker-1.log",
//!     offset: 0,
//!     text: text::decode(line, 75),
//!     cont: head.time.is_none(),
//!     late: false,
//!     wild: false,
//! }
//! .write_json(&mut out);
//! assert!(out.starts_with(br#"{"n":1,"ts":"2024-12-20T03:04:05.120Z","level":"warn","#));
//! ```

pub mod civil;
mod digits;
mod json;
mod lanes;

pub mod level;
pub mod limits;
pub mod scan;
pub mod text;
pub mod timestamp;
pub mod view;
pub mod wire;
pub mod wrap;
pub mod zone;

pub use level::Level;
pub use scan::{Head, Rules, Scanner, TimeFormat, TimeFormatError};
pub use text::Text;
pub use timestamp::Timestamp;
pub use view::{JsonWriter, RecordView};
pub use wrap::{Part, Wrapping};
pub use zone::Zone;
