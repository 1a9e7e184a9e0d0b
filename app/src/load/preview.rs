//! What a page says of itself where only its address is shown: in a tab, in a chat, in a list of results.

use record::wire::Record;

use super::{LogPage, Page};
use crate::model::{figures, text};

/// Characters of a line that a title holds.
const TITLE_CHARS: usize = 60;

/// Characters of a description.
const DESCRIPTION_CHARS: usize = 300;

impl Page {
    /// Its title.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::List { .. } => "Logs · Logboom".to_owned(),
            Self::Nothing(error) => format!("{} · Logboom", error.title),
            Self::Log(log) => match log.target.and_then(|index| log.window.records.get(index)) {
                Some(line) => format!("{} · {}", cut(&plain(line), TITLE_CHARS), log.task.id),
                None => format!("{} · Logboom", log.task.id),
            },
        }
    }

    /// What it shows, in plain text.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::List { tasks, .. } => figures::counted(tasks.tasks.len() as u64, "log", "logs"),
            Self::Nothing(error) => cut(&error.detail, DESCRIPTION_CHARS),
            Self::Log(log) => cut(&lines(log).join("\n"), DESCRIPTION_CHARS),
        }
    }
}

/// The line that the address names between its neighbours; the first or the last three, where it names none.
fn lines(log: &LogPage) -> Vec<String> {
    let records = &log.window.records;
    let first = match log.target {
        Some(target) => target.saturating_sub(1),
        None if log.from_end => records.len().saturating_sub(3),
        None => 0,
    };
    // A long line leaves room for the others.
    records.iter().skip(first).take(3).map(|line| cut(&plain(line), DESCRIPTION_CHARS / 3 - 1)).collect()
}

/// A line's text without colours, with single spaces.
fn plain(line: &Record) -> String {
    let text: String = text::runs(&line.text).into_iter().map(|run| run.text).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most so many characters; one of them is an ellipsis where some are left out.
fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn what_is_cut_says_so_and_is_no_longer_than_it_may_be() {
        assert_eq!(cut("four", 4), "four");
        assert_eq!(cut("fünfe", 4), "fün…");
        assert_eq!(cut("", 4), "");
    }
}
