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
    let mut joined = Joined::default();
    if let Some(bytes) = at_hand {
        for part in bytes.split(|byte| *byte == b'\n') {
            joined.push(input.origin.layout.wrapping, without_return(part));
        }
    } else {
        let mut lines = Lines::new(Arc::clone(&input.source), Encoding::Utf8, line.offset, BLOCK_BYTES_MIN);
        while lines.offset() < line.end() && lines.next(u64::MAX).is_some() {
            joined.push(input.origin.layout.wrapping, without_return(lines.head()));
        }
    }
    joined.text()
}

/// Parts of a wrapped line, as much of them as a text holds.
#[derive(Default)]
struct Joined {
    head: Vec<u8>,
    bytes: u64,
    /// The last byte was a carriage return.
    returns: bool,
    scratch: Vec<u8>,
}

impl Joined {
    fn push(&mut self, wrapping: Option<Wrapping>, part: &[u8]) {
        let part = wrapping.and_then(|wrapping| wrapping.part(part, &mut self.scratch)).map_or(part, |part| part.text);
        let room = (TEXT_BYTES_MAX + 8).saturating_sub(self.head.len());
        self.head.extend_from_slice(&part[..part.len().min(room)]);
        self.bytes += part.len() as u64;
        self.returns = part.last().map_or(self.returns, |last| *last == b'\r');
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
