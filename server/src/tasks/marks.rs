//! What a reader was sent of a task, told so that it can be found again: also after lines were ordered anew, files were
//! rotated, or the server was started again.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use engine::{Log, Merge, Source, Standing, begin_mark, mark_before, name_mark};

use super::Snapshot;
use super::found::rotated_from;

/// Files of one source of which is told how far they were sent: those that were rotated away before are gone by then.
const FILES_MAX: usize = 16;

/// The files of which a task's sources are made, by the places of its log's inputs.
#[derive(Clone)]
pub struct Marks(Vec<Files>);

/// Those of one source.
#[derive(Clone)]
struct Files {
    /// Where the first line begins.
    first: u64,
    files: Vec<File>,
    /// What holds them.
    source: Arc<dyn Source>,
    /// The last one may grow.
    grows: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    /// Its bytes in the source, as many as were written.
    bytes: Range<u64>,
    /// What it begins with, and what it was called before it was rotated. None where that cannot be read any more.
    mark: Option<u32>,
}

/// How far a file was sent, and what stood before that.
type Known = (u64, u32);

/// A file: its source's place, where it begins there, and its mark.
type Which = (usize, u64, u32);

impl Files {
    /// How long it is, is known once it was read to its end.
    fn is_packed(&self) -> bool {
        self.files.first().is_some_and(|file| file.bytes.end == u64::MAX)
    }

    /// What stands in a file before so many of its bytes; none where it has not as many.
    fn mark_before(&self, file: &File, length: u64) -> Option<u32> {
        mark_before(&*self.source, file.bytes.start + length, file.bytes.start)
    }
}

/// What a reader has been sent: every line that ends before its source's offset or there. One that had no end then and has
/// grown is sent anew.
#[derive(Clone)]
pub struct Sent {
    marks: Marks,
    offsets: Vec<u64>,
    /// What was told last of each file.
    told: HashMap<Which, Known>,
    /// How many lines of those that were asked for, where there was a limit.
    had: Option<u64>,
    /// Every file could be held against what was told of it.
    is_sure: bool,
}

impl Marks {
    /// The marks of a task's files. Reads first lines that are not known yet.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let sources = snapshot.sources_opened();
        let all = sources.iter().zip(snapshot.log().inputs().iter()).map(|(source, input)| {
            // Sources may hold the same.
            let name = source.file_name();
            let name = name_mark(rotated_from(&name).unwrap_or(&name));
            let mut files = match source.file() {
                Some(growing) => {
                    let mark = |mark| mark ^ name;
                    growing.files().into_iter().map(|(bytes, begin)| File { bytes, mark: begin.map(mark) }).collect()
                }
                // How long a packed one is, is known once it was read to its end.
                None => vec![File { bytes: 0..u64::MAX, mark: Some(begin_mark(&*input.source) ^ name) }],
            };
            if source.is_replaced() {
                // Nothing of what it was last will be found again; what was rotated before may be.
                files.pop();
            }
            let (first, grows) = (input.origin.standing().offset, !source.is_replaced());
            Files { first, files, source: Arc::clone(&input.source), grows }
        });
        Self(all.collect())
    }

    /// How far each source was sent, by what [`Sent::marks`] wrote. None where nobody wrote that.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Sent> {
        let mut known = known(text)?;
        let mut is_sure = true;
        let mut offset = |source: &Files| {
            // The files before were sent before.
            let sent = source.files.iter().rev().find_map(|file| {
                is_sure &= file.mark.is_some();
                let known = known.get_mut(&file.mark?)?;
                let is_it = |(length, before): &&Known| {
                    *length <= file.bytes.end - file.bytes.start && {
                        let found = source.mark_before(file, *length);
                        is_sure &= found.is_some() || source.is_packed();
                        found == Some(*before)
                    }
                };
                let found = *known.iter().filter(is_it).max()?;
                // Another file that holds the same is another.
                known.swap_remove(known.iter().position(|known| *known == found)?);
                Some(file.bytes.start + found.0)
            });
            sent.unwrap_or_default().max(source.first)
        };
        // What was rotated bears the longer names, and is the older: the new one is the one of which nothing was told.
        let mut offsets: Vec<_> = self.0.iter().rev().map(&mut offset).collect();
        offsets.reverse();
        Some(Sent { is_sure, ..Sent::before(self, offsets) })
    }
}

