//! Lines of a log that lie apart, one after the other.

use std::sync::Arc;

use super::Log;
use crate::merge::{Failure, Merge};

/// A way through a log that stops at some lines and passes over the rest, in great steps where there is much of it.
pub struct Picker {
    log: Arc<Log>,
    /// A merge, and the ordinal of the line that it gives next.
    merge: Option<(Merge, u64)>,
    failure: Option<Failure>,
}

impl Picker {
    /// A way through `log`, from its start.
    #[must_use]
    pub fn new(log: Arc<Log>) -> Self {
        Self { log, merge: None, failure: None }
    }

    /// The merge with this line as its current one. Lines are to be asked for in rising order.
    ///
    /// None where the log has no such line, and from then on where a source breaks off of which the index does not know:
    /// the lines behind it have other ordinals than the index says.
    pub fn line(&mut self, ordinal: u64) -> Option<&mut Merge> {
        if self.failure.is_some() {
            return None;
        }
        let spacing = self.log.index().spacing();
        let is_near = |next: u64| next <= ordinal && ordinal - next <= 2 * spacing;
        let (mut merge, next) = match self.merge.take() {
            Some((merge, next)) if is_near(next) => (merge, next),
            _ => (self.log.merge_from(ordinal), ordinal),
        };
        let found = (next..=ordinal).all(|_| merge.next().is_some());
        if !merge.failures().is_empty() {
            self.failure = self.log.new_failure(merge.failures());
        }
        if !found || self.failure.is_some() {
            return None;
        }
        let (merge, _) = self.merge.insert((merge, ordinal + 1));
        Some(merge)
    }

    /// Gives back the memory that it needs while it reads; it goes on all the same.
    pub fn rest(&mut self) {
        self.merge = None;
    }

    /// A source that broke off meanwhile, and of which the index does not know.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        let current = || self.log.new_failure(self.merge.as_ref()?.0.failures());
        self.failure.clone().or_else(current)
    }
}
