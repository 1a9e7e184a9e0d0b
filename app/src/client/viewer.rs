//! The viewer of one log in the browser: its state, what moves it, and the one frame that draws it.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use leptos::ev;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::wasm_bindgen::closure::Closure;
use leptos::wasm_bindgen::{JsCast, JsValue};
use record::wire::LineFilter;
use web_sys::{Element, HtmlElement, MouseEvent};

use super::fetch::Flights;
use super::overview::Overview;
use super::pool::{Pool, ROWS_MAX, Wanted};
use super::selection::Drag;
use super::{dom, history, keys, options};
use crate::load::{LINES_ABOVE, LogPage};
use crate::model::face::{Before, Context};
use crate::model::find::Finder;
use crate::model::lines::Lines;
use crate::model::place::Place;
use crate::model::scroll::{Scroll, Top};
use crate::model::selection::Selection;
use crate::model::sources::Sources;
use crate::model::view::{View, ZoneName};
use crate::model::{figures, time};
use crate::view::signals::{Here, Signals, Total};

/// How long scrolling must rest before the scrollbar is put right, where the browser does not tell.
const SCROLL_REST_MS: u64 = 150;

/// How long the view must rest before the address bar follows it.
const ADDRESS_REST_MS: u64 = 300;

/// How long a word to the reader stays.
const TOLD_MS: i32 = 3000;

/// Rows looked back over for the day that a row continues.
const DAY_ROWS_MAX: u64 = 64;

/// The viewer. Clones are the same viewer.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub(super) state: Rc<RefCell<State>>,
    pub(super) signals: Signals,
}

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
    /// Hits in equal stretches of the log.
    pub(super) hits: Vec<u64>,
    /// The log from afar.
    pub(super) overview: Overview,
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
    sources: Sources,
    /// The time of the log's first line, once known.
    pub(super) start: Option<String>,
    pub(super) pool: Pool,
    pub(super) log: HtmlElement,
    spacer: HtmlElement,
    frame_asked: bool,
    /// Counts what all rows depend on: the zone, wrapping.
    pub(super) epoch: u32,
    width: i32,
    spacer_px: f64,
    cells: u32,
    /// Which way the reader last moved, in pages to load ahead.
    pub(super) ahead: i64,
    rest: Option<TimeoutHandle>,
    address_rest: Option<TimeoutHandle>,
    /// The next address is a new step of the history.
    pub(super) step_due: bool,
    /// The current row takes the focus with the next frame.
    focus_due: bool,
}

impl Viewer {
    /// Takes over the log that the server rendered.
    #[must_use]
    pub fn start(log: HtmlElement, page: LogPage, signals: Signals) -> Self {
        let rows = find(&log, ".rows");
        let spacer = find(&log, ".spacer");
        let before = dom::scroll_top(&log);
        let total = signals.total.get_untracked();
        let view = page.view();
        signals.size.set(options::kept_size());
        let mut state = State {
            generation: page.window.head.as_ref().map_or(page.task.generation, |head| head.generation),
            sources: Sources::new(&page.task.sources),
            start: page.task.first_ts.clone(),
            task: page.task.id.clone(),
            lines: Lines::default(),
            scroll: Scroll::default(),
            flights: Flights::default(),
            current: None,
            pool: Pool::adopt(rows),
            spacer,
            frame_asked: false,
            epoch: 0,
            width: 0,
            spacer_px: -1.0,
            cells: 0,
            ahead: 1,
            rest: None,
            address_rest: None,
            step_due: false,
            focus_due: dom::has_focus(&log),
            log,
            applied: (view.shown(), view.context()),
            switching: None,
            finder: None,
            hits: Vec::new(),
            overview: Overview::default(),
            selection: None,
            select_drag: None,
            dragging_on: false,
            select_click: false,
            painted: (0, None),
            marked: (0, 0, None, None),
            overview_due: true,
            view: view.at(Place::Top),
        };
        state.take_size(signals.size.get_untracked());
        state.lines.set_count(total.lines, total.counted);
        state.scroll.set_lines(total.lines);
        state.take_first_window(page, before);
        let viewer = Self { state: Rc::new(RefCell::new(state)), signals };
        viewer.listen();
        viewer.listen_selection();
        viewer.select_asked(&view);
        viewer.draw();
        viewer.settle();
        dom::mark_hydrated();
        viewer.poll();
        if viewer.state.borrow().is_filtered() {
            viewer.count_again();
        }
        viewer.search_again();
        viewer.start_overview();
        super::recent::start();
        viewer
    }

    /// Wraps long lines, or stops doing so; the top line stays.
    pub fn toggle_wrap(&self) {
        self.set_view(|view| view.wrap = !view.wrap);
    }

