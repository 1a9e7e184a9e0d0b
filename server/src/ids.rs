//! Names that stand in addresses: path-like, and no two alike.

use std::collections::HashSet;
use std::path::Path;

/// `id`, or the first of `id-2`, `id-3` … that is not taken; it is taken from then on.
pub fn unique(id: String, taken: &mut HashSet<String>) -> String {
    let mut candidate = id.clone();
    let mut count = 1_u64;
    while !taken.insert(candidate.clone()) {
        count += 1;
        candidate = format!("{id}-{count}");
    }
    candidate
}

/// A task's id out of a relative path: what an id cannot hold becomes `_`.
#[must_use]
pub fn of_path(path: &Path) -> String {
    let segments: Vec<_> = path.iter().map(|segment| of_name(segment.as_encoded_bytes())).collect();
    segments.join("/")
}

/// One segment of an id: each byte that it cannot hold becomes `_`, each character of UTF-8 one.
fn of_name(name: &[u8]) -> String {
    let name: String = String::from_utf8_lossy(name)
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() || "._:+=,@~-".contains(char) { char } else { '_' })
        .collect();
    match name.as_str() {
        "." => "_".to_owned(),
        ".." => "__".to_owned(),
        _ => name,
    }
}

/// Whether `id` is one that a task may have.
#[must_use]
pub fn is_task(id: &str) -> bool {
    !id.is_empty()
        && id.split('/').all(|segment| {
            !matches!(segment, "" | "." | "..")
                && segment.chars().all(|char| char.is_ascii_alphanumeric() || "._:+=,@~-".contains(char))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_id_cannot_hold_becomes_an_underscore() {
        assert_eq!(of_path(Path::new("dag_id=a/run id=ü/x+00:00")), "dag_id=a/run_id=_/x+00:00");
        assert_eq!(of_path(Path::new("..")), "__");
    }

    #[test]
    fn a_name_taken_already_gets_a_number() {
        let mut taken = HashSet::new();
        let ids: Vec<_> = ["a", "a", "a-2", "a"].map(|id| unique(id.to_owned(), &mut taken)).into();
        assert_eq!(ids, ["a", "a-2", "a-2-2", "a-3"]);
    }

    #[test]
    fn dots_alone_and_empty_segments_are_no_ids() {
        for wrong in ["", "/", "a//b", "a/..", "../a", ".", "a b", "a/é"] {
            assert!(!is_task(wrong), "{wrong:?}");
        }
        for right in ["a", "a/b", "dag_id=x/run_id=manual__2026-11-22T02:12:47.415412+00:00", "...", "a..b"] {
            assert!(is_task(right), "{right:?}");
        }
    }
}
