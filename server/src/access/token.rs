//! Tokens: random, shown once, known to the server by their hashes alone.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Prefixes;

/// What every token starts with, so that those who look for leaked secrets find them.
pub const MARK: &str = "lb_";

/// Random bytes of a token.
const RANDOM_BYTES: usize = 32;

/// Requests a second, requests at one time and tasks that a token may make, where the configuration says nothing.
const REQUESTS_PER_SECOND: u32 = 1_000;
const REQUESTS_AT_ONCE: u32 = 4_096;
const TASKS_MAX: u64 = 10_000;

/// `[[token]]` in `logboom.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// What it is called, in logs and messages.
    pub name: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub hash: String,
    /// Prefixes of the tasks that may be read.
    #[serde(default)]
    pub read: Vec<String>,
    /// Prefixes of the tasks that may be shipped.
    #[serde(default)]
    pub write: Vec<String>,
    /// Requests a second; twice as many may come at once.
    pub requests_per_second: Option<u32>,
    /// Requests that may be answered at one time.
    pub requests_at_once: Option<u32>,
    /// Tasks that it may make.
    pub tasks_max: Option<u64>,
}

/// A token as the server knows it.
#[derive(Debug)]
pub struct Token {
    /// What it is called.
    pub name: String,
    hash: [u8; 32],
    /// The tasks that may be read.
    pub read: Prefixes,
    /// The tasks that may be shipped.
    pub write: Prefixes,
    /// Tasks that it may make.
    pub tasks_max: u64,
    bucket: Mutex<Bucket>,
    at_once: Arc<Semaphore>,
}

/// Why a request has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Too many a second.
    Rate,
    /// Too many at one time.
    AtOnce,
}

/// Requests that may still come: so many a second are added, up to twice as many.
#[derive(Debug)]
struct Bucket {
    left: f64,
    per_second: f64,
    filled: Instant,
}

impl Bucket {
    fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self { left: 2.0 * per_second, per_second, filled: Instant::now() }
    }

    fn take(&mut self, passed: Duration) -> bool {
        self.left = (self.left + passed.as_secs_f64() * self.per_second).min(2.0 * self.per_second);
        let has = self.left >= 1.0;
        if has {
            self.left -= 1.0;
        }
        has
    }
}

impl Token {
    /// The token that the configuration describes.
    ///
    /// # Errors
    ///
    /// What of it makes no sense.
    pub fn read(config: &TokenConfig) -> anyhow::Result<Self> {
        let name = &config.name;
        let is_name = !name.is_empty() && name.len() <= 100 && !name.chars().any(char::is_control);
        anyhow::ensure!(is_name, "a token's name has 1 to 100 bytes and no control characters, not {name:?}");
        let hash = config.hash.strip_prefix("sha256:").and_then(from_hex).ok_or_else(|| {
            // What stands there may be the token itself, so it is not repeated.
            anyhow::anyhow!(
                "token {name:?}: its hash is sha256: and 64 hexadecimal digits, as `logboom token new` prints it"
            )
        })?;
        let prefixes = |what: &str, prefixes: &[String]| {
            Prefixes::read(prefixes).map_err(|fault| anyhow::anyhow!("token {name:?}: {what}: {fault}"))
        };
        let at_once = config.requests_at_once.unwrap_or(REQUESTS_AT_ONCE);
        let per_second = config.requests_per_second.unwrap_or(REQUESTS_PER_SECOND);
        anyhow::ensure!(at_once > 0 && per_second > 0, "token {name:?}: a limit of 0 requests would refuse all");
        Ok(Self {
            name: name.clone(),
            hash,
            read: prefixes("read", &config.read)?,
            write: prefixes("write", &config.write)?,
            tasks_max: config.tasks_max.unwrap_or(TASKS_MAX),
            bucket: Mutex::new(Bucket::new(per_second)),
            at_once: Arc::new(Semaphore::new(usize::try_from(at_once).unwrap_or(Semaphore::MAX_PERMITS))),
        })
    }

    /// It is the token with this hash.
    ///
    /// What is compared are hashes: whoever measures how much of them agrees learns about a hash, and that leads to no token.
    #[must_use]
    pub fn has_hash(&self, hash: &[u8; 32]) -> bool {
        let differing = self.hash.iter().zip(hash).fold(0, |differing, (a, b)| differing | (a ^ b));
        differing == 0
    }

    /// A place for one more request.
    ///
    /// # Errors
    ///
    /// Why it has to wait.
    pub fn admit(&self) -> Result<OwnedSemaphorePermit, Wait> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let passed = now.duration_since(std::mem::replace(&mut bucket.filled, now));
        let admitted = bucket.take(passed);
        drop(bucket);
        if !admitted {
            return Err(Wait::Rate);
        }
        Arc::clone(&self.at_once).try_acquire_owned().map_err(|_| Wait::AtOnce)
    }
}

/// The hash by which a token is known. It is a fast one: 256 random bits cannot be guessed, however fast one tries.
#[must_use]
pub fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// A new token.
///
/// # Errors
///
/// A system without randomness.
pub fn new() -> anyhow::Result<String> {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    Ok(format!("{MARK}{}", URL_SAFE_NO_PAD.encode(random)))
}

/// A hash as the configuration has it.
#[must_use]
pub fn spelled(hash: &[u8; 32]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in hash {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_spelled() {
        let token = new().expect("random bytes");
        assert!(token.starts_with("lb_") && token.len() == 46, "{token}");
        let hash = hash_of(&token);
        let config = TokenConfig {
            name: "ci".to_owned(),
            hash: spelled(&hash),
            read: Vec::new(),
            write: vec!["etl".to_owned()],
            requests_per_second: None,
            requests_at_once: None,
            tasks_max: None,
        };
        let read = Token::read(&config).expect("a token");
        assert!(read.has_hash(&hash) && !read.has_hash(&hash_of("lb_other")));
        assert!(read.write.cover("etl/a") && !read.read.cover("etl/a"));
        let told = Token::read(&TokenConfig { hash: token.clone(), ..config }).expect_err("it is no hash").to_string();
        assert!(!told.contains(&token), "the token itself is not repeated: {told}");
    }

    #[test]
    fn a_bucket_lets_so_many_through_a_second() {
        let mut bucket = Bucket::new(10);
        assert_eq!((0..30).filter(|_| bucket.take(Duration::ZERO)).count(), 20);
        assert!(!bucket.take(Duration::from_millis(50)));
        assert!(bucket.take(Duration::from_millis(60)));
        assert!(!bucket.take(Duration::ZERO));
        assert_eq!((0..30).filter(|_| bucket.take(Duration::from_secs(9))).count(), 30);
    }
}
