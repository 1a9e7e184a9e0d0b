//! Numbers as bytes, as few as each needs, and back. Reading trusts nothing: what is not there is an error.

use super::IndexFileError;

/// Bytes that are put together.
#[derive(Default)]
pub(super) struct Writer(pub Vec<u8>);

impl Writer {
    /// Seven bits a byte, the low ones first.
    pub fn number(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.0.push(0x80 | low_byte(number));
            number >>= 7;
        }
        self.0.push(low_byte(number));
    }

    /// A number that may be negative, in few bytes where it is near nought.
    pub fn signed(&mut self, number: i128) {
        self.number(((number << 1) ^ (number >> 127)).cast_unsigned());
    }

    pub fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    pub fn hash(&mut self, hash: u128) {
        self.0.extend_from_slice(&hash.to_le_bytes());
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u128);
        self.0.extend_from_slice(text.as_bytes());
    }
}

const fn low_byte(number: u128) -> u8 {
    number.to_le_bytes()[0] & 0x7F
}

/// Bytes that are taken apart.
pub(super) struct Reader<'a>(pub &'a [u8]);

const SHORT: IndexFileError = IndexFileError::Wrong("it ends too early");

impl<'a> Reader<'a> {
    pub fn byte(&mut self) -> Result<u8, IndexFileError> {
        let (byte, rest) = self.0.split_first().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*byte)
    }

    pub fn number(&mut self) -> Result<u128, IndexFileError> {
        let mut number = 0;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7F);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(IndexFileError::Wrong("a number has too many digits"))
    }

    pub fn small(&mut self) -> Result<u64, IndexFileError> {
        u64::try_from(self.number()?).map_err(|_| IndexFileError::Wrong("a number is too large"))
    }

    pub fn signed(&mut self) -> Result<i128, IndexFileError> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    pub fn flag(&mut self) -> Result<bool, IndexFileError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(IndexFileError::Wrong("a flag is neither yes nor no")),
        }
    }

    pub fn hash(&mut self) -> Result<u128, IndexFileError> {
        let (hash, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(u128::from_le_bytes(*hash))
    }

    pub fn text(&mut self) -> Result<&'a str, IndexFileError> {
        let length = usize::try_from(self.number()?).map_err(|_| SHORT)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| IndexFileError::Wrong("a name is no text"))
    }

    /// A count of things that each take at least `bytes` bytes of what is left, so that room can be made for them.
    pub fn count(&mut self, bytes: usize) -> Result<usize, IndexFileError> {
        let count = usize::try_from(self.number()?).map_err(|_| SHORT)?;
        if count.checked_mul(bytes.max(1)).is_none_or(|needed| needed > self.0.len()) {
            return Err(SHORT);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        let numbers = (0..128).flat_map(|bits| [(1u128 << bits) - 1, 1 << bits, (1 << bits) + 1]).chain([u128::MAX]);
        for number in numbers {
            let mut writer = Writer::default();
            writer.number(number);
            writer.signed(number.cast_signed());
            writer.signed(number.cast_signed().wrapping_neg());
            let mut reader = Reader(&writer.0);
            assert_eq!(reader.number().expect("a number"), number);
            assert_eq!(reader.signed().expect("a number"), number.cast_signed());
            assert_eq!(reader.signed().expect("a number"), number.cast_signed().wrapping_neg());
            assert!(reader.0.is_empty());
        }
    }

    #[test]
    fn a_number_of_too_many_bytes_or_bits_is_refused() {
        assert!(Reader(&[0xFF; 30]).number().is_err());
        let mut widest = [0x80; 19];
        widest[18] = 3;
        assert_eq!(Reader(&widest).number().expect("it fits"), 3 << 126);
        widest[18] = 4;
        assert!(Reader(&widest).number().is_err());
    }

    #[test]
    fn a_count_is_bounded_by_the_bytes_that_are_left() {
        assert_eq!(Reader(&[2, 0, 0, 0, 0]).count(2).expect("room for two"), 2);
        assert!(Reader(&[3, 0, 0, 0, 0]).count(2).is_err());
        let mut writer = Writer::default();
        writer.number(u128::from(u64::MAX));
        assert!(Reader(&writer.0).count(usize::MAX).is_err());
    }
}
