//! Searching: hits counted over the whole log, walked through one by one, and marked in the rows.

use futures::future::abortable;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use record::wire::{LineFilter, Start, StepQuery};
use web_sys::HtmlInputElement;

use super::fetch::spawn;
use super::viewer::Viewer;
use super::{dom, recent};
use crate::api::{self, Failure};
use crate::load::LINES_ABOVE;
use crate::model::figures;
use crate::model::find::Finder;
use crate::model::place::Place;
use crate::view::signals::Search;

/// Stretches of the log that hits are counted in, for the minimap and the scrollbar's lane.
const HIT_BUCKETS: u64 = 1000;

/// Steps that wait for the answer to one before them, at most.
const STEPS_DUE_MAX: usize = 50;

/// What is stepped through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// Lines that hold what is searched for.
    Hits,
    /// Errors and worse.
    Errors,
    /// Warnings.
    Warnings,
}

impl Stops {
    fn name(self) -> &'static str {
        match self {
            Self::Hits => "match",
            Self::Errors => "error",
            Self::Warnings => "warning",
        }
    }
}

impl Viewer {
    /// Searches for what the view says by now, or for nothing any more.
    pub(super) fn search_again(&self) {
        let filter = {
            let mut state = self.state.borrow_mut();
            for before in [state.flights.search.take(), state.flights.step.take()].into_iter().flatten() {
                before.abort();
            }
            state.steps_due.clear();
            state.hits.clear();
            state.finder =
                state.view.filter.q.as_deref().and_then(|q| Finder::new(q, state.view.filter.case.as_deref()));
            state.view.filter.clone()
        };
        if filter.q.is_none() {
            self.signals.search.set(Search::default());
            self.ask_frame();
            return;
        }
        self.signals.search.set(Search { asked: true, ..Search::default() });
        let viewer = self.clone();
        let handle = self.watch(filter, 0, HIT_BUCKETS, move |hits| {
            match hits {
                Ok(hits) => {
                    viewer.signals.search.update(|search| {
                        (search.found, search.searched, search.done) = (hits.found, hits.searched, hits.done);
                        search.problem = None;
                        search.failed = hits.failed;
                    });
                    if hits.done {
                        viewer.signals.said.set(figures::counted(hits.found, "match", "matches"));
                    }
                    viewer.state.borrow_mut().hits = hits.buckets;
                }
                Err(error) => viewer.signals.search.update(|search| search.problem = Some(error.detail)),
            }
            viewer.ask_frame();
        });
        self.state.borrow_mut().flights.search = Some(handle);
        self.ask_frame();
    }

    /// Searches for an expression from now on, or for nothing.
    pub fn search_for(&self, q: Option<String>) {
        if self.signals.view.with_untracked(|view| view.filter.q == q) {
            return;
        }
        self.signals.view.update(|view| {
            view.only = view.only.filter(|_| q.is_some());
            view.filter.q = q;
        });
        self.take_view();
    }

    /// Takes back the last thing that was opened: what is selected, then what is searched for.
    pub fn close(&self) {
        if !self.close_record() && !self.unselect() {
            self.search_for(None);
        }
    }

    /// Keeps what is searched for among the recent searches.
    pub fn remember_search(&self) {
        if let Some(text) = dom::by_id("search").and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
            recent::keep(&text.value());
        }
    }

    /// Shows only the lines that match, or all again.
    pub fn toggle_only(&self) {
        if self.state.borrow().view.filter.q.is_none() {
            super::keys::focus_field("search");
            return;
        }
        self.set_view(|view| view.only = if view.only.is_some() { None } else { Some(0) });
    }

    /// Goes to the next line of a kind, or to the one before; from the other end where there is none that way. A key that is
    /// pressed again before the answer is there goes on from it.
    pub fn stop_at(&self, stops: Stops, back: bool) {
        {
            let mut state = self.state.borrow_mut();
            if state.flights.step.is_some() {
                if state.steps_due.len() < STEPS_DUE_MAX {
                    state.steps_due.push_back((stops, back));
                }
                return;
            }
        }
        self.stop_from(stops, back, None);
    }

    /// The same, from behind the line with this number; if none is given, from where the reader is.
    fn stop_from(&self, stops: Stops, back: bool, after: Option<u64>) {
        let (filter, from) = {
            let state = self.state.borrow();
            let shown = state.view.shown();
            let level = match stops {
                Stops::Hits if state.view.filter.q.is_none() => {
                    drop(state);
                    super::keys::focus_field("search");
                    return;
                }
                Stops::Hits => None,
                Stops::Errors => Some("error,fatal"),
                Stops::Warnings => Some("warn"),
            };
            let filter = match level {
                None => state.view.filter.clone(),
                Some(level) => LineFilter { level: Some(level.to_owned()), heads: true, ..shown },
            };
            let line = state.looked_at();
            let record = state.lines.at(line);
            let n = record.and_then(|record| record.n);
            if n.is_none() && record.is_some() {
                drop(state);
                self.tell("The lines are still being counted; stepping works once that is done.");
                return;
            }
            // A line that is not the current one has not been stopped at.
            let past = u64::from(!back && state.current == Some(line));
            let behind = after.map(|n| n + u64::from(!back));
            (filter, behind.unwrap_or_else(|| n.map_or(0, |n| n + past)))
        };
        let viewer = self.clone();
        let task = self.state.borrow().task.clone();
        let (flight, handle) = abortable(async move {
            let ask = |from: u64| api::next_hit(StepQuery { task: task.clone(), filter: filter.clone(), from, back });
            let found = match ask(from).await {
                Ok(step) if step.n.is_none() => {
                    ask(if back { u64::MAX >> 1 } else { 0 }).await.map(|step| (step, true))
                }
                first => first.map(|step| (step, false)),
            };
            viewer.state.borrow_mut().flights.step = None;
            match found {
                Ok((step, wrapped)) => viewer.stopped(stops, back, step.n, step.rank, wrapped),
                Err(Failure(error)) => {
                    viewer.state.borrow_mut().steps_due.clear();
                    viewer.tell(&error.detail);
                }
            }
        });
        let before = self.state.borrow_mut().flights.step.replace(handle);
        if let Some(before) = before {
            before.abort();
        }
        spawn(flight);
    }

    fn stopped(&self, stops: Stops, back: bool, n: Option<u64>, rank: u64, wrapped: bool) {
        let Some(n) = n else {
            self.state.borrow_mut().steps_due.clear();
            self.tell(&format!("There is no {} in what is shown.", stops.name()));
            return;
        };
        if stops == Stops::Hits {
            self.signals.search.update(|search| search.at = Some((n, rank + 1)));
        }
        if wrapped {
            self.tell(if back { "From the end again." } else { "From the start again." });
        }
        self.show_number(n, true);
        let due = self.state.borrow_mut().steps_due.pop_front();
        if let Some((stops, back)) = due {
            self.stop_from(stops, back, Some(n));
        }
    }

    /// Goes to the line with this number in the whole log, or to the next one that is shown.
    pub(super) fn show_number(&self, n: u64, step: bool) {
        let at_hand = {
            let mut state = self.state.borrow_mut();
            if state.is_filtered() {
                state.range().find(|&row| state.number(row) == Some(n))
            } else {
                Some(state.unfolded_row(n.saturating_sub(1)))
            }
        };
        match at_hand {
            Some(line) => self.change(|state| {
                if state.whole_in_view(line) {
                    state.mark_only(line);
                } else {
                    state.stand_at(line);
                }
                state.step_due |= step;
            }),
            None => self.jump_to(Start::Number(n), Place::Line(n), LINES_ABOVE, step),
        }
    }
}
