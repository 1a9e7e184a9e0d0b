//! Filters as they are typed, on the command line and in addresses, and what they mean.

use std::sync::Arc;

use engine::{Case, Filter, Input, Levels, Pattern};
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
            pattern: self.pattern(typed)?,
        })
    }

    fn levels(&self, text: &str) -> Result<Levels, String> {
        names(text).try_fold(Levels::default(), |levels, name| {
            if name == "none" {
                return Ok(levels.with(None));
            }
            Level::parse(name).map(|level| levels.with(Some(level))).ok_or_else(|| {
                let allowed: Vec<_> = Level::ALL.iter().map(|level| level.name()).collect();
                let option = self.spelling.name("level");
                format!("{option}{name:?}: no such level; allowed are {} and none, between commas", allowed.join(", "))
            })
        })
    }

    fn sources(&self, text: &str) -> Result<Arc<[bool]>, String> {
        // An id may have a comma in it.
        let wanted: Vec<&str> = if self.ids.iter().any(|id| id == text) { vec![text] } else { names(text).collect() };
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

    fn pattern(&self, typed: &Typed) -> Result<Option<Arc<Pattern>>, String> {
        let case = match typed.case.as_deref() {
            None => self.case,
            Some("smart") => Case::Smart,
            Some("match") => Case::Match,
            Some("ignore") => Case::Ignore,
            Some(other) => {
                return Err(format!("{}{other:?}: give smart, match or ignore", self.spelling.name("case")));
            }
        };
        let Some(text) = typed.pattern.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let pattern = Pattern::new(text, case).map_err(|error| {
            let start: String = text.chars().take(60).collect();
            let dots = if start.len() < text.len() { "…" } else { "" };
            format!(
                "{}{start:?}{dots} is no regular expression that can be looked for: {error}; a text with signs in it \
                 is written with \\ before them, such as \\( or \\[",
                self.spelling.name("grep")
            )
        })?;
        Ok(Some(Arc::new(pattern)))
    }
}

/// The earliest key that the first lines of these sources have.
pub fn first_key(inputs: &[Input]) -> Option<Timestamp> {
    inputs.iter().map(|input| input.origin.first_key).min()
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
    let day = || Some(first?.to_string().split('T').next()?.to_owned());
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
    fn what_cannot_be_read_is_named_with_what_is_allowed() {
        let some = |text: &str| Some(text.to_owned());
        check(Typed::default(), "all");
        check(Typed { level: some("warn,none"), ..Typed::default() }, "some");
        check(
            Typed { level: some("warn,loud"), ..Typed::default() },
            "level=\"loud\": no such level; allowed are trace",
        );
        check(Typed { source: some("a.log"), ..Typed::default() }, "some");
        check(Typed { source: some("b,c.log"), ..Typed::default() }, "some");
        check(Typed { source: some("a.log,d.log"), ..Typed::default() }, "\"d.log\": no such source; there are a.log");
        check(Typed { since: some("2024-12-20 03:04"), ..Typed::default() }, "some");
        check(Typed { until: some("yesterday"), ..Typed::default() }, "until=\"yesterday\" is no time");
        check(Typed { pattern: some("("), ..Typed::default() }, "q=\"(\" is no regular expression");
        check(Typed { pattern: some(&"a".repeat(100_000)), ..Typed::default() }, "100000 bytes; the limit is 4096");
        check(Typed { case: some("upper"), ..Typed::default() }, "give smart, match or ignore");
    }
}
