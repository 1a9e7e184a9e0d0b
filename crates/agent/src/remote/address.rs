//! Where a server is, and what an address may look like.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use http::{HeaderValue, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Error;

/// It was tried and did not answer. Before that, 0 is known of a server.
pub(super) const FAILED: u8 = 1;
/// It has answered once.
pub(super) const ANSWERED: u8 = 2;

/// Where a server is, and who we are to it; nothing was asked of the system yet.
#[derive(Clone, Debug)]
pub struct Address {
    /// `http://host:port` and what of a path stands before the interface, without a slash at its end.
    pub(super) base: Arc<str>,
    pub(super) is_secure: bool,
    pub(super) token: Option<HeaderValue>,
    pub(super) contact: Arc<AtomicU8>,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`Error::Server`] for one that is none, [`Error::Id`] for a token that no header can hold.
    pub fn new(address: &str, token: Option<&str>) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Server { given: address.to_owned(), reason: reason.to_owned() };
        let uri: Uri = address.parse().map_err(|_| wrong("it is no address"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("it must start with http:// or https://"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it must hold no user name; use --token"));
        }
        if uri.query().is_some() {
            return Err(wrong("it must have no “?”"));
        }
        let token = token.map(|token| {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Error::Id {
                given: "(not shown)".to_owned(),
                what: "a token",
                reason: "it holds characters that a header cannot",
            })?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Self {
            base: address.trim_end_matches('/').into(),
            is_secure: uri.scheme_str() == Some("https"),
            token: token.transpose()?,
            contact: Arc::default(),
        })
    }

    /// The server has answered this or a clone once, and not that it fails.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.contact.load(Ordering::Relaxed) == ANSWERED
    }

    /// The server was tried, by this or a clone, and has never answered but that it fails.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.contact.load(Ordering::Relaxed) == FAILED
    }

    /// The page of a task.
    ///
    /// # Errors
    ///
    /// [`Error::Id`] for an id that is none.
    pub fn page(&self, task: &str) -> Result<String, Error> {
        check_id(task, "a task's id")?;
        let segments: Vec<_> = task.split('/').map(segment).collect();
        Ok(format!("{}/t/{}", self.base, segments.join("/")))
    }
}

/// All of an id but what no address gives a meaning to.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An id as one segment of an address.
pub(super) fn segment(id: &str) -> String {
    utf8_percent_encode(id, SEGMENT).to_string()
}

/// The id is one that a task may have.
pub(super) fn check_id(id: &str, what: &'static str) -> Result<(), Error> {
    let wrong = |reason| Err(Error::Id { given: id.to_owned(), what, reason });
    if id.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return wrong("it is segments joined by “/”, none of them empty, “.” or “..”");
    }
    if !id.chars().all(|char| char.is_ascii_alphanumeric() || "/._:+=,@~-".contains(char)) {
        return wrong("it may hold letters, digits and . _ : + = , @ ~ - alone");
    }
    Ok(())
}
