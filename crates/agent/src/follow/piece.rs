//! A stretch of the source that lies in one file.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::mark::Mark;
use crate::limits::MARK_BYTES;

/// Where a stretch of the source lies, and how its file is found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Where it starts in the source.
    pub start: u64,
    /// Where it starts in its file.
    pub from: u64,
    /// How long it is; none while it may grow.
    pub length: Option<u64>,
    /// The file's device.
    pub device: u64,
    /// The file's inode.
    pub inode: u64,
    /// When it was last seen to change: seconds and nanoseconds by the file system's clock.
    pub modified: (i64, i64),
    /// How the file starts.
    pub head: Mark,
    /// What stands before the last place that was read.
    pub tail: Mark,
}

impl Piece {
    /// The stretch of this file from `from` on.
    ///
    /// # Errors
    ///
    /// Whatever reading fails with.
    pub fn new(content: &mut Content, start: u64, from: u64) -> io::Result<Self> {
        let metadata = content.metadata()?;
        let mut piece = Self {
            start,
            from,
            length: None,
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            head: Mark::default(),
            tail: Mark::default(),
        };
        piece.learn(content, from)?;
        Ok(piece)
    }

    /// Takes more of the file's start into the mark, and sets the other before `place`, where it is further on.
    ///
    /// # Errors
    ///
    /// Whatever reading fails with.
    pub fn learn(&mut self, content: &mut Content, place: u64) -> io::Result<()> {
        if place > self.tail.end
            && let Some(mark) = Mark::before(content, place)?
        {
            self.tail = mark;
        }
        if self.head.length < MARK_BYTES as u64 {
            let mut buf = [0; MARK_BYTES];
            let known = content.read_at(0, &mut buf)? as u64;
            if known > self.head.length
                && let Some(mark) = Mark::before(content, known)?
            {
                self.head = mark;
            }
        }
        Ok(())
    }

    /// This file still holds what was seen of the piece.
    ///
    /// # Errors
    ///
    /// Whatever reading fails with.
    pub fn fits(&self, content: &mut Content) -> io::Result<bool> {
        Ok(self.head.holds(content)? && self.tail.holds(content)?)
    }

    /// It is this very file, whatever it holds by now.
    #[must_use]
    pub fn is(&self, identity: (u64, u64)) -> bool {
        (self.device, self.inode) == identity
    }

    /// Where it ends in the source, where that is known.
    #[must_use]
    pub fn end(&self) -> Option<u64> {
        Some(self.start + self.length?)
    }
}

/// A piece and its open file.
pub struct Held {
    /// The piece.
    pub piece: Piece,
    /// Its file, as long as it is held open.
    pub content: Option<Content>,
    /// How many bytes the file had when it was last looked at.
    pub size: u64,
    /// When it was last seen to be of another size.
    pub changed: Instant,
    /// When the next piece was begun.
    pub left: Option<Instant>,
    /// Nobody writes to it any more: it is a packed file, or a copy that was made before a truncation.
    pub is_final: bool,
}

impl Held {
    /// A piece that was just found.
    #[must_use]
    pub fn new(piece: Piece, content: Option<Content>) -> Self {
        Self { piece, content, size: 0, changed: Instant::now(), left: None, is_final: false }
    }
}
