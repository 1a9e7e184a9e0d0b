//! Asking the server for pages of the log as they come into view.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::{AbortHandle, abortable};
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use record::wire::{ApiError, Record, Start, WindowHead, WindowItem, WindowQuery};

use super::state::State;
use super::{Viewer, dom};
use crate::api::{self, Failure, Gathered};
use crate::model::lines::{Need, PAGE_LINES};
use crate::model::ndjson::Splitter;
use crate::model::place::Place;

/// Requests for pages at a time: a browser has six connections to a server, for all its tabs.
const PAGES_MAX: usize = 3;

/// A page that is farther from the view than this was passed by.
const PAGES_NEAR: u64 = 3;

/// How long to wait from one request to the next while the thumb is dragged: each takes a tenth of a frame.
const COARSE_MS: i32 = 80;

/// How long to wait before trying again, doubled each time.
pub(super) const RETRY_MS: u64 = 1000;

/// The longest wait before trying again.
const RETRY_MS_MAX: u64 = 15_000;

/// What was asked for and has not come yet.
#[derive(Debug, Default)]
pub struct Flights {
    pages: BTreeMap<u64, AbortHandle>,
    pub(super) jump: Option<AbortHandle>,
    pub(super) beside: Option<AbortHandle>,
    /// A jump that failed, and is to be tried again.
    pub(super) jump_again: Option<TimeoutHandle>,
    /// Finds what belongs under a line.
    pub(super) fold: Option<AbortHandle>,
    /// Counts the lines that the filter lets through.
    pub(super) count: Option<AbortHandle>,
    /// Counts the hits of what is searched for.
    pub(super) search: Option<AbortHandle>,
    /// Count the lines that there would be without each condition.
    pub(super) loosened: Vec<AbortHandle>,
    /// Looks for the next hit.
    pub(super) step: Option<AbortHandle>,
    /// Failures in a row; nothing is asked for while a retry is due.
    failures: u32,
    retry: Option<TimeoutHandle>,
}

impl Flights {
    pub(super) fn drop_all(&mut self) {
        for (_, flight) in std::mem::take(&mut self.pages) {
            flight.abort();
        }
        for flight in [self.jump.take(), self.beside.take(), self.fold.take()].into_iter().flatten() {
            flight.abort();
        }
        self.forget_jump();
    }

    /// A jump that failed is not tried again: the reader has gone elsewhere.
    pub(super) fn forget_jump(&mut self) {
        if let Some(again) = self.jump_again.take() {
            again.clear();
        }
    }
}

impl Viewer {
    /// Asks for what the view lacks; what was passed by is dropped.
    pub(super) fn fetch_needs(&self, view: &Range<u64>, ahead: i64) {
        let mut due = Vec::new();
        let mut resolve = None;
        {
            let mut state = self.state.borrow_mut();
            // Behind what is followed nothing is missing that will be seen.
            let follows = state.growing.follows && state.rest.is_some();
            let passes = follows && view.clone().all(|row| state.lines.at(row).is_some());
            if state.flights.retry.is_some() || view.is_empty() || state.switching.is_some() || passes {
                return;
            }
            // The thumb is dragged over more than can be fetched: one request at a time, for what is in view when the
            // one before has come.
            let coarse = state.scroll.is_coarse();
            if coarse && (state.coarse_wait || !state.flights.pages.is_empty()) {
                return;
            }
            state.coarse_wait = coarse;
            let needs = state.lines.needs(view, if coarse { 0 } else { ahead });
            let page = |row: u64| state.lines.folds().line(row) / PAGE_LINES;
            let near = page(view.start).saturating_sub(PAGES_NEAR)..=page(view.end) + PAGES_NEAR;
            state.flights.pages.retain(|page, flight| {
                let kept = near.contains(page);
                if !kept {
                    flight.abort();
                }
                kept
            });
            for need in needs {
                let flights = &state.flights;
                let free = match &need {
                    Need::Page(page) => {
                        flights.pages.len() + due.len() < PAGES_MAX && !flights.pages.contains_key(page)
                    }
                    Need::Before(_) | Need::After(_) => flights.beside.is_none() && due.is_empty(),
                };
                if free {
                    due.push(need);
                }
            }
            if state.lines.counted() && state.lines.has_loose() && state.flights.jump.is_none() {
                resolve = view.clone().find(|&line| state.lines.is_loose(line));
            }
        }
        if let Some(line) = resolve {
            self.resolve(line);
            return;
        }
        if self.state.borrow().coarse_wait {
            self.go_on_later();
        }
        for need in due {
            match need {
                Need::Page(page) => self.fetch_page(page),
                Need::Before(record) => self.fetch_beside(record, true),
                Need::After(record) => self.fetch_beside(record, false),
            }
        }
    }