    /// Shows times in the reader's zone, or in UTC again.
    pub fn toggle_zone(&self) {
        self.set_view(|view| view.zone = if view.zone == ZoneName::Utc { ZoneName::Local } else { ZoneName::Utc });
    }

    /// Gives the log the focus: the current row, if it is in view.
    pub fn focus(&self) {
        self.change(|state| {
            if state.current.is_none_or(|line| !state.in_view(line)) {
                let line = state.first_whole_line();
                state.mark_only(line);
            }
            state.focus_due = true;
        });
    }

    /// Draws with the next frame.
    pub(super) fn ask_frame(&self) {
        let asked = std::mem::replace(&mut self.state.borrow_mut().frame_asked, true);
        if !asked {
            let viewer = self.clone();
            request_animation_frame(move || {
                viewer.state.borrow_mut().frame_asked = false;
                viewer.draw();
            });
        }
    }

    /// Changes the state by a key or a click, then draws and puts the scrollbar right.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        {
            let mut state = self.state.borrow_mut();
            change(&mut state);
        }
        // At once, so that a wheel that turns right after a jump finds room; and again when the rows are drawn.
        self.settle();
        self.ask_frame();
        self.rest_later(1);
    }

    fn listen(&self) {
        let viewer = self.clone();
        let log = self.state.borrow().log.clone();
        let on_scroll = Closure::<dyn FnMut()>::new(move || viewer.scrolled());
        listen_to(&log, "scroll", &on_scroll.into_js_value());
        if dom::tells_scroll_end() {
            let viewer = self.clone();
            listen_to(&log, "scrollend", &Closure::<dyn FnMut()>::new(move || viewer.settle()).into_js_value());
        }
        let viewer = self.clone();
        let on_click = Closure::<dyn FnMut(MouseEvent)>::new(move |event: MouseEvent| viewer.clicked(&event));
        listen_to(&log, "click", &on_click.into_js_value());
        let viewer = self.clone();
        let key = window_event_listener(ev::keydown, move |event| keys::press(&viewer, &event));
        let viewer = self.clone();
        let back = window_event_listener(ev::popstate, move |_| viewer.went_back());
        on_cleanup(move || {
            key.remove();
            back.remove();
        });
        let viewer = self.clone();
        let on_size = Closure::<dyn FnMut()>::new(move || {
            viewer.ask_frame();
            viewer.rest_later(1);
        });
        // The observer lives as long as the page.
        if let Ok(observer) = web_sys::ResizeObserver::new(on_size.into_js_value().unchecked_ref()) {
            observer.observe(&log);
        }
    }

    fn scrolled(&self) {
        let at_edge = {
            let mut state = self.state.borrow_mut();
            let native = dom::scroll_top(&state.log);
            let State { scroll, pool, .. } = &mut *state;
            let before = scroll.top();
            let at_edge = scroll.scrolled(native, &|line| pool.height(line));
            let after = scroll.top();
            if before != after {
                state.ahead = if after.line < before.line { -2 } else { 2 };
            }
            at_edge
        };
        self.ask_frame();
        if at_edge {
            self.settle();
        } else if !dom::tells_scroll_end() {
            self.rest_later(SCROLL_REST_MS);
        }
        self.address_later();
    }

    /// Puts the scrollbar right after a while, unless it moves again.
    fn rest_later(&self, after_ms: u64) {
        let viewer = self.clone();
        let handle = set_timeout_with_handle(
            move || {
                viewer.state.borrow_mut().rest = None;
                viewer.settle();
            },
            Duration::from_millis(after_ms.max(30)),
        );
        let before = std::mem::replace(&mut self.state.borrow_mut().rest, handle.ok());
        if let Some(before) = before {
            before.clear();
        }
        self.address_later();
    }

    fn address_later(&self) {
        let viewer = self.clone();
        let handle = set_timeout_with_handle(move || viewer.show_address(), Duration::from_millis(ADDRESS_REST_MS));
        let before = std::mem::replace(&mut self.state.borrow_mut().address_rest, handle.ok());
        if let Some(before) = before {
            before.clear();
        }
    }

    pub(super) fn settle(&self) {
        let mut state = self.state.borrow_mut();
        let State { scroll, pool, log, .. } = &mut *state;
        let native = scroll.settle(&|line| pool.height(line));
        let now = dom::scroll_top(log);
        let native = if (native - now).abs() < 1.0 { now } else { dom::set_scroll_top(log, native) };
        scroll.seated(native);
    }

    /// Shows the address of what is in view, once its records are there.
    fn show_address(&self) {
        let mut state = self.state.borrow_mut();
        let top = state.scroll.top();
        let current = state.current.filter(|&line| state.in_view(line));
        let line = current.unwrap_or(top.line + LINES_ABOVE);
        let at_top = current.is_none_or(|line| line == 0) && top == Top::default();
        let empty = state.lines.rows() == 0;
        let Some(query) = (if at_top || empty { Some(state.view.query()) } else { state.link(line) }) else {
            return;
        };
        let step = std::mem::take(&mut state.step_due);
        history::show(&query, step);
    }

    fn clicked(&self, event: &MouseEvent) {
        let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
            return;
        };
        let line = self.state.borrow().pool.line_of(&target);
        let Some(line) = line else {
            return;
        };
        let is = |selector: &str| target.closest(selector).ok().flatten().is_some();
        let selects = window().get_selection().ok().flatten().is_some_and(|selection| !selection.is_collapsed());
        if is(".num a") {
            if event.ctrl_key() || event.meta_key() {
                return;
            }
            event.prevent_default();
            if std::mem::take(&mut self.state.borrow_mut().select_click) {
                self.show_address();
                return;
            }
            self.change(|state| {
                state.mark_only(line);
                state.focus_due = true;
                state.step_due = true;
            });
            self.show_address();
        } else if is(".fold") {
            self.toggle_fold_at(line);
        } else if is(".more, .states, .opener") {
            self.change(|state| state.mark_only(line));
            self.open_record();
        } else if !selects && !std::mem::take(&mut self.state.borrow_mut().select_click) {
            self.change(|state| {
                state.mark_only(line);
                state.focus_due = true;
            });
        }
    }

    /// Draws a frame: the rows in view, the scrolled area, what the signals say; and asks for what is missing.
    pub(super) fn draw(&self) {
        let (here, view, ahead) = {
            let mut state = self.state.borrow_mut();
            state.draw();
            (state.here(), state.range(), state.ahead)
        };
        if self.signals.here.with_untracked(|before| *before != here) {
            self.signals.here.set(here);
        }
        self.follow_record();
        self.fetch_needs(&view, ahead);
        self.mark_hits();
        self.mark_selection();
        self.draw_overview();
    }

    /// Says something to the reader, seen for a while, and to those who do not see the page.
    pub(super) fn tell(&self, text: &str) {
        self.signals.said.set(text.to_owned());
        self.signals.told.set(Some(text.to_owned()));
        let told = self.signals.told;
        leptos::task::spawn_local(async move {
            dom::sleep(TOLD_MS).await;
            told.set(None);
        });
    }

    /// Says how many lines there are, now that it is known better.
    pub(super) fn show_total(&self) {
        let total = {
            let state = self.state.borrow();
            Total { lines: state.lines.count(), counted: state.lines.counted() }
        };
        if self.signals.total.get_untracked() != total {
            self.signals.total.set(total);
        }
    }
}

