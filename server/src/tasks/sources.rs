//! The sources of a task that is open, and what has become of them since.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Encoding, Error, FileSource, Followed, GrowingFile, Input, Layout, Look, Origin, Source};
use record::Timestamp;
use record::wire::State;

use super::Settings;
use super::found::FoundSource;
use crate::ingest::ShippedSource;

/// How long a file counts as growing after it has last grown.
const GROWING_FOR: Duration = Duration::from_secs(30);

/// How long a file may be without its name: it may be on its way to another one.
const NAMELESS_FOR: Duration = Duration::from_secs(1);

/// How often a file is looked at again that changes meanwhile.
const LOOKS_MAX: usize = 3;

/// Bytes that are shown of a line that has no end yet.
const PARTIAL_BYTES_MAX: u64 = 4 << 10;

/// What tells one state of a file from another; none where nothing could be told.
pub type Identity = Option<(u64, u64, u64, Timestamp)>;

/// One source of a task.
#[derive(Clone, Debug)]
pub struct OpenSource {
    /// Its id.
    pub id: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its file as it was when somebody last looked.
    pub identity: Identity,
    /// Its place among the log's inputs, or why it has none.
    pub opened: Result<usize, Error>,
    /// The file, where it can grow.
    file: Option<Arc<GrowingFile>>,
    /// It was rotated before it was found: it stays the file that it is.
    rotated: bool,
    /// All bytes that were there when it was last looked at, and since when that is so, if it was seen to grow.
    written: u64,
    grown_at: Option<Instant>,
    replaced: bool,
    /// It could not be read for a reason that may pass.
    unreadable: bool,
    gone_at: Option<Instant>,
    /// Where it ended when it was last looked at, and whether a line ends there.
    end: (u64, bool),
    layout: Layout,
    /// What knows its state, if it was shipped; and how much of it was durable when it was last looked at.
    shipped: Option<Arc<ShippedSource>>,
    durable: u64,
}

/// What a look at a source found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Its lines end here now.
    End(u64),
    /// What was read of it is no longer so.
    Other,
}

impl OpenSource {
    /// Opens what was found, and reads its first lines. Its place among the log's inputs is to be told. `is_new`: it came
    /// while somebody looked, and is most likely still being written. `before`: what was read there was written over, and may
    /// have been renamed since; then it comes first.
    pub fn open(
        found: &FoundSource,
        settings: &Settings,
        is_new: bool,
        before: Option<&Self>,
    ) -> (Self, Option<Input>) {
        let source = Self {
            id: found.id.clone(),
            path: found.path.clone(),
            identity: FileSource::identity_at(&found.path),
            opened: Ok(0),
            file: None,
            written: 0,
            grown_at: is_new.then(Instant::now),
            replaced: false,
            unreadable: false,
            gone_at: None,
            end: (u64::MAX, true),
            layout: Layout::default(),
            shipped: found.shipped.clone(),
            durable: found.shipped.as_ref().map_or(u64::MAX, |source| source.status().durable),
            rotated: found.rotated,
        };
        let opened = match &found.error {
            Some(error) => Err(error.clone()),
            None => settings.spools.follow(&found.path),
        };
        // It may have been renamed or copied since: then another file, a later one, or none bears its name.
        let before = before.and_then(|before| before.file.as_ref());
        let rotated = before.map_or(Ok(None), |before| GrowingFile::rotated_since(before, &found.path));
        let opened = match rotated.map(|file| file.map(Arc::new)) {
            Ok(Some(file)) => Ok((Arc::clone(&file) as Arc<dyn Source>, Some(file))),
            Ok(None) => opened,
            Err(error) => Err(error),
        };
        source.reading(settings, opened)
    }

    /// The same, read anew: its files are those that it had, whatever bears their names by now, but for those that were
    /// deleted. None where all were.
    pub fn open_anew(&self, input: &Input, settings: &Settings) -> Option<(Self, Option<Input>)> {
        let Some(file) = &self.file else { return Some((self.clone(), Some(input.clone()))) };
        let file = GrowingFile::without_deleted(file)?;
        let opened = Ok((Arc::clone(&file) as Arc<dyn Source>, Some(file)));
        Some(self.clone().reading(settings, opened))
    }

