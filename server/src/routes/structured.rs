//! Structured fields of HTTP headers (RFC 8941), as far as they are needed: items that are integers or booleans.

use axum::http::{HeaderMap, HeaderName};
use record::wire::ApiError;

use crate::problem::bad_parameter;

/// A value that an item may have.
pub trait Value: Sized {
    /// What is allowed, for people.
    const ALLOWED: &'static str;

    /// Reads it at the start of a text; what follows comes with it.
    fn parse(text: &str) -> Option<(Self, &str)>;
}

/// An integer that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer(pub u64);

impl Value for Integer {
    const ALLOWED: &'static str = "a whole number of at most 15 digits, such as 4096";

    fn parse(text: &str) -> Option<(Self, &str)> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = text.split_at(digits);
        // Section 3.3.1: 15 digits at most; a point would make it a decimal.
        let number = Some(number).filter(|_| digits <= 15 && !rest.starts_with('.'))?;
        Some((Self(number.parse().ok()?), rest))
    }
}

/// A boolean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boolean(pub bool);

impl Value for Boolean {
    const ALLOWED: &'static str = "?1 or ?0";

    fn parse(text: &str) -> Option<(Self, &str)> {
        let yes = text.strip_prefix("?1").map(|rest| (Self(true), rest));
        yes.or_else(|| text.strip_prefix("?0").map(|rest| (Self(false), rest)))
    }
}

/// The item in a header; none where the header is missing. Its parameters are passed over.
///
/// # Errors
///
/// 400 for anything else, naming the header and what is allowed.
pub fn read<V: Value>(headers: &HeaderMap, name: &HeaderName) -> Result<Option<V>, ApiError> {
    let mut lines = headers.get_all(name).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let text = line.to_str().ok().filter(|_| lines.next().is_none());
    let value = text.and_then(|text| item(text.trim_matches(' ')));
    value.map(Some).ok_or_else(|| {
        let given: Vec<_> = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        let given: String = given.join(", ").chars().take(100).collect();
        bad_parameter(format!("{name}: {given:?}: give {}, once (RFC 8941)", V::ALLOWED))
    })
}

/// A value with its parameters (section 3.1.2), and nothing else.
fn item<V: Value>(text: &str) -> Option<V> {
    let (value, mut rest) = V::parse(text)?;
    while let Some(parameter) = rest.strip_prefix(';') {
        rest = after_parameter(parameter.trim_start_matches(' '))?;
    }
    rest.is_empty().then_some(value)
}

/// What follows a parameter's name and value.
fn after_parameter(text: &str) -> Option<&str> {
    let is_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte);
    let key = text.bytes().take_while(|byte| is_key(*byte)).count();
    if !text.starts_with(|char: char| char.is_ascii_lowercase() || char == '*') {
        return None;
    }
    let Some(value) = text[key..].strip_prefix('=') else { return Some(&text[key..]) };
    if let Some(string) = value.strip_prefix('"') {
        let mut escaped = false;
        for (at, byte) in string.bytes().enumerate() {
            match byte {
                b'"' if !escaped => return Some(&string[at + 1..]),
                b'"' | b'\\' if escaped => escaped = false,
                _ if escaped => return None,
                b'\\' => escaped = true,
                b' '..=b'~' => {}
                _ => return None,
            }
        }
        return None;
    }
    // Numbers, booleans, tokens and byte sequences: none of them holds a semicolon, a comma or a space.
    let count = value.bytes().take_while(|byte| byte.is_ascii_graphic() && !b";,\"\\".contains(byte)).count();
    (count > 0).then(|| &value[count..])
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check<V: Value + PartialEq + std::fmt::Debug>(lines: &[&str], expected: Option<Option<V>>) {
        let name = HeaderName::from_static("upload-offset");
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, HeaderValue::from_bytes(line.as_bytes()).expect("a header"));
        }
        let read = read::<V>(&headers, &name);
        if let Err(error) = &read {
            assert!(
                error.status == 400 && error.detail.contains("upload-offset") && error.detail.contains(V::ALLOWED),
                "{error:?}"
            );
        }
        assert_eq!(read.ok(), expected, "{lines:?}");
    }

    #[test]
    fn items_are_read_and_nothing_else() {
        check(&["0"], Some(Some(Integer(0))));
        check(&[" 007 "], Some(Some(Integer(7))));
        check(&["999999999999999"], Some(Some(Integer(999_999_999_999_999))));
        check(&["5;a;b=?1; c=\"x;\\\"y\";d=tok/en"], Some(Some(Integer(5))));
        check::<Integer>(&[], Some(None));
        for wrong in [
            "",
            "-1",
            "-0",
            "+1",
            "1.0",
            "1000000000000000",
            "0x10",
            "5 6",
            "5,6",
            "five",
            "?1",
            "5;",
            "5;A",
            "5;a=",
            "5;a=\"x",
            "é",
        ] {
            check::<Integer>(&[wrong], None);
        }
        check::<Integer>(&["5", "5"], None);
        check(&["?1"], Some(Some(Boolean(true))));
        check(&["?0;x=1"], Some(Some(Boolean(false))));
        for wrong in ["1", "true", "?", "?2", "?10", "? 1", "?1, ?1"] {
            check::<Boolean>(&[wrong], None);
        }
    }
}
