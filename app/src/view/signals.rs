//! What the parts of a log's page share and what changes in it.

use std::ops::RangeInclusive;

use leptos::prelude::*;
use record::wire::{Partial, Record, TaskInfo};

use crate::load::LogPage;
use crate::model::selection::Selection;
use crate::model::size::Size;
use crate::model::view::View;

/// The reader's place in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Here {
    /// The line's number, where it is sure.
    pub n: Option<u64>,
    /// Its time, or that of the line it continues.
    pub ts: Option<String>,
    /// The query string of a link to it.
    pub link: String,
}

/// How many lines there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// The lines, or how many there seem to be.
    pub lines: u64,
    /// It is exact.
    pub counted: bool,
}

/// A line that is read in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whole {
    /// It is on its way.
    Coming(String),
    /// Its name, its text, and what of it is left out.
    Text(String, String, Option<u64>),
    /// It did not come, and why.
    Failed(String),
}

/// How a search goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// Something is searched for.
    pub asked: bool,
    /// Lines found so far.
    pub found: u64,
    /// The share of the log that was searched, 0 to 1.
    pub searched: f64,
    /// All was searched.
    pub done: bool,
    /// The hit that was stopped at last: its line's number, and which of the hits it is, from 1.
    pub at: Option<(u64, u64)>,
    /// Why nothing is searched.
    pub problem: Option<String>,
    /// Sources that could not be searched to their end.
    pub failed: Vec<String>,
}

/// The signals of a log's page. `view` owns them, `client` sets them.
#[derive(Clone, Copy, Debug)]
pub struct Signals {
    /// The task as last heard of.
    pub task: RwSignal<TaskInfo>,
    /// How many lines there are.
    pub total: RwSignal<Total>,
    /// Where the reader is.
    pub here: RwSignal<Here>,
    /// The view, but for its place.
    pub view: RwSignal<View>,
    /// What went wrong and is being tried again.
    pub trouble: RwSignal<Option<String>>,
    /// What was typed into the go-to field and could not be read.
    pub goto_problem: RwSignal<Option<String>>,
    /// What is said to those who do not see the page.
    pub said: RwSignal<String>,
    /// The line that stands open beside the log.
    pub open: RwSignal<Option<Record>>,
    /// The same, read in full where its row shows only its head.
    pub whole: RwSignal<Option<Whole>>,
    /// How the search goes.
    pub search: RwSignal<Search>,
    /// Why the lines that were asked for cannot be shown.
    pub filter_problem: RwSignal<Option<String>>,
    /// Other lines are on their way.
    pub busy: RwSignal<bool>,
    /// How many lines there would be without each condition, where none are left.
    pub loosened: RwSignal<Vec<Option<u64>>>,
    /// What is selected, by rows.
    pub selected: RwSignal<Option<Selection>>,
    /// The lines of the view that it spans, folded ones among them.
    pub selected_lines: RwSignal<Option<RangeInclusive<u64>>>,
    /// The view stays at the log's end.
    pub follows: RwSignal<bool>,
    /// Lines that have come since it left the end.
    pub news: RwSignal<u64>,
    /// Lines that are being written.
    pub partial: RwSignal<Vec<Partial>>,
    /// A short word to the reader that goes away by itself.
    pub told: RwSignal<Option<String>>,
    /// The size of the log's text.
    pub size: RwSignal<Size>,
}

impl Signals {
    /// The page as the server rendered it.
    #[must_use]
    pub fn new(page: &LogPage) -> Self {
        let head = page.window.head.as_ref();
        let estimate = head.map_or(page.task.lines_estimate, |head| head.lines);
        let filtered = !page.view().shown().is_empty();
        let all = page.task.lines.filter(|_| !filtered);
        let counted = all.or_else(|| head.filter(|head| head.counted).map(|head| head.lines));
        let first = page
            .target
            .and_then(|index| page.window.records.get(index))
            .or_else(|| if page.from_end { page.window.records.last() } else { page.window.records.first() });
        let view = page.view();
        let here =
            first.map(|record| Here { n: record.n, ts: record.ts.clone(), link: view.at_record(record, None).query() });
        Self {
            total: RwSignal::new(Total { lines: counted.unwrap_or(estimate), counted: counted.is_some() }),
            here: RwSignal::new(here.unwrap_or_default()),
            view: RwSignal::new(view),
            task: RwSignal::new(page.task.clone()),
            trouble: RwSignal::new(None),
            goto_problem: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            open: RwSignal::new(None),
            whole: RwSignal::new(None),
            search: RwSignal::new(Search { asked: page.view().filter.q.is_some(), ..Search::default() }),
            filter_problem: RwSignal::new(None),
            busy: RwSignal::new(false),
            loosened: RwSignal::new(Vec::new()),
            selected: RwSignal::new(None),
            selected_lines: RwSignal::new(None),
            follows: RwSignal::new(page.view().follow),
            news: RwSignal::new(0),
            partial: RwSignal::new(Vec::new()),
            told: RwSignal::new(None),
            size: RwSignal::new(Size::default()),
        }
    }
}
