//! Selecting with the mouse and the keys, over any stretch of the log.

use futures::future::abortable;
use leptos::prelude::*;
use leptos::wasm_bindgen::closure::Closure;
use leptos::wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, MouseEvent, Node};

use super::dom;
use super::fetch::{gather, spawn};
use super::marks::{Texts, paint};
use super::state::State;
use super::viewer::{Viewer, listen_to};
use crate::model::place::{Anchor, Place};
use crate::model::selection::{Point, Selection, word};
use crate::model::view::View;

/// How often the view moves on while a selection is drawn beyond its edge.
const DRAG_MS: i32 = 30;

/// A drag with the mouse that selects.
#[derive(Clone, Copy, Debug)]
pub struct Drag {
    /// By words, by lines or by letters.
    grain: Grain,
    /// The first word or line, which stays selected.
    first: (Point, Point),
    /// Where the pointer is.
    x: f64,
    y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grain {
    Letters,
    Words,
    Lines,
}

impl Viewer {
    pub(super) fn listen_selection(&self) {
        let log = self.state.borrow().log.clone();
        let viewer = self.clone();
        let down = Closure::<dyn FnMut(MouseEvent)>::new(move |event: MouseEvent| viewer.pressed(&event));
        listen_to(&log, "mousedown", &down.into_js_value());
        let viewer = self.clone();
        let moved = window_event_listener(leptos::ev::mousemove, move |event| viewer.dragged(&event));
        let viewer = self.clone();
        let up = window_event_listener(leptos::ev::mouseup, move |_| viewer.released());
        self.listen_copies();
        on_cleanup(move || {
            moved.remove();
            up.remove();
        });
    }

    /// Selects whole lines from the current one on, one further down or up.
    pub fn extend_selection(&self, by: i64) {
        self.change(|state| {
            let here = state.looked_at();
            let anchor =
                state.selection.filter(|selection| selection.lines).map_or(here, |selection| selection.anchor.line);
            state.mark(here.saturating_add_signed(by));
            state.selection = Some(Selection::of_lines(anchor, state.current.unwrap_or(here)));
        });
        self.show_selection();
    }

    /// Selects the whole of what is shown.
    pub fn select_all(&self) {
        self.change(|state| {
            let last = state.lines.rows().saturating_sub(1);
            state.selection = Some(Selection::of_lines(0, last));
        });
        self.show_selection();
    }

    /// Selects nothing any more. Says whether something was selected.
    pub fn unselect(&self) -> bool {
        let was = self.state.borrow_mut().selection.take().is_some();
        if was {
            self.show_selection();
            self.ask_frame();
        }
        was
    }

    /// Selects whole lines up to this one: from where a selection was begun, else from the current line.
    pub(super) fn select_to(&self, line: u64) {
        self.change(|state| {
            let anchor = state.selection.map_or_else(|| state.looked_at(), |selection| selection.anchor.line);
            state.selection = Some(Selection::of_lines(anchor, line));
            state.mark_only(line);
            state.step_due = true;
        });
        self.show_selection();
    }

    /// Selects the range that an address names, once its lines are known.
    pub(super) fn select_asked(&self, view: &View) {
        let (Place::Anchor(from), Some(to)) = (view.place.clone(), view.to.clone()) else {
            return;
        };
        let viewer = self.clone();
        let (flight, _) = abortable(async move {
            let (first, last) = (viewer.line_of(&from).await, viewer.line_of(&to).await);
            if let (Some(first), Some(last)) = (first, last) {
                viewer.state.borrow_mut().selection = Some(Selection::of_lines(first, last));
                viewer.show_selection();
                viewer.ask_frame();
            }
        });
        spawn(flight);
    }

    /// Where in what is shown an anchor's line is.
    async fn line_of(&self, anchor: &Anchor) -> Option<u64> {
        let start = Place::Anchor(anchor.clone()).start(0);
        let query = self.query(start, 0, 1);
        gather(query).await.head?.rank
    }

