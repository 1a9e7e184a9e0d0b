//! What a line says: its text, from the bytes at hand or read again.

use std::sync::Arc;

use record::Wrapping;
use record::limits::TEXT_BYTES_MAX;
use record::text::{self, Text};

use crate::batch::Line;
use crate::layout::Encoding;
use crate::limits::BLOCK_BYTES_MIN;
use crate::lines::Lines;
use crate::merge::Input;
use crate::stream::without_return;
use crate::{Error, Source};

/// The text of a line. `at_hand` are its bytes from its offset to its end, where a block has them; else they are read
/// again, as many as a text holds, into `scratch`.
///
/// # Errors
///
/// What reading gives.
pub(crate) fn text_of<'a>(
    input: &Input,
    line: &Line,
    at_hand: Option<&'a [u8]>,
    scratch: &'a mut Vec<u8>,
) -> Result<Text<'a>, Error> {
    if line.is_wrapped() {
        return Ok(wrapped_text(input, line, at_hand));
    }
    let head = match at_hand {
        Some(bytes) => bytes,
        None => {
            let bytes = usize::try_from(line.end() - line.offset).unwrap_or(usize::MAX);
            read_up_to(&*input.source, line.offset, bytes.min(TEXT_BYTES_MAX + 8), scratch)?;
            scratch
        }
    };
    Ok(plain_text(input, line, head))
}

/// The text of a line that stands in its source as it is.
#[inline]
fn plain_text<'a>(input: &Input, line: &Line, head: &'a [u8]) -> Text<'a> {
    let bytes = line.end() - line.offset;
    match input.origin.layout.encoding {
        Encoding::Utf8 => {
            let whole = head.len() as u64 == bytes;
            let returns = if whole { head.ends_with(b"\r") } else { last_bytes(input, line, 1) == b"\r" };
            let bytes = bytes - u64::from(returns);
            text::decode(if whole && returns { &head[..head.len() - 1] } else { head }, bytes)
        }
        Encoding::Utf16 { big_endian } => {
            let unit: &[u8] = if big_endian { b"\0\r" } else { b"\r\0" };
            let returns = bytes.is_multiple_of(2) && last_bytes(input, line, 2) == unit;
            let bytes = bytes - if returns { 2 } else { 0 };
            let kept = usize::try_from(bytes).unwrap_or(usize::MAX).min(head.len());
            text::decode_utf16(&head[..kept], bytes, big_endian)
        }
    }
}

/// The last bytes of a line's content; fewer where the line is shorter or cannot be read any more.
fn last_bytes(input: &Input, line: &Line, count: u64) -> Vec<u8> {
    let mut last = Vec::new();
    if line.end() - line.offset < count {
        return last;
    }
    let wanted = usize::try_from(count).unwrap_or(0);
    match read_up_to(&*input.source, line.end() - count, wanted, &mut last) {
        Ok(()) => last,
        Err(_) => Vec::new(),
    }
}

/// The text that a container runtime wrapped, its parts joined. `at_hand` are the line's bytes, where a block has them.
fn wrapped_text(input: &Input, line: &Line, at_hand: Option<&[u8]>) -> Text<'static> {
    let wrapping = input.origin.layout.wrapping;
    let mut joined = Joined::default();
    if let Some(bytes) = at_hand {
        for part in bytes.split(|byte| *byte == b'\n').map(without_return) {
            joined.push(wrapping, &part[..part.len().min(TEXT_BYTES_MAX)], part.len() as u64);
        }
    } else {
        let mut lines = Lines::new(Arc::clone(&input.source), Encoding::Utf8, line.offset, BLOCK_BYTES_MIN);
        while lines.offset() < line.end()
            && let Some(raw) = lines.next(u64::MAX)
        {
            let head = lines.head();
            let returns = if raw.cut { byte_before(input, raw.end) == Some(b'\r') } else { head.ends_with(b"\r") };
            let bytes = raw.end - raw.start - u64::from(returns);
            let kept = usize::try_from(bytes).unwrap_or(usize::MAX).min(head.len());
            joined.push(wrapping, &head[..kept], bytes);
        }
    }
    joined.text()
}

