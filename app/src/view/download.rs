//! The log as a file: plain links, in a popover that needs no script.

use leptos::prelude::*;
use record::wire::LineFilter;

use super::signals::Signals;
use crate::model::download::{Form, address};

/// The popover; a button with `popovertarget="download"` opens it.
#[component]
pub fn Download(
    /// The page's signals.
    signals: Signals,
) -> impl IntoView {
    let task = StoredValue::new(signals.task.with_untracked(|task| task.id.clone()));
    let shown = Memo::new(move |_| signals.view.with(|view| (view.shown(), view.context())));
    let some = move || shown.with(|(filter, context)| (!filter.is_empty()).then(|| (filter.clone(), *context)));
    view! {
        <section id="download" class="download" popover="auto" aria-labelledby="download-title">
            <h2 id="download-title">"Download"</h2>
            <table>
                <tbody>
                    <tr>
                        <th scope="row">"The whole log"</th>
                        {links(&task.get_value(), &LineFilter::default(), 0)}
                    </tr>
                    {move || {
                        some().map(|(filter, context)| view! {
                            <tr>
                                <th scope="row">"The lines shown now"</th>
                                {links(&task.get_value(), &filter, context)}
                            </tr>
                        })
                    }}
                </tbody>
            </table>
        </section>
    }
}

/// The four files that hold the same lines.
fn links(task: &str, filter: &LineFilter, context: u64) -> impl IntoView + use<> {
    let forms = [
        ("Text", Form::Text, false),
        ("Text, gzip", Form::Text, true),
        ("NDJSON", Form::Ndjson, false),
        ("NDJSON, gzip", Form::Ndjson, true),
    ];
    let cells = forms.map(|(name, form, gzip)| {
        let href = address(task, filter, context, form, gzip);
        view! { <td><a href=href download="">{name}</a></td> }
    });
    cells.into_iter().collect_view()
}
