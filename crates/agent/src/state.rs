//! What is remembered of a source from one start to the next: how far it was acknowledged, and which files it lies in.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::Error;
use crate::follow::Piece;
use crate::limits::STATE_BYTES_MAX;
use crate::tell::Teller;

/// The version that is written.
const VERSION: u64 = 1;

/// What a state file holds: one line of JSON, and one with its checksum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The form's version.
    pub version: u64,
    /// The server, task and source it is about.
    pub about: [String; 3],
    /// Bytes of the source that were acknowledged.
    pub acked: u64,
    /// The files it lies in, the oldest first.
    pub pieces: Vec<Piece>,
}

/// The state of one source, locked as long as this lives.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    about: [String; 3],
    _lock: File,
}

impl State {
    /// Takes the state of a source in this folder, made where it is missing.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] where another process has it, and whatever the folder fails with.
    pub fn take(folder: &Path, server: &str, task: &str, source: &str) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        let about = [server, task, source].map(ToOwned::to_owned);
        let name: String = source.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
        let name = format!("{}-{:016x}", &name[..name.len().min(40)], xxh3_64(about.join("\n").as_bytes()));
        let lock_path = folder.join(format!("{name}.lock"));
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(Error::file("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked { lock: lock_path }),
            Err(TryLockError::Error(cause)) => return Err(Error::file("lock", &lock_path)(cause)),
        }
        Ok(Self { path: folder.join(format!("{name}.json")), about, _lock: lock })
    }

    /// What was remembered, if anything was. A damaged file is put aside, and told of: the server knows how much it has.
    ///
    /// # Errors
    ///
    /// [`Error::Newer`] for a version that is not known here; whatever reading fails with.
    pub fn read(&self, teller: &Teller) -> Result<Option<Kept>, Error> {
        let mut text = String::new();
        let read = File::open(&self.path).and_then(|file| file.take(STATE_BYTES_MAX).read_to_string(&mut text));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => text.clear(),
            Err(error) => return Err(Error::file("read", &self.path)(error)),
        }
        let version = serde_json::Deserializer::from_str(&text).into_iter::<Version>().next();
        if let Some(Ok(Version { version })) = version
            && version > VERSION
        {
            return Err(Error::Newer { path: self.path.clone(), version });
        }
        if let Some(kept) = parse(&text)
            && kept.about == self.about
            && is_sound(&kept)
        {
            return Ok(Some(kept));
        }
        let aside = self.path.with_extension("damaged");
        fs::rename(&self.path, &aside).map_err(Error::file("put aside", &self.path))?;
        teller.say(&format!(
            "{} was damaged and lies at {} now; the source is sent from its start, and the server keeps what it has",
            self.path.display(),
            aside.display()
        ));
        Ok(None)
    }

    /// Writes it down: under another name, made durable, renamed.
    ///
    /// # Errors
    ///
    /// Whatever writing fails with; the former state is still there then.
    pub fn write(&self, kept: &Kept) -> Result<(), Error> {
        let kept = Kept { version: VERSION, about: self.about.clone(), ..kept.clone() };
        let text = serde_json::to_string(&kept).map_err(io::Error::other).map_err(Error::file("write", &self.path))?;
        let sum = xxh3_64(text.as_bytes());
        let fresh = self.path.with_extension("new");
        let write = || {
            let mut file = File::create(&fresh)?;
            file.write_all(format!("{text}\n{sum:016x}\n").as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &self.path)?;
            let folder = self.path.parent().unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        };
        write().map_err(Error::file("write", &self.path))
    }
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

fn parse(text: &str) -> Option<Kept> {
    let (json, rest) = text.split_once('\n')?;
    let sum = u64::from_str_radix(rest.strip_suffix('\n')?, 16).ok()?;
    (sum == xxh3_64(json.as_bytes())).then(|| serde_json::from_str(json).ok())?
}

/// The pieces follow one another, and only the last one may grow.
fn is_sound(kept: &Kept) -> bool {
    let follows = |pair: &[Piece]| {
        let [one, next] = pair else { return false };
        one.length.and_then(|length| one.start.checked_add(length)) == Some(next.start)
    };
    kept.pieces.windows(2).all(follows) && (kept.acked == 0 || !kept.pieces.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(folder: &Path) -> State {
        State::take(folder, "http://a", "t", "a.log").expect("it is free")
    }

    fn silent() -> Teller {
        Teller::new(|_| {})
    }

    #[test]
    fn what_was_written_is_read_and_one_process_holds_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let state = take(folder.path());
        assert_eq!(state.read(&silent()).expect("read"), None);
        state.write(&Kept { acked: 0, ..Kept::default() }).expect("written");
        assert_eq!(state.read(&silent()).expect("read").expect("kept").acked, 0);
        let other = State::take(folder.path(), "http://a", "t", "a.log");
        assert!(matches!(other, Err(Error::Locked { .. })), "{other:?}");
        State::take(folder.path(), "http://a", "t", "b.log").expect("another source is free");
    }

    #[test]
    fn a_torn_state_is_put_aside_and_a_newer_one_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let state = take(folder.path());
        state.write(&Kept::default()).expect("written");
        let whole = fs::read(&state.path).expect("read");
        for length in 0..whole.len() {
            fs::write(&state.path, &whole[..length]).expect("written");
            assert_eq!(state.read(&silent()).expect("read"), None, "{length} bytes");
        }
        fs::write(&state.path, "{\"version\":2,\"what\":[]}\n").expect("written");
        let error = state.read(&silent()).expect_err("newer").to_string();
        assert!(error.contains("version 2"), "{error}");
    }
}
