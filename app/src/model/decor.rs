//! What stands out in a text: addresses of the web, names of values, bars.

use std::ops::Range;

use super::style::Role;

/// Characters that a bar is made of, beside spaces.
const FILLS: &str = "█▉▊▋▌▍▎▏▐■▓▒░━#=";

/// Characters of a bar at most.
const BAR_CHARS_MAX: usize = 400;

/// What stands out in `text`, in order and apart from each other; names of values only if `keys`.
#[must_use]
pub fn find(text: &str, keys: bool) -> Vec<(Range<usize>, Role)> {
    let mut found: Vec<(Range<usize>, Role)> = Vec::new();
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        if at < done {
            continue;
        }
        let before = text.len().min(done)..at;
        match byte {
            b':' => {
                if let Some(range) = link(text, before) {
                    done = range.end;
                    found.push((range, Role::Link));
                }
            }
            b'%' => {
                if let Some((fill, track)) = bar(text, at) {
                    done = track.end;
                    found.extend(
                        [(fill, Role::Fill), (track, Role::Track)].into_iter().filter(|(it, _)| !it.is_empty()),
                    );
                }
            }
            b'=' if keys => {
                if let Some(range) = key(text, before) {
                    done = at + 1;
                    found.push((range, Role::Key));
                }
            }
            _ => {}
        }
    }
    found
}

/// An address whose scheme is the end of `before`.
fn link(text: &str, before: Range<usize>) -> Option<Range<usize>> {
    let rest = text.get(before.end..)?.strip_prefix("://")?;
    let ahead = text.get(before.clone())?;
    let length = ["https", "http"].into_iter().find_map(|scheme| {
        let start = ahead.len().checked_sub(scheme.len())?;
        let is_scheme = ahead.get(start..)?.eq_ignore_ascii_case(scheme);
        let apart = !ahead.get(..start)?.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '.'));
        (is_scheme && apart).then_some(scheme.len())
    })?;
    if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '[') {
        return None;
    }
    let ends = |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^'“”‘’«»…".contains(c);
    let body = without_punctuation(rest.split(ends).next().unwrap_or_default());
    (!body.is_empty()).then(|| before.end - length..before.end + 3 + body.len())
}

/// An address without what ends the sentence around it: marks, and brackets that were not opened in it.
fn without_punctuation(address: &str) -> &str {
    let count = |c: char| address.matches(c).count();
    let (mut round, mut square) = (count(')').saturating_sub(count('(')), count(']').saturating_sub(count('[')));
    let mut end = address.len();
    for c in address.chars().rev() {
        match c {
            '.' | ',' | ';' | ':' | '!' | '?' | '*' => {}
            ')' if round > 0 => round -= 1,
            ']' if square > 0 => square -= 1,
            _ => break,
        }
        end -= c.len_utf8();
    }
    address.get(..end).unwrap_or_default()
}

/// The bar of `62%|█████   |`, whose `%` is at `at`: its full part and its empty one.
fn bar(text: &str, at: usize) -> Option<(Range<usize>, Range<usize>)> {
    if !text.get(..at)?.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let body = text.get(at..)?.strip_prefix("%|")?;
    let length = body.find('|')?;
    let inner = body.get(..length)?;
    let track = inner.trim_start_matches(|c| FILLS.contains(c));
    let is_bar =
        !inner.is_empty() && track.chars().all(|c| c == ' ' || c == '-') && inner.chars().count() < BAR_CHARS_MAX;
    let start = at + 2;
    let middle = start + inner.len() - track.len();
    is_bar.then(|| (start..middle, middle..start + length))
}

/// The name before a `=`, which ends `before`.
fn key(text: &str, before: Range<usize>) -> Option<Range<usize>> {
    let value = text.get(before.end + 1..)?;
    if value.is_empty() || value.starts_with(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '~')) {
        return None;
    }
    let ahead = text.get(before)?;
    let rest = ahead.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    let name = ahead.get(rest.len()..)?;
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let apart =
        rest.is_empty() || rest.ends_with(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '{' | ',' | ';'));
    let end = text.len() - value.len() - 1;
    (named && apart).then(|| end - name.len()..end)
}

#[cfg(test)]
mod tests {
    use super::{Role, find};

    #[track_caller]
    fn check(text: &str, role: Role, expected: &[&str]) {
        let found: Vec<_> =
            find(text, true).into_iter().filter(|(_, found)| *found == role).map(|(range, _)| &text[range]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn addresses_of_the_web_end_where_their_text_does() {
        check("see https://a.example/x?y=1&z=[2]. Then", Role::Link, &["https://a.example/x?y=1&z=[2]"]);
        check("(http://a.example/b_(c)) <HTTP://x/>", Role::Link, &["http://a.example/b_(c)", "HTTP://x/"]);
        check("\"url\":\"http://a:80/\",http://[::1]:8080/x", Role::Link, &["http://a:80/", "http://[::1]:8080/x"]);
        check("https://пример.example/é, x", Role::Link, &["https://пример.example/é"]);
    }

    #[test]
    fn an_address_that_ends_in_thousands_of_brackets_takes_no_time() {
        let text = format!("http://a{}", ")".repeat(1 << 16));
        check(&text, Role::Link, &["http://a"]);
    }

    #[test]
    fn nothing_else_becomes_a_link() {
        for text in
            ["javascript://x", "javascript:alert(1)", "xhttp://a", "http://", "http:// a", "s3://a/b", "https:x", "://"]
        {
            check(text, Role::Link, &[]);
        }
    }

    #[test]
    fn names_of_values_are_found_and_comparisons_are_not() {
        check("loss=0.4 lr=3e-4 (a.b=\"c\", d-e=1)", Role::Key, &["loss", "lr", "a.b", "d-e"]);
        check("a==b x != y z = 1 --flag=1 ?q=1&r=2 9=1 =5 n=", Role::Key, &[]);
        check("https://a.example/?x=1 y=2", Role::Key, &["y"]);
    }

    #[test]
    fn a_bar_is_its_full_and_its_empty_part() {
        let text = "shards:  62%|██████▏   | 5533/8924";
        check(text, Role::Fill, &["██████▏"]);
        check(text, Role::Track, &["   "]);
        check("100%|####|", Role::Fill, &["####"]);
        for text in ["5%|a|", "5% |█|", "%|█|", "5%||", "5%|█"] {
            check(text, Role::Fill, &[]);
        }
    }
}
