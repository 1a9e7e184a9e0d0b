//! Which tasks the paths given to `serve` hold.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::Error;

use super::sources::OpenSource;
use crate::gather::{self, Hidden};
use crate::ids;
use crate::ingest::{Ingest, ShippedSource, SourceNow, TaskNow};

/// A source as it was found: not opened yet.
#[derive(Clone, Debug)]
pub struct FoundSource {
    /// Its id: the file's name.
    pub id: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Why it cannot be read, where that is known already.
    pub error: Option<Error>,
    /// It was rotated before it was found: another file will come to bear its name.
    pub rotated: bool,
    /// What knows its state, if it was shipped.
    pub shipped: Option<Arc<ShippedSource>>,
}

/// A task as it was found.
#[derive(Clone, Debug)]
pub struct FoundTask {
    /// Its id.
    pub id: String,
    /// Its sources, in the order that breaks ties.
    pub sources: Vec<FoundSource>,
    /// Which shipped task it is, if it was shipped: one that comes again under the same id is another.
    pub shipped: Option<u64>,
}

impl FoundTask {
    /// It is the same as `other`, as far as can be told without opening.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.id == other.id
            && self.shipped == other.shipped
            && self.sources.len() == other.sources.len()
            && self
                .sources
                .iter()
                .zip(&other.sources)
                .all(|(a, b)| a.id == b.id && a.path == b.path && a.error.is_some() == b.error.is_some())
    }

    /// It has all sources of `other`, and some that are gone there.
    #[must_use]
    pub fn is_more_than(&self, other: &Self) -> bool {
        let ids: HashSet<&str> = self.sources.iter().map(|source| source.id.as_str()).collect();
        other.sources.iter().all(|source| ids.contains(source.id.as_str()))
    }
}

/// How the names of packed files end.
const PACKED: [&str; 4] = [".gz", ".zst", ".xz", ".bz2"];

/// The sources of a task that are not among those that are open. A name that a rotation gives, `name.1`, is none where
/// `name` is, and was not among those that were open before and are so no longer: what bears it was read there. Nor is one
/// such that was read under another name of its rotation.
pub fn added(found: &FoundTask, open: &[OpenSource], before: &[OpenSource]) -> Vec<FoundSource> {
    let mut known: HashSet<String> = open.iter().map(|source| source.id.clone()).collect();
    let lost: HashSet<&str> = open.iter().filter(|source| source.has_lost_name()).map(|source| &*source.id).collect();
    let new = found.sources.iter().filter(|source| {
        let rotated = rotated_from(&source.id).filter(|_| found.shipped.is_none());
        (!known.contains(&source.id) || lost.contains(&*source.id))
            && (rotated.is_none_or(|name| !known.contains(name)) || before.iter().any(|before| before.id == source.id))
            && (rotated.is_none() || !open.iter().any(|open| open.has(&source.path)))
    });
    let new: Vec<_> = new.cloned().collect();
    new.into_iter().map(|source| FoundSource { id: ids::unique(source.id, &mut known), ..source }).collect()
}

/// The file was rotated, and another one that bears the name which it had was found beside it.
pub fn is_rotated(id: &str, found: &FoundTask) -> bool {
    let is_name = |name: &str| found.sources.iter().any(|source| source.id == name);
    found.shipped.is_none() && rotated_from(id).is_some_and(is_name)
}

/// The name that a file had before it was rotated, if it bears the name of one that was: `app.log.2`, `app.log.3.gz`.
pub(super) fn rotated_from(id: &str) -> Option<&str> {
    // It may have been packed since.
    let name = PACKED.iter().find_map(|ending| id.strip_suffix(ending)).unwrap_or(id);
    let (name, number) = name.rsplit_once('.')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(name)
}

