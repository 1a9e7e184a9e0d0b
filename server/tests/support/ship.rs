//! A sender of bytes: one `PATCH` at a time, and a server that keeps them.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::http::{Answer, open_with, request};
use super::server::{Server, segment};
use super::{Folder, files, logboom, until};

/// A folder in which a server keeps what is shipped to it.
pub struct Kept(pub Folder);

impl Kept {
    /// An empty one.
    pub fn new() -> Self {
        Self(Folder::with::<&str>(&[]))
    }

    /// A server that keeps its data there, with these arguments more.
    #[track_caller]
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let mut command = logboom(self.0.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(self.0.path()).args(arguments);
        Server::started(&mut command)
    }

    /// The files that hold the sources' bytes.
    pub fn data(&self) -> Vec<PathBuf> {
        let is_shown = |path: &PathBuf| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        files(&self.0.join("shipped/tasks")).into_iter().filter(is_shown).collect()
    }
}

/// A source's address.
pub fn raw(task: &str, source: &str) -> String {
    format!("/api/v1/tasks/{}/sources/{}/raw", segment(task), segment(source))
}

/// A `PATCH` with these headers beside those that every one has.
pub fn patch_with(
    address: SocketAddr,
    task: &str,
    source: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let length = body.len().to_string();
    let usual = [("Content-Type", "application/partial-upload"), ("Content-Length", length.as_str())];
    let usual = usual.into_iter().filter(|(name, _)| !headers.iter().any(|(given, _)| given == name));
    let headers: Vec<_> = usual.chain(headers.iter().copied()).collect();
    Ok(open_with(address, &request("PATCH", &raw(task, source), &headers), body)?.read())
}

/// A `PATCH` at an offset.
#[track_caller]
pub fn patch(server: &Server, task: &str, source: &str, offset: u64, body: &[u8]) -> Answer {
    patch_with(server.address, task, source, &[("Upload-Offset", &offset.to_string())], body).expect("an answer")
}

/// A `PATCH` with the last bytes.
#[track_caller]
pub fn complete(server: &Server, task: &str, source: &str, offset: u64, body: &[u8]) -> Answer {
    let headers = [("Upload-Offset", &*offset.to_string()), ("Upload-Complete", "?1")];
    patch_with(server.address, task, source, &headers, body).expect("an answer")
}

/// The answer is 204 and tells this offset.
#[track_caller]
pub fn check_at(answer: &Answer, offset: u64) {
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!(answer.header("upload-offset"), offset.to_string());
}

/// `HEAD` of a source: its offset, and whether it is complete; none where it was never seen.
#[track_caller]
pub fn standing(server: &Server, task: &str, source: &str) -> Option<(u64, bool)> {
    let answer = server.ask("HEAD", &raw(task, source), &[]);
    if answer.status == 404 {
        return None;
    }
    assert_eq!((answer.status, answer.header("cache-control")), (204, "no-store"));
    Some((answer.header("upload-offset").parse().expect("an offset"), answer.header("upload-complete") == "?1"))
}

/// Lines that tell where they stand, this many bytes of them.
pub fn log_of(bytes: usize) -> Vec<u8> {
    let mut text = String::with_capacity(bytes + 100);
    let mut n = 0;
    while text.len() < bytes {
        n += 1;
        text.push_str(&format!("2026-11-22T02:00:00Z INFO line {n} of the log\n"));
    }
    text.truncate(bytes);
    text.into_bytes()
}

/// What the server gives back of a source.
#[track_caller]
pub fn check_bytes(server: &Server, task: &str, source: &str, expected: &[u8]) {
    // What was appended just now may be shown a second later.
    let answer = until("as many bytes as were sent", || {
        let answer = server.get(&raw(task, source));
        assert_eq!(answer.status, 200, "{}", answer.text());
        Some(answer).filter(|answer| answer.body.len() == expected.len())
    });
    assert!(answer.body == expected, "other bytes than were sent");
}

/// The task comes to be in this state.
#[track_caller]
pub fn check_state(server: &Server, id: &str, expected: &str) {
    until(&format!("{id} is {expected}"), || Some(()).filter(|()| server.task(id).json()["state"] == expected));
}

/// Splitmix64: small, and the same everywhere.
pub struct Splitmix(pub u64);

impl Splitmix {
    /// Any number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}
