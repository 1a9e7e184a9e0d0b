//! The members of a line that is a JSON object or logfmt, and the message among them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::decor;
use super::find::escaped;
use super::stamp;
use super::style::Role;

/// Names of the member that says what happened, the most telling first.
const MESSAGES: [&str; 5] = ["message", "msg", "event", "log", "text"];

/// Names of the member that has the line's time, the most trusted first.
const TIMES: [&str; 9] =
    ["timestamp", "@timestamp", "ts", "time", "datetime", "asctime", "date", "t", "__REALTIME_TIMESTAMP"];

/// Names of the member that has its level, the most trusted first.
const LEVELS: [&str; 5] = ["level", "lvl", "severity", "levelname", "log.level"];

/// Spaces that a level of pretty JSON is moved in by.
const INDENT: usize = 2;

/// Levels that pretty JSON is moved in by at most.
const INDENT_MAX: usize = 40;

/// How a line spells its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON object.
    Json,
    /// `key=value`, and nothing else.
    Logfmt,
    /// Text with a `key=value` here and there.
    Text,
}

/// A line's members, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields<'a> {
    /// How they are spelled.
    pub form: Form,
    /// The members.
    pub members: Vec<Member<'a>>,
}

/// A member: its name, and its value as the line spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name.
    pub key: Cow<'a, str>,
    /// Its value, with the quotation marks that are around it.
    pub raw: &'a str,
}

/// The members of a line; none where it has none. Linear in its length, however deep it is nested.
#[must_use]
pub fn read(text: &str) -> Option<Fields<'_>> {
    json(text).or_else(|| logfmt(text))
}

/// As [`read`], or else the `key=value` that stand in other text.
#[must_use]
pub fn find(text: &str) -> Option<Fields<'_>> {
    read(text).or_else(|| {
        let members: Vec<_> = decor::find(text, true)
            .into_iter()
            .filter(|(_, role)| *role == Role::Key)
            .filter_map(|(range, _)| {
                let value = text.get(range.end + 1..)?;
                let end = if value.starts_with('"') {
                    quoted(value)?
                } else {
                    value.find(|c: char| c.is_whitespace() || ",;)]}".contains(c)).unwrap_or(value.len())
                };
                Some(Member {
                    key: Cow::Borrowed(text.get(range)?),
                    raw: value.get(..end).filter(|it| !it.is_empty())?,
                })
            })
            .collect();
        (!members.is_empty()).then_some(Fields { form: Form::Text, members })
    })
}

impl Fields<'_> {
    /// The member that says what happened.
    #[must_use]
    pub fn message(&self) -> Option<usize> {
        MESSAGES
            .iter()
            .find_map(|name| self.place(name, |member| self.form != Form::Json || member.raw.starts_with('"')))
    }

    /// The member that has the line's time.
    #[must_use]
    pub fn time(&self) -> Option<usize> {
        TIMES.iter().find_map(|name| {
            self.place(name, |member| {
                let text = member.text();
                let number = text.split('.').next().unwrap_or_default();
                let counted = (9..=19).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
                counted || stamp::is_time(&text)
            })
        })
    }

    /// The member that has its level.
    #[must_use]
    pub fn level(&self) -> Option<usize> {
        LEVELS.iter().find_map(|name| self.place(name, |member| !member.raw.starts_with(['{', '['])))
    }

    fn place(&self, name: &str, fits: impl Fn(&Member<'_>) -> bool) -> Option<usize> {
        self.members.iter().position(|member| member.key == name && fits(member))
    }
}

impl Member<'_> {
    /// What the value says: a string's text, else the value as it is spelled.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        if !self.raw.starts_with('"') {
            return Cow::Borrowed(self.raw);
        }
        serde_json::from_str::<String>(self.raw).map_or_else(|_| Cow::Borrowed(self.raw.trim_matches('"')), Cow::Owned)
    }

    /// The value as a row shows it: a string without its quotation marks where that cannot be taken for another.
    #[must_use]
    pub fn short(&self) -> Cow<'_, str> {
        let inner = self.raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let simple = inner.filter(|inner| {
            let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\\' | '=' | '{' | '[');
            !inner.is_empty() && inner.chars().all(plain)
        });
        Cow::Borrowed(simple.unwrap_or(self.raw))
    }

    /// Whether it is an object or an array.
    #[must_use]
    pub fn is_nested(&self) -> bool {
        self.raw.starts_with(['{', '['])
    }

    /// A regular expression that finds lines with this very value.
    #[must_use]
    pub fn pattern(&self, form: Form) -> String {
        match form {
            Form::Json => {
                let key = serde_json::to_string(&self.key).unwrap_or_default();
                let end = if self.raw.ends_with(['"', '}', ']']) { "" } else { r"\s*[,}]" };
                format!(r"{}\s*:\s*{}{end}", escaped(&key), escaped(self.raw))
            }
            Form::Logfmt | Form::Text => {
                let end = if self.raw.ends_with('"') { "" } else { r"([\s,;)\]}]|$)" };
                format!(r"\b{}={}{end}", escaped(&self.key), escaped(self.raw))
            }
        }
    }
}

