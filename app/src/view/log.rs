//! A log's page: owns its signals, and hands the rows to the client once it is there.

use std::cell::RefCell;

use leptos::html;
use leptos::prelude::*;

use super::dialogs::Help;
use super::download::Download;
use super::filters::{Conditions, NothingLeft};
use super::footer::Footer;
use super::growing::Growing;
use super::head::Head;
use super::notice::Notices;
use super::options::Options;
use super::overview::{Minimap, Timeline};
use super::pager::Pager;
use super::panel::Panel;
use super::record::Open;
use super::row::Row;
use super::selection::SelectionBar;
use super::signals::Signals;
use crate::client::Viewer;
use crate::load::LogPage;
use crate::model::face::{self, Before, Context, Face};
use crate::model::sources::Sources;

thread_local! {
    static VIEWER: RefCell<Option<Viewer>> = const { RefCell::new(None) };
}

/// The page's viewer, once the client has started it; never on the server.
///
/// It holds nothing itself: what a server's page holds may be dropped by another thread than the one that made it.
#[derive(Clone, Copy, Debug)]
pub struct Handle;

impl Handle {
    /// Does something with the viewer, if there is one.
    pub fn with_value<T>(self, then: impl FnOnce(&Option<Viewer>) -> T) -> T {
        then(&VIEWER.with_borrow(Clone::clone))
    }

    fn set_value(self, viewer: Viewer) {
        VIEWER.set(Some(viewer));
    }
}

/// A log's page.
#[component]
pub fn Log(
    /// The task and its first window.
    page: LogPage,
) -> impl IntoView {
    let signals = Signals::new(&page);
    let handle = Handle;
    let log = NodeRef::<html::Div>::new();
    let sources = Sources::new(&page.task.sources);
    let rows = rows(&page, &sources);
    let names = move || {
        let column = signals.task.with(|task| Sources::new(&task.sources).column());
        column.map(|chars| chars.clamp(6, 24).to_string())
    };
    let (name, empty, from_end) =
        (page.task.id.clone(), page.window.records.is_empty() && page.view().shown().is_empty(), page.from_end);
    let (problems, told) = (page.problems.clone(), page.told.clone());
    let whole = !page.embed;
    let page = StoredValue::new(page);
    Effect::new(move |_| {
        if let Some(element) = log.get()
            && handle.with_value(Option::is_none)
        {
            handle.set_value(Viewer::start(element.into(), page.get_value(), signals));
        }
    });
    let hides = move || signals.view.with(|view| view.hidden.names().collect::<Vec<_>>().join(" "));
    let wraps = move || signals.view.with(|view| view.wrap).then_some("true");
    view! {
        {whole.then(|| view! { <a class="skip" href="#log">"Skip to the log"</a> })}
        <div class="page" data-embed=(!whole).then_some("true")>
            {whole.then(|| view! {
                <Head signals handle />
                <Panel signals handle />
                <Timeline signals />
            })}
            <main>
                {(!whole).then(|| view! { <h1 class="unseen">{name.clone()}</h1> })}
                <Notices signals handle problems told />
                <Conditions signals handle />
                <div class="stage">
                    <div
                        id="log"
                        class="log"
                        data-testid="log"
                        role="table"
                        aria-label=format!("Log of {name}")
                        aria-rowcount=move || signals.total.with(|total| if total.counted { total.lines.to_string() } else { "-1".to_owned() })
                        tabindex="0"
                        data-digits=move || digits(signals)
                        data-names=names
                        data-wrap=wraps
                        data-hide=hides
                        data-end=from_end.then_some("true")
                        aria-busy=move || signals.busy.get().then_some("true")
                        node_ref=log
                    >
                        <div class="spacer">
                            <div class="window">
                                <div class="rows" role="rowgroup">{rows}</div>
                            </div>
                        </div>
                    </div>
                    <div id="lane" class="hit-lane" aria-hidden="true"><canvas></canvas></div>
                    <NothingLeft signals handle />
                    {empty.then(|| view! { <p class="empty">"This log has no lines yet."</p> })}
                </div>
                <Growing signals handle />
                <Pager page />
                <SelectionBar signals handle />
                <p class="toast" aria-hidden="true" hidden=move || signals.told.with(Option::is_none)>{move || signals.told.get()}</p>
                <Open signals handle />
            </main>
            {whole.then(|| view! {
                <Minimap />
                <Footer signals handle />
            })}
        </div>
        <p class="unseen" role="status">{move || signals.said.get()}</p>
        {whole.then(|| view! { <Download signals /> })}
        <Help handle />
        <Options signals handle />
    }
}

/// How many digits the numbers have: those of the whole log, also where only some of its lines are shown.
fn digits(signals: Signals) -> String {
    let all = signals.task.with(|task| task.lines.unwrap_or(task.lines_estimate));
    face::digits(signals.total.with(|total| total.lines).max(all)).to_string()
}

fn rows(page: &LogPage, sources: &Sources) -> impl IntoView + use<> {
    let view = page.view();
    let zone = page.zone();
    let context = Context { sources, view: &view, zone, start: page.task.first_ts.as_deref() };
    let rank = page.window.head.as_ref().and_then(|head| head.rank);
    let mut before = Before::default();
    let rows = page.window.records.iter().enumerate().map(|(index, record)| {
        let face = Face::new(record, &context, &before);
        before.take(record, zone);
        view! { <Row face current=page.target == Some(index) index=rank.map(|rank| rank + 1 + index as u64) /> }
    });
    rows.collect_view()
}
