//! Numbers in decimal, two digits at a time.

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number: u8 = 0;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    pairs
};

/// The last two digits of `number`.
#[inline]
pub(crate) fn pair(number: u32) -> [u8; 2] {
    PAIRS[(number % 100) as usize]
}

/// Appends `number`.
pub(crate) fn write(mut number: u64, out: &mut Vec<u8>) {
    let mut left = number.checked_ilog10().map_or(1, |tens| tens as usize + 1);
    let end = out.len() + left;
    // Spelled where it is to stand: to copy bytes that were just written in pairs waits for all of them.
    out.extend_from_slice(&[b'0'; DIGITS_MAX]);
    if let Some(room) = out.last_chunk_mut::<DIGITS_MAX>() {
        while left >= 2 {
            left -= 2;
            room[left..left + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
            number /= 100;
        }
        if left == 1 {
            room[0] = PAIRS[(number % 10) as usize][1];
        }
    }
    out.truncate(end);
}

/// Digits of the highest number.
const DIGITS_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn numbers_are_written_as_by_to_string() {
        let powers = (0..64).map(|bits| 1_u64 << bits);
        let tens = (0..20).map(|digits| 10_u64.pow(digits));
        for number in powers.chain(tens).flat_map(|number| [number - 1, number, number + 1]).chain([u64::MAX]) {
            let mut out = Vec::new();
            write(number, &mut out);
            assert_eq!(out, number.to_string().as_bytes());
        }
    }
}
