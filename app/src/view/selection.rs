//! What can be done with the lines that are selected.

use leptos::prelude::*;

use super::log::Handle;
use super::signals::Signals;
use crate::client;
use crate::model::copy::{Form, download};
use crate::model::figures;

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
    let address = move |form: Form| {
        let view = signals.view.get();
        signals.task.with(|task| download(&task.id, &view, selected().map(|selection| selection.span()), form))
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
            <a class="tool" href=move || address(Form::Plain) download="">"Download"</a>
            <button type="button" class="tool" aria-label="Select nothing" title="Select nothing (Escape)" on:click=move |_| client::with(handle, |viewer| { viewer.unselect(); })>"✕"</button>
        </div>
    }
}
