//! Folding what belongs under a line, and opening it again.

use futures::future::abortable;

use super::fetch::spawn;
use super::state::State;
use super::viewer::Viewer;
use crate::api::{self, Failure};
use crate::model::outline::opens_group;
use crate::model::place::Place;

/// Whether something belongs under a row, and is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// It is shown.
    Open,
    /// So many lines are folded.
    Closed(u64),
}

impl Viewer {
    /// Folds what belongs under the current line, or opens it.
    pub fn toggle_fold(&self) {
        let row = self.state.borrow().looked_at();
        self.toggle_fold_at(row);
    }

    /// The same of a row. On a line that continues another, of that one.
    pub(super) fn toggle_fold_at(&self, row: u64) {
        let head = {
            let state = self.state.borrow();
            let is_head = |row: &u64| state.lines.at(*row).is_some_and(|record| !record.cont);
            (row.saturating_sub(HEAD_ROWS_MAX)..=row).rev().find(is_head).unwrap_or(row)
        };
        let line = self.state.borrow().lines.folds().line(head);
        let opened = self.state.borrow_mut().lines.folds_mut().unfold(line);
        if opened {
            self.refold(head);
            return;
        }
        let record = self.state.borrow().lines.get(line).cloned().filter(|record| record.n.is_some());
        let Some(record) = record else {
            self.tell("The lines are still being counted; they fold once that is done.");
            return;
        };
        let viewer = self.clone();
        let query = self.query(Place::of(&record).start(0), 0, 1);
        let (flight, handle) = abortable(async move {
            let found = api::fold_of(query).await;
            viewer.state.borrow_mut().flights.fold = None;
            match found {
                Ok(found) if found.is_empty() => viewer.tell("Nothing belongs under this line."),
                Ok(found) => {
                    let row = {
                        let mut state = viewer.state.borrow_mut();
                        // Another view, or another order, would drop the request; this is to be sure.
                        if state.lines.get(line) != Some(&record) {
                            return;
                        }
                        state.lines.folds_mut().fold(line, found.into_iter().map(|(start, end)| start..end).collect());
                        state.lines.folds().row(line)
                    };
                    viewer.refold(row);
                }
                Err(Failure(error)) => viewer.tell(&error.detail),
            }
        });
        let before = self.state.borrow_mut().flights.fold.replace(handle);
        if let Some(before) = before {
            before.abort();
        }
        spawn(flight);
    }

    /// Other lines are folded now: rows below the head have moved.
    fn refold(&self, head: u64) {
        self.unselect();
        self.change(|state| {
            state.epoch += 1;
            state.scroll.set_lines(state.lines.rows());
            state.pool.forget_heights();
            state.mark(head);
        });
    }

    /// Leaves out all lines that continue others, or shows them again.
    pub fn toggle_heads(&self) {
        self.set_view(|view| view.filter.heads = !view.filter.heads);
    }
}

/// Rows looked back over for the head of a line that continues it.
const HEAD_ROWS_MAX: u64 = 2000;

impl State {
    /// The row of a line, whatever hid it opened.
    pub(super) fn unfolded_row(&mut self, line: u64) -> u64 {
        if !self.lines.folds().is_empty() {
            self.lines.folds_mut().reveal(line);
            let rows = self.lines.rows();
            self.scroll.set_lines(rows);
        }
        self.lines.folds().row(line)
    }

    /// Whether something belongs under a row, as far as the lines at hand tell.
    pub(super) fn fold(&self, row: u64) -> Option<Fold> {
        let line = self.lines.folds().line(row);
        if let Some(hidden) = self.lines.folds().behind(line) {
            return Some(Fold::Closed(hidden));
        }
        let record = self.lines.get(line)?;
        let follows = || self.lines.get(line + 1).is_some_and(|next| next.cont && next.source == record.source);
        (opens_group(&record.text) || (!record.cont && follows())).then_some(Fold::Open)
    }
}
