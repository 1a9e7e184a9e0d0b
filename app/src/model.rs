//! What the viewer decides, without a document: plain structs, tested on the host.

pub mod colors;
pub mod conditions;
pub mod copy;
pub mod face;
pub mod figures;
pub mod find;
pub mod folds;
pub mod goto;
pub mod lines;
pub mod ndjson;
pub mod outline;
pub mod overview;
pub mod place;
pub mod query;
pub mod scroll;
pub mod selection;
pub mod sources;
pub mod text;
pub mod time;
pub mod view;