impl State {
    fn take_first_window(&mut self, page: LogPage, scrolled_px: f64) {
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

    fn here(&self) -> Here {
        let line = self.looked_at();
        Here {
            n: self.number(line),
            ts: self.time_at(line),
            link: self.link(line).unwrap_or_else(|| self.view.query()),
        }
    }

    fn draw(&mut self) {
        let width = self.log.client_width();
        if width != self.width {
            self.width = width;
            self.pool.forget_heights();
        }
        let view_px = f64::from(self.log.client_height());
        if (view_px - self.scroll.view_px()).abs() > 0.1 {
            self.scroll.set_view_px(view_px);
            dom::style(&self.log, "--view-px", &figures::px(view_px));
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
            self.draw_rows();
            let before = self.scroll.top();
            let Self { scroll, pool, .. } = self;
            scroll.move_by(0.0, &|line| pool.height(line));
            scroll.keep_filled(&|line| pool.height(line));
            if self.scroll.top() == before {
                break;
            }
        }
        let top = self.scroll.top();
        self.pool.place(self.pool.above(top.line) + top.px);
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
        if (std::mem::take(&mut self.focus_due) || (had_focus && free)) && active.as_ref() != Some(to) {
            dom::focus(to);
        }
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
}

fn find(log: &HtmlElement, selector: &str) -> HtmlElement {
    let found = log.query_selector(selector).ok().flatten().and_then(|found| found.dyn_into().ok());
    found.unwrap_or_else(|| log.clone())
}

/// Listens for as long as the page lives.
pub(super) fn listen_to(element: &HtmlElement, name: &str, listener: &JsValue) {
    // It fails only for a name that is no text.
    drop(element.add_event_listener_with_callback(name, listener.unchecked_ref()));
}
