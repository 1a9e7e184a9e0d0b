//! The view as its address says it: where, wrapped or not, in which zone.

use record::wire::{Record, Start};

use super::query;

/// A place in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Its first line.
    #[default]
    Top,
    /// Line `n`, from 1.
    Line(u64),
    /// Its last line.
    End,
    /// The first line at or after a time (RFC 3339, UTC).
    Time(String),
    /// The line whose first byte lies at that offset of that source.
    Anchor {
        /// The source's id.
        source: String,
        /// Where the line's first byte lies.
        offset: u64,
    },
}

impl Place {
    /// The place that names this record for ever.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self::Anchor { source: record.source.clone(), offset: record.offset }
    }

    /// Where a window of `lines` lines starts that shows this place.
    #[must_use]
    pub fn start(&self, lines: u64) -> Start {
        match self {
            Self::Top => Start::Line(1),
            Self::Line(n) => Start::Line(*n),
            Self::End => Start::Tail(lines),
            Self::Time(time) => Start::Time(time.clone()),
            Self::Anchor { source, offset } => Start::Anchor { source: source.clone(), offset: *offset },
        }
    }

    fn pair(&self) -> Option<String> {
        match self {
            Self::Top => None,
            Self::Line(n) => Some(format!("n={n}")),
            Self::End => Some("n=end".to_owned()),
            Self::Time(time) => Some(format!("at={}", query::encode(time))),
            Self::Anchor { source, offset } => Some(format!("anchor={}:{offset}", query::encode(source))),
        }
    }
}

/// All that an address says about the view of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Where.
    pub place: Place,
    /// Long lines are wrapped.
    pub wrap: bool,
    /// Times are in the reader's zone instead of UTC.
    pub local: bool,
}

/// An address as it was asked for: a view, and what could not be read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The view; what could not be read is as if it were not there.
    pub view: View,
    /// What was typed into the go-to form, still to be read.
    pub goto: Option<String>,
    /// So many lines before the place.
    pub before: u64,
    /// What could not be read, and what is allowed instead.
    pub problems: Vec<String>,
}

impl View {
    /// Reads a query string.
    #[must_use]
    pub fn parse(text: &str) -> Asked {
        let mut asked = Asked::default();
        for (name, value) in query::pairs(text) {
            match name.as_str() {
                "n" => match line_number(&value) {
                    Some(place) => asked.view.place = place,
                    None => asked
                        .problems
                        .push(format!("n={value} is no line: lines count from 1, and n=end is the last one.")),
                },
                "anchor" => match anchor(&value) {
                    Some(place) => asked.view.place = place,
                    None => asked
                        .problems
                        .push(format!("anchor={value} names no line: an anchor is SOURCE:OFFSET, as in app.log:1024.")),
                },
                "at" => match super::time::read(&value, None, super::time::Zone::Utc) {
                    Some(time) => asked.view.place = Place::Time(time),
                    None => asked.problems.push(format!("at={value} is no time: write it as in 2026-11-22T02:14:00Z.")),
                },
                "before" => match value.parse() {
                    Ok(before) if before <= 200 => asked.before = before,
                    _ => asked.problems.push(format!("before={value} is out of bounds: 0 to 200 lines are allowed.")),
                },
                "wrap" => match value.as_str() {
                    "1" => asked.view.wrap = true,
                    "0" | "" => asked.view.wrap = false,
                    _ => asked
                        .problems
                        .push(format!("wrap={value} is unknown: wrap=1 wraps long lines, wrap=0 does not.")),
                },
                "tz" => match value.as_str() {
                    "local" => asked.view.local = true,
                    "utc" | "" => asked.view.local = false,
                    _ => asked.problems.push(format!("tz={value} is unknown: tz=utc and tz=local are allowed.")),
                },
                "goto" if !value.trim().is_empty() => asked.goto = Some(value),
                _ => {}
            }
        }
        asked
    }

    /// The query string that gives this view again: empty, or starting with `?`.
    #[must_use]
    pub fn query(&self) -> String {
        let pairs =
            [self.place.pair(), self.wrap.then(|| "wrap=1".to_owned()), self.local.then(|| "tz=local".to_owned())];
        let joined = pairs.into_iter().flatten().collect::<Vec<_>>().join("&");
        if joined.is_empty() { joined } else { format!("?{joined}") }
    }

    /// The same view of another place.
    #[must_use]
    pub fn at(&self, place: Place) -> Self {
        Self { place, ..self.clone() }
    }
}

fn line_number(value: &str) -> Option<Place> {
    match value.parse() {
        Ok(0) => None,
        Ok(n) => Some(Place::Line(n)),
        Err(_) => (value == "end").then_some(Place::End),
    }
}

fn anchor(value: &str) -> Option<Place> {
    let (source, offset) = value.rsplit_once(':')?;
    let offset = offset.parse().ok()?;
    (!source.is_empty()).then(|| Place::Anchor { source: source.to_owned(), offset })
}

#[cfg(test)]
mod tests {
    use super::{Place, View};

    #[test]
    fn a_view_and_its_address_are_inverse() {
        let places = [
            Place::Top,
            Place::End,
            Place::Line(5_000_000),
            Place::Time("2026-11-22T02:14:00Z".to_owned()),
            Place::Anchor { source: "a b/c:1&x=é.log".to_owned(), offset: 9 },
        ];
        for place in places {
            for (wrap, local) in [(false, false), (true, false), (true, true)] {
                let view = View { place: place.clone(), wrap, local };
                let asked = View::parse(&view.query());
                assert_eq!(asked.view, view);
                assert_eq!(asked.problems, Vec::<String>::new());
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_and_left_out() {
        for text in [
            "n=0",
            "n=-1",
            "n=x",
            "anchor=app.log",
            "anchor=:5",
            "anchor=a:x",
            "at=noon",
            "wrap=2",
            "tz=mars",
            "before=1000000000000",
        ] {
            let asked = View::parse(text);
            assert_eq!(asked.view, View::default(), "{text}");
            assert_eq!(asked.problems.len(), 1, "{text}");
            assert!(asked.problems[0].starts_with(text), "{:?}", asked.problems);
        }
    }

    #[test]
    fn unknown_parameters_are_passed_over() {
        assert!(View::parse("?utm=1&q=x").problems.is_empty());
    }
}
