//! The timeline above the log, the minimap beside it, and the hits along the scrollbar.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use record::wire::{Stats, StatsBy, StatsQuery};
use web_sys::{HtmlElement, PointerEvent, WheelEvent};

use super::dom;
use super::pictures::{draw_lane, draw_minimap, draw_timeline};
use super::viewer::{Viewer, listen_to};
use crate::api;
use crate::model::figures;
use crate::model::overview::{Span, bars, millis, rows, utc};
use crate::model::place::Place;
use crate::model::scroll::Top;

/// Parts that the timeline is made of.
const TIME_BUCKETS: u64 = 240;

/// Parts that the minimap is made of.
const LINE_BUCKETS: u64 = 256;

/// The height of a row of the minimap.
const MAP_ROW_PX: f64 = 3.0;

/// How much slower the minimap is dragged with Shift held.
const FINE: f64 = 0.05;

/// A drag shorter than this is a click.
const CLICK_PX: f64 = 4.0;

/// What is known of the log from afar, and what was drawn of it.
#[derive(Debug, Default)]
pub struct Overview {
    by_time: Option<Stats>,
    by_line: Option<Stats>,
    /// The whole log's span of time.
    whole: Option<Span>,
    /// The part of it that the timeline shows, where that is not all.
    zoom: Option<Span>,
    drag: Option<Drag>,
    /// Counts what changed, so that pictures are drawn only when they did.
    changes: u32,
    drawn: Option<(u32, Sizes, u64)>,
    /// How large the pictures are. Measured once, since measuring lays out what was just drawn.
    pub(super) sizes: Option<Sizes>,
}

/// The width of the timeline and the height of the minimap, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    timeline: i32,
    minimap: i32,
}

/// What is dragged over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Picture {
    Timeline,
    Minimap,
}

/// A drag over the timeline or the minimap.
#[derive(Clone, Copy, Debug)]
struct Drag {
    on: Picture,
    start: f64,
    /// The share of the log at the pointer; it moves slower than the pointer with Shift held.
    share: f64,
}

impl Viewer {
    /// Listens to the pictures, and asks for what they show.
    pub(super) fn start_overview(&self) {
        self.listen_timeline();
        self.listen_minimap();
        if let Ok(Some(dark)) = window().match_media("(prefers-color-scheme: dark)") {
            let viewer = self.clone();
            let change = Closure::<dyn FnMut()>::new(move || {
                viewer.state.borrow_mut().overview.changes += 1;
                viewer.ask_frame();
            });
            drop(dark.add_event_listener_with_callback("change", change.into_js_value().unchecked_ref()));
        }
    }

    fn fetch_overview(&self) {
        for (by, buckets) in [(StatsBy::Line, LINE_BUCKETS), (StatsBy::Time, TIME_BUCKETS)] {
            self.fetch_stats(by, buckets);
        }
    }

    fn fetch_stats(&self, by: StatsBy, buckets: u64) {
        let viewer = self.clone();
        let (task, zoom) = {
            let state = self.state.borrow();
            (state.task.clone(), state.overview.zoom.filter(|_| by == StatsBy::Time))
        };
        let (since, until) = (zoom.map(|zoom| utc(zoom.from)), zoom.map(|zoom| utc(zoom.to)));
        leptos::task::spawn_local(async move {
            // Without an answer there is no picture, which is no trouble for who reads.
            let Ok(stats) = api::overview(StatsQuery { task, buckets, by, since, until }).await else {
                return;
            };
            {
                let mut state = viewer.state.borrow_mut();
                let overview = &mut state.overview;
                overview.changes += 1;
                match by {
                    StatsBy::Line => overview.by_line = Some(stats),
                    StatsBy::Time if overview.zoom == zoom => {
                        if zoom.is_none() {
                            overview.whole = Span::of(&stats, None);
                        }
                        overview.by_time = Some(stats);
                    }
                    StatsBy::Time => {}
                }
            }
            viewer.ask_frame();
        });
    }

