//! Which tasks a token covers.

use std::sync::Arc;

use crate::ids;

/// Prefixes of task ids. One covers an id that is the same, or goes on after it with a `/`; `*` and nothing cover all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefixes(Option<Arc<[String]>>);

impl Prefixes {
    /// All tasks.
    #[must_use]
    pub fn all() -> Self {
        Self(None)
    }

    /// No task.
    #[must_use]
    pub fn none() -> Self {
        Self(Some(Arc::new([])))
    }

    /// Those that these cover.
    ///
    /// # Errors
    ///
    /// One that no id can start with.
    pub fn read(prefixes: &[String]) -> Result<Self, String> {
        let mut read = Vec::new();
        for prefix in prefixes {
            let trimmed = prefix.strip_suffix('/').unwrap_or(prefix);
            if matches!(prefix.as_str(), "" | "*") {
                return Ok(Self::all());
            }
            if !ids::is_task(trimmed) {
                return Err(format!(
                    "{prefix:?} is no prefix of a task's id: give one such as \"etl\" or \"etl/nightly\", or \"*\" for all"
                ));
            }
            read.push(trimmed.to_owned());
        }
        Ok(Self(Some(read.into())))
    }

    /// The task with this id is one of them.
    #[must_use]
    pub fn cover(&self, id: &str) -> bool {
        let covers = |prefix: &String| {
            id.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.0.as_ref().is_none_or(|prefixes| prefixes.iter().any(covers))
    }

    /// They cover all tasks.
    #[must_use]
    pub fn cover_all(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(prefixes: &[&str], covered: &[&str], others: &[&str]) {
        let prefixes: Vec<String> = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        let prefixes = Prefixes::read(&prefixes).expect("prefixes");
        assert!(covered.iter().all(|id| prefixes.cover(id)), "{prefixes:?}");
        assert!(!others.iter().any(|id| prefixes.cover(id)), "{prefixes:?}");
    }

    #[test]
    fn a_prefix_ends_where_a_segment_does() {
        check(&["etl"], &["etl", "etl/a", "etl/a/b"], &["etl2", "et", "x/etl", ""]);
        check(&["etl/", "web/a"], &["etl", "etl/a", "web/a", "web/a/b"], &["web", "web/ab"]);
        check(&["*"], &["a", "b/c"], &[]);
        check(&["x", ""], &["a", "b/c"], &[]);
        check(&[], &[], &["a"]);
    }

    #[test]
    fn what_no_id_starts_with_is_refused() {
        for wrong in ["/", "/etl", "a//b", "../a", "a b", "etl*"] {
            assert!(Prefixes::read(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
