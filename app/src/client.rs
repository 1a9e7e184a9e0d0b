//! What keeps a page moving in the browser. It compiles for the server too, where nothing calls it.

pub mod dom;
pub mod keys;
pub mod list;
pub mod panic;

mod fetch;
mod history;
mod options;
mod pool;
mod record;
mod viewer;
mod zones;

pub use viewer::Viewer;
pub use zones::is_known as is_zone;
