//! The view as its address says it: where, which lines, and how they are drawn.

use record::Level;
use record::wire::{LineFilter, Record};

use super::place::{Anchor, Mark, Place, anchor, hash, line_number};
use super::query;

/// Lines around each match at most.
pub const CONTEXT_MAX: u64 = 100;

/// All that an address says about the view of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Where.
    pub place: Place,
    /// What tells whether the line at the place's anchor is the one that was meant.
    pub mark: Mark,
    /// Where the range ends that starts at the place.
    pub to: Option<Anchor>,
    /// Stays at the log's end, whatever the place.
    pub follow: bool,
    /// Which lines; its `q` is what is searched for.
    pub filter: LineFilter,
    /// Only the lines that match `q`, with so many lines around each.
    pub only: Option<u64>,
    /// Long lines are wrapped.
    pub wrap: bool,
    /// In which zone times are.
    pub zone: ZoneName,
    /// What the column of times says.
    pub clock: Clock,
    /// Lines as they were written, not as message and fields.
    pub raw: bool,
    /// Columns that are not shown.
    pub hidden: Columns,
}

/// The zone of a view's times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ZoneName {
    /// UTC.
    #[default]
    Utc,
    /// The reader's own.
    Local,
    /// One of the IANA database, such as `Europe/Berlin`.
    Named(String),
}

/// What the column of times says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The time of day.
    #[default]
    Day,
    /// The time since the log's start.
    Start,
    /// The time since the line before.
    Delta,
}

/// A set of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns(u8);

/// The columns that can be hidden, by their names in addresses.
pub const COLUMNS: [&str; 4] = ["number", "time", "level", "source"];

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

impl Columns {
    /// The set that has the column of this name as well, or no longer.
    #[must_use]
    pub fn toggled(self, name: &str) -> Self {
        Self(self.0 ^ COLUMNS.iter().position(|column| *column == name).map_or(0, |place| 1 << place))
    }

    /// It has this one.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        self.names().any(|column| column == name)
    }

    /// Its columns.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        COLUMNS.into_iter().enumerate().filter(move |(place, _)| self.0 & 1 << place != 0).map(|(_, name)| name)
    }

    fn read(text: &str) -> Option<Self> {
        let names = text.split(',').filter(|name| !name.is_empty());
        names.into_iter().try_fold(Self::default(), |columns, name| {
            COLUMNS.contains(&name).then(|| if columns.has(name) { columns } else { columns.toggled(name) })
        })
    }

    fn text(self) -> Option<String> {
        (self.0 != 0).then(|| self.names().collect::<Vec<_>>().join(","))
    }
}

impl View {
    /// Reads a query string.
    #[must_use]
    pub fn parse(text: &str) -> Asked {
        let mut asked = Asked::default();
        for (name, value) in query::pairs(text) {
            if let Err(problem) = asked.take(&name, value) {
                asked.problems.push(problem);
            }
        }
        asked
    }

    /// The query string that gives this view again: empty, or starting with `?`.
    #[must_use]
    pub fn query(&self) -> String {
        let pairs = self.pairs().into_iter().map(|(name, value)| format!("{name}={}", query::encode(&value)));
        let joined = pairs.collect::<Vec<_>>().join("&");
        if joined.is_empty() { joined } else { format!("?{joined}") }
    }

