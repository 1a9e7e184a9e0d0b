//! Filters as they are typed, on the command line and in addresses, and what they mean.

use std::sync::Arc;

use engine::{Case, Filter, Input, Levels, Pattern, PatternError};
use record::wire::LineFilter;
use record::{Level, Timestamp, Zone};

/// A filter's conditions as they were typed; those that were not are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Typed {
    /// Names of levels, between commas.
    pub level: Option<String>,
    /// Ids of sources, between commas.
    pub source: Option<String>,
    /// A time.
    pub since: Option<String>,
    /// A time.
    pub until: Option<String>,
    /// A regular expression.
    pub pattern: Option<String>,
    /// `smart`, `match` or `ignore`.
    pub case: Option<String>,
    /// A regular expression that must not match.
    pub without: Option<String>,
    /// `1`: only lines that bear a time of their own.
    pub heads: Option<String>,
}

impl Typed {
    /// The same whether or not a text matches.
    #[must_use]
    pub fn without_pattern(&self) -> Self {
        let case = self.case.clone().filter(|_| self.without.is_some());
        Self { pattern: None, case, ..self.clone() }
    }
}

impl From<LineFilter> for Typed {
    fn from(filter: LineFilter) -> Self {
        let LineFilter { level, source, since, until, q, case, not, heads } = filter;
        Self { level, source, since, until, pattern: q, case, without: not, heads: heads.then(|| "1".to_owned()) }
    }
}

/// What the conditions are called where they were typed.
#[derive(Clone, Copy, Debug)]
pub enum Spelling {
    /// `level=`, `q=`.
    Query,
    /// `--level`, `--grep`.
    Options,
}

impl Spelling {
    fn name(self, option: &str) -> String {
        match self {
            Self::Query if option == "grep" => "q=".to_owned(),
            Self::Query => format!("{option}="),
            Self::Options => format!("--{option} "),
        }
    }
}

/// What a filter is settled against.
pub struct Scene<'a> {
    /// The sources that can be read, in order.
    pub inputs: &'a [Input],
    /// The ids of all sources.
    pub ids: Vec<String>,
    /// What a time without a zone means.
    pub zone: &'a Zone,
    /// What the conditions are called.
    pub spelling: Spelling,
    /// How case is told apart where nobody says.
    pub case: Case,
}

