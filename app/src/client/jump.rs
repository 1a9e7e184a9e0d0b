//! Going to a place whose number the server has to find.

use std::time::Duration;

use futures::future::abortable;
use leptos::prelude::*;
use record::wire::Start;

use super::Viewer;
use super::fetch::{RETRY_MS, gather, spawn};
use crate::api::{self, Gathered};
use crate::load::FIRST_LINES;
use crate::model::place::Place;
use crate::model::scroll::Top;

impl Viewer {
    /// Jumps to a place whose number is not known, `above` lines below the view's edge.
    pub(super) fn jump(&self, place: Place, above: u64, step: bool) {
        let lines = if place == Place::End { FIRST_LINES } else { 0 };
        if place != Place::End {
            self.leave_end();
        }
        self.jump_to(place.start(lines), place, above, step);
    }

    /// The same, where the place is looked for in another way than its name says.
    pub(super) fn jump_to(&self, start: Start, place: Place, above: u64, step: bool) {
        let viewer = self.clone();
        let query = self.query(start, if place == Place::End { 0 } else { 60 }, FIRST_LINES);
        let (flight, handle) = abortable(async move {
            let gathered = gather(query).await;
            viewer.state.borrow_mut().flights.jump = None;
            viewer.landed(&place, above, step, gathered);
        });
        let dropped = {
            let mut state = self.state.borrow_mut();
            state.flights.forget_jump();
            [state.flights.jump.replace(handle), state.flights.beside.take()]
        };
        for before in dropped.into_iter().flatten() {
            before.abort();
        }
        spawn(flight);
    }

    /// What came of a jump.
    fn landed(&self, place: &Place, above: u64, step: bool, gathered: Gathered) {
        let Some(head) = gathered.head else {
            let error = gathered.error.unwrap_or_else(api::cut_off);
            if matches!(error.status, 400..500) {
                if !self.give_up(&error) {
                    self.signals.goto_problem.set(Some(error.detail));
                }
            } else {
                self.failed(&error);
                let (viewer, place) = (self.clone(), place.clone());
                let again = move || viewer.jump(place, above, step);
                let handle = set_timeout_with_handle(again, Duration::from_millis(RETRY_MS * 2));
                self.state.borrow_mut().flights.jump_again = handle.ok();
            }
            return;
        };
        self.succeeded();
        let switched = self.arrive();
        self.learn(head.generation, head.lines, head.counted);
        let records = gathered.records;
        let index = match place {
            Place::Anchor(_) => records.iter().position(|record| Place::of(record) == *place),
            Place::End => records.len().checked_sub(1),
            Place::Top => (!records.is_empty()).then_some(0),
            _ => None,
        };
        // The line itself may be one that the filter leaves out: then the next, and behind the last one the last.
        let next = |target: u64| records.iter().position(|record| record.n.is_some_and(|n| n >= target));
        let last = records.len().checked_sub(1).filter(|_| head.target.is_some());
        let index = index.or_else(|| head.target.and_then(next)).or(last);
        if records.is_empty() {
            if !switched {
                self.signals.goto_problem.set(Some("Nothing is there: the log ends before.".to_owned()));
            }
            self.change(|state| state.current = None);
            return;
        }
        self.change(|state| {
            let start = head.rank.unwrap_or(state.lines.count() / 2);
            let index = index.unwrap_or(if records.len() as u64 > 60 { 60 } else { 0 }) as u64;
            if head.rank.is_some() {
                for (line, record) in (start..).zip(records) {
                    state.lines.keep(line, record);
                }
                state.scroll.set_lines(state.lines.rows());
            } else {
                state.lines.lay(start, records, *place == Place::End);
            }
            if *place == Place::End {
                state.stand_at_end();
            } else {
                let row = state.unfolded_row(start + index);
                state.scroll.stand(Top { line: row.saturating_sub(above), px: 0.0 });
                state.mark_only(row);
            }
            state.step_due |= step;
        });
    }
}
