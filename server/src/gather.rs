//! From paths to sources: what lies below a folder, and how a file is opened.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::Error;

/// The files and the faults of one folder.
#[derive(Debug, Default)]
pub struct Folder {
    /// The files directly in it.
    pub files: Vec<PathBuf>,
    /// Why it could not be listed, if so.
    pub error: Option<Error>,
}

/// Which names below a folder count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// All of them.
    Kept,
    /// Those that do not start with a dot.
    PassedOver,
}

/// Every folder below `root`, itself included, that holds files or cannot be read, by path.
///
/// Links are followed after all that is no link, and no folder is entered twice: a loop of links ends at once, and what
/// is linked as well is found where it lies.
#[must_use]
pub fn folders(root: &Path, hidden: Hidden) -> BTreeMap<PathBuf, Folder> {
    let mut found: BTreeMap<PathBuf, Folder> = BTreeMap::new();
    let mut entered = HashSet::new();
    let mut folders = vec![root.to_owned()];
    let mut links = Vec::new();
    loop {
        let path = match folders.pop() {
            Some(path) => path,
            None if links.is_empty() => return found,
            None => links.remove(0),
        };
        match fs::metadata(&path) {
            Ok(metadata) if !entered.insert((metadata.dev(), metadata.ino())) => continue,
            Ok(_) => {}
            Err(cause) => {
                found.entry(path.clone()).or_default().error = Some(open_error(&path, cause));
                continue;
            }
        }
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(cause) => {
                found.entry(path.clone()).or_default().error = Some(open_error(&path, cause));
                continue;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(cause) => {
                    found.entry(path.clone()).or_default().error = Some(open_error(&path, cause));
                    break;
                }
            };
            if hidden == Hidden::PassedOver && entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let below = entry.path();
            let kind = entry.file_type();
            if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                folders.push(below);
            } else if kind.is_ok_and(|kind| kind.is_symlink()) && below.is_dir() {
                links.push(below);
                links.sort();
            } else {
                found.entry(path.clone()).or_default().files.push(below);
            }
        }
        if let Some(folder) = found.get_mut(&path) {
            folder.files.sort_by(|a, b| bytes_of(a).cmp(bytes_of(b)));
        }
    }
}

/// A path as people read it: what is no UTF-8 stands as U+FFFD.
#[must_use]
pub fn readable(path: impl AsRef<OsStr>) -> String {
    path.as_ref().to_string_lossy().into_owned()
}

fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

fn open_error(path: &Path, cause: std::io::Error) -> Error {
    Error::Open { name: path.display().to_string(), cause: Arc::new(cause) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_loop_of_links_ends_and_each_folder_is_found_where_it_lies() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let deep = root.path().join("z/deep");
        fs::create_dir_all(&deep).expect("made");
        fs::write(deep.join("a.log"), "x").expect("written");
        symlink(&deep, root.path().join("latest")).expect("linked");
        symlink(root.path(), deep.join("up")).expect("linked");
        let found = folders(root.path(), Hidden::PassedOver);
        assert_eq!(found.keys().collect::<Vec<_>>(), [&deep]);
    }

    #[test]
    fn a_link_to_nothing_is_a_file_that_cannot_be_opened() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let link = root.path().join("gone.log");
        symlink(root.path().join("nothing"), &link).expect("linked");
        let found = folders(root.path(), Hidden::PassedOver);
        assert_eq!(found[root.path()].files, std::slice::from_ref(&link));
        let error = engine::Spools::new(root.path()).open(&link).err().expect("nothing to open");
        assert!(error.to_string().contains("no such file"), "{error}");
    }

    #[test]
    fn hidden_names_are_passed_over_where_asked() {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::write(root.path().join(".hidden"), "x").expect("written");
        assert!(folders(root.path(), Hidden::PassedOver).is_empty());
        assert_eq!(folders(root.path(), Hidden::Kept).len(), 1);
    }
}