impl Scene<'_> {
    /// What was typed, as a filter.
    ///
    /// # Errors
    ///
    /// What cannot be read: named, with what is allowed.
    pub fn settle(&self, typed: &Typed) -> Result<Filter, String> {
        Ok(Filter {
            levels: typed.level.as_deref().map(|text| self.levels(text)).transpose()?,
            sources: typed.source.as_deref().map(|text| self.sources(text)).transpose()?,
            since: typed.since.as_deref().map(|text| self.time("since", text)).transpose()?,
            until: typed.until.as_deref().map(|text| self.time("until", text)).transpose()?,
            pattern: self.pattern("grep", typed.pattern.as_deref(), typed)?,
            without: self.pattern("not", typed.without.as_deref(), typed)?,
            heads: match typed.heads.as_deref() {
                None | Some("" | "0" | "false") => false,
                Some("1" | "true") => true,
                Some(other) => return Err(format!("{}{other:?}: give 1 or 0", self.spelling.name("heads"))),
            },
        })
    }

    fn levels(&self, text: &str) -> Result<Levels, String> {
        if names(text).next().is_none() {
            return Err(format!("{}{text:?} names no level", self.spelling.name("level")));
        }
        names(text).try_fold(Levels::default(), |levels, name| {
            if name.eq_ignore_ascii_case("none") {
                return Ok(levels.with(None));
            }
            Level::parse(&name.to_ascii_lowercase()).map(|level| levels.with(Some(level))).ok_or_else(|| {
                let allowed: Vec<_> = Level::ALL.iter().map(|level| level.name()).collect();
                let option = self.spelling.name("level");
                format!("{option}{name:?}: no such level; allowed are {} and none, between commas", allowed.join(", "))
            })
        })
    }

    fn sources(&self, text: &str) -> Result<Arc<[bool]>, String> {
        // An id may have a comma in it.
        let wanted: Vec<&str> = if self.ids.iter().any(|id| id == text) { vec![text] } else { names(text).collect() };
        if wanted.is_empty() {
            return Err(format!("{}{text:?} names no source", self.spelling.name("source")));
        }
        for name in &wanted {
            if !self.ids.iter().any(|id| id == name) {
                let some: Vec<_> = self.ids.iter().take(20).map(String::as_str).collect();
                let more = if self.ids.len() > some.len() { ", …" } else { "" };
                let option = self.spelling.name("source");
                return Err(format!("{option}{name:?}: no such source; there are {}{more}", some.join(", ")));
            }
        }
        Ok(self.inputs.iter().map(|input| wanted.contains(&&*input.id)).collect())
    }

    fn time(&self, option: &str, text: &str) -> Result<Timestamp, String> {
        time(text, self.zone, self.first_key()).ok_or_else(|| not_a_time(&self.spelling.name(option), text))
    }

    fn first_key(&self) -> Option<Timestamp> {
        first_key(self.inputs)
    }

    /// The expression that `option` gives; `typed` says how it tells case.
    fn pattern(&self, option: &str, text: Option<&str>, typed: &Typed) -> Result<Option<Arc<Pattern>>, String> {
        let case = match typed.case.as_deref() {
            None => self.case,
            Some("smart") => Case::Smart,
            Some("match") => Case::Match,
            Some("ignore") => Case::Ignore,
            Some(other) => {
                return Err(format!("{}{other:?}: give smart, match or ignore", self.spelling.name("case")));
            }
        };
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        let pattern = Pattern::new(text, case).map_err(|error| {
            let start: String = text.chars().take(60).collect();
            let dots = if start.len() < text.len() { "…" } else { "" };
            let option = self.spelling.name(option);
            let hint = match error {
                PatternError::Syntax(_) => "; in a text, signs such as ( and [ are written with \\ before them",
                PatternError::TooLong { .. } | PatternError::TooLarge(_) => "",
            };
            format!("{option}{start:?}{dots} is no regular expression that can be looked for: {error}{hint}")
        })?;
        Ok(Some(Arc::new(pattern)))
    }
}

/// The earliest key that the first lines of these sources have; of sources without times, only where there are no others.
pub fn first_key(inputs: &[Input]) -> Option<Timestamp> {
    let timed = inputs.iter().filter(|input| !input.origin.untimed).map(|input| input.origin.first_key).min();
    timed.or_else(|| inputs.iter().map(|input| input.origin.first_key).min())
}

/// How many seconds a zone is east of UTC at that second since 1970.
pub fn seconds_east(zone: &Zone, second: i64) -> Option<i64> {
    Some(match zone {
        Zone::Utc => 0,
        Zone::Fixed(east) => i64::from(*east),
        Zone::Named(zone) => i64::from(zone.to_offset(jiff::Timestamp::from_second(second).ok()?).seconds()),
    })
}

/// The date that it is at that instant in a zone, as the usual form has it.
fn day_of(time: Timestamp, zone: &Zone) -> Option<String> {
    let seconds = i64::try_from(time.nanos().div_euclid(1_000_000_000)).ok()?;
    let east = seconds_east(zone, seconds)?;
    let local = Timestamp::from_nanos(i128::from(seconds + east) * 1_000_000_000);
    Some(local.to_string().split('T').next()?.to_owned())
}

/// What to say of a text that is no time.
pub fn not_a_time(option: &str, text: &str) -> String {
    format!(
        "{option}{text:?} is no time; give one such as 2026-11-22T02:14:01Z, 2026-11-22 02:14:01.5+01:00, or 02:14:01 \
         of the log's first day"
    )
}

