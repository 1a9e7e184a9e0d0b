//! The one frame that draws a log: its rows, where they stand, and which of them has the focus.

use leptos::prelude::document;
use web_sys::HtmlElement;

use super::dom;
use super::pool::ROWS_MAX;
use super::slot::Wanted;
use super::state::{DAY_ROWS_MAX, State};
use crate::model::face::{Before, Context};
use crate::model::{figures, time};

impl State {
    /// Draws what is in view by now. Gives what is to take the focus: that makes fields which lose it call back at once,
    /// so it waits until the state is free.
    #[must_use]
    pub(super) fn draw(&mut self) -> Option<HtmlElement> {
        let width = self.log.client_width();
        if width != self.width {
            self.width = width;
            self.pool.forget_heights();
        }
        let view_px = f64::from(self.log.client_height());
        if (view_px - self.scroll.view_px()).abs() > 0.1 {
            self.scroll.set_view_px(view_px);
            dom::style(&self.log, "--view-px", &figures::px(view_px));
            if self.growing.follows {
                self.stand_at_last();
            }
        }
        self.scroll.set_lines(self.lines.rows());
        self.scroll.set_wrap(self.view.wrap);
        let spacer_px = self.scroll.spacer_px();
        if (spacer_px - self.spacer_px).abs() > 0.5 {
            self.spacer_px = spacer_px;
            dom::style(&self.spacer, "height", &figures::px(spacer_px));
        }
        let had_focus = dom::has_focus(&self.log);
        // Wrapped rows are measured only once they are drawn: draw, keep the view filled, and draw what that moved.
        for _ in 0..3 {
            if self.passes_by() {
                break;
            }
            self.draw_rows();
            let before = self.scroll.top();
            let Self { scroll, pool, .. } = self;
            scroll.move_by(0.0, &|line| pool.height(line));
            scroll.keep_filled(&|line| pool.height(line));
            if self.scroll.top() == before {
                break;
            }
        }
        if !self.passes_by() {
            let top = self.scroll.top();
            self.pool.place(self.pool.above(top.line) + top.px);
        }
        if self.pool.cells > self.cells {
            self.cells = self.pool.cells;
            dom::style(&self.log, "--cells", &self.cells.to_string());
        }
        let row = self.current.filter(|&line| self.in_view(line)).and_then(|line| self.pool.row(line));
        dom::set(&self.log, "tabindex", Some(if row.is_some() { "-1" } else { "0" }));
        let to = row.unwrap_or(&self.log);
        let active = document().active_element();
        // A button or link in a row keeps the focus as long as it is there.
        let free = active.as_ref().is_none_or(|active| {
            active.class_name() == "row" || !self.log.contains(Some(active)) || **active == **self.log
        });
        let due = std::mem::take(&mut self.focus_due) || (had_focus && free);
        (due && active.as_ref() != Some(to)).then(|| to.clone())
    }

    /// Whether a thumb is dragged over lines that are not there yet: the rows that are shown stay until some have come.
    fn passes_by(&self) -> bool {
        let top = self.scroll.top().line;
        let mut in_view = top..top + self.scroll.rows_in_view();
        self.scroll.is_coarse() && self.pool.has_texts() && !in_view.any(|row| self.lines.at(row).is_some())
    }

    fn draw_rows(&mut self) {
        let in_view = self.scroll.rows_in_view() + 2;
        let spare = if self.view.wrap { in_view.min(ROWS_MAX.saturating_sub(in_view) / 2) } else { 4 };
        let top = self.scroll.top().line;
        let first = top.saturating_sub(spare);
        let end = (top + in_view + spare).min(self.lines.rows()).min(first + ROWS_MAX);
        let zone = self.zone();
        let mut before = self.before(first, zone);
        let mut epoch = self.epoch << 1;
        epoch |= u32::from(self.lines.counted());
        let rows = first..end.max(first);
        let more: Vec<_> = rows.clone().map(|row| (self.fold(row), self.number(row))).collect();
        let mut more = more.into_iter();
        let Self { lines, pool, sources, view, current, start, .. } = self;
        let context = Context { sources, view, zone, start: start.as_deref() };
        pool.show(rows, epoch, &context, |line| {
            let record = lines.at(line).cloned();
            let (fold, number) = more.next().unwrap_or_default();
            let wanted = Wanted { record, before: before.clone(), current: *current == Some(line), fold, number };
            if let Some(record) = &wanted.record {
                before.take(record, zone);
            }
            wanted
        });
        pool.measure(view.wrap);
    }

    /// What is known of the lines above `line`.
    fn before(&self, line: u64, zone: time::Zone) -> Before {
        let lines = (line.saturating_sub(DAY_ROWS_MAX)..line).rev().filter_map(|line| self.lines.at(line));
        let timed: Vec<_> = lines.filter(|record| record.ts.is_some() && !record.wild).take(2).collect();
        let mut before = Before::default();
        for record in timed.into_iter().rev() {
            before.take(record, zone);
        }
        before
    }
}
