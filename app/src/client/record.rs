//! The line that stands open beside the log.

use leptos::prelude::*;
use web_sys::Element;

use super::{Viewer, dom, slot};
use crate::model::drawing;
use crate::model::style::Role;

/// Draws a text into an element as it was written, with its colours, links and lines.
pub fn draw_text(parent: &Element, text: &str) {
    parent.set_text_content(None);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            drop(parent.append_child(&document().create_text_node("\n")));
        }
        for run in drawing::as_written(line) {
            let name = if run.style.role == Role::Link { "a" } else { "span" };
            if let Some(element) = dom::create(name, "") {
                slot::draw_run(&element, &run);
                dom::set(&element, "tabindex", None);
                drop(parent.append_child(&element));
            }
        }
    }
}

impl Viewer {
    /// Opens the current line, and keeps it open as the current line moves.
    pub fn open_record(&self) {
        let record = {
            let state = self.state.borrow();
            state.current.and_then(|line| state.lines.at(line).cloned())
        };
        let Some(record) = record else {
            return;
        };
        self.signals.whole.set(None);
        let was_open = self.signals.open.with_untracked(Option::is_some);
        self.signals.open.set(Some((*record).clone()));
        if !was_open {
            self.reveal_later();
        }
        if record.cut.is_some() {
            self.fetch_whole(&record);
        }
    }

    /// Shows the current line again once the open one has taken its room.
    fn reveal_later(&self) {
        let viewer = self.clone();
        leptos::task::spawn_local(async move {
            leptos::task::tick().await;
            // The first frame learns how high the view is by now.
            viewer.draw();
            viewer.change(|state| {
                if let Some(line) = state.current {
                    state.mark(line);
                }
            });
        });
    }

    /// Closes it. Says whether it was open.
    pub fn close_record(&self) -> bool {
        let was_open = self.signals.open.with_untracked(Option::is_some);
        if was_open {
            self.signals.open.set(None);
            self.signals.whole.set(None);
            self.focus();
        }
        was_open
    }

    /// Shows only lines that a regular expression finds.
    pub fn filter_for(&self, pattern: String) {
        self.set_view(|view| {
            view.filter.q = Some(pattern);
            view.only = Some(0);
        });
    }

    /// Shows only lines that a regular expression does not find.
    pub fn filter_without(&self, pattern: String) {
        self.set_view(|view| {
            view.filter.not = Some(match view.filter.not.take() {
                Some(before) => format!("(?:{before})|(?:{pattern})"),
                None => pattern,
            });
        });
    }

    /// Copies a text and says so.
    pub fn copy_text(&self, text: &str, what: &str) {
        let copied = window().navigator().clipboard().write_text(text);
        let (viewer, what) = (self.clone(), what.to_owned());
        leptos::task::spawn_local(async move {
            viewer.tell(&match wasm_bindgen_futures::JsFuture::from(copied).await {
                Ok(_) => format!("{what} copied."),
                Err(_) => format!("{what} could not be copied: the browser does not allow it."),
            });
        });
    }

    /// Opens the current line in place of the one that is open, if one is.
    pub(super) fn follow_record(&self) {
        let moved = self.signals.open.with_untracked(|open| {
            let state = self.state.borrow();
            let record = state.current.and_then(|line| state.lines.at(line));
            open.as_ref().zip(record).is_some_and(|(open, record)| *open != **record)
        });
        if moved {
            self.open_record();
        }
    }
}
