//! Recent searches, kept in the browser and offered by the search field.

use leptos::prelude::{document, window};

use super::dom;

/// Where they are kept.
const KEY: &str = "logboom-searches";

/// How many are kept.
const SEARCHES_MAX: usize = 20;

/// Puts a search before the others.
pub fn keep(text: &str) {
    if text.trim().is_empty() {
        return;
    }
    let mut all = kept();
    all.retain(|other| other != text);
    all.insert(0, text.to_owned());
    all.truncate(SEARCHES_MAX);
    if let (Ok(Some(storage)), Ok(json)) = (window().local_storage(), serde_json::to_string(&all)) {
        // A browser that keeps nothing only forgets.
        drop(storage.set_item(KEY, &json));
    }
    offer(&all);
}

/// Offers those that were kept.
pub fn start() {
    offer(&kept());
}

fn kept() -> Vec<String> {
    let stored = window().local_storage().ok().flatten().and_then(|storage| storage.get_item(KEY).ok().flatten());
    stored.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}

fn offer(all: &[String]) {
    let Some(list) = document().get_element_by_id("searches") else {
        return;
    };
    list.set_text_content(None);
    for text in all {
        if let Some(option) = dom::create("option", "") {
            dom::set(&option, "value", Some(text));
            drop(list.append_child(&option));
        }
    }
}
