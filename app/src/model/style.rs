//! How a stretch of text is drawn, and how a terminal's sequences change that.

use super::colors::Color;

/// What a stretch of text is, beside what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Text.
    #[default]
    Text,
    /// A visible sign for what cannot be seen.
    Sign,
    /// The line's own time, which stands in its column already.
    Stamp,
    /// The name of a value.
    Key,
    /// An address of the web: the very text is where it leads.
    Link,
    /// The full part of a bar.
    Fill,
    /// The empty part of a bar.
    Track,
}

/// How a run is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// What it is.
    pub role: Role,
    fore: Option<Color>,
    back: Option<Color>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    strike: bool,
    inverse: bool,
}

impl Style {
    /// The run's classes; empty where it is plain.
    ///
    /// Colours are the nearest named ones, since a server's page can bear no others; [`Self::exact`] has the rest.
    #[must_use]
    pub fn classes(self) -> String {
        let mut names = Vec::new();
        let (fore, back) = self.colors();
        let seen = fore.filter(|fore| back.is_none_or(|back| fore.shows_on(back)));
        if let Some(color) = seen {
            names.push(format!("fg-{}", color.name()));
        }
        if let Some(color) = back {
            names.push(format!("bg-{}", color.name()));
            if seen.is_none() {
                names.push(if color.is_light() { "on-light" } else { "on-dark" }.to_owned());
            }
        }
        let flags = [
            (back.is_none() && seen.is_some_and(|color| color.exact().is_some()), "exact"),
            (self.bold, "bold"),
            (self.dim, "dim"),
            (self.italic, "italic"),
            (self.underline, "underline"),
            (self.strike, "strike"),
            (self.role == Role::Sign, "mark"),
            (self.role == Role::Stamp, "stamp"),
            (self.role == Role::Key, "key"),
            (self.role == Role::Fill, "fill"),
            (self.role == Role::Track, "track"),
        ];
        names.extend(flags.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.to_owned()));
        names.join(" ")
    }

    /// The text's and the ground's colour where they are none of the named ones.
    #[must_use]
    pub fn exact(self) -> (Option<String>, Option<String>) {
        let (fore, back) = self.colors();
        let seen = fore.filter(|fore| back.is_none_or(|back| fore.shows_on(back)));
        (seen.and_then(Color::exact), back.and_then(Color::exact))
    }

    /// The same, as text of another role.
    #[must_use]
    pub fn with(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The style after `ESC [ codes m`. What terminals draw and we do not, such as blinking, changes nothing.
    #[must_use]
    pub fn apply(self, codes: &str) -> Self {
        let mut style = self;
        let mut codes = codes.split(';');
        while let Some(code) = codes.next() {
            let mut parts = code.split(':');
            let (number, part) = (number(parts.next().unwrap_or_default()), parts.next());
            match number {
                Some(0) => style = Self { role: style.role, ..Self::default() },
                Some(1) => style.bold = true,
                Some(2) => style.dim = true,
                Some(3) => style.italic = true,
                // `4:0` ends an underline, other parts say of which kind it is.
                Some(4) => style.underline = part != Some("0"),
                Some(21) => style.underline = true,
                Some(7) => style.inverse = true,
                Some(9) => style.strike = true,
                Some(22) => (style.bold, style.dim) = (false, false),
                Some(23) => style.italic = false,
                Some(24) => style.underline = false,
                Some(27) => style.inverse = false,
                Some(29) => style.strike = false,
                Some(code @ 30..=37) => style.fore = named(code - 30),
                Some(38) => style.fore = extended(code, &mut codes),
                Some(39) => style.fore = None,
                Some(code @ 40..=47) => style.back = named(code - 40),
                Some(48) => style.back = extended(code, &mut codes),
                Some(49) => style.back = None,
                // The colour of underlines, whose numbers are no codes.
                Some(58) => drop(extended(code, &mut codes)),
                Some(code @ 90..=97) => style.fore = named(code - 82),
                Some(code @ 100..=107) => style.back = named(code - 92),
                _ => {}
            }
        }
        style
    }

    fn colors(self) -> (Option<Color>, Option<Color>) {
        if self.inverse { (self.back, Some(self.fore.unwrap_or(Color::Named(7)))) } else { (self.fore, self.back) }
    }
}

fn named(code: u16) -> Option<Color> {
    u8::try_from(code).ok().map(Color::Named)
}

fn number(text: &str) -> Option<u16> {
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

/// `38;5;INDEX` or `38;2;RED;GREEN;BLUE`; with colons also `38:2::RED:GREEN:BLUE`, which has the space's id.
fn extended<'a>(code: &'a str, rest: &mut impl Iterator<Item = &'a str>) -> Option<Color> {
    let channel = |text: &str| number(text).and_then(|number| u8::try_from(number).ok());
    if let Some((_, parts)) = code.split_once(':') {
        let parts: Vec<&str> = parts.split(':').take(6).collect();
        return match parts[..] {
            ["5", index, ..] => channel(index).map(Color::indexed),
            ["2", red, green, blue] | ["2", _, red, green, blue, ..] => {
                Some(Color::True(channel(red)?, channel(green)?, channel(blue)?))
            }
            _ => None,
        };
    }
    let mut next = || rest.next().and_then(channel);
    match next()? {
        5 => next().map(Color::indexed),
        2 => Some(Color::True(next()?, next()?, next()?)),
        _ => None,
    }
}
