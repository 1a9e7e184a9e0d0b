//! Where the reader stands, and how a scrollbar of bounded height moves over any number of lines.
//!
//! The one truth is [`Top`]: a line and how far it is scrolled past. The native scrollbar is a control beside it: small
//! moves of it are taken pixel for pixel, large ones by ratio, and it is put right when scrolling ends. It counts lines,
//! not pixels, so wrapping never moves the reader.

/// The height of a row that is not wrapped, in CSS pixels, where its text is of normal size.
pub const ROW_PX: f64 = 20.0;

/// The height of the scrolled area at most: browsers cap it near 33,500,000 px, divided by the zoom.
pub const SPACER_PX_MAX: f64 = 2_000_000.0;

/// The largest move that is taken pixel for pixel: some notches of a wheel, less than any drag of the thumb over a long log.
pub const FINE_PX_MAX: f64 = 2000.0;

/// How far from either end the scrollbar stays pixel for pixel, so that a wheel finds room to turn there.
const EDGE_PX: f64 = 20_000.0;

/// How many rows' room of the scrolled area a line gets where lines are wrapped.
const WRAPPED_ROWS: f64 = 3.0;

/// The uppermost line in view, from 0, and how many of its pixels are above the view's edge.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Top {
    /// The line, from 0.
    pub line: u64,
    /// How far it is scrolled past.
    pub px: f64,
}

/// Pages that are loaded ahead of a reader at most.
const AHEAD_MAX: i64 = 4;

/// Lines a move at which one page more is loaded ahead.
const AHEAD_LINES: f64 = 30.0;

/// How fast the reader scrolls, smoothed: one odd move changes little.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace(f64);

impl Pace {
    /// The view has moved by so many lines. Says how many pages to load ahead, negative towards the top.
    pub fn ahead(&mut self, lines: i64) -> i64 {
        #[expect(clippy::cast_precision_loss, reason = "a pace, for a guess")]
        let lines = lines as f64;
        self.0 = if (self.0 < 0.0) == (lines < 0.0) { 0.6 * self.0 + 0.4 * lines } else { lines };
        #[expect(clippy::cast_possible_truncation, reason = "brought below the most there is")]
        let pages = 1 + (self.0.abs() / AHEAD_LINES).min(AHEAD_MAX as f64 - 1.0) as i64;
        if lines < 0.0 { -pages } else { pages }
    }
}

/// How high a line is drawn; what was not measured counts as one row.
pub type Heights<'a> = &'a dyn Fn(u64) -> f64;

/// The reader's place and the scrollbar beside it.
#[derive(Clone, Debug)]
pub struct Scroll {
    row_px: f64,
    lines: u64,
    view_px: f64,
    top: Top,
    native: f64,
    coarse: bool,
    wrap: bool,
}

impl Default for Scroll {
    fn default() -> Self {
        Self { row_px: ROW_PX, lines: 0, view_px: 0.0, top: Top::default(), native: 0.0, coarse: false, wrap: false }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lines are far below 2^52, and every float turned into a line is first brought between 0 and their number"
)]
impl Scroll {
    /// The uppermost line.
    #[must_use]
    pub fn top(&self) -> Top {
        self.top
    }

    /// How high a row is that is not wrapped.
    #[must_use]
    pub fn row_px(&self) -> f64 {
        self.row_px
    }

    /// A row that is not wrapped is so high now; the top line stays.
    pub fn set_row_px(&mut self, row_px: f64) {
        self.row_px = row_px;
        self.top.px = 0.0;
    }

    /// How high the view is.
    #[must_use]
    pub fn view_px(&self) -> f64 {
        self.view_px
    }

    /// Whole rows that fit into the view, at least 1.
    #[must_use]
    pub fn rows_in_view(&self) -> u64 {
        ((self.view_px / self.row_px) as u64).max(1)
    }

