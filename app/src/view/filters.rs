//! Which lines are shown: the conditions in words, each to be taken away; and what to do where nothing is left.

use leptos::prelude::*;

use super::log::Handle;
use super::signals::Signals;
use crate::client::{self, Viewer, dom};
use crate::model::conditions::{Condition, conditions, without_all};
use crate::model::figures;
use crate::model::view::View;

fn met(signals: Signals) -> Vec<Condition> {
    signals.view.with(|view| conditions(view, dom::zone(&view.zone)))
}

/// The line above a log of which only some lines are shown.
#[component]
pub fn Conditions(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let any = move || !met(signals).is_empty();
    let told = move || {
        let total = signals.total.get();
        let all = signals.task.with(|task| task.lines);
        let of = all.map(|all| format!(" of {}", figures::counted(all, "line", "lines"))).unwrap_or_default();
        let more = if total.counted { "" } else { " and counting" };
        format!("{}{of}{more}", figures::grouped(total.lines))
    };
    let chips = move || {
        let met = met(signals).into_iter();
        met.map(|each| view! { <Chip each handle /> }).collect_view()
    };
    let all = move || signals.view.with(|view| without_all(view).query());
    view! {
        <div class="conditions" hidden=move || !any() role="region" aria-label="Which lines are shown">
            <span class="told">{told}</span>
            {chips}
            <a class="all" href=move || link(all()) on:click=move |event| {
                client::with(handle, |viewer| {
                    event.prevent_default();
                    viewer.set_view(|view| *view = without_all(view));
                });
            }>"Show all"</a>
        </div>
    }
}

#[component]
fn Chip(each: Condition, handle: Handle) -> impl IntoView {
    let Condition { text, without } = each;
    let label = format!("Take away: {text}");
    let href = link(without.query());
    let without = StoredValue::new(without);
    view! {
        <a class="chip" href=href title=label on:click=move |event| {
            client::with(handle, |viewer| {
                event.prevent_default();
                loosen(viewer, &without.get_value());
            });
        }>
            <span class="what">{text}</span>
            <span aria-hidden="true">"✕"</span>
            <span class="unseen">", take away"</span>
        </a>
    }
}

/// Where no line is left: which condition to loosen, and how many lines would be there.
#[component]
pub fn NothingLeft(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let none = move || signals.total.with(|total| total.counted && total.lines == 0) && !met(signals).is_empty();
    let ways = move || {
        let met = met(signals);
        let counts = signals.loosened.get();
        let ways = met.into_iter().enumerate().map(|(at, each)| {
            let count = counts.get(at).copied().flatten();
            let count = count.map(|count| figures::counted(count, "line", "lines"));
            view! { <li><Chip each handle /> <span class="figure">{count}</span></li> }
        });
        ways.collect_view()
    };
    view! {
        <section class="nothing-left" hidden=move || !none()>
            <h2>"No line meets all conditions"</h2>
            <p>"Take one away to see more:"</p>
            <ul>{move || none().then(ways)}</ul>
        </section>
    }
}

fn loosen(viewer: &Viewer, without: &View) {
    viewer.set_view(|view| (view.filter, view.only) = (without.filter.clone(), without.only));
}

/// A link to this page with a query; an empty one would keep the old.
fn link(query: String) -> String {
    if query.is_empty() { "?".to_owned() } else { query }
}
