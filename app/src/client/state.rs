//! All that the viewer of a log knows, and what it can tell of the lines in view.

use std::collections::VecDeque;
use std::ops::Range;

use leptos::leptos_dom::helpers::TimeoutHandle;
use record::wire::LineFilter;
use web_sys::HtmlElement;

use super::dom;
use super::fetch::Flights;
use super::live::Growing;
use super::overview::Overview;
use super::pool::Pool;
use super::search::Stops;
use super::selection::Drag;
use crate::load::{LINES_ABOVE, LogPage};
use crate::model::find::Finder;
use crate::model::lines::Lines;
use crate::model::scroll::{Pace, Scroll, Top};
use crate::model::selection::Selection;
use crate::model::sources::Sources;
use crate::model::time;
use crate::model::view::View;
use crate::view::signals::Here;

/// Rows looked back over for the day and the time that a row continues.
pub(super) const DAY_ROWS_MAX: u64 = 64;

/// All that the viewer knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) task: String,
    pub(super) generation: u64,
    pub(super) lines: Lines,
    pub(super) scroll: Scroll,
    pub(super) flights: Flights,
    /// The current line, from 0, once there is one.
    pub(super) current: Option<u64>,
    pub(super) view: View,
    /// The filter and the context that the lines at hand belong to.
    pub(super) applied: (LineFilter, u64),
    /// The view before one whose lines are on their way.
    pub(super) switching: Option<View>,
    /// Finds what is searched for in the rows.
    pub(super) finder: Option<Finder>,
    /// Steps that were asked for while another was on its way.
    pub(super) steps_due: VecDeque<(Stops, bool)>,
    /// Hits in equal stretches of the log.
    pub(super) hits: Vec<u64>,
    /// The log from afar.
    pub(super) overview: Overview,
    /// How it grows.
    pub(super) growing: Growing,
    /// What is selected.
    pub(super) selection: Option<Selection>,
    /// What selects with the mouse right now.
    pub(super) select_drag: Option<Drag>,
    /// The view moves on, the pointer being beyond its edge.
    pub(super) dragging_on: bool,
    /// The click that comes next ended a selection.
    pub(super) select_click: bool,
    /// What the selection was painted for.
    pub(super) painted: (u32, Option<Selection>),
    /// What the marks in the rows were painted for.
    pub(super) marked: (u32, u32, Option<String>, Option<u64>),
    /// The log from afar is to be asked for anew.
    pub(super) overview_due: bool,
    pub(super) sources: Sources,
    /// The time of the log's first line, once known.
    pub(super) start: Option<String>,
    pub(super) pool: Pool,
    pub(super) log: HtmlElement,
    pub(super) spacer: HtmlElement,
    pub(super) frame_asked: bool,
    /// Counts what all rows depend on: the zone, wrapping.
    pub(super) epoch: u32,
    pub(super) width: i32,
    pub(super) spacer_px: f64,
    pub(super) cells: u32,
    /// Which way the reader last moved, in pages to load ahead.
    pub(super) ahead: i64,
    /// The thumb is dragged, and what is in view was asked for just now.
    pub(super) coarse_wait: bool,
    /// How fast the reader scrolls.
    pub(super) pace: Pace,
    pub(super) rest: Option<TimeoutHandle>,
    pub(super) address_rest: Option<TimeoutHandle>,
    /// The next address is a new step of the history.
    pub(super) step_due: bool,
    /// The current row takes the focus with the next frame.
    pub(super) focus_due: bool,
}

impl State {
    pub(super) fn take_first_window(&mut self, page: LogPage, scrolled_px: f64) {
        let rank = page.window.head.as_ref().and_then(|head| head.rank);
        let length = page.window.records.len() as u64;
        let start = match rank {
            Some(rank) => rank,
            None if page.from_end => self.lines.count().saturating_sub(length),
            None => self.guess(page.window.records.first().and_then(|record| record.ts.as_deref()), &page),
        };
        if rank.is_some() {
            for (line, record) in (start..).zip(page.window.records) {
                self.lines.keep(line, record);
            }
        } else {
            self.lines.lay(start, page.window.records, page.from_end);
        }
        self.current = page.target.map(|index| start + index as u64);
        if page.from_end {
            dom::set(&self.log, "data-end", None);
            self.stand_at_end();
            self.current = page.target.map(|index| start + index as u64).or(self.current);
        } else {
            self.scroll.stand(Top { line: start, px: 0.0 });
            let row_px = self.scroll.row_px();
            self.scroll.move_by(scrolled_px, &|_| row_px);
        }
    }

