//! Keys on the list of tasks: `j` and `k` move, Enter opens, `/` filters.

use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{dom, keys};

/// Starts listening.
pub fn start() {
    let listener = window_event_listener(ev::keydown, |event| {
        let Some(key) = keys::plain(&event) else {
            return;
        };
        match key.as_str() {
            "j" | "ArrowDown" => step(1),
            "k" | "ArrowUp" => step(-1),
            "/" => {
                if let Some(field) =
                    document().get_element_by_id("filter").and_then(|field| field.dyn_into::<HtmlElement>().ok())
                {
                    drop(field.focus());
                }
            }
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || listener.remove());
    dom::mark_hydrated();
}

/// Moves the focus to the next shown task, or to the one before.
fn step(by: i32) {
    let Ok(found) = document().query_selector_all(".tasks li:not([hidden]) a") else {
        return;
    };
    let links: Vec<HtmlElement> = (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok()).collect();
    let active = document().active_element();
    let here = links.iter().position(|link| active.as_ref() == Some(link));
    let next = match here {
        None => Some(0),
        Some(index) if by > 0 => Some(index + 1),
        Some(index) => index.checked_sub(1),
    };
    if let Some(link) = next.and_then(|next| links.get(next)) {
        drop(link.focus());
    }
}
