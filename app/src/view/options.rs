//! How lines are shown: wrapping, columns, times, the size of the text.

use leptos::prelude::*;

use super::log::Handle;
use super::signals::Signals;
use crate::client::{self, with};
use crate::model::size::Size;
use crate::model::view::{COLUMNS, Clock, View, ZoneName};

/// Something that can be chosen.
struct Choice {
    label: &'static str,
    is_chosen: Signal<bool>,
    choose: Callback<()>,
}

/// The popover that the header's button opens.
#[component]
pub fn Options(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let choice = |label: &'static str, test: fn(&View) -> bool, change: fn(&mut View)| Choice {
        label,
        is_chosen: Signal::derive(move || signals.view.with(test)),
        choose: Callback::new(move |()| with(handle, |viewer| viewer.set_view(change))),
    };
    let lines = vec![
        choice("wrapped", |view| view.wrap, |view| view.wrap = !view.wrap),
        choice("as they were written", |view| view.raw, |view| view.raw = !view.raw),
    ];
    let column = |label: &'static str| Choice {
        label,
        is_chosen: Signal::derive(move || signals.view.with(|view| !view.hidden.has(label))),
        choose: Callback::new(move |()| {
            with(handle, |viewer| viewer.set_view(|view| view.hidden = view.hidden.toggled(label)));
        }),
    };
    let columns = COLUMNS.into_iter().map(column).collect();
    let clocks = vec![
        choice("time of day", |view| view.clock == Clock::Day, |view| view.clock = Clock::Day),
        choice("since the start", |view| view.clock == Clock::Start, |view| view.clock = Clock::Start),
        choice("since the line before", |view| view.clock == Clock::Delta, |view| view.clock = Clock::Delta),
    ];
    let zones = vec![
        choice("UTC", |view| view.zone == ZoneName::Utc, |view| view.zone = ZoneName::Utc),
        choice("your own", |view| view.zone == ZoneName::Local, |view| view.zone = ZoneName::Local),
    ];
    let size = |size: Size| Choice {
        label: size.name(),
        is_chosen: Signal::derive(move || signals.size.get() == size),
        choose: Callback::new(move |()| with(handle, |viewer| viewer.set_size(size))),
    };
    let sizes = Size::ALL.into_iter().map(size).collect();
    view! {
        <div id="options" class="options" popover="auto" role="dialog" aria-label="How lines are shown">
            <Group title="Lines" kind="checkbox" choices=lines />
            <Group title="Columns" kind="checkbox" choices=columns />
            <Group title="Times" kind="radio" choices=clocks />
            <div>
                <Group title="Zone" kind="radio" choices=zones />
                <Named signals handle />
            </div>
            <Group title="Text" kind="radio" choices=sizes />
        </div>
    }
}

/// Things of which one can be chosen, or several.
#[component]
fn Group(title: &'static str, kind: &'static str, choices: Vec<Choice>) -> impl IntoView {
    let choices = choices.into_iter().map(|Choice { label, is_chosen, choose }| {
        view! {
            <label>
                <input type=kind name=title prop:checked=is_chosen on:change=move |_| choose.run(()) />
                {label}
            </label>
        }
    });
    view! {
        <fieldset>
            <legend>{title}</legend>
            {choices.collect_view()}
        </fieldset>
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
            // A field that loses the focus calls back in the middle of whatever took it.
            leptos::task::spawn_local(async move {
                with(handle, |viewer| viewer.set_view(|view| view.zone = ZoneName::Named(typed)));
            });
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
