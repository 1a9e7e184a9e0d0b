//! What becomes of a growing file's name: renamed, copied and cut back, deleted and made again.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::{GrowingFile, Look, Part, is_part, push};
use crate::Error;
use crate::layout::Layout;
use crate::source::{FileSource, Source as _};

impl GrowingFile {
    /// Its file bears the name that a rotation gives it, and no other has taken its own yet.
    #[must_use]
    pub fn is_renamed(&self) -> bool {
        older_names(&self.path)
            .iter()
            .any(|(_, path)| FileSource::identity_at(path).is_some_and(|(device, inode, ..)| self.has(device, inode)))
    }

    /// What was written to the file at `path` since `before` was looked at, and bears the names of a rotation by now, with what
    /// came after it; none where there is no such file. For what is opened anew because the bytes that were read there had
    /// been written over.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened or read, though it is there.
    pub fn rotated_since(before: &Self, path: &Path) -> Result<Option<Self>, Error> {
        let parts = before.parts();
        let Some(last) = parts.last() else { return Ok(None) };
        let is_new = |path: &PathBuf| {
            FileSource::identity_at(path).is_some_and(|(device, inode, _, modified)| {
                modified >= last.file.identity().3 && !is_part(&parts, (device, inode))
            })
        };
        let mut older = older_names(path).into_iter().map(|(_, path)| path);
        let Some(first) = older.find(|path| is_at(path, last) || is_new(path)) else { return Ok(None) };
        let file = Self::new(path.to_owned(), FileSource::open(first)?.longer()?);
        file.rotated(&file.parts())?;
        Ok(Some(file))
    }

    /// Looks what has become of the file, and takes in what was added.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened or read, though it is there.
    pub fn look(&self) -> Result<Look, Error> {
        let parts = self.parts();
        let Some(last) = parts.last() else { return Ok(Look::Same) };
        let (device, inode, bytes, modified) = last.file.identity();
        if self.is_pinned() {
            return Ok(self.take_rest(&parts));
        }
        match FileSource::identity_at(&self.path) {
            Some(now) if now == (device, inode, bytes, modified) => Ok(Look::Same),
            // It was copied and cut back before it was looked at, and is no shorter than it was then.
            Some(now) if (now.0, now.1) == (device, inode) && self.was_cut_unread(last, &parts) => self.cut_back(parts),
            Some(now) if (now.0, now.1) == (device, inode) => match last.file.longer() {
                Ok(longer) => Ok(self.put(parts.len() - 1, longer)),
                Err(error) if error.is_change() => self.cut_back(parts),
                Err(error) => Err(error),
            },
            Some((.., bytes, _)) if bytes > 0 && self.is_moved_on(last) => {
                self.pinned.store(true, Ordering::Release);
                Ok(self.take_rest(&parts))
            }
            Some((.., bytes, _)) if bytes > 0 => self.rotated(&parts),
            // What was written to has lost the name again.
            _ if self.newer(last, &parts).is_some_and(|newer| !newer.is_empty()) => self.rotated(&parts),
            // Who writes has not moved on yet.
            _ => match self.take_rest(&parts) {
                Look::Replaced => self.cut_back(parts),
                look => Ok(look),
            },
        }
    }

    /// It bore a name that a rotation gives, `name.1`, and bears an older one by now: what has its name is no part of it.
    fn is_moved_on(&self, last: &Part) -> bool {
        let Some((name, number)) = self.path.to_str().and_then(|path| path.rsplit_once('.')) else { return false };
        let Ok(number) = number.parse::<u64>() else { return false };
        older_names(Path::new(name)).iter().any(|(other, path)| *other > number && is_at(path, last))
    }

    /// What was written to the last file, which may have lost its name. What was read of it may be gone: it may have been
    /// copied and cut back before.
    fn take_rest(&self, parts: &[Part]) -> Look {
        let Some(last) = parts.last() else { return Look::Same };
        let renamed = || {
            let path = older_names(&self.path).into_iter().map(|(_, path)| path).find(|path| is_at(path, last))?;
            FileSource::open(path).ok().filter(|found| last.file.is_begin_of(found))
        };
        match last.file.longer() {
            Ok(longer) => self.put(parts.len() - 1, longer),
            Err(error) => match (renamed(), error) {
                (Some(longer), _) => self.put(parts.len() - 1, longer),
                (None, error) if error.is_change() => Look::Replaced,
                (None, _) => Look::Same,
            },
        }
    }

    /// Another file bears the name: the rest of the old one, those that came and went meanwhile, and the new one.
    fn rotated(&self, parts: &[Part]) -> Result<Look, Error> {
        if self.take_rest(parts) == Look::Replaced {
            return self.cut_back(parts.to_vec());
        }
        let mut parts = self.parts();
        let before = parts.clone();
        let Some(last) = parts.last() else { return Ok(Look::Same) };
        let newer = self.newer(last, &before).unwrap_or_else(|| {
            // It is gone, or was packed: those that were written to since.
            let modified = last.file.identity().3;
            let is_newer = |path: &PathBuf| FileSource::identity_at(path).is_some_and(|found| found.3 >= modified);
            self.others(&before).into_iter().filter(is_newer).collect()
        });
        for path in newer {
            self.push_next(&mut parts, FileSource::open(path)?.longer()?);
        }
        match FileSource::open(&self.path) {
            Ok(file) if file.identity().2 > 0 => self.push_next(&mut parts, file.longer()?),
            Ok(_) => {}
            // It is gone again, and will be looked for anew.
            Err(Error::Open { .. }) => {}
            Err(error) => return Err(error),
        }
        *self.parts.write().unwrap_or_else(PoisonError::into_inner) = parts;
        Ok(Look::Grown)
    }

