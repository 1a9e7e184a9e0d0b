//! The sequences that a program sends to its terminal.

/// What a sequence asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape<'a> {
    /// To draw what follows in another way; its codes.
    Graphic(&'a str),
    /// To erase, to move the cursor, to set a mode: nothing that a line of its own can show.
    Motion,
}

/// The sequence at the start of `text`, and what follows it; none where it is not whole or not well-formed.
///
/// Only control sequences (`ESC [`) and the choice of plain ASCII (`ESC ( B`) are read: the others hold text, such as
/// titles and links, which is not to be lost.
#[must_use]
pub fn read(text: &str) -> Option<(Escape<'_>, &str)> {
    if let Some(after) = text.strip_prefix("\x1b(B") {
        return Some((Escape::Motion, after));
    }
    let body = text.strip_prefix("\x1b[")?;
    let end = body.find(|c: char| !matches!(c, '0'..='?'))?;
    let (codes, rest) = body.split_at(end);
    let last = rest.find(|c: char| !matches!(c, ' '..='/'))?;
    let after = rest.get(last..)?;
    let name = after.chars().next().filter(|c| matches!(c, '@'..='~'))?;
    let after = after.get(1..)?;
    let is_graphic = name == 'm' && last == 0 && codes.bytes().all(|byte| matches!(byte, b'0'..=b';'));
    Some((if is_graphic { Escape::Graphic(codes) } else { Escape::Motion }, after))
}

#[cfg(test)]
mod tests {
    use super::{Escape, read};

    #[test]
    fn whole_control_sequences_are_read() {
        assert_eq!(read("\x1b[1;31mx"), Some((Escape::Graphic("1;31"), "x")));
        assert_eq!(read("\x1b[mx"), Some((Escape::Graphic(""), "x")));
        assert_eq!(read("\x1b[38:2::1:2:3m"), Some((Escape::Graphic("38:2::1:2:3"), "")));
        for motion in ["\x1b[2Kx", "\x1b[Kx", "\x1b[1;1Hx", "\x1b[?25lx", "\x1b[0 qx", "\x1b[>4;1mx", "\x1b(Bx"] {
            assert_eq!(read(motion), Some((Escape::Motion, "x")), "{motion:?}");
        }
    }

    #[test]
    fn half_sequences_and_those_that_hold_text_are_not() {
        for text in
            ["", "x", "\x1b", "\x1b[", "\x1b[31", "\x1b[31é", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x1bP"]
        {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
