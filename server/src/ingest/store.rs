//! The folder in which shipped sources lie: opened, locked, and brought back to what was acknowledged.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::Context as _;
use tokio::sync::oneshot;

use super::committer::{Commit, Committer, Work};
use super::ledger::{Deleted, Ledger, SourceRow};
use super::limits::{COMMITS_WAITING_MAX, SOURCES_A_TASK_MAX, TASKS_MAX};
use super::names;
use super::options::{Durability, Options};
use super::refused::Refused;
use super::shipped::{ShippedSource, ShippedTask};
use super::writer::{self, Piece, Room, Writer};
use super::{Maker, Standing};

/// All shipped sources.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// Held as long as the store is open: another server would cut off what this one has not acknowledged yet.
    _lock: File,
    /// What was chosen.
    pub options: Options,
    tasks: RwLock<BTreeMap<String, Arc<ShippedTask>>>,
    deleted: RwLock<HashMap<String, Deleted>>,
    /// Bytes on disk.
    pub room: Room,
    work: SyncSender<Work>,
    /// Rises when a source comes, and when a task goes.
    pub revision: AtomicU64,
    /// Bytes that were acknowledged.
    pub bytes: AtomicU64,
    /// Commits.
    pub commits: AtomicU64,
}

impl Store {
    /// Opens the folder, or makes it; cuts every source back to what was acknowledged. Blocks.
    ///
    /// # Errors
    ///
    /// A folder that cannot be used, or that another server uses, and still does after `patience`: the lock of one that was
    /// killed is held until the system has taken it down.
    pub fn open(folder: &Path, options: Options, patience: Duration) -> anyhow::Result<Arc<Self>> {
        let data = folder.join("tasks");
        fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
        let lock = locked(folder, patience)?;
        let catalog = folder.join("catalog.sqlite");
        if !catalog.exists() && fs::read_dir(&data).is_ok_and(|mut entries| entries.next().is_some()) {
            anyhow::bail!(
                "{} is missing, and {} holds shipped sources: nobody can tell what of them was acknowledged; \
                 restore it from a copy, or move the folder away",
                catalog.display(),
                data.display()
            );
        }
        let ledger = Ledger::open(&catalog, options.durability)?;
        if options.durability == Durability::Disk {
            // The folders' own names have to be on disk before anything in them is said to be. Those above may be others',
            // which cannot be opened here, and were there before.
            let sync = |path: &Path| File::open(path).and_then(|folder| folder.sync_all());
            sync(folder).with_context(|| format!("cannot bring {} to disk", folder.display()))?;
            for above in folder.ancestors().skip(1).take(2) {
                sync(above).ok();
            }
        }
        let deleted: HashMap<_, _> = ledger.deleted()?.into_iter().collect();
        let tasks = recover(&data, &ledger)?;
        let written = tasks.values().flat_map(|task| {
            let written = |source: &Arc<ShippedSource>| source.status().durable;
            task.sources().values().map(written).collect::<Vec<_>>()
        });
        let used = written.sum();
        let (work, waiting) = sync_channel(COMMITS_WAITING_MAX);
        let store = Arc::new(Self {
            folder: folder.to_owned(),
            _lock: lock,
            options,
            tasks: RwLock::new(tasks),
            deleted: RwLock::new(deleted),
            room: Room::new(used, options.quota),
            work,
            revision: AtomicU64::new(1),
            bytes: AtomicU64::new(0),
            commits: AtomicU64::new(0),
        });
        store.clear_deleted();
        let committer = Committer::new(Arc::clone(&store), ledger, waiting);
        std::thread::Builder::new()
            .name("commits".to_owned())
            .spawn(move || committer.run())
            .context("there is no thread to store what is shipped")?;
        tracing::info!(folder = %folder.display(), tasks = store.tasks().len(), bytes = used, "shipped sources are kept");
        Ok(store)
    }

