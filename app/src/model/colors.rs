//! A terminal's colours: the sixteen that have names, and any other with the name that is nearest to it.

/// A colour that a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// One of the sixteen, 0 to 15, which the style sheet draws readably in both themes.
    Named(u8),
    /// Red, green and blue.
    True(u8, u8, u8),
}

/// What terminals usually draw for the sixteen; `--term-N` of the style sheet.
const PALETTE: [(u8, u8, u8); 16] = [
    (0x1d, 0x21, 0x26),
    (0xc4, 0x2f, 0x2f),
    (0x1b, 0x8a, 0x3f),
    (0xb3, 0x82, 0x00),
    (0x25, 0x63, 0xc9),
    (0x9a, 0x3f, 0xb5),
    (0x0b, 0x85, 0x8f),
    (0xc3, 0xca, 0xd4),
    (0x5d, 0x66, 0x70),
    (0xf0, 0x5b, 0x4f),
    (0x3d, 0xc4, 0x6d),
    (0xf0, 0xc0, 0x3c),
    (0x5f, 0x9d, 0xf7),
    (0xd0, 0x7f, 0xee),
    (0x3f, 0xcf, 0xc4),
    (0xf7, 0xf8, 0xfa),
];

impl Color {
    /// One of the 256.
    #[must_use]
    pub fn indexed(index: u8) -> Self {
        match index {
            0..=15 => Self::Named(index),
            16..=231 => {
                let cube = index - 16;
                let level = |step: u8| if step == 0 { 0 } else { 55 + step * 40 };
                Self::True(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
            }
            232..=255 => {
                let grey = 8 + (index - 232) * 10;
                Self::True(grey, grey, grey)
            }
        }
    }

    /// The named colour nearest to it in hue; greys go by their lightness.
    #[must_use]
    pub fn name(self) -> u8 {
        let (red, green, blue) = match self {
            Self::Named(name) => return name,
            Self::True(red, green, blue) => (red, green, blue),
        };
        let most = red.max(green).max(blue);
        let least = red.min(green).min(blue);
        if most - least < 40 {
            return match most {
                0..=50 => 0,
                51..=140 => 8,
                141..=210 => 7,
                211..=255 => 15,
            };
        }
        let half = u16::midpoint(u16::from(most), u16::from(least));
        let on = |channel: u8| u8::from(u16::from(channel) > half);
        let hue = on(red) | on(green) << 1 | on(blue) << 2;
        if most > 215 { hue + 8 } else { hue }
    }

    /// The colour itself as a style sheet spells it; none for one that has a name.
    #[must_use]
    pub fn exact(self) -> Option<String> {
        match self {
            Self::Named(_) => None,
            Self::True(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        }
    }

    /// Whether text in this colour can be made out on `ground`; not whether it reads well.
    #[must_use]
    pub fn shows_on(self, ground: Self) -> bool {
        let (a, b) = (self.light() + 0.05, ground.light() + 0.05);
        a.max(b) / a.min(b) >= 1.6
    }

    /// Whether dark text reads better on it than light text.
    #[must_use]
    pub fn is_light(self) -> bool {
        self.light() > 0.2
    }

    /// About its relative luminance, 0 to 1.
    fn light(self) -> f32 {
        let (red, green, blue) = match self {
            Self::Named(name) => PALETTE[usize::from(name) % PALETTE.len()],
            Self::True(red, green, blue) => (red, green, blue),
        };
        let linear = |channel: u8| (f32::from(channel) / 255.0) * (f32::from(channel) / 255.0);
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}

#[cfg(test)]
mod tests {
    use super::Color;

    #[test]
    fn a_colour_goes_to_its_nearest_name() {
        assert_eq!(Color::indexed(9), Color::Named(9));
        assert_eq!(Color::indexed(196).name(), 9, "pure red is bright red");
        assert_eq!(Color::indexed(22).name(), 2, "dark green is green");
        assert_eq!(Color::indexed(240).name(), 8);
        assert_eq!(Color::True(255, 255, 255).name(), 15);
        assert_eq!(Color::True(30, 60, 180).name(), 4);
        assert_eq!(Color::True(200, 190, 10).name(), 3);
    }

    #[test]
    fn a_colour_without_a_name_is_drawn_as_it_is() {
        assert_eq!(Color::indexed(208).exact().as_deref(), Some("#ff8700"));
        assert_eq!(Color::indexed(232).exact().as_deref(), Some("#080808"));
        assert_eq!(Color::Named(3).exact(), None);
    }

    #[test]
    fn text_in_the_colour_of_its_ground_cannot_be_made_out() {
        assert!(!Color::True(10, 10, 10).shows_on(Color::Named(0)));
        assert!(Color::Named(15).shows_on(Color::Named(4)));
        assert!(Color::Named(3).is_light() && !Color::Named(4).is_light());
    }
}
