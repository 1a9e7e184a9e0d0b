//! What the viewer decides, without a document: plain structs, tested on the host.

pub mod colors;
pub mod download;
pub mod face;
pub mod figures;
pub mod goto;
pub mod lines;
pub mod ndjson;
pub mod place;
pub mod query;
pub mod scroll;
pub mod sources;
pub mod text;
pub mod time;
pub mod view;
