//! A line's text as runs that are drawn alike: colours applied, what cannot be seen made visible.
//!
//! Nothing of a line ever becomes markup: a run is text, and a style out of a fixed set.

use super::escape::{self, Escape};
use super::style::{Role, Style};

/// Runs a row has at most; the rest of its text comes in the last one, without colours.
pub const RUNS_MAX: usize = 200;

/// A stretch of text that is drawn alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What it says, with nothing invisible left in it.
    pub text: String,
    /// How it is drawn.
    pub style: Style,
}

/// A line's text as runs, none of them empty, with a sign for each sequence that moves or erases.
#[must_use]
pub fn runs(text: &str) -> Vec<Run> {
    let mut drawn = Drawn { motions: true, ..Drawn::default() };
    drawn.write(text);
    drawn.runs
}

/// How many cells of a fixed-width font the runs take, at most; a stamp takes none.
#[must_use]
pub fn cells(runs: &[Run]) -> u32 {
    let wide = |c: char| match c {
        '\t' => 8,
        '\u{1100}'..='\u{1fff}' | '\u{2e80}'.. => 2,
        _ => 1,
    };
    let shown = runs.iter().filter(|run| run.style.role != Role::Stamp);
    shown.flat_map(|run| run.text.chars()).map(wide).sum()
}

/// Runs as they are drawn one after the other.
#[derive(Debug, Default)]
pub struct Drawn {
    /// What was drawn.
    pub runs: Vec<Run>,
    /// How what comes next is drawn.
    pub style: Style,
    /// Sequences that move or erase get a sign; else they are left out.
    pub motions: bool,
}

