//! A record as its row shows it: every text and attribute, the same on the server and in the browser.

use record::Level;
use record::wire::{LineFilter, Record};

use super::sources::{Sources, short_name};
use super::text::Run;
use super::time::{self, Zone};
use super::view::{Clock, View};
use super::{drawing, figures};

/// Bytes of a line that a row shows; the rest is shown on demand, so that no line can hold up the page.
pub const HEAD_BYTES_MAX: usize = 16 << 10;

/// The shortest silence between two lines that is told.
const SILENCE_MS_MIN: u64 = 10_000;

/// How much longer than the pause before it a silence must be: where lines come once a minute, a minute is none.
const SILENCE_TIMES_MIN: u64 = 3;

/// What all rows of a view share.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The task's sources.
    pub sources: &'a Sources,
    /// The view, for the rows' own links.
    pub view: &'a View,
    /// The zone of their times.
    pub zone: Zone,
    /// The time of the log's first line, once known.
    pub start: Option<&'a str>,
}

/// What a row needs to know of those above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// The last day shown.
    pub day: Option<String>,
    /// The last time.
    pub ts: Option<String>,
    /// The pause before that one, in milliseconds.
    pub pause_ms: Option<u64>,
}

impl Before {
    /// Takes in a row, for those below it.
    pub fn take(&mut self, record: &Record, zone: Zone) {
        let Some(ts) = record.ts.as_ref().filter(|_| !record.wild) else {
            return;
        };
        self.day = time::show(ts, zone).map(|shown| shown.date).or(self.day.take());
        self.pause_ms = self.ts.as_deref().and_then(|before| time::millis_between(before, ts));
        self.ts = Some(ts.clone());
    }

    /// How long it was silent before a time, if that is worth telling.
    fn silence_ms(&self, ts: &str) -> Option<u64> {
        let millis = time::millis_between(self.ts.as_deref()?, ts).filter(|&millis| millis >= SILENCE_MS_MIN)?;
        self.pause_ms.is_none_or(|pause| millis / SILENCE_TIMES_MIN >= pause).then_some(millis)
    }
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// The line's number, where it is sure.
    pub n: Option<u64>,
    /// What stands in the column of numbers.
    pub number: String,
    /// The address of this line.
    pub link: String,
    /// The time of day, or since what; empty on a continuation.
    pub clock: String,
    /// The whole time and what is odd about it.
    pub time_title: String,
    /// The day, where this row starts a new one.
    pub day: Option<String>,
    /// How long it was silent before this line, where that is long.
    pub gap: Option<String>,
    /// The level's name.
    pub level: Option<&'static str>,
    /// The source's lane.
    pub lane: usize,
    /// The source's name, cut to its column.
    pub source: String,
    /// The source's id.
    pub source_title: String,
    /// The text, ready to be drawn.
    pub runs: Vec<Run>,
    /// How much more of the line there is.
    pub more: Option<String>,
    /// How many more states the line went through.
    pub states: Option<String>,
    /// It continues the line before it.
    pub cont: bool,
}

impl Face {
    /// Draws up a record; `before` is what is known of those above it.
    #[must_use]
    pub fn new(record: &Record, context: &Context<'_>, before: &Before) -> Self {
        let shown = record.ts.as_deref().and_then(|ts| time::show(ts, context.zone));
        let mut time_title = record.ts.as_deref().map(|ts| time::full(ts, context.zone)).unwrap_or_default();
        if record.late {
            time_title.push_str(", late: before its place");
        }
        if record.wild {
            time_title.push_str(", not believed: far ahead of its neighbours");
        }
        let day = shown.as_ref().map(|shown| shown.date.clone()).filter(|date| before.day.as_ref() != Some(date));
        let view = context.view;
        let believed = record.ts.as_deref().filter(|_| !record.wild);
        // Between lines that are left out nobody knows whether it was silent.
        let silence = believed.and_then(|ts| before.silence_ms(ts)).filter(|_| view.shown() == LineFilter::default());
        let clock = match view.clock {
            Clock::Day => shown.map(|shown| shown.clock),
            Clock::Start => {
                context.start.zip(record.ts.as_deref()).and_then(|(start, ts)| time::since_start(start, ts))
            }
            Clock::Delta => {
                before.ts.as_deref().zip(record.ts.as_deref()).and_then(|(before, ts)| time::since_before(before, ts))
            }
        };
        let drawing = drawing::draw(record, view.raw, !view.hidden.has("time"));
        Self {
            n: record.n,
            number: record.n.map_or_else(|| "~".to_owned(), |n| n.to_string()),
            link: context.view.at_record(record, before.ts.as_deref().filter(|_| record.cont)).query(),
            clock: clock.unwrap_or_default(),
            time_title,
            day: day.filter(|_| !record.wild),
            gap: silence.map(|millis| format!("{} of silence", figures::duration(millis))),
            level: record.level.map(Level::name),
            lane: context.sources.lane(&record.source),
            source: if record.cont { String::new() } else { short_name(&record.source) },
            source_title: record.source.clone(),
            runs: drawing.runs,
            more: record.cut.map(|cut| format!("show {} more", figures::bytes(cut))),
            states: (drawing.states > 0)
                .then(|| format!("+{}", figures::counted(drawing.states as u64, "state", "states"))),
            cont: record.cont,
        }
    }
}

