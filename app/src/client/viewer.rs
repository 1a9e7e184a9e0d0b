//! The viewer of one log in the browser: how it starts, and what it listens to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::closure::Closure;
use leptos::wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, MouseEvent};

use super::fetch::Flights;
use super::live::Growing;
use super::overview::Overview;
use super::pool::Pool;
use super::state::State;
use super::{dom, history, keys, options};
use crate::load::{LINES_ABOVE, LogPage};
use crate::model::lines::Lines;
use crate::model::place::Place;
use crate::model::scroll::{Pace, Scroll, Top};
use crate::model::sources::Sources;
use crate::model::view::ZoneName;
use crate::view::signals::{Signals, Total};

/// How long scrolling must rest before the scrollbar is put right, where the browser does not tell.
const SCROLL_REST_MS: u64 = 150;

/// The same, where it does tell and the thumb is dragged far.
const COARSE_REST_MS: u64 = 60;

/// How long the view must rest before the address bar follows it.
const ADDRESS_REST_MS: u64 = 300;

/// How long a word to the reader stays.
const TOLD_MS: i32 = 3000;

/// The viewer. Clones are the same viewer.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub(super) state: Rc<RefCell<State>>,
    pub(super) signals: Signals,
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
            coarse_wait: false,
            pace: Pace::default(),
            rest: None,
            address_rest: None,
            step_due: false,
            focus_due: dom::has_focus(&log),
            log,
            applied: (view.shown(), view.context()),
            switching: None,
            finder: None,
            steps_due: VecDeque::new(),
            hits: Vec::new(),
            overview: Overview::default(),
            growing: Growing::default(),
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
        viewer.start_live();
        if view.follow {
            viewer.set_follow(true);
        }
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
            if state.switching.is_none() {
                state.flights.forget_jump();
            }
            change(&mut state);
        }
        if !self.state.borrow().sees_end() {
            self.leave_end();
        }
        // At once, so that a wheel that turns right after a jump finds room; and again when the rows are drawn.
        self.settle();
        self.rest_later(1);
    }

    fn listen(&self) {
        let viewer = self.clone();
        let log = self.state.borrow().log.clone();
        let on_scroll = Closure::<dyn FnMut()>::new(move || viewer.scrolled());
        listen_to(&log, "scroll", &on_scroll.into_js_value());
        if dom::tells_scroll_end() {
            let viewer = self.clone();
            let ended = move || {
                // A thumb that is dragged by a script, or in leaps, ends its scrolling again and again.
                if viewer.state.borrow().scroll.is_coarse() {
                    viewer.rest_later(COARSE_REST_MS);
                } else {
                    viewer.settle();
                }
            };
            listen_to(&log, "scrollend", &Closure::<dyn FnMut()>::new(ended).into_js_value());
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
            viewer.state.borrow_mut().overview.sizes = None;
            viewer.ask_frame();
            viewer.rest_later(1);
        });
        // The observer lives as long as the page.
        if let Ok(observer) = web_sys::ResizeObserver::new(on_size.into_js_value().unchecked_ref()) {
            observer.observe(&log);
        }
    }

    fn scrolled(&self) {
        let (at_edge, up) = {
            let mut state = self.state.borrow_mut();
            let native = dom::scroll_top(&state.log);
            let State { scroll, pool, .. } = &mut *state;
            let before = scroll.top();
            let at_edge = scroll.scrolled(native, &|line| pool.height(line));
            let after = scroll.top();
            if before != after {
                state.ahead = state.pace.ahead(after.line.cast_signed() - before.line.cast_signed());
            }
            // At the scrollbar's very end it was the log that has become shorter.
            let room = state.log.scroll_height() - state.log.client_height();
            (at_edge, after.line < before.line && native < f64::from(room - 1))
        };
        if up {
            self.leave_end();
        }
        self.ask_frame();
        if at_edge {
            self.settle();
        } else if !dom::tells_scroll_end() {
            self.rest_later(SCROLL_REST_MS);
        }
        self.address_later();
    }

    /// Puts the scrollbar right after a while, unless it moves again.
    pub(super) fn rest_later(&self, after_ms: u64) {
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

    /// Puts the scrollbar right; what was passed by may be wanted now.
    pub(super) fn settle(&self) {
        self.ask_frame();
        let mut state = self.state.borrow_mut();
        let State { scroll, pool, log, .. } = &mut *state;
        let native = scroll.settle(&|line| pool.height(line));
        let now = dom::scroll_top(log);
        let native = if (native - now).abs() < 1.0 { now } else { dom::set_scroll_top(log, native) };
        scroll.seated(native);
    }

    /// Shows the address of what is in view, once its records are there.
    pub(super) fn show_address(&self) {
        let mut state = self.state.borrow_mut();
        let top = state.scroll.top();
        let current = state.current.filter(|&line| state.in_view(line));
        let line = current.unwrap_or(top.line + LINES_ABOVE);
        let at_top = current.is_none_or(|line| line == 0) && top == Top::default();
        let empty = state.lines.rows() == 0;
        let range = state.selection.filter(|selection| selection.lines && selection.count() > 1);
        let range = range.and_then(|selection| state.range_link(selection));
        let follows = state.growing.follows;
        let here = || match () {
            () if follows => Some(crate::model::view::View { follow: true, ..state.view.clone() }.query()),
            () if at_top || empty => Some(state.view.query()),
            () => state.link(line),
        };
        let Some(query) = range.or_else(here) else {
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
        let (focus, here, view, ahead) = {
            let mut state = self.state.borrow_mut();
            (state.draw(), state.here(), state.range(), state.ahead)
        };
        if let Some(focus) = focus {
            dom::focus(&focus);
        }
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

fn find(log: &HtmlElement, selector: &str) -> HtmlElement {
    let found = log.query_selector(selector).ok().flatten().and_then(|found| found.dyn_into().ok());
    found.unwrap_or_else(|| log.clone())
}

/// Listens for as long as the page lives.
pub(super) fn listen_to(element: &web_sys::EventTarget, name: &str, listener: &JsValue) {
    // It fails only for a name that is no text.
    drop(element.add_event_listener_with_callback(name, listener.unchecked_ref()));
}
