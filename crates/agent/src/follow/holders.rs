//! Who holds a file open for writing: asked of `/proc`, once for all files of a process.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::limits::HOLDERS;

/// Answers whether anybody can still write to a file. Cheap to clone; all clones ask the system once.
#[derive(Clone, Default)]
pub struct Holders {
    seen: Arc<Mutex<Seen>>,
    /// The look in which nobody held it for the first time.
    free_since: Option<u64>,
}

#[derive(Default)]
struct Seen {
    at: Option<Instant>,
    count: u64,
    written: BTreeSet<(u64, u64)>,
}

impl Holders {
    /// This can be asked here: there is a `/proc` as Linux has it.
    #[must_use]
    pub fn can_be_asked() -> bool {
        Path::new("/proc/self/fd").is_dir() && Path::new("/proc/self/fdinfo").is_dir()
    }

    /// No process has any of these files open for writing, in two looks one after the other: a writer that closes one
    /// file to open the next is not gone.
    pub fn are_gone(&mut self, files: &[(u64, u64)]) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.at.is_none_or(|at| at.elapsed() >= HOLDERS) {
            seen.written = written();
            seen.at = Some(Instant::now());
            seen.count += 1;
        }
        if files.iter().any(|file| seen.written.contains(file)) {
            self.free_since = None;
            return false;
        }
        let since = *self.free_since.get_or_insert(seen.count);
        seen.count > since
    }
}

/// Every file that some process has open for writing, as far as we may know.
fn written() -> BTreeSet<(u64, u64)> {
    let mut found = BTreeSet::new();
    let Ok(processes) = fs::read_dir("/proc") else { return found };
    for process in processes.flatten() {
        let is_process = process.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
        let folder = process.path();
        let Ok(open) = fs::read_dir(folder.join("fd")) else { continue };
        if !is_process {
            continue;
        }
        for entry in open.flatten() {
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            if metadata.is_file() && is_written(&folder.join("fdinfo").join(entry.file_name())) {
                found.insert((metadata.dev(), metadata.ino()));
            }
        }
    }
    found
}

/// The access mode in `fdinfo`'s `flags`, an octal number: 1 is writing, 2 is both.
fn is_written(info: &Path) -> bool {
    let text = fs::read_to_string(info).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).is_some_and(|flags| flags & 3 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_is_seen_and_a_reader_does_not_count() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let metadata = file.as_file().metadata().expect("known");
        let identity = (metadata.dev(), metadata.ino());
        assert!(written().contains(&identity));
        let path = file.into_temp_path();
        let reader = fs::File::open(&path).expect("opened");
        assert!(!written().contains(&identity));
        drop(reader);
    }
}
