//! A record as its row shows it: every text and attribute, the same on the server and in the browser.

use record::Level;
use record::wire::Record;

use super::figures;
use super::sources::{Sources, short_name};
use super::text::{self, Run};
use super::time::{self, Zone};
use super::view::View;

/// Bytes of a line that a row shows; the rest is shown on demand, so that no line can hold up the page.
pub const HEAD_BYTES_MAX: usize = 16 << 10;

/// What all rows of a view share.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The task's sources.
    pub sources: &'a Sources,
    /// The view, for the rows' own links.
    pub view: &'a View,
    /// The zone of their times.
    pub zone: Zone,
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
    /// The time of day; empty on a continuation.
    pub clock: String,
    /// The whole time and what is odd about it.
    pub time_title: String,
    /// The day, where this row starts a new one.
    pub day: Option<String>,
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
    /// It continues the line before it.
    pub cont: bool,
}

impl Face {
    /// Draws up a record; `sure` says whether the number of its place is, `day_before` the last day shown above it.
    #[must_use]
    pub fn new(record: &Record, context: &Context<'_>, day_before: Option<&str>) -> Self {
        let shown = record.ts.as_deref().and_then(|ts| time::show(ts, context.zone));
        let mut time_title = record.ts.as_deref().map(|ts| time::full(ts, context.zone)).unwrap_or_default();
        if record.late {
            time_title.push_str(", late: before its place");
        }
        if record.wild {
            time_title.push_str(", not believed: far ahead of its neighbours");
        }
        let day = shown.as_ref().map(|shown| shown.date.clone()).filter(|date| day_before != Some(date.as_str()));
        Self {
            n: record.n,
            number: record.n.map_or_else(|| "~".to_owned(), |n| n.to_string()),
            link: context.view.at_record(record, None).query(),
            clock: shown.map(|shown| shown.clock).unwrap_or_default(),
            time_title,
            day: day.filter(|_| !record.wild),
            level: record.level.map(Level::name),
            lane: context.sources.lane(&record.source),
            source: if record.cont { String::new() } else { short_name(&record.source) },
            source_title: record.source.clone(),
            runs: text::runs(&record.text),
            more: record.cut.map(|cut| format!("show {} more", figures::bytes(cut))),
            cont: record.cont,
        }
    }
}

/// The day of a record in the zone of the view, where it has a believable time.
#[must_use]
pub fn day_of(record: &Record, zone: Zone) -> Option<String> {
    record.ts.as_deref().filter(|_| !record.wild).and_then(|ts| time::show(ts, zone)).map(|shown| shown.date)
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

    use super::{Context, Face, HEAD_BYTES_MAX, shorten};
    use crate::model::sources::Sources;
    use crate::model::time::Zone;
    use crate::model::view::View;

    fn record(text: &str) -> Record {
        Record {
            n: Some(7),
            ts: Some("2026-11-22T02:14:00.5Z".to_owned()),
            level: Some(Level::Error),
            source: "a.log".to_owned(),
            offset: 12,
            text: text.to_owned(),
            cont: false,
            late: false,
            wild: false,
            lossy: false,
            cut: None,
        }
    }

    #[test]
    fn a_row_says_its_number_link_time_and_day() {
        let (sources, view) = (Sources::default(), View { wrap: true, ..View::default() });
        let context = Context { sources: &sources, view: &view, zone: Zone::Utc };
        let face = Face::new(&record("x"), &context, Some("2026-11-21"));
        assert_eq!(
            (face.number.as_str(), face.link.as_str()),
            ("7", "?anchor=a.log:12&t=2026-11-22T02:14:00.5Z&h=fd0c5087&wrap=1")
        );
        assert_eq!((face.clock.as_str(), face.day.as_deref()), ("02:14:00.500", Some("2026-11-22")));
        assert_eq!(Face::new(&record("x"), &context, Some("2026-11-22")).day, None);
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
