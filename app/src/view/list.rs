//! The list of tasks.

use leptos::prelude::*;
use record::wire::TaskSummary;

use super::state::State;
use crate::client;
use crate::model::{figures, query, time};

/// All tasks, the newest first.
#[component]
pub fn List(
    /// The tasks.
    tasks: Vec<TaskSummary>,
    /// What their ids are to hold.
    filter: String,
) -> impl IntoView {
    let filter = RwSignal::new(filter);
    let mut tasks = tasks;
    tasks.sort_by(|a, b| b.last_ts.cmp(&a.last_ts).then_with(|| a.id.cmp(&b.id)));
    let count = tasks.len();
    let shown = move |id: &str| filter.with(|filter| id.to_lowercase().contains(&filter.trim().to_lowercase()));
    let ids: Vec<String> = tasks.iter().map(|task| task.id.clone()).collect();
    let told = move || {
        let hits = ids.iter().filter(|id| shown(id)).count();
        match (count, hits) {
            (_, hits) if hits == count => figures::counted(count as u64, "log", "logs"),
            (_, 0) => "No log’s name holds this.".to_owned(),
            (_, hits) => format!("{hits} of {}", figures::counted(count as u64, "log", "logs")),
        }
    };
    Effect::new(move |_| client::list::start());
    let items = tasks.into_iter().map(move |task| {
        let id = task.id.clone();
        view! {
            <li hidden=move || !shown(&id)>
                <Item task />
            </li>
        }
    });
    let items = items.collect_view();
    view! {
        <header class="head">
            <h1>"Logboom"</h1>
            <form class="filter" method="get" role="search" aria-label="Filter the logs">
                <label class="unseen" for="filter">"Filter by name"</label>
                <input
                    id="filter"
                    name="q"
                    type="search"
                    autocomplete="off"
                    spellcheck="false"
                    placeholder="Filter by name"
                    prop:value=move || filter.get()
                    value=filter.get_untracked()
                    on:input=move |event| filter.set(event_target_value(&event))
                />
            </form>
        </header>
        <main class="list">
            {(count > 0).then(|| view! { <p class="told" role="status">{told}</p> })}
            <ol class="tasks">{items}</ol>
            {(count == 0).then(|| view! {
                <section class="welcome">
                    <h2>"No logs here yet"</h2>
                    <p>"Start the server with a folder of logs: each folder that holds files becomes one log, its files merged by time."</p>
                    <pre>"logboom serve /var/log/myapp"</pre>
                </section>
            })}
        </main>
    }
}

#[component]
fn Item(task: TaskSummary) -> impl IntoView {
    let (parents, name) = match task.id.rsplit_once('/') {
        Some((parents, name)) => (Some(format!("{parents}/")), name.to_owned()),
        None => (None, task.id.clone()),
    };
    let span = task.first_ts.as_deref().zip(task.last_ts.as_deref());
    let span_text = span.and_then(|(first, last)| {
        let shown = time::show(last, time::Zone::Utc)?;
        let length = figures::duration(time::millis_between(first, last)?);
        Some(format!("{} {}, {length}", shown.date, shown.clock.get(..5)?))
    });
    let span_title = span.map(|(first, last)| {
        format!("{} to {}", time::full(first, time::Zone::Utc), time::full(last, time::Zone::Utc))
    });
    view! {
        <a class="task" href=format!("/t/{}", query::encode_path(&task.id))>
            <span class="id">{parents.map(|parents| view! { <small>{parents}</small> })} <b>{name}</b></span>
            <State state=task.state />
            <span class="span" title=span_title>{span_text}</span>
            <span class="figure">{task.lines.map(|lines| figures::counted(lines, "line", "lines"))}</span>
            <span class="figure">{figures::bytes(task.bytes)}</span>
            <span class="figure">{figures::counted(task.sources, "source", "sources")}</span>
        </a>
    }
}