/// The byte before this offset, if it can be read.
fn byte_before(input: &Input, offset: u64) -> Option<u8> {
    let mut last = Vec::new();
    read_up_to(&*input.source, offset.checked_sub(1)?, 1, &mut last).ok()?;
    last.first().copied()
}

/// Parts of a wrapped line, as much of them as a text holds.
#[derive(Default)]
struct Joined {
    head: Vec<u8>,
    bytes: u64,
    /// Some bytes were left out: those that follow do not go on from `head`.
    cut: bool,
    /// The last byte was a carriage return.
    returns: bool,
    scratch: Vec<u8>,
}

impl Joined {
    /// Adds a part of `bytes`, of which `head` is all or as much as a text holds.
    fn push(&mut self, wrapping: Option<Wrapping>, head: &[u8], bytes: u64) {
        let left_out = bytes - head.len() as u64;
        let part = wrapping.and_then(|wrapping| wrapping.part(head, &mut self.scratch)).map_or(head, |part| part.text);
        let room = if self.cut { 0 } else { (TEXT_BYTES_MAX + 8).saturating_sub(self.head.len()) };
        self.head.extend_from_slice(&part[..part.len().min(room)]);
        self.bytes += part.len() as u64 + left_out;
        self.cut |= left_out > 0;
        self.returns = left_out == 0 && part.last().map_or(self.returns, |last| *last == b'\r');
    }

    fn text(mut self) -> Text<'static> {
        if self.returns {
            self.bytes -= 1;
            self.head.truncate(usize::try_from(self.bytes).unwrap_or(usize::MAX));
        }
        let Text { text, lossy, cut } = text::decode(&self.head, self.bytes);
        Text { text: text.into_owned().into(), lossy, cut }
    }
}

/// Reads `count` bytes from `offset` on into `out`, fewer only where the source ends.
pub(crate) fn read_up_to(source: &dyn Source, offset: u64, count: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    out.resize(count, 0);
    let mut filled = 0;
    while filled < count {
        match source.read_at(offset + filled as u64, &mut out[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) => {
                out.truncate(filled);
                return Err(error);
            }
        }
    }
    out.truncate(filled);
    Ok(())
}

#[cfg(test)]
mod tests {
    use record::scan::Rules;
    use record::{Timestamp, Zone};

    use super::*;
    use crate::stream::Origin;
    use crate::{MemorySource, Merge};

    #[test]
    fn a_wrapped_text_says_what_of_it_is_left_out() {
        const HEAD: &str = "2016-10-06T00:17:09.6Z stdout F ";
        let part = |tag: &str, text: &str| HEAD.replace('F', tag) + text;
        for length in [TEXT_BYTES_MAX - 100, TEXT_BYTES_MAX - HEAD.len(), TEXT_BYTES_MAX, 3 * TEXT_BYTES_MAX] {
            let long = "x".repeat(length);
            let first = part("F", "a\n");
            for (line, text) in [
                (part("F", &long) + "\n", long.clone()),
                (part("F", &long) + "\r\n", long.clone()),
                (part("P", &long) + "\n" + &part("F", "yyy\n"), long.clone() + "yyy"),
                (part("P", "yyy\r\n") + &part("F", &long) + "\r\n", "yyy".to_owned() + &long),
            ] {
                let source: Arc<dyn Source> = Arc::new(MemorySource::new(first.clone() + &line, Timestamp::default()));
                let rules = Rules { zone: Zone::Utc, modified: Timestamp::default(), format: None };
                let origin = Origin::find(&source, &rules, 4096).expect("memory reads");
                let inputs = [Input { id: "s".into(), source, rules, origin }];
                let mut merge = Merge::from_start(Arc::new(inputs));
                merge.next();
                merge.next();
                let found = merge.text().expect("there are two lines");
                assert!(text.starts_with(&*found.text), "of {length} bytes");
                assert_eq!(found.text.len() as u64 + found.cut, text.len() as u64, "of {length} bytes");
                assert!(found.text.len() + 100 >= text.len().min(TEXT_BYTES_MAX), "of {length} bytes");
                assert_eq!(merge.next(), None);
            }
        }
    }
}
