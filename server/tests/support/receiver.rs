//! A server in memory that takes shipped bytes to the letter of the contract, and fails as it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What it has of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The last have come.
    pub complete: bool,
    /// Empty messages that it has had.
    pub beats: usize,
}

#[derive(Default)]
struct Inner {
    sources: BTreeMap<String, Stored>,
    /// What the next requests are answered with instead: a status line and headers, without the empty line.
    answers: VecDeque<String>,
    /// Connections are closed as soon as they are made.
    is_down: bool,
    requests: Vec<String>,
}

/// A receiver that listens until the test ends.
#[derive(Clone)]
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

/// A request as it came.
struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Receiver {
    /// Starts one.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let receiver = Self { address: listener.local_addr().expect("its address"), inner: Arc::default() };
        let taken = receiver.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let receiver = taken.clone();
                thread::spawn(move || receiver.serve(stream));
            }
        });
        receiver
    }

    /// Its address as `--server` takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has of a source of a task.
    pub fn stored(&self, task: &str, source: &str) -> Option<Stored> {
        self.lock().sources.get(&key(task, source)).cloned()
    }

    /// How many bytes it has of a source.
    pub fn length(&self, task: &str, source: &str) -> usize {
        self.lock().sources.get(&key(task, source)).map_or(0, |stored| stored.bytes.len())
    }

    /// Changes what it has of a source, behind the sender's back.
    pub fn change(&self, task: &str, source: &str, change: impl FnOnce(&mut Stored)) {
        change(self.lock().sources.entry(key(task, source)).or_default());
    }

    /// Answers the next requests with these heads.
    pub fn answer_with(&self, heads: &[&str]) {
        self.lock().answers.extend(heads.iter().map(|head| (*head).to_owned()));
    }

    /// Refuses connections, or takes them again.
    pub fn set_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    /// The first lines of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.lock().requests.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers what comes on a connection; ends with it.
    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut answers = stream.try_clone().ok()?;
        let mut reader = BufReader::new(stream);
        loop {
            if self.lock().is_down {
                return None;
            }
            let request = read(&mut reader).ok()??;
            if self.lock().is_down {
                return None;
            }
            let answer = self.answer(&request);
            answers.write_all(answer.as_bytes()).ok()?;
        }
    }

    fn answer(&self, request: &Request) -> String {
        let mut inner = self.lock();
        inner.requests.push(request.line.clone());
        if let Some(head) = inner.answers.pop_front() {
            return format!("{head}\r\nContent-Length: 0\r\n\r\n");
        }
        let mut parts = request.line.split(' ');
        let (method, path) = (parts.next().unwrap_or(""), parts.next().unwrap_or("").to_owned());
        let head = |status: &str, stored: &Stored| {
            let complete = if stored.complete { "?1" } else { "?0" };
            let (length, complete) = (stored.bytes.len(), format!("Upload-Complete: {complete}"));
            format!("HTTP/1.1 {status}\r\nUpload-Offset: {length}\r\n{complete}\r\nContent-Length: 0\r\n\r\n")
        };
        if method == "HEAD" {
            return match inner.sources.get(&path) {
                Some(stored) => head("204 No Content", stored).replace("Content-Length: 0\r\n", ""),
                None => "HTTP/1.1 404 Not Found\r\n\r\n".to_owned(),
            };
        }
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        let offset: Option<usize> = header("upload-offset").and_then(|offset| offset.parse().ok());
        let (Some(offset), "PATCH", Some("application/partial-upload")) = (offset, method, header("content-type"))
        else {
            return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_owned();
        };
        let body = match header("content-encoding") {
            Some("zstd") => zstd::decode_all(request.body.as_slice()).expect("zstd"),
            _ => request.body.clone(),
        };
        let stored = inner.sources.entry(path).or_default();
        let known = stored.bytes.len();
        let overlap = known.saturating_sub(offset).min(body.len());
        let is_same = offset <= known && stored.bytes[offset..offset + overlap] == body[..overlap];
        if !is_same || stored.complete && overlap < body.len() {
            return head("409 Conflict", stored).replace("204 No Content", "409 Conflict");
        }
        stored.bytes.extend_from_slice(&body[overlap..]);
        stored.beats += usize::from(body.is_empty());
        stored.complete |= header("upload-complete") == Some("?1");
        head("204 No Content", stored).replace("Content-Length: 0\r\n", "")
    }
}

fn key(task: &str, source: &str) -> String {
    let plain = |id: &str| {
        let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        id.bytes()
            .map(|byte| if kept(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
            .collect::<String>()
    };
    format!("/api/v1/tasks/{}/sources/{}/raw", plain(task), plain(source))
}

/// The next request; none where the connection has ended between two.
fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { line: line.trim_end().to_owned(), headers, body }))
}
