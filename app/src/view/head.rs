//! The line atop a log: which log, its state, the go-to field and the tools.

use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;

use super::log::Handle;
use super::search::SearchField;
use super::signals::Signals;
use super::state::State;
use crate::client::{self, Viewer, dom};
use crate::model::goto;

/// The header.
#[component]
pub fn Head(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let id = signals.task.with_untracked(|task| task.id.clone());
    let (parents, name) = match id.rsplit_once('/') {
        Some((parents, name)) => (Some(parents.replace('/', " / ")), name.to_owned()),
        None => (None, id.clone()),
    };
    view! {
        <header class="head">
            <a class="home" href="/" title="All logs">
                <span class="unseen">"All logs"</span>
            </a>
            <h1 title=id>{parents.map(|parents| view! { <small>{parents}</small> <i>" / "</i> })} <span>{name}</span></h1>
            <State state=Signal::derive(move || signals.task.with(|task| task.state)) hook="state" />
            // On a narrow screen the panel and the tools open from here.
            <div class="openers">
                <button class="tool" type="button" popovertarget="panel">"Filters"</button>
                <button class="tool" type="button" popovertarget="more">"More"</button>
            </div>
            <SearchField signals handle />
            <div id="more" class="more-tools" popover="auto" role="group" aria-label="Tools">
                <Goto signals handle />
                <Tools signals handle />
            </div>
        </header>
    }
}

#[component]
fn Goto(signals: Signals, handle: Handle) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let submit = move |event: SubmitEvent| {
        let typed = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        handle.with_value(|viewer| {
            if let Some(viewer) = viewer {
                event.prevent_default();
                viewer.go_to(&typed);
                if signals.goto_problem.with_untracked(Option::is_none) {
                    dom::show_popover("more", false);
                }
            }
        });
    };
    let wrong = move || signals.goto_problem.with(Option::is_some);
    view! {
        <form class="goto" method="get" role="search" aria-label="Go to a line or a time" on:submit=submit>
            <label class="unseen" for="goto">"Go to a line or a time"</label>
            <input
                id="goto"
                name="goto"
                data-testid="goto"
                node_ref=field
                type="text"
                inputmode="text"
                autocomplete="off"
                spellcheck="false"
                placeholder="Line or time"
                title=goto::ALLOWED
                aria-describedby="goto-problem"
                aria-invalid=move || if wrong() { "true" } else { "false" }
                on:input=move |_| signals.goto_problem.set(None)
            />
            <button type="submit">"Go"</button>
            <p id="goto-problem" class="problem" role="alert">{move || signals.goto_problem.get()}</p>
        </form>
    }
}

#[component]
fn Tools(signals: Signals, handle: Handle) -> impl IntoView {
    let wrap_link = move || {
        let view = signals.view.get();
        let place = crate::model::view::View::parse(&signals.here.with(|here| here.link.clone())).view.place;
        let query = crate::model::view::View { wrap: !view.wrap, place, ..view }.query();
        if query.is_empty() { "?".to_owned() } else { query }
    };
    let wrap = move |event: MouseEvent| {
        handle.with_value(|viewer| {
            if let Some(viewer) =
                viewer.as_ref().filter(|_| !event.ctrl_key() && !event.meta_key() && !event.shift_key())
            {
                event.prevent_default();
                viewer.toggle_wrap();
            }
        });
    };
    view! {
        <div class="tools">
            <button
                class="tool live follow"
                type="button"
                data-testid="follow"
                title="Stay at the end (f)"
                aria-pressed=move || if signals.follows.get() { "true" } else { "false" }
                on:click=move |_| client::with(handle, Viewer::toggle_follow)
            >
                "Follow"
            </button>
            <a class="tool" href=wrap_link on:click=wrap>
                {move || if signals.view.with(|view| view.wrap) { "Don’t wrap" } else { "Wrap" }}
            </a>
            <button class="tool live" type="button" popovertarget="more" popovertargetaction="hide" on:click=move |_| client::with(handle, Viewer::copy_link)>
                "Copy link"
            </button>
            <button class="tool" type="button" popovertarget="download">"Download"</button>
            <button class="tool live" type="button" popovertarget="options" title="How lines are shown">"View"</button>
            <button class="tool live" type="button" title="Keys (?)" on:click=move |_| super::dialogs::open("help")>
                <span aria-hidden="true">"?"</span>
                <span class="unseen">"Keys and help"</span>
            </button>
        </div>
    }
}
