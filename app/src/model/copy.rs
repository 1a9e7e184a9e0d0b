//! Lines as they are copied: plain, with their times, as Markdown, or as records.

use record::wire::Record;

use super::drawing;
use super::selection::Selection;
use super::style::Role;
use super::view::View;

/// Bytes that are copied at most; more is downloaded.
pub const COPY_BYTES_MAX: usize = 8 << 20;

/// What a copy looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What the rows say.
    Plain,
    /// The same, with each line's time and source before it.
    Times,
    /// A fenced block with a link to the first line.
    Markdown,
    /// Records as JSON, one a line.
    Ndjson,
}

/// A copy that grows line by line.
#[derive(Debug)]
pub struct Copy {
    form: Form,
    selection: Selection,
    text: String,
}

impl Copy {
    /// An empty copy of what is selected.
    #[must_use]
    pub fn new(form: Form, selection: Selection) -> Self {
        let text = if form == Form::Markdown { "```text\n".to_owned() } else { String::new() };
        Self { form, selection, text }
    }

    /// Adds a line, as the view draws it; of its row what is selected, without a row all of it. Says whether there is room for more.
    pub fn push(&mut self, row: Option<u64>, record: &Record, view: &View) -> bool {
        match self.form {
            Form::Ndjson => self.text.push_str(&serde_json::to_string(record).unwrap_or_default()),
            Form::Times => {
                let ts = record.ts.as_deref().unwrap_or_default();
                let (drawn, stamp) = drawn(record, view);
                let text = drawn.get(stamp..).unwrap_or_default();
                self.text.push_str(&format!("{ts:<24} {} {text}", record.source));
            }
            Form::Plain | Form::Markdown => {
                let (drawn, stamp) = drawn(record, view);
                let part = row.and_then(|row| self.selection.part(row, drawn.len())).unwrap_or(0..drawn.len());
                let part = part.start.max(stamp)..part.end.max(stamp);
                self.text.push_str(drawn.get(part).unwrap_or(&drawn));
            }
        }
        self.text.push('\n');
        self.text.len() <= COPY_BYTES_MAX
    }

    /// All of it; `link` leads to its first line.
    #[must_use]
    pub fn finish(mut self, link: &str) -> String {
        if self.form == Form::Markdown {
            self.text.push_str(&format!("```\n[{link}]({link})\n"));
        } else if !self.selection.lines && self.form == Form::Plain {
            self.text.pop();
        }
        self.text
    }
}

/// What a row says of a record, with nothing unseen in it; and how many bytes of that are its time, which stands in the
/// column of times.
fn drawn(record: &Record, view: &View) -> (String, usize) {
    let runs = drawing::draw(record, view.raw, !view.hidden.has("time")).runs;
    let stamp = runs.iter().take_while(|run| run.style.role == Role::Stamp).map(|run| run.text.len()).sum();
    (runs.into_iter().map(|run| run.text).collect(), if view.raw { 0 } else { stamp })
}

#[cfg(test)]
mod tests {
    use record::wire::Record;

    use super::{Copy, Form, Selection};
    use crate::model::sample;
    use crate::model::selection::Point;
    use crate::model::view::View;

    fn record(n: u64, text: &str) -> Record {
        Record { n: Some(n), ts: Some("2026-11-22T02:14:00Z".to_owned()), offset: n, ..sample::record(text) }
    }

    fn copied(form: Form, selection: Selection) -> String {
        let mut copy = Copy::new(form, selection);
        for (line, text) in [(0, "\u{1b}[31mfirst\u{1b}[0m one"), (1, "second"), (2, "third")] {
            assert!(copy.push(Some(line), &record(line + 1, text), &View::default()));
        }
        copy.finish("http://x/t/y")
    }

    #[test]
    fn a_copy_has_what_the_rows_say_and_no_more() {
        let selection =
            Selection { anchor: Point { line: 0, byte: 6 }, head: Point { line: 2, byte: 2 }, lines: false };
        assert_eq!(copied(Form::Plain, selection), "one\nsecond\nth");
        assert_eq!(copied(Form::Plain, Selection::of_lines(2, 0)), "first one\nsecond\nthird\n");
        assert!(
            copied(Form::Markdown, Selection::of_lines(0, 2))
                .starts_with("```text\nfirst one\nsecond\nthird\n```\n[http")
        );
        assert!(copied(Form::Ndjson, Selection::of_lines(0, 2)).lines().all(|line| line.starts_with("{\"n\":")));
        assert!(
            copied(Form::Times, Selection::of_lines(0, 2)).starts_with("2026-11-22T02:14:00Z     a.log first one\n")
        );
    }
}
