//! Drawing the log from afar: bars over time, rows over lines, hits along the scrollbar.

use web_sys::HtmlElement;

use super::canvas::Canvas;
use super::overview::{map_px, share};
use crate::model::overview::Bar;

/// Lines over time.
pub fn draw_timeline(holder: &HtmlElement, bars: &[Bar]) {
    let Some(canvas) = Canvas::of(holder) else {
        return;
    };
    #[expect(clippy::cast_precision_loss, reason = "some hundred bars")]
    let (pitch, full) = (canvas.width / bars.len().max(1) as f64, canvas.height - 8.0);
    let inks = ["--bar", "--bar-warn", "--bar-error"].map(|token| canvas.color(token));
    for (at, bar) in bars.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "some hundred bars")]
        let x = at as f64 * pitch;
        let width = (pitch - 1.0).max(1.0);
        let [all, warn, error] = [bar.lines, bar.warn, bar.error].map(|share| (share * full).ceil());
        canvas.ink(&inks[0]);
        canvas.fill(x, canvas.height - all, width, all);
        canvas.ink(&inks[1]);
        canvas.fill(x, canvas.height - all, width, warn.min(all));
        canvas.ink(&inks[2]);
        canvas.fill(x, canvas.height - error.min(all), width, error.min(all));
    }
}

/// The whole log, with its hits.
pub fn draw_minimap(holder: &HtmlElement, rows: &[Bar], hits: &[u64], lines: u64) {
    let Some(canvas) = Canvas::of(holder) else {
        return;
    };
    let height = canvas.height.min(map_px(lines));
    #[expect(clippy::cast_precision_loss, reason = "some hundred rows")]
    let y = |at: usize, count: usize| at as f64 * height / count.max(1) as f64;
    let inks = ["--bar-faint", "--bar-warn", "--bar-error", "--hit-tick"].map(|token| canvas.color(token));
    let room = canvas.width - 16.0;
    // Several parts may fall on one row of a small screen: the loudest is drawn last.
    for (ink, length) in inks.iter().zip([|row: &Bar| row.lines, |row: &Bar| row.warn, |row: &Bar| row.error]) {
        canvas.ink(ink);
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| length(row) > 0.0) {
            canvas.fill(6.0, y(at, rows.len()).floor(), (length(row) * room).max(4.0), 1.5);
        }
    }
    canvas.ink(&inks[3]);
    for (at, length) in ticks(hits) {
        canvas.fill(canvas.width - 9.0, y(at, hits.len()).floor(), 2.0 + 7.0 * length, 2.0);
    }
}

/// Where there are hits, and how many of the most that there are anywhere.
fn ticks(hits: &[u64]) -> impl Iterator<Item = (usize, f64)> + '_ {
    let most = hits.iter().copied().max().unwrap_or_default();
    let there = hits.iter().copied().enumerate().filter(|(_, count)| *count > 0);
    there.map(move |(at, count)| (at, share(count, most.max(1))))
}

/// Hits along the scrollbar.
pub fn draw_lane(holder: &HtmlElement, hits: &[u64]) {
    let Some(canvas) = Canvas::of(holder) else {
        return;
    };
    canvas.ink(&canvas.color("--hit-tick"));
    for (at, length) in ticks(hits) {
        #[expect(clippy::cast_precision_loss, reason = "some hundred stretches")]
        let y = (at as f64 * canvas.height / hits.len().max(1) as f64).floor();
        let width = 2.0 + (canvas.width - 2.0) * length;
        canvas.fill(canvas.width - width, y.min(canvas.height - 2.0), width, 2.0);
    }
}