impl Drawn {
    /// Draws text, with the sequences in it.
    pub fn write(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.find(is_hidden).unwrap_or(rest.len());
            let (seen, after) = rest.split_at(plain);
            self.push(seen, self.style);
            rest = after;
            match escape::read(rest) {
                Some((Escape::Graphic(codes), after)) => {
                    self.style = self.style.apply(codes);
                    rest = after;
                    continue;
                }
                Some((Escape::Motion, after)) if !self.motions => {
                    rest = after;
                    continue;
                }
                _ => {}
            }
            if let Some(hidden) = rest.chars().next() {
                self.push(&sign(hidden), Style::default().with(Role::Sign));
                rest = rest.get(hidden.len_utf8()..).unwrap_or_default();
            }
        }
    }

    /// Draws text of another role.
    pub fn write_as(&mut self, text: &str, role: Role) {
        let before = self.style.role;
        self.style.role = role;
        self.write(text);
        self.style.role = before;
    }

    /// Draws nothing, but takes over the style that `text` leaves behind.
    pub fn pass(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find("\x1b[") {
            rest = rest.get(at..).unwrap_or_default();
            if let Some((Escape::Graphic(codes), after)) = escape::read(rest) {
                self.style = self.style.apply(codes);
                rest = after;
            } else {
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }

    /// Adds runs.
    pub fn extend(&mut self, runs: Vec<Run>) {
        for run in runs {
            self.push(&run.text, run.style);
        }
    }

    /// Adds a run, or to the last one where it is drawn alike.
    pub fn push(&mut self, text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        let full = self.runs.len() >= RUNS_MAX;
        match self.runs.last_mut() {
            // Two addresses stay two links.
            Some(last) if full || (last.style == style && style.role != Role::Link) => last.text.push_str(text),
            _ => {
                let last = self.runs.len() + 1 == RUNS_MAX;
                self.runs.push(Run { text: text.to_owned(), style: if last { Style::default() } else { style } });
            }
        }
    }
}

/// Characters that a reader would not see, or that would move others about.
fn is_hidden(c: char) -> bool {
    match c {
        '\t' => false,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => true,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

fn sign(hidden: char) -> String {
    let code = u32::from(hidden);
    match code {
        0..0x20 => char::from_u32(0x2400 + code).map(String::from).unwrap_or_default(),
        0x7f => "␡".to_owned(),
        _ => format!("<U+{code:04X}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Drawn, RUNS_MAX, Run, cells, runs};

    #[track_caller]
    fn check_runs(found: &[Run], expected: &[(&str, &str)], told: &str) {
        let found: Vec<_> = found.iter().map(|run| (run.text.as_str(), run.style.classes())).collect();
        let found: Vec<_> = found.iter().map(|(text, classes)| (*text, classes.as_str())).collect();
        assert_eq!(found, expected, "{told:?}");
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        check_runs(&runs(text), expected, text);
    }

    #[test]
    fn plain_text_is_one_run() {
        check("", &[]);
        check("a <script>alert(1)</script>\tb é", &[("a <script>alert(1)</script>\tb é", "")]);
    }

    #[test]
    fn colours_last_until_they_are_reset() {
        check("\x1b[31mred\x1b[0m plain", &[("red", "fg-1"), (" plain", "")]);
        check("\x1b[1;92;44mx\x1b[22;39my\x1b[mz", &[("x", "fg-10 bg-4 bold"), ("y", "bg-4 on-dark"), ("z", "")]);
        check("\x1b[38;5;196mx\x1b[38;2;30;60;180my", &[("x", "fg-9 exact"), ("y", "fg-4 exact")]);
        check("\x1b[7mx\x1b[27my", &[("x", "bg-7 on-light"), ("y", "")]);
        check("\x1b[38;5mx", &[("x", "")]);
        check("\x1b[4:3;38:2::200:190:10mx\x1b[4:0my", &[("x", "fg-3 exact underline"), ("y", "fg-3 exact")]);
        check("\x1b[58;5;1mx", &[("x", "")]);
    }

    #[test]
    fn exact_colours_come_beside_their_names() {
        let exact = |text: &str| runs(text).first().map(|run| run.style.exact()).unwrap_or_default();
        assert_eq!(exact("\x1b[38;2;1;2;3;48;5;208mx"), (Some("#010203".to_owned()), Some("#ff8700".to_owned())));
        assert_eq!(exact("\x1b[31mx"), (None, None));
        assert_eq!(exact("\x1b[38;2;9;9;9;48;2;9;9;9mx"), (None, Some("#090909".to_owned())), "it would not show");
    }

    #[test]
    fn what_cannot_be_seen_is_shown_as_a_sign() {
        check("a\0b", &[("a", ""), ("␀", "mark"), ("b", "")]);
        check("50%\r100%", &[("50%", ""), ("␍", "mark"), ("100%", "")]);
        check("\x1b[2Kx\x1b", &[("␛", "mark"), ("[2Kx", ""), ("␛", "mark")]);
        check("\u{202e}evil\u{200b}", &[("<U+202E>", "mark"), ("evil", ""), ("<U+200B>", "mark")]);
        check("\u{7f}\u{85}", &[("␡<U+0085>", "mark")]);
        check("\x1b]0;title\x07x", &[("␛", "mark"), ("]0;title", ""), ("␇", "mark"), ("x", "")]);
    }

    #[test]
    fn sequences_that_move_may_be_left_out_but_not_what_they_hold() {
        let mut drawn = Drawn::default();
        drawn.write("\x1b[2K\x1b[1Gx\x1b[31m\x1b[Ky\x1b[");
        check_runs(&drawn.runs, &[("x", ""), ("y", "fg-1"), ("␛", "mark"), ("[", "fg-1")], "motions");
    }

    #[test]
    fn no_line_has_more_runs_than_a_row_can_hold() {
        let rainbow: String = (0..10_000).map(|i| format!("\x1b[3{}mx", i % 8)).collect();
        let found = runs(&rainbow);
        assert_eq!(found.len(), RUNS_MAX);
        assert_eq!(found.iter().map(|run| run.text.len()).sum::<usize>(), 10_000);
        assert_eq!(cells(&found), 10_000);
    }
}
