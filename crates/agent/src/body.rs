//! A request's body: a stretch of a source, which may be held back by its last bytes.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use record::Timestamp;
use tokio::sync::oneshot;

use crate::limits::{FRAME_BYTES, PACK_BYTES_MIN};

/// A stretch of a source, as it is sent; held until it was acknowledged, so that it can be sent again.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Where it starts in the source.
    pub offset: u64,
    /// How many bytes of the source it holds.
    pub length: u64,
    /// These, packed or not.
    pub body: Bytes,
    /// Packed with zstd.
    pub packed: bool,
    /// Nothing follows, ever.
    pub last: bool,
    /// When its bytes came, where that is known.
    pub arrived: Vec<(u64, Timestamp)>,
}

impl Batch {
    /// A batch of these bytes; packed where `pack` says so and it pays.
    #[must_use]
    pub fn new(offset: u64, bytes: Vec<u8>, pack: bool) -> Self {
        let length = bytes.len() as u64;
        if pack && bytes.len() >= PACK_BYTES_MIN {
            let packed = zstd::bulk::compress(&bytes, 1);
            if let Ok(packed) = packed
                && packed.len() < bytes.len() / 10 * 9
            {
                return Self { offset, length, body: packed.into(), packed: true, last: false, arrived: Vec::new() };
            }
        }
        Self { offset, length, body: bytes.into(), packed: false, last: false, arrived: Vec::new() }
    }

    /// No bytes at this place: says that the sender is alive, or, with `last`, that nothing follows.
    #[must_use]
    pub fn empty(offset: u64, last: bool) -> Self {
        Self { offset, length: 0, body: Bytes::new(), packed: false, last, arrived: Vec::new() }
    }

    /// Where the next one starts.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }
}

/// When something last moved, and whether we are the ones who wait.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Mutex<Option<Instant>>>);

impl Progress {
    /// Now.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Instant::now()))))
    }

    /// When something last moved; none while the body is held back by us.
    #[must_use]
    pub fn last(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, at: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

/// The body of one try.
#[derive(Debug)]
pub struct Body {
    left: Bytes,
    gate: Option<oneshot::Receiver<()>>,
    progress: Progress,
}

impl Body {
    /// Of these bytes; the last of them are held back until `gate` opens.
    #[must_use]
    pub fn new(bytes: Bytes, gate: Option<oneshot::Receiver<()>>, progress: Progress) -> Self {
        Self { left: bytes, gate, progress }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let count = if self.left.len() <= FRAME_BYTES {
            if let Some(gate) = &mut self.gate {
                match Pin::new(gate).poll(context) {
                    Poll::Ready(Ok(())) => self.gate = None,
                    // The request before failed, and whoever sent both drops this one. A body that ended here would be
                    // taken for a whole one by nobody: its length was told.
                    Poll::Ready(Err(_)) => return Poll::Pending,
                    Poll::Pending => {
                        self.progress.set(None);
                        return Poll::Pending;
                    }
                }
            }
            self.left.len()
        } else {
            FRAME_BYTES.min(self.left.len() - 1)
        };
        self.progress.set(Some(Instant::now()));
        let frame = self.left.split_to(count);
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_packs_badly_is_sent_as_it_is() {
        let text = "a line of a log\n".repeat(1000).into_bytes();
        assert!(Batch::new(0, text.clone(), true).packed);
        assert!(!Batch::new(0, text, false).packed);
        let noise: Vec<u8> = (0..10_000).map(|_| fastrand::u8(..)).collect();
        assert!(!Batch::new(0, noise, true).packed);
        assert!(!Batch::new(0, b"short\n".to_vec(), true).packed);
    }
}
