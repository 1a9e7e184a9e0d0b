//! The places for the log from afar; the client draws into them.

use leptos::prelude::*;

use super::signals::Signals;
use crate::client::dom;
use crate::model::{figures, time};

/// Lines over time, by level.
#[component]
pub fn Timeline(
    /// The page's signals.
    signals: Signals,
) -> impl IntoView {
    let said = move || {
        let zone = signals.view.with(|view| dom::zone(&view.zone));
        signals.task.with(|task| {
            let span = task.first_ts.as_deref().zip(task.last_ts.as_deref());
            let span =
                span.map(|(first, last)| format!(" from {} to {}", time::full(first, zone), time::full(last, zone)));
            let errors: u64 = task.levels.iter().skip(4).take(2).sum();
            format!("Lines over time{}: {}", span.unwrap_or_default(), figures::counted(errors, "error", "errors"))
        })
    };
    view! {
        <div id="timeline" class="timeline" role="region" aria-label=said>
            <canvas aria-hidden="true"></canvas>
            <div class="chosen"></div>
            <div class="drag"></div>
            <div class="here"></div>
        </div>
    }
}

/// The whole log as a narrow strip.
#[component]
pub fn Minimap() -> impl IntoView {
    view! {
        <div id="minimap" class="minimap" role="region" aria-label="The whole log: levels, hits, and where you are">
            <canvas aria-hidden="true"></canvas>
            <div class="here"></div>
        </div>
    }
}
