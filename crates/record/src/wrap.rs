//! What container runtimes put around each line: CRI's and Docker's wrapping.

use memchr::memchr;

use crate::json::{self, Value};
use crate::{Timestamp, Zone};

/// How every line of a source is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// `2016-10-06T00:17:09.66Z stdout F text`, as kubelets' runtimes write it.
    Cri,
    /// `{"log":"text\n","stream":"stdout","time":"2016-10-06T00:17:09.66Z"}`, Docker's json-file driver.
    Docker,
}

/// What one wrapped line holds: a line of the program's, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// When the runtime read it.
    pub time: Timestamp,
    /// Which of the program's streams it came from: `b'o'` is standard output, `b'e'` standard error,
    /// another byte anything else.
    pub stream: u8,
    /// What the program wrote, without its `\n`; a `\r` before that is still there.
    pub text: &'a [u8],
    /// The program's line ends with it; else it goes on in the next part of the same stream.
    pub ends: bool,
}

impl Wrapping {
    /// The wrapping that every one of these lines has; none if there is not one line.
    ///
    /// Lines are without their `\n` and a `\r` before it.
    #[must_use]
    pub fn detect(lines: &[&[u8]]) -> Option<Self> {
        let mut scratch = Vec::new();
        [Self::Cri, Self::Docker].into_iter().find(|wrapping| {
            let mut wrapped = |line: &&[u8]| wrapping.part(line, &mut scratch).is_some();
            !lines.is_empty() && lines.iter().all(&mut wrapped)
        })
    }

    /// Unwraps one line; none if it is not wrapped so.
    ///
    /// `scratch` is overwritten: it is room for what must be decoded, so that a caller who keeps it has nothing
    /// allocated a line. Docker's lone surrogates become U+FFFD; bytes that are not UTF-8 stay.
    pub fn part<'a>(self, line: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Part<'a>> {
        match self {
            Self::Cri => cri(line),
            Self::Docker => docker(line, scratch),
        }
    }
}

/// See `LogFormat` in Kubernetes' `pkg/kubelet/kuberuntime/logs`: time, stream, tags, text, a space between them.
fn cri(line: &[u8]) -> Option<Part<'_>> {
    let (time, used) = rfc3339(line)?;
    let rest = line[used..].strip_prefix(b" std")?;
    let (stream, rest) = match rest {
        [b'o', b'u', b't', b' ', rest @ ..] => (b'o', rest),
        [b'e', b'r', b'r', b' ', rest @ ..] => (b'e', rest),
        _ => return None,
    };
    // Only the first of the tags, which colons part, is defined.
    let (tags, text) = match memchr(b' ', rest) {
        Some(space) => (&rest[..space], &rest[space + 1..]),
        None => (rest, &[][..]),
    };
    let ends = match tags {
        [b'F'] | [b'F', b':', ..] => true,
        [b'P'] | [b'P', b':', ..] => false,
        _ => return None,
    };
    Some(Part { time, stream, text, ends })
}

fn docker<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<Part<'a>> {
    let (mut log, mut stream, mut time) = (None, None, None);
    let whole = json::object(line, false, scratch, |key, value| {
        if let Value::String(value) = value {
            match key.bytes {
                b"log" => log = Some(value),
                b"stream" => stream = Some(value),
                b"time" => time = Some(value),
                _ => {}
            }
        }
    });
    let (true, Some(log), Some(stream), Some(time)) = (whole, log, stream, time) else {
        return None;
    };
    let (time, _) = time.with_start(rfc3339)?;
    let stream = match stream.bytes {
        b"stdout" => b'o',
        b"stderr" => b'e',
        _ => b'?',
    };
    scratch.clear();
    log.decode(|stretch| scratch.extend_from_slice(stretch));
    let text: &[u8] = scratch;
    let (text, ends) = match text.strip_suffix(b"\n") {
        Some(text) => (text, true),
        None => (text, false),
    };
    Some(Part { time, stream, text, ends })
}

/// The usual form as runtimes write it: with `T` and a zone.
fn rfc3339(bytes: &[u8]) -> Option<(Timestamp, usize)> {
    let (time, used) = Timestamp::parse_usual(bytes, &Zone::Utc)?;
    let zoned = matches!(bytes[used - 1], b'Z') || matches!(bytes.get(used.wrapping_sub(6)), Some(b'+' | b'-'));
    (bytes[10] == b'T' && zoned).then_some((time, used))
}