    /// What the query string is made of, not encoded.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let filter = &self.filter;
        let anchored = matches!(self.place, Place::Anchor(_));
        let flag = |name: &'static str, on: bool| (name, on.then(|| "1".to_owned()));
        let zone = match &self.zone {
            ZoneName::Utc => None,
            ZoneName::Local => Some("local".to_owned()),
            ZoneName::Named(name) => Some(name.clone()),
        };
        let clock = match self.clock {
            Clock::Day => None,
            Clock::Start => Some("start".to_owned()),
            Clock::Delta => Some("delta".to_owned()),
        };
        let rest = [
            ("t", self.mark.ts.clone().filter(|_| anchored)),
            ("h", self.mark.hash.filter(|_| anchored).map(|hash| format!("{hash:08x}"))),
            ("to", self.to.as_ref().filter(|_| anchored).map(Anchor::text)),
            ("q", filter.q.clone()),
            ("case", filter.case.clone()),
            ("only", self.only.map(|context| context.to_string())),
            ("not", filter.not.clone()),
            ("level", filter.level.clone()),
            ("source", filter.source.clone()),
            ("since", filter.since.clone()),
            ("until", filter.until.clone()),
            flag("heads", filter.heads),
            flag("follow", self.follow),
            flag("wrap", self.wrap),
            ("tz", zone),
            ("clock", clock),
            flag("raw", self.raw),
            ("hide", self.hidden.text()),
        ];
        let rest = rest.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
        self.place.pair().into_iter().chain(rest).collect()
    }

    /// The same view of another place.
    #[must_use]
    pub fn at(&self, place: Place) -> Self {
        Self { place, mark: Mark::default(), to: None, follow: false, ..self.clone() }
    }

    /// The same view at a line, so that it is found again wherever it goes; `ts` is its time, or that of its head.
    #[must_use]
    pub fn at_record(&self, record: &Record, ts: Option<&str>) -> Self {
        let mark = Mark { ts: ts.or(record.ts.as_deref()).map(str::to_owned), hash: Some(hash(&record.text)) };
        Self { mark, ..self.at(Place::of(record)) }
    }

    /// Which lines are shown: without what is searched for, unless only its matches are.
    #[must_use]
    pub fn shown(&self) -> LineFilter {
        if self.only.is_some() { self.filter.clone() } else { self.filter.without_q() }
    }

    /// Lines shown around each match.
    #[must_use]
    pub fn context(&self) -> u64 {
        self.only.filter(|_| self.filter.q.is_some()).unwrap_or_default()
    }
}

impl Asked {
    fn take(&mut self, name: &str, value: String) -> Result<(), String> {
        let view = &mut self.view;
        let filter = &mut view.filter;
        let given = Some(value.clone()).filter(|value| !value.is_empty());
        let flag = |hint: &str| match value.as_str() {
            "1" => Ok(true),
            "0" | "" => Ok(false),
            _ => Err(format!("{name}={value} is unknown: {name}=1 {hint}, {name}=0 does not.")),
        };
        match name {
            "n" => {
                let problem = || format!("n={value} is no line: lines count from 1, and n=end is the last one.");
                view.place = line_number(&value).ok_or_else(problem)?;
            }
            "anchor" => {
                let problem =
                    || format!("anchor={value} names no line: an anchor is SOURCE:OFFSET, as in app.log:1024.");
                view.place = Place::Anchor(anchor(&value).ok_or_else(problem)?);
            }
            "to" => {
                let problem = || format!("to={value} names no line: it is SOURCE:OFFSET, as in app.log:1024.");
                view.to = Some(anchor(&value).ok_or_else(problem)?);
            }
            "t" => view.mark.ts = super::time::read(&value, None, super::time::Zone::Utc),
            "h" => view.mark.hash = u32::from_str_radix(&value, 16).ok(),
            "at" => {
                let problem = || format!("at={value} is no time: write it as in 2026-11-22T02:14:00Z.");
                view.place = Place::Time(super::time::read(&value, None, super::time::Zone::Utc).ok_or_else(problem)?);
            }
            "before" => match value.parse() {
                Ok(before) if before <= 200 => self.before = before,
                _ => return Err(format!("before={value} is out of bounds: 0 to 200 lines are allowed.")),
            },
            "q" => filter.q = given,
            "not" => filter.not = given,
            "case" => match value.as_str() {
                "smart" | "" => filter.case = None,
                "match" | "ignore" => filter.case = given,
                _ => return Err(format!("case={value} is unknown: smart, match and ignore are allowed.")),
            },
            "only" => match value.parse() {
                Ok(context) if context <= CONTEXT_MAX => view.only = Some(context),
                _ => {
                    return Err(format!(
                        "only={value} is out of bounds: 0 to {CONTEXT_MAX} lines of context are allowed."
                    ));
                }
            },
            "level" => filter.level = given.map(|levels| known_levels(&levels)).transpose()?,
            "source" => filter.source = given,
            "since" | "until" => {
                let problem = || format!("{name}={value} is no time: write it as in 2026-11-22T02:14:00Z.");
                let zone = super::time::Zone::Utc;
                let time = given.map(|text| super::time::read(&text, None, zone).ok_or_else(problem)).transpose()?;
                *(if name == "since" { &mut filter.since } else { &mut filter.until }) = time;
            }
            "heads" => filter.heads = flag("leaves out continuation lines")?,
            "follow" => view.follow = flag("stays at the end")?,
            "wrap" => view.wrap = flag("wraps long lines")?,
            "raw" => view.raw = flag("shows lines as they were written")?,
            "tz" => match value.as_str() {
                "local" => view.zone = ZoneName::Local,
                "utc" | "UTC" | "" => view.zone = ZoneName::Utc,
                name if is_zone_name(name) => view.zone = ZoneName::Named(value),
                _ => {
                    return Err(format!(
                        "tz={value} is unknown: tz=utc, tz=local and names such as tz=Europe/Berlin are allowed."
                    ));
                }
            },
            "clock" => match value.as_str() {
                "" => view.clock = Clock::Day,
                "start" => view.clock = Clock::Start,
                "delta" => view.clock = Clock::Delta,
                _ => return Err(format!("clock={value} is unknown: clock=start and clock=delta are allowed.")),
            },
            "hide" => {
                let problem = || format!("hide={value} names no column: {} are allowed.", COLUMNS.join(", "));
                view.hidden = Columns::read(&value).ok_or_else(problem)?;
            }
            "goto" if !value.trim().is_empty() => self.goto = Some(value),
            _ => {}
        }
        Ok(())
    }
}

