//! Keys of a log's page.

use leptos::prelude::document;
use leptos::wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

use super::{Stops, Viewer, dom};
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
    // The browser closes what stands open over the page.
    if event.key() == "Escape" && document().query_selector(":popover-open").is_ok_and(|open| open.is_some()) {
        return;
    }
    let typing = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
    if event.key() == "Escape" && typing.is_some() {
        viewer.focus();
        return;
    }
    let shortcut = (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key();
    if shortcut && !event.default_prevented() {
        with_control(viewer, event);
        return;
    }
    let Some(key) = plain(event) else {
        return;
    };
    match key.as_str() {
        "ArrowDown" | "J" if event.shift_key() => viewer.extend_selection(1),
        "ArrowUp" | "K" if event.shift_key() => viewer.extend_selection(-1),
        "Escape" => viewer.close(),
        "j" | "ArrowDown" => viewer.step(1),
        "k" | "ArrowUp" => viewer.step(-1),
        " " if event.shift_key() => viewer.page(-1.0),
        " " | "PageDown" => viewer.page(1.0),
        "PageUp" => viewer.page(-1.0),
        "d" => viewer.page(0.5),
        "u" => viewer.page(-0.5),
        "g" | "Home" => viewer.to_top(true),
        "G" | "End" => viewer.to_end(true),
        "f" => viewer.toggle_follow(),
        "w" => viewer.toggle_wrap(),
        "y" => viewer.copy_link(),
        "Enter" => viewer.open_record(),
        ":" => focus_field("goto"),
        "/" => focus_field("search"),
        "n" => viewer.stop_at(Stops::Hits, false),
        "N" => viewer.stop_at(Stops::Hits, true),
        "e" => viewer.stop_at(Stops::Errors, false),
        "E" => viewer.stop_at(Stops::Errors, true),
        "a" => viewer.stop_at(Stops::Warnings, false),
        "A" => viewer.stop_at(Stops::Warnings, true),
        "z" => viewer.toggle_fold(),
        "Z" => viewer.toggle_heads(),
        "&" => viewer.toggle_only(),
        "?" => dialogs::open("help"),
        _ => return,
    }
    event.prevent_default();
}

/// Does what a key asks for that is pressed with Control, or Command.
fn with_control(viewer: &Viewer, event: &KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let typing = target.as_ref().is_some_and(|target| matches!(&*target.tag_name(), "INPUT" | "TEXTAREA"));
    match event.key().as_str() {
        // Where it is in the field already, the browser's own search opens.
        "f" if target.is_none_or(|target| target.id() != "search") => focus_field("search"),
        "a" if !typing => viewer.select_all(),
        _ => return,
    }
    event.prevent_default();
}

/// Gives a field the focus, what stands in it selected.
pub fn focus_field(id: &str) {
    if let Some(field) = dom::by_id(id).and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
        let element: &HtmlElement = &field;
        // On a narrow screen it may stand in a popover.
        if element.offset_parent().is_none()
            && let Some(popover) = element.closest("[popover]").ok().flatten()
        {
            dom::show_popover(&popover.id(), true);
        }
        dom::focus(element);
        field.select();
    }
}
