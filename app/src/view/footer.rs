//! The line below the log: where the reader is in it, how large it is, and whether it is still being counted.

use leptos::prelude::*;

use super::log::Handle;
use super::signals::Signals;
use crate::client::dom;
use crate::model::view::ZoneName;
use crate::model::{figures, time};

/// The footer.
#[component]
pub fn Footer(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let line = move || {
        signals
            .here
            .with(|here| here.n.map_or_else(|| "line ~".to_owned(), |n| format!("line {}", figures::grouped(n))))
    };
    let of_all = move || {
        let filtered = signals.view.with(|view| !view.shown().is_empty());
        let all = signals.task.with(|task| task.lines).filter(|_| filtered);
        all.map(|all| format!(" of {}", figures::grouped(all)))
    };
    let joint = move || if signals.view.with(|view| view.shown().is_empty()) { " of " } else { ", " };
    let shown = move || signals.view.with(|view| !view.shown().is_empty()).then_some(" shown");
    let total = move || {
        let total = signals.total.get();
        format!("{}{}", if total.counted { "" } else { "about " }, figures::grouped(total.lines))
    };
    let value = move || signals.total.with(|total| total.counted.then(|| total.lines.to_string()));
    let zone = move || signals.view.with(|view| dom::zone(&view.zone));
    let moment = move || {
        signals
            .here
            .with(|here| here.ts.as_deref().and_then(|ts| time::show(ts, zone())))
            .map(|shown| format!("{} {}", shown.date, shown.clock.get(..8).unwrap_or_default()))
    };
    let into = move || {
        let first = signals.task.with(|task| task.first_ts.clone())?;
        let millis = signals.here.with(|here| time::millis_between(&first, here.ts.as_deref()?))?;
        Some(format!("{} in", figures::duration(millis)))
    };
    let indexing = move || {
        signals.task.with(|task| (task.indexed < 1.0).then(|| format!("indexing {} %", figures::percent(task.indexed))))
    };
    view! {
        <footer class="foot">
            <span>{line}{of_all}{joint}<span data-testid="total" data-value=value>{total}</span>{shown}</span>
            <span class="wide">{move || figures::bytes(signals.task.with(|task| task.bytes))}</span>
            <span>{moment}</span>
            <span class="wide">{into}</span>
            <button class="tool live" type="button" title="Show times in UTC or in your own zone" on:click=move |_| {
                handle.with_value(|viewer| {
                    if let Some(viewer) = viewer {
                        viewer.toggle_zone();
                    }
                });
            }>{move || signals.view.with(|view| match &view.zone {
                ZoneName::Utc => "UTC".to_owned(),
                ZoneName::Local => "local time".to_owned(),
                ZoneName::Named(name) => name.clone(),
            })}</button>
            <span class="indexing">{indexing}</span>
        </footer>
    }
}