    /// Looks again after a while what is in view: a thumb that is dragged passes by most of it.
    fn go_on_later(&self) {
        let viewer = self.clone();
        leptos::task::spawn_local(async move {
            dom::sleep(COARSE_MS).await;
            viewer.state.borrow_mut().coarse_wait = false;
            viewer.ask_frame();
        });
    }

    /// Tries at once what is waiting to be tried again.
    pub fn retry(&self) {
        let waiting = self.state.borrow_mut().flights.retry.take();
        if let Some(waiting) = waiting {
            waiting.clear();
        }
        self.ask_frame();
    }

    fn fetch_page(&self, page: u64) {
        let viewer = self.clone();
        // The last page of a log that grows is there in part.
        let known = self.state.borrow().lines.known_of(page);
        let query = self.query(Start::Line(page * PAGE_LINES + known + 1), 0, PAGE_LINES - known);
        let (flight, handle) = abortable(async move {
            let error = viewer.stream_page(page, query).await;
            viewer.state.borrow_mut().flights.pages.remove(&page);
            match error {
                // There are fewer lines than there were, which the count says.
                Some(error) if error.status == 416 => viewer.pause(),
                Some(error) => viewer.failed(&error),
                None => viewer.succeeded(),
            }
            viewer.ask_frame();
        });
        self.state.borrow_mut().flights.pages.insert(page, handle);
        spawn(flight);
    }

    /// Keeps a window's records as they come; says what went wrong.
    async fn stream_page(&self, page: u64, query: WindowQuery) -> Option<ApiError> {
        let stream = match api::window(query).await {
            Ok(stream) => stream,
            Err(Failure(error)) => return Some(error),
        };
        let mut chunks = Box::pin(chunks(stream));
        let mut splitter = Splitter::default();
        let (mut ended, mut error, mut head, mut rank) = (false, None, None, 0);
        while let Some(chunk) = chunks.next().await {
            {
                let mut state = self.state.borrow_mut();
                // A thumb that is dragged on has left the page behind: nothing of it is read.
                if state.scroll.is_coarse() && !state.is_near(page) {
                    return None;
                }
                splitter.push(&chunk, |line| match api::item(line) {
                    Ok(WindowItem::Head(found)) => {
                        rank = found.rank.unwrap_or_default();
                        head = Some(found);
                    }
                    Ok(WindowItem::Record(record)) => {
                        state.lines.keep(rank, record);
                        rank += 1;
                    }
                    Ok(WindowItem::End) => ended = true,
                    Ok(WindowItem::Error(told)) => error = Some(told),
                    Err(_) => error = Some(api::cut_off()),
                });
                let view = state.range();
                state.lines.trim(view);
            }
            if let Some(WindowHead { generation, lines, counted, .. }) = head.take() {
                self.learn(generation, lines, counted);
            }
            self.ask_frame();
        }
        error.or_else(|| (!ended).then(api::cut_off))
    }

    /// Asks for lines before or after one that has no number.
    fn fetch_beside(&self, record: Rc<Record>, before: bool) {
        let viewer = self.clone();
        let start = Start::Anchor { source: record.source.clone(), offset: record.offset };
        let query =
            if before { self.query(start, PAGE_LINES, PAGE_LINES) } else { self.query(start, 0, PAGE_LINES + 1) };
        let (flight, handle) = abortable(async move {
            let mut gathered = gather(query).await;
            viewer.state.borrow_mut().flights.beside = None;
            if let Some(error) = &gathered.error {
                viewer.failed(error);
                return;
            }
            let full = gathered.records.len() as u64 > PAGE_LINES;
            gathered.records.retain(|other| other.source != record.source || other.offset != record.offset);
            {
                let mut state = viewer.state.borrow_mut();
                // The reader may have gone elsewhere meanwhile.
                if state.lines.ends_loose(&record, before) {
                    let moved = state.lines.extend(gathered.records, before, !before && !full);
                    state.move_all(moved);
                }
            }
            viewer.ask_frame();
        });
        self.state.borrow_mut().flights.beside = Some(handle);
        spawn(flight);
    }

