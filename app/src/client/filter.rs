//! Changing the view: which lines are shown, and how; the reader's place is kept.

use futures::future::abortable;
use leptos::prelude::*;
use record::wire::{ApiError, Hits, HitsQuery, LineFilter};

use super::fetch::spawn;
use super::state::State;
use super::viewer::Viewer;
use super::{dom, history};
use crate::api::{self, Failure};
use crate::load::LINES_ABOVE;
use crate::model::conditions::{conditions, has};
use crate::model::place::{Mark, Place};
use crate::model::view::View;
use crate::model::{figures, time};

/// How long to wait after an answer that did not come.
const WATCH_RETRY_MS: i32 = 2000;

impl Viewer {
    /// Changes how the log is shown; as a step of the history.
    pub fn set_view(&self, change: impl FnOnce(&mut View)) {
        let before = self.signals.view.get_untracked();
        let mut view = before.clone();
        change(&mut view);
        if view != before {
            self.signals.view.set(view);
            self.take_view();
            // At once: whoever goes back right away comes back to what was.
            self.state.borrow_mut().step_due = true;
            self.show_address();
        }
    }

    /// Shows the log as the signals say by now.
    pub(super) fn take_view(&self) {
        self.apply(None);
    }

    /// The reader went back or forward: shows what the address says.
    pub(super) fn went_back(&self) {
        let asked = View::parse(&history::query());
        self.signals.view.set(View { place: Place::Top, mark: Mark::default(), to: None, ..asked.view.clone() });
        self.unselect();
        self.select_asked(&asked.view);
        self.apply(Some(asked.view.place));
        self.state.borrow_mut().step_due = false;
    }

    /// Shows all lines but those of a source.
    pub fn leave_out(&self, id: &str) {
        let all = self
            .signals
            .task
            .with_untracked(|task| task.sources.iter().map(|source| source.id.clone()).collect::<Vec<_>>());
        self.set_view(|view| {
            let shown = view.filter.source.clone();
            let rest = all
                .into_iter()
                .filter(|other| other != id && shown.as_deref().is_none_or(|shown| has(Some(shown), other)));
            let rest: Vec<String> = rest.collect();
            view.filter.source = (!rest.is_empty()).then(|| rest.join(","));
        });
    }

    /// Shows the lines from a time on, or up to one; what cannot be read is told.
    pub fn set_time(&self, is_since: bool, typed: &str) {
        let zone = self.state.borrow().zone();
        let near = self.signals.task.with_untracked(|task| task.first_ts.clone());
        let read = (!typed.trim().is_empty()).then(|| time::read(typed, near.as_deref(), zone));
        match read {
            Some(None) => self
                .signals
                .filter_problem
                .set(Some(format!("“{typed}” is no time. Write 2026-11-22 02:14 or 02:14:01."))),
            read => {
                self.signals.filter_problem.set(None);
                let time = read.flatten();
                self.set_view(|view| *(if is_since { &mut view.filter.since } else { &mut view.filter.until }) = time);
            }
        }
    }

    /// Where no line is left: counts how many there would be without each of the conditions.
    fn loosen(&self) {
        let (view, zone) = {
            let mut state = self.state.borrow_mut();
            for before in std::mem::take(&mut state.flights.loosened) {
                before.abort();
            }
            (state.view.clone(), state.zone())
        };
        let conditions = conditions(&view, zone);
        self.signals.loosened.set(vec![None; conditions.len()]);
        let loosened = self.signals.loosened;
        let flights = conditions.into_iter().enumerate().map(|(at, each)| {
            self.watch(each.without.shown(), each.without.context(), 0, move |hits| {
                if let Ok(hits) = hits {
                    loosened.update(|all| {
                        if let Some(count) = all.get_mut(at) {
                            *count = Some(hits.found);
                        }
                    });
                }
            })
        });
        let flights = flights.collect();
        self.state.borrow_mut().flights.loosened = flights;
    }

    fn apply(&self, place: Option<Place>) {
        let view = self.signals.view.get_untracked();
        let (refilter, search) = {
            let mut state = self.state.borrow_mut();
            let before = std::mem::replace(&mut state.view, view.clone());
            state.epoch += 1;
            state.pool.forget_heights();
            dom::set(&state.log, "data-wrap", view.wrap.then_some("true"));
            let search = (before.filter != view.filter).then_some(());
            if state.applied != (view.shown(), view.context()) {
                let kept = if state.switching.is_some() { None } else { Some(before) };
                state.switching = state.switching.take().or(kept);
                (Some(state.here_and_above()), search)
            } else {
                // Changed back before the lines of the change came.
                if state.switching.take().is_some() {
                    state.flights.drop_all();
                    self.signals.busy.set(false);
                }
                (None, search)
            }
        };
        match (refilter, place) {
            (Some(_), Some(place)) => self.switch(place, LINES_ABOVE),
            (Some((here, above)), None) => self.switch(here, above),
            (None, Some(place)) => self.show_place(place, false),
            (None, None) => self.change(|_| {}),
        }
        if search.is_some() {
            self.search_again();
        }
    }