/// Leaves of a record's text what a row shows, and counts the rest.
pub fn shorten(record: &mut Record) {
    if record.text.len() <= HEAD_BYTES_MAX {
        return;
    }
    let mut end = HEAD_BYTES_MAX;
    while !record.text.is_char_boundary(end) {
        end -= 1;
    }
    let left_out = u64::try_from(record.text.len() - end).unwrap_or(u64::MAX);
    record.cut = Some(record.cut.unwrap_or_default().saturating_add(left_out));
    record.text.truncate(end);
    record.text.shrink_to_fit();
}

/// How many digits the column of numbers holds, 3 to 12.
#[must_use]
pub fn digits(lines: u64) -> usize {
    lines.to_string().len().clamp(3, 12)
}

#[cfg(test)]
mod tests {
    use record::Level;
    use record::wire::Record;

    use super::{Before, Context, Face, HEAD_BYTES_MAX, shorten};
    use crate::model::sample;
    use crate::model::sources::Sources;
    use crate::model::time::Zone;
    use crate::model::view::View;

    fn record(text: &str) -> Record {
        Record {
            n: Some(7),
            ts: Some("2026-11-22T02:14:00.5Z".to_owned()),
            level: Some(Level::Error),
            offset: 12,
            ..sample::record(text)
        }
    }

    fn on_day(day: &str) -> Before {
        Before { day: Some(day.to_owned()), ..Before::default() }
    }

    #[test]
    fn a_row_says_its_number_link_time_and_day() {
        let (sources, view) = (Sources::default(), View { wrap: true, ..View::default() });
        let context = Context { sources: &sources, view: &view, zone: Zone::Utc, start: None };
        let face = Face::new(&record("x"), &context, &on_day("2026-11-21"));
        assert_eq!(
            (face.number.as_str(), face.link.as_str()),
            ("7", "?anchor=a.log:12&t=2026-11-22T02:14:00.5Z&h=fd0c5087&wrap=1")
        );
        assert_eq!((face.clock.as_str(), face.day.as_deref()), ("02:14:00.500", Some("2026-11-22")));
        assert_eq!(Face::new(&record("x"), &context, &on_day("2026-11-22")).day, None);
    }

    #[track_caller]
    fn check_gap(times: &[&str], view: &View, expected: Option<&str>) {
        let sources = Sources::default();
        let context = Context { sources: &sources, view, zone: Zone::Utc, start: None };
        let mut before = Before::default();
        let mut gap = None;
        for ts in times {
            let record = Record { ts: Some(format!("2026-11-22T{ts}Z")), ..record("x") };
            gap = Face::new(&record, &context, &before).gap;
            before.take(&record, Zone::Utc);
        }
        assert_eq!(gap.as_deref(), expected, "{times:?}");
    }

    #[test]
    fn silence_is_told_where_it_is_longer_than_usual() {
        let view = View::default();
        check_gap(&["02:00:00"], &view, None);
        check_gap(&["02:00:00", "02:00:09.9"], &view, None);
        check_gap(&["02:00:00", "02:00:00.1", "02:00:12.53"], &view, Some("12.4 s of silence"));
        check_gap(&["02:00:00", "04:11:00"], &view, Some("2 h 11 min of silence"));
        check_gap(&["02:00:00", "02:01:00", "02:02:00"], &view, None);
        check_gap(&["02:00:00", "02:00:30"], &View::parse("level=error").view, None);
    }

    #[test]
    fn a_long_line_is_cut_at_a_whole_character_and_its_rest_counted() {
        let mut long = record(&"é".repeat(20_000));
        long.text.insert(0, 'x');
        long.cut = Some(5);
        shorten(&mut long);
        assert!(long.text.len() <= HEAD_BYTES_MAX && long.text.len() >= HEAD_BYTES_MAX - 1);
        assert_eq!(long.cut, Some(5 + 40_001 - long.text.len() as u64));
    }
}
