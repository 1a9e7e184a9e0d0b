//! The dialogs: the keys.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;

/// Keys and what they do.
const KEYS: [(&str, &str); 12] = [
    ("j k ↓ ↑", "one line down, up"),
    ("Space, PgDn, PgUp", "a page down, up"),
    ("d u", "half a page down, up"),
    ("g, Home", "first line"),
    ("G, End", "last line"),
    (":", "go to a line or a time"),
    ("w", "wrap long lines, or not"),
    ("y", "copy a link to the current line"),
    ("Enter", "open the current line beside the log"),
    ("← →", "scroll sideways"),
    ("?", "this help"),
    ("Escape", "close, or back to the log"),
];

/// Opens a dialog of this page.
pub fn open(id: &str) {
    let dialog =
        document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlDialogElement>().ok());
    if let Some(dialog) = dialog.filter(|dialog| !dialog.open()) {
        // It fails only for a dialog that is open or out of the document, and it is neither.
        drop(dialog.show_modal());
    }
}

/// The keys.
#[component]
pub fn Help() -> impl IntoView {
    let keys = KEYS.map(|(keys, what)| view! { <dt>{keys}</dt><dd>{what}</dd> });
    view! {
        <dialog id="help" class="dialog" aria-labelledby="help-title">
            <h2 id="help-title">"Keys"</h2>
            <dl class="keys">{keys.into_iter().collect_view()}</dl>
            <p>"Click a line’s number for a link that names it for ever."</p>
            <form method="dialog">
                <button>"Close"</button>
            </form>
        </dialog>
    }
}
