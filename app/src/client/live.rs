//! A log that grows under the reader's eyes: a socket tells that there is more, and the page asks for what it shows.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use record::wire::{Live, Partial, Start};
use web_sys::{MessageEvent, WebSocket};

use super::fetch::gather;
use super::viewer::listen_to;
use super::{Viewer, dom};
use crate::api;
use crate::model::lines::PAGE_LINES;
use crate::model::scroll::Top;
use crate::model::sources::Sources;
use crate::view::state::word;

/// How long to wait before opening the socket again, doubled each time.
const REOPEN_MS: i32 = 500;

/// How often it is doubled: up to 16 s.
const DOUBLINGS_MAX: u32 = 5;

/// How often the sources' counts and the log from afar are asked for again while the log grows.
const REFRESH_MS: i32 = 2000;

/// How long a line must have been there in part to be shown, and away for its place to go.
const PARTIAL_MS: i32 = 300;

/// How long to wait for a search that goes on in what is new.
const SEARCH_MS: i32 = 60;

/// New lines that are fetched beyond those that fit into a view.
const NEW_LINES_SPARE: u64 = 8;

/// How long the scrollbar may stand where the end was before lines came: putting it right takes as long as drawing them.
const SETTLE_MS: u64 = 200;

/// What the viewer of a log knows of its growing.
#[derive(Debug, Default)]
pub struct Growing {
    socket: Option<WebSocket>,
    failures: u32,
    /// Lines that the log is said to have.
    told: u64,
    /// The view stays at the end.
    pub(super) follows: bool,
    /// Lines there were when it last stood there; none where it never did.
    left_at: Option<u64>,
    /// New lines are on their way.
    asking: bool,
    /// The counts are to be asked for again soon.
    refreshing: bool,
    /// No line is being written.
    empty: bool,
    /// Counts how often that changed.
    turns: u32,
}

impl Viewer {
    /// Listens for what comes, as long as the page is seen.
    pub(super) fn start_live(&self) {
        self.open_socket();
        let viewer = self.clone();
        let seen = Closure::<dyn FnMut()>::new(move || {
            if document().hidden() {
                viewer.close_socket();
            } else {
                viewer.open_socket();
            }
        });
        listen_to(&document(), "visibilitychange", &seen.into_js_value());
    }

    fn close_socket(&self) {
        let socket = self.state.borrow_mut().growing.socket.take();
        if let Some(socket) = socket {
            socket.set_onclose(None);
            socket.set_onmessage(None);
            drop(socket.close());
        }
    }

