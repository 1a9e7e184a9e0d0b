//! Finding what is searched for in the lines at hand, so that it can be marked.
//!
//! The server counts; this only shows where. Its expressions are those of the `regex` family without Unicode tables: what
//! it cannot read, or cannot tell apart, is not marked.

use regex_lite::{Regex, RegexBuilder};

/// Marks in a line at most.
const MARKS_MAX: usize = 200;

/// Bytes that a compiled expression may take.
const SIZE_MAX: usize = 1 << 20;

/// A search, ready to be looked for in lines.
#[derive(Clone, Debug)]
pub struct Finder(Regex);

impl Finder {
    /// Reads an expression; `case` is as in addresses: without one, capitals count where the expression has some.
    #[must_use]
    pub fn new(q: &str, case: Option<&str>) -> Option<Self> {
        let ignore = match case {
            Some("match") => false,
            Some("ignore") => true,
            _ => !has_capital(q),
        };
        let built = RegexBuilder::new(q).case_insensitive(ignore).size_limit(SIZE_MAX).build();
        built.ok().map(Self)
    }

    /// Where it is in a line: byte ranges, none of them empty.
    #[must_use]
    pub fn marks(&self, text: &str) -> Vec<(usize, usize)> {
        let found = self.0.find_iter(text).map(|found| (found.start(), found.end()));
        found.filter(|(start, end)| start < end).take(MARKS_MAX).collect()
    }
}

/// A capital that stands for itself: one after a backslash names a class.
fn has_capital(q: &str) -> bool {
    let mut escaped = false;
    q.chars().any(|c| {
        let counts = !escaped && c.is_uppercase();
        escaped = c == '\\' && !escaped;
        counts
    })
}

/// What was typed as plain text, as the expression that finds it.
#[must_use]
pub fn escaped(text: &str) -> String {
    regex_lite::escape(text)
}

/// The plain text that an expression finds; none where it is more than a text.
#[must_use]
pub fn plain(q: &str) -> Option<String> {
    let mut text = String::with_capacity(q.len());
    let mut rest = q.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => text.push(rest.next().filter(|c| c.is_ascii_punctuation())?),
            '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{Finder, escaped, plain};

    #[track_caller]
    fn check(q: &str, case: Option<&str>, text: &str, expected: &[&str]) {
        let finder = Finder::new(q, case).unwrap();
        let found: Vec<_> = finder.marks(text).into_iter().map(|(start, end)| &text[start..end]).collect();
        assert_eq!(found, expected, "{q} in {text}");
    }

    #[test]
    fn every_place_is_marked_and_capitals_count_where_there_are_some() {
        check("err", None, "Err err ERROR", &["Err", "err", "ERR"]);
        check("Err", None, "Err err ERROR", &["Err"]);
        check("err", Some("match"), "Err err", &["err"]);
        check("Err", Some("ignore"), "Err err", &["Err", "err"]);
        check(r"\D+x", None, "12abX", &["abX"]);
        check("x*", None, "axxb", &["xx"]);
    }

    #[test]
    fn a_plain_text_and_its_expression_are_inverse() {
        for text in ["", "shard 88", "10.0.3.7:443", "a(b) [c] {d} ^$ | \\ # & - ~", "é🙂"] {
            assert_eq!(plain(&escaped(text)).as_deref(), Some(text));
        }
        for q in ["a.b", r"\d+", "(a)", "x|y", r"\"] {
            assert_eq!(plain(q), None, "{q}");
        }
        assert_eq!(plain("a-b").as_deref(), Some("a-b"));
    }

    #[test]
    fn an_expression_that_cannot_be_read_marks_nothing() {
        assert!(Finder::new("(", None).is_none());
        assert!(Finder::new(&"(a{1000}){1000}".repeat(3), None).is_none());
    }
}
