//! The dialogs: the keys.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;

use super::log::Handle;
use crate::client::{self, Viewer};

/// Keys and what they do, by what they are for.
const KEYS: [(&str, &[(&str, &str)]); 5] = [
    (
        "Move",
        &[
            ("j k ↓ ↑", "a line down, up"),
            ("Space PgDn PgUp", "a page down, up"),
            ("d u", "half a page down, up"),
            ("g G Home End", "the first line, the last"),
            (":", "go to a line or a time"),
            ("← →", "scroll sideways"),
        ],
    ),
    (
        "Find",
        &[
            ("/ Ctrl-F", "search; Ctrl-F again: the browser’s own"),
            ("n N", "the next match, the one before"),
            ("Enter Shift-Enter", "the same from the search field"),
            ("&", "only matching lines, or all"),
            ("e E", "the next error, the one before"),
            ("a A", "the next warning, the one before"),
        ],
    ),
    (
        "Read",
        &[
            ("Enter", "open the current line beside the log"),
            ("f", "follow: stay at the end, or not"),
            ("w", "wrap long lines, or not"),
            ("z", "fold what belongs under a line, or open it"),
            ("Z", "first lines of records only, or all"),
        ],
    ),
    (
        "Select",
        &[
            ("Shift-↓ Shift-↑", "select lines; J and K as well"),
            ("Ctrl-A", "select all lines"),
            ("Ctrl-C", "copy what is selected"),
            ("y", "copy a link to the current line"),
        ],
    ),
    ("Page", &[("?", "this help"), ("Escape", "close, select nothing, back to the log")]),
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
pub fn Help(
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let groups = KEYS.map(|(title, keys)| {
        let keys = keys.iter().map(|(keys, what)| {
            let keys = keys.split(' ').map(|key| view! { <kbd>{key}</kbd> }).collect_view();
            view! { <dt>{keys}</dt><dd>{*what}</dd> }
        });
        view! { <section><h3>{title}</h3><dl class="keys">{keys.collect_view()}</dl></section> }
    });
    // What had the focus before may have gone with the popover that it stood in; then it is still here, or nowhere.
    let closed = move |_| {
        let in_dialog = |active: &web_sys::Element| active.closest("dialog").is_ok_and(|dialog| dialog.is_some());
        let lost = |active: web_sys::Element| active.tag_name() == "BODY" || in_dialog(&active);
        if document().active_element().is_none_or(lost) {
            client::with(handle, Viewer::focus);
        }
    };
    view! {
        <dialog id="help" class="dialog" aria-labelledby="help-title" on:close=closed>
            <h2 id="help-title">"Keys"</h2>
            <form method="dialog">
                <button>"Close"</button>
            </form>
            <div class="key-groups">{groups.into_iter().collect_view()}</div>
            <p>"Click a line’s number for a link that names it for ever; click another with Shift to select all between, with a link of their own. Drag over the timeline for a span of time, turn the wheel on it to look closer."</p>
        </dialog>
    }
}