/// JSON with a line for each member. Values that are no JSON stay as they are.
#[must_use]
pub fn pretty(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut chars = raw.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth.min(INDENT_MAX) * INDENT));
    };
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.peek().is_some_and(char::is_ascii_whitespace) {
                    chars.next();
                }
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

fn json(text: &str) -> Option<Fields<'_>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let members = serde_json::from_str::<Members<'_>>(text).ok()?.0;
    (!members.is_empty()).then_some(Fields { form: Form::Json, members })
}

fn logfmt(text: &str) -> Option<Fields<'_>> {
    let mut members = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, value) = rest.split_once('=')?;
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@' | '/');
        if key.is_empty() || !key.chars().all(named) {
            return None;
        }
        let end = if value.starts_with('"') { quoted(value)? } else { value.find(' ').unwrap_or(value.len()) };
        let (raw, after) = value.split_at_checked(end)?;
        if !raw.starts_with('"') && raw.contains('"') || !(after.is_empty() || after.starts_with(' ')) {
            return None;
        }
        members.push(Member { key: Cow::Borrowed(key), raw });
        rest = after.trim_start();
    }
    (members.len() >= 2).then_some(Fields { form: Form::Logfmt, members })
}

/// How many bytes the quoted string takes that `text` starts with.
fn quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map(|(at, _)| at + 1)
}

/// An object's members in their order, their values where they lie: nothing is built, so nothing overflows.
struct Members<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Self)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            members.push(Member { key: Cow::Owned(key), raw: map.next_value::<&'de RawValue>()?.get() });
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, find, pretty, read};

    #[track_caller]
    fn members(text: &str) -> Vec<(String, String)> {
        let fields = read(text).unwrap();
        fields.members.iter().map(|member| (member.key.to_string(), member.short().to_string())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_object_has_its_members_in_its_order() {
        let text = r#" {"z":"a b","a":"x","n":1.50,"o":{"k":[1, 2]},"e":"","q":"a\"b"} "#;
        let expected = pairs(&[
            ("z", "\"a b\""),
            ("a", "x"),
            ("n", "1.50"),
            ("o", "{\"k\":[1, 2]}"),
            ("e", "\"\""),
            ("q", r#""a\"b""#),
        ]);
        assert_eq!(members(text), expected);
        assert_eq!(read(text).unwrap().members[5].text(), "a\"b");
    }

    #[test]
    fn logfmt_is_nothing_but_pairs() {
        let expected = pairs(&[("ts", "2026-11-22T02:14:00Z"), ("msg", "\"a b=c\""), ("n", "1"), ("e", "")]);
        assert_eq!(members(r#"ts=2026-11-22T02:14:00Z msg="a b=c" n=1 e="#), expected);
        for text in ["a=1", "a=1 b", "said a=1 b=2", "a=1 b=\"x", "a=\"x\"y b=1", "=1 =2", "", "x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn message_time_and_level_are_told_by_their_names() {
        let fields =
            read(r#"{"t":5,"severity":"INFO","ts":1734663845.5,"event":"e","msg":"m","log":{"level":"x"}}"#).unwrap();
        assert_eq!((fields.message(), fields.time(), fields.level()), (Some(4), Some(2), Some(1)));
        let fields = read(r#"{"time":"noon","log":{"a":1}}"#).unwrap();
        assert_eq!((fields.message(), fields.time(), fields.level()), (None, None, None));
    }

    #[test]
    fn depth_and_length_do_no_harm() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(read(&deep).map(|fields| fields.members.len()), Some(1));
        assert!(pretty(&deep).len() < 4_000_000);
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
        assert_eq!(read(&long).map(|fields| fields.members.len()), Some(1));
        for broken in ["{", "{\"a\":", "{}x", "{\"a\":1", "[1]", "{}"] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_pattern_finds_the_value_and_no_other() {
        let fields = read(r#"{"path":"/a.b?c","n":1}"#).unwrap();
        assert_eq!(fields.members[0].pattern(Form::Json), r#""path"\s*:\s*"/a\.b\?c""#);
        assert_eq!(fields.members[1].pattern(Form::Json), r#""n"\s*:\s*1\s*[,}]"#);
        let fields = find("saved shard=88, lr=3.0").unwrap();
        let patterns: Vec<_> = fields.members.iter().map(|member| member.pattern(fields.form)).collect();
        assert_eq!(patterns, [r"\bshard=88([\s,;)\]}]|$)", r"\blr=3\.0([\s,;)\]}]|$)"]);
    }

    #[test]
    fn pretty_json_has_a_line_for_each_member() {
        assert_eq!(
            pretty(r#"{"a":[1,{}],"b":"x,{\"y"}"#),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"x,{\\\"y\"\n}"
        );
    }
}
