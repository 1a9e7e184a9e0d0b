//! The rows in the document: a fixed pool of elements, moved and filled anew, never more than a view needs.

use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};
use std::rc::Rc;

use leptos::wasm_bindgen::JsCast;
use record::wire::Record;
use web_sys::{Element, HtmlElement};

use super::dom;
use super::fold::Fold;
use crate::model::face::{Before, Context, Face};
use crate::model::figures;
use crate::model::scroll::ROW_PX;
use crate::model::style::Role;
use crate::model::text::{self, Run};

/// Rows in the document at most.
pub const ROWS_MAX: u64 = 380;

/// The pool, its rows showing the lines from `first` on, in order.
#[derive(Debug)]
pub struct Pool {
    rows: HtmlElement,
    slots: VecDeque<Slot>,
    first: u64,
    /// Counts how often rows came to show something else.
    pub drawn: u32,
    /// The widest line drawn so far, in cells.
    pub cells: u32,
    /// The height of a row that is not wrapped.
    pub row_px: f64,
    /// Opens the current line; it stands in its row.
    opener: Option<HtmlElement>,
}

/// One row's elements, and what they show.
#[derive(Debug)]
struct Slot {
    root: HtmlElement,
    number: Element,
    time: Element,
    level: Element,
    source: Element,
    text: Element,
    shown: Option<Shown>,
    height: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    line: u64,
    record: Option<Rc<Record>>,
    before: Before,
    epoch: u32,
    current: bool,
    fold: Option<Fold>,
}

/// What a row is to show.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The record; none while it is on its way.
    pub record: Option<Rc<Record>>,
    /// What is known of those above it.
    pub before: Before,
    /// It is the current line.
    pub current: bool,
    /// Whether something belongs under it, and is shown.
    pub fold: Option<Fold>,
    /// Its number in the whole log, where it is sure.
    pub number: Option<u64>,
}

impl Pool {
    /// Takes over the rows that the server rendered.
    #[must_use]
    pub fn adopt(rows: HtmlElement) -> Self {
        let mut slots = VecDeque::new();
        let mut next = rows.first_element_child();
        while let Some(element) = next {
            next = element.next_element_sibling();
            match element.dyn_into::<HtmlElement>().ok().and_then(Slot::adopt) {
                Some(slot) => slots.push_back(slot),
                None => continue,
            }
        }
        Self { rows, slots, first: 0, drawn: 0, cells: 0, row_px: ROW_PX, opener: opener() }
    }

    /// Shows `lines`, in as few changes as it takes.
    pub fn show(
        &mut self,
        lines: Range<u64>,
        epoch: u32,
        context: &Context<'_>,
        mut wanted: impl FnMut(u64) -> Wanted,
    ) {
        let count = usize::try_from((lines.end - lines.start).min(ROWS_MAX)).unwrap_or_default();
        self.slide(lines.start, count);
        for (line, slot) in (lines.start..).zip(self.slots.iter_mut()) {
            let wanted = wanted(line);
            let is_current = wanted.current && wanted.record.is_some();
            let before = slot.shown.as_ref().map(|shown| (shown.line, shown.record.is_some(), shown.epoch));
            self.cells = self.cells.max(slot.show(line, epoch, wanted, context));
            let after = slot.shown.as_ref().map(|shown| (shown.line, shown.record.is_some(), shown.epoch));
            self.drawn = self.drawn.wrapping_add(u32::from(before != after));
            if let Some(opener) = self.opener.as_ref().filter(|opener| is_current && !slot.root.contains(Some(opener)))
            {
                drop(slot.root.append_child(opener));
            }
        }
    }

    /// Where a line's row is, if it is in the document.
    #[must_use]
    pub fn row(&self, line: u64) -> Option<&HtmlElement> {
        self.slot(line).map(|slot| &slot.root)
    }

    /// The lines that are drawn, with the cells of their texts.
    pub fn texts(&self) -> impl Iterator<Item = (u64, &Element)> {
        let drawn = self.slots.iter().filter_map(|slot| Some((slot.shown.as_ref()?, &slot.text)));
        drawn.filter(|(shown, _)| shown.record.is_some()).map(|(shown, text)| (shown.line, text))
    }

