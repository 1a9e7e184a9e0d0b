//! What is known of shipped tasks beside their bytes, in SQLite: what of them is durable, and when they were heard of.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use record::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::limits::DELETED_MAX;
use super::options::Durability;

/// The version of the tables. One that is higher was written by a later Logboom.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE task (
        id TEXT PRIMARY KEY NOT NULL,
        made_ms INTEGER NOT NULL,
        made_by TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE source (
        task TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
        id TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        complete INTEGER NOT NULL,
        error TEXT,
        made_ms INTEGER NOT NULL,
        arrived_ms INTEGER NOT NULL,
        heard_ms INTEGER NOT NULL,
        PRIMARY KEY (task, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE deleted (
        task TEXT PRIMARY KEY NOT NULL,
        at_ms INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        sources INTEGER NOT NULL,
        why TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
";

/// The tables.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
    path: PathBuf,
}

/// A source as it was noted.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// The task's id.
    pub task: String,
    /// Its own id.
    pub id: String,
    /// Bytes that are durable.
    pub bytes: u64,
    /// It is complete.
    pub complete: bool,
    /// Why it has failed, if it has.
    pub error: Option<String>,
    /// When its first message came.
    pub made: Timestamp,
    /// When its last bytes came.
    pub arrived: Timestamp,
    /// When its last message came.
    pub heard: Timestamp,
}

/// A task that is no longer there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// When it was deleted.
    pub at: Timestamp,
    /// Its bytes.
    pub bytes: u64,
    /// Its sources.
    pub sources: u64,
    /// Why.
    pub why: String,
}

impl Deleted {
    /// What became of a task, for people.
    #[must_use]
    pub fn told(&self, task: &str) -> String {
        let Self { at, bytes, sources, why } = self;
        format!("task {task:?} ({bytes} bytes in {sources} sources) was deleted on {at} by retention: {why}")
    }
}

impl Ledger {
    /// Opens the tables at `path`, or makes them.
    ///
    /// # Errors
    ///
    /// A file that is none of ours, is damaged, or of a later version, and what to do.
    pub fn open(path: &Path, durability: Durability) -> anyhow::Result<Self> {
        let connection = Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let ledger = Self { connection, path: path.to_owned() };
        ledger.ready(durability).with_context(|| format!("cannot use {}", path.display()))?;
        Ok(ledger)
    }

    fn ready(&self, durability: Durability) -> anyhow::Result<()> {
        let version: i64 = self.connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        anyhow::ensure!(
            (0..=VERSION).contains(&version),
            "it was written by a later Logboom (version {version}, and this one knows {VERSION}); \
             use that one, or name another folder with --data"
        );
        self.connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;")?;
        // In WAL mode NORMAL leaves syncing to checkpoints: whole after a crash, but the last transactions may be gone.
        self.connection.execute_batch(match durability {
            Durability::Disk => "PRAGMA synchronous = FULL;",
            Durability::System => "PRAGMA synchronous = NORMAL;",
        })?;
        if version == 0 {
            self.connection.execute_batch(&format!("BEGIN; {TABLES} COMMIT;"))?;
        }
        let sound: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        anyhow::ensure!(
            sound == "ok",
            "it is damaged ({sound}); restore it from a copy, or name another folder with --data"
        );
        Ok(())
    }

    /// Every task with who made it.
    pub fn tasks(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut statement = self.connection.prepare("SELECT id, made_by FROM task").with_context(|| self.unread())?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>().with_context(|| self.unread())
    }

    /// Every source.
    pub fn sources(&self) -> anyhow::Result<Vec<SourceRow>> {
        let mut statement = self
            .connection
            .prepare("SELECT task, id, bytes, complete, error, made_ms, arrived_ms, heard_ms FROM source")
            .with_context(|| self.unread())?;
        let rows = statement.query_map([], |row| {
            Ok(SourceRow {
                task: row.get(0)?,
                id: row.get(1)?,
                bytes: unsigned(row.get(2)?),
                complete: row.get(3)?,
                error: row.get(4)?,
                made: from_ms(row.get(5)?),
                arrived: from_ms(row.get(6)?),
                heard: from_ms(row.get(7)?),
            })
        })?;
        rows.collect::<Result<_, _>>().with_context(|| self.unread())
    }

    /// The tasks that were deleted last.
    pub fn deleted(&self) -> anyhow::Result<Vec<(String, Deleted)>> {
        let mut statement = self
            .connection
            .prepare("SELECT task, at_ms, bytes, sources, why FROM deleted")
            .with_context(|| self.unread())?;
        let rows = statement.query_map([], |row| {
            let deleted = Deleted {
                at: from_ms(row.get(1)?),
                bytes: unsigned(row.get(2)?),
                sources: unsigned(row.get(3)?),
                why: row.get(4)?,
            };
            Ok((row.get(0)?, deleted))
        })?;
        rows.collect::<Result<_, _>>().with_context(|| self.unread())
    }

    /// Notes sources as they are now, each with who made its task; all of them or none.
    pub fn note(&mut self, rows: &[(SourceRow, &str)]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for (row, made_by) in rows {
            note_one(&transaction, row, made_by)?;
        }
        transaction.commit()
    }

