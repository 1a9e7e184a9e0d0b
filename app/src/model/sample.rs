//! What the tests of several files start from.

use record::wire::Record;

/// A record that says nothing but its text.
pub fn record(text: &str) -> Record {
    Record {
        n: None,
        ts: None,
        level: None,
        source: "a.log".to_owned(),
        offset: 0,
        text: text.to_owned(),
        cont: false,
        late: false,
        wild: false,
        lossy: false,
        cut: None,
    }
}