/// A time that a person wrote: in the usual form, its seconds or its time of day may be missing; or a time of the day
/// of `first`.
pub fn time(text: &str, zone: &Zone, first: Option<Timestamp>) -> Option<Timestamp> {
    let text = text.trim();
    let whole = |text: &str| {
        let (time, used) = Timestamp::parse_usual(text.as_bytes(), zone)?;
        (used == text.len()).then_some(time)
    };
    let day = || day_of(first?, zone);
    whole(text)
        .or_else(|| whole(&format!("{text}:00")))
        .or_else(|| whole(&format!("{text} 00:00:00")))
        .or_else(|| whole(&format!("{} {text}", day()?)))
        .or_else(|| whole(&format!("{} {text}:00", day()?)))
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: Typed, expected: &str) {
        let scene = Scene {
            inputs: &[],
            ids: vec!["a.log".to_owned(), "b,c.log".to_owned()],
            zone: &Zone::Utc,
            spelling: Spelling::Query,
            case: Case::Smart,
        };
        match scene.settle(&typed) {
            Ok(filter) => assert_eq!(expected, if filter.is_empty() { "all" } else { "some" }),
            Err(error) => assert!(error.contains(expected), "{error}"),
        }
    }

    #[test]
    fn a_time_of_day_is_of_the_logs_first_day_where_the_reader_is() {
        // 20:00 in Greenwich is half past one of the next day in India.
        let first = Timestamp::parse_usual(b"2024-12-20T20:00:00Z", &Zone::Utc).map(|(time, _)| time);
        let check = |zone: &Zone, expected: &str| {
            let time = time("01:45", zone, first).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some(expected));
        };
        check(&Zone::Utc, "2024-12-20T01:45:00Z");
        check(&Zone::Fixed(19_800), "2024-12-20T20:15:00Z");
        check(&Zone::Named(jiff::tz::TimeZone::get("Asia/Kolkata").expect("it is known")), "2024-12-20T20:15:00Z");
    }

    #[test]
    fn what_cannot_be_read_is_named_with_what_is_allowed() {
        let some = |text: &str| Some(text.to_owned());
        check(Typed::default(), "all");
        check(Typed { level: some("warn,none"), ..Typed::default() }, "some");
        check(
            Typed { level: some("warn,loud"), ..Typed::default() },
            "level=\"loud\": no such level; allowed are trace",
        );
        check(Typed { source: some("a.log"), ..Typed::default() }, "some");
        check(Typed { level: some("WARN"), ..Typed::default() }, "some");
        check(Typed { level: some(","), ..Typed::default() }, "names no level");
        check(Typed { source: some(" ,"), ..Typed::default() }, "names no source");
        check(Typed { source: some("b,c.log"), ..Typed::default() }, "some");
        check(Typed { source: some("a.log,d.log"), ..Typed::default() }, "\"d.log\": no such source; there are a.log");
        check(Typed { since: some("2024-12-20 03:04"), ..Typed::default() }, "some");
        check(Typed { until: some("yesterday"), ..Typed::default() }, "until=\"yesterday\" is no time");
        check(Typed { pattern: some("("), ..Typed::default() }, "q=\"(\" is no regular expression");
        check(Typed { pattern: some(&"a".repeat(100_000)), ..Typed::default() }, "100000 bytes; the limit is 4096");
        check(Typed { without: some("("), ..Typed::default() }, "not=\"(\" is no regular expression");
        check(Typed { without: some("a"), ..Typed::default() }, "some");
        check(Typed { heads: some("1"), ..Typed::default() }, "some");
        check(Typed { heads: some("0"), ..Typed::default() }, "all");
        check(Typed { heads: some("2"), ..Typed::default() }, "heads=\"2\": give 1 or 0");
        check(Typed { case: some("upper"), ..Typed::default() }, "give smart, match or ignore");
    }
}