    /// Fetches the lines of the new view around a place; until they are there the old ones stay.
    fn switch(&self, place: Place, above: u64) {
        self.state.borrow_mut().flights.drop_all();
        self.signals.busy.set(true);
        self.jump(place, above, false);
    }

    /// The first lines of a new view are there: those of the old one go. Says whether there was a change.
    pub(super) fn arrive(&self) -> bool {
        let arrived = {
            let mut state = self.state.borrow_mut();
            let arrived = state.switching.take().is_some();
            if arrived {
                state.applied = (state.view.shown(), state.view.context());
                state.lines.forget();
                state.lines.set_count(0, false);
                state.current = None;
                state.selection = None;
                state.epoch += 1;
            }
            arrived
        };
        if arrived {
            self.show_selection();
            self.signals.busy.set(false);
            self.signals.filter_problem.set(None);
            self.count_again();
        }
        arrived
    }

    /// The new view cannot be shown: the old one is again. Says whether there was a change.
    pub(super) fn give_up(&self, error: &ApiError) -> bool {
        let before = self.state.borrow_mut().switching.take();
        let Some(before) = before else {
            return false;
        };
        self.signals.busy.set(false);
        self.signals.filter_problem.set(Some(error.detail.clone()));
        self.state.borrow_mut().view = before.clone();
        self.signals.view.set(before);
        true
    }

    /// Counts the lines that the filter lets through, for as long as that is not known.
    pub(super) fn count_again(&self) {
        let (filter, context, filtered) = {
            let mut state = self.state.borrow_mut();
            if let Some(before) = state.flights.count.take() {
                before.abort();
            }
            (state.applied.0.clone(), state.applied.1, state.is_filtered())
        };
        if !filtered {
            let task = self.signals.task.get_untracked();
            let (count, counted) = (task.lines.unwrap_or(task.lines_estimate), task.lines.is_some());
            self.learn(task.generation, count, counted);
            return;
        }
        let viewer = self.clone();
        let handle = self.watch(filter, context, 0, move |hits| {
            if let Ok(hits) = hits {
                viewer.learn(hits.generation, hits.found, hits.done);
                if hits.done {
                    viewer.signals.said.set(format!("{} shown", figures::counted(hits.found, "line", "lines")));
                }
                if hits.done && hits.found == 0 {
                    viewer.loosen();
                }
                viewer.ask_frame();
            }
        });
        self.state.borrow_mut().flights.count = Some(handle);
    }

    /// Calls `each` with how far a search has come, until it has ended or is dropped.
    pub(super) fn watch(
        &self,
        filter: LineFilter,
        context: u64,
        buckets: u64,
        each: impl Fn(Result<Hits, ApiError>) + 'static,
    ) -> futures::future::AbortHandle {
        let task = self.state.borrow().task.clone();
        let (flight, handle) = abortable(async move {
            let mut seen = None;
            loop {
                let query = HitsQuery { task: task.clone(), filter: filter.clone(), context, buckets, seen };
                match api::search(query).await {
                    Ok(hits) => {
                        seen = Some(figures::millionths(hits.searched));
                        let done = hits.done;
                        each(Ok(hits));
                        if done {
                            return;
                        }
                    }
                    Err(Failure(error)) => {
                        let lasting = matches!(error.status, 400..500);
                        each(Err(error));
                        if lasting {
                            return;
                        }
                        dom::sleep(WATCH_RETRY_MS).await;
                    }
                }
            }
        });
        spawn(flight);
        handle
    }
}

impl State {
    /// Some lines are not shown.
    pub(super) fn is_filtered(&self) -> bool {
        !self.applied.0.is_empty()
    }

    /// The line that the reader looks at, and how many lines below the view's edge it stands.
    pub(super) fn here_and_above(&self) -> (Place, u64) {
        let top = self.scroll.top().line;
        let line = self.looked_at();
        let here = |line: u64| self.lines.at(line).map(|record| (Place::of(record), line.saturating_sub(top)));
        here(line).or_else(|| self.range().find_map(here)).unwrap_or((Place::Top, 0))
    }

    /// The current line if it is in view, else the first whole one.
    pub(super) fn looked_at(&self) -> u64 {
        self.current.filter(|&line| self.in_view(line)).unwrap_or_else(|| self.first_whole_line())
    }
}