/// Every task that was shipped, and every one below `roots`: each folder that holds files is one, and so is a root that is
/// a file. A shipped task keeps its id, by which its sender asks; a folder of that name gets a number.
#[must_use]
pub fn find_tasks(roots: &[PathBuf], ingest: &Ingest) -> Vec<FoundTask> {
    let mut tasks: Vec<_> = ingest.tasks().into_iter().map(shipped).collect();
    let mut taken: HashSet<String> = tasks.iter().map(|task| task.id.clone()).collect();
    for root in roots {
        if root.is_dir() {
            let shipped = ingest.folder().and_then(|folder| below(root, folder));
            for (folder, found) in gather::folders(root, Hidden::PassedOver) {
                if shipped.as_ref().is_some_and(|shipped| folder.starts_with(shipped)) {
                    continue;
                }
                let id = match folder.strip_prefix(root) {
                    Ok(below) if !below.as_os_str().is_empty() => ids::of_path(below),
                    _ => own_name(root),
                };
                let mut sources = sources(found.files);
                // A folder that could not be listed must not look empty.
                sources.extend(found.error.map(|error| FoundSource {
                    id: own_name(&folder),
                    path: folder.clone(),
                    error: Some(error),
                    rotated: false,
                    shipped: None,
                }));
                tasks.push(FoundTask { id: ids::unique(id, &mut taken), sources, shipped: None });
            }
        } else {
            let id = ids::unique(own_name(root), &mut taken);
            tasks.push(FoundTask { id, sources: sources(vec![root.clone()]), shipped: None });
        }
    }
    tasks
}

/// The way to `folder` through `root`, if it lies there.
fn below(root: &Path, folder: &Path) -> Option<PathBuf> {
    let (real_root, folder) = (root.canonicalize().ok()?, folder.canonicalize().ok()?);
    Some(root.join(folder.strip_prefix(real_root).ok()?))
}

fn shipped(task: TaskNow) -> FoundTask {
    let sources = task.sources.into_iter().map(|source| {
        let SourceNow { id, path, source, .. } = source;
        FoundSource { id, path, error: None, rotated: false, shipped: Some(source) }
    });
    FoundTask { id: task.id, sources: sources.collect(), shipped: Some(task.birth) }
}

/// The sources of one folder: by name, bytewise.
fn sources(files: Vec<PathBuf>) -> Vec<FoundSource> {
    let mut taken = HashSet::new();
    let mut sources: Vec<_> = files
        .into_iter()
        .map(|path| {
            let name = path.file_name().map_or_else(|| gather::readable(&path), gather::readable);
            FoundSource { id: ids::unique(name, &mut taken), path, error: None, rotated: false, shipped: None }
        })
        .collect();
    sources.sort_by(|a, b| a.id.cmp(&b.id));
    for source in &mut sources {
        source.rotated = rotated_from(&source.id).is_some_and(|name| taken.contains(name));
    }
    sources
}

/// The last name of a path, also of `.` and `logs/..`.
fn own_name(path: &Path) -> String {
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = absolute.file_name().or_else(|| path.file_name());
    name.map(|name| ids::of_path(Path::new(name))).filter(|name| !name.is_empty()).unwrap_or_else(|| "logs".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::ingest::{Options, Place};

    #[track_caller]
    fn check(files: &[&str], roots: &[&str], expected: &[(&str, &[&str])]) {
        let top = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = top.path().join(file);
            fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("made");
            fs::write(path, "x").expect("written");
        }
        let roots: Vec<_> = roots.iter().map(|root| top.path().join(root)).collect();
        let ingest = Ingest::open(Place::Usual(None), Options::default()).expect("nothing is opened");
        let found = find_tasks(&roots, &ingest);
        let found: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|task| (task.id.as_str(), task.sources.iter().map(|source| source.id.as_str()).collect()))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(id, sources)| (*id, sources.to_vec())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_folder_that_holds_files_is_a_task() {
        check(
            &["logs/a.log", "logs/x/b.log", "logs/x/B.log", "logs/x/y/c.log", "logs/.git/d", "logs/x/.e"],
            &["logs"],
            &[("logs", &["a.log"]), ("x", &["B.log", "b.log"]), ("x/y", &["c.log"])],
        );
    }

    #[test]
    fn a_file_is_a_task_of_its_own() {
        check(&["logs/a b.log"], &["logs/a b.log"], &[("a_b.log", &["a b.log"])]);
    }

    #[test]
    fn a_name_taken_already_gets_a_number() {
        check(&["p/x/a.log", "q/x/b.log"], &["p", "q"], &[("x", &["a.log"]), ("x-2", &["b.log"])]);
    }

    #[test]
    fn what_is_not_there_is_a_task_that_says_so_when_opened() {
        check(&[], &["nothing"], &[("nothing", &["nothing"])]);
    }
}
