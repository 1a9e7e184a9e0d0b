//! A line in full.

use std::rc::Rc;

use leptos::prelude::*;
use record::wire::Record;

use super::Viewer;
use super::fetch::chunks;
use crate::api::{self, Failure, Gathered};
use crate::view::signals::Whole;

impl Viewer {
    /// Fetches a line in full and opens it.
    pub(super) fn fetch_whole(&self, record: &Rc<Record>) {
        let name = match record.n {
            Some(n) => format!("Line {n} of {}", record.source),
            None => format!("A line of {}", record.source),
        };
        let whole = self.signals.whole;
        whole.set(Some(Whole::Coming(name.clone())));
        let task = self.state.borrow().task.clone();
        let (source, offset) = (record.source.clone(), record.offset);
        leptos::task::spawn_local(async move {
            let gathered = match api::line(task, source, offset).await {
                Ok(stream) => Gathered::read(chunks(stream)).await,
                Err(Failure(error)) => Gathered { error: Some(error), ..Gathered::default() },
            };
            // The reader may have closed it meanwhile, or gone on to another.
            if whole.with_untracked(|whole| *whole != Some(Whole::Coming(name.clone()))) {
                return;
            }
            whole.set(Some(match gathered.records.into_iter().next() {
                Some(record) => Whole::Text(name, record.text, record.cut),
                None => Whole::Failed(
                    gathered.error.map_or_else(|| "The line is not there any more.".to_owned(), |error| error.detail),
                ),
            }));
        });
    }
}
