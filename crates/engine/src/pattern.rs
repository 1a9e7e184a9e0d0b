//! A regular expression that is looked for in lines, in time linear to their length.

use grep_matcher::{LineMatchKind, Matcher};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use memchr::{memchr, memrchr};
use record::text;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::limits::{PATTERN_BYTES_MAX, PATTERN_NESTING_MAX, PATTERN_PROGRAM_BYTES_MAX};
use crate::stream::without_return;

/// How upper and lower case are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Case {
    /// They are, where the pattern has a letter in upper case.
    #[default]
    Smart,
    /// They are.
    Match,
    /// They are not.
    Ignore,
}

/// Why a pattern is not looked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PatternError {
    /// It is too long to be typed by anyone.
    #[error("it has {bytes} bytes; the limit is {PATTERN_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It is no regular expression.
    #[error("{0}")]
    Syntax(String),
    /// It would need too much memory.
    #[error("{0}")]
    TooLarge(String),
}

/// A regular expression (the syntax of the `regex` crate), ready to be looked for in a line's text.
///
/// `^` and `$` are the line's ends. What it matches never reaches beyond a line.
#[derive(Clone, Debug)]
pub struct Pattern {
    matcher: RegexMatcher,
    differs: Differs,
}

/// Where the pattern may say otherwise of a line's bytes than of its text, so that the text must be made first.
#[derive(Clone, Copy, Debug, Default)]
struct Differs {
    /// On bytes that are no UTF-8: it may match the U+FFFD that stands for them.
    on_bad_bytes: bool,
    /// At a carriage return, which is no part of the text at its end.
    on_returns: bool,
    /// Always: it asks for the start or the end of the whole text.
    always: bool,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// [`PatternError`], in words for who typed it.
    pub fn new(pattern: &str, case: Case) -> Result<Self, PatternError> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(PatternError::TooLong { bytes: pattern.len() });
        }
        let hir = ParserBuilder::new()
            .multi_line(true)
            .utf8(false)
            .nest_limit(PATTERN_NESTING_MAX)
            .build()
            .parse(pattern)
            .map_err(|error| invalid(&error))?;
        let matcher = RegexMatcherBuilder::new()
            .multi_line(true)
            .case_smart(case == Case::Smart)
            .case_insensitive(case == Case::Ignore)
            .line_terminator(Some(b'\n'))
            .nest_limit(PATTERN_NESTING_MAX)
            .size_limit(PATTERN_PROGRAM_BYTES_MAX)
            .dfa_size_limit(PATTERN_PROGRAM_BYTES_MAX)
            .build(pattern)
            .map_err(|error| PatternError::TooLarge(error.to_string()))?;
        let mut differs = Differs::default();
        differs.look_at(&hir);
        Ok(Self { matcher, differs })
    }

    /// The pattern is found in a line's text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.matcher.is_match(text.as_bytes()).unwrap_or(false)
    }

    /// Calls `found` with where each line that may match begins in `lines`: whole lines of UTF-8, each with its
    /// newline but perhaps the last. Lines that are left out do not match.
    pub(crate) fn candidates(&self, lines: &[u8], mut found: impl FnMut(usize)) {
        let Differs { on_bad_bytes, on_returns, always } = self.differs;
        if always
            || on_returns && memchr(b'\r', lines).is_some()
            || on_bad_bytes && simdutf8::basic::from_utf8(lines).is_err()
        {
            let mut start = 0;
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                let content = without_return(line.strip_suffix(b"\n").unwrap_or(line));
                if self.is_match(&text::decode(content, content.len() as u64).text) {
                    found(start);
                }
                start += line.len();
            }
            return;
        }
        let mut at = 0;
        // A matcher of regular expressions has no error to give.
        while let Ok(Some(LineMatchKind::Confirmed(near) | LineMatchKind::Candidate(near))) =
            self.matcher.find_candidate_line(&lines[at..])
        {
            // An empty match may lie behind the last newline, where there is no line.
            let near = at + near;
            let start = memrchr(b'\n', &lines[..near]).map_or(0, |newline| newline + 1);
            if start == lines.len() {
                break;
            }
            found(start);
            match memchr(b'\n', &lines[near..]) {
                Some(newline) if near + newline + 1 < lines.len() => at = near + newline + 1,
                _ => break,
            }
        }
    }
}

/// What is wrong, and at which byte, without the drawing that the parser makes of it.
fn invalid(error: &regex_syntax::Error) -> PatternError {
    PatternError::Syntax(match error {
        regex_syntax::Error::Parse(error) => format!("{} at byte {}", error.kind(), error.span().start.offset),
        regex_syntax::Error::Translate(error) => format!("{} at byte {}", error.kind(), error.span().start.offset),
        other => other.to_string(),
    })
}

