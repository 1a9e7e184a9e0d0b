//! What the tests of the binary share: folders of logs, the binary itself, a server and a client.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod http;
pub mod logs;
pub mod proxy;
pub mod random;
pub mod receiver;
pub mod server;
pub mod ship;
pub mod shipping;

use std::fs::{self, File, FileTimes};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

/// When every file of the tests was last changed: 2026-11-22T03:00:00Z, in seconds from 1970.
const MODIFIED_S: u64 = 1_795_316_400;

/// How long anything that is waited for may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long to wait before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A temporary folder of logs.
pub struct Folder(TempDir);

impl Folder {
    /// A folder that holds these files.
    pub fn with<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        for (name, bytes) in files {
            folder.write(name, bytes);
        }
        folder
    }

    /// A folder that holds what `server/tests/data/NAME` holds.
    pub fn of_data(name: &str) -> Self {
        let folder = Self::with::<&str>(&[]);
        copy(&data(name), folder.path());
        folder
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where something in it lies.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file, last changed when all others were.
    pub fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.join(name);
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("made");
        fs::write(&path, bytes).expect("written");
        set_modified(&path);
    }

    /// Writes all that lies in it over what lies in another.
    pub fn copy_to(&self, other: &Self) {
        copy(self.path(), other.path());
    }

    /// Appends to a file. It was changed now.
    pub fn append(&self, name: &str, bytes: impl AsRef<str>) {
        let bytes = bytes.as_ref();
        let mut file = File::options().create(true).append(true).open(self.join(name)).expect("it opens");
        file.write_all(bytes.as_bytes()).expect("written");
    }
}

/// Where test data lies.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Every file below a folder, by path.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("it lies below"));
        fs::create_dir_all(target.parent().expect("it lies in a folder")).expect("made");
        fs::copy(&file, &target).expect("copied");
        set_modified(&target);
    }
}

/// Git keeps no modification times; a year that a line leaves out, and a source without times, need one.
fn set_modified(path: &Path) {
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED_S);
    let file = File::options().write(true).open(path).expect("it opens");
    file.set_times(FileTimes::new().set_modified(modified)).expect("its time is set");
}

/// The binary, with nothing from the environment that would change what it does, and a cache that is not the user's.
pub fn logboom(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logboom"));
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("LOGBOOM_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    // Nothing is ever shipped there: a server makes it only then.
    command.env("XDG_DATA_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-data"));
    command
}

/// What a run of the binary left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    /// Its exit status; none where a signal ended it.
    pub status: Option<i32>,
    /// Its standard output.
    pub out: Vec<u8>,
    /// Its standard error.
    pub err: String,
}

impl Run {
    /// Its standard output as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.out).expect("UTF-8")
    }
}

/// Runs a command to its end; `input` is what stands on its standard input.
///
/// A command that does not end is killed at the deadline, and the test fails.
#[track_caller]
pub fn run(mut command: Command, input: &[u8]) -> Run {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut stderr = child.stderr.take().expect("a pipe");
    let input = input.to_owned();
    // One that does not read what it is given has its reasons.
    let feed = thread::spawn(move || stdin.write_all(&input).is_ok());
    let out = thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).map(|_| bytes)
    });
    let err = thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let status = wait(&mut child);
    feed.join().expect("fed");
    Run {
        status: status.code(),
        out: out.join().expect("read").expect("standard output"),
        err: err.join().expect("read").expect("standard error"),
    }
}

/// Waits for a process to end, and kills it at the deadline.
#[track_caller]
pub fn wait(child: &mut std::process::Child) -> std::process::ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("its state") {
            return status;
        }
        if started.elapsed() > DEADLINE {
            child.kill().expect("killed");
            panic!("the process did not end in {DEADLINE:?}");
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// Looks until there is something, or the deadline has passed.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(started.elapsed() < DEADLINE, "not seen within {DEADLINE:?}: {what}");
        thread::sleep(LOOK_AGAIN);
    }
}