    fn pressed(&self, event: &MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(target) = target.filter(|_| event.button() == 0 && !event.ctrl_key() && !event.meta_key()) else {
            return;
        };
        let is = |selector: &str| target.closest(selector).ok().flatten().is_some();
        if !is(".row") || is("button") || is(".text a") {
            return;
        }
        let on_number = is(".num");
        let point = self.state.borrow().point_at(f64::from(event.client_x()), f64::from(event.client_y()));
        let Some(point) = point else {
            return;
        };
        // The browser's own selection would lose its ends with the rows that go.
        event.prevent_default();
        if let Ok(Some(native)) = window().get_selection() {
            drop(native.remove_all_ranges());
        }
        if event.shift_key() {
            if on_number || self.state.borrow().selection.is_none_or(|selection| selection.lines) {
                self.select_to(point.line);
            } else {
                self.change(|state| {
                    if let Some(selection) = &mut state.selection {
                        selection.head = point;
                    }
                });
                self.show_selection();
            }
            self.state.borrow_mut().select_click = true;
            return;
        }
        let grain = match event.detail() {
            _ if on_number => Grain::Lines,
            2 => Grain::Words,
            count if count > 2 => Grain::Lines,
            _ => Grain::Letters,
        };
        let first = self.state.borrow().grains(point, grain);
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        {
            let mut state = self.state.borrow_mut();
            state.select_drag = Some(Drag { grain, first, x, y });
            state.select_click = false;
            state.selection = None;
        }
        if grain != Grain::Letters && !on_number {
            self.drag_to(point);
        }
        self.show_selection();
        self.ask_frame();
    }

    fn dragged(&self, event: &MouseEvent) {
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        let (beyond, near) = {
            let mut state = self.state.borrow_mut();
            let Some(drag) = &mut state.select_drag else {
                return;
            };
            let near = (drag.x - x).abs() + (drag.y - y).abs() < 3.0;
            let was_beyond = drag.grain == Grain::Letters && near;
            if !was_beyond {
                (drag.x, drag.y) = (x, y);
            }
            (state.beyond(y), near)
        };
        if near && self.state.borrow().selection.is_none() {
            return;
        }
        let point = self.state.borrow().point_at(x, y);
        if let Some(point) = point {
            self.drag_to(point);
        }
        if beyond != 0.0 {
            self.drag_on();
        }
    }

    /// Moves the view on as long as the pointer is beyond its edge.
    fn drag_on(&self) {
        let started = std::mem::replace(&mut self.state.borrow_mut().dragging_on, true);
        if started {
            return;
        }
        let viewer = self.clone();
        leptos::task::spawn_local(async move {
            loop {
                let pointer = {
                    let state = viewer.state.borrow();
                    state.select_drag.map(|drag| (drag.x, drag.y, state.beyond(drag.y)))
                };
                let Some((x, y, beyond)) = pointer.filter(|(.., beyond)| *beyond != 0.0) else {
                    viewer.state.borrow_mut().dragging_on = false;
                    return;
                };
                viewer.change(|state| {
                    let State { scroll, pool, .. } = state;
                    scroll.move_by(beyond, &|line| pool.height(line));
                    scroll.keep_filled(&|line| pool.height(line));
                });
                let point = viewer.state.borrow().point_at(x, y);
                if let Some(point) = point {
                    viewer.drag_to(point);
                }
                dom::sleep(DRAG_MS).await;
            }
        });
    }

    fn drag_to(&self, point: Point) {
        {
            let mut state = self.state.borrow_mut();
            let Some(drag) = state.select_drag else {
                return;
            };
            let (start, end) = state.grains(point, drag.grain);
            let (anchor, head) =
                if start < drag.first.0 { (drag.first.1, start) } else { (drag.first.0, end.max(drag.first.1)) };
            state.selection = Some(Selection { anchor, head, lines: drag.grain == Grain::Lines });
            state.select_click = true;
        }
        self.show_selection();
        self.ask_frame();
    }

    fn released(&self) {
        let dragged = self.state.borrow_mut().select_drag.take().is_some();
        if dragged {
            self.show_selection();
            self.ask_frame();
        }
    }