impl Differs {
    fn look_at(&mut self, hir: &Hir) {
        for look in hir.properties().look_set().iter() {
            match look {
                Look::StartLF | Look::WordUnicode | Look::WordAscii => {}
                Look::EndLF => self.on_returns = true,
                Look::Start | Look::End => self.always = true,
                _ => {
                    self.on_bad_bytes = true;
                    self.on_returns = true;
                }
            }
        }
        self.look_at_classes(hir);
    }

    fn look_at_classes(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Class(Class::Unicode(class)) => {
                let has = |range: &regex_syntax::hir::ClassUnicodeRange| {
                    (range.start()..=range.end()).contains(&char::REPLACEMENT_CHARACTER)
                };
                self.on_bad_bytes |= class.ranges().iter().any(has);
            }
            HirKind::Class(Class::Bytes(class)) => self.on_bad_bytes |= !class.is_ascii(),
            HirKind::Literal(literal) => {
                self.on_bad_bytes |=
                    std::str::from_utf8(&literal.0).map_or(true, |text| text.contains(char::REPLACEMENT_CHARACTER));
            }
            HirKind::Repetition(repetition) => self.look_at_classes(&repetition.sub),
            HirKind::Capture(capture) => self.look_at_classes(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                for part in parts {
                    self.look_at_classes(part);
                }
            }
            HirKind::Empty | HirKind::Look(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The candidates that are confirmed are the lines whose text matches.
    #[track_caller]
    fn check(pattern: &str, lines: &[u8], expected: &[usize]) {
        let pattern = Pattern::new(pattern, Case::Smart).expect("a pattern");
        let all: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
        let matches = |line: &[u8]| {
            let content = without_return(line.strip_suffix(b"\n").unwrap_or(line));
            pattern.is_match(&text::decode(content, content.len() as u64).text)
        };
        let by_line: Vec<usize> = (0..all.len()).filter(|at| matches(all[*at])).collect();
        assert_eq!(by_line, expected, "line by line");
        let mut found = Vec::new();
        pattern.candidates(lines, |start| {
            let at = memchr::memchr_iter(b'\n', &lines[..start]).count();
            if matches(all[at]) {
                found.push(at);
            }
        });
        assert_eq!(found, expected, "all at once");
    }

    #[test]
    fn a_line_is_found_by_its_text() {
        check("b", b"abc\nxyz\nB b", &[0, 2]);
        check("B", b"abc\nxyz\nB b\n", &[2]);
        check("(?i)B", b"abc\nxyz\nB b\n", &[0, 2]);
        check("^x", b"ax\nxa\n\nx", &[1, 3]);
        check("^$", b"a\n\nb\n", &[1]);
        check("", b"a\n\nb\n", &[0, 1, 2]);
        check("", b"", &[]);
    }

    #[test]
    fn the_end_of_a_text_is_before_a_carriage_return() {
        check("a$", b"a\r\nab\r\na\n", &[0, 2]);
        check("^$", b"\r\na\r\n", &[0]);
        check("a\\s", b"a\r\na b\r\n", &[1]);
        check("\\Aa", b"a\nba\na\r\n", &[0, 2]);
        check("a\\z", b"a\nab\nba\r\n", &[0, 2]);
    }

    #[test]
    fn what_is_no_utf_8_is_matched_as_the_character_that_stands_for_it() {
        check("a.b", b"a\xffb\naxb\nab\n", &[0, 1]);
        check("\u{fffd}", b"a\xffb\naxb\n", &[0]);
        check("[^x]b", b"\xffb\nxb\n", &[0]);
        check("é", b"\xc3\xa9\n\xe1\xc3\xa9\n\xc3\n", &[0, 1]);
    }

    #[test]
    fn nothing_is_matched_across_lines() {
        check("a\\s+b", b"a\nb\na  b\n", &[2]);
        check("(?s)a.*b", b"a\nb\na  b\n", &[2]);
        check("[^x]+z", b"aa\naz\n", &[1]);
    }

    #[test]
    fn a_pattern_that_is_none_says_why() {
        let error = |pattern: &str| Pattern::new(pattern, Case::Smart).expect_err("none").to_string();
        assert!(error("(").contains("unclosed group"), "{}", error("("));
        assert!(error(&"a".repeat(100 << 10)).contains("102400 bytes"));
        assert!(error("(?:(?:a{1000}){1000}){1000}").contains("limit"), "{}", error("(?:(?:a{1000}){1000}){1000}"));
        assert!(error(&["(".repeat(99), ")".repeat(99)].concat()).contains("nest"));
    }
}
