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
    // Room for twice the longest number: a copy of fixed size, cut off later, is faster than one of the right size.
    let mut digits = [b'0'; 2 * DIGITS_MAX];
    let mut start = DIGITS_MAX;
    while number > 0 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    // The first pair may begin with a zero; none was written of the number zero.
    start = start.min(DIGITS_MAX - 1);
    start += usize::from(digits[start] == b'0' && start + 1 < DIGITS_MAX);
    let end = out.len() + DIGITS_MAX - start;
    out.extend_from_slice(&digits[start..start + DIGITS_MAX]);
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
