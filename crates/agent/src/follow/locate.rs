//! Finds a piece's file again, under whatever name it lies now.

use super::Follow;
use super::content::{Content, is_packed};
use super::siblings::siblings;
use crate::Error;

impl Follow {
    /// Opens the file of the piece at this place; `offset` is what is wanted of it.
    pub(super) fn open(&mut self, at: usize, offset: u64) -> Result<(), Error> {
        if self.pieces[at].content.is_some() || self.find_again(at)? {
            return Ok(());
        }
        Err(Error::Gone { path: self.path.clone(), offset })
    }

    /// Looks for the file of the piece at this place: the very file first, then one that holds the same bytes.
    pub(super) fn find_again(&mut self, at: usize) -> Result<bool, Error> {
        let Some(all) = siblings(&self.path)? else { return Ok(false) };
        let held = &mut self.pieces[at];
        let (itself, others): (Vec<_>, Vec<_>) = all.iter().rev().partition(|sibling| held.piece.is(sibling.identity));
        for sibling in itself.into_iter().chain(others) {
            let is_itself = held.piece.is(sibling.identity);
            // Of a file that was empty nothing is known but which one it was.
            if !is_itself && held.piece.head.length == 0 {
                continue;
            }
            let Ok(mut content) = Content::open(&sibling.path, true) else { continue };
            if content.identity().ok() != Some(sibling.identity) || !matches!(held.piece.fits(&mut content), Ok(true)) {
                continue;
            }
            let is_at_path = sibling.number == Some(0);
            held.is_final = is_packed(&sibling.path) || !is_itself && !is_at_path;
            let Ok(size) = content.length() else { continue };
            held.size = size;
            (held.piece.device, held.piece.inode) = sibling.identity;
            held.content = Some(content);
            return Ok(true);
        }
        Ok(false)
    }
}
