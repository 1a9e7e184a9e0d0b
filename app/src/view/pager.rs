//! Links that page through the log without a script; the scrollbar and the keys replace them.

use leptos::either::Either;
use leptos::prelude::*;

use crate::load::{FIRST_LINES, LogPage};
use crate::model::place::Place;
use crate::model::view::View;

/// First, earlier, later and last lines.
#[component]
pub fn Pager(
    /// The task and its first window.
    page: StoredValue<LogPage>,
) -> impl IntoView {
    // Pages in another page keep the colours that it asked for.
    let theme = page.with_value(|page| page.theme.clone());
    let themed = move |query: String| match &theme {
        Some(theme) => format!("{query}{}theme={theme}", if query.is_empty() { '?' } else { '&' }),
        None => query,
    };
    let links = page.with_value(links).into_iter().map(|(name, query)| match query {
        Some(query) => {
            let query = themed(query);
            Either::Left(view! { <a href=if query.is_empty() { "?".to_owned() } else { query }>{name}</a> })
        }
        None => Either::Right(view! { <span>{name}</span> }),
    });
    view! { <nav class="pager" aria-label="Pages of the log">{links.collect_view()}</nav> }
}

/// The four links; none where there is nothing that way.
fn links(page: &LogPage) -> [(&'static str, Option<String>); 4] {
    let view = page.view();
    let (first, last) = (page.window.records.first(), page.window.records.last());
    let head = page.window.head.as_ref();
    let number = first.and_then(|record| record.n).zip(last.and_then(|record| record.n));
    // How many of the lines that are shown come before the first of these, and before the one after the last.
    let before = head.and_then(|head| head.rank);
    let through = before.map(|before| before + page.window.records.len() as u64);
    let all = head.filter(|head| head.counted).map(|head| head.lines);
    let filtered = !view.shown().is_empty();
    let anchored = |at: &View, before: u64| {
        let query = at.query();
        format!("{query}{}before={before}", if query.is_empty() { '?' } else { '&' })
    };
    let earlier = match number {
        _ if before == Some(0) => None,
        Some((n, _)) if !filtered => Some(view.at(Place::Line(n.saturating_sub(FIRST_LINES).max(1))).query()),
        _ => first.map(|record| anchored(&view.at(Place::of(record)), FIRST_LINES - 1)),
    };
    let later = match number {
        _ if all.is_some() && through >= all => None,
        Some((_, n)) => Some(view.at(Place::Line(n + 1)).query()),
        None if view.place == Place::End => None,
        None => last.map(|record| view.at_record(record, None).query()),
    };
    [
        ("First lines", earlier.as_ref().map(|_| view.at(Place::Top).query())),
        ("Earlier lines", earlier),
        ("Later lines", later.clone()),
        ("Last lines", later.map(|_| view.at(Place::End).query())),
    ]
}
