//! From a file or a command to a server: the place where shipping will live.
//!
//! Nothing ships yet. The crate stands so that the arrows between the rooms are drawn and held from the first day:
//! the agent knows what a record is, and nothing of the engine, of HTTP servers or of pages.
