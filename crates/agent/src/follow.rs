//! A file as a source: followed by name through rename, truncation and re-creation, as one sequence without a seam.
//!
//! The source is a chain of pieces, each a stretch of one file. The last piece grows; a look finds what grew, and what was
//! rotated in between. A chain is written down before a byte of its newest piece is sent, so that a restart finds each
//! byte's file again, under whatever name.

mod chain;
mod content;
mod holders;
mod late;
mod locate;
mod mark;
mod piece;
mod siblings;

use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub use holders::Holders;
use piece::Held;
pub use piece::Piece;

use crate::Error;
use crate::limits::STATE_EVERY;
use crate::state::{Kept, State};
use crate::tape::{Look, Tape};
use crate::tell::Teller;

/// A followed file.
pub struct Follow {
    source: String,
    path: PathBuf,
    /// Never empty once the file was there.
    pieces: VecDeque<Held>,
    acked: u64,
    /// How far the source was handed out.
    read: u64,
    /// How much the server has; none as long as it was not asked.
    server_has: Option<u64>,
    state: Option<State>,
    /// What is in memory is not in the state.
    is_dirty: bool,
    written: Instant,
    teller: Teller,
    /// Asked who holds the files open, where the source ends with that.
    holders: Option<Holders>,
    /// Beginnings that were tried.
    begun: usize,
    /// Nothing was remembered of it.
    is_fresh: bool,
}

impl Follow {
    /// Follows `path`, from where `state` says that it stood.
    ///
    /// # Errors
    ///
    /// A state that cannot be used.
    pub fn new(
        source: String,
        path: PathBuf,
        state: Option<State>,
        holders: Option<Holders>,
        teller: Teller,
    ) -> Result<Self, Error> {
        let kept = state.as_ref().map(|state| state.read(&teller)).transpose()?.flatten();
        let is_fresh = kept.is_none();
        let Kept { acked, pieces, .. } = kept.unwrap_or_default();
        Ok(Self {
            source,
            path,
            pieces: pieces.into_iter().map(|piece| Held::new(piece, None)).collect(),
            acked,
            read: acked,
            server_has: None,
            state,
            is_dirty: false,
            written: Instant::now(),
            teller,
            holders,
            begun: 0,
            is_fresh,
        })
    }

    /// The followed path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down what is known. Where that fails the operator is told, and shipping goes on.
    fn keep(&mut self) {
        self.forget_past();
        let Some(state) = &self.state else { return };
        let kept = Kept {
            acked: self.acked,
            pieces: self.pieces.iter().map(|held| held.piece.clone()).collect(),
            ..Kept::default()
        };
        let name = format!("{} (state)", self.source);
        match state.write(&kept) {
            Ok(()) => self.teller.forget(&name),
            Err(error) => self.teller.trouble(&name, &format!("{error}; after a restart more is sent again")),
        }
        self.is_dirty = false;
        self.written = Instant::now();
    }

    fn keep_if_due(&mut self) {
        if self.is_dirty && self.written.elapsed() >= STATE_EVERY {
            self.keep();
        }
    }

    /// Where the source ends now.
    fn end(&self) -> u64 {
        self.pieces.back().map_or(0, |last| {
            let grown = last.size.saturating_sub(last.piece.from);
            last.piece.start + last.piece.length.unwrap_or(grown)
        })
    }

    /// Nobody can add to it any more.
    fn is_done(&mut self) -> bool {
        let Some(holders) = &mut self.holders else { return false };
        let Some(last) = self.pieces.back() else { return false };
        let identities: Vec<_> = self
            .pieces
            .iter()
            .filter(|held| held.content.is_some())
            .map(|held| (held.piece.device, held.piece.inode))
            .collect();
        let size = last.size;
        if !holders.are_gone(&identities) {
            return false;
        }
        // Looked at once more, now that nobody can change it.
        let at_path =
            std::fs::metadata(&self.path).map(|metadata| (metadata.dev(), metadata.ino(), metadata.len())).ok();
        let Some(last) = self.pieces.back_mut() else { return false };
        let length = last.content.as_mut().and_then(|content| content.length().ok());
        let is_same = at_path.is_none_or(|(device, inode, _)| last.piece.is((device, inode)));
        is_same && length == Some(size)
    }
}

impl Tape for Follow {
    fn acked(&self) -> u64 {
        self.acked
    }

    fn look(&mut self) -> Result<Look, Error> {
        if !self.begin()? {
            return Ok(Look::default());
        }
        self.grow()?;
        self.look_back();
        self.keep_if_due();
        let done = self.is_done();
        Ok(Look { is_there: true, end: self.end(), done })
    }

    fn resume(&mut self, has: u64) -> Result<u64, Error> {
        self.server_has = Some(has);
        if !self.begin()? {
            return Ok(self.acked.min(has));
        }
        self.grow()?;
        let at = self.acked.min(has);
        // Bytes that are in no file any more, but at the server, need not be sent.
        let mut probe = Vec::new();
        match self.read(at, 1, &mut probe) {
            Err(Error::Gone { .. }) if has > at && has <= self.end() => {
                self.teller.say(&format!(
                    "{}: bytes {at} to {has} are in no file any more, but at the server; going on behind them",
                    self.source
                ));
                self.acked = has;
                self.read = self.read.max(has);
                Ok(has)
            }
            Ok(()) | Err(_) => Ok(at),
        }
    }

    fn read(&mut self, offset: u64, max: usize, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let Some(at) = self.pieces.iter().rposition(|held| held.piece.start <= offset) else {
            return Err(Error::Gone { path: self.path.clone(), offset });
        };
        self.open(at, offset)?;
        let held = &mut self.pieces[at];
        let piece = &held.piece;
        let inside = offset - piece.start;
        let left = piece.length.map_or(u64::MAX, |length| length.saturating_sub(inside));
        let count = max.min(usize::try_from(left).unwrap_or(usize::MAX));
        if count == 0 {
            // A hole in the chain: what the state told of is no more.
            let next = self.pieces.get(at + 1).map(|next| next.piece.start);
            return match next {
                Some(next) if next > offset => Err(Error::Gone { path: self.path.clone(), offset }),
                _ => Ok(()),
            };
        }
        let Some(content) = &mut held.content else { return Ok(()) };
        let place = piece.from + inside;
        let start = bytes.len();
        bytes.resize(start + count, 0);
        let read = content.read_at(place, &mut bytes[start..]).map_err(Error::file("read", &self.path))?;
        bytes.truncate(start + read);
        // A file that was written over in this moment has other bytes; the next look finds out what happened.
        let fits = held.piece.fits(content).and_then(|fits| {
            held.piece.learn(content, place + read as u64)?;
            Ok(fits)
        });
        if !fits.map_err(Error::file("read", &self.path))? {
            bytes.truncate(start);
        }
        self.read = self.read.max(offset + (bytes.len() - start) as u64);
        Ok(())
    }

    fn ack(&mut self, offset: u64) -> Result<(), Error> {
        if offset > self.acked {
            self.acked = offset;
            self.is_dirty = true;
        }
        self.keep_if_due();
        Ok(())
    }

    fn begin_elsewhere(&mut self) -> bool {
        self.try_older_beginning()
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        if self.is_dirty {
            self.keep();
        }
    }
}
