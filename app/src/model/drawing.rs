//! A record's text as its row draws it: its last state, as message and fields where it has such.

use std::borrow::Cow;

use record::wire::Record;

use super::fields::{self, Fields, Form};
use super::style::Role;
use super::text::{Drawn, Run};
use super::{decor, stamp, states, text};

/// Bytes at the start of a line that its own time is looked for in.
const STAMP_BYTES_MAX: usize = 80;

/// A text that is ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Its runs.
    pub runs: Vec<Run>,
    /// How many more states the line went through.
    pub states: usize,
}

/// Draws a record's text; as it was written, if `raw`, and without its time, if that is `timed` in a column of its own.
#[must_use]
pub fn draw(record: &Record, raw: bool, timed: bool) -> Drawing {
    if raw {
        return Drawing { runs: as_written(&record.text), states: 0 };
    }
    if record.cut.is_none()
        && let Some(fields) = fields::read(&record.text)
    {
        return Drawing { runs: draw_fields(&fields, record, timed), states: 0 };
    }
    let (before, shown, count) = states::last(&record.text);
    let mut drawn = Drawn::default();
    drawn.pass(before);
    drawn.write(shown);
    let runs = if timed && record.ts.is_some() { without_stamp(drawn.runs) } else { drawn.runs };
    Drawing { runs: decorated(runs, !record.cont), states: count.saturating_sub(1) }
}

/// A text as it was written, with its colours and links.
#[must_use]
pub fn as_written(text: &str) -> Vec<Run> {
    decorated(text::runs(text), false)
}

/// The message, then the members that no column shows.
fn draw_fields(fields: &Fields<'_>, record: &Record, timed: bool) -> Vec<Run> {
    let mut message = Drawn::default();
    let mut drawn = Drawn::default();
    let said = fields.message();
    if let Some(member) = said.and_then(|place| fields.members.get(place)) {
        message.write(&member.text());
    }
    drawn.extend(decorated(message.runs, false));
    let time = fields.time().filter(|_| timed && record.ts.is_some());
    let level = fields.level().filter(|_| record.level.is_some());
    for (place, member) in fields.members.iter().enumerate() {
        if [said, time, level].contains(&Some(place)) {
            continue;
        }
        if !drawn.runs.is_empty() {
            drawn.write(" ");
        }
        drawn.write_as(&member.key, Role::Key);
        drawn.write("=");
        let value = if fields.form == Form::Json { member.short() } else { Cow::Borrowed(member.raw) };
        let mut alone = Drawn::default();
        alone.write(&value);
        drawn.extend(decorated(alone.runs, false));
    }
    drawn.runs
}

/// The runs with the line's own time in runs of its own.
fn without_stamp(runs: Vec<Run>) -> Vec<Run> {
    let mut start = String::new();
    for run in runs.iter().take_while(|run| run.style.role == Role::Text) {
        start.push_str(&run.text);
        if start.len() >= STAMP_BYTES_MAX {
            break;
        }
    }
    let Some(mut left) = stamp::length(&start) else {
        return runs;
    };
    let mut split = Vec::with_capacity(runs.len() + 1);
    for run in runs {
        let (stamp, rest) = run.text.split_at(left.min(run.text.len()));
        left -= stamp.len();
        let parts = [(stamp, run.style.with(Role::Stamp)), (rest, run.style)];
        let parts = parts.into_iter().filter(|(text, _)| !text.is_empty());
        split.extend(parts.map(|(text, style)| Run { text: text.to_owned(), style }));
    }
    split
}

/// The runs in parts, where something stands out in them.
fn decorated(runs: Vec<Run>, keys: bool) -> Vec<Run> {
    let mut drawn = Drawn::default();
    for run in runs {
        let found = if run.style.role == Role::Text { decor::find(&run.text, keys) } else { Vec::new() };
        let mut done = 0;
        for (range, role) in found {
            drawn.push(run.text.get(done..range.start).unwrap_or_default(), run.style);
            done = range.end;
            drawn.push(run.text.get(range).unwrap_or_default(), run.style.with(role));
        }
        drawn.push(run.text.get(done..).unwrap_or_default(), run.style);
    }
    drawn.runs
}

#[cfg(test)]
mod tests {
    use record::Level;
    use record::wire::Record;

    use super::{Drawing, draw};
    use crate::model::sample;

    fn record(text: &str) -> Record {
        Record {
            n: Some(7),
            ts: Some("2026-11-22T02:14:00.5Z".to_owned()),
            level: Some(Level::Info),
            offset: 12,
            ..sample::record(text)
        }
    }

    /// Each run with its classes in front; a link's are `link`.
    fn told(drawing: &Drawing) -> String {
        let runs = drawing.runs.iter().map(|run| {
            let link = if run.style.role == super::Role::Link { "link" } else { "" };
            match format!("{}{link}", run.style.classes()) {
                plain if plain.is_empty() => run.text.clone(),
                classes => format!("<{classes}:{}>", run.text),
            }
        });
        runs.collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(told(&draw(&record(text), false, true)), expected, "{text:?}");
    }

    #[test]
    fn the_lines_own_time_is_set_apart_and_a_level_stays() {
        check("2026-11-22T02:14:00.5Z INFO hello", "<stamp:2026-11-22T02:14:00.5Z >INFO hello");
        check(
            "\x1b[2m2026-11-22T02:14:00.5Z\x1b[0m \x1b[32m INFO\x1b[0m hello",
            "<dim stamp:2026-11-22T02:14:00.5Z><stamp: ><fg-2 stamp: ><fg-2:INFO> hello",
        );
        let untimed = Record { ts: None, ..record("2026-11-22T02:14:00.5Z x") };
        assert_eq!(told(&draw(&untimed, false, true)), "2026-11-22T02:14:00.5Z x");
    }

    #[test]
    fn json_is_shown_as_message_and_fields() {
        check(
            r#"{"ts":"2026-11-22T02:14:00.5Z","level":"info","user":"ann","msg":"saved it","n":3}"#,
            "saved it <key:user>=ann <key:n>=3",
        );
        check(r#"{"a":"<b>","url":"https://x.example/"}"#, "<key:a>=<b> <key:url>=<link:https://x.example/>");
        check(r#"ts=2026-11-22T02:14:00.5Z level=info msg="saved it" n=3"#, "saved it <key:n>=3");
    }

    #[test]
    fn raw_lines_are_as_they_were_written() {
        let line = r#"{"msg":"x","n":3}"#;
        assert_eq!(told(&draw(&record(line), true, true)), line);
        assert_eq!(told(&draw(&record("a\r\x1b[2Kb"), true, true)), "a<mark:␍␛>[2Kb");
    }

    #[test]
    fn a_line_drawn_over_itself_shows_its_last_state() {
        let drawing = draw(&record("\x1b[32mit 10%|█   |\rit 20%|██  | 2/9\r"), false, true);
        assert_eq!(told(&drawing), "<fg-2:it 20%|><fg-2 fill:██><fg-2 track:  ><fg-2:| 2/9>");
        assert_eq!(drawing.states, 1);
    }

    #[test]
    fn nothing_of_a_line_gets_lost_between_its_runs() {
        for text in ["see https://a.example/x), a=1 b=2 50%|█ | é", "x=\u{202e}y", "{\"a\"", "=", "a=b"] {
            let drawing = draw(&record(text), false, true);
            let whole: String = drawing.runs.iter().map(|run| run.text.as_str()).collect();
            assert_eq!(whole, text.replace('\u{202e}', "<U+202E>"));
        }
    }
}
