//! What a file was rotated to: `name.1`, `name.2.gz`, `name-20261122`, in the order in which they were written.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::content::is_packed;
use crate::Error;
use crate::limits::LISTINGS_MAX;

/// A file that the followed one was rotated to, or itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    /// Where it lies.
    pub path: PathBuf,
    /// Its device and inode.
    pub identity: (u64, u64),
    /// How many bytes it takes.
    pub size: u64,
    /// When it was last changed.
    pub modified: (i64, i64),
    /// The number in its name; 0 for the followed file itself, none for a date.
    pub number: Option<u64>,
}

/// The followed file and all it was rotated to, the oldest first; none while they are being renamed.
///
/// # Errors
///
/// Where the folder cannot be read.
pub fn siblings(path: &Path) -> Result<Option<Vec<Sibling>>, Error> {
    // Files change their names while the folder is listed: only what is seen twice alike is believed.
    let mut seen = list(path)?;
    for _ in 0..LISTINGS_MAX {
        let again = list(path)?;
        let same = |(one, other): (&Sibling, &Sibling)| one.path == other.path && one.identity == other.identity;
        if seen.len() == again.len() && seen.iter().zip(&again).all(same) {
            return Ok(Some(again));
        }
        seen = again;
    }
    Ok(None)
}

fn list(path: &Path) -> Result<Vec<Sibling>, Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = path.file_name() else { return Ok(Vec::new()) };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file("read the folder", folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::file("read the folder", folder))?;
        let other = entry.file_name();
        let Some(rest) = other.as_encoded_bytes().strip_prefix(name.as_encoded_bytes()) else { continue };
        let Some(number) = rank(rest) else { continue };
        // One that is gone meanwhile makes the next listing differ.
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if metadata.is_file() {
            found.push(Sibling {
                path: entry.path(),
                identity: (metadata.dev(), metadata.ino()),
                size: metadata.len(),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                number,
            });
        }
    }
    Ok(in_order(found))
}

/// What stands behind the followed file's name: the number of a rotation, or a date (none). Nothing at all is 0.
#[expect(clippy::option_option, reason = "no rotation at all is another answer than one without a number")]
fn rank(rest: &[u8]) -> Option<Option<u64>> {
    if rest.is_empty() {
        return Some(Some(0));
    }
    let rest = std::str::from_utf8(rest).ok()?;
    let rest = rest.strip_suffix(".gz").or_else(|| rest.strip_suffix(".zst")).unwrap_or(rest);
    let rest = rest.strip_prefix(['.', '-', '_'])?;
    if !rest.is_empty() && rest.len() <= 5 && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return rest.parse().ok().map(Some);
    }
    let dated = rest.len() >= 6
        && rest.starts_with(|char: char| char.is_ascii_digit())
        && rest.bytes().all(|byte| byte.is_ascii_digit() || b"-_.:TZ+".contains(&byte));
    dated.then_some(None)
}

fn in_order(mut found: Vec<Sibling>) -> Vec<Sibling> {
    // While a file is packed it lies there twice; the packed one is not whole yet.
    let plain: Vec<PathBuf> = found.iter().map(|sibling| sibling.path.clone()).collect();
    found.retain(|sibling| !is_packed(&sibling.path) || !plain.contains(&sibling.path.with_extension("")));
    if found.iter().all(|sibling| sibling.number.is_some()) {
        found.sort_by(|one, other| other.number.cmp(&one.number).then_with(|| one.path.cmp(&other.path)));
    } else {
        // The followed file is the last, whatever its time says.
        found.sort_by(|one, other| {
            let is_last = |sibling: &Sibling| sibling.number == Some(0);
            let rank = |sibling: &Sibling| (is_last(sibling), sibling.modified);
            rank(one).cmp(&rank(other)).then_with(|| one.path.cmp(&other.path))
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rotated_files_are_known_and_others_are_not() {
        for (rest, expected) in [
            ("", Some(Some(0))),
            (".1", Some(Some(1))),
            (".12.gz", Some(Some(12))),
            ("-20261122", Some(None)),
            ("-20261122.zst", Some(None)),
            (".2026-11-22_03", Some(None)),
            (".bak", None),
            ("2", None),
            (".1.tmp", None),
            (".", None),
            (".lock", None),
        ] {
            assert_eq!(rank(rest.as_bytes()), expected, "{rest:?}");
        }
    }

    #[test]
    fn the_oldest_is_first_and_a_half_packed_one_is_left_out() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["a.log", "a.log.1", "a.log.2", "a.log.2.gz", "a.log.10.gz", "a.log.old", "b.log.1"] {
            fs::write(folder.path().join(name), name).expect("written");
        }
        let found = siblings(&folder.path().join("a.log")).expect("listed").expect("still");
        let names: Vec<_> = found.iter().map(|sibling| sibling.path.file_name().expect("a name")).collect();
        assert_eq!(names, ["a.log.10.gz", "a.log.2", "a.log.1", "a.log"]);
    }
}