    /// Draws the pictures where they changed, and where the reader is in them.
    pub(super) fn draw_overview(&self) {
        let due = std::mem::take(&mut self.state.borrow_mut().overview_due);
        if due {
            self.fetch_overview();
        }
        let (timeline, minimap) = (dom::by_id("timeline"), dom::by_id("minimap"));
        let sizes = self.state.borrow().overview.sizes.unwrap_or_else(|| Sizes {
            timeline: timeline.as_ref().map_or(0, |holder| holder.client_width()),
            minimap: minimap.as_ref().map_or(0, |holder| holder.client_height()),
        });
        let key = {
            let mut state = self.state.borrow_mut();
            state.overview.sizes = Some(sizes);
            (state.overview.changes, sizes, state.hits.iter().sum())
        };
        if self.state.borrow().overview.drawn != Some(key) {
            self.state.borrow_mut().overview.drawn = Some(key);
            let state = self.state.borrow();
            if let (Some(holder), Some(stats)) = (&timeline, &state.overview.by_time) {
                draw_timeline(holder, &bars(stats));
            }
            if let (Some(holder), Some(stats)) = (&minimap, &state.overview.by_line) {
                draw_minimap(holder, &rows(stats), &state.hits, stats.lines);
            }
            if let Some(holder) = dom::by_id("lane") {
                draw_lane(&holder, if state.is_filtered() { &[] } else { &state.hits });
            }
        }
        self.draw_here(timeline.as_ref(), minimap.as_ref(), sizes);
    }

    /// Where the reader is, and which span of time is chosen.
    fn draw_here(&self, timeline: Option<&HtmlElement>, minimap: Option<&HtmlElement>, sizes: Sizes) {
        let state = self.state.borrow();
        let range = state.range();
        let last = range.end.saturating_sub(1);
        let lines = state.overview.by_line.as_ref().map_or(0, |stats| stats.lines).max(1);
        if let Some(map) = minimap {
            let number = |line: u64| state.number(line).unwrap_or(line + 1);
            let height = f64::from(sizes.minimap).min(map_px(lines));
            let y = |n: u64| share(n, lines) * height;
            place(map, ".here", "top", "height", y(number(range.start).saturating_sub(1)), y(number(last)), 3.0);
        }
        let Some((line, span)) = timeline.zip(state.overview.zoom.or(state.overview.whole)) else {
            return;
        };
        let width = f64::from(sizes.timeline);
        let x = |time: f64| span.share(time).clamp(0.0, 1.0) * width;
        let at = |line: u64| state.time_at(line).as_deref().and_then(millis);
        if let Some((first, last)) = at(range.start).or_else(|| at(last)).zip(at(last)) {
            place(line, ".here", "left", "width", x(first), x(last), 2.0);
        }
        let chosen = |text: &Option<String>| text.as_deref().and_then(millis);
        let (since, until) = (chosen(&state.view.filter.since), chosen(&state.view.filter.until));
        dom::set(line, "data-chosen", (since.is_some() || until.is_some()).then_some("true"));
        place(line, ".chosen", "left", "width", since.map_or(0.0, x), until.map_or(width, x), 1.0);
    }

