//! A line's text as runs that are drawn alike: colours applied, what cannot be seen made visible.
//!
//! Nothing of a line ever becomes markup: a run is text and a list of class names out of this file.

use super::colors::{self, Color};

/// Runs a row has at most; the rest of its text comes in the last one, without colours.
pub const RUNS_MAX: usize = 200;

/// How a run is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    fore: Option<Color>,
    back: Option<Color>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    strike: bool,
    inverse: bool,
    /// A visible sign for what cannot be seen.
    mark: bool,
}

impl Style {
    /// The run's classes; empty where it is plain.
    #[must_use]
    pub fn classes(self) -> String {
        let mut names = Vec::new();
        let (fore, back) =
            if self.inverse { (self.back, Some(self.fore.unwrap_or(7))) } else { (self.fore, self.back) };
        if let Some(color) = fore {
            names.push(format!("fg-{color}"));
        }
        if let Some(color) = back {
            names.push(format!("bg-{color}"));
        }
        let flags = [
            (self.bold, "bold"),
            (self.dim, "dim"),
            (self.italic, "italic"),
            (self.underline, "underline"),
            (self.strike, "strike"),
            (self.mark, "mark"),
        ];
        names.extend(flags.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.to_owned()));
        names.join(" ")
    }
}

/// A stretch of text that is drawn alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What it says, with nothing invisible left in it.
    pub text: String,
    /// How it is drawn.
    pub style: Style,
}

/// A line's text as runs, none of them empty.
#[must_use]
pub fn runs(text: &str) -> Vec<Run> {
    let mut drawn = Drawn { runs: Vec::new(), style: Style::default() };
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.find(is_hidden).unwrap_or(rest.len());
        let (seen, after) = rest.split_at(plain);
        drawn.push(seen, drawn.style);
        rest = after;
        if let Some((codes, after)) = select_graphic(rest) {
            drawn.style = apply(drawn.style, codes);
            rest = after;
        } else if let Some(hidden) = rest.chars().next() {
            drawn.push(&sign(hidden), Style { mark: true, ..Style::default() });
            rest = rest.get(hidden.len_utf8()..).unwrap_or_default();
        }
    }
    drawn.runs
}

/// How many cells of a fixed-width font the runs take, at most.
#[must_use]
pub fn cells(runs: &[Run]) -> u32 {
    let wide = |c: char| match c {
        '\t' => 8,
        '\u{1100}'.. => 2,
        _ => 1,
    };
    runs.iter().flat_map(|run| run.text.chars()).map(wide).sum()
}

struct Drawn {
    runs: Vec<Run>,
    style: Style,
}

impl Drawn {
    fn push(&mut self, text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        let full = self.runs.len() >= RUNS_MAX;
        match self.runs.last_mut() {
            Some(last) if full || last.style == style => last.text.push_str(text),
            _ => self.runs.push(Run { text: text.to_owned(), style: if full { Style::default() } else { style } }),
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

/// `ESC [ codes m` at the start of `text`: its codes, and what follows.
fn select_graphic(text: &str) -> Option<(&str, &str)> {
    let body = text.strip_prefix("\x1b[")?;
    let end = body.find(|c: char| !matches!(c, '0'..='9' | ';' | ':'))?;
    let after = body.get(end..)?.strip_prefix('m')?;
    Some((body.get(..end)?, after))
}

fn apply(before: Style, codes: &str) -> Style {
    let mut style = before;
    let mut codes =
        codes.split([';', ':']).map(|code| if code.is_empty() { Some(0) } else { code.parse::<u16>().ok() });
    while let Some(code) = codes.next() {
        match code {
            Some(0) => style = Style::default(),
            Some(1) => style.bold = true,
            Some(2) => style.dim = true,
            Some(3) => style.italic = true,
            Some(4) => style.underline = true,
            Some(7) => style.inverse = true,
            Some(9) => style.strike = true,
            Some(22) => (style.bold, style.dim) = (false, false),
            Some(23) => style.italic = false,
            Some(24) => style.underline = false,
            Some(27) => style.inverse = false,
            Some(29) => style.strike = false,
            Some(code @ 30..=37) => style.fore = narrow(code - 30),
            Some(38) => style.fore = extended(&mut codes),
            Some(39) => style.fore = None,
            Some(code @ 40..=47) => style.back = narrow(code - 40),
            Some(48) => style.back = extended(&mut codes),
            Some(49) => style.back = None,
            Some(code @ 90..=97) => style.fore = narrow(code - 82),
            Some(code @ 100..=107) => style.back = narrow(code - 92),
            _ => {}
        }
    }
    style
}

fn narrow(code: u16) -> Option<u8> {
    u8::try_from(code).ok()
}

/// `5;INDEX` or `2;RED;GREEN;BLUE`, after a 38 or 48.
fn extended(codes: &mut impl Iterator<Item = Option<u16>>) -> Option<Color> {
    let mut next = || codes.next().flatten().and_then(narrow);
    match next()? {
        5 => next().map(colors::indexed),
        2 => Some(colors::rgb(next()?, next()?, next()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{RUNS_MAX, cells, runs};

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = runs(text);
        let found: Vec<_> = found.iter().map(|run| (run.text.as_str(), run.style.classes())).collect();
        let found: Vec<_> = found.iter().map(|(text, classes)| (*text, classes.as_str())).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn plain_text_is_one_run() {
        check("", &[]);
        check("a <script>alert(1)</script>\tb é", &[("a <script>alert(1)</script>\tb é", "")]);
    }

    #[test]
    fn colours_last_until_they_are_reset() {
        check("\x1b[31mred\x1b[0m plain", &[("red", "fg-1"), (" plain", "")]);
        check("\x1b[1;92;44mx\x1b[22;39my\x1b[mz", &[("x", "fg-10 bg-4 bold"), ("y", "bg-4"), ("z", "")]);
        check("\x1b[38;5;196mx\x1b[38;2;30;60;180my", &[("x", "fg-9"), ("y", "fg-4")]);
        check("\x1b[7mx\x1b[27my", &[("x", "bg-7"), ("y", "")]);
        check("\x1b[38;5mx", &[("x", "")]);
    }

    #[test]
    fn what_cannot_be_seen_is_shown_as_a_sign() {
        check("a\0b", &[("a", ""), ("␀", "mark"), ("b", "")]);
        check("50%\r100%", &[("50%", ""), ("␍", "mark"), ("100%", "")]);
        check("\x1b[2Kx\x1b", &[("␛", "mark"), ("[2Kx", ""), ("␛", "mark")]);
        check("\u{202e}evil\u{200b}", &[("<U+202E>", "mark"), ("evil", ""), ("<U+200B>", "mark")]);
        check("\u{7f}\u{85}", &[("␡<U+0085>", "mark")]);
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
