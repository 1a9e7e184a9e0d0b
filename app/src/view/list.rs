//! The list of tasks.

use std::cmp::Reverse;

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use record::wire::{TaskList, TaskSummary};

use super::state::State;
use crate::client;
use crate::load::FIRST_TASKS;
use crate::model::{figures, query, time};

/// All tasks, the newest first: as many in the document as one looks at, however many there are.
#[component]
pub fn List(
    /// The tasks.
    tasks: TaskList,
    /// What their ids are to hold.
    filter: String,
    /// How many are shown.
    shown: usize,
) -> impl IntoView {
    let more_there = if tasks.cursor.is_some() { " at least" } else { "" };
    let mut tasks = tasks.tasks;
    let newest = |task: &TaskSummary| task.last_ts.clone().or_else(|| task.changed_ts.clone());
    tasks.sort_by_cached_key(|task| (Reverse(newest(task)), task.id.clone()));
    let count = tasks.len();
    let (filter, limit) = (RwSignal::new(filter), RwSignal::new(shown));
    let names: Vec<String> = tasks.iter().map(|task| figures::folded(&task.id)).collect();
    let (tasks, names) = (StoredValue::new(tasks), StoredValue::new(names));
    let hits = Memo::new(move |_| {
        let wanted = filter.with(|filter| figures::folded(filter.trim()));
        let holds = |(index, name): (usize, &String)| name.contains(&wanted).then_some(index);
        names.with_value(|names| names.iter().enumerate().filter_map(holds).collect::<Vec<usize>>())
    });
    let visible = move || hits.with(|hits| hits.iter().take(limit.get()).copied().collect::<Vec<_>>());
    let item = move |index: usize| tasks.with_value(|tasks| tasks.get(index).cloned());
    let told = move || {
        let all = format!("{}{more_there}", figures::counted(count as u64, "log", "logs"));
        match hits.with(Vec::len) {
            hits if hits == count => all,
            0 => "No log’s name holds this.".to_owned(),
            hits => format!("{} of {all}", figures::grouped(hits as u64)),
        }
    };
    let typed = move |event| {
        filter.set(event_target_value(&event));
        limit.set(FIRST_TASKS);
        let text = filter.get_untracked();
        let query = if text.is_empty() { String::new() } else { format!("?q={}", query::encode(&text)) };
        client::history::show(&query, false);
    };
    let more = move || {
        let (hits, limit_now) = (hits.with(Vec::len), limit.get());
        (hits > limit_now).then(|| {
            let next = limit_now + FIRST_TASKS;
            let href = format!("?q={}&show={next}", query::encode(&filter.get()));
            let show = move |event: MouseEvent| {
                event.prevent_default();
                limit.set(next);
            };
            let left = figures::grouped((hits - limit_now).min(FIRST_TASKS) as u64);
            view! { <a class="further" href=href on:click=show>{format!("Show {left} more")}</a> }
        })
    };
    Effect::new(move |_| client::list::start());
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
                    on:input=typed
                />
            </form>
        </header>
        <main class="list">
            {(count > 0).then(|| view! { <p class="told" role="status">{told}</p> })}
            <ol class="tasks">
                <For each=visible key=|index| *index let(index)>
                    <li>{item(index).map(|task| view! { <Item task /> })}</li>
                </For>
            </ol>
            {more}
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
    // As long as nobody has opened it, all that is known is when its files were changed.
    let changed = task.changed_ts.as_deref().filter(|_| span.is_none()).and_then(|ts| {
        let shown = time::show(ts, time::Zone::Utc)?;
        Some(format!("{} {}, changed", shown.date, shown.clock.get(..5)?))
    });
    let failed = (task.failed > 0).then(|| {
        let title = task.error.clone();
        view! { <span class="failed" title=title>{format!(", {} failed", figures::grouped(task.failed))}</span> }
    });
    view! {
        <a class="task" href=format!("/t/{}", query::encode_path(&task.id))>
            <span class="id">{parents.map(|parents| view! { <small>{parents}</small> })} <b>{name}</b></span>
            <State state=task.state />
            <span class="span" title=span_title>{span_text.or(changed)}</span>
            <span class="figure">{task.lines.map(|lines| figures::counted(lines, "line", "lines"))}</span>
            <span class="figure">{figures::bytes(task.bytes)}</span>
            <span class="figure of">{figures::counted(task.sources, "source", "sources")} {failed}</span>
        </a>
    }
}