    fn listen_timeline(&self) {
        let Some(holder) = dom::by_id("timeline") else {
            return;
        };
        let viewer = self.clone();
        on_pointer(&holder, "pointerdown", move |event, holder| {
            if event.button() != 0 {
                return;
            }
            let x = f64::from(event.offset_x());
            drop(holder.set_pointer_capture(event.pointer_id()));
            viewer.state.borrow_mut().overview.drag = Some(Drag { on: Picture::Timeline, start: x, share: 0.0 });
        });
        on_pointer(&holder, "pointermove", {
            let viewer = self.clone();
            move |event, holder| {
                let drag = viewer.drag(Picture::Timeline, event);
                let x = f64::from(event.client_x()) - holder.get_bounding_client_rect().left();
                dom::set(holder, "data-drag", drag.map(|_| "true"));
                if let Some(drag) = drag {
                    place(holder, ".drag", "left", "width", drag.start.min(x), drag.start.max(x), 1.0);
                } else {
                    viewer.hint(holder, x);
                }
            }
        });
        on_pointer(&holder, "pointerup", {
            let viewer = self.clone();
            move |event, holder| {
                let drag = viewer.state.borrow_mut().overview.drag.take().filter(|drag| drag.on == Picture::Timeline);
                dom::set(holder, "data-drag", None);
                let x = f64::from(event.client_x()) - holder.get_bounding_client_rect().left();
                if let Some(drag) = drag {
                    viewer.timeline_dragged(drag.start, x, f64::from(holder.client_width()));
                }
            }
        });
        let viewer = self.clone();
        let wheel = Closure::<dyn FnMut(WheelEvent)>::new(move |event: WheelEvent| {
            event.prevent_default();
            if event.delta_y() == 0.0 {
                return;
            }
            viewer.zoom_timeline(f64::from(event.offset_x()), event.delta_y());
        });
        listen_to(&holder, "wheel", &wheel.into_js_value());
        let viewer = self.clone();
        let all = Closure::<dyn FnMut()>::new(move || viewer.show_all_time());
        listen_to(&holder, "dblclick", &all.into_js_value());
    }

    /// A click goes to its time; a drag shows only the lines of its span.
    fn timeline_dragged(&self, from: f64, to: f64, width: f64) {
        let span = {
            let state = self.state.borrow();
            state.overview.zoom.or(state.overview.whole)
        };
        let Some(span) = span else {
            return;
        };
        let time = |x: f64| utc(span.at(x / width.max(1.0)));
        if (to - from).abs() < CLICK_PX {
            self.show_place(Place::Time(time(to)), true);
        } else {
            let (since, until) = (time(from.min(to)), time(from.max(to)));
            self.set_view(|view| (view.filter.since, view.filter.until) = (Some(since), Some(until)));
        }
    }

    fn zoom_timeline(&self, x: f64, turn: f64) {
        {
            let mut state = self.state.borrow_mut();
            let width = dom::by_id("timeline").map_or(1.0, |holder| f64::from(holder.client_width()).max(1.0));
            let Some(whole) = state.overview.whole else {
                return;
            };
            let now = state.overview.zoom.unwrap_or(whole);
            let next = now.zoomed(x / width, if turn < 0.0 { 0.7 } else { 1.0 / 0.7 }, whole);
            state.overview.zoom = (next != whole).then_some(next);
        }
        self.fetch_stats(StatsBy::Time, TIME_BUCKETS);
    }

    /// The timeline shows the whole log again.
    pub fn show_all_time(&self) {
        self.state.borrow_mut().overview.zoom = None;
        self.fetch_stats(StatsBy::Time, TIME_BUCKETS);
    }