    /// All is counted: asks for the number of a line that has none, and so of its neighbours.
    fn resolve(&self, line: u64) {
        let record = self.state.borrow().lines.get(line).cloned();
        let Some(record) = record else {
            return;
        };
        let viewer = self.clone();
        let query = self.query(Place::of(&record).start(0), 0, 1);
        let (flight, handle) = abortable(async move {
            let gathered = gather(query).await;
            viewer.state.borrow_mut().flights.jump = None;
            match gathered.records.first().and_then(|record| record.n) {
                Some(n) => {
                    let mut state = viewer.state.borrow_mut();
                    // Others may have come before it meanwhile.
                    if let Some(line) = state.lines.loose_place(&record) {
                        let moved = state.lines.settle(line, n);
                        state.move_all(moved);
                    }
                }
                None => viewer.failed(&gathered.error.unwrap_or_else(api::cut_off)),
            }
            viewer.change(|_| {});
        });
        self.state.borrow_mut().flights.jump = Some(handle);
        spawn(flight);
    }

    /// Asks for nothing for a while, and says nothing: the count will say what there is.
    fn pause(&self) {
        let viewer = self.clone();
        let handle = set_timeout_with_handle(move || viewer.retry(), Duration::from_millis(RETRY_MS));
        self.state.borrow_mut().flights.retry = handle.ok();
        if self.state.borrow().is_filtered() {
            self.count_again();
        }
    }

    pub(super) fn failed(&self, error: &ApiError) {
        let wait = {
            let mut state = self.state.borrow_mut();
            let lasting = matches!(error.status, 400..500);
            let failures = if lasting { 4 } else { state.flights.failures.min(4) };
            let wait = (RETRY_MS << failures).min(RETRY_MS_MAX);
            state.flights.failures += 1;
            wait
        };
        let what = &error.detail;
        self.signals.trouble.set(Some(format!("{what} Trying again in {} s.", wait / 1000)));
        let viewer = self.clone();
        let handle = set_timeout_with_handle(move || viewer.retry(), Duration::from_millis(wait));
        let before = std::mem::replace(&mut self.state.borrow_mut().flights.retry, handle.ok());
        if let Some(before) = before {
            before.clear();
        }
    }

    pub(super) fn succeeded(&self) {
        self.state.borrow_mut().flights.failures = 0;
        if self.signals.trouble.with_untracked(Option::is_some) {
            self.signals.trouble.set(None);
        }
    }

    pub(super) fn query(&self, start: Start, before: u64, limit: u64) -> WindowQuery {
        let state = self.state.borrow();
        let (task, filter, context) = (state.task.clone(), state.view.shown(), state.view.context());
        WindowQuery { task, start, before, limit, filter, context }
    }
}

impl State {
    /// Whether a page is in view, or next to it.
    fn is_near(&self, page: u64) -> bool {
        let (folds, view) = (self.lines.folds(), self.range());
        (folds.line(view.start) / PAGE_LINES).saturating_sub(1) <= page && page <= folds.line(view.end) / PAGE_LINES + 1
    }

    /// The lines in view have other numbers now.
    pub(super) fn move_all(&mut self, by: i64) {
        self.scroll.shift(by);
        self.scroll.set_lines(self.lines.rows());
        self.current = self.current.map(|line| line.saturating_add_signed(by));
        if let Some(selection) = &mut self.selection {
            selection.shift(by);
        }
    }
}

pub(super) async fn gather(query: WindowQuery) -> Gathered {
    match api::window(query).await {
        Ok(stream) => Gathered::read(Box::pin(chunks(stream))).await,
        Err(Failure(error)) => Gathered { error: Some(error), ..Gathered::default() },
    }
}

/// The bytes of a stream; where it breaks off they end, which the missing last line tells.
pub(super) fn chunks(
    stream: server_fn::codec::ByteStream<Failure>,
) -> impl futures::Stream<Item = bytes::Bytes> + Unpin {
    Box::pin(
        stream
            .into_inner()
            .take_while(|chunk| futures::future::ready(chunk.is_ok()))
            .filter_map(|chunk| futures::future::ready(chunk.ok())),
    )
}

pub(super) fn spawn(flight: impl Future<Output = Result<(), futures::future::Aborted>> + 'static) {
    leptos::task::spawn_local(async move {
        // One that was dropped was passed by.
        flight.await.ok();
    });
}
