//! How lines are shown: wrapping, columns, times, the size of the text.

use leptos::prelude::*;

use super::log::Handle;
use super::signals::Signals;
use crate::client;
use crate::model::size::Size;
use crate::model::view::{COLUMNS, Clock, View, ZoneName};

/// The popover that the header's button opens.
#[component]
pub fn Options(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let change = Callback::new(move |change: fn(&mut View)| {
        client::with(handle, |viewer| viewer.set_view(change));
    });
    let is = move |test: fn(&View) -> bool| Signal::derive(move || signals.view.with(test));
    let columns = COLUMNS.map(|column| {
        let shown = Signal::derive(move || signals.view.with(|view| !view.hidden.has(column)));
        let toggle = move |_| {
            client::with(handle, |viewer| viewer.set_view(|view| view.hidden = view.hidden.toggled(column)));
        };
        view! {
            <label>
                <input type="checkbox" prop:checked=shown on:change=toggle />
                {column}
            </label>
        }
    });
    let sizes = Size::ALL.map(|size| {
        let chosen = Signal::derive(move || signals.size.get() == size);
        view! { <Choice group="size" label=size.name() chosen on_choose=Callback::new(move |()| client::with(handle, |viewer| viewer.set_size(size))) /> }
    });
    let clocks =
        [("time of day", Clock::Day), ("since the start", Clock::Start), ("since the line before", Clock::Delta)];
    let clocks = clocks.map(|(label, clock)| {
        let chosen = Signal::derive(move || signals.view.with(|view| view.clock == clock));
        let choose = move |()| client::with(handle, |viewer| viewer.set_view(|view| view.clock = clock));
        view! { <Choice group="clock" label chosen on_choose=Callback::new(choose) /> }
    });
    view! {
        <div id="options" class="options" popover="auto" role="dialog" aria-label="How lines are shown">
            <fieldset>
                <legend>"Lines"</legend>
                <label>
                    <input type="checkbox" prop:checked=is(|view| view.wrap) on:change=move |_| change.run(|view| view.wrap = !view.wrap) />
                    "wrapped"
                </label>
                <label>
                    <input type="checkbox" prop:checked=is(|view| view.raw) on:change=move |_| change.run(|view| view.raw = !view.raw) />
                    "as they were written"
                </label>
            </fieldset>
            <fieldset>
                <legend>"Columns"</legend>
                {columns.into_iter().collect_view()}
            </fieldset>
            <fieldset>
                <legend>"Times"</legend>
                {clocks.into_iter().collect_view()}
            </fieldset>
            <fieldset>
                <legend>"Zone"</legend>
                <Choice group="zone" label="UTC" chosen=is(|view| view.zone == ZoneName::Utc) on_choose=Callback::new(move |()| change.run(|view| view.zone = ZoneName::Utc)) />
                <Choice group="zone" label="your own" chosen=is(|view| view.zone == ZoneName::Local) on_choose=Callback::new(move |()| change.run(|view| view.zone = ZoneName::Local)) />
                <Named signals handle />
            </fieldset>
            <fieldset>
                <legend>"Text"</legend>
                {sizes.into_iter().collect_view()}
            </fieldset>
        </div>
    }
}

/// One of several.
#[component]
fn Choice(group: &'static str, label: &'static str, chosen: Signal<bool>, on_choose: Callback<()>) -> impl IntoView {
    view! {
        <label>
            <input type="radio" name=group prop:checked=chosen on:change=move |_| on_choose.run(()) />
            {label}
        </label>
    }
}

/// A zone by its name.
#[component]
fn Named(signals: Signals, handle: Handle) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    let shown = move || {
        signals.view.with(|view| match &view.zone {
            ZoneName::Named(name) => name.clone(),
            ZoneName::Utc | ZoneName::Local => String::new(),
        })
    };
    let choose = move |event| {
        let typed = event_target_value(&event).trim().to_owned();
        if typed.is_empty() {
            problem.set(None);
        } else if typed.contains('/') && client::is_zone(&typed) {
            problem.set(None);
            client::with(handle, |viewer| viewer.set_view(|view| view.zone = ZoneName::Named(typed)));
        } else {
            problem.set(Some(format!("There is no zone “{typed}”. Names are like Europe/Berlin.")));
        }
    };
    view! {
        <label class="named">
            "by name"
            <input
                type="text"
                placeholder="Europe/Berlin"
                autocomplete="off"
                spellcheck="false"
                aria-describedby="zone-problem"
                aria-invalid=move || if problem.with(Option::is_some) { "true" } else { "false" }
                prop:value=shown
                on:change=choose
            />
        </label>
        <p id="zone-problem" class="problem" role="alert">{move || problem.get()}</p>
    }
}
