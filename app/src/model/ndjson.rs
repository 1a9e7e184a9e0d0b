//! Lines out of chunks that may be cut anywhere, even inside a character.

/// Cuts chunks of bytes into lines.
#[derive(Debug, Default)]
pub struct Splitter {
    carry: Vec<u8>,
}

impl Splitter {
    /// Calls `each` with every line that `chunk` completes, without its `\n`.
    pub fn push(&mut self, chunk: &[u8], mut each: impl FnMut(&[u8])) {
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            if self.carry.is_empty() {
                each(line);
            } else {
                self.carry.extend_from_slice(line);
                each(&self.carry);
                self.carry.clear();
            }
        }
        self.carry.extend_from_slice(rest);
    }

    /// What came after the last `\n`; empty where nothing was cut off.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.carry
    }
}

#[cfg(test)]
mod tests {
    use super::Splitter;

    #[test]
    fn lines_are_the_same_wherever_the_chunks_are_cut() {
        let whole = "one\n\ntwö 🙂\nlast".as_bytes();
        for cut in 0..=whole.len() {
            let mut lines = Vec::new();
            let mut splitter = Splitter::default();
            for chunk in [&whole[..cut], &whole[cut..]] {
                splitter.push(chunk, |line| lines.push(String::from_utf8(line.to_vec()).unwrap()));
            }
            assert_eq!(lines, ["one", "", "twö 🙂"], "cut at {cut}");
            assert_eq!(splitter.rest(), b"last");
        }
    }
}
