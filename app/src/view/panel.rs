//! What the log is made of, and what of it is shown: levels and sources with their counts, and the span of time.

use leptos::prelude::*;
use record::Level;
use record::wire::{SourceInfo, State as StateOf};

use super::log::Handle;
use super::search::hidden;
use super::signals::Signals;
use super::state::{meaning, word};
use crate::client::{self, dom};
use crate::model::conditions::{has, toggled};
use crate::model::sources::LANES;
use crate::model::{figures, time};

/// Characters at the end of a source's name that stay in sight where it is too long: they tell it from its neighbours.
const END_CHARS: usize = 13;

/// Sources that are listed at a time; of more, a field finds them by name.
const SOURCES_MAX: usize = 100;

/// Sources from which on there is a field to find them.
const FIELD_FROM: usize = 13;

/// Sources up to which one can be left out: its address names all others.
const MUTE_MAX: usize = 40;

/// The panel beside the log; on narrow screens it opens from a button.
#[component]
pub fn Panel(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let levels = Level::ALL.into_iter().rev().map(|level| view! { <LevelButton signals handle level=Some(level) /> });
    view! {
        <aside id="panel" class="panel" popover="auto" aria-label="What is shown">
            <form method="get" aria-label="Levels">
                <h2>"Levels"</h2>
                {hidden(signals, &["level"])}
                <ul class="levels">
                    {levels.collect_view()}
                    <LevelButton signals handle level=None />
                </ul>
            </form>
            <SourceList signals handle />
            <Times signals handle />
        </aside>
    }
}

#[component]
fn LevelButton(signals: Signals, handle: Handle, level: Option<Level>) -> impl IntoView {
    let name = level.map_or("none", Level::name);
    let place = level.map_or(6, |level| level as usize);
    let pressed = move || signals.view.with(|view| has(view.filter.level.as_deref(), name));
    let next = move || signals.view.with(|view| toggled(view.filter.level.as_deref(), name));
    let count = move || signals.task.with(|task| task.levels.get(place).copied().unwrap_or_default());
    view! {
        <li data-level=level.map(Level::name)>
            <button
                type="submit"
                class="pick"
                name="level"
                value=move || next().unwrap_or_default()
                data-testid=format!("level-{}", name.to_ascii_uppercase())
                data-empty=move || (count() == 0).then_some("true")
                aria-pressed=move || pressed().to_string()
                on:click=move |event| {
                    client::with(handle, |viewer| {
                        event.prevent_default();
                        viewer.set_view(|view| view.filter.level = toggled(view.filter.level.as_deref(), name));
                    });
                }
            >
                <span class="glyph" aria-hidden="true"></span>
                <span class="name">{name}</span>
                <span class="figure">{move || figures::grouped(count())}</span>
            </button>
        </li>
    }
}

#[component]
fn SourceList(signals: Signals, handle: Handle) -> impl IntoView {
    let wanted = RwSignal::new(String::new());
    let count = Memo::new(move |_| signals.task.with(|task| task.sources.len()));
    let listed = move || {
        let wanted = figures::folded(&wanted.get());
        signals.task.with(|task| {
            let sources = task.sources.iter().enumerate();
            let found = sources.filter(|(_, source)| figures::folded(&source.id).contains(&wanted));
            let found = found.take(SOURCES_MAX).map(|(index, source)| {
                let others = (task.sources.len() > 1 && task.sources.len() <= MUTE_MAX)
                    .then(|| task.sources.iter().map(|source| source.id.clone()).collect());
                view! { <Source signals handle source=source.clone() lane=index % LANES others=others /> }
            });
            found.collect_view()
        })
    };
    let more = move || {
        let count = count.get();
        (count > SOURCES_MAX)
            .then(|| format!("{SOURCES_MAX} of {} at most are listed.", figures::grouped(count as u64)))
    };
    view! {
        <form method="get" aria-label="Sources">
            <h2>{move || if count.get() > FIELD_FROM { format!("Sources, {}", figures::grouped(count.get() as u64)) } else { "Sources".to_owned() }}</h2>
            {hidden(signals, &["source"])}
            {move || (count.get() >= FIELD_FROM).then(|| view! {
                <input
                    type="text"
                    class="find live"
                    aria-label="Find a source by its name"
                    placeholder="Find a source"
                    autocomplete="off"
                    on:input=move |event| wanted.set(event_target_value(&event))
                />
            })}
            <ul class="sources">{listed}</ul>
            <p class="more">{more}</p>
        </form>
    }
}

