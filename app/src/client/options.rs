//! How lines are shown, as the reader chooses it.

use leptos::prelude::{GetUntracked as _, Set as _, document, window};

use super::state::State;
use super::{Viewer, dom};
use crate::model::size::Size;

/// Where the browser keeps the size of the text.
const SIZE_KEY: &str = "logboom-size";

/// The size that the reader chose before.
#[must_use]
pub fn kept_size() -> Size {
    let kept = window().local_storage().ok().flatten().and_then(|store| store.get_item(SIZE_KEY).ok().flatten());
    kept.as_deref().and_then(Size::parse).unwrap_or_default()
}

impl Viewer {
    /// Shows the log's text in another size, here and when the reader comes back.
    pub fn set_size(&self, size: Size) {
        if self.signals.size.get_untracked() == size {
            return;
        }
        self.signals.size.set(size);
        // A browser may keep nothing; then the size lasts as long as the page.
        if let Ok(Some(store)) = window().local_storage() {
            drop(store.set_item(SIZE_KEY, size.name()));
        }
        self.change(|state| state.take_size(size));
    }
}

impl State {
    /// Takes the height of rows from the size of the text.
    pub(super) fn take_size(&mut self, size: Size) {
        if let Some(root) = document().document_element() {
            dom::set(&root, "data-size", Some(size.name()).filter(|_| size != Size::default()));
        }
        self.scroll.set_row_px(size.row_px());
        self.pool.row_px = size.row_px();
        self.pool.forget_heights();
    }
}