    fn open_socket(&self) {
        let mut state = self.state.borrow_mut();
        if document().hidden() || state.growing.socket.is_some() {
            return;
        }
        let location = window().location();
        let (scheme, host) = (location.protocol().unwrap_or_default(), location.host().unwrap_or_default());
        let scheme = scheme.replace("http", "ws");
        let id = String::from(js_sys::encode_uri_component(&state.task));
        let Ok(socket) = WebSocket::new(&format!("{scheme}//{host}/api/v1/tasks/{id}/live")) else {
            return;
        };
        let viewer = self.clone();
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(live) = event.data().as_string().and_then(|text| serde_json::from_str(&text).ok()) {
                viewer.heard(live);
            }
        });
        socket.set_onmessage(Some(heard.into_js_value().unchecked_ref()));
        let viewer = self.clone();
        let closed = Closure::<dyn FnMut()>::new(move || viewer.lost());
        socket.set_onclose(Some(closed.into_js_value().unchecked_ref()));
        state.growing.socket = Some(socket);
    }

    /// The socket has closed: the server is gone, or something between.
    fn lost(&self) {
        let failures = {
            let mut state = self.state.borrow_mut();
            state.growing.socket = None;
            state.growing.failures += 1;
            state.growing.failures
        };
        // Once is a restart of the server, or a proxy that was tired of it.
        if failures > 1 {
            self.signals.trouble.set(Some(api::GONE.to_owned()));
        }
        let viewer = self.clone();
        leptos::task::spawn_local(async move {
            dom::sleep(REOPEN_MS << (failures - 1).min(DOUBLINGS_MAX)).await;
            viewer.open_socket();
        });
    }

    /// The task has changed.
    fn heard(&self, live: Live) {
        let before = std::mem::take(&mut self.state.borrow_mut().growing.failures);
        if before > 1 {
            self.signals.trouble.set(None);
            self.retry();
        }
        dom::show_state(word(live.state));
        self.take_partial(live.partial);
        let counted = live.counted.then_some(live.lines);
        self.signals.task.update(|task| {
            (task.state, task.bytes) = (live.state, live.bytes);
            if let Some(lines) = counted {
                (task.lines, task.lines_estimate) = (Some(lines), lines);
            }
        });
        let (is_other, has_grown) = {
            let mut state = self.state.borrow_mut();
            let has_grown = live.lines != state.growing.told || live.sources != state.sources.count() as u64;
            state.growing.told = live.lines;
            (state.generation != live.generation, has_grown)
        };
        if !live.counted {
            return;
        }
        if is_other {
            // Its lines have other numbers now.
            self.learn(live.generation, live.lines, true);
            self.ask_frame();
        }
        self.take_new();
        if has_grown || is_other {
            self.refresh_later();
        }
    }

    /// Shows lines that are being written. Most are whole with the next look: only those that stay take up room, and give it
    /// back only when there has been none for a while.
    fn take_partial(&self, partial: Vec<Partial>) {
        let shown = self.signals.partial.with_untracked(|shown| !shown.is_empty());
        if shown && !partial.is_empty() {
            self.state.borrow_mut().growing.turns += 1;
            self.signals.partial.set(partial);
            return;
        }
        let turns = {
            let growing = &mut self.state.borrow_mut().growing;
            if growing.empty != partial.is_empty() {
                growing.turns += 1;
            }
            growing.empty = partial.is_empty();
            growing.turns
        };
        if shown != partial.is_empty() {
            return;
        }
        let viewer = self.clone();
        leptos::task::spawn_local(async move {
            dom::sleep(PARTIAL_MS).await;
            if viewer.state.borrow().growing.turns == turns {
                viewer.signals.partial.set(partial);
            }
        });
    }

    /// Shows what is new: at once where the view stays at the end, as a number where it does not.
    fn take_new(&self) {
        let (start, filtered) = {
            let state = self.state.borrow();
            let growing = &state.growing;
            let filtered = state.is_filtered();
            if growing.asking || !filtered && growing.told <= state.lines.count() {
                return;
            }
            if !growing.follows || state.select_drag.is_some() {
                drop(state);
                if !filtered {
                    let (generation, told) = {
                        let state = self.state.borrow();
                        (state.generation, state.growing.told)
                    };
                    self.learn(generation, told, true);
                    self.ask_frame();
                }
                self.tell_news();
                return;
            }
            let (count, last) = (state.lines.count(), state.scroll.rows_in_view() + NEW_LINES_SPARE);
            // From a line that is there: where nothing has come that the filter lets through, that is no mistake.
            let start = match filtered {
                true => Start::Line(count.max(1)),
                false if growing.told - count > last => Start::Tail(last),
                false => Start::Line(count + 1),
            };
            (start, filtered)
        };
        self.state.borrow_mut().growing.asking = true;
        let query = self.query(start, 0, PAGE_LINES);
        let viewer = self.clone();
        leptos::task::spawn_local(async move {
            let gathered = gather(query).await;
            let got = gathered.records.len() as u64;
            let before = viewer.state.borrow().lines.count();
            let searching;
            {
                let mut state = viewer.state.borrow_mut();
                state.growing.asking = false;
                let head = gathered.head.filter(|head| head.generation == state.generation);
                searching = head.as_ref().is_some_and(|head| !head.counted);
                if let Some(rank) = head.and_then(|head| head.rank) {
                    for (line, record) in (rank..).zip(gathered.records) {
                        state.lines.keep(line, record);
                    }
                    let count = state.lines.count().max(rank + got);
                    state.lines.set_count(count, true);
                    if state.growing.follows {
                        state.stand_at_last();
                    }
                }
            }
            viewer.show_total();
            if viewer.state.borrow().rest.is_none() {
                viewer.rest_later(SETTLE_MS);
            }
            viewer.ask_frame();
            let (count, told) = {
                let state = viewer.state.borrow();
                (state.lines.count(), state.growing.told)
            };
            // What is new was not searched to its end yet.
            if searching {
                dom::sleep(SEARCH_MS).await;
            }
            if searching || count > before && (filtered || count < told) {
                viewer.take_new();
            }
        });
    }

    /// Says how many lines have come since the view left the end.
    fn tell_news(&self) {
        let news = {
            let state = self.state.borrow();
            let growing = &state.growing;
            growing.left_at.filter(|_| !growing.follows).map_or(0, |left_at| growing.told.saturating_sub(left_at))
        };
        if self.signals.news.get_untracked() != news {
            self.signals.news.set(news);
        }
    }

    /// Asks for the sources' counts and the log from afar again, after a while.
    fn refresh_later(&self) {
        if std::mem::replace(&mut self.state.borrow_mut().growing.refreshing, true) {
            return;
        }
        let viewer = self.clone();
        leptos::task::spawn_local(async move {
            dom::sleep(REFRESH_MS).await;
            viewer.refresh().await;
        });
    }

    async fn refresh(&self) {
        let id = self.state.borrow().task.clone();
        let task = api::task(id).await;
        self.state.borrow_mut().growing.refreshing = false;
        let Ok(task) = task else {
            return;
        };
        {
            let mut state = self.state.borrow_mut();
            if state.sources.count() != task.sources.len() {
                state.sources = Sources::new(&task.sources);
                state.epoch += 1;
            }
            state.overview_due = true;
        }
        if self.signals.task.with_untracked(|before| *before != task) {
            self.signals.task.set(task);
        }
        let (filtered, follows) = {
            let state = self.state.borrow();
            (state.is_filtered(), state.growing.follows)
        };
        if filtered && !follows {
            self.count_again();
        }
        self.search_again();
        self.ask_frame();
    }

    /// Stays at the end from now on, or no longer.
    pub fn set_follow(&self, follows: bool) {
        {
            let mut state = self.state.borrow_mut();
            let told = state.growing.told.max(state.lines.count());
            state.growing.follows = follows;
            state.growing.left_at = (!follows).then_some(told);
        }
        self.signals.follows.set(follows);
        self.tell_news();
        if follows {
            if self.state.borrow().lines.has_end() {
                self.change(super::state::State::stand_at_last);
            } else {
                self.to_end(false);
            }
            self.take_new();
        }
        // At once: while lines come in, the view never rests.
        self.show_address();
        self.rest_later(1);
    }

    /// Follows, or stops.
    pub fn toggle_follow(&self) {
        let follows = self.state.borrow().growing.follows;
        self.set_follow(!follows);
    }

    /// The reader has gone elsewhere: the view stays where it is.
    pub(super) fn leave_end(&self) {
        if self.state.borrow().growing.follows {
            self.set_follow(false);
        }
    }
}

impl super::state::State {
    /// Stands at the last line, whatever line is the current one.
    pub(super) fn stand_at_last(&mut self) {
        let last = self.lines.rows().saturating_sub(1);
        self.scroll.set_lines(self.lines.rows());
        self.scroll.stand(Top { line: last, px: 0.0 });
        let Self { scroll, pool, .. } = self;
        scroll.keep_filled(&|line| pool.height(line));
        self.ahead = -1;
    }

    /// The last line is in view.
    pub(super) fn sees_end(&self) -> bool {
        self.range().end >= self.lines.rows()
    }
}
