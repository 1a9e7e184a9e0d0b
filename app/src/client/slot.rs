//! One row in the document: its elements, and what they show.

use std::rc::Rc;

use leptos::wasm_bindgen::JsCast;
use record::wire::Record;
use web_sys::{Element, HtmlElement};

use super::dom;
use super::fold::Fold;
use crate::model::face::{Before, Context, Face};
use crate::model::figures;
use crate::model::style::Role;
use crate::model::text::{self, Run};

/// One row's elements, and what they show.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) root: HtmlElement,
    number: Element,
    time: Element,
    level: Element,
    source: Element,
    pub(super) text: Element,
    pub(super) shown: Option<Shown>,
    pub(super) height: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) line: u64,
    pub(super) record: Option<Rc<Record>>,
    before: Before,
    pub(super) epoch: u32,
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

impl Slot {
    pub(super) fn adopt(root: HtmlElement) -> Option<Self> {
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

    pub(super) fn create() -> Option<Self> {
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
    pub(super) fn show(&mut self, line: u64, epoch: u32, wanted: Wanted, context: &Context<'_>) -> u32 {
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