/// How far a source that grows may be behind the others before the panel says so.
const BEHIND_MS: u64 = 2000;

#[component]
fn Source(
    signals: Signals,
    handle: Handle,
    source: SourceInfo,
    lane: usize,
    others: Option<Vec<String>>,
) -> impl IntoView {
    let behind = source.behind_ms.unwrap_or_default();
    let figure = match (source.state, source.lines) {
        (StateOf::Complete, Some(lines)) => figures::grouped(lines),
        (StateOf::Complete, None) => figures::bytes(source.bytes),
        _ if behind > BEHIND_MS => format!("{} behind", figures::duration(behind)),
        (state, _) => word(state).to_owned(),
    };
    let title = format!("{}: {}, {}", source.id, figures::bytes(source.bytes), meaning(source.state));
    let (start, end) = figures::two_parts(&source.id, END_CHARS);
    let (start, end) = ((!start.is_empty()).then(|| start.to_owned()), end.to_owned());
    let id = StoredValue::new(source.id.clone());
    let pressed = move || signals.view.with(|view| id.with_value(|id| has(view.filter.source.as_deref(), id)));
    let next = move || signals.view.with(|view| id.with_value(|id| toggled(view.filter.source.as_deref(), id)));
    let mute = others.map(|others| {
        let others: Vec<String> = others.into_iter().filter(|other| *other != source.id).collect();
        let label = format!("Without {}", source.id);
        view! {
            <button
                type="submit"
                class="mute"
                name="source"
                value=others.join(",")
                title=label.clone()
                aria-label=label
                on:click=move |event| {
                    client::with(handle, |viewer| {
                        event.prevent_default();
                        viewer.leave_out(&id.get_value());
                    });
                }
            >"−"</button>
        }
    });
    view! {
        <li data-lane=lane.to_string() data-state=word(source.state) title=title>
            <button
                type="submit"
                class="pick"
                name="source"
                value=move || next().unwrap_or_default()
                aria-pressed=move || pressed().to_string()
                on:click=move |event| {
                    client::with(handle, |viewer| {
                        event.prevent_default();
                        viewer.set_view(|view| view.filter.source = id.with_value(|id| toggled(view.filter.source.as_deref(), id)));
                    });
                }
            >
                <span class="lane" aria-hidden="true"></span>
                <span class="name">{start.map(|start| view! { <span class="start">{start}</span> })}<span class="end">{end}</span></span>
                <span class="figure">{figure}</span>
            </button>
            {mute}
            {source.error.map(|error| view! { <span class="error">{error}</span> })}
        </li>
    }
}

/// The span of time: what dragging over the timeline sets, in words.
#[component]
fn Times(signals: Signals, handle: Handle) -> impl IntoView {
    let zone = move || signals.view.with(|view| dom::zone(&view.zone));
    let shown = move |text: Option<String>| {
        text.and_then(|text| time::show(&text, zone()))
            .map(|shown| format!("{} {}", shown.date, shown.clock.strip_suffix(".000").unwrap_or(&shown.clock)))
    };
    let since = move || shown(signals.view.with(|view| view.filter.since.clone())).unwrap_or_default();
    let until = move || shown(signals.view.with(|view| view.filter.until.clone())).unwrap_or_default();
    let change = move |is_since: bool| {
        move |event| {
            let typed = event_target_value(&event);
            // A field that loses the focus calls back in the middle of whatever took it.
            leptos::task::spawn_local(async move { client::with(handle, |viewer| viewer.set_time(is_since, &typed)) });
        }
    };
    let first = move || shown(signals.task.with(|task| task.first_ts.clone())).unwrap_or_default();
    let last = move || shown(signals.task.with(|task| task.last_ts.clone())).unwrap_or_default();
    view! {
        <form class="times" method="get" aria-label="Time" on:submit=move |event| { client::with(handle, |_| event.prevent_default()); }>
            <h2>"Time"</h2>
            {hidden(signals, &["since", "until"])}
            <label><span>"from"</span><input type="text" name="since" autocomplete="off" placeholder=first prop:value=since value=since on:change=change(true) /></label>
            <label><span>"until"</span><input type="text" name="until" autocomplete="off" placeholder=last prop:value=until value=until on:change=change(false) /></label>
            <button type="submit" class="without-script">"Show"</button>
        </form>
    }
}