    /// Says what lies under the pointer.
    fn hint(&self, holder: &HtmlElement, x: f64) {
        let state = self.state.borrow();
        let overview = &state.overview;
        let Some((stats, span)) = overview.by_time.as_ref().zip(overview.zoom.or(overview.whole)) else {
            return;
        };
        let share = (x / f64::from(holder.client_width()).max(1.0)).clamp(0.0, 0.999_999);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of some hundred buckets"
        )]
        let bucket = stats.buckets.get((share * stats.buckets.len() as f64) as usize);
        let time = crate::model::time::full(&utc(span.at(share)), state.zone());
        if let Some(bucket) = bucket {
            dom::set(holder, "title", Some(&crate::model::overview::hint(&time, bucket)));
        }
    }

    fn listen_minimap(&self) {
        let Some(holder) = dom::by_id("minimap") else {
            return;
        };
        let viewer = self.clone();
        on_pointer(&holder, "pointerdown", move |event, holder| {
            if event.button() != 0 {
                return;
            }
            event.prevent_default();
            drop(holder.set_pointer_capture(event.pointer_id()));
            let y = f64::from(event.client_y());
            let top = holder.get_bounding_client_rect().top();
            let share = (y - top) / viewer.map_height(holder);
            viewer.state.borrow_mut().overview.drag = Some(Drag { on: Picture::Minimap, start: y, share });
            viewer.map_to(share);
        });
        on_pointer(&holder, "pointermove", {
            let viewer = self.clone();
            move |event, holder| {
                let Some(drag) = viewer.drag(Picture::Minimap, event) else {
                    return;
                };
                let y = f64::from(event.client_y());
                let height = viewer.map_height(holder);
                let moved = (y - drag.start) / height * if event.shift_key() { FINE } else { 1.0 };
                let share = (drag.share + moved).clamp(0.0, 1.0);
                viewer.state.borrow_mut().overview.drag = Some(Drag { on: Picture::Minimap, start: y, share });
                viewer.map_to(share);
            }
        });
        on_pointer(&holder, "pointerup", {
            let viewer = self.clone();
            move |_, _| {
                viewer.state.borrow_mut().overview.drag = None;
                viewer.state.borrow_mut().step_due = true;
                viewer.settle();
            }
        });
    }

    /// The drag over a picture, as long as the button is held; one that was broken off is none.
    fn drag(&self, on: Picture, event: &PointerEvent) -> Option<Drag> {
        let mut state = self.state.borrow_mut();
        if event.buttons() & 1 == 0 {
            state.overview.drag = None;
        }
        state.overview.drag.filter(|drag| drag.on == on)
    }

    fn map_height(&self, holder: &HtmlElement) -> f64 {
        let lines = self.state.borrow().overview.by_line.as_ref().map_or(u64::MAX, |stats| stats.lines);
        f64::from(holder.client_height()).min(map_px(lines)).max(1.0)
    }

    /// Shows the lines at a share of the whole log, in the middle of the view.
    fn map_to(&self, share: f64) {
        let (lines, filtered) = {
            let state = self.state.borrow();
            let all = state.overview.by_line.as_ref().map_or(state.lines.count(), |stats| stats.lines);
            (all, state.is_filtered())
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a count of lines, at least 0"
        )]
        let n = ((lines as f64 * share.clamp(0.0, 1.0)) as u64).clamp(1, lines.max(1));
        if filtered {
            self.jump_to(record::wire::Start::Number(n), Place::Line(n), crate::load::LINES_ABOVE, false);
            return;
        }
        self.change(|state| {
            let above = state.scroll.rows_in_view() / 2;
            let row = state.lines.folds().row(n - 1);
            state.scroll.stand(Top { line: row.saturating_sub(above), px: 0.0 });
        });
    }
}

/// The full height of a minimap: not stretched over a short log's few lines.
pub(super) fn map_px(lines: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "some hundred rows")]
    let px = LINE_BUCKETS.min(lines) as f64 * MAP_ROW_PX;
    px.max(MAP_ROW_PX)
}

pub(super) fn share(n: u64, lines: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "lines are far below 2^52")]
    let share = n as f64 / lines as f64;
    share.clamp(0.0, 1.0)
}

/// Lays a marker from one pixel to another, at least so long.
fn place(holder: &HtmlElement, marker: &str, edge: &str, length: &str, from: f64, to: f64, least: f64) {
    let found = holder.query_selector(marker).ok().flatten().and_then(|found| found.dyn_into::<HtmlElement>().ok());
    if let Some(marker) = found {
        dom::style(&marker, edge, &figures::px(from));
        dom::style(&marker, length, &figures::px((to - from).max(least)));
    }
}

fn on_pointer(holder: &HtmlElement, name: &str, mut then: impl FnMut(&PointerEvent, &HtmlElement) + 'static) {
    let element = holder.clone();
    let listener = Closure::<dyn FnMut(PointerEvent)>::new(move |event: PointerEvent| then(&event, &element));
    listen_to(holder, name, &listener.into_js_value());
}
