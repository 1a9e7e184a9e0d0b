//! A terminal's colours, brought down to the sixteen that the style sheet draws readably in both themes.

/// One of the sixteen named colours, 0 to 15.
pub type Color = u8;

/// The named colour nearest to one of the 256.
#[must_use]
pub fn indexed(index: u8) -> Color {
    match index {
        0..=15 => index,
        16..=231 => {
            let cube = index - 16;
            let level = |step: u8| if step == 0 { 0 } else { 55 + step * 40 };
            rgb(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        232..=255 => {
            let grey = 8 + (index - 232) * 10;
            rgb(grey, grey, grey)
        }
    }
}

/// The named colour nearest in hue to a true colour; greys go by their lightness.
#[must_use]
pub fn rgb(red: u8, green: u8, blue: u8) -> Color {
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

#[cfg(test)]
mod tests {
    use super::{indexed, rgb};

    #[test]
    fn a_colour_goes_to_its_nearest_name() {
        assert_eq!(indexed(9), 9);
        assert_eq!(indexed(196), 9, "pure red is bright red");
        assert_eq!(indexed(22), 2, "dark green is green");
        assert_eq!(indexed(240), 8);
        assert_eq!(rgb(255, 255, 255), 15);
        assert_eq!(rgb(30, 60, 180), 4);
        assert_eq!(rgb(200, 190, 10), 3);
    }
}
