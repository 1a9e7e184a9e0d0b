//! The parameters of an address: each is read or refused by name.

use record::wire::ApiError;

use crate::filters::Typed;
use crate::problem::bad_parameter;

/// The parameters that choose lines.
pub const FILTERS: &[&str] = &["level", "source", "q", "case", "since", "until", "not", "heads"];

/// The parameters of one request, each given once.
#[derive(Debug)]
pub struct Query {
    given: Vec<(String, String)>,
}

impl Query {
    /// Reads a query; `allowed` are the names it may have.
    ///
    /// # Errors
    ///
    /// 400 for a name that is not allowed, or given twice.
    pub fn read(query: Option<&str>, allowed: &[&str]) -> Result<Self, ApiError> {
        let mut given: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if !allowed.contains(&&*name) {
                let allowed = allowed.join(", ");
                return Err(bad_parameter(format!("there is no parameter {name:?} here; allowed are {allowed}")));
            }
            if given.iter().any(|(other, _)| *other == name) {
                return Err(bad_parameter(format!("{name} is given twice")));
            }
            given.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self { given })
    }

    /// The value of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter as a whole number that is at least `least`.
    ///
    /// # Errors
    ///
    /// 400 for anything else.
    pub fn number(&self, name: &str, least: u64) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if number >= least => Ok(Some(number)),
            _ => {
                let max = u64::MAX;
                Err(bad_parameter(format!("{name}={text:?}: give a whole number from {least} to {max}")))
            }
        }
    }

    /// A parameter that is set with `1`.
    ///
    /// # Errors
    ///
    /// 400 for what is neither `1` nor `0`.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name) {
            Some("1") => Ok(true),
            None | Some("" | "0") => Ok(false),
            Some(other) => Err(bad_parameter(format!("{name}={other:?}: give 1 or 0"))),
        }
    }

    /// The parameters of [`FILTERS`]; those that are empty count as not given.
    pub fn filter(&self) -> Typed {
        let text = |name| self.text(name).filter(|text| !text.is_empty()).map(ToOwned::to_owned);
        Typed {
            level: text("level"),
            source: text("source"),
            since: text("since"),
            until: text("until"),
            pattern: text("q"),
            case: text("case"),
            without: text("not"),
            heads: text("heads"),
        }
    }

    /// Which of these parameters was given; none or one.
    ///
    /// # Errors
    ///
    /// 400 where there are several.
    pub fn one_of<'a>(&self, names: &[&'a str]) -> Result<Option<&'a str>, ApiError> {
        let mut given = names.iter().filter(|name| self.text(name).is_some());
        match (given.next(), given.next()) {
            (Some(first), Some(second)) => Err(bad_parameter(format!(
                "{first} and {second} cannot both be given: give one of {}",
                names.join(", ")
            ))),
            (first, _) => Ok(first.copied()),
        }
    }
}
