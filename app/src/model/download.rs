//! Addresses of a log as a file.

use std::ops::RangeInclusive;

use record::wire::LineFilter;

use super::query;

/// How a file holds lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The lines' bytes.
    Text,
    /// A record in JSON a line.
    Ndjson,
}

/// The address of the lines of `task` that meet `filter`, with so many lines around each match, as a file.
#[must_use]
pub fn address(task: &str, filter: &LineFilter, context: u64, form: Form, gzip: bool) -> String {
    let LineFilter { level, source, since, until, q, case, not, heads } = filter;
    let given = [
        ("level", level),
        ("source", source),
        ("since", since),
        ("until", until),
        ("q", q),
        ("case", case),
        ("not", not),
    ];
    let given = given.into_iter().filter_map(|(name, value)| {
        value.as_ref().filter(|value| !value.is_empty()).map(|value| format!("&{name}={}", query::encode(value)))
    });
    let given: String = given.collect();
    let task = query::encode_path(task).replace('/', "%2F");
    let form = match form {
        Form::Text => "text",
        Form::Ndjson => "ndjson",
    };
    let heads = if *heads { "&heads=1" } else { "" };
    let context = if context > 0 { format!("&context={context}") } else { String::new() };
    let gzip = if gzip { "&gzip=1" } else { "" };
    format!("/api/v1/tasks/{task}/lines?download=1&as={form}{gzip}{given}{heads}{context}")
}

/// The same of some of these lines, counted from 0.
#[must_use]
pub fn part(whole: &str, lines: &RangeInclusive<u64>) -> String {
    format!("{whole}&from={}&limit={}", lines.start() + 1, lines.end() - lines.start() + 1)
}

#[cfg(test)]
mod tests {
    use record::wire::LineFilter;

    use super::{Form, address, part};

    #[test]
    fn an_address_has_the_conditions_that_there_are() {
        let plain = LineFilter::default();
        assert_eq!(
            address("etl/a b", &plain, 0, Form::Text, false),
            "/api/v1/tasks/etl%2Fa%20b/lines?download=1&as=text"
        );
        let filter = LineFilter { q: Some("a&b c".to_owned()), heads: true, not: Some(String::new()), ..plain };
        assert_eq!(
            address("t", &filter, 2, Form::Ndjson, true),
            "/api/v1/tasks/t/lines?download=1&as=ndjson&gzip=1&q=a%26b%20c&heads=1&context=2"
        );
        assert_eq!(part("/lines?as=text", &(9..=19)), "/lines?as=text&from=10&limit=11");
    }
}
