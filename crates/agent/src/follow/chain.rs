//! How the chain grows: the end of one file, and what follows it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::time::Instant;

use super::Follow;
use super::content::{Content, is_packed};
use super::piece::{Held, Piece};
use super::siblings::{Sibling, siblings};
use crate::Error;
use crate::limits::{OPEN_MAX, PAST_MAX, SETTLED, STEPS_MAX};

impl Follow {
    /// There is something to ship. The first piece is the file as it lies there first.
    pub(super) fn begin(&mut self) -> Result<bool, Error> {
        if !self.pieces.is_empty() {
            return Ok(true);
        }
        // Opening a pipe would wait for its writer.
        match fs::metadata(&self.path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => {
                let cause = io::Error::other("it is no regular file");
                return Err(Error::File { what: "follow", path: self.path.clone(), cause });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(Error::file("look at", &self.path)(error)),
        }
        let mut content = Content::open(&self.path, false)?;
        let piece = Piece::new(&mut content, 0, 0).map_err(Error::file("read", &self.path))?;
        self.pieces.push_back(Held::new(piece, Some(content)));
        self.keep();
        Ok(true)
    }

    /// Brings the chain up to what lies in the folder now.
    pub(super) fn grow(&mut self) -> Result<(), Error> {
        for _ in 0..STEPS_MAX {
            if !self.step()? {
                break;
            }
        }
        Ok(())
    }

    /// One step: true where a further piece was begun.
    fn step(&mut self) -> Result<bool, Error> {
        let last = self.pieces.len() - 1;
        if self.pieces[last].content.is_none() && !self.find_again(last)? {
            return self.lost_last();
        }
        let held = &mut self.pieces[last];
        let Some(content) = &mut held.content else { return Ok(false) };
        let size = content.length().map_err(Error::file("read", &self.path))?;
        let metadata = content.metadata().map_err(Error::file("read", &self.path))?;
        let identity = (metadata.dev(), metadata.ino());
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        if size != held.size || modified != held.piece.modified {
            if !held.is_final && !held.piece.fits(content).map_err(Error::file("read", &self.path))? {
                return self.truncated();
            }
            if size != held.size {
                held.changed = Instant::now();
            }
            held.size = size;
            held.piece.modified = modified;
            held.piece.learn(content, held.piece.tail.end).map_err(Error::file("read", &self.path))?;
        }
        let at_path = match fs::metadata(&self.path) {
            Ok(metadata) => (metadata.dev(), metadata.ino()),
            // Renamed or removed; whoever writes still has it, and so have we.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(Error::file("look at", &self.path)(error)),
        };
        if at_path == identity && !held.is_final {
            return Ok(false);
        }
        self.turn(identity)
    }

    /// The followed name belongs to another file: goes on with the one that was written after this.
    fn turn(&mut self, identity: (u64, u64)) -> Result<bool, Error> {
        let Some(all) = siblings(&self.path)? else { return Ok(false) };
        let known: Vec<bool> = all.iter().map(|sibling| self.is_known(sibling)).collect();
        let Some(held) = self.pieces.back() else { return Ok(false) };
        let place = all.iter().position(|sibling| sibling.identity == identity);
        let newer: Vec<&Sibling> = match place {
            Some(place) => all[place + 1..].iter().collect(),
            // It was removed: what was changed later, and is none of those that were read.
            None => all
                .iter()
                .zip(known)
                .filter(|(sibling, is_known)| {
                    sibling.number == Some(0) || !is_known && sibling.modified >= held.piece.modified
                })
                .map(|(sibling, _)| sibling)
                .collect(),
        };
        // An empty file has nothing to say yet, and the one before it may still be written to.
        if newer.iter().all(|sibling| sibling.size == 0) {
            return Ok(false);
        }
        let is_settled = held.is_final || newer.len() > 1 || held.changed.elapsed() >= SETTLED;
        if !is_settled {
            return Ok(false);
        }
        let Some(next) = newer.iter().find(|sibling| sibling.size > 0) else { return Ok(false) };
        let Ok(mut content) = Content::open(&next.path, true) else { return Ok(false) };
        if content.identity().map_err(Error::file("read", &next.path))? != next.identity {
            return Ok(false);
        }
        self.close_last();
        let start = self.end();
        let piece = Piece::new(&mut content, start, 0).map_err(Error::file("read", &next.path))?;
        let mut held = Held::new(piece, Some(content));
        held.is_final = is_packed(&next.path);
        self.push(held);
        Ok(true)
    }

    /// It is a file that was read before. A file that was removed leaves its inode to another, so what it holds counts.
    fn is_known(&self, sibling: &Sibling) -> bool {
        let mut same = self.pieces.iter().filter(|held| held.piece.is(sibling.identity));
        same.any(|held| {
            let content = Content::open(&sibling.path, true);
            content.is_ok_and(|mut content| matches!(held.piece.fits(&mut content), Ok(true)))
        })
    }

    /// The last piece ends where its file does now.
    pub(super) fn close_last(&mut self) {
        let Some(held) = self.pieces.back_mut() else { return };
        if let Some(Ok(size)) = held.content.as_mut().map(Content::length) {
            held.size = held.size.max(size);
        }
        let length = held.size.saturating_sub(held.piece.from);
        held.piece.length.get_or_insert(length);
        held.left = Some(Instant::now());
    }

    /// The file was cut to nothing and written anew. Where a copy was made before, the rest is read from that.
    fn truncated(&mut self) -> Result<bool, Error> {
        let Some(last) = self.pieces.len().checked_sub(1) else { return Ok(false) };
        let identity = (self.pieces[last].piece.device, self.pieces[last].piece.inode);
        let Some(all) = siblings(&self.path)? else { return Ok(false) };
        for sibling in all.iter().rev().filter(|sibling| sibling.identity != identity) {
            let Ok(mut content) = Content::open(&sibling.path, true) else { continue };
            let held = &mut self.pieces[last];
            if held.piece.tail.length == 0 && held.piece.head.length == 0 {
                break;
            }
            if !matches!(held.piece.fits(&mut content), Ok(true)) {
                continue;
            }
            let Ok(size) = content.length() else { continue };
            if size < held.size {
                continue;
            }
            held.size = size;
            (held.piece.device, held.piece.inode) = sibling.identity;
            held.is_final = true;
            held.content = Some(content);
            self.is_dirty = true;
            return Ok(true);
        }
        // What was sent and not acknowledged may have arrived; only the server can tell.
        let Some(has) = self.server_has else { return Ok(false) };
        let end = self.read.max(has.min(self.end()));
        let held = &mut self.pieces[last];
        let known = held.piece.start + held.size.saturating_sub(held.piece.from);
        if known > end {
            self.teller.say(&format!(
                "{}: {} was truncated before its last {} bytes were read, and there is no copy of them: they are lost",
                self.source,
                self.path.display(),
                known - end
            ));
        }
        held.piece.length = Some(end.saturating_sub(held.piece.start));
        held.content = None;
        self.restart_at_path()
    }

    /// The last piece's file is nowhere: what was written to it and not read is lost.
    fn lost_last(&mut self) -> Result<bool, Error> {
        let Some(has) = self.server_has else { return Ok(false) };
        let end = self.read.max(has);
        let Some(held) = self.pieces.back_mut() else { return Ok(false) };
        if held.piece.length.is_none() {
            self.teller.say(&format!(
                "{}: the file that held its bytes from {} on is gone; if it was longer than {} bytes, the rest is lost",
                self.source,
                held.piece.start,
                end.saturating_sub(held.piece.start) + held.piece.from
            ));
            held.piece.length = Some(end.saturating_sub(held.piece.start));
            held.left = Some(Instant::now());
        }
        let (device, inode) = (held.piece.device, held.piece.inode);
        match fs::metadata(&self.path) {
            // The same file with other bytes, or others that were written since.
            Ok(metadata) if (metadata.dev(), metadata.ino()) == (device, inode) => self.restart_at_path(),
            Ok(_) => self.turn((device, inode)),
            Err(_) => Ok(false),
        }
    }

    /// Begins a piece with what lies at the followed path now.
    fn restart_at_path(&mut self) -> Result<bool, Error> {
        let Ok(mut content) = Content::open(&self.path, false) else { return Ok(false) };
        let start = self.end();
        let piece = Piece::new(&mut content, start, 0).map_err(Error::file("read", &self.path))?;
        self.push(Held::new(piece, Some(content)));
        Ok(true)
    }

    /// Adds a piece, written down before a byte of it is sent.
    pub(super) fn push(&mut self, held: Held) {
        self.pieces.push_back(held);
        let open = self.pieces.iter().filter(|held| held.content.is_some()).count();
        if open > OPEN_MAX {
            // The one to be read last but for the newest: it is the last to be rotated away.
            let late = self.pieces.len() - 2;
            self.pieces[late].content = None;
        }
        self.keep();
    }

    /// Forgets pieces that were acknowledged long ago.
    pub(super) fn forget_past(&mut self) {
        let acked = self.acked;
        let is_past = |held: &Held| held.piece.end().is_some_and(|end| end <= acked);
        while self.pieces.len() > PAST_MAX + 1 && self.pieces.iter().take(PAST_MAX + 1).all(is_past) {
            self.pieces.pop_front();
        }
        for held in &mut self.pieces {
            let is_left = held.left.is_some_and(|left| left.elapsed() >= crate::limits::LATE);
            if is_left && held.piece.end().is_some_and(|end| end <= acked) {
                held.content = None;
            }
        }
    }

    /// Without anything remembered the source may have begun in a file that was rotated since: the server says which.
    pub(super) fn try_older_beginning(&mut self) -> bool {
        if !self.is_fresh || self.acked > 0 {
            return false;
        }
        let Ok(Some(all)) = siblings(&self.path) else { return false };
        self.begun += 1;
        let Some(older) = all.len().checked_sub(1 + self.begun).and_then(|at| all.get(at)) else { return false };
        let Ok(mut content) = Content::open(&older.path, true) else { return false };
        let Ok(piece) = Piece::new(&mut content, 0, 0) else { return false };
        let mut held = Held::new(piece, Some(content));
        held.is_final = is_packed(&older.path);
        self.pieces.clear();
        self.read = 0;
        self.push(held);
        true
    }
}
