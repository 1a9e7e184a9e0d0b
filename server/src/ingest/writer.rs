//! Where bytes go: one file a source, appended to by one request at a time.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::options::Durability;
use record::Timestamp;

use super::refused::Refused;
use super::shipped::ShippedSource;

/// Bytes that are compared at a time.
const COMPARED_BYTES: usize = 64 << 10;

/// Bytes at an offset of a source.
#[derive(Debug)]
pub struct Piece {
    /// Where the first of them belongs.
    pub offset: u64,
    /// The bytes; none are a heartbeat.
    pub bytes: Vec<u8>,
    /// They are the last.
    pub last: bool,
    /// When they came to who sends them, where he tells: offsets in the source, rising, and the time of what begins there.
    pub arrived: Vec<(u64, Timestamp)>,
}

/// How far a source was written. What is durable is told by its status.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    /// Bytes that were written.
    pub written: u64,
    /// Device and inode of its file; none before it was made.
    pub file: Option<(u64, u64)>,
    /// The last bytes were written.
    pub closed: bool,
    /// It was deleted.
    pub gone: bool,
}

/// Bytes that all sources take, and may take.
#[derive(Debug)]
pub struct Room {
    used: AtomicU64,
    quota: u64,
}

impl Room {
    /// Room for so many bytes, some of which are used.
    pub fn new(used: u64, quota: Option<u64>) -> Self {
        Self { used: AtomicU64::new(used), quota: quota.unwrap_or(u64::MAX) }
    }

    /// Bytes that are used.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }

    /// There is room for so many more.
    pub fn has(&self, bytes: u64) -> bool {
        self.used().checked_add(bytes).is_some_and(|used| used <= self.quota)
    }

    /// There would be room for so many more if so many were given back.
    pub fn would_have(&self, bytes: u64, given_back: u64) -> bool {
        self.used().saturating_sub(given_back).checked_add(bytes).is_some_and(|used| used <= self.quota)
    }

    /// Takes room for so many bytes.
    fn take(&self, bytes: u64) -> Result<(), Refused> {
        let more = |used: u64| used.checked_add(bytes).filter(|used| *used <= self.quota);
        let taken = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.map(|_| ()).map_err(|_| Refused::Quota { bytes, quota: self.quota })
    }

    /// Gives room back.
    pub fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
    }
}

impl Writer {
    /// Writes what of `piece` is not there yet. Gives the file, where something of it has to be made durable. Blocks.
    ///
    /// # Errors
    ///
    /// See [`Refused`]; the source is then as it was.
    pub fn write(
        &mut self,
        source: &ShippedSource,
        piece: &Piece,
        room: &Room,
        durability: Durability,
    ) -> Result<Option<File>, Refused> {
        if self.gone {
            return Err(Refused::Gone);
        }
        let (made, durable, complete) = {
            let status = source.status();
            if let Some(error) = &status.error {
                return Err(Refused::Failed(error.clone()));
            }
            (status.made, status.durable, status.complete)
        };
        let count = piece.bytes.len() as u64;
        let end = piece.offset.checked_add(count).filter(|_| piece.offset <= self.written);
        let end = end.ok_or(Refused::Gap { end: durable })?;
        let known = usize::try_from(self.written - piece.offset).unwrap_or(usize::MAX);
        let (there, fresh) = piece.bytes.split_at(known.min(piece.bytes.len()));
        let is_settled = made && end <= durable && (complete || !piece.last);
        if is_settled && there.is_empty() {
            return Ok(None);
        }
        // A source that has no room is not even made.
        if self.file.is_none() && !room.has(fresh.len() as u64) {
            return Err(Refused::Quota { bytes: fresh.len() as u64, quota: room.quota });
        }
        let file = self.open(source, durability)?;
        compare(&file, piece.offset, there)?;
        if self.closed && !fresh.is_empty() {
            return Err(Refused::Complete { bytes: self.written });
        }
        if piece.last && end < self.written {
            return Err(Refused::EndsEarly { end, bytes: self.written });
        }
        if is_settled {
            return Ok(None);
        }
        if !fresh.is_empty() {
            room.take(fresh.len() as u64)?;
            if let Err(error) = file.write_all_at(fresh, self.written) {
                room.give_back(fresh.len() as u64);
                // What is left behind the end was never acknowledged; the next write or start of the server cuts it off.
                file.set_len(self.written).ok();
                return Err(Refused::io("write the bytes", &error));
            }
            self.written = end;
        }
        self.closed |= piece.last;
        Ok(Some(file))
    }