    /// Reads the first lines of what was opened.
    fn reading(mut self, settings: &Settings, opened: Result<Followed, Error>) -> (Self, Option<Input>) {
        (self.file, self.end) = (None, (u64::MAX, true));
        let read = |(source, growing): Followed| {
            let rules = settings.times.rules(source.modified());
            if let Some(growing) = &growing {
                if let Some(source) = &self.shipped {
                    growing.set_durable(self.durable);
                    growing.set_arrivals(source.arrivals());
                }
                self.layout = Layout::detect(&**growing)?;
                if self.rotated && !growing.is_pinned() {
                    growing.pin()?;
                }
                self.written = growing.written();
                let line_end = growing.last_line_end(self.layout)?;
                let whole = if self.is_growing() { line_end } else { self.written };
                self.end = (whole, line_end == whole);
                growing.set_end(whole);
            }
            let origin = Origin::find(&source, &rules, engine::limits::BLOCK_BYTES_MIN)?;
            self.file = growing;
            Ok(Input { id: self.id.as_str().into(), source, rules, origin })
        };
        let (opened, input) = match opened.and_then(read) {
            Ok(input) => (Ok(0), Some(input)),
            Err(error) => (Err(error), None),
        };
        self.opened = opened;
        (self, input)
    }

    /// What its file was called when it was found: where another source bore that name, it is not its id. What was shipped
    /// has no name but its id.
    pub fn file_name(&self) -> Cow<'_, str> {
        let name = self.path.file_name().filter(|_| self.shipped.is_none());
        name.map_or(Cow::Borrowed(&*self.id), |name| name.to_string_lossy())
    }

    /// The bytes of its file when somebody last looked.
    pub fn bytes_on_disk(&self) -> u64 {
        self.identity.map_or(0, |(_, _, bytes, _)| bytes)
    }

    /// Where its lines end.
    pub fn end(&self) -> u64 {
        self.end.0
    }

    /// What was written of a line that has no end yet: the last of it. None where there is no such line.
    pub fn partial(&self) -> Option<String> {
        let (file, written) = self.file.as_ref().map(|file| (file, file.written()))?;
        let from = self.end.0.max(written.saturating_sub(PARTIAL_BYTES_MAX));
        let bytes = file.read_stretch(from..written).ok()?;
        (!bytes.is_empty()).then(|| match self.layout.encoding {
            Encoding::Utf8 => record::text::decode(&bytes, bytes.len() as u64).text.into_owned(),
            Encoding::Utf16 { big_endian } => {
                record::text::decode_utf16(&bytes, bytes.len() as u64, big_endian).text.into_owned()
            }
        })
    }

    /// Its file, where it can grow.
    pub fn file(&self) -> Option<&Arc<GrowingFile>> {
        self.file.as_ref()
    }

    /// The file at `path` is one of those that it is made of.
    pub fn has(&self, path: &Path) -> bool {
        let has = |file: &Arc<GrowingFile>| {
            FileSource::identity_at(path).is_some_and(|(device, inode, ..)| file.has(device, inode))
        };
        self.file.as_ref().is_some_and(has)
    }

    /// Another file bears its name, which it had from a rotation.
    pub fn has_lost_name(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.is_pinned() && self.path.exists() && !self.has(&self.path))
    }

    /// Whether more is expected of it.
    pub fn state(&self) -> State {
        match &self.shipped {
            Some(source) => source.state(),
            None if self.is_growing() => State::Growing,
            None => State::Complete,
        }
    }

    /// Why it takes no more of what is shipped, if it has failed.
    pub fn shipped_error(&self) -> Option<String> {
        self.shipped.as_ref()?.status().error.clone()
    }

    /// It was shipped.
    pub fn is_shipped(&self) -> bool {
        self.shipped.is_some()
    }

    /// It was shipped, takes no more, and all of it was looked at.
    pub fn is_over(&self) -> bool {
        let is_over = self.shipped.as_ref().is_some_and(|source| source.is_over());
        is_over && self.file.as_ref().is_none_or(|file| self.end.0 == file.written() && self.is_current())
    }

    /// More may come: a last line without a newline is not numbered yet.
    fn is_growing(&self) -> bool {
        if let Some(source) = &self.shipped {
            return !source.is_over();
        }
        self.grown_at.is_some_and(|grown| grown.elapsed() < GROWING_FOR)
    }

    /// It is as it was when somebody last looked. Asks the file system.
    pub fn is_current(&self) -> bool {
        self.gone_at.is_none()
            && self.shipped.as_ref().is_none_or(|source| source.status().durable == self.durable)
            && FileSource::identity_at(&self.path) == self.identity
            && self.expected_end().is_none_or(|end| end == self.end.0)
    }

    /// Where its lines would end by what is known of it.
    fn expected_end(&self) -> Option<u64> {
        self.file.as_ref().filter(|_| !self.is_growing()).map(|file| file.written())
    }

    /// What was read of it is no longer so.
    pub fn is_replaced(&self) -> bool {
        self.replaced
    }

    /// It can be read on as it is, also where all is read anew.
    pub fn is_lasting(&self) -> bool {
        self.opened.is_ok() && !self.replaced && !self.unreadable && self.is_intact()
    }

    /// What was read of it is still in its files. Asks the file system.
    pub fn is_intact(&self) -> bool {
        self.file.as_ref().is_none_or(|file| file.is_intact())
    }

    /// What was read of it may have been copied and cut back since: then it is read on in the copy.
    pub fn look_for_copy(&self) {
        if let Some(file) = self.file.as_ref().filter(|file| !file.is_intact()) {
            // What comes of it is seen by whether it is intact.
            file.look().ok();
        }
    }

    /// It could not be read: when all is read anew, it is opened anew.
    pub fn give_up(&mut self) {
        self.unreadable = true;
    }

    /// It was rotated: from now on it stays the file that it is.
    pub fn stay(&mut self) {
        self.rotated = true;
        if let Some(file) = self.file.as_ref().filter(|file| !file.is_pinned()) {
            // One that was cut back is not pinned yet: it is looked at as any other.
            file.pin().ok();
        }
    }

    /// Looks what has become of it.
    pub fn look(&mut self) -> Seen {
        let identity = FileSource::identity_at(&self.path);
        let Some(file) = &self.file else {
            // What was rotated has another name by now, or is gone; it was read.
            let is_there = identity == self.identity || (self.rotated && self.opened.is_ok());
            self.replaced |= !is_there;
            return if is_there { Seen::End(self.end.0) } else { Seen::Other };
        };
        if identity.is_none() && !file.is_pinned() {
            let gone_at = *self.gone_at.get_or_insert_with(Instant::now);
            // Who rotates it may take a while to begin the next one.
            if gone_at.elapsed() > NAMELESS_FOR && !file.is_renamed() {
                self.replaced = true;
                return Seen::Other;
            }
        } else {
            self.gone_at = None;
        }
        if let Some(source) = &self.shipped {
            self.durable = source.status().durable;
            file.set_durable(self.durable);
        }
        let mut tries = 0;
        let line_end = loop {
            match file.look() {
                Ok(Look::Same | Look::Grown) => {}
                // Names may have been changing just now.
                Ok(Look::Replaced) | Err(_) if tries < LOOKS_MAX => {
                    tries += 1;
                    continue;
                }
                Ok(Look::Replaced) | Err(_) => {
                    self.replaced = true;
                    return Seen::Other;
                }
            }
            // As long as nothing was numbered, too little was there to tell how it is to be read.
            if self.end.0 == 0
                && let Ok(layout) = Layout::detect(&**file)
            {
                self.layout = layout;
            }
            match file.last_line_end(self.layout) {
                Ok(end) => break end,
                // It may have been cut back just now: then another look finds what it held.
                Err(_) if tries < LOOKS_MAX => tries += 1,
                Err(_) => {
                    self.give_up();
                    return Seen::Other;
                }
            }
        };
        self.identity = identity;
        let written = file.written();
        if written != self.written {
            self.written = written;
            self.grown_at = Some(Instant::now());
        }
        let end = if self.is_growing() { line_end.max(self.end.0) } else { written };
        // The last line had no newline and a number: it is another one now.
        if !self.end.1 && written > self.end.0 {
            return Seen::Other;
        }
        self.end = (end, line_end == end);
        file.set_end(end);
        Seen::End(end)
    }
}
