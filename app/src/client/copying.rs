//! Copying what is selected, also what is not at hand, and links to it.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use record::wire::{Record, Start};
use web_sys::ClipboardEvent;

use super::fetch::{chunks, gather};
use super::history;
use super::state::State;
use super::viewer::Viewer;
use crate::api::{self, Gathered};
use crate::load::FIRST_LINES;
use crate::model::copy::{COPY_BYTES_MAX, Copy, Form};
use crate::model::figures;
use crate::model::place::Anchor;
use crate::model::selection::Selection;
use crate::model::view::View;

/// Lines that are fetched at a time for a copy.
const COPY_LINES: u64 = 2000;

impl Viewer {
    pub(super) fn listen_copies(&self) {
        let viewer = self.clone();
        let copy = Closure::<dyn FnMut(ClipboardEvent)>::new(move |event: ClipboardEvent| viewer.copies(&event));
        let copy = copy.into_js_value();
        drop(document().add_event_listener_with_callback("copy", copy.unchecked_ref()));
    }

    /// Copies what is selected, or the current line.
    pub fn copy(&self, form: Form) {
        let selection = {
            let state = self.state.borrow();
            state.selection.unwrap_or_else(|| Selection::of_lines(state.looked_at(), state.looked_at()))
        };
        let viewer = self.clone();
        leptos::task::spawn_local(async move {
            match viewer.gather_copy(form, selection).await {
                Ok((text, lines)) => {
                    let written = window().navigator().clipboard().write_text(&text);
                    let told = match wasm_bindgen_futures::JsFuture::from(written).await {
                        Ok(_) => format!("{} copied.", figures::counted(lines, "line", "lines")),
                        Err(_) => "The browser does not allow copying here.".to_owned(),
                    };
                    viewer.tell(&told);
                }
                Err(problem) => viewer.tell(&problem),
            }
        });
    }

    /// The text of a selection, and how many lines it has: also those that are folded, since a reader who copies a stretch
    /// wants all of it.
    async fn gather_copy(&self, form: Form, selection: Selection) -> Result<(String, u64), String> {
        let too_much = || "That is more than 8 MB: download these lines instead.".to_owned();
        let view = self.signals.view.get_untracked();
        let mut copy = Copy::new(form, selection);
        let mut link = None;
        let (mut line, last, folds) = {
            let state = self.state.borrow();
            let folds = state.lines.folds().clone();
            (folds.line(*selection.span().start()), state.last_of(*selection.span().end()), folds)
        };
        let first = line;
        if self.likely_bytes(last - first) > COPY_BYTES_MAX as u64 * 2 {
            return Err(too_much());
        }
        while line <= last {
            let at_hand = self.state.borrow().lines.get(line).cloned().filter(|record| record.cut.is_none());
            let records: Vec<Record> = match at_hand {
                Some(record) => vec![(*record).clone()],
                None => {
                    let limit = COPY_LINES.min(last - line + 1);
                    let gathered = gather(self.query(Start::Line(line + 1), 0, limit)).await;
                    if let Some(error) = gathered.error {
                        return Err(error.detail);
                    }
                    gathered.records
                }
            };
            if records.is_empty() {
                break;
            }
            for record in records {
                let record = if record.cut.is_some() { self.whole(record).await } else { record };
                link.get_or_insert_with(|| self.state.borrow().view.at_record(&record, None).query());
                // A folded line has no row, and is never selected in part.
                let row = Some(folds.row(line)).filter(|row| folds.line(*row) == line);
                if !copy.push(row, &record, &view) {
                    return Err(too_much());
                }
                line += 1;
            }
        }
        Ok((copy.finish(&history::address(&link.unwrap_or_default())), line - first))
    }

    /// A record with as much of its text as there is.
    async fn whole(&self, record: Record) -> Record {
        let task = self.state.borrow().task.clone();
        match api::line(task, record.source.clone(), record.offset).await {
            Ok(stream) => Gathered::read(chunks(stream)).await.records.into_iter().next().unwrap_or(record),
            Err(_) => record,
        }
    }

    /// How many bytes so many lines have, as lines of this log go.
    fn likely_bytes(&self, lines: u64) -> u64 {
        self.signals.task.with_untracked(|task| {
            let all = task.lines.unwrap_or(task.lines_estimate).max(1);
            u64::try_from(u128::from(task.bytes) * u128::from(lines) / u128::from(all)).unwrap_or(u64::MAX)
        })
    }

    /// The reader copies as browsers do it: what the log has selected goes first.
    fn copies(&self, event: &ClipboardEvent) {
        let typing =
            document().active_element().is_some_and(|active| matches!(&*active.tag_name(), "INPUT" | "TEXTAREA"));
        let native = window().get_selection().ok().flatten().is_some_and(|selection| !selection.is_collapsed());
        let selection = self.state.borrow().selection.filter(|selection| !selection.is_empty());
        let Some(selection) = selection.filter(|_| !typing && !native) else {
            return;
        };
        event.prevent_default();
        let at_hand = {
            let state = self.state.borrow();
            let mut copy = Copy::new(Form::Plain, selection);
            let whole = selection.count() <= FIRST_LINES * 50
                && state.lines.folds().is_empty()
                && selection.span().all(|line| {
                    state
                        .lines
                        .get(line)
                        .is_some_and(|record| record.cut.is_none() && copy.push(Some(line), record, &state.view))
                });
            whole.then(|| copy.finish(""))
        };
        match (at_hand, event.clipboard_data()) {
            (Some(text), Some(data)) => {
                drop(data.set_data("text/plain", &text));
                self.tell(&format!("{} copied.", figures::counted(selection.count(), "line", "lines")));
            }
            _ => self.copy(Form::Plain),
        }
    }

    /// Copies a link to what is selected, or to the current line.
    pub fn copy_link(&self) {
        let query = {
            let state = self.state.borrow();
            match state.selection.filter(|selection| !selection.is_empty() && selection.count() > 1) {
                Some(selection) => state.range_link(selection),
                None => state.link(state.looked_at()),
            }
        };
        let Some(query) = query else {
            self.tell("The first and the last line are not at hand: scroll to them first.");
            return;
        };
        let copied = window().navigator().clipboard().write_text(&history::address(&query));
        let viewer = self.clone();
        leptos::task::spawn_local(async move {
            viewer.tell(match wasm_bindgen_futures::JsFuture::from(copied).await {
                Ok(_) => "Link copied.",
                Err(_) => "The link could not be copied; it is in the address bar.",
            });
        });
        history::show(&query, false);
    }
}

impl State {
    /// The last line that belongs to a row: its own, or the last that is folded behind it.
    fn last_of(&self, row: u64) -> u64 {
        let folds = self.lines.folds();
        let line = folds.line(row);
        if folds.behind(line).is_none() {
            return line;
        }
        if row + 1 < self.lines.rows() { folds.line(row + 1) - 1 } else { self.lines.count().saturating_sub(1) }
    }

    /// A link to a range whose ends are at hand.
    pub(super) fn range_link(&self, selection: Selection) -> Option<String> {
        let (first, last) = (*selection.span().start(), *selection.span().end());
        let ts = self.time_at(first);
        let view = self.lines.at(first).map(|record| self.view.at_record(record, ts.as_deref()))?;
        let to = self.lines.at(last).map(|record| Anchor::of(record))?;
        Some(View { to: Some(to), ..view }.query())
    }
}