    /// The tasks, by id.
    pub fn tasks(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<ShippedTask>>> {
        self.tasks.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tasks, to add or remove one.
    pub fn tasks_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<ShippedTask>>> {
        self.tasks.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The task with this id.
    pub fn task(&self, id: &str) -> Option<Arc<ShippedTask>> {
        self.tasks().get(id).map(Arc::clone)
    }

    /// What is known of a task that was deleted.
    pub fn deleted(&self, task: &str) -> Option<Deleted> {
        self.deleted.read().unwrap_or_else(PoisonError::into_inner).get(task).cloned()
    }

    /// Notes that a task was deleted, or that it is there again.
    pub fn set_deleted(&self, task: &str, deleted: Option<Deleted>) {
        let mut known = self.deleted.write().unwrap_or_else(PoisonError::into_inner);
        match deleted {
            Some(deleted) => known.insert(task.to_owned(), deleted),
            None => known.remove(task),
        };
    }

    /// Where a task's files lie.
    pub fn folder_of(&self, task: &str) -> PathBuf {
        self.folder.join("tasks").join(names::file_name(task))
    }

    /// Where the folder of a deleted task lies until its files are removed.
    pub fn trash(&self) -> PathBuf {
        self.folder.join("trash")
    }

    /// Removes what is left of tasks that were deleted just before the server ended.
    fn clear_deleted(&self) {
        let known = self.deleted.read().unwrap_or_else(PoisonError::into_inner);
        let tasks = self.tasks();
        let left = known.keys().filter(|task| !tasks.contains_key(*task)).map(|task| self.folder_of(task));
        for folder in left.chain([self.trash()]).filter(|folder| folder.exists()) {
            if let Err(error) = fs::remove_dir_all(&folder) {
                tracing::warn!(folder = %folder.display(), %error, "files of a deleted task are left");
            }
        }
    }

    /// A source, made where it is not there.
    fn source(
        &self,
        task: &str,
        source: &str,
        maker: &Maker,
    ) -> Result<(Arc<ShippedTask>, Arc<ShippedSource>), Refused> {
        if let Some(task) = self.task(task) {
            let known = task.sources().get(source).map(Arc::clone);
            if let Some(source) = known {
                return Ok((task, source));
            }
        }
        let fault = names::task_fault(task).or_else(|| names::source_fault(source));
        if let Some(fault) = fault {
            return Err(Refused::Name(fault));
        }
        let path = self.folder_of(task).join(names::file_name(source));
        // Held to the end: no task is deleted meanwhile.
        let mut tasks = self.tasks_mut();
        let owner = match tasks.get(task) {
            Some(task) => Arc::clone(task),
            None => {
                if tasks.len() >= TASKS_MAX {
                    return Err(Refused::TooMany("tasks"));
                }
                if let Some(max) = maker.tasks_max
                    && tasks.values().filter(|task| task.made_by == maker.name).count() as u64 >= max
                {
                    return Err(Refused::TooManyOfToken { name: maker.name.clone(), max });
                }
                let made = Arc::new(ShippedTask::new(task, &maker.name));
                tasks.insert(task.to_owned(), Arc::clone(&made));
                made
            }
        };
        let mut sources = owner.sources_mut();
        if sources.len() >= SOURCES_A_TASK_MAX && !sources.contains_key(source) {
            return Err(Refused::TooMany("sources"));
        }
        let made = sources.entry(source.to_owned()).or_insert_with(|| Arc::new(ShippedSource::new(source, path)));
        let made = Arc::clone(made);
        drop(sources);
        drop(tasks);
        Ok((owner, made))
    }

    /// Appends a piece, and waits until it is durable.
    pub async fn append(
        self: &Arc<Self>,
        task: &str,
        source: &str,
        piece: Piece,
        maker: &Maker,
    ) -> Result<Standing, Refused> {
        let is_known = self.task(task).is_some_and(|task| task.sources().contains_key(source));
        if !is_known && piece.offset > 0 {
            let gone = self.task(task).is_none().then(|| self.deleted(task)).flatten();
            return Err(gone.map_or(Refused::Gap { end: 0 }, |deleted| Refused::Deleted(deleted.told(task))));
        }
        let (task, source) = self.source(task, source, maker)?;
        if source.hear() {
            task.tick();
        }
        let upto = piece.offset.saturating_add(piece.bytes.len() as u64);
        let piece = Arc::new(piece);
        let mut asked = false;
        loop {
            let mut writer = Arc::clone(&source.writer).lock_owned().await;
            let (store, owner, of, piece) =
                (Arc::clone(self), Arc::clone(&task), Arc::clone(&source), Arc::clone(&piece));
            // Who asked may go: what was written is committed all the same.
            let written = tokio::task::spawn_blocking(move || store.write(&mut writer, owner, of, &piece));
            let written = match written.await {
                Ok(written) => written,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            match written {
                Ok(None) => break,
                Ok(Some(committed)) => {
                    let ended = || Refused::Broken("the server is ending".to_owned());
                    committed.await.map_err(|_| ended())??;
                    break;
                }
                Err(Refused::Quota { bytes, quota }) if !asked => {
                    asked = true;
                    if !self.make_room(bytes).await {
                        return Err(Refused::Quota { bytes, quota });
                    }
                }
                Err(refused) => {
                    if matches!(refused, Refused::Failed(_)) && !source.status().error_noted {
                        // That it has failed is known after a restart as well once it was said.
                        let (reply, noted) = oneshot::channel();
                        self.work
                            .try_send(Work::Note { task: Arc::clone(&task), source: Arc::clone(&source), reply })
                            .ok();
                        noted.await.ok();
                    }
                    return Err(refused);
                }
            }
        }
        // A commit may have taken long.
        if source.hear() {
            task.tick();
        }
        let status = source.status();
        Ok(Standing { bytes: upto.max(status.durable), complete: status.complete })
    }

    /// Writes, and hands what was written to the committer. Blocks.
    fn write(
        &self,
        writer: &mut Writer,
        task: Arc<ShippedTask>,
        source: Arc<ShippedSource>,
        piece: &Piece,
    ) -> Result<Option<oneshot::Receiver<Result<(), Refused>>>, Refused> {
        let written = writer.write(&source, piece, &self.room, self.options.durability)?;
        let Some(file) = written else { return Ok(None) };
        let (reply, committed) = oneshot::channel();
        let upto = piece.offset + piece.bytes.len() as u64;
        let epoch = source.epoch();
        let arrived = piece.arrived.clone();
        let commit = Commit { task, source, file, epoch, upto, last: piece.last, arrived, reply };
        self.work.try_send(Work::Commit(commit)).map_err(|error| match error {
            TrySendError::Full(_) => {
                Refused::Broken("as many requests as may wait for the disk are waiting".to_owned())
            }
            TrySendError::Disconnected(_) => Refused::Broken("the server is ending".to_owned()),
        })?;
        Ok(Some(committed))
    }

    /// Deletes what may be deleted, until so many bytes more have room. False where that cannot be.
    async fn make_room(&self, bytes: u64) -> bool {
        let (reply, made) = oneshot::channel();
        self.work.try_send(Work::MakeRoom { bytes, reply }).is_ok() && made.await.unwrap_or(false)
    }

    /// Ends the committer once it has done what waits. Blocks.
    pub fn end(&self) {
        let (reply, ended) = sync_channel(1);
        if self.work.send(Work::End { reply }).is_ok() {
            // It hangs up if it is gone already.
            ended.recv().ok();
        }
    }
}

/// How often a lock is tried that is held.
const LOCK_EVERY: Duration = Duration::from_millis(20);

/// The folder's lock. It is waited for so long.
fn locked(folder: &Path, patience: Duration) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let lock = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = lock.with_context(|| format!("cannot open {}", path.display()))?;
    let began = Instant::now();
    let tried = loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) if began.elapsed() < patience => std::thread::sleep(LOCK_EVERY),
            tried => break tried,
        }
    };
    match tried {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "another server keeps shipped sources in {}: give each a folder of its own with --data",
            folder.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// Every source that was noted, its file cut back to what was acknowledged.
fn recover(data: &Path, ledger: &Ledger) -> anyhow::Result<BTreeMap<String, Arc<ShippedTask>>> {
    let mut tasks = BTreeMap::new();
    for (id, made_by) in ledger.tasks()? {
        let task = Arc::new(ShippedTask::new(&id, &made_by));
        tasks.insert(id, task);
    }
    for row in ledger.sources()? {
        let Some(task) = tasks.get(&row.task) else { continue };
        let path = data.join(names::file_name(&row.task)).join(names::file_name(&row.id));
        let mut writer = Writer { written: row.bytes, file: None, closed: row.complete, gone: false };
        let error = row.error.clone().or_else(|| match cut_back(&path, &row) {
            Ok(identity) => {
                writer.file = Some(identity);
                None
            }
            Err(why) => Some(why),
        });
        if let Some(error) = &error {
            tracing::error!(task = row.task, source = row.id, error, "a shipped source has failed");
        }
        let source = ShippedSource::noted(&row, path, writer, error);
        task.sources_mut().insert(row.id, Arc::new(source));
    }
    Ok(tasks)
}

/// Cuts off what was never acknowledged; its identity, or why it has failed.
fn cut_back(path: &Path, row: &SourceRow) -> Result<(u64, u64), String> {
    let bytes = row.bytes;
    let look = || -> std::io::Result<(File, u64)> {
        let file = File::options().read(true).write(true).open(path)?;
        let there = file.metadata()?.len();
        Ok((file, there))
    };
    let (file, there) = look().map_err(|error| {
        format!("{bytes} bytes of it were acknowledged, and {} cannot be opened: {error}", path.display())
    })?;
    if there < bytes {
        return Err(format!("{bytes} bytes of it were acknowledged, and {} has only {there}", path.display()));
    }
    if there > bytes {
        file.set_len(bytes).map_err(|error| format!("cannot cut {} back to {bytes} bytes: {error}", path.display()))?;
        // Lines without a time have that of the last arrival, which is not now.
        let arrived = u64::try_from(row.arrived.nanos()).map(|nanos| UNIX_EPOCH + Duration::from_nanos(nanos));
        if let Ok(arrived) = arrived {
            file.set_modified(arrived).ok();
        }
    }
    writer::identity_of(&file).map_err(|error| format!("cannot look at {}: {error}", path.display()))
}
