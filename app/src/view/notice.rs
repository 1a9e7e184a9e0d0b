//! What went wrong, where the reader looks, and what to do about it.

use leptos::prelude::*;
use record::wire::{ApiError, State};

use super::log::Handle;
use super::signals::Signals;
use crate::model::figures;

/// The lines between the header and the log: what the address got wrong, which sources failed, what is being tried again.
#[component]
pub fn Notices(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
    /// What of the address could not be read.
    problems: Vec<String>,
    /// What became of a link's line.
    told: Option<String>,
) -> impl IntoView {
    let failed = move || {
        signals.task.with(|task| {
            let failed: Vec<_> = task.sources.iter().filter(|source| source.state == State::Failed).collect();
            let first = failed.first()?;
            let reason = first.error.clone().unwrap_or_else(|| "no reason was given".to_owned());
            Some(match failed.len() {
                1 => format!("{} could not be read: {reason}. The other sources are shown.", first.id),
                count => format!(
                    "{} could not be read, the first of them {}: {reason}.",
                    figures::counted(count as u64, "source", "sources"),
                    first.id
                ),
            })
        })
    };
    let retry = move |_| {
        handle.with_value(|viewer| {
            if let Some(viewer) = viewer {
                viewer.retry();
            }
        });
    };
    view! {
        {(!problems.is_empty()).then(|| view! { <p class="notice" data-kind="problem" role="alert"><Words text=problems.join(" ") /></p> })}
        {told.map(|text| view! { <p class="notice" data-kind="told" role="status"><Words text /></p> })}
        {move || failed().map(|text| view! { <p class="notice" data-kind="failed"><Words text /></p> })}
        {move || {
            signals.trouble.get().map(|text| {
                view! {
                    <p class="notice" data-kind="trouble" role="alert">
                        <Words text />
                        <button type="button" on:click=retry>"Retry"</button>
                    </p>
                }
            })
        }}
    }
}

/// What is said: a few lines of it, and all on request.
#[component]
fn Words(text: String) -> impl IntoView {
    let title = text.clone();
    view! { <span class="words" title=title>{text}</span> }
}

/// A page that has nothing to show but why.
#[component]
pub fn Nothing(
    /// What went wrong.
    error: ApiError,
) -> impl IntoView {
    Effect::new(move |_| crate::client::dom::mark_hydrated());
    let (title, detail) = match error.status {
        404 => {
            ("No such log", "There is no log of this name here. It was renamed or removed, or the link is not whole.")
        }
        _ => (&*error.title, &*error.detail),
    };
    let (title, detail) = (title.to_owned(), detail.to_owned());
    view! {
        <main class="nothing">
            <p class="status">{error.status.to_string()}</p>
            <h1>{title}</h1>
            <p>{detail}</p>
            <p>
                <a href="/">"All logs"</a>
            </p>
        </main>
    }
}
