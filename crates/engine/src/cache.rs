//! A folder of files that can all be made again: indexes and unpacked texts. It stays within a number of bytes.
//!
//! A file's name is the hash of what it is of. It is written under a name that ends in `.part`, made durable, and then
//! renamed, so that a process that is killed at any moment leaves nothing under a name that is read. Its last change is
//! when it was last used; the file used longest ago goes first. Other files in the folder are left alone.
//!
//! Several processes may share a folder. Whoever writes a `.part` file holds a lock on it, which the system drops with
//! the process: a `.part` that can be locked is left over, and is removed when the folder is opened. Where the file
//! system has no locks, one older than [`PART_AGE_S_MAX`] is.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use xxhash_rust::xxh3::Xxh3;

use crate::Error;
use crate::limits::PART_AGE_S_MAX;

/// The name of a file in a [`Cache`]: what kind it is, and the hash of what it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CacheKey {
    kind: Kind,
    hash: u128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Index,
    Text,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Index, Self::Text];

    const fn extension(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Text => "text",
        }
    }
}

impl CacheKey {
    /// The key of the index of what `parts` name, all of them together.
    #[must_use]
    pub fn index<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self { kind: Kind::Index, hash: hash_of(parts) }
    }

    /// The key of the text of what `parts` name.
    pub(crate) fn text<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self { kind: Kind::Text, hash: hash_of(parts) }
    }

    /// The hash of what it is of.
    pub(crate) fn hash(self) -> u128 {
        self.hash
    }

    fn file_name(self) -> String {
        format!("{:032x}.{}", self.hash, self.kind.extension())
    }

    /// The key whose file has this name.
    fn of_name(name: &str) -> Option<Self> {
        let (hash, extension) = name.split_once('.')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.extension() == extension)?;
        let key = Self { kind, hash: u128::from_str_radix(hash, 16).ok()? };
        (key.file_name() == name).then_some(key)
    }
}

/// The hash of all parts together; each counts with its length, so that no two lists of parts are alike.
fn hash_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u128 {
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.digest128()
}

/// A folder of files that can all be made again.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    bytes_max: u64,
    /// How often each file is in use by this process: those are not thrown away.
    pins: Mutex<BTreeMap<CacheKey, usize>>,
    /// Numbers the parts of this process.
    parts: AtomicU64,
    trouble: Mutex<Option<Error>>,
}

impl Cache {
    /// The cache in `folder`, which is made where it is missing. Removes what dead processes left half written, and what
    /// is over `bytes_max`.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`] where the folder cannot be made or listed. One that can only be read is no error: what it holds
    /// is used.
    pub fn open(folder: impl Into<PathBuf>, bytes_max: u64) -> Result<Arc<Self>, Error> {
        let cache = Self {
            folder: folder.into(),
            bytes_max,
            pins: Mutex::default(),
            parts: AtomicU64::new(0),
            trouble: Mutex::default(),
        };
        let error = |cause| cache_error(&cache.folder, cause);
        fs::create_dir_all(&cache.folder).map_err(error)?;
        cache.sweep().map_err(error)?;
        cache.shrink(0).map_err(error)?;
        Ok(Arc::new(cache))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is kept under `key`, and marks it as used. None where nothing is, or more than `bytes_max`.
    ///
    /// The bytes are those that were put there, unless the disk or somebody else changed them: who reads them checks.
    #[must_use]
    pub fn get(&self, key: CacheKey, bytes_max: u64) -> Option<Vec<u8>> {
        let file = File::open(self.path(key)).ok()?;
        let length = file.metadata().ok()?.len();
        if length > bytes_max {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).ok()?);
        (&file).take(bytes_max).read_to_end(&mut bytes).ok()?;
        self.mark_used(key);
        Some(bytes)
    }

    /// Keeps `bytes` under `key`, in the place of what was there, and throws away what is over the limit.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`] where they cannot be written, be it that the disk is full, the folder is read-only or they are
    /// over the limit by themselves. What was kept before stays.
    pub fn put(self: &Arc<Self>, key: CacheKey, bytes: &[u8]) -> Result<(), Error> {
        let part = self.part(key)?;
        part.write(bytes)?;
        part.keep(bytes.len() as u64)
    }

    /// Throws away what is kept under `key`, if anything is.
    pub fn remove(&self, key: CacheKey) {
        // What cannot be removed is found to be wrong again the next time.
        drop(fs::remove_file(self.path(key)));
    }

    /// What last kept an unpacked text from being kept, told once: a reason to log, none to stop for.
    #[must_use]
    pub fn take_trouble(&self) -> Option<Error> {
        lock(&self.trouble).take()
    }

    pub(crate) fn note_trouble(&self, error: Error) {
        *lock(&self.trouble) = Some(error);
    }

    pub(crate) fn path(&self, key: CacheKey) -> PathBuf {
        self.folder.join(key.file_name())
    }

    /// Keeps the file of `key`, if there is one, from being thrown away by this process, as long as the pin lives.
    pub(crate) fn pin(self: &Arc<Self>, key: CacheKey) -> Pin {
        *lock(&self.pins).entry(key).or_default() += 1;
        Pin { cache: Arc::clone(self), key }
    }

