//! How much of an index is still right when bytes were appended to some of its sources.
//!
//! What is appended can change the line that had no newline yet, and, of the lines shortly before it, which of them are
//! wild: those with less than [`WILD_BYTES`] behind them. All before that is *settled*: time, key and level of those lines
//! stay, and with them the order of all lines that were merged before the first unsettled one of any source came up.

use super::identity::LogIdentity;
use super::{Index, partition_point};
use crate::Source;
use crate::layout::Encoding;
use crate::limits::{LAST_LINE_BYTES, WILD_BYTES};
use crate::merge::Input;
use crate::stream::Standing;

/// The blocks of `index`, which is of `of`, that stay as they are though the sources at `places` have grown.
///
/// None where there are none. The block behind those that stay is built again, from [`Index::resume`].
pub(super) fn trim(index: Index, of: &LogIdentity, places: &[usize], inputs: &[Input]) -> Option<Index> {
    let rows = index.blocks.len() + usize::from(index.resume.is_some());
    let mut keep = index.blocks.len().min(rows.checked_sub(1)?);
    for place in places {
        let old = &of.sources[*place];
        let encoding = old.origin.layout.encoding;
        let end = settled_end(&*inputs[*place].source, encoding, old.file.bytes)?.saturating_sub(WILD_BYTES);
        // The last standing of which all lines before are settled: at least the first, which has none.
        let settled_rows = partition_point(rows, |row| index.row(row)[*place].offset <= end);
        let settled = index.row(settled_rows.checked_sub(1)?)[*place];
        let stays = |row: usize| row == 0 || is_settled_at(&index, row, *place, settled, of.copies != 0);
        // Before row 0 nothing can change.
        keep = keep.min(partition_point(rows, stays) - 1);
    }
    index.first_blocks(keep)
}

/// The line that the source at `place` had next before block `row` is settled; `settled` is a standing of it of which
/// all lines before are.
fn is_settled_at(index: &Index, row: usize, place: usize, settled: Standing, copies: bool) -> bool {
    let standing = index.row(row)[place];
    if copies {
        // Whether a line is a copy is seen from all lines with its key, so all of those must be settled: there is a
        // settled line with a later key.
        let last_key = index.blocks[row - 1].last_key;
        let next_key = index.blocks.get(row).map_or(last_key, |block| block.first_key);
        return settled.key > next_key;
    }
    // The key of a source's first line is known from its origin, which is the same.
    standing.offset == 0 || standing.offset < settled.offset
}

/// Where the last line begins that had no newline when the source had `bytes`; `bytes`, where all lines had one.
///
/// Nought where it begins too far back to look for; none where it cannot be read.
fn settled_end(source: &dyn Source, encoding: Encoding, bytes: u64) -> Option<u64> {
    let newline = encoding.newline();
    let unit = newline.len() as u64;
    let from = bytes.saturating_sub(LAST_LINE_BYTES) / unit * unit;
    let mut tail = vec![0; usize::try_from(bytes - from).ok()?];
    let mut filled = 0;
    while filled < tail.len() {
        match source.read_at(from + filled as u64, &mut tail[filled..]) {
            Ok(0) | Err(_) => return None,
            Ok(count) => filled += count,
        }
    }
    let last = tail.chunks_exact(newline.len()).rposition(|unit| unit == newline);
    Some(last.map_or(0, |last| from + (last as u64 + 1) * unit))
}