    /// The height of the scrolled area.
    #[must_use]
    pub fn spacer_px(&self) -> f64 {
        if self.wrap {
            (self.lines as f64 * WRAPPED_ROWS * self.row_px).min(SPACER_PX_MAX - self.view_px) + self.view_px
        } else {
            (self.lines as f64 * self.row_px).min(SPACER_PX_MAX)
        }
    }

    /// Lines are wrapped from now on, or not: a row may be of any height.
    pub fn set_wrap(&mut self, wrap: bool) {
        self.wrap = wrap;
    }

    /// There are so many lines now; the place stays, as far as there is still such a line.
    pub fn set_lines(&mut self, lines: u64) {
        self.lines = lines;
        if self.top.line >= lines {
            self.top = Top { line: lines.saturating_sub(1), px: 0.0 };
        }
    }

    /// The view is so high now.
    pub fn set_view_px(&mut self, view_px: f64) {
        self.view_px = view_px;
    }

    /// Lines were counted anew: each number is `by` more than it was. The new count is to be told next.
    pub fn shift(&mut self, by: i64) {
        self.top.line = self.top.line.saturating_add_signed(by);
    }

    /// The thumb is being dragged over more than a view at a time.
    #[must_use]
    pub fn is_coarse(&self) -> bool {
        self.coarse
    }

    /// Stands at a line, its top at the view's edge plus `px`.
    pub fn stand(&mut self, top: Top) {
        self.top = Top { line: top.line.min(self.lines.saturating_sub(1)), px: top.px.max(0.0) };
    }

    /// The scrollbar was moved to `native`. Says whether it has to be put right at once, having met its end too early.
    pub fn scrolled(&mut self, native: f64, heights: Heights<'_>) -> bool {
        let moved = native - self.native;
        self.native = native;
        if moved == 0.0 {
            return false;
        }
        self.coarse |= moved.abs() > FINE_PX_MAX;
        let room = self.room_px();
        if self.coarse {
            if native >= room - 0.5 {
                self.top = Top { line: self.lines.saturating_sub(1), px: 0.0 };
            } else {
                let rows = self.rows_at(native);
                let line = (rows.max(0.0) as u64).min(self.lines.saturating_sub(1));
                self.top = Top { line, px: (rows - line as f64) * heights(line) };
            }
            return false;
        }
        self.move_by(moved, heights);
        let (at_start, at_end) = (native <= 0.5, native >= room - 0.5);
        (at_start && self.top != Top::default()) || at_end
    }

    /// Scrolling has ended: where the scrollbar belongs. The caller puts it there and tells where it came to stand.
    #[must_use]
    pub fn settle(&mut self, heights: Heights<'_>) -> f64 {
        self.coarse = false;
        self.native_at(self.top.line as f64 + self.top.px / heights(self.top.line))
    }

    /// The scrollbar stands at `native`, by our own doing.
    pub fn seated(&mut self, native: f64) {
        self.native = native;
    }

    /// Moves down by so many pixels, up if negative, as far as there are lines.
    pub fn move_by(&mut self, px: f64, heights: Heights<'_>) {
        let Top { mut line, px: mut past } = self.top;
        past += px;
        while past < 0.0 && line > 0 {
            line -= 1;
            past += heights(line);
        }
        while line + 1 < self.lines {
            let height = heights(line);
            if past < height {
                break;
            }
            past -= height;
            line += 1;
        }
        self.top = Top { line, px: past.max(0.0) };
    }

    /// Leaves no empty space below the last line where there are lines above to fill it.
    pub fn keep_filled(&mut self, heights: Heights<'_>) {
        let mut below = -self.top.px;
        let mut line = self.top.line;
        while line < self.lines && below < self.view_px {
            below += heights(line);
            line += 1;
        }
        if below < self.view_px {
            self.move_by(below - self.view_px, heights);
        }
    }

