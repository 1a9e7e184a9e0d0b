//! Questions asked of many bytes at once.
//!
//! The loops are written so that the compiler makes vector instructions of them: chunks of a fixed size, and answers
//! put together with `|` where `||` would branch. What they are asked must be written that way too.

/// Bytes that [`any`] and [`any_pair`] ask at a time.
const LANES: usize = 32;

/// True if `is` says so of any byte.
#[inline]
pub(crate) fn any(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    match bytes.len() {
        LANES.. => any_of::<LANES>(bytes, is),
        8.. => any_of::<8>(bytes, is),
        _ => bytes.iter().any(|&byte| is(byte)),
    }
}

/// As [`any`], of `N` bytes or more, in chunks of so many.
#[inline]
fn any_of<const N: usize>(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let (chunks, rest) = bytes.as_chunks::<N>();
    // The last chunk may overlap the one before it: that is cheaper than to go on byte by byte.
    let overlap = if rest.is_empty() { None } else { bytes.last_chunk() };
    for chunk in chunks.iter().chain(overlap) {
        if chunk.iter().fold(false, |any, &byte| any | is(byte)) {
            return true;
        }
    }
    false
}

/// True if `is` says so of any byte with the one before it. It must not say so where its second byte is NUL.
#[inline]
pub(crate) fn any_pair(bytes: &[u8], is: impl Fn(u8, u8) -> bool) -> bool {
    let ask = |(before, chunk): (&[u8; LANES], &[u8; LANES])| {
        before.iter().zip(chunk).fold(false, |any, (&before, &byte)| any | is(before, byte))
    };
    let Some((_, behind)) = bytes.split_first() else { return false };
    let before = &bytes[..behind.len()];
    let (chunks, rest) = behind.as_chunks();
    let (chunks_before, rest_before) = before.as_chunks();
    if chunks_before.iter().zip(chunks).any(ask) {
        return true;
    }
    !rest.is_empty()
        && match (before.last_chunk(), behind.last_chunk()) {
            (Some(before), Some(chunk)) => ask((before, chunk)),
            _ => ask((&filled(rest_before, 0), &filled(rest, 0))),
        }
}

/// A bit for each of `N` places of which `is` says so, the first place's the lowest. `N` is 64 at most and divides by
/// eight.
#[inline]
pub(crate) fn marks<const N: usize>(is: impl Fn(usize) -> bool) -> u64 {
    // Each place keeps the bit that it has among eight. To add up eight such bytes, which is what the multiplication
    // does in its highest byte, is to join them.
    let mut bits = [0; N];
    for (at, bit) in bits.iter_mut().enumerate() {
        *bit = u8::from(is(at)).wrapping_neg() & (1 << (at % 8));
    }
    let (words, _) = bits.as_chunks::<8>();
    let join = |word: &[u8; 8]| u64::from_le_bytes(*word).wrapping_mul(u64::MAX / 255) >> 56;
    words.iter().enumerate().fold(0, |marks, (at, word)| marks | join(word) << (8 * at))
}

/// The places of the bits that are set, the lowest first.
pub(crate) fn places(mut marks: u64) -> impl Iterator<Item = usize> + Clone {
    std::iter::from_fn(move || {
        let place = (marks != 0).then(|| marks.trailing_zeros() as usize);
        marks &= marks.wrapping_sub(1);
        place
    })
}

/// `bytes`, with `filler` after them.
pub(crate) fn filled<const N: usize>(bytes: &[u8], filler: u8) -> [u8; N] {
    let mut chunk = [filler; N];
    chunk[..bytes.len()].copy_from_slice(bytes);
    chunk
}

#[cfg(test)]
mod tests {
    use super::{any, any_pair, filled, marks, places};

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for length in 0..100 {
            let mut line = vec![b'.'; length];
            assert!(!any(&line, |byte| byte == b'x'));
            for at in 0..length {
                line[at] = b'x';
                assert!(any(&line, |byte| byte == b'x'), "at {at} of {length}");
                let pair = any_pair(&line, |before, byte| (before == b'.') & (byte == b'x'));
                assert_eq!(pair, at > 0, "at {at} of {length}");
                line[at] = b'.';
            }
        }
    }

    #[test]
    fn marks_are_the_places() {
        for at in 0..64 {
            let mut block = filled::<64>(b"", b'.');
            block[at] = b'x';
            block[at / 2] = b'x';
            let mut expected = vec![at / 2, at];
            expected.dedup();
            assert_eq!(places(marks::<64>(|at| block[at] == b'x')).collect::<Vec<_>>(), expected);
        }
    }
}
