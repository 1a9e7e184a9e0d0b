//! A server of the test's own, on a port that was free.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::http::{Answer, Open, open, request};
use super::{Folder, logboom, wait};

/// A running `logboom serve`; killed with the test.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it serves, where nobody else keeps it.
    folder: Option<Folder>,
}

impl Server {
    /// Serves a folder.
    #[track_caller]
    pub fn over(folder: &Folder) -> Self {
        Self::with(folder, &[folder.path()])
    }

    /// Serves a folder that lives as long as the server.
    #[track_caller]
    pub fn of(folder: Folder) -> Self {
        let mut server = Self::over(&folder);
        server.folder = Some(folder);
        server
    }

    /// Serves what these arguments name, in that folder.
    #[track_caller]
    pub fn with(folder: &Folder, arguments: &[impl AsRef<OsStr>]) -> Self {
        Self::started(logboom(folder.path()).arg("serve").args(arguments).args(["--listen", "127.0.0.1:0"]))
    }

    /// The server that this command starts.
    #[track_caller]
    pub fn started(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("it says where it listens, not {line:?}"));
        Self { child, address: address.parse().expect("an address"), folder: None }
    }

    /// `GET` of a path.
    #[track_caller]
    pub fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[])
    }

    /// Any request.
    #[track_caller]
    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(&request(method, target, headers)).read()
    }

    /// Any request, its body not read yet.
    #[track_caller]
    pub fn send(&self, request: &str) -> Open {
        open(self.address, request).expect("an answer")
    }

    /// What is known of a task.
    #[track_caller]
    pub fn task(&self, id: &str) -> Answer {
        self.get(&task(id, ""))
    }

    /// `GET` of a task's lines.
    #[track_caller]
    pub fn lines(&self, id: &str, query: &str) -> Answer {
        self.get(&task(id, &format!("/lines{query}")))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to end, and waits until it has.
    #[track_caller]
    pub fn end(mut self, signal: &str) -> ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill runs");
        assert!(sent.success());
        wait(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and need not be.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A task's address, with what follows.
pub fn task(id: &str, rest: &str) -> String {
    format!("/api/v1/tasks/{}{rest}", segment(id))
}

/// An id as one segment of a path.
pub fn segment(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}
