//! What is shipped, whatever it comes from: bytes at an offset that only become more.

use record::Timestamp;

use crate::Error;

/// A source on this side. All calls may block for as long as a disk does.
pub trait Tape: Send + 'static {
    /// Where to go on: every byte before it was acknowledged once.
    fn acked(&self) -> u64;

    /// The server has `has` bytes: where to go on. Bytes that it has beyond what we know to be acknowledged are sent again,
    /// since it compares them.
    ///
    /// # Errors
    ///
    /// What is in the way; the caller asks again later.
    fn resume(&mut self, has: u64) -> Result<u64, Error> {
        Ok(self.acked().min(has))
    }

    /// Looks for growth.
    ///
    /// # Errors
    ///
    /// What is in the way; the caller looks again later.
    fn look(&mut self) -> Result<Look, Error>;

    /// Appends up to `max` bytes of the source at `offset` to `bytes`; none where it ends.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] where these bytes are no more, and whatever reading fails with.
    fn read(&mut self, offset: u64, max: usize, bytes: &mut Vec<u8>) -> Result<(), Error>;

    /// When the bytes from `from` up to `to` came, where that is known: offsets, rising, and the time of what begins there.
    fn arrived(&self, _from: u64, _to: u64) -> Vec<(u64, Timestamp)> {
        Vec::new()
    }

    /// All bytes before `offset` are durable at the server.
    ///
    /// # Errors
    ///
    /// Where this cannot be written down; nothing is lost by it but time after a restart.
    fn ack(&mut self, offset: u64) -> Result<(), Error>;

    /// The server has other bytes than ours from the very start. Takes another beginning, if there is one that was not
    /// tried; the source is then sent from 0.
    fn begin_elsewhere(&mut self) -> bool {
        false
    }
}

/// What a look found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// There is something that can be shipped, even if it has no bytes.
    pub is_there: bool,
    /// Where it ends now.
    pub end: u64,
    /// Nobody can add to it any more.
    pub done: bool,
}
