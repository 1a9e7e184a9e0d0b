//! The search field: what is looked for, how, how often it is there, and from one to the next.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;

use super::log::Handle;
use super::signals::Signals;
use crate::client::{self, Stops, Viewer};
use crate::model::view::View;
use crate::model::{figures, find};

/// How long typing rests before it is searched for, in milliseconds.
const TYPING_MS: u64 = 150;

/// The field and its buttons. Without a script it is a form that shows the matching lines alone.
#[component]
pub fn SearchField(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let q = signals.view.with_untracked(|view| view.filter.q.clone().unwrap_or_default());
    let regex = RwSignal::new(find::plain(&q).is_none());
    let shown = move |q: &str| if regex.get_untracked() { q.to_owned() } else { find::plain(q).unwrap_or_default() };
    let first = shown(&q);
    // What the address says comes back into the field when the reader goes back.
    Effect::new(move |before: Option<Option<String>>| {
        let q = signals.view.with(|view| view.filter.q.clone());
        if let Some(field) = field.get_untracked()
            && before.is_some()
            && typed(&field.value(), regex.get_untracked()) != q
        {
            let text = q.clone().unwrap_or_default();
            regex.set(find::plain(&text).is_none());
            field.set_value(&shown(&text));
        }
        q
    });
    let search = move || {
        let Some(text) = field.get_untracked().map(|field| field.value()) else {
            return;
        };
        let q = typed(&text, regex.get_untracked());
        client::with(handle, |viewer| viewer.search_for(q.clone()));
    };
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let later = move |_| {
        let next = set_timeout_with_handle(search, std::time::Duration::from_millis(TYPING_MS)).ok();
        if let Some(before) = waiting.try_update_value(|waiting| std::mem::replace(waiting, next)).flatten() {
            before.clear();
        }
    };
    let submit = move |event: SubmitEvent| {
        client::with(handle, |_| event.prevent_default());
    };
    let press = move |event: KeyboardEvent| {
        if event.key() == "Enter" && !event.is_composing() {
            event.prevent_default();
            search();
            client::with(handle, |viewer| {
                viewer.remember_search();
                viewer.stop_at(Stops::Hits, event.shift_key());
            });
        }
    };
    let toggle_regex = move |_| {
        regex.update(|regex| *regex = !*regex);
        search();
    };
    let case = move || signals.view.with(|view| view.filter.case.as_deref() == Some("match"));
    let toggle_case = move |_| {
        client::with(handle, |viewer| {
            viewer.set_view(|view| {
                view.filter.case = if view.filter.case.is_some() { None } else { Some("match".to_owned()) };
            });
        });
    };
    let step = move |back| move |_| client::with(handle, |viewer| viewer.stop_at(Stops::Hits, back));
    let asked = move || signals.search.with(|search| search.asked);
    let problem = move || signals.search.with(|search| search.problem.clone()).or_else(|| signals.filter_problem.get());
    view! {
        <form class="search" method="get" role="search" aria-label="Search in the log" on:submit=submit>
            <label class="unseen" for="search">"Search in the log"</label>
            <input
                id="search"
                name="q"
                data-testid="search"
                node_ref=field
                type="text"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder="Search"
                list="searches"
                title="Search (/)"
                value=first
                aria-describedby="search-problem"
                aria-invalid=move || if problem().is_some() { "true" } else { "false" }
                on:input=later
                on:keydown=press
            />
            <datalist id="searches"></datalist>
            {hidden(signals, &["q", "only"])}
            <input type="hidden" name="only" value="2" />
            <span class="count" aria-hidden="true" data-testid="match-count" data-value=move || value(signals) data-done=move || signals.search.with(|search| (search.asked && search.done).then_some("true"))>
                {move || count(signals)}
            </span>
            <span class="how live">
                <button type="button" class="mini" title="Tell capitals apart" aria-label="Tell capitals apart" aria-pressed=move || case().to_string() on:click=toggle_case>"Aa"</button>
                <button type="button" class="mini" title="Regular expression" aria-label="Regular expression" aria-pressed=move || regex.get().to_string() on:click=toggle_regex>".*"</button>
            </span>
            <span class="how live" hidden=move || !asked()>
                <button type="button" class="mini" title="Previous match (N)" aria-label="Previous match" on:click=step(true)>"↑"</button>
                <button type="button" class="mini" title="Next match (n)" aria-label="Next match" on:click=step(false)>"↓"</button>
                <Only signals handle />
            </span>
            <button type="submit" class="without-script">"Search"</button>
            <p id="search-problem" class="problem" role="alert">{problem}</p>
        </form>
    }
}

/// Only the lines that match, with some around them.
#[component]
fn Only(signals: Signals, handle: Handle) -> impl IntoView {
    let only = move || signals.view.with(|view| view.only);
    let toggle = move |_| client::with(handle, Viewer::toggle_only);
    let change = move |event| {
        let context: u64 = event_target_value(&event).parse().unwrap_or_default();
        client::with(handle, |viewer| viewer.set_view(|view| view.only = Some(context)));
    };
    let choices = [0_u64, 1, 2, 3, 5, 10, 20].map(|lines| {
        let name = if lines == 0 { "alone".to_owned() } else { format!("± {lines}") };
        view! { <option value=lines.to_string() selected=move || only() == Some(lines)>{name}</option> }
    });
    view! {
        <button type="button" class="mini" title="Only matching lines (&)" aria-pressed=move || only().is_some().to_string() on:click=toggle>"Only"</button>
        <select class="mini" aria-label="Lines around each match" title="Lines around each match" hidden=move || only().is_none() on:change=change>
            {choices.into_iter().collect_view()}
        </select>
    }
}

/// What stands in the field, as an expression; none where it is empty.
fn typed(text: &str, regex: bool) -> Option<String> {
    (!text.is_empty()).then(|| if regex { text.to_owned() } else { find::escaped(text) })
}

fn value(signals: Signals) -> Option<String> {
    signals.search.with(|search| search.asked.then(|| search.found.to_string()))
}

/// How often it is there, in words.
fn count(signals: Signals) -> String {
    let here = signals.here.with(|here| here.n);
    signals.search.with(|search| {
        let found = figures::grouped(search.found);
        match search.at.filter(|(n, _)| Some(*n) == here) {
            _ if !search.asked || search.problem.is_some() => String::new(),
            _ if !search.done => format!("{found}, {} %", figures::percent(search.searched)),
            Some((_, at)) => format!("{} of {found}", figures::grouped(at)),
            None if search.found == 0 => "none".to_owned(),
            None => found,
        }
    })
}

/// The rest of the view, for a form that changes a part of it.
pub fn hidden(signals: Signals, but: &'static [&'static str]) -> impl IntoView {
    let fields = move || {
        let mut view: View = signals.view.get();
        if but.contains(&"q") {
            view.only = None;
        }
        let pairs = view.pairs().into_iter().filter(|(name, _)| !but.contains(name));
        pairs.map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()
    };
    fields()
}