    /// Notes that the file of `key` is used now.
    pub(crate) fn mark_used(&self, key: CacheKey) {
        if let Ok(file) = File::open(self.path(key)) {
            // In a folder that can only be read nothing is thrown away either.
            drop(file.set_modified(now()));
        }
    }

    /// A new file that will be what is kept under `key`, when it is whole.
    pub(crate) fn part(self: &Arc<Self>, key: CacheKey) -> Result<Part, Error> {
        loop {
            let number = self.parts.fetch_add(1, Ordering::Relaxed);
            let path = self.folder.join(format!("{}.{}-{number}.part", key.file_name(), std::process::id()));
            match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => {
                    // Where locks are missing, age tells what is left over.
                    drop(file.try_lock());
                    return Ok(Part { cache: Arc::clone(self), key, path, file, kept: false });
                }
                // Left over by a process that had this one's number.
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(cache_error(&path, cause)),
            }
        }
    }

    /// Removes what dead processes left half written.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if is_part(&path) && is_left_over(&path) {
                drop(fs::remove_file(&path));
            }
        }
        Ok(())
    }

    /// Throws away what was used longest ago, until the rest and `bytes` more are within the limit: what is long in the
    /// writing counts from its start.
    pub(crate) fn make_room(&self, key: CacheKey, bytes: u64) -> Result<(), Error> {
        self.check_size(key, bytes)?;
        self.shrink(bytes).map_err(|cause| cache_error(&self.folder, cause))
    }

    /// That what is kept under `key` may take `bytes`.
    fn check_size(&self, key: CacheKey, bytes: u64) -> Result<(), Error> {
        if bytes <= self.bytes_max {
            return Ok(());
        }
        let what = format!("it takes {bytes} bytes, and the cache may take {}", self.bytes_max);
        Err(cache_error(&self.path(key), io::Error::new(io::ErrorKind::FileTooLarge, what)))
    }

    /// Throws away what was used longest ago, until the rest and `more` bytes are within the limit.
    fn shrink(&self, more: u64) -> io::Result<()> {
        let mut files = Vec::new();
        let mut bytes: u64 = more;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Some(key) = entry.file_name().to_str().and_then(CacheKey::of_name) else { continue };
            // Another process may have removed it meanwhile.
            let Ok(metadata) = entry.metadata() else { continue };
            bytes = bytes.saturating_add(metadata.len());
            files.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), key, metadata.len()));
        }
        files.sort_unstable();
        for (_, key, length) in files {
            if bytes <= self.bytes_max {
                break;
            }
            if !lock(&self.pins).contains_key(&key) && fs::remove_file(self.path(key)).is_ok() {
                bytes -= length;
            }
        }
        Ok(())
    }
}

/// A file of a cache that is being written. Gone again, unless it is kept.
#[derive(Debug)]
pub(crate) struct Part {
    cache: Arc<Cache>,
    key: CacheKey,
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Part {
    /// Appends `bytes`.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        (&self.file).write_all(bytes).map_err(|cause| cache_error(&self.path, cause))
    }

    /// Makes its `bytes` bytes durable, gives it the name under which it is found, and throws away what is then over the
    /// limit.
    pub fn keep(mut self, bytes: u64) -> Result<(), Error> {
        self.cache.check_size(self.key, bytes)?;
        let path = self.cache.path(self.key);
        let renamed = self.file.sync_all().and_then(|()| fs::rename(&self.path, &path));
        renamed.map_err(|cause| cache_error(&path, cause))?;
        self.kept = true;
        let _pin = self.cache.pin(self.key);
        // The name itself may be lost with the power: then the file is made again.
        drop(File::open(&self.cache.folder).and_then(|folder| folder.sync_all()));
        self.cache.shrink(0).map_err(|cause| cache_error(&self.cache.folder, cause))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// As long as it lives, the file of a key stays; see [`Cache::pin`].
#[derive(Debug)]
pub(crate) struct Pin {
    cache: Arc<Cache>,
    key: CacheKey,
}

impl Pin {
    pub fn path(&self) -> PathBuf {
        self.cache.path(self.key)
    }

    /// Throws the file away: it is not what it should be.
    pub fn remove(&self) {
        self.cache.remove(self.key);
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = lock(&self.cache.pins);
        if let Some(count) = pins.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.key);
            }
        }
    }
}

