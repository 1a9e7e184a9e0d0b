//! Keys of a log's page.

use leptos::prelude::document;
use leptos::wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

use super::{Viewer, dom};
use crate::view::dialogs;

/// The key of an event that is meant for the page: not typed into a field or a dialog, no shortcut of the browser's.
#[must_use]
pub fn plain(event: &KeyboardEvent) -> Option<String> {
    if event.default_prevented() || event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing() {
        return None;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let key = event.key();
    if let Some(target) = target {
        let presses = matches!(key.as_str(), " " | "Enter");
        let busy = if presses {
            "input, textarea, select, dialog, button, a, summary, [popover]:popover-open"
        } else {
            "input, textarea, select, dialog"
        };
        if target.closest(busy).ok().flatten().is_some() {
            return None;
        }
    }
    Some(key)
}

/// Does what a key asks for.
pub fn press(viewer: &Viewer, event: &KeyboardEvent) {
    let typing = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    if event.key() == "Escape" && typing.is_some() {
        viewer.focus();
        return;
    }
    let Some(key) = plain(event) else {
        return;
    };
    match key.as_str() {
        "j" | "ArrowDown" => viewer.step(1),
        "k" | "ArrowUp" => viewer.step(-1),
        " " if event.shift_key() => viewer.page(-1.0),
        " " | "PageDown" => viewer.page(1.0),
        "PageUp" => viewer.page(-1.0),
        "d" => viewer.page(0.5),
        "u" => viewer.page(-0.5),
        "g" | "Home" => viewer.to_top(),
        "G" | "End" => viewer.to_end(),
        "w" => viewer.toggle_wrap(),
        "y" => viewer.copy_link(),
        "Enter" => viewer.open_record(),
        "Escape" => viewer.close_record(),
        ":" => focus_goto(),
        "?" => dialogs::open("help"),
        _ => return,
    }
    event.prevent_default();
}

fn focus_goto() {
    if let Some(field) =
        document().get_element_by_id("goto").and_then(|field| field.dyn_into::<HtmlInputElement>().ok())
    {
        let element: &HtmlElement = &field;
        dom::focus(element);
        field.select();
    }
}