    /// Moves as little as shows the whole of a line.
    pub fn reveal(&mut self, line: u64, heights: Heights<'_>) {
        if line < self.top.line || (line == self.top.line && self.top.px > 0.0) {
            self.top = Top { line, px: 0.0 };
            return;
        }
        if line - self.top.line > self.rows_in_view() * 2 {
            self.top = Top { line, px: 0.0 };
            self.move_by(heights(line) - self.view_px, heights);
            return;
        }
        let mut bottom = -self.top.px;
        for each in self.top.line..=line {
            bottom += heights(each);
        }
        let over = (bottom - self.view_px).min(bottom - heights(line));
        if over > 0.0 {
            self.move_by(over, heights);
        }
    }

    /// How far the scrollbar goes.
    fn room_px(&self) -> f64 {
        (self.spacer_px() - self.view_px).max(0.0)
    }

    /// The rows that the scrollbar's whole way stands for: those above the view at the log's end, were no row wrapped.
    /// Where they are, nobody knows how many fill the last view, and all count.
    fn way_rows(&self) -> f64 {
        if self.wrap { self.lines as f64 } else { (self.lines as f64 - self.view_px / self.row_px).max(0.0) }
    }

    /// Where the scrollbar belongs when so many rows are above the view.
    fn native_at(&self, rows: f64) -> f64 {
        let (room, way) = (self.room_px(), self.way_rows() * self.row_px);
        let down = (rows * self.row_px).clamp(0.0, way);
        let edge = EDGE_PX.min(room / 4.0);
        if way <= 0.0 {
            0.0
        } else if way <= room {
            down / way * room
        } else if down <= edge {
            down
        } else if way - down <= edge {
            room - (way - down)
        } else {
            edge + (down - edge) / (way - 2.0 * edge) * (room - 2.0 * edge)
        }
    }

    /// How many rows are above the view when the scrollbar stands there: the inverse of `native_at`.
    fn rows_at(&self, native: f64) -> f64 {
        let (room, way) = (self.room_px(), self.way_rows() * self.row_px);
        let native = native.clamp(0.0, room);
        let edge = EDGE_PX.min(room / 4.0);
        let down = if room <= 0.0 {
            0.0
        } else if way <= room {
            native / room * way
        } else if native <= edge {
            native
        } else if room - native <= edge {
            way - (room - native)
        } else {
            edge + (native - edge) / (room - 2.0 * edge) * (way - 2.0 * edge)
        };
        down / self.row_px
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, ROW_PX, Scroll, Top};

    const LINES: u64 = 10_000_000;

    fn even(_: u64) -> f64 {
        ROW_PX
    }

    fn scroll(lines: u64) -> Scroll {
        let mut scroll = Scroll::default();
        scroll.set_lines(lines);
        scroll.set_view_px(800.0);
        scroll
    }

    fn at(scroll: &mut Scroll, line: u64) {
        scroll.stand(Top { line, px: 0.0 });
        let native = scroll.settle(&even);
        scroll.seated(native);
    }

    #[test]
    fn notches_of_a_wheel_move_pixel_for_pixel_anywhere() {
        for line in [0, 10_000, 5_000_000, 9_000_000] {
            let mut scroll = scroll(LINES);
            at(&mut scroll, line);
            let start = scroll.native;
            for notch in 1..=20 {
                scroll.scrolled(start + f64::from(notch) * 90.0, &even);
            }
            let moved = (scroll.top().line - line) as f64 * ROW_PX + scroll.top().px;
            assert!((moved - 1800.0).abs() < 1e-6, "{moved}");
        }
    }

    #[test]
    fn the_thumb_reaches_both_ends_and_the_middle() {
        let mut scroll = scroll(LINES);
        scroll.scrolled(scroll.room_px(), &even);
        scroll.keep_filled(&even);
        assert_eq!(scroll.top().line, LINES - 40);
        scroll.scrolled(scroll.room_px() / 2.0, &even);
        assert!(scroll.top().line.abs_diff((LINES - 40) / 2) <= 1);
        scroll.scrolled(0.0, &even);
        assert_eq!(scroll.top(), Top::default());
    }