    /// Whether any row shows a line.
    #[must_use]
    pub fn has_texts(&self) -> bool {
        self.texts().next().is_some()
    }

    /// Marks the rows of lines that are selected as a whole.
    pub fn select(&self, lines: Option<&RangeInclusive<u64>>) {
        for slot in &self.slots {
            let shown = slot.shown.as_ref();
            let selected = shown.is_some_and(|shown| lines.is_some_and(|lines| lines.contains(&shown.line)));
            dom::set(&slot.root, "data-selected", selected.then_some("true"));
        }
    }

    /// Which line an element belongs to.
    #[must_use]
    pub fn line_of(&self, element: &Element) -> Option<u64> {
        let slot = self.slots.iter().find(|slot| slot.root.contains(Some(element)))?;
        slot.shown.as_ref().map(|shown| shown.line)
    }

    /// How high a line's row was when last measured.
    #[must_use]
    pub fn height(&self, line: u64) -> f64 {
        self.slot(line).and_then(|slot| slot.height).unwrap_or(self.row_px)
    }

    /// Measures the rows that changed; where lines are not wrapped all rows are alike.
    pub fn measure(&mut self, wrap: bool) {
        let row_px = self.row_px;
        for slot in &mut self.slots {
            slot.height = match slot.height {
                _ if !wrap => Some(row_px),
                None => Some(slot.root.get_bounding_client_rect().height().max(1.0)),
                known => known,
            };
        }
    }

    /// The rows' width has changed: all heights are to be measured anew.
    pub fn forget_heights(&mut self) {
        for slot in &mut self.slots {
            slot.height = None;
        }
    }

    /// The rows' place, their first one so many pixels above the view's edge.
    pub fn place(&self, above: f64) {
        dom::style(&self.rows, "transform", &format!("translateY({})", figures::px(-above)));
    }

    /// How high the rows before `line` are, all together.
    #[must_use]
    pub fn above(&self, line: u64) -> f64 {
        (self.first..line).map(|line| self.height(line)).sum()
    }

    fn slot(&self, line: u64) -> Option<&Slot> {
        self.slots.get(usize::try_from(line.checked_sub(self.first)?).ok()?)
    }

    /// Brings the pool to `count` rows that start at `first`; rows that stay in view are not touched.
    fn slide(&mut self, first: u64, count: usize) {
        while self.slots.len() < count {
            let Some(slot) = Slot::create() else {
                return;
            };
            drop(self.rows.append_child(&slot.root));
            self.slots.push_back(slot);
        }
        let down = first.saturating_sub(self.first);
        let up = self.first.saturating_sub(first);
        let length = self.slots.len() as u64;
        if down < length {
            for _ in 0..down {
                if let Some(slot) = self.slots.pop_front() {
                    drop(self.rows.append_child(&slot.root));
                    self.slots.push_back(slot);
                }
            }
        }
        if up < length {
            for _ in 0..up {
                if let Some(slot) = self.slots.pop_back() {
                    drop(self.rows.insert_before(&slot.root, self.rows.first_child().as_ref()));
                    self.slots.push_front(slot);
                }
            }
        }
        self.first = first;
        while self.slots.len() > count {
            if let Some(slot) = self.slots.pop_back() {
                slot.root.remove();
            }
        }
    }
}

impl Slot {
    fn adopt(root: HtmlElement) -> Option<Self> {
        let cell = |index: u32| root.children().item(index);
        Some(Self {
            number: cell(0)?.first_element_child()?,
            time: cell(1)?,
            level: cell(2)?.first_element_child()?,
            source: cell(3)?,
            text: cell(4)?,
            root,
            shown: None,
            height: None,
        })
    }