/// What [`Sent::marks`] wrote, by the marks of files. None where nobody wrote that.
fn known(text: &str) -> Option<HashMap<u32, Vec<Known>>> {
    let mut known: HashMap<u32, Vec<Known>> = HashMap::new();
    for entry in text.split(',').filter(|entry| !entry.is_empty()) {
        let mut numbers = entry.split('-').map(|number| u64::from_str_radix(number, 16).ok());
        let (mark, length, before) = (numbers.next()??, numbers.next()??, numbers.next()??);
        let (mark, before) = (u32::try_from(mark).ok()?, u32::try_from(before).ok()?);
        known.entry(mark).or_default().push((length, before));
    }
    Some(known)
}

impl Sent {
    /// Nothing yet.
    #[must_use]
    pub fn nothing(marks: Marks) -> Self {
        let offsets = vec![0; marks.0.len()];
        Self::before(marks, offsets)
    }

    /// All that stands before these offsets, by the places of the log's inputs.
    #[must_use]
    pub fn before(marks: Marks, offsets: Vec<u64>) -> Self {
        Self { marks, offsets, told: HashMap::new(), had: None, is_sure: true }
    }

    /// The same, telling that so many lines were had of those that were asked for.
    #[must_use]
    pub fn counting(self, had: Option<u64>) -> Self {
        Self { had, ..self }
    }

    /// Every file could be held against what was told of it. Else one was cut back just now: the next look finds what it
    /// held.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.is_sure
    }

    /// How far each source was sent, by the places of the log's inputs.
    #[must_use]
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// It is all that stands before the line with this ordinal, and nothing else.
    #[must_use]
    pub fn is_all_before(&self, ordinal: u64, log: &Log) -> bool {
        let is = |standings: Vec<Standing>| standings.iter().map(|standing| &standing.offset).eq(self.offsets());
        ordinal <= log.index().lines() && log.standings(ordinal).is_ok_and(is)
    }

    /// Takes in which files its sources are made of by now. The snapshot is the one that it belongs to.
    pub fn renew(&mut self, snapshot: &Snapshot) {
        self.marks = Marks::of(snapshot);
    }

    /// Need not read again what was told before, of the same snapshot.
    #[must_use]
    pub fn knowing(self, before: Option<Self>) -> Self {
        Self { told: before.map(|before| before.told).unwrap_or_default(), ..self }
    }

    /// The current line of a merge was sent.
    #[must_use]
    pub fn has(&self, merge: &Merge) -> bool {
        merge.current().is_some_and(|(place, line)| self.offsets.get(place).is_some_and(|sent| line.next <= *sent))
    }

    /// The current line of a merge is sent, as all were that stand before it.
    pub fn take(&mut self, merge: &Merge) {
        self.had = self.had.map(|had| had + 1);
        self.pass(&merge.passed());
    }

    /// All is sent that stands before these offsets.
    pub fn pass(&mut self, offsets: &[u64]) {
        for (sent, passed) in self.offsets.iter_mut().zip(offsets) {
            *sent = (*passed).max(*sent);
        }
    }

    /// Writes [`Sent::marks`]; before it `+HAD`, where there was a limit, and a colon.
    pub fn write(&mut self, out: &mut String) {
        if let Some(had) = self.had {
            out.push_str(&format!("+{had}"));
        }
        out.push(':');
        self.marks(out);
    }

    /// Writes it as `MARK-LENGTH-BEFORE` in hexadecimal digits, a file each, with commas between: what it begins with, how far
    /// it was sent, what stood before that. False where that cannot be read any more of some file.
    pub fn marks(&mut self, out: &mut String) -> bool {
        let begin = out.len();
        let mut are_all = true;
        for (place, (source, sent)) in self.marks.0.iter().zip(&self.offsets).enumerate() {
            let begun = source.files.iter().take_while(|file| file.bytes.start < *sent && source.first < *sent);
            let begun = begun.count();
            for (at, file) in source.files.iter().enumerate().take(begun).skip(begun.saturating_sub(FILES_MAX)) {
                // It may have grown since.
                let end = if source.grows && at + 1 == source.files.len() { *sent } else { file.bytes.end.min(*sent) };
                let length = end - file.bytes.start;
                let Some(mark) = file.mark else {
                    are_all = false;
                    continue;
                };
                let which = (place, file.bytes.start, mark);
                let told = self.told.get(&which).filter(|told| told.0 == length).map(|told| told.1);
                let before = told.or_else(|| source.mark_before(file, length));
                match before {
                    Some(before) if told.is_none() => drop(self.told.insert(which, (length, before))),
                    Some(_) => {}
                    None => are_all = false,
                }
                let comma = if out.len() == begin { "" } else { "," };
                out.push_str(&format!("{comma}{mark:x}-{length:x}-{:x}", before.unwrap_or_default()));
            }
        }
        are_all
    }
}
