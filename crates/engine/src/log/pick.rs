//! Lines of a log that lie apart, one after the other.

use std::sync::Arc;

use super::Log;
use crate::merge::{Failure, Merge};

/// A way through a log that stops at some lines and passes over the rest, in great steps where there is much of it.
pub struct Picker {
    log: Arc<Log>,
    /// A merge, and the ordinal of the line that it gives next.
    merge: Option<(Merge, u64)>,
    failures: Vec<Failure>,
}

impl Picker {
    /// A way through `log`, from its start.
    #[must_use]
    pub fn new(log: Arc<Log>) -> Self {
        Self { log, merge: None, failures: Vec::new() }
    }

    /// The merge with this line as its current one; none where the log has no such line. Lines are to be asked for in
    /// rising order.
    pub fn line(&mut self, ordinal: u64) -> Option<&mut Merge> {
        let spacing = self.log.index().spacing();
        let is_near = |next: u64| next <= ordinal && ordinal - next <= 2 * spacing;
        let (mut merge, next) = match self.merge.take() {
            Some((merge, next)) if is_near(next) => (merge, next),
            other => {
                self.failures.extend(other.into_iter().flat_map(|(merge, _)| merge.failures().to_vec()));
                (self.log.merge_from(ordinal), ordinal)
            }
        };
        for _ in next..=ordinal {
            merge.next()?;
        }
        let (merge, _) = self.merge.insert((merge, ordinal + 1));
        Some(merge)
    }

    /// A source that broke off meanwhile, and of which the index does not know.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        let current = self.merge.iter().flat_map(|(merge, _)| merge.failures());
        let failures: Vec<_> = self.failures.iter().chain(current).cloned().collect();
        self.log.new_failure(&failures)
    }
}
