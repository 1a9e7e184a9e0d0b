//! A broken client says so: the page stays readable, and a reload starts anew.

use leptos::prelude::document;

/// Shows a banner and tells the console when something in the client breaks.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let banner = super::dom::create("p", "broken");
        if let (Some(banner), Some(body)) = (banner, document().body()) {
            banner.set_text_content(Some("The page broke down. What it shows stays; reload it to go on."));
            super::dom::set(&banner, "role", Some("alert"));
            drop(body.append_child(&banner));
        }
    }));
}
