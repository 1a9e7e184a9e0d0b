//! What a log that grows shows below its lines: those that are being written, and how many came while the reader was elsewhere.

use leptos::prelude::*;

use super::log::Handle;
use super::signals::Signals;
use crate::client::{self, Viewer};
use crate::model::{figures, states, text};

/// The strip below the log.
#[component]
pub fn Growing(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let news = move || {
        let news = signals.news.get();
        (news > 0).then(|| figures::counted(news, "new line", "new lines"))
    };
    let partial = move || {
        signals.partial.with(|partial| {
            let line = |line: &record::wire::Partial| {
                let runs = text::runs(states::last(&line.text).1);
                let text: String = runs.into_iter().map(|run| run.text).collect();
                view! { <p><b>{line.source.clone()}</b> " " <span>{text}</span></p> }
            };
            partial.iter().map(line).collect_view()
        })
    };
    view! {
        <div class="growing" aria-hidden="true">{partial}</div>
        <button
            class="news"
            type="button"
            data-testid="news"
            hidden=move || news().is_none()
            on:click=move |_| client::with(handle, |viewer: &Viewer| viewer.set_follow(true))
        >
            {news}
        </button>
    }
}