    #[test]
    fn a_long_wheel_up_meets_the_scrollbars_end_without_a_jump() {
        let mut scroll = scroll(LINES);
        at(&mut scroll, 60_000);
        let mut native = scroll.native;
        for _ in 0..13 {
            native = (native - 1000.0).max(0.0);
            if scroll.scrolled(native, &even) {
                native = scroll.settle(&even);
                scroll.seated(native);
            }
        }
        assert!(scroll.top().line > 59_000, "{:?}", scroll.top());
        assert!(native > 1000.0, "there is room to go on: {native}");
    }

    #[test]
    fn there_is_room_to_scroll_wherever_there_are_lines_to_go_to() {
        let mut scroll = scroll(LINES);
        for line in [1, 5, 100, LINES - 100, LINES - 45, LINES - 41] {
            at(&mut scroll, line);
            let room = scroll.room_px();
            assert!(scroll.native >= 19.0 && scroll.native <= room - 19.0, "line {line}: {}", scroll.native);
        }
        let mut wrapped = self::scroll(20);
        wrapped.set_wrap(true);
        at(&mut wrapped, 15);
        assert!(wrapped.native > 100.0 && wrapped.native < wrapped.room_px() - 100.0);
    }

    #[test]
    fn settling_puts_the_thumb_where_a_drag_to_it_leads_back() {
        let mut scroll = scroll(LINES);
        for line in [0, 1, 777, 4_321_000, LINES - 40] {
            at(&mut scroll, line);
            let native = scroll.native;
            scroll.coarse = true;
            scroll.native = -1.0;
            scroll.scrolled(native, &even);
            scroll.keep_filled(&even);
            assert!(scroll.top().line.abs_diff(line) <= 1, "{line}: {:?}", scroll.top());
        }
    }

    #[test]
    fn the_last_line_ends_at_the_lower_edge_however_rows_wrap() {
        let tall = |line: u64| if line.is_multiple_of(2) { 60.0 } else { 20.0 };
        let mut scroll = scroll(1000);
        scroll.stand(Top { line: 999, px: 0.0 });
        scroll.keep_filled(&tall);
        assert_eq!(scroll.top(), Top { line: 980, px: 0.0 });
        scroll.move_by(50.0, &tall);
        scroll.keep_filled(&tall);
        assert_eq!(scroll.top(), Top { line: 980, px: 0.0 });
    }

    #[test]
    fn revealing_moves_as_little_as_it_can() {
        let mut scroll = scroll(1000);
        scroll.reveal(39, &even);
        assert_eq!(scroll.top().line, 0);
        scroll.reveal(40, &even);
        assert_eq!(scroll.top().line, 1);
        scroll.reveal(0, &even);
        assert_eq!(scroll.top().line, 0);
        scroll.reveal(999, &even);
        assert_eq!(scroll.top().line, 960);
    }

    #[test]
    fn the_end_stays_in_view_when_it_is_counted() {
        for (estimate, count) in [(1200_u64, 1000_u64), (800, 1000)] {
            let mut scroll = scroll(estimate);
            scroll.stand(Top { line: estimate - 40, px: 0.0 });
            scroll.shift(count.cast_signed() - estimate.cast_signed());
            scroll.set_lines(count);
            assert_eq!(scroll.top().line, count - 40);
        }
    }

    #[test]
    fn the_faster_the_reader_scrolls_the_more_is_loaded_ahead() {
        let mut pace = Pace::default();
        assert_eq!(pace.ahead(3), 1);
        let fast: Vec<i64> = (0..10).map(|_| pace.ahead(100)).collect();
        assert!(fast.is_sorted() && fast.last() == Some(&4), "{fast:?}");
        assert_eq!(pace.ahead(-3), -1);
    }

    #[test]
    fn a_short_log_does_not_scroll() {
        let mut scroll = scroll(10);
        scroll.keep_filled(&even);
        assert_eq!((scroll.top(), scroll.settle(&even)), (Top::default(), 0.0));
    }
}
