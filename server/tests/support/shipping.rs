//! What tests of `ship` share: the command as a child, a log that is written and rotated.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{Folder, logboom, wait};

/// A running `logboom ship`; killed with the test.
pub struct Ship {
    child: Child,
    told: Arc<Mutex<String>>,
}

impl Ship {
    /// `logboom ship` of task `t` to this server, its state in the folder, with further arguments.
    #[track_caller]
    pub fn start(folder: &Folder, url: &str, arguments: &[&str]) -> Self {
        let mut command = logboom(folder.path());
        command.args(["ship", "--server", url, "--task", "t", "--state", "state", "--silence", "1"]).args(arguments);
        Self::started(command)
    }

    /// The command, started.
    #[track_caller]
    pub fn started(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stderr = child.stderr.take().expect("a pipe");
        let told = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&told);
        thread::spawn(move || {
            let mut buf = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut buf) {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&buf[..count]));
            }
        });
        Self { child, told }
    }

    /// What it has said so far.
    pub fn told(&self) -> String {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends it a signal.
    #[track_caller]
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().expect("kill runs").success());
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Tells it to end; it has sent all.
    #[track_caller]
    pub fn end(mut self) {
        self.signal("TERM");
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "{}", self.told());
    }

    /// Ends it as no program can resist.
    #[track_caller]
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.wait();
    }
}

impl Drop for Ship {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and need not be.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A log as a program writes it and a rotation moves it, and every byte that was ever in it.
pub struct Log {
    path: PathBuf,
    file: File,
    /// All that was written.
    pub all: Vec<u8>,
    lines: u64,
}

impl Log {
    /// A log at this path of the folder.
    pub fn create(folder: &Folder, name: &str) -> Self {
        let path = folder.join(name);
        let file = File::options().create(true).append(true).open(&path).expect("opened");
        Self { path, file, all: Vec::new(), lines: 0 }
    }

    /// Writes a numbered line of about so many bytes.
    pub fn line(&mut self, bytes: usize) {
        self.lines += 1;
        let line = format!("2026-11-22T02:00:00Z INFO line {} {}\n", self.lines, "x".repeat(bytes));
        self.raw(line.as_bytes());
    }

    /// Writes many such lines at once.
    pub fn lines(&mut self, count: u64, bytes: usize) {
        for _ in 0..count {
            self.line(bytes);
        }
    }

    /// Writes bytes.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.file.write_all(bytes).expect("written");
        self.all.extend_from_slice(bytes);
    }

    /// Where a generation lies.
    pub fn generation(&self, number: u32) -> PathBuf {
        PathBuf::from(format!("{}.{number}", self.path.display()))
    }

    /// Renames all generations up by one, and begins a new file.
    pub fn rotate(&mut self) {
        for number in (1..50).rev() {
            if self.generation(number).exists() {
                fs::rename(self.generation(number), self.generation(number + 1)).expect("renamed");
            }
        }
        fs::rename(&self.path, self.generation(1)).expect("renamed");
        self.reopen();
    }

    /// Copies it to a generation of its own and cuts it to nothing.
    pub fn copy_truncate(&mut self) {
        for number in (1..50).rev() {
            if self.generation(number).exists() {
                fs::rename(self.generation(number), self.generation(number + 1)).expect("renamed");
            }
        }
        fs::copy(&self.path, self.generation(1)).expect("copied");
        self.file.set_len(0).expect("cut");
    }

    /// Opens the path anew, as a program does that was told of a rotation.
    pub fn reopen(&mut self) {
        self.file = File::options().create(true).append(true).open(&self.path).expect("opened");
    }

    /// The open file, to write to it behind a rotation's back.
    pub fn handle(&self) -> File {
        self.file.try_clone().expect("a second handle")
    }
}
