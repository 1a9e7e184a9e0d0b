//! Small doors to the document.

use leptos::prelude::{document, window};
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::JsValue;
use web_sys::{Element, FocusOptions, HtmlElement, Node};

use super::zones;
use crate::model::time::Zone;
use crate::model::view::ZoneName;

/// The zone that times are shown in.
#[must_use]
pub fn zone(name: &ZoneName) -> Zone {
    // The server, which draws the parts too, has no reader's zone.
    if !cfg!(target_arch = "wasm32") {
        return Zone::Utc;
    }
    match name {
        ZoneName::Local => Zone::Local(local_minutes),
        ZoneName::Named(name) if zones::choose(name) => Zone::Named(zones::minutes),
        ZoneName::Utc | ZoneName::Named(_) => Zone::Utc,
    }
}

/// Minutes east of UTC that the reader's clock is at that second.
fn local_minutes(second: i64) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "a time in milliseconds is far below 2^52")]
    let date = js_sys::Date::new(&JsValue::from_f64(second as f64 * 1000.0));
    #[expect(clippy::cast_possible_truncation, reason = "an offset is a whole number of minutes, below a day")]
    let minutes = -date.get_timezone_offset() as i64;
    minutes
}

/// Says that the client has taken over: its first frame is drawn.
pub fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        set(&root, "data-hydrated", Some("true"));
    }
}

/// Sets an attribute, or takes it away.
pub fn set(element: &Element, name: &str, value: Option<&str>) {
    // Both fail only for a name that is no name.
    drop(match value {
        Some(value) => element.set_attribute(name, value),
        None => element.remove_attribute(name),
    });
}

/// Sets the text of an element that holds nothing else. The text node stays: a new one would be styled and laid out anew.
pub fn set_text(element: &Element, text: &str) {
    match element.first_child().filter(|only| only.node_type() == Node::TEXT_NODE && only.next_sibling().is_none()) {
        Some(node) => node.set_node_value(Some(text)),
        None => element.set_text_content(Some(text)),
    }
}

/// Sets a style property; the page's policy allows it from a script, though not in the HTML.
pub fn style(element: &HtmlElement, name: &str, value: &str) {
    // It fails only for a style sheet that cannot be written, which an element's is not.
    drop(element.style().set_property(name, value));
}

/// Where an element is scrolled to, with its fraction; web-sys gives whole pixels only.
#[must_use]
pub fn scroll_top(element: &Element) -> f64 {
    js_sys::Reflect::get(element, &JsValue::from_str("scrollTop")).ok().and_then(|top| top.as_f64()).unwrap_or_default()
}

/// Scrolls an element, and says where it came to stand.
pub fn set_scroll_top(element: &Element, top: f64) -> f64 {
    drop(js_sys::Reflect::set(element, &JsValue::from_str("scrollTop"), &JsValue::from_f64(top)));
    scroll_top(element)
}

/// Focuses an element where it stands.
pub fn focus(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    drop(element.focus_with_options(&options));
}

/// Whether `element` or something in it has the focus.
#[must_use]
pub fn has_focus(element: &Element) -> bool {
    document().active_element().is_some_and(|active| element.contains(Some(&active)))
}

/// Whether the browser tells when scrolling ends.
#[must_use]
pub fn tells_scroll_end() -> bool {
    js_sys::Reflect::has(&window(), &JsValue::from_str("onscrollend")).unwrap_or(false)
}

/// Shows a task's state in the page's icon.
pub fn show_state(word: &str) {
    if let Some(icon) = document().get_element_by_id("icon") {
        let address = format!("/favicon-{word}.svg");
        if icon.get_attribute("href").is_none_or(|before| before != address) {
            set(&icon, "href", Some(&address));
        }
    }
}

/// Opens a popover of the page or closes it, where it is the other; a browser without popovers does nothing.
pub fn show_popover(id: &str, open: bool) {
    let Some(popover) = by_id(id).filter(|popover| popover.matches(":popover-open").is_ok_and(|is| is != open)) else {
        return;
    };
    let method = js_sys::Reflect::get(&popover, &JsValue::from_str(if open { "showPopover" } else { "hidePopover" }));
    if let Some(method) = method.ok().and_then(|method| method.dyn_into::<js_sys::Function>().ok()) {
        drop(method.call0(&popover));
    }
}

/// An element of the page by its id.
#[must_use]
pub fn by_id(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// A new element; none only for a name that is no name.
#[must_use]
pub fn create(name: &str, class: &str) -> Option<HtmlElement> {
    let element = document().create_element(name).ok()?.dyn_into::<HtmlElement>().ok()?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    Some(element)
}

/// Waits.
pub async fn sleep(millis: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        // It fails only for a callback that is none.
        drop(window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis));
    });
    drop(wasm_bindgen_futures::JsFuture::from(promise).await);
}
