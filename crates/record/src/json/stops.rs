//! Where the plain stretches of strings end.

use crate::lanes;

const BLOCK_BYTES: usize = 64;

/// Blocks that are marked at a time: enough for most lines.
const BLOCKS: usize = 16;

/// True for what is not plain in a string: a quotation mark, a backslash, a control character.
#[inline]
pub(super) fn is_stop(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < b' ')
}

/// A line's quotation marks, backslashes and control characters.
///
/// They are marked many at a time: a line has many short strings, and to search each anew takes longer.
pub(super) struct Stops<'a> {
    line: &'a [u8],
    /// Where the marked blocks begin.
    start: usize,
    /// From here on fewer than 64 bytes are marked; at first, none are.
    end: usize,
    /// A bit for each of their bytes; the last is spare and has none.
    marks: [u64; BLOCKS + 1],
}

impl<'a> Stops<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { line, start: 0, end: 0, marks: [0; BLOCKS + 1] }
    }

    /// The first stop at `at`, which never falls, or behind it; the line's length if there is none.
    #[inline(always)]
    pub(super) fn from(&mut self, mut at: usize) -> usize {
        loop {
            if at >= self.end {
                self.mark(at);
            }
            let (block, bit) = ((at - self.start) / BLOCK_BYTES, (at - self.start) % BLOCK_BYTES);
            // The next 64 bytes, of two blocks: nearly always there is a stop, so that the processor guesses well.
            let marks = self.marks[block] >> bit | self.marks[block + 1] << 1 << (BLOCK_BYTES - 1 - bit);
            if marks != 0 {
                return at + marks.trailing_zeros() as usize;
            }
            at += BLOCK_BYTES;
            if at >= self.line.len() {
                return self.line.len();
            }
        }
    }

    /// Marks the blocks from `start` on.
    #[inline(never)]
    fn mark(&mut self, start: usize) {
        self.start = start;
        self.end = start + (BLOCKS - 1) * BLOCK_BYTES + 1;
        let marks = |block: &[u8; BLOCK_BYTES]| lanes::marks::<BLOCK_BYTES>(|at| is_stop(block[at]));
        let rest = &self.line[start..];
        let (blocks, last) = rest[..rest.len().min(BLOCKS * BLOCK_BYTES)].as_chunks::<BLOCK_BYTES>();
        for (known, block) in self.marks.iter_mut().zip(blocks) {
            *known = marks(block);
        }
        self.marks[blocks.len()] = match rest.last_chunk() {
            _ if last.is_empty() => 0,
            Some(overlap) => marks(overlap) >> (BLOCK_BYTES - last.len()),
            None => marks(&lanes::filled(last, b' ')),
        };
        // What is left of earlier blocks is looked at no further than this.
        if let Some(behind) = self.marks.get_mut(blocks.len() + 1) {
            *behind = 0;
        }
    }
}
