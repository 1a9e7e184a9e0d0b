//! When the bytes of a shipped source arrived, kept in a file beside it: the times of lines that bear none of their own.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use engine::Arrivals;
use record::Timestamp;

/// Bytes of an arrival in the file: where its bytes begin, and when that was in nanoseconds, the lower byte first.
const RECORD_BYTES: usize = 16;

/// Arrivals of one source of which each is noted; of those beyond, one a second.
const ALL_MAX: usize = 1 << 20;

/// The time from one to the next beyond that.
const APART_NANOS: i128 = 1_000_000_000;

/// The file for those of the source that lies at `path`: hidden, as no source's file is.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.arrived"))
}

/// What was noted of a source of which so many bytes are durable. What cannot be read is told, and done without: then lines
/// have the time at which the source was last changed.
pub fn load(path: &Path, durable: u64) -> Arrivals {
    let arrivals = Arrivals::default();
    let file = beside(path);
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, file = %file.display(), "when lines arrived cannot be read");
            }
            return arrivals;
        }
    };
    let word = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).unwrap_or_default();
    for record in bytes.chunks_exact(RECORD_BYTES) {
        let (offset, nanos) = record.split_at(RECORD_BYTES / 2);
        let (offset, nanos) = (word(offset), word(nanos).cast_signed());
        if offset < durable {
            arrivals.note(offset, Timestamp::from_nanos(nanos.into()));
        }
    }
    arrivals
}

/// Notes that these bytes arrived at `time`; `told`: when they had come to who sent them, which is no later.
pub fn note(path: &Path, arrivals: &Arrivals, bytes: Range<u64>, time: Timestamp, told: &[(u64, Timestamp)]) {
    let told = told.iter().filter(|(offset, _)| bytes.contains(offset)).map(|(offset, at)| (*offset, time.min(*at)));
    let mut told = told.peekable();
    let first = (bytes.start, time);
    let first = Some(first).filter(|_| told.peek().is_none_or(|(offset, _)| *offset > bytes.start));
    let mut records = Vec::new();
    for (offset, time) in first.into_iter().chain(told) {
        let (count, last) = arrivals.last();
        if count >= ALL_MAX && last.is_some_and(|(_, last)| time.nanos() < last.nanos() + APART_NANOS) {
            continue;
        }
        let nanos = i64::try_from(time.nanos()).unwrap_or_default();
        records.extend([offset.to_le_bytes(), nanos.to_le_bytes()].concat());
        arrivals.note(offset, time);
    }
    let file = beside(path);
    if let Err(error) = append(&file, &records) {
        tracing::warn!(%error, file = %file.display(), "when lines arrived cannot be noted");
    }
}

fn append(path: &Path, records: &[u8]) -> io::Result<()> {
    let mut file = File::options().append(true).create(true).open(path)?;
    // One that was torn is cut off.
    let bytes = file.metadata()?.len();
    let torn = bytes % RECORD_BYTES as u64;
    if torn > 0 {
        file.set_len(bytes - torn)?;
    }
    file.write_all(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_there_again_but_not_what_was_torn_or_is_not_durable() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("stdout");
        let at = Timestamp::from_nanos;
        let arrivals = load(&path, 0);
        note(&path, &arrivals, 0..10, at(5), &[]);
        note(&path, &arrivals, 10..20, at(7), &[]);
        let file = beside(&path);
        File::options().append(true).open(&file).and_then(|mut file| file.write_all(b"torn")).expect("written");
        let again = load(&path, 30);
        assert_eq!((again.at(9), again.at(10)), (Some((at(5), 10)), Some((at(7), u64::MAX))));
        // What was told of bytes that were there before counts no more, nor does a time to come.
        note(&path, &again, 20..30, at(9), &[(15, at(6)), (20, at(8)), (25, at(99)), (30, at(8))]);
        assert_eq!(load(&path, 30).last(), (4, Some((25, at(9)))));
        assert_eq!(load(&path, 30).at(20), Some((at(8), 25)));
        assert_eq!(load(&path, 20).last(), (2, Some((10, at(7)))));
    }
}