    fn create() -> Option<Self> {
        let root = dom::create("div", "row")?;
        dom::set(&root, "role", Some("row"));
        for class in ["num", "time", "level", "source", "text"] {
            let cell = dom::create("span", class)?;
            dom::set(&cell, "role", Some("cell"));
            let inner = match class {
                "num" => dom::create("a", ""),
                "level" => dom::create("span", "unseen"),
                _ => None,
            };
            if let Some(inner) = inner {
                if class == "num" {
                    dom::set(&inner, "tabindex", Some("-1"));
                }
                drop(cell.append_child(&inner));
            }
            drop(root.append_child(&cell));
        }
        Self::adopt(root)
    }

    /// Shows a line; says how many cells its text takes.
    fn show(&mut self, line: u64, epoch: u32, wanted: Wanted, context: &Context<'_>) -> u32 {
        let Wanted { record, before, current, fold, number } = wanted;
        let now = Shown { line, record, before, epoch, current, fold };
        let before = self.shown.as_ref();
        if before == Some(&now) {
            return 0;
        }
        if before.is_none_or(|before| before.current != now.current) {
            dom::set(&self.root, "aria-current", now.current.then_some("true"));
            dom::set(&self.root, "tabindex", now.current.then_some("0"));
        }
        let same = before.is_some_and(|before| Shown { current: now.current, ..before.clone() } == now);
        if same {
            self.shown = Some(now);
            return 0;
        }
        let was_pending = before.is_some_and(|before| before.record.is_none());
        self.height = None;
        let cells = match &now.record {
            Some(record) => {
                let cells = self.fill(line, &Face::new(record, context, &now.before));
                self.draw_fold(now.fold);
                cells
            }
            // A thumb that is dragged far leaves all rows waiting, frame by frame: only what differs is drawn.
            None if was_pending => self.count(line, number),
            None => self.clear(line, number),
        };
        self.shown = Some(now);
        cells
    }

    fn fill(&self, line: u64, face: &Face) -> u32 {
        let n = face.n.map(|n| n.to_string());
        let place = face.n.map(|_| (line + 1).to_string());
        let root: &Element = &self.root;
        dom::set(root, "data-n", n.as_deref());
        dom::set(root, "aria-rowindex", place.as_deref());
        dom::set(root, "data-level", face.level);
        dom::set(root, "data-lane", Some(&face.lane.to_string()));
        dom::set(root, "data-cont", face.cont.then_some("true"));
        dom::set(root, "data-pending", None);
        dom::set(&self.number, "href", Some(if face.link.is_empty() { "?" } else { &face.link }));
        dom::set_text(&self.number, &face.number);
        dom::set(&self.time, "title", Some(&face.time_title));
        dom::set_text(&self.time, &face.clock);
        dom::set_text(&self.level, face.level.unwrap_or_default());
        dom::set(&self.source, "title", Some(&face.source_title));
        dom::set_text(&self.source, &face.source);
        dom::set(root, "data-gap", face.gap.as_deref().map(|_| "true"));
        dom::set(&self.text, "data-gap", face.gap.as_deref());
        dom::set(&self.text, "data-day", face.day.as_deref());
        self.draw_text(face);
        text::cells(&face.runs)
    }

    fn draw_text(&self, face: &Face) {
        let plain = face.more.is_none() && face.states.is_none();
        if plain && let Some(spans) = self.spans(&face.runs) {
            for (span, run) in spans.iter().zip(&face.runs) {
                dom::set(span, "style", None);
                draw_run(span, run);
            }
            return;
        }
        self.text.set_text_content(None);
        self.add_button("more", face.more.as_deref());
        for run in &face.runs {
            let name = if run.style.role == Role::Link { "a" } else { "span" };
            if let Some(element) = dom::create(name, "") {
                draw_run(&element, run);
                drop(self.text.append_child(&element));
            }
        }
        self.add_button("states", face.states.as_deref());
    }

    /// The elements that show the text now, if `runs` fit into them: what is near in a log looks alike.
    fn spans(&self, runs: &[Run]) -> Option<Vec<HtmlElement>> {
        let nodes = self.text.child_nodes();
        if runs.is_empty() || nodes.length() as usize != runs.len() {
            return None;
        }
        let spans = (0..nodes.length()).zip(runs).map(|(index, run)| {
            let span = nodes.get(index)?.dyn_into::<HtmlElement>().ok()?;
            (run.style.role != Role::Link && span.tag_name() == "SPAN").then_some(span)
        });
        spans.collect()
    }