/// A name that [`Cache::part`] gives.
fn is_part(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let Some((rest, number)) = name.strip_suffix(".part").and_then(|name| name.rsplit_once('.')) else { return false };
    CacheKey::of_name(rest).is_some() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Nobody writes this part any more.
fn is_left_over(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => {
            let changed = file.metadata().and_then(|metadata| metadata.modified());
            changed.is_ok_and(|at| now().duration_since(at).is_ok_and(|age| age > Duration::from_secs(PART_AGE_S_MAX)))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "compared with file times only, which are the system's as well")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn cache_error(path: &Path, cause: io::Error) -> Error {
    Error::Cache { path: path.display().to_string(), cause: Arc::new(cause) }
}

/// A panic elsewhere leaves these in order: each change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> CacheKey {
        CacheKey::index([&[number][..]])
    }

    fn open(folder: &Path, bytes_max: u64) -> Arc<Cache> {
        Cache::open(folder, bytes_max).expect("it opens")
    }

    /// Puts so many bytes, last used so many seconds after 1970.
    fn put(cache: &Arc<Cache>, number: u8, bytes: usize, used_s: u64) {
        cache.put(key(number), &vec![number; bytes]).expect("it is put");
        let used = SystemTime::UNIX_EPOCH + Duration::from_secs(used_s);
        let file = File::open(cache.path(key(number))).expect("it is there");
        file.set_modified(used).expect("it is ours");
    }

    #[track_caller]
    fn check(cache: &Cache, expected: &[u8]) {
        let found: Vec<u8> = (0..20).filter(|number| cache.path(key(*number)).exists()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_was_put_is_got_and_the_later_put_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = open(folder.path(), 1000);
        assert_eq!(cache.get(key(1), 1000), None);
        cache.put(key(1), b"one").expect("it is put");
        cache.put(key(1), b"two").expect("it is put");
        assert_eq!(cache.get(key(1), 1000).as_deref(), Some(&b"two"[..]));
        assert_eq!(cache.get(key(1), 2), None, "more than the caller takes");
        assert_eq!(open(folder.path(), 1000).get(key(1), 1000).as_deref(), Some(&b"two"[..]));
        cache.remove(key(1));
        assert_eq!(cache.get(key(1), 1000), None);
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = open(folder.path(), 350);
        for number in 1..=3 {
            put(&cache, number, 100, 1000 + u64::from(number));
        }
        assert!(cache.get(key(1), 100).is_some(), "it is used now");
        cache.put(key(4), &[4; 100]).expect("it is put");
        check(&cache, &[1, 3, 4]);
    }

    #[test]
    fn a_smaller_limit_holds_from_the_start() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = open(folder.path(), 1000);
        for number in 1..=5 {
            put(&cache, number, 100, 1000 + u64::from(number));
        }
        drop(cache);
        check(&open(folder.path(), 250), &[4, 5]);
    }

    #[test]
    fn what_is_over_the_limit_by_itself_is_refused_and_costs_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = open(folder.path(), 150);
        put(&cache, 1, 100, 1000);
        let error = cache.put(key(2), &[2; 151]).expect_err("too much");
        assert!(error.to_string().contains("151"), "{error}");
        check(&cache, &[1]);
        assert_eq!(fs::read_dir(folder.path()).expect("it lists").count(), 1, "no part is left");
    }

    #[test]
    fn what_is_pinned_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = open(folder.path(), 250);
        put(&cache, 1, 100, 1001);
        put(&cache, 2, 100, 1002);
        let pin = cache.pin(key(1));
        cache.put(key(3), &[3; 100]).expect("it is put");
        check(&cache, &[1, 3]);
        drop(pin);
        cache.put(key(4), &[4; 100]).expect("it is put");
        assert!(!cache.path(key(1)).exists());
    }

    #[test]
    fn parts_of_the_dead_go_those_of_the_living_and_all_other_files_stay() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = open(folder.path(), 1000);
        let living = cache.part(key(1)).expect("it is made");
        let dead = folder.path().join(format!("{}.999999-0.part", key(2).file_name()));
        let others = ["notes.txt", "a.part", "0123.index", &format!("{:032x}.other", 7)];
        for path in others.iter().map(|name| folder.path().join(name)).chain([dead.clone()]) {
            fs::write(path, vec![0; 5000]).expect("written");
        }
        let cache = open(folder.path(), 10);
        assert!(living.path.exists() && !dead.exists());
        assert!(others.iter().all(|name| folder.path().join(name).exists()));
        assert_eq!(cache.get(key(1), 1000), None, "a part is not read");
        drop(living);
        assert_eq!(fs::read_dir(folder.path()).expect("it lists").count(), others.len());
    }

    #[test]
    fn a_folder_that_cannot_be_made_or_written_is_told_by_its_path() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        fs::write(&file, "x").expect("written");
        let error = Cache::open(file.join("cache"), 10).expect_err("a file holds no folder");
        assert!(error.to_string().starts_with("cannot write "), "{error}");
        let cache = open(&folder.path().join("cache"), 10);
        fs::remove_dir(cache.folder()).expect("it is empty");
        let error = cache.put(key(1), b"x").expect_err("the folder is gone");
        assert!(error.to_string().contains(&key(1).file_name()), "{error}");
    }

    #[test]
    fn lists_of_parts_that_read_alike_have_other_keys() {
        assert_ne!(CacheKey::index([&b"ab"[..], b"c"]), CacheKey::index([&b"a"[..], b"bc"]));
        assert_ne!(CacheKey::index([&b"a"[..]]), CacheKey::text([&b"a"[..]]));
    }
}
