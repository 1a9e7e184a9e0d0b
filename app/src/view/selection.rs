//! What can be done with the lines that are selected.

use leptos::prelude::*;

use super::log::Handle;
use super::signals::Signals;
use crate::client;
use crate::model::copy::Form;
use crate::model::{download, figures};

/// The bar below the log while several lines are selected.
#[component]
pub fn SelectionBar(
    /// The page's signals.
    signals: Signals,
    /// The viewer.
    handle: Handle,
) -> impl IntoView {
    let selected = move || signals.selected.get().filter(|selection| selection.lines || selection.count() > 1);
    let count = move || selected().map(|selection| figures::counted(selection.count(), "line", "lines"));
    let address = move || {
        let (filter, context) = signals.view.with(|view| (view.shown(), view.context()));
        let whole =
            signals.task.with(|task| download::address(&task.id, &filter, context, download::Form::Text, false));
        signals.selected_lines.get().map(|lines| download::part(&whole, &lines))
    };
    let copy = move |form: Form| move |_| client::with(handle, |viewer| viewer.copy(form));
    view! {
        <div class="selection" hidden=move || selected().is_none() role="toolbar" aria-label="The selected lines">
            <span class="told">{count}" selected"</span>
            <button type="button" class="tool" title="Copy (Ctrl-C)" on:click=copy(Form::Plain)>"Copy"</button>
            <button type="button" class="tool" on:click=copy(Form::Times)>"With times"</button>
            <button type="button" class="tool" on:click=copy(Form::Markdown)>"Markdown"</button>
            <button type="button" class="tool" on:click=copy(Form::Ndjson)>"JSON"</button>
            <button type="button" class="tool" on:click=move |_| client::with(handle, client::Viewer::copy_link)>"Link"</button>
            <a class="tool" href=address download="">"Download"</a>
            <button type="button" class="tool" aria-label="Select nothing" title="Select nothing (Escape)" on:click=move |_| client::with(handle, |viewer| { viewer.unselect(); })>"✕"</button>
        </div>
    }
}
