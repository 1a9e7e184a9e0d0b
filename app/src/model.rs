//! What the viewer decides, without a document: plain structs, tested on the host.

pub mod colors;
pub mod conditions;
pub mod copy;
pub mod decor;
pub mod download;
pub mod drawing;
pub mod escape;
pub mod face;
pub mod fields;
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
#[cfg(test)]
pub(crate) mod sample;
pub mod scroll;
pub mod selection;
pub mod size;
pub mod sources;
pub mod stamp;
pub mod states;
pub mod style;
pub mod text;
pub mod time;
pub mod view;
