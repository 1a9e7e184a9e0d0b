//! A record: a line as it is handed out.

use crate::timestamp::Day;
use crate::wire::Record;
use crate::{Level, Text, Timestamp, digits, json};

/// A line with all that is known of it, borrowed from the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    /// Its number in the merged log, from 1; none while the order before it has not been counted.
    pub n: Option<u64>,
    /// Its own time; none on a continuation.
    pub time: Option<Timestamp>,
    /// Its level, or its head's.
    pub level: Option<Level>,
    /// The id of the source it lies in.
    pub source: &'a str,
    /// Where its first byte lies in its source, in bytes.
    pub offset: u64,
    /// What it says.
    pub text: Text<'a>,
    /// It bears no time of its own.
    pub cont: bool,
    /// Its own time is before its place.
    pub late: bool,
    /// Its own time is far ahead of its neighbours' and was not believed.
    pub wild: bool,
}

impl RecordView<'_> {
    /// Appends the record as one JSON object, members in the contract's order, without a line's end.
    ///
    /// The bytes are those that `serde_json` writes for [`Self::to_wire`], with nothing allocated on the way.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        JsonWriter::default().write(self, out);
    }

    /// See [`Self::write_json`].
    fn write_json_after(&self, day: &mut Day, out: &mut Vec<u8>) {
        out.reserve(self.text.text.len() + self.source.len() + 128);
        out.extend_from_slice(b"{\"n\":");
        match self.n {
            Some(n) => digits::write(n, out),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"ts\":");
        match self.time {
            Some(time) => {
                out.push(b'"');
                time.write_rfc3339_after(day, out);
                out.push(b'"');
            }
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(match self.level {
            Some(Level::Trace) => b",\"level\":\"trace\",\"source\":",
            Some(Level::Debug) => b",\"level\":\"debug\",\"source\":",
            Some(Level::Info) => b",\"level\":\"info\",\"source\":",
            Some(Level::Warn) => b",\"level\":\"warn\",\"source\":",
            Some(Level::Error) => b",\"level\":\"error\",\"source\":",
            Some(Level::Fatal) => b",\"level\":\"fatal\",\"source\":",
            None => b",\"level\":null,\"source\":",
        });
        json::write(self.source, out);
        out.extend_from_slice(b",\"offset\":");
        digits::write(self.offset, out);
        out.extend_from_slice(b",\"text\":");
        json::write(&self.text.text, out);
        let flags: [(bool, &[u8]); 4] = [
            (self.cont, b",\"cont\":true"),
            (self.late, b",\"late\":true"),
            (self.wild, b",\"wild\":true"),
            (self.text.lossy, b",\"lossy\":true"),
        ];
        for (set, member) in flags {
            if set {
                out.extend_from_slice(member);
            }
        }
        if self.text.cut > 0 {
            out.extend_from_slice(b",\"cut\":");
            digits::write(self.text.cut, out);
        }
        out.push(b'}');
    }

    /// The same record as a value that crosses a process.
    #[must_use]
    pub fn to_wire(&self) -> Record {
        Record {
            n: self.n,
            ts: self.time.map(|time| time.to_string()),
            level: self.level,
            source: self.source.to_owned(),
            offset: self.offset,
            text: self.text.text.clone().into_owned(),
            cont: self.cont,
            late: self.late,
            wild: self.wild,
            lossy: self.text.lossy,
            cut: (self.text.cut > 0).then_some(self.text.cut),
        }
    }
}

/// Writes many records as JSON: what one has in common with the one before it is not reckoned anew.
///
/// What it writes of a record does not depend on the records before it.
#[derive(Clone, Debug, Default)]
pub struct JsonWriter {
    day: Day,
}

impl JsonWriter {
    /// As [`RecordView::write_json`].
    pub fn write(&mut self, record: &RecordView<'_>, out: &mut Vec<u8>) {
        record.write_json_after(&mut self.day, out);
    }
}
