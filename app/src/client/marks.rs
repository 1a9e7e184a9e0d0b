//! Marks in the rows: hits of the search and what is selected, painted without touching the document.

use std::ops::Range;

use leptos::prelude::{document, window};
use leptos::wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Node};

use super::viewer::Viewer;

/// The text of an element in its text nodes, each with where it starts in the whole, in bytes.
#[derive(Debug, Default)]
pub struct Texts {
    nodes: Vec<(Node, usize, String)>,
    /// The whole.
    pub text: String,
}

impl Texts {
    /// The text that is drawn in a cell; what stands in its buttons is none of the line.
    #[must_use]
    pub fn of(cell: &Element) -> Self {
        let mut texts = Self::default();
        texts.take(cell);
        texts
    }

    fn take(&mut self, parent: &Node) {
        let mut next = parent.first_child();
        while let Some(node) = next {
            next = node.next_sibling();
            if node.node_type() == Node::TEXT_NODE {
                let text = node.text_content().unwrap_or_default();
                let start = self.text.len();
                self.text.push_str(&text);
                self.nodes.push((node, start, text));
            } else if node.node_name() != "BUTTON" {
                self.take(&node);
            }
        }
    }

    /// The node at a byte of the whole, and how many UTF-16 units into it.
    #[must_use]
    pub fn point(&self, byte: usize) -> Option<(&Node, u32)> {
        let at = self.nodes.partition_point(|(_, start, _)| *start <= byte).checked_sub(1)?;
        let (node, start, text) = self.nodes.get(at)?;
        let head = text.get(..(byte - start).min(text.len()))?;
        Some((node, u32::try_from(head.encode_utf16().count()).ok()?))
    }

    /// The byte of the whole at so many UTF-16 units into a node; none where the node is no part of it.
    #[must_use]
    pub fn byte(&self, node: &Node, units: u32) -> Option<usize> {
        let (_, start, text) = self.nodes.iter().find(|(other, ..)| other == node)?;
        let mut left = units as usize;
        let mut bytes = 0;
        for c in text.chars() {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(c.len_utf16());
            bytes += c.len_utf8();
        }
        Some(start + bytes)
    }

    /// A range of the document over bytes of the whole.
    #[must_use]
    pub fn range(&self, bytes: Range<usize>) -> Option<JsValue> {
        let (first, from) = self.point(bytes.start)?;
        let (last, to) = self.point(bytes.end)?;
        let range = document().create_range().ok()?;
        range.set_start(first, from).ok()?;
        range.set_end(last, to).ok()?;
        Some(range.into())
    }
}

/// Paints these ranges under a name of the style sheet's `::highlight()`; a browser without it shows none.
pub fn paint(name: &str, ranges: &[JsValue]) {
    let get = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &JsValue::from_str(name)).ok();
    let registry = get(&window(), "CSS").and_then(|css| get(&css, "highlights"));
    let highlight = get(&window(), "Highlight").and_then(|class| class.dyn_into::<js_sys::Function>().ok());
    let (Some(registry), Some(class)) = (registry.filter(JsValue::is_object), highlight) else {
        return;
    };
    let call = |method: &str, arguments: &js_sys::Array| {
        if let Some(method) = get(&registry, method).and_then(|method| method.dyn_into::<js_sys::Function>().ok()) {
            drop(method.apply(&registry, arguments));
        }
    };
    if ranges.is_empty() {
        call("delete", &js_sys::Array::of1(&JsValue::from_str(name)));
        return;
    }
    let ranges: js_sys::Array = ranges.iter().collect();
    if let Ok(highlight) = js_sys::Reflect::construct(&class, &ranges) {
        call("set", &js_sys::Array::of2(&JsValue::from_str(name), &highlight));
    }
}

impl Viewer {
    /// Marks the hits in the rows that are drawn, where they changed.
    pub(super) fn mark_hits(&self) {
        let mut state = self.state.borrow_mut();
        let key = (state.pool.drawn, state.epoch, state.view.filter.q.clone(), state.current);
        if state.marked == key {
            return;
        }
        if state.finder.is_none() && state.marked.2.is_none() {
            state.marked = key;
            return;
        }
        let (mut all, mut here) = (Vec::new(), Vec::new());
        if let Some(finder) = &state.finder {
            for (line, cell) in state.pool.texts() {
                let texts = Texts::of(cell);
                let ranges = finder.marks(&texts.text).into_iter();
                let ranges = ranges.filter_map(|(start, end)| texts.range(start..end));
                if state.current == Some(line) { here.extend(ranges) } else { all.extend(ranges) }
            }
        }
        state.marked = key;
        paint("hit", &all);
        paint("hit-here", &here);
    }
}
