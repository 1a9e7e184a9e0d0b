//! JSON objects as lines hold them: read member by member where they lie, nothing built.

mod stops;
mod string;

use stops::Stops;
pub(crate) use string::{Raw, write};

/// What a member's value is, where it lies in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A string.
    String(Raw<'a>),
    /// A number as it is spelled.
    Number(&'a [u8]),
    /// An object, braces included.
    Object(&'a [u8]),
    /// An array, `true`, `false` or `null`.
    Other,
}

/// Calls `member` with each top-level member of the one object that `line` is, in the line's order; true if it is
/// one, by all of RFC 8259, with white space around it allowed.
///
/// Bytes that are not UTF-8 may stand in strings, since `text` has U+FFFD for them. Where the line was
/// `cut`, one that is well-formed up to its end is an object too; a member that is not whole is not told.
/// `nesting` is room for the open brackets, emptied first; no recursion and, as long as it has room, no allocation.
///
/// Members are told before the whole was seen: who listens forgets them where the answer is false.
pub(crate) fn object<'a>(
    line: &'a [u8],
    cut: bool,
    nesting: &mut Vec<u8>,
    member: impl FnMut(Raw<'a>, Value<'a>),
) -> bool {
    nesting.clear();
    let mut reader = Reader { line, at: 0, stops: Stops::new(line), nesting };
    match reader.object(member) {
        Ok(()) => true,
        Err(Stop::End) => cut,
        Err(Stop::Malformed) => false,
    }
}

/// Why reading went no further.
enum Stop {
    /// The line is at its end and the object is not.
    End,
    Malformed,
}

struct Reader<'a, 'n> {
    line: &'a [u8],
    at: usize,
    stops: Stops<'a>,
    nesting: &'n mut Vec<u8>,
}

/// What may stand next in a container within the object.
enum Next {
    /// A key; after `{` also `}`.
    Key { or_end: bool },
    /// A value; after `[` also `]`.
    Value { or_end: bool },
    /// A comma or a closing bracket.
    Comma,
}

impl<'a> Reader<'a, '_> {
    /// The whole line, which is one object.
    fn object(&mut self, mut member: impl FnMut(Raw<'a>, Value<'a>)) -> Result<(), Stop> {
        if self.token()? != b'{' {
            return Err(Stop::Malformed);
        }
        let mut token = self.token()?;
        if token != b'}' {
            loop {
                let key = self.key(token)?;
                let value = self.value()?;
                member(key, value);
                match self.token()? {
                    b',' => token = self.token()?,
                    b'}' => break,
                    _ => return Err(Stop::Malformed),
                }
            }
        }
        match self.token() {
            Ok(_) => Err(Stop::Malformed),
            Err(_) => Ok(()),
        }
    }

    /// A key whose first byte, `token`, was passed, and the colon behind it.
    #[inline(always)]
    fn key(&mut self, token: u8) -> Result<Raw<'a>, Stop> {
        if token != b'"' {
            return Err(Stop::Malformed);
        }
        let key = self.string()?;
        if self.token()? == b':' { Ok(key) } else { Err(Stop::Malformed) }
    }

    #[inline(always)]
    fn value(&mut self) -> Result<Value<'a>, Stop> {
        let token = self.token()?;
        if token == b'"' {
            return self.string().map(Value::String);
        }
        let start = self.at - 1;
        if matches!(token, b'{' | b'[') {
            self.container(token)?;
            return Ok(if token == b'{' { Value::Object(&self.line[start..self.at]) } else { Value::Other });
        }
        self.scalar(token)?;
        let is_number = matches!(token, b'-' | b'0'..=b'9');
        Ok(if is_number { Value::Number(&self.line[start..self.at]) } else { Value::Other })
    }

    /// The rest of an object or array within the object, whose opening bracket was passed.
    fn container(&mut self, open: u8) -> Result<(), Stop> {
        let after = |open| if open == b'{' { Next::Key { or_end: true } } else { Next::Value { or_end: true } };
        self.nesting.push(open);
        let mut next = after(open);
        while let Some(&open) = self.nesting.last() {
            let token = self.token()?;
            next = match (next, token) {
                (Next::Key { .. }, b'"') => {
                    self.key(token)?;
                    Next::Value { or_end: false }
                }
                (Next::Value { .. }, b'{' | b'[') => {
                    self.nesting.push(token);
                    after(token)
                }
                (Next::Key { or_end: true } | Next::Comma, b'}') if open == b'{' => self.close(),
                (Next::Value { or_end: true } | Next::Comma, b']') if open == b'[' => self.close(),
                (Next::Value { .. }, b'"') => {
                    self.string()?;
                    Next::Comma
                }
                (Next::Value { .. }, _) => {
                    self.scalar(token)?;
                    Next::Comma
                }
                (Next::Comma, b',') if open == b'{' => Next::Key { or_end: false },
                (Next::Comma, b',') => Next::Value { or_end: false },
                _ => return Err(Stop::Malformed),
            };
        }
        Ok(())
    }

    fn close(&mut self) -> Next {
        self.nesting.pop();
        Next::Comma
    }

    /// The next byte that is not white space, which is then passed.
    #[inline(always)]
    fn token(&mut self) -> Result<u8, Stop> {
        while let Some(&byte) = self.line.get(self.at) {
            self.at += 1;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(byte);
            }
        }
        Err(Stop::End)
    }

    /// A number, `true`, `false` or `null`, of which `first` was passed.
    fn scalar(&mut self, first: u8) -> Result<(), Stop> {
        match first {
            b't' => self.literal(b"rue"),
            b'f' => self.literal(b"alse"),
            b'n' => self.literal(b"ull"),
            b'-' | b'0'..=b'9' => self.number(first),
            _ => Err(Stop::Malformed),
        }
    }

    fn literal(&mut self, rest: &[u8]) -> Result<(), Stop> {
        let found = &self.line[self.at..];
        if found.starts_with(rest) {
            self.at += rest.len();
            Ok(())
        } else if rest.starts_with(found) {
            Err(Stop::End)
        } else {
            Err(Stop::Malformed)
        }
    }

    fn number(&mut self, first: u8) -> Result<(), Stop> {
        let leading = if first == b'-' { self.byte()? } else { first };
        match leading {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return Err(Stop::Malformed),
        }
        if self.peek()? == b'.' {
            self.at += 1;
            self.digit()?;
            self.digits();
        }
        if matches!(self.peek()?, b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek()?, b'+' | b'-') {
                self.at += 1;
            }
            self.digit()?;
            self.digits();
        }
        // Only what follows shows that a number is whole.
        self.peek()?;
        Ok(())
    }

    fn digit(&mut self) -> Result<(), Stop> {
        if self.byte()?.is_ascii_digit() { Ok(()) } else { Err(Stop::Malformed) }
    }

    fn digits(&mut self) {
        while self.line.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Result<u8, Stop> {
        self.line.get(self.at).copied().ok_or(Stop::End)
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// A string, whose opening quotation mark was passed.
    #[inline(always)]
    fn string(&mut self) -> Result<Raw<'a>, Stop> {
        let start = self.at;
        self.at = self.stops.from(start);
        let escaped = self.line.get(self.at) != Some(&b'"');
        if escaped {
            self.escaped_string()?;
        } else {
            self.at += 1;
        }
        Ok(Raw { bytes: &self.line[start..self.at - 1], escaped })
    }

    /// As [`Self::string`], from the first byte that is not plain.
    fn escaped_string(&mut self) -> Result<(), Stop> {
        loop {
            match self.byte()? {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                _ => return Err(Stop::Malformed),
            }
            self.at = self.stops.from(self.at);
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<(), Stop> {
        match self.byte()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                for _ in 0..4 {
                    if !self.byte()?.is_ascii_hexdigit() {
                        return Err(Stop::Malformed);
                    }
                }
                Ok(())
            }
            _ => Err(Stop::Malformed),
        }
    }
}