    /// Forgets a task but for that it was deleted.
    pub fn delete(&mut self, task: &str, deleted: &Deleted) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM task WHERE id = ?1", params![task])?;
        transaction.execute(
            "INSERT OR REPLACE INTO deleted (task, at_ms, bytes, sources, why) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![task, ms(deleted.at), signed(deleted.bytes), signed(deleted.sources), deleted.why],
        )?;
        transaction.execute(
            "DELETE FROM deleted WHERE task IN (SELECT task FROM deleted ORDER BY at_ms DESC LIMIT -1 OFFSET ?1)",
            params![signed(DELETED_MAX as u64)],
        )?;
        transaction.commit()
    }

    fn unread(&self) -> String {
        format!("cannot read {}", self.path.display())
    }
}

fn note_one(transaction: &Transaction<'_>, row: &SourceRow, made_by: &str) -> rusqlite::Result<()> {
    let updated = transaction.execute(
        "UPDATE source SET bytes = ?3, complete = ?4, error = ?5, arrived_ms = ?6, heard_ms = ?7 WHERE task = ?1 AND id = ?2",
        params![row.task, row.id, signed(row.bytes), row.complete, row.error, ms(row.arrived), ms(row.heard)],
    )?;
    if updated > 0 {
        return Ok(());
    }
    let known = transaction.query_row("SELECT 1 FROM task WHERE id = ?1", params![row.task], |_| Ok(())).optional()?;
    if known.is_none() {
        transaction.execute(
            "INSERT INTO task (id, made_ms, made_by) VALUES (?1, ?2, ?3)",
            params![row.task, ms(row.made), made_by],
        )?;
        transaction.execute("DELETE FROM deleted WHERE task = ?1", params![row.task])?;
    }
    transaction.execute(
        "INSERT INTO source (task, id, bytes, complete, error, made_ms, arrived_ms, heard_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            row.task,
            row.id,
            signed(row.bytes),
            row.complete,
            row.error,
            ms(row.made),
            ms(row.arrived),
            ms(row.heard)
        ],
    )?;
    Ok(())
}

fn ms(time: Timestamp) -> i64 {
    i64::try_from(time.nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn from_ms(ms: i64) -> Timestamp {
    Timestamp::from_nanos(i128::from(ms) * 1_000_000)
}

/// SQLite's integers have a sign; no length comes near it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(task: &str, id: &str, bytes: u64) -> SourceRow {
        let time = Timestamp::from_nanos(1_795_316_400_000_000_000);
        SourceRow {
            task: task.to_owned(),
            id: id.to_owned(),
            bytes,
            complete: false,
            error: None,
            made: time,
            arrived: time,
            heard: time,
        }
    }

    fn opened(folder: &Path) -> anyhow::Result<Ledger> {
        Ledger::open(&folder.join("catalog.sqlite"), Durability::Disk)
    }

    #[test]
    fn what_was_noted_is_there_when_it_is_opened_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut ledger = opened(folder.path()).expect("made");
        ledger.note(&[(row("a", "x", 1), "ci"), (row("a", "y", 2), "ci")]).expect("noted");
        ledger.note(&[(row("a", "x", 9), "other")]).expect("noted");
        drop(ledger);
        let ledger = opened(folder.path()).expect("opened");
        let rows: Vec<_> = ledger.sources().expect("read").into_iter().map(|row| (row.id, row.bytes)).collect();
        assert_eq!(rows, [("x".to_owned(), 9), ("y".to_owned(), 2)]);
        assert_eq!(ledger.tasks().expect("read"), [("a".to_owned(), "ci".to_owned())]);
    }

    #[test]
    fn a_deleted_task_takes_its_sources_along_and_comes_back_as_new() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut ledger = opened(folder.path()).expect("made");
        ledger.note(&[(row("a", "x", 1), "")]).expect("noted");
        let why = Deleted { at: Timestamp::from_nanos(0), bytes: 1, sources: 1, why: "too old".to_owned() };
        ledger.delete("a", &why).expect("deleted");
        assert!(ledger.sources().expect("read").is_empty());
        assert_eq!(ledger.deleted().expect("read"), [("a".to_owned(), why)]);
        ledger.note(&[(row("a", "x", 0), "")]).expect("noted");
        assert_eq!((ledger.deleted().expect("read").len(), ledger.sources().expect("read").len()), (0, 1));
    }

    #[test]
    fn tables_of_a_later_version_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = opened(folder.path()).expect("made");
        ledger.connection.execute_batch("PRAGMA user_version = 2").expect("set");
        drop(ledger);
        let told = format!("{:#}", opened(folder.path()).expect_err("it is newer"));
        assert!(told.contains("later Logboom (version 2, and this one knows 1)"), "{told}");
    }

    #[test]
    fn what_is_no_database_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("catalog.sqlite"), "x".repeat(4_096)).expect("written");
        let told = format!("{:#}", opened(folder.path()).expect_err("it is no database"));
        assert!(told.contains("catalog.sqlite"), "{told}");
    }
}
