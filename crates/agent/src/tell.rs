//! What the operator is told: a line when something changes, and none while it stays as it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where the lines go.
type Sink = dyn Fn(&str) + Send + Sync;

/// Tells the operator. Cheap to clone; all clones know what was told.
#[derive(Clone)]
pub struct Teller {
    sink: Arc<Sink>,
    /// By source: what is wrong with it now.
    troubles: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Teller {
    /// Lines go to `sink`, which must not call back.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { sink: Arc::new(sink), troubles: Arc::default() }
    }

    /// Says it now.
    pub fn say(&self, text: &str) {
        (self.sink)(text);
    }

    /// Something is wrong with a source; told once, and once for all sources that have the same trouble.
    pub fn trouble(&self, source: &str, text: &str) {
        let known = {
            let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
            let known = troubles.values().any(|known| known == text);
            troubles.insert(source.to_owned(), text.to_owned());
            known
        };
        if !known {
            self.say(text);
        }
    }

    /// Something is over that nobody needs to hear of.
    pub fn forget(&self, source: &str) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).remove(source);
    }

    /// Nothing is wrong with a source any more; told when it was the last with that trouble.
    pub fn well(&self, source: &str) {
        let over = {
            let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
            match troubles.remove(source) {
                Some(text) if !troubles.values().any(|other| *other == text) => Some(text),
                _ => None,
            }
        };
        if over.is_some() {
            self.say("the server takes lines again");
        }
    }
}
