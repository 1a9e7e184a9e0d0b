//! Bytes that are written to a renamed file after the next one was begun: their writer was slow to change over.

use super::Follow;
use super::content::Content;
use super::piece::{Held, Piece};
use crate::limits::LATE;

impl Follow {
    /// Looks at the files that were left, and puts what came late behind what there is. Nothing is lost; it stands where
    /// it was found.
    pub(super) fn look_back(&mut self) {
        for at in 0..self.pieces.len().saturating_sub(1) {
            let held = &mut self.pieces[at];
            let is_watched = held.left.is_some_and(|left| left.elapsed() < LATE) && !held.is_final;
            let (true, Some(length), Some(content)) = (is_watched, held.piece.length, &mut held.content) else {
                continue;
            };
            let end = held.piece.from + length;
            let grown = content.length().is_ok_and(|size| size > end) && matches!(held.piece.fits(content), Ok(true));
            if !grown {
                continue;
            }
            let Content::Plain(file) = content else { continue };
            let Ok(file) = file.try_clone() else { continue };
            held.left = None;
            self.insert_late(Content::Plain(file), end);
        }
    }

    fn insert_late(&mut self, mut content: Content, from: u64) {
        self.close_last();
        let start = self.end();
        let Ok(mut late) = Piece::new(&mut content, start, from) else { return };
        let Ok(size) = content.length() else { return };
        late.length = Some(size - from);
        let mut held = Held::new(late, Some(content));
        held.size = size;
        held.left = Some(std::time::Instant::now());
        // What is behind it is the rest of the file that grows; that one was not left.
        let Some(current) = self.pieces.back_mut() else { return };
        current.left = None;
        let mut rest = current.piece.clone();
        let place = current.piece.from + current.piece.length.unwrap_or(0);
        let Some(Content::Plain(file)) = &current.content else { return };
        let Ok(file) = file.try_clone() else { return };
        let size = current.size;
        self.pieces.push_back(held);
        rest.start = self.end();
        rest.from = place;
        rest.length = None;
        let mut rest = Held::new(rest, Some(Content::Plain(file)));
        rest.size = size;
        self.push(rest);
    }
}