    /// Another file, behind those that there are: a last line without an end does not go on in it.
    fn push_next(&self, parts: &mut Vec<Part>, file: Arc<FileSource>) {
        if let (Some(last), Ok(layout)) = (parts.last_mut(), Layout::detect(self)) {
            let newline = layout.encoding.newline();
            let (bytes, unit) = (last.file.identity().2, newline.len() as u64);
            let end = last.file.read_stretch(bytes.saturating_sub(unit)..bytes);
            if bytes >= unit && bytes.is_multiple_of(unit) && end.is_ok_and(|end| end != newline) {
                last.newline = newline;
            }
        }
        push(parts, file);
    }

    /// Files with the names of a rotation that are not among those that it is made of, the oldest first.
    fn others(&self, parts: &[Part]) -> Vec<PathBuf> {
        let paths = older_names(&self.path).into_iter().map(|(_, path)| path);
        paths
            .filter(|path| FileSource::identity_at(path).is_some_and(|found| !is_part(parts, (found.0, found.1))))
            .collect()
    }

    /// Those of them that bore its name after the last one did; none where that is not among them.
    fn newer(&self, last: &Part, parts: &[Part]) -> Option<Vec<PathBuf>> {
        let (device, inode, ..) = last.file.identity();
        let older = older_names(&self.path).into_iter().map(|(_, path)| path);
        let mut found = older.filter_map(|path| Some((FileSource::identity_at(&path)?, path)));
        // The names are in the order of their age, the oldest first.
        found.find(|(found, _)| (found.0, found.1) == (device, inode))?;
        Some(found.filter(|(found, _)| !is_part(parts, (found.0, found.1))).map(|(_, path)| path).collect())
    }

    /// Nothing was read of the file yet, and it was copied and cut back since: it does not begin as the newest copy does.
    fn was_cut_unread(&self, last: &Part, parts: &[Part]) -> bool {
        if last.file.identity().2 > 0 {
            return false;
        }
        let before = parts.len().checked_sub(2).and_then(|before| parts.get(before));
        let newest = before.and_then(|before| self.newer(before, parts)).and_then(|mut newer| newer.pop());
        let copy = newest.and_then(|path| FileSource::open(path).ok()?.longer().ok());
        let is_begin = |copy: &Arc<FileSource>| FileSource::open(&self.path).is_ok_and(|now| copy.is_begin_of(&now));
        copy.is_some_and(|copy| copy.identity().2 > 0 && !is_begin(&copy))
    }

    /// The file was cut back: what it held is in a copy, or gone; and what it held after that may be in newer ones.
    fn cut_back(&self, mut parts: Vec<Part>) -> Result<Look, Error> {
        let Some(last) = parts.pop() else { return Ok(Look::Same) };
        let (device, inode, ..) = last.file.identity();
        let is_last = |file: &FileSource| (file.identity().0, file.identity().1) == (device, inode);
        let before = parts.last();
        // Of what was not read yet nothing tells which copy has it: it is the first after the one before.
        let unread =
            (last.file.identity().2 == 0).then(|| before.and_then(|before| self.newer(before, &parts))).flatten();
        let mut copies = match unread {
            Some(newer) => newer,
            None => {
                let others = self.others(&parts);
                let holds = |path: &PathBuf| FileSource::open(path).is_ok_and(|copy| last.file.is_begin_of(&copy));
                // The newest first.
                match others.iter().rposition(holds) {
                    Some(copy) => others[copy..].to_vec(),
                    // Nothing was there to lose.
                    None if last.file.identity().2 == 0 => Vec::new(),
                    None => return Ok(Look::Replaced),
                }
            }
        };
        for copy in copies.drain(..) {
            push(&mut parts, FileSource::open(copy)?.longer()?);
        }
        match FileSource::open(&self.path) {
            Ok(file) if is_last(&file) => push(&mut parts, file.longer()?),
            // It was renamed after it was cut back.
            Ok(file) if file.identity().2 > 0 => self.push_next(&mut parts, file.longer()?),
            Ok(_) | Err(Error::Open { .. }) if !parts.is_empty() => {}
            Ok(_) => return Ok(Look::Replaced),
            Err(error) => return Err(error),
        }
        *self.parts.write().unwrap_or_else(PoisonError::into_inner) = parts;
        Ok(Look::Grown)
    }
}

/// Its file lies at `path`, whatever is in it by now.
fn is_at(path: &Path, part: &Part) -> bool {
    FileSource::identity_at(path).is_some_and(|found| is_part(std::slice::from_ref(part), (found.0, found.1)))
}

/// `name.9`, … `name.1` beside `name`, with their numbers, the highest first: what a rotation makes of it.
fn older_names(path: &Path) -> Vec<(u64, PathBuf)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let number = |other: &std::ffi::OsStr| {
        let rest = other.as_encoded_bytes().strip_prefix(name.as_encoded_bytes())?.strip_prefix(b".")?;
        std::str::from_utf8(rest).ok()?.parse().ok()
    };
    let mut older: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| entry.ok())
        .filter_map(|entry| Some((number(&entry.file_name())?, entry.path())))
        .collect();
    older.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    older
}