/// The names of levels in lower case, each once.
fn known_levels(text: &str) -> Result<String, String> {
    let mut known: Vec<String> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let lower = name.to_ascii_lowercase();
        if lower != "none" && Level::parse(&lower).is_none() {
            let names = Level::ALL.map(Level::name).join(", ");
            return Err(format!("level={name} is no level: {names} and none are allowed, between commas."));
        }
        if !known.contains(&lower) {
            known.push(lower);
        }
    }
    if known.is_empty() { Err(format!("level={text} names no level.")) } else { Ok(known.join(",")) }
}

/// Whether it may be the name of a zone with rules; which names there are only the browser and the server know.
fn is_zone_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    name.contains('/') && name.len() <= 64 && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use record::wire::LineFilter;

    use super::{Anchor, Clock, Columns, Mark, Place, View, ZoneName};

    #[test]
    fn a_view_and_its_address_are_inverse() {
        let anchor = Anchor { source: "a b/c:1&x=é.log".to_owned(), offset: 9 };
        let places = [
            Place::Top,
            Place::End,
            Place::Line(5_000_000),
            Place::Time("2026-11-22T02:14:00Z".to_owned()),
            Place::Anchor(anchor.clone()),
        ];
        let filter = LineFilter {
            level: Some("error,warn".to_owned()),
            source: Some("a,b c".to_owned()),
            since: Some("2026-11-22T02:14:00Z".to_owned()),
            until: Some("2026-11-22T03:14:00.5Z".to_owned()),
            q: Some("a&b=c+d .*#".to_owned()),
            case: Some("match".to_owned()),
            not: Some("noise".to_owned()),
            heads: true,
        };
        for place in places {
            let plain = View { place: place.clone(), ..View::default() };
            let anchored = matches!(place, Place::Anchor(_));
            let full = View {
                place,
                mark: if anchored { Mark { ts: filter.since.clone(), hash: Some(0xab) } } else { Mark::default() },
                to: anchored.then(|| anchor.clone()),
                filter: filter.clone(),
                only: Some(3),
                wrap: true,
                follow: true,
                zone: ZoneName::Named("Europe/Berlin".to_owned()),
                clock: Clock::Delta,
                raw: true,
                hidden: Columns::default().toggled("time").toggled("source"),
            };
            for view in [plain, full] {
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
            "to=x",
            "at=noon",
            "since=noon",
            "until=25:00",
            "level=loud",
            "case=upper",
            "only=1000",
            "only=x",
            "wrap=2",
            "raw=yes",
            "tz=mars",
            "clock=sand",
            "hide=text",
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
        assert!(View::parse("?utm=1&x=y").problems.is_empty());
    }

    #[test]
    fn what_is_searched_for_hides_no_line_unless_it_is_asked_to() {
        let asked = View::parse("q=x&level=ERROR,error").view;
        assert_eq!(asked.shown(), LineFilter { level: Some("error".to_owned()), ..LineFilter::default() });
        assert_eq!(View::parse("q=x&only=2").view.shown().q.as_deref(), Some("x"));
    }
}