    /// Where a line without a number may be, by its time.
    fn guess(&self, ts: Option<&str>, page: &LogPage) -> u64 {
        let share = || {
            let (first, last) = (page.task.first_ts.as_deref()?, page.task.last_ts.as_deref()?);
            let (part, whole) = (time::millis_between(first, ts?)?, time::millis_between(first, last)?);
            Some(u128::from(self.lines.count()) * u128::from(part) / u128::from(whole.max(1)))
        };
        share().and_then(|line| u64::try_from(line).ok()).unwrap_or(self.lines.count() / 2).min(self.lines.count())
    }

    pub(super) fn zone(&self) -> time::Zone {
        dom::zone(&self.view.zone)
    }

    /// Makes a line the current one and moves as little as shows it.
    pub(super) fn mark(&mut self, line: u64) {
        let line = line.min(self.lines.rows().saturating_sub(1));
        self.mark_only(line);
        let before = self.scroll.top();
        let Self { scroll, pool, .. } = self;
        scroll.reveal(line, &|line| pool.height(line));
        if self.scroll.top() != before {
            self.ahead = if self.scroll.top().line < before.line { -1 } else { 1 };
        }
    }

    pub(super) fn mark_only(&mut self, line: u64) {
        self.current = Some(line);
        self.focus_due |= dom::has_focus(&self.log);
    }

    /// Shows a line with some above it, as the current one.
    pub(super) fn stand_at(&mut self, line: u64) {
        self.scroll.stand(Top { line: line.saturating_sub(LINES_ABOVE), px: 0.0 });
        self.mark_only(line);
        self.ahead = 1;
    }

    pub(super) fn stand_at_end(&mut self) {
        let last = self.lines.rows().saturating_sub(1);
        self.scroll.stand(Top { line: last, px: 0.0 });
        self.mark_only(last);
        self.ahead = -1;
    }

    /// The first line whose top is in view.
    pub(super) fn first_whole_line(&self) -> u64 {
        let top = self.scroll.top();
        (top.line + u64::from(top.px > 0.0)).min(self.lines.rows().saturating_sub(1))
    }

    pub(super) fn in_view(&self, line: u64) -> bool {
        self.range().contains(&line)
    }

    /// The lines that are in view, at least in part.
    pub(super) fn range(&self) -> Range<u64> {
        let top = self.scroll.top();
        let mut below = -top.px;
        let mut line = top.line;
        while line < self.lines.rows() && below < self.scroll.view_px() {
            below += self.pool.height(line);
            line += 1;
        }
        top.line..line.max(top.line)
    }

    /// The time at a line, or of what it continues.
    pub(super) fn time_at(&self, line: u64) -> Option<String> {
        (line.saturating_sub(DAY_ROWS_MAX)..=line).rev().find_map(|line| self.lines.at(line)?.ts.clone())
    }

    /// The number of a line in the whole log, where it is sure.
    pub(super) fn number(&self, line: u64) -> Option<u64> {
        match self.lines.at(line) {
            Some(record) => record.n,
            None => {
                let line = self.lines.folds().line(line);
                (!self.is_filtered() && self.lines.counted() && line < self.lines.count()).then_some(line + 1)
            }
        }
    }

    /// The query of a link to a line at hand.
    pub(super) fn link(&self, line: u64) -> Option<String> {
        let ts = self.time_at(line);
        self.lines.at(line).map(|record| self.view.at_record(record, ts.as_deref()).query())
    }

    /// The whole of a line's row is in view.
    pub(super) fn whole_in_view(&self, line: u64) -> bool {
        let range = self.range();
        range.contains(&line) && line != range.end.saturating_sub(1) && line >= self.first_whole_line()
    }

    pub(super) fn here(&self) -> Here {
        let line = self.looked_at();
        Here {
            n: self.number(line),
            ts: self.time_at(line),
            link: self.link(line).unwrap_or_else(|| self.view.query()),
        }
    }
}
