//! What the log is made of: its levels with their counts, its sources with their states.

use leptos::prelude::*;
use record::Level;
use record::wire::{SourceInfo, State as StateOf};

use super::signals::Signals;
use super::state::{meaning, word};
use crate::model::figures;
use crate::model::sources::LANES;

/// Characters at the end of a source's name that stay in sight where it is too long: they tell it from its neighbours.
const END_CHARS: usize = 13;

/// The panel beside the log; on narrow screens it opens from a button.
#[component]
pub fn Panel(
    /// The page's signals.
    signals: Signals,
) -> impl IntoView {
    let sources = move || {
        signals.task.with(|task| {
            let sources = task.sources.iter().enumerate();
            sources.map(|(index, source)| view! { <Source source=source.clone() lane=index % LANES /> }).collect_view()
        })
    };
    view! {
        <aside id="panel" class="panel" popover="auto" aria-label="Levels and sources">
            <h2>"Levels"</h2>
            <ul class="levels">
                <For each=|| Level::ALL.into_iter().rev() key=|level| *level let(level)>
                    <li data-level=level.name()>
                        <span class="glyph" aria-hidden="true"></span>
                        <span>{level.name()}</span>
                        <span class="figure">{move || count(signals, level as usize)}</span>
                    </li>
                </For>
                <li>
                    <span class="glyph" aria-hidden="true"></span>
                    <span>"none"</span>
                    <span class="figure">{move || count(signals, 6)}</span>
                </li>
            </ul>
            <h2>"Sources"</h2>
            <ul class="sources">{sources}</ul>
        </aside>
    }
    .into_any()
}

fn count(signals: Signals, index: usize) -> String {
    signals.task.with(|task| figures::grouped(task.levels.get(index).copied().unwrap_or_default()))
}

#[component]
fn Source(source: SourceInfo, lane: usize) -> impl IntoView {
    let figure = match (source.state, source.lines) {
        (StateOf::Complete, Some(lines)) => figures::grouped(lines),
        (StateOf::Complete, None) => figures::bytes(source.bytes),
        (state, _) => word(state).to_owned(),
    };
    let title = format!("{}: {}, {}", source.id, figures::bytes(source.bytes), meaning(source.state));
    let (start, end) = figures::two_parts(&source.id, END_CHARS);
    let (start, end) = ((!start.is_empty()).then(|| start.to_owned()), end.to_owned());
    view! {
        <li data-lane=lane.to_string() data-state=word(source.state) title=title>
            <span class="lane" aria-hidden="true"></span>
            <span class="name">{start.map(|start| view! { <span class="start">{start}</span> })}<span class="end">{end}</span></span>
            <span class="figure">{figure}</span>
            {source.error.map(|error| view! { <span class="error">{error}</span> })}
        </li>
    }
}
