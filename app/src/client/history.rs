//! The address bar and the ways back and forward.

use leptos::prelude::window;
use leptos::wasm_bindgen::JsValue;

/// What the address bar says after the path, with its `?`.
#[must_use]
pub fn query() -> String {
    window().location().search().unwrap_or_default()
}

/// Shows the view's query in the address bar; as a new step where there is a way back to keep.
pub fn show(query: &str, step: bool) {
    if query == self::query() {
        return;
    }
    let path = window().location().pathname().unwrap_or_default();
    // What another page asked for that this one stands in.
    let theme = crate::model::query::pairs(&self::query()).find(|(name, _)| name == "theme");
    let theme = theme.map(|(_, theme)| format!("{}theme={theme}", if query.is_empty() { '?' } else { '&' }));
    let address = format!("{path}{query}{}", theme.unwrap_or_default());
    if let Ok(history) = window().history() {
        // A browser refuses when an address changes too often; the next change is shown again.
        drop(if step {
            history.push_state_with_url(&JsValue::NULL, "", Some(&address))
        } else {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
        });
    }
}

/// The whole address of a view of this page.
#[must_use]
pub fn address(query: &str) -> String {
    let location = window().location();
    format!("{}{}{query}", location.origin().unwrap_or_default(), location.pathname().unwrap_or_default())
}
