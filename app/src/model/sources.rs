//! A task's sources as the rows need them: a lane each, and a name that fits.

use std::collections::BTreeMap;

use record::wire::SourceInfo;

/// How many lane colours there are; later sources start again with the first.
pub const LANES: usize = 8;

/// The longest name a row shows, in characters.
pub const NAME_CHARS_MAX: usize = 20;

/// The sources of a task, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    lanes: BTreeMap<String, usize>,
    names_chars: usize,
}

impl Sources {
    /// Gives each source the lane of its place in the task.
    #[must_use]
    pub fn new(infos: &[SourceInfo]) -> Self {
        let lanes = infos.iter().enumerate().map(|(index, info)| (info.id.clone(), index % LANES)).collect();
        let names_chars = infos.iter().map(|info| short_name(&info.id).chars().count()).max().unwrap_or_default();
        Self { lanes, names_chars }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lanes.len()
    }

    /// The lane of a source, from 0; that of the first where the source is not known yet.
    #[must_use]
    pub fn lane(&self, id: &str) -> usize {
        self.lanes.get(id).copied().unwrap_or_default()
    }

    /// How wide the column of names is, in characters; none where one source needs no naming.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        (self.lanes.len() > 1).then_some(self.names_chars)
    }
}

/// The end of an id that is too long for the column: its last parts tell sources apart.
#[must_use]
pub fn short_name(id: &str) -> String {
    let count = id.chars().count();
    if count <= NAME_CHARS_MAX {
        return id.to_owned();
    }
    let tail: String = id.chars().skip(count - (NAME_CHARS_MAX - 1)).collect();
    format!("…{tail}")
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn a_long_name_keeps_its_end() {
        assert_eq!(short_name("worker-1/stdout"), "worker-1/stdout");
        let long = short_name("dag/run=2024-01-01/task/attempt=1.log");
        assert!(long.starts_with('…') && long.ends_with("task/attempt=1.log"), "{long}");
        assert_eq!(long.chars().count(), super::NAME_CHARS_MAX);
    }
}
