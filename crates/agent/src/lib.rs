//! From a file or a command to a server: what `logboom ship` and `logboom run` do.
//!
//! A source is a [`Tape`](tape::Tape): bytes at an offset that only become more. There are two: a file that is followed
//! through rotation ([`follow`]), which is its own spool, and a command's output ([`command`]), which is spooled. A
//! [`Sender`](sender::Sender) reads a tape and grows the resource at the server by what is new, at the offset where it
//! belongs; since that can be said twice, whatever fails is simply said again.
//!
//! ```
//! use std::time::Duration;
//!
//! let server = agent::remote::Address::new("http://127.0.0.1:7171", None)?;
//! let server = agent::remote::Server::new(server, Duration::from_secs(15))?;
//! let source = server.source("etl/extract", "worker-1.log")?;
//! assert!(source.address().path().ends_with("/tasks/etl%2Fextract/sources/worker-1.log/raw"));
//! assert!(server.source("etl/../secret", "worker-1.log").is_err());
//! # Ok::<(), agent::Error>(())
//! ```

pub mod tape;

pub mod follow;
mod state;

pub mod command;
mod spool;

mod backoff;
mod body;
mod clock;
pub mod remote;
pub mod sender;
pub mod ship;
pub mod tell;

mod error;
pub mod limits;

pub use error::Error;
