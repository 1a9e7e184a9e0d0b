//! The viewer: rendered on the server first, then taken over in the browser.
//!
//! [`api`] is the only door to data, [`load`] what a page is made of, [`model`] what is decided without a document,
//! `view` the parts that draw it, `client` what keeps it moving in the browser. `ssr` and `hydrate` choose a half of
//! leptos, nothing else.

#![recursion_limit = "256"]

pub mod api;
pub mod fold;
pub mod load;
pub mod model;

#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "the server draws the parts and starts nothing"))]
mod client;
mod view;

pub use api::Api;
pub use load::Page;
pub use view::document::{Files, document};

/// Takes over the page that the server rendered. Called by the page's own script, once.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    client::panic::install();
    leptos::mount::hydrate_body(view::App);
}
