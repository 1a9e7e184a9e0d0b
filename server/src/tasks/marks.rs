//! What a reader was sent of a task, told so that it can be found again: also after lines were ordered anew, files were
//! rotated, or the server was started again.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::ops::Range;

use engine::{GrowingFile, Merge, Source as _};

use super::Snapshot;

/// Bytes of a file's first line by which it is told from another that comes to have its inode.
const FIRST_BYTES: usize = 1 << 10;

/// Files of one source of which is told how far they were sent: those that were rotated away before are gone by then.
const FILES_MAX: usize = 16;

/// The files of which a task's sources are made, by the places of its log's inputs.
#[derive(Clone, Debug)]
pub struct Marks(Vec<Files>);

#[derive(Clone, Debug)]
struct Files {
    /// Where the first line begins.
    first: u64,
    files: Vec<File>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    /// Its bytes in the source, as many as were written.
    bytes: Range<u64>,
    /// What tells it from other files.
    mark: u32,
}

/// What a reader has been sent: every line that ends before its source's offset or there. One that had no end then and has
/// grown is sent anew.
#[derive(Clone, Debug)]
pub struct Sent {
    marks: Marks,
    offsets: Vec<u64>,
}

impl Marks {
    /// The marks of a task's files. Reads their first lines.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let sources = snapshot.sources_opened();
        let all = sources.iter().zip(snapshot.log().inputs().iter()).map(|(source, input)| {
            let files = match source.file().filter(|_| !source.is_replaced()) {
                Some(file) => files(file),
                // What was replaced is no file that will be found again; what cannot grow is known by its name.
                None => vec![File { bytes: 0..u64::MAX, mark: mark(&(&source.id, source.is_replaced())) }],
            };
            Files { first: input.origin.standing().offset, files }
        });
        Self(all.collect())
    }

    /// How far each source was sent, by what [`Sent::write`] wrote. None where nobody wrote that.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Sent> {
        let mut known: HashMap<u32, u64> = HashMap::new();
        for entry in text.split(',').filter(|entry| !entry.is_empty()) {
            let (mark, offset) = entry.split_once('-')?;
            let (mark, offset) = (u32::from_str_radix(mark, 16).ok()?, u64::from_str_radix(offset, 16).ok()?);
            // Of two that cannot be told apart, the one of which less was sent: better twice than never.
            known.entry(mark).and_modify(|known| *known = offset.min(*known)).or_insert(offset);
        }
        let offset = |Files { first, files }: &Files| {
            // The files before were sent before.
            let sent = files.iter().rev().find_map(|file| {
                let sent = *known.get(&file.mark)?;
                (sent <= file.bytes.end - file.bytes.start).then(|| file.bytes.start + sent)
            });
            sent.unwrap_or_default().max(*first)
        };
        let offsets = self.0.iter().map(offset).collect();
        Some(Sent { marks: self, offsets })
    }
}

impl Sent {
    /// Nothing yet.
    #[must_use]
    pub fn nothing(marks: Marks) -> Self {
        let offsets = vec![0; marks.0.len()];
        Self { marks, offsets }
    }

    /// All that stands before these offsets, by the places of the log's inputs.
    #[must_use]
    pub fn before(marks: Marks, offsets: Vec<u64>) -> Self {
        Self { marks, offsets }
    }

    /// How far each source was sent, by the places of the log's inputs.
    #[must_use]
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// Takes in which files its sources are made of by now. The snapshot is the one that it belongs to.
    pub fn renew(&mut self, snapshot: &Snapshot) {
        self.marks = Marks::of(snapshot);
    }

    /// The current line of a merge was sent.
    #[must_use]
    pub fn has(&self, merge: &Merge) -> bool {
        merge.current().is_some_and(|(place, line)| self.offsets.get(place).is_some_and(|sent| line.next <= *sent))
    }

    /// The current line of a merge is sent, as all were that stand before it.
    pub fn pass(&mut self, merge: &Merge) {
        for (sent, standing) in self.offsets.iter_mut().zip(merge.standings()) {
            *sent = standing.offset.max(*sent);
        }
        if let Some((place, line)) = merge.current()
            && let Some(sent) = self.offsets.get_mut(place)
        {
            *sent = line.next.max(*sent);
        }
    }

    /// The same, as the task is now.
    #[must_use]
    pub fn in_order_of(&self, snapshot: &Snapshot) -> Option<Self> {
        let mut text = String::new();
        self.write(&mut text);
        Marks::of(snapshot).read(&text)
    }

    /// Writes it as `MARK-OFFSET` in hexadecimal digits, a file each, with commas between.
    pub fn write(&self, out: &mut String) {
        let begin = out.len();
        for (Files { first, files }, sent) in self.marks.0.iter().zip(&self.offsets) {
            let begun = files.iter().filter(|file| file.bytes.start < *sent && first < sent);
            let begun: Vec<_> = begun.collect();
            for (at, File { bytes, mark }) in begun.iter().enumerate().skip(begun.len().saturating_sub(FILES_MAX)) {
                let comma = if out.len() == begin { "" } else { "," };
                // The last one may have grown since.
                let end = if at + 1 == files.len() { *sent } else { bytes.end.min(*sent) };
                out.push_str(&format!("{comma}{mark:x}-{:x}", end - bytes.start));
            }
        }
    }
}

/// The files of one source.
fn files(growing: &GrowingFile) -> Vec<File> {
    let mut files = Vec::new();
    for (bytes, (device, inode)) in growing.files() {
        let mut begin = vec![0; FIRST_BYTES.min(usize::try_from(bytes.end - bytes.start).unwrap_or(FIRST_BYTES))];
        let read = growing.read_at(bytes.start, &mut begin).unwrap_or_default();
        let line = begin[..read].split_inclusive(|byte| *byte == b'\n').next();
        files.push(File { bytes, mark: mark(&(device, inode, line)) });
    }
    files
}

/// A number that is the same after a restart, and short: it stands in every event.
fn mark(what: &impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 40).unwrap_or_default()
}
