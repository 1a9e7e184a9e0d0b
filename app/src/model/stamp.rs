//! The time that a line starts with, in the usual form: `2026-11-22T02:14:00.206Z` and its kin.

/// How many bytes of `text` its time takes, with what is around it: at most two spaces and a bracket before it,
/// the bracket's end, spaces and a lone `-` or `|` behind it. None where the text starts in another way.
#[must_use]
pub fn length(text: &str) -> Option<usize> {
    let spaces = text.bytes().take(2).take_while(|&byte| byte == b' ').count();
    let rest = text.get(spaces..)?;
    let bracketed = rest.strip_prefix('[');
    let rest = bracketed.unwrap_or(rest);
    let rest = rest.get(time(rest)?..)?;
    let rest = if bracketed.is_some() { rest.strip_prefix(']')? } else { rest };
    let apart = rest.trim_start_matches([' ', '\t']);
    if rest.len() == apart.len() && !rest.is_empty() && bracketed.is_none() {
        return None;
    }
    let apart = ["- ", "| "].into_iter().find_map(|mark| apart.strip_prefix(mark)).unwrap_or(apart);
    Some(text.len() - apart.len())
}

/// Whether the whole text is a time in the usual form.
#[must_use]
pub fn is_time(text: &str) -> bool {
    time(text) == Some(text.len())
}

/// How many bytes of a time in the usual form `text` starts with.
fn time(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let fits = |at: usize, shape: &[u8]| {
        bytes.get(at..at + shape.len()).is_some_and(|found| {
            found.iter().zip(shape).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't' | b' '),
                _ => byte == shape,
            })
        })
    };
    if !fits(0, b"0000-00-00T00:00:00") && !fits(0, b"0000/00/00T00:00:00") {
        return None;
    }
    let mut end = 19;
    if matches!(bytes.get(end), Some(b'.' | b',')) {
        let digits = bytes.iter().skip(end + 1).take_while(|byte| byte.is_ascii_digit()).count();
        end += if digits == 0 { 0 } else { digits + 1 };
    }
    let rest = text.get(end..)?;
    let zone = if rest.starts_with(['Z', 'z']) {
        1
    } else if rest.starts_with(" UTC") {
        4
    } else {
        let at = end + usize::from(rest.starts_with(" +") || rest.starts_with(" -"));
        let shapes: [&[u8]; 3] = [b"00:00", b"0000", b"00"];
        let signed = matches!(bytes.get(at), Some(b'+' | b'-'));
        let shape = shapes.into_iter().find(|shape| signed && fits(at + 1, shape));
        shape.map_or(0, |shape| at - end + 1 + shape.len())
    };
    Some(end + zone)
}

#[cfg(test)]
mod tests {
    use super::{is_time, length};

    #[track_caller]
    fn check(text: &str, rest: Option<&str>) {
        assert_eq!(length(text).map(|length| &text[length..]), rest, "{text}");
    }

    #[test]
    fn a_time_goes_with_its_bracket_and_the_space_behind_it() {
        check("2026-11-22T02:14:00.206Z INFO x", Some("INFO x"));
        check("  [2026-11-22T02:14:00.206+0000] {jobs.py:10} x", Some("{jobs.py:10} x"));
        check("2026-11-22 02:14:00,206 - root - INFO - x", Some("root - INFO - x"));
        check("2026/11/22 02:14:00 +01:00 | x", Some("x"));
        check("2026-11-22 02:14:00 UTC x", Some("x"));
        check("2026-11-22T02:14:00Z", Some(""));
        check("2026-11-22 02:14:00 -5 x", Some("-5 x"));
    }

    #[test]
    fn what_is_no_time_stays() {
        for text in
            ["", "x", "2026-11-22", "[2026-11-22T02:14:00Z x", "2026-11-22T02:14:00Zx", "   2026-11-22T02:14:00Z x"]
        {
            check(text, None);
        }
        assert!(is_time("2026-11-22T02:14:00.5Z") && !is_time("2026-11-22T02:14:00Z."));
    }
}