    /// The button that folds what belongs under the line, or opens it.
    fn draw_fold(&self, fold: Option<Fold>) {
        let before = self.text.first_element_child().filter(|first| first.class_name() == "fold");
        if let Some(before) = before {
            before.remove();
        }
        let (Some(fold), Some(button)) = (fold, dom::create("button", "fold")) else {
            return;
        };
        let (label, open) = match fold {
            Fold::Open => ("Fold what belongs under this line".to_owned(), "true"),
            Fold::Closed(lines) => {
                (format!("Show {}", figures::counted(lines, "folded line", "folded lines")), "false")
            }
        };
        for (name, value) in
            [("type", "button"), ("tabindex", "-1"), ("aria-expanded", open), ("aria-label", &label), ("title", &label)]
        {
            dom::set(&button, name, Some(value));
        }
        if let Fold::Closed(lines) = fold {
            button.set_text_content(Some(&figures::grouped(lines)));
        }
        drop(self.text.insert_before(&button, self.text.first_child().as_ref()));
    }

    fn add_button(&self, class: &str, label: Option<&str>) {
        if let Some((label, button)) = label.zip(dom::create("button", class)) {
            dom::set(&button, "type", Some("button"));
            dom::set(&button, "tabindex", Some("-1"));
            button.set_text_content(Some(label));
            drop(self.text.append_child(&button));
        }
    }

    /// A quiet placeholder for a line that is on its way.
    fn clear(&self, line: u64, number: Option<u64>) -> u32 {
        let root: &Element = &self.root;
        for name in ["data-n", "data-level", "data-lane", "data-cont", "data-gap"] {
            dom::set(root, name, None);
        }
        dom::set(root, "data-pending", Some("true"));
        dom::set(&self.number, "href", None);
        dom::set(&self.time, "title", None);
        dom::set(&self.source, "title", None);
        dom::set(&self.text, "data-day", None);
        dom::set(&self.text, "data-gap", None);
        for cell in [&self.time, &self.level, &self.source, &self.text] {
            cell.set_text_content(None);
        }
        self.count(line, number)
    }

    /// Which line is on its way.
    fn count(&self, line: u64, number: Option<u64>) -> u32 {
        dom::set(&self.root, "aria-rowindex", Some(&(line + 1).to_string()));
        dom::set_text(&self.number, &number.map(|n| n.to_string()).unwrap_or_default());
        0
    }
}

/// Draws a run as `view::row` does, and in its exact colours, which the server's page cannot bear.
pub(super) fn draw_run(element: &HtmlElement, run: &Run) {
    let classes = run.style.classes();
    dom::set(element, "class", (!classes.is_empty()).then_some(classes.as_str()));
    dom::set_text(element, &run.text);
    if run.style.role == Role::Link {
        let attributes =
            [("href", run.text.as_str()), ("target", "_blank"), ("rel", "noopener noreferrer"), ("tabindex", "-1")];
        for (name, value) in attributes {
            dom::set(element, name, Some(value));
        }
    }
    let (fore, back) = run.style.exact();
    for (name, color) in [("--fg", fore), ("--bg", back)] {
        if let Some(color) = color {
            dom::style(element, name, &color);
        }
    }
}

/// The button that opens the current line.
fn opener() -> Option<HtmlElement> {
    let cell = dom::create("span", "opener")?;
    dom::set(&cell, "role", Some("cell"));
    let button = dom::create("button", "open")?;
    for (name, value) in [("type", "button"), ("tabindex", "-1"), ("title", "Open this line (Enter)")] {
        dom::set(&button, name, Some(value));
    }
    let label = dom::create("span", "unseen")?;
    label.set_text_content(Some("Open this line"));
    drop(button.append_child(&label));
    drop(cell.append_child(&button));
    Some(cell)
}
