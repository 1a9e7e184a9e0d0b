//! Learning how many lines there are, and in which order.

use std::time::Duration;

use leptos::prelude::*;

use super::state::State;
use super::{Viewer, dom};
use crate::api;
use crate::model::place::Place;
use crate::view::state::word;

/// How often the count is asked for while it is going on.
const POLL_MS: u64 = 250;

impl Viewer {
    /// Asks for the count until all is counted.
    pub(super) fn poll(&self) {
        if self.signals.task.with_untracked(|task| task.indexed >= 1.0 && task.lines.is_some()) {
            return;
        }
        let viewer = self.clone();
        let id = self.state.borrow().task.clone();
        set_timeout(
            move || {
                leptos::task::spawn_local(async move {
                    // Where no answer comes, the requests for lines say so.
                    if let Ok(task) = api::task(id).await {
                        let (count, counted) = (task.lines.unwrap_or(task.lines_estimate), task.lines.is_some());
                        let generation = task.generation;
                        dom::show_state(word(task.state));
                        if viewer.signals.task.with_untracked(|before| *before != task) {
                            viewer.signals.task.set(task);
                        }
                        if !viewer.state.borrow().is_filtered() {
                            viewer.learn(generation, count, counted);
                        }
                        viewer.ask_frame();
                    }
                    viewer.poll();
                });
            },
            Duration::from_millis(POLL_MS),
        );
    }

    /// Learns how many lines there are, and in which order. Where the order has changed, all that was kept goes and the
    /// place is found again by its top row.
    pub(super) fn learn(&self, generation: u64, count: u64, counted: bool) {
        let mut renewed = false;
        let again = {
            let mut state = self.state.borrow_mut();
            if state.generation == generation {
                if state.lines.counted() && !counted {
                    return;
                }
                state.count(count, counted);
                None
            } else {
                state.generation = generation;
                let top = state.scroll.top().line;
                let here = || state.range().find_map(|line| Some((Place::of(state.lines.at(line)?), line - top)));
                // Who follows stays at the end.
                let place = if state.growing.follows { None } else { here() };
                state.lines.forget();
                state.flights.drop_all();
                state.count(count, counted);
                state.overview_due = true;
                state.selection = None;
                renewed = true;
                place
            }
        };
        self.show_total();
        if let Some((place, above)) = again {
            self.jump(place, above, false);
        }
        if renewed {
            self.show_selection();
            self.search_again();
            if self.state.borrow().is_filtered() {
                self.count_again();
            }
        }
    }
}

impl State {
    fn count(&mut self, count: u64, counted: bool) {
        let at_end = self.lines.is_loose(self.scroll.top().line);
        let moved = self.lines.set_count(count, counted);
        self.move_all(if at_end { moved } else { 0 });
        self.lines.settle_end();
        if self.growing.follows {
            self.stand_at_last();
        }
    }
}
