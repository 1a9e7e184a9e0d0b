//! Moving through the log: by lines, by pages, to its ends, to a line or a time.

use leptos::prelude::*;

use super::state::State;
use super::viewer::Viewer;
use crate::load::LINES_ABOVE;
use crate::model::place::Place;
use crate::model::scroll::Top;
use crate::model::{figures, goto};

impl Viewer {
    /// Moves the current line.
    pub fn step(&self, by: i64) {
        self.change(|state| {
            let from = state.current.filter(|&line| state.in_view(line)).unwrap_or_else(|| state.first_whole_line());
            state.mark(from.saturating_add_signed(by));
        });
    }

    /// Moves by pages, the current line with them.
    pub fn page(&self, pages: f64) {
        self.change(|state| {
            #[expect(clippy::cast_precision_loss, reason = "rows of a view are few")]
            let px =
                (state.scroll.rows_in_view().saturating_sub(1).max(1) as f64 * state.scroll.row_px() * pages.abs())
                    .floor()
                    * pages.signum();
            let from = state.current.filter(|&line| state.in_view(line)).unwrap_or_else(|| state.first_whole_line());
            let before = state.scroll.top().line;
            let State { scroll, pool, .. } = state;
            scroll.move_by(px, &|line| pool.height(line));
            scroll.keep_filled(&|line| pool.height(line));
            let moved = scroll.top().line.cast_signed() - before.cast_signed();
            let last = state.lines.rows().saturating_sub(1);
            let to = if moved == 0 {
                if pages > 0.0 { last } else { 0 }
            } else {
                from.saturating_add_signed(moved).min(last)
            };
            state.ahead = if pages > 0.0 { 2 } else { -2 };
            state.mark_only(to);
        });
    }

    /// How many lines the whole log has, and whether that is exact; a filter changes nothing about it.
    fn all_lines(&self, state: &State) -> (u64, bool) {
        if state.is_filtered() {
            self.signals.task.with_untracked(|task| (task.lines.unwrap_or(task.lines_estimate), task.lines.is_some()))
        } else {
            (state.lines.count(), state.lines.counted())
        }
    }

    /// Shows the first line; as a step of the history, if `step`.
    pub fn to_top(&self, step: bool) {
        self.change(|state| {
            state.scroll.stand(Top::default());
            state.mark_only(0);
            state.step_due |= step;
        });
    }

    /// Shows the last line; as a step of the history, if `step`.
    pub fn to_end(&self, step: bool) {
        if !self.state.borrow().lines.has_end() {
            self.jump(Place::End, 0, step);
            return;
        }
        self.change(|state| {
            state.stand_at_end();
            state.step_due |= step;
        });
    }

    /// Goes to what was typed into the go-to field.
    pub fn go_to(&self, typed: &str) {
        let (near, zone, lines) = {
            let state = self.state.borrow();
            let near = state.time_at(state.scroll.top().line);
            (
                near.or_else(|| self.signals.task.with_untracked(|task| task.first_ts.clone())),
                state.zone(),
                self.all_lines(&state).0,
            )
        };
        match goto::read(typed, lines, near.as_deref(), zone) {
            Ok(place) => {
                self.signals.goto_problem.set(None);
                self.show_place(place, true);
                self.focus();
            }
            Err(problem) => self.signals.goto_problem.set(Some(problem)),
        }
    }

    /// Goes to a place; as a step of the history, if `step`.
    pub fn show_place(&self, place: Place, step: bool) {
        match place {
            Place::Top => self.to_top(step),
            Place::End => self.to_end(step),
            Place::Line(n) => {
                let (count, counted) = self.all_lines(&self.state.borrow());
                if n > count {
                    let about = if counted { "" } else { "about " };
                    let told = format!(
                        "There is no line {}: the log has {about}{}. This is the last one.",
                        figures::grouped(n),
                        figures::counted(count, "line", "lines")
                    );
                    self.signals.goto_problem.set(Some(told));
                    self.to_end(step);
                    return;
                }
                self.show_number(n, step);
            }
            Place::Time(_) | Place::Anchor(_) => self.jump(place, LINES_ABOVE, step),
        }
    }
}