    /// Tells the page what is selected.
    pub(super) fn show_selection(&self) {
        let (selected, lines) = {
            let state = self.state.borrow();
            let selected = state.selection.filter(|selection| !selection.is_empty());
            let line = |row: &u64| state.lines.folds().line(*row);
            (selected, selected.map(|it| it.span()).map(|span| line(span.start())..=line(span.end())))
        };
        if self.signals.selected.get_untracked() != selected {
            self.signals.selected.set(selected);
            self.signals.selected_lines.set(lines);
        }
    }

    /// Paints what is selected of the rows that are drawn.
    pub(super) fn mark_selection(&self) {
        let mut state = self.state.borrow_mut();
        let key = (state.pool.drawn, state.selection);
        if state.painted == key {
            return;
        }
        let nothing = state.painted.1.is_none() && state.selection.is_none();
        state.painted = key;
        if nothing {
            return;
        }
        let mut ranges = Vec::new();
        if let Some(selection) = &state.selection {
            for (line, cell) in state.pool.texts() {
                if !selection.span().contains(&line) {
                    continue;
                }
                let texts = Texts::of(cell);
                let part = selection.part(line, texts.text.len());
                ranges.extend(part.and_then(|part| texts.range(part)));
            }
        }
        paint("selected", &ranges);
        let whole = state.selection.filter(|selection| !selection.is_empty() && selection.lines).map(|it| it.span());
        state.pool.select(whole.as_ref());
    }
}

impl State {
    /// How far beyond the view's edge a pointer is, in pixels to move on by; none within it.
    fn beyond(&self, y: f64) -> f64 {
        let area = self.log.get_bounding_client_rect();
        let (top, bottom) = (area.top(), area.top() + self.scroll.view_px());
        let over = if y < top { y - top } else { (y - bottom).max(0.0) };
        (over * 0.6).clamp(-400.0, 400.0)
    }

    /// The point of the log under a pointer; beyond the rows, that of the nearest one.
    fn point_at(&self, x: f64, y: f64) -> Option<Point> {
        let area = self.log.get_bounding_client_rect();
        let y = y.clamp(area.top() + 1.0, area.top() + self.scroll.view_px() - 2.0);
        let caret = caret(x, y);
        if let Some((node, units)) = &caret
            && let Some((line, cell)) = self.pool.texts().find(|(_, cell)| cell.contains(Some(node)))
        {
            let texts = Texts::of(cell);
            return Some(Point { line, byte: texts.byte(node, *units).unwrap_or_default() });
        }
        // Beside a line's text: its start or its end.
        let (line, cell) = self.pool.texts().find(|(_, cell)| {
            let row = cell.parent_element().map(|row| row.get_bounding_client_rect());
            row.is_some_and(|row| row.top() <= y && y < row.bottom())
        })?;
        let before = cell.get_bounding_client_rect().left() > x;
        Some(Point { line, byte: if before { 0 } else { Texts::of(cell).text.len() } })
    }

    /// The word or the line around a point.
    fn grains(&self, point: Point, grain: Grain) -> (Point, Point) {
        let text = || {
            let cell = self.pool.texts().find(|(line, _)| *line == point.line);
            cell.map(|(_, cell)| Texts::of(cell).text).unwrap_or_default()
        };
        let at = |byte| Point { byte, ..point };
        match grain {
            Grain::Letters => (point, point),
            Grain::Words => {
                let word = word(&text(), point.byte);
                (at(word.start), at(word.end))
            }
            Grain::Lines => (at(0), at(text().len())),
        }
    }
}

/// The text node under a pointer, and how many UTF-16 units into it.
fn caret(x: f64, y: f64) -> Option<(Node, u32)> {
    let get = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &JsValue::from_str(name)).ok();
    let call = |name: &str| {
        let method = get(&document(), name)?.dyn_into::<js_sys::Function>().ok()?;
        method.call2(&document(), &JsValue::from_f64(x), &JsValue::from_f64(y)).ok().filter(JsValue::is_object)
    };
    let (found, node, offset) = match call("caretPositionFromPoint") {
        Some(found) => (found, "offsetNode", "offset"),
        None => (call("caretRangeFromPoint")?, "startContainer", "startOffset"),
    };
    let node: Node = get(&found, node)?.dyn_into().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an offset in a text node")]
    let units = get(&found, offset)?.as_f64()? as u32;
    (node.node_type() == Node::TEXT_NODE).then_some((node, units))
}
