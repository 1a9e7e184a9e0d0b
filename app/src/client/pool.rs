//! The rows in the document: a fixed pool of elements, moved and filled anew, never more than a view needs.

use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};

use leptos::wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::dom;
use super::slot::{Slot, Wanted};
use crate::model::face::Context;
use crate::model::figures;
use crate::model::scroll::ROW_PX;

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
