//! What keeps a page moving in the browser. It compiles for the server too, where nothing calls it.

pub mod dom;
pub mod history;
pub mod keys;
pub mod list;
pub mod panic;

mod fetch;
mod pool;
mod viewer;

pub use viewer::Viewer;
