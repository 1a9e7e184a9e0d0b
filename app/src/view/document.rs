//! The document around a page.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use super::App;
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
    let title = page.title();
    provide_context(page);
    let client = files.client.map(|(script, wasm)| {
        let nonce = use_nonce();
        let start = format!(
            "import start, {{ hydrate }} from \"{script}\"; await start({{ module_or_path: \"{wasm}\" }}); hydrate();"
        );
        view! {
            <link rel="modulepreload" href=script.clone() nonce=nonce.clone() />
            <link rel="preload" href=wasm.clone() r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
            <script type="module" nonce=nonce>{start}</script>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{title}</title>
                <link rel="stylesheet" href=files.style />
                <link rel="icon" type="image/svg+xml" href=files.icon />
                {client}
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}
