//! A row as the server renders it; `client::pool` takes over these very elements.

use leptos::prelude::*;

use crate::model::face::Face;

/// A row. Its cells, in this order, are what the browser's pool counts on.
#[component]
pub fn Row(
    /// What it shows.
    face: Face,
    /// It is the line that the address names.
    current: bool,
) -> impl IntoView {
    let n = face.n.map(|n| n.to_string());
    let runs = face.runs.into_iter().map(|run| {
        let classes = run.style.classes();
        view! { <span class=(!classes.is_empty()).then_some(classes)>{run.text}</span> }
    });
    view! {
        <div
            class="row"
            role="row"
            data-n=n.clone()
            aria-rowindex=n
            data-level=face.level
            data-lane=face.lane.to_string()
            data-cont=face.cont.then_some("true")
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
            <span class="text" role="cell" data-day=face.day>
                {face.more.map(|more| view! { <button class="more" type="button" tabindex="-1">{more}</button> })}
                {runs.collect_view()}
            </span>
        </div>
    }
}