    /// Opens the source's file, which is as this writer left it; makes it for the first bytes.
    fn open(&mut self, source: &ShippedSource, durability: Durability) -> Result<File, Refused> {
        let path = &source.path;
        let Some(identity) = self.file else {
            let file = make(path, durability).map_err(|error| Refused::io("make the source's file", &error))?;
            self.file = Some(identity_of(&file).map_err(|error| Refused::io("look at the source's file", &error))?);
            return Ok(file);
        };
        let opened = File::options().read(true).write(true).open(path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(fail(source, format!("{} was removed while it grew", path.display())));
            }
            Err(error) => return Err(Refused::io("open the source's file", &error)),
        };
        let metadata = file.metadata().map_err(|error| Refused::io("look at the source's file", &error))?;
        if (metadata.dev(), metadata.ino()) != identity {
            return Err(fail(source, format!("{} was replaced by another file while it grew", path.display())));
        }
        if metadata.len() < self.written {
            let told = format!(
                "{} was cut short by somebody else: {} bytes were written to it, and it has {}",
                path.display(),
                self.written,
                metadata.len()
            );
            return Err(fail(source, told));
        }
        if metadata.len() > self.written {
            file.set_len(self.written).map_err(|error| Refused::io("cut off what was not acknowledged", &error))?;
        }
        Ok(file)
    }

    /// Takes back what is not durable, since nobody can tell whether the disk has it.
    pub fn take_back(&mut self, source: &ShippedSource, room: &Room) -> io::Result<()> {
        let (durable, complete) = {
            let status = source.status();
            (status.durable, status.complete)
        };
        source.epoch.fetch_add(1, Ordering::AcqRel);
        self.closed = complete;
        File::options().write(true).open(&source.path)?.set_len(durable)?;
        room.give_back(self.written - durable);
        self.written = durable;
        Ok(())
    }
}

/// Marks a source as failed, for good.
pub fn fail(source: &ShippedSource, why: String) -> Refused {
    tracing::error!(source = source.id, error = why, "a shipped source has failed");
    source.status().error.get_or_insert_with(|| why.clone());
    Refused::Failed(why)
}

/// Makes an empty file in a folder of the task's own. What lay there was never acknowledged.
fn make(path: &Path, durability: Durability) -> io::Result<File> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = File::options().read(true).write(true).create_new(true).open(path)?;
    if durability == Durability::Disk {
        // A file is only found again after a loss of power once its name is on disk as well, and its folder's.
        File::open(folder)?.sync_all()?;
        if let Some(above) = folder.parent() {
            File::open(above)?.sync_all()?;
        }
    }
    Ok(file)
}

/// Device and inode.
pub fn identity_of(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// That these bytes stand in the file from `offset` on.
fn compare(file: &File, offset: u64, bytes: &[u8]) -> Result<(), Refused> {
    let mut stored = vec![0; COMPARED_BYTES.min(bytes.len())];
    let mut at = offset;
    for sent in bytes.chunks(COMPARED_BYTES) {
        let stored = &mut stored[..sent.len()];
        file.read_exact_at(stored, at).map_err(|error| Refused::io("read what is stored", &error))?;
        if let Some(wrong) = stored.iter().zip(sent).position(|(stored, sent)| stored != sent) {
            return Err(Refused::Differs { at: at + wrong as u64 });
        }
        at += sent.len() as u64;
    }
    Ok(())
}
