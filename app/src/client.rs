//! What keeps a page moving in the browser. It compiles for the server too, where nothing calls it.

pub mod dom;
pub mod history;
pub mod keys;
pub mod list;
mod live;
pub mod panic;

mod canvas;
mod copying;
mod count;
mod fetch;
mod filter;
mod fold;
mod frame;
mod jump;
mod marks;
mod moving;
mod options;
mod overview;
mod pictures;
mod pool;
mod recent;
mod record;
mod search;
mod selection;
mod slot;
mod state;
mod viewer;
mod whole;
mod zones;

pub use record::draw_text;
pub use search::Stops;
pub use viewer::Viewer;
pub use zones::is_known as is_zone;

/// Does something with the viewer, once the client has started it.
pub fn with(handle: crate::view::log::Handle, then: impl FnOnce(&Viewer)) {
    handle.with_value(|viewer| {
        if let Some(viewer) = viewer {
            then(viewer);
        }
    });
}
