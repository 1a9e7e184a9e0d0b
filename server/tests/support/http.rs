//! A small HTTP/1.1 client: one request a connection, nothing hidden.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long the server may say nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body, as far as it came.
    pub body: Vec<u8>,
    /// The body came to its end.
    pub whole: bool,
}

impl Answer {
    /// A header's value.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.unwrap_or_else(|| panic!("no header {name} among {:?}", self.headers))
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// One member of each record of the body, as JSON.
    #[track_caller]
    pub fn members(&self, member: &str) -> Vec<String> {
        let record = |line: &str| serde_json::from_str::<Value>(line).expect("a record")[member].to_string();
        self.text().lines().map(record).collect()
    }
}

/// An answer whose body was not read yet.
pub struct Open {
    status: u16,
    headers: BTreeMap<String, String>,
    reader: BufReader<TcpStream>,
    bodyless: bool,
    /// What was read of the body, and not given out.
    begun: Vec<u8>,
}

impl Open {
    /// The next line of a body that goes on and on; panics where it ends.
    #[track_caller]
    pub fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.begun.drain(..=end).collect();
                return String::from_utf8_lossy(&line[..end]).into_owned();
            }
            let mut body = std::mem::take(&mut self.begun);
            let more = self.chunk(&mut body).expect("more of the body");
            assert!(more, "the answer has ended after {:?}", String::from_utf8_lossy(&body));
            self.begun = body;
        }
    }

    /// Reads the body to its end.
    pub fn read(mut self) -> Answer {
        let mut body = std::mem::take(&mut self.begun);
        let chunked = self.headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
        let length = self.headers.get("content-length").map(|length| length.parse().expect("a length"));
        let whole = match length {
            _ if self.bodyless => true,
            _ if chunked => self.chunks(&mut body).is_ok(),
            Some(length) => {
                let begun = body.len();
                body.resize(length, 0);
                self.reader.read_exact(&mut body[begun..]).is_ok()
            }
            None => self.reader.read_to_end(&mut body).is_ok(),
        };
        Answer { status: self.status, headers: self.headers, body, whole }
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        while self.chunk(body)? {}
        Ok(())
    }

    /// One chunk; false for the last.
    fn chunk(&mut self, body: &mut Vec<u8>) -> io::Result<bool> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
        let start = body.len();
        body.resize(start + length, 0);
        self.reader.read_exact(&mut body[start..])?;
        self.reader.read_line(&mut String::new())?;
        Ok(length > 0)
    }
}

/// Asks, and reads the answer's head.
pub fn open(address: SocketAddr, request: &str) -> io::Result<Open> {
    open_with(address, request, &[])
}

/// Asks with a body, and reads the answer's head.
pub fn open_with(address: SocketAddr, request: &str, body: &[u8]) -> io::Result<Open> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.write_all(request.as_bytes())?;
    stream.write_all(body)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no status in {line:?}")))?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let bodyless = request.starts_with("HEAD ") || matches!(status, 204 | 304);
    Ok(Open { status, headers, reader, bodyless, begun: Vec::new() })
}

/// A request's text.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
}
