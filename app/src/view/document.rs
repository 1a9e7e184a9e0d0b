//! The document around a page.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use record::wire::State;

use super::App;
use super::state::word;
use crate::load::Page;

/// Where the browser finds the page's files.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The style sheet.
    pub style: String,
    /// The icon.
    pub icon: String,
    /// The client's script and its wasm; none where the server was built without a client.
    pub client: Option<(String, String)>,
}

/// A whole document that shows `page`. Drawn on the server only.
pub fn document(page: Page, files: Files) -> impl IntoView {
    let (title, description) = (page.title(), page.description());
    let (state, theme) = match &page {
        Page::Log(log) => (Some(log.task.state), log.theme.clone()),
        Page::List { .. } | Page::Nothing(_) => (None, None),
    };
    let icon = state.map_or(files.icon, icon);
    // The Open Graph protocol, https://ogp.me; `property` is no attribute of HTML's own.
    let told = [
        ("og:type", "website".to_owned()),
        ("og:site_name", "Logboom".to_owned()),
        ("og:title", title.clone()),
        ("og:description", description.clone()),
    ]
    .map(|(name, value)| leptos::html::meta().attr("property", name).content(value));
    let told = told.into_iter().collect_view();
    let scheme = theme.clone().unwrap_or_else(|| "light dark".to_owned());
    provide_context(page);
    let client = files.client.map(|(script, wasm)| {
        let nonce = use_nonce();
        let start = format!(
            // The rows that the server rendered are painted first; the client takes over behind them. The second frame
            // begins when the first was drawn. A page in the background draws none.
            "if (!document.hidden) \
                await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(go)))); \
             delete document.documentElement.dataset.first; \
             const wasm = fetch(\"{wasm}\"); \
             const {{ default: start, hydrate }} = await import(\"{script}\"); \
             await start({{ module_or_path: wasm }}); hydrate();"
        );
        view! {
            <script nonce=nonce.clone()>"document.hidden || (document.documentElement.dataset.first = true);"</script>
            <script type="module" nonce=nonce>{start}</script>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content=scheme />
                <title>{title}</title>
                <meta name="description" content=description />
                {told}
                <link rel="stylesheet" href=files.style />
                <link id="icon" rel="icon" type="image/svg+xml" href=icon />
                {client}
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The icon that shows a task's state.
#[must_use]
pub fn icon(state: State) -> String {
    format!("/favicon-{}.svg", word(state))
}
