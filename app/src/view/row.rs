//! A row as the server renders it; `client::pool` takes over these very elements.

use leptos::either::Either;
use leptos::prelude::*;

use crate::model::face::Face;
use crate::model::style::Role;
use crate::model::text::Run;

/// A row. Its cells, in this order, are what the browser's pool counts on.
#[component]
pub fn Row(
    /// What it shows.
    face: Face,
    /// It is the line that the address names.
    current: bool,
    /// Its place among the rows, from 1, where it is known.
    index: Option<u64>,
) -> impl IntoView {
    let n = face.n.map(|n| n.to_string());
    let index = index.map(|index| index.to_string());
    let has_gap = face.gap.as_ref().map(|_| "true");
    let runs = face.runs.into_iter().map(|run| view! { <Piece run /> });
    view! {
        <div
            class="row"
            role="row"
            data-n=n
            aria-rowindex=index
            data-level=face.level
            data-lane=face.lane.to_string()
            data-cont=face.cont.then_some("true")
            data-gap=has_gap
            aria-current=current.then_some("true")
        >
            <span class="num" role="cell">
                <a href=face.link tabindex="-1">{face.number}</a>
            </span>
            <span class="time" role="cell" title=face.time_title>{face.clock}</span>
            <span class="level" role="cell">
                <span class="unseen">{face.level.unwrap_or_default()}</span>
            </span>
            <span class="source" role="cell" title=face.source_title>{face.source}</span>
            <span class="text" role="cell" data-day=face.day data-gap=face.gap>
                {face.more.map(|more| view! { <button class="more" type="button" tabindex="-1">{more}</button> })}
                {runs.collect_view()}
                {face.states.map(|states| view! { <button class="states" type="button" tabindex="-1">{states}</button> })}
            </span>
        </div>
    }
}

/// A run of a line's text; a link where it is an address of the web.
#[component]
fn Piece(run: Run) -> impl IntoView {
    let classes = run.style.classes();
    let classes = (!classes.is_empty()).then_some(classes);
    if run.style.role == Role::Link {
        let address = run.text.clone();
        Either::Left(view! {
            <a class=classes href=address target="_blank" rel="noopener noreferrer" tabindex="-1">
                {run.text}
            </a>
        })
    } else {
        Either::Right(view! { <span class=classes>{run.text}</span> })
    }
}
