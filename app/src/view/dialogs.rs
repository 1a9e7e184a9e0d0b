//! The dialogs: the keys, and a line that is too long for its row.

use leptos::either::EitherOf3;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;

use super::signals::{Signals, Whole};
use crate::model::{figures, text};

/// Keys and what they do.
const KEYS: [(&str, &str); 12] = [
    ("j k ↓ ↑", "one line down, up"),
    ("Space, PgDn, PgUp", "a page down, up"),
    ("d u", "half a page down, up"),
    ("g, Home", "first line"),
    ("G, End", "last line"),
    (":", "go to a line or a time"),
    ("w", "wrap long lines, or not"),
    ("y", "copy a link to the current line"),
    ("Enter", "read the whole of a long line"),
    ("← →", "scroll sideways"),
    ("?", "this help"),
    ("Escape", "close, or back to the log"),
];

/// Bytes of a long line that are laid out together.
const BLOCK_BYTES: usize = 16 << 10;

/// Opens a dialog of this page.
pub fn open(id: &str) {
    let dialog =
        document().get_element_by_id(id).and_then(|element| element.dyn_into::<web_sys::HtmlDialogElement>().ok());
    if let Some(dialog) = dialog.filter(|dialog| !dialog.open()) {
        // It fails only for a dialog that is open or out of the document, and it is neither.
        drop(dialog.show_modal());
    }
}

/// The keys.
#[component]
pub fn Help() -> impl IntoView {
    let keys = KEYS.map(|(keys, what)| view! { <dt>{keys}</dt><dd>{what}</dd> });
    view! {
        <dialog id="help" class="dialog" aria-labelledby="help-title">
            <h2 id="help-title">"Keys"</h2>
            <dl class="keys">{keys.into_iter().collect_view()}</dl>
            <p>"Click a line’s number for a link that names it for ever."</p>
            <form method="dialog">
                <button>"Close"</button>
            </form>
        </dialog>
    }
}

/// A line in full.
#[component]
pub fn Reader(
    /// The page's signals.
    signals: Signals,
) -> impl IntoView {
    Effect::new(move |_| {
        if signals.whole.with(Option::is_some) {
            open("reader");
        }
    });
    let body = move || {
        signals.whole.get().map(|whole| match whole {
            Whole::Coming(_) => EitherOf3::A(view! { <p>"Loading the line…"</p> }),
            Whole::Failed(why) => EitherOf3::B(view! { <p role="alert">{why}</p> }),
            Whole::Text(_, whole, cut) => EitherOf3::C(view! {
                <div class="whole" tabindex="0" role="region" aria-label="The line’s text">{blocks(&whole)}</div>
                {cut.map(|cut| view! { <p>{format!("{} more are left out; the source’s raw bytes have them.", figures::bytes(cut))}</p> })}
            }),
        })
    };
    let title = move || {
        signals.whole.with(|whole| match whole {
            Some(Whole::Coming(name) | Whole::Text(name, ..)) => name.clone(),
            _ => "The whole line".to_owned(),
        })
    };
    view! {
        <dialog id="reader" class="dialog reader" aria-labelledby="reader-title" on:close=move |_| signals.whole.set(None)>
            <h2 id="reader-title">{title}</h2>
            {body}
            <form method="dialog">
                <button>"Close"</button>
            </form>
        </dialog>
    }
}

fn blocks(whole: &str) -> impl IntoView + use<> {
    let mut rest = whole;
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let mut end = BLOCK_BYTES.min(rest.len());
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (block, after) = rest.split_at(end);
        rest = after;
        let runs = text::runs(block).into_iter().map(|run| view! { <span class=run.style.classes()>{run.text}</span> });
        blocks.push(view! { <span class="block">{runs.collect_view()}</span> });
    }
    blocks
}
