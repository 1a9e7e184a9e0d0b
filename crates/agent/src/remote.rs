//! The server as the agent sees it: one resource a source, asked with `HEAD` and grown with `PATCH`.

mod address;

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

pub use address::Address;
use address::{ANSWERED, FAILED, check_id, segment};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{Semaphore, oneshot};

use crate::Error;
use crate::backoff::retry_after;
use crate::body::{Batch, Body, Progress};
use crate::limits::{ANSWER_BYTES_MAX, REQUESTS_MAX};

const OFFSET: &str = "upload-offset";
const COMPLETE: &str = "upload-complete";
/// When bytes of the body came: `OFFSET=NANOSECONDS` since 1970, with commas between.
const ARRIVED: &str = "logboom-arrived";

/// How long a connection is kept for the next request; servers close theirs later.
const POOLED: Duration = Duration::from_secs(20);

/// A server, and who we are to it. Cheap to clone; all clones share connections and the bound on requests.
#[derive(Clone)]
pub struct Server {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    /// `http://host:port` and what of a path stands before the interface, without a slash at its end.
    base: Arc<str>,
    token: Option<HeaderValue>,
    contact: Arc<AtomicU8>,
    silence: Duration,
    requests: Arc<Semaphore>,
}

/// One source at the server.
#[derive(Clone)]
pub struct Remote {
    server: Server,
    address: Uri,
}

/// What came back.
#[derive(Debug)]
pub enum Answer {
    /// The bytes are durable; the server has so many, where it said how many.
    Took(Option<u64>),
    /// It has so many bytes, and the source may be complete. None: it knows nothing of the source.
    Has(Option<u64>, bool),
    /// It has so many bytes; those that were sent do not fit: they lie behind a gap, or differ.
    Conflict(Option<u64>, String),
    /// Fewer bytes at a time.
    TooLarge(String),
    /// It cannot unpack what was sent.
    NotPacked,
    /// Later: it is busy, full, or not to be reached. What to tell, and how long it asks to wait.
    Later(String, Option<Duration>),
    /// Never like this: what an operator must mend.
    Refused(String),
}

impl Server {
    /// The server at this address. Of what a request may wait for, nothing moves for `silence` before it is given up.
    ///
    /// # Errors
    ///
    /// [`Error::Certificates`].
    pub fn new(address: Address, silence: Duration) -> Result<Self, Error> {
        let Address { base, is_secure, token, contact } = address;
        let mut plain = HttpConnector::new();
        plain.enforce_http(false);
        plain.set_nodelay(true);
        plain.set_connect_timeout(Some(silence));
        let secure = HttpsConnectorBuilder::new().with_tls_config(tls(is_secure)?);
        let secure = secure.https_or_http().enable_http1().wrap_connector(plain);
        Ok(Self {
            client: Client::builder(TokioExecutor::new())
                .pool_idle_timeout(POOLED)
                .pool_timer(TokioTimer::new())
                .build(secure),
            base,
            token,
            contact,
            silence,
            requests: Arc::new(Semaphore::new(REQUESTS_MAX)),
        })
    }

    /// The address that was given.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// One source of a task there.
    ///
    /// # Errors
    ///
    /// [`Error::Id`] for an id that is none.
    pub fn source(&self, task: &str, source: &str) -> Result<Remote, Error> {
        check_id(task, "a task's id")?;
        if source.is_empty() || source.split('/').any(|part| matches!(part, "" | "." | "..")) {
            let reason = "it must be a name or a relative path, without “.” and “..”";
            return Err(Error::Id { given: source.to_owned(), what: "a source's id", reason });
        }
        let address = format!("{}/api/v1/tasks/{}/sources/{}/raw", self.base, segment(task), segment(source));
        let address = address
            .parse()
            .map_err(|_| Error::Server { given: address.clone(), reason: "it makes no address".to_owned() })?;
        Ok(Remote { server: self.clone(), address })
    }
}

impl Remote {
    /// Its address.
    #[must_use]
    pub fn address(&self) -> &Uri {
        &self.address
    }

    /// How much the server has.
    pub async fn ask(&self) -> Answer {
        let request = self.request(Method::HEAD);
        let (status, headers, detail) = match self.exchange(request, Bytes::new(), None).await {
            Ok(answer) => answer,
            Err(later) => return later,
        };
        let complete = headers.get(COMPLETE).is_some_and(|value| value.as_bytes() == b"?1");
        match (status, offset(&headers)) {
            (StatusCode::OK | StatusCode::NO_CONTENT, Some(offset)) => Answer::Has(Some(offset), complete),
            (StatusCode::OK | StatusCode::NO_CONTENT, None) => {
                Answer::Refused(format!("{} does not speak as a logboom does: no Upload-Offset", self.server.base))
            }
            (StatusCode::NOT_FOUND, _) => Answer::Has(None, false),
            _ => self.other(status, &headers, &detail),
        }
    }

    /// Sends a batch; its last bytes go once `gate` opens.
    pub async fn send(&self, batch: &Batch, gate: Option<oneshot::Receiver<()>>) -> Answer {
        let mut request = self
            .request(Method::PATCH)
            .header(CONTENT_TYPE, "application/partial-upload")
            .header(OFFSET, batch.offset)
            .header(COMPLETE, if batch.last { "?1" } else { "?0" });
        if !batch.arrived.is_empty() {
            let told = batch.arrived.iter().map(|(offset, time)| format!("{offset}={}", time.nanos()));
            request = request.header(ARRIVED, told.collect::<Vec<_>>().join(","));
        }
        if batch.packed {
            request = request.header(CONTENT_ENCODING, "zstd");
        }
        let (status, headers, detail) = match self.exchange(request, batch.body.clone(), gate).await {
            Ok(answer) => answer,
            Err(later) => return later,
        };
        let offset = offset(&headers);
        match status {
            _ if status.is_success() => Answer::Took(offset),
            StatusCode::CONFLICT => Answer::Conflict(offset, detail),
            StatusCode::PAYLOAD_TOO_LARGE => Answer::TooLarge(detail),
            StatusCode::UNSUPPORTED_MEDIA_TYPE if batch.packed => Answer::NotPacked,
            _ => self.other(status, &headers, &detail),
        }
    }

    fn request(&self, method: Method) -> http::request::Builder {
        let request = Request::builder().method(method).uri(self.address.clone());
        match &self.server.token {
            Some(token) => request.header(AUTHORIZATION, token.clone()),
            None => request,
        }
    }

    /// One request and its answer, given up when nothing moves.
    async fn exchange(
        &self,
        request: http::request::Builder,
        body: Bytes,
        gate: Option<oneshot::Receiver<()>>,
    ) -> Result<(StatusCode, HeaderMap, String), Answer> {
        let base = &self.server.base;
        let unreachable = |reason: String| {
            // One that has answered once is not away: it may be restarting.
            self.server.contact.compare_exchange(0, FAILED, Ordering::Relaxed, Ordering::Relaxed).ok();
            Answer::Later(format!("cannot reach {base}: {reason}; trying again"), None)
        };
        let progress = Progress::new();
        let request = request
            .body(Body::new(body, gate, progress.clone()))
            .map_err(|error| Answer::Refused(format!("{base} cannot be asked: {error}")))?;
        let _turn = self.server.requests.acquire().await;
        let exchange = async {
            let answer = self.server.client.request(request).await.map_err(|error| unreachable(root(&error)))?;
            let (parts, body) = answer.into_parts();
            if parts.status.is_server_error() {
                self.server.contact.compare_exchange(0, FAILED, Ordering::Relaxed, Ordering::Relaxed).ok();
            } else {
                self.server.contact.store(ANSWERED, Ordering::Relaxed);
            }
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            // Of a body that broke off the status is enough.
            let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            Ok((parts.status, parts.headers, detail(&body)))
        };
        tokio::select! {
            done = exchange => done,
            () = silence(&progress, self.server.silence) => {
                Err(unreachable(format!("it was silent for {} s", self.server.silence.as_secs_f32())))
            }
        }
    }

    /// What every request may be answered with.
    fn other(&self, status: StatusCode, headers: &HeaderMap, detail: &str) -> Answer {
        let base = &self.server.base;
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        match status {
            StatusCode::INSUFFICIENT_STORAGE => Answer::Later(
                format!("{base} has no room on its disk (507){detail}; trying again"),
                retry_after(headers),
            ),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => Answer::Later(
                format!("{base} is busy ({}){detail}; trying again", status.as_u16()),
                retry_after(headers),
            ),
            _ if status.is_server_error() => {
                let text = format!("{base} cannot take lines now ({}){detail}; trying again", status.as_u16());
                Answer::Later(text, retry_after(headers))
            }
            StatusCode::UNAUTHORIZED => Answer::Refused(match self.server.token {
                Some(_) => format!("{base} does not know this token (401){detail}; see --token, LOGBOOM_TOKEN"),
                None => format!("{base} wants a token (401){detail}; give one with LOGBOOM_TOKEN or --token"),
            }),
            StatusCode::FORBIDDEN => {
                Answer::Refused(format!("the token may not write {} (403){detail}", self.address.path()))
            }
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Answer::Refused(format!(
                "{base} takes no lines at {} ({}){detail}; is it a logboom of this version?",
                self.address.path(),
                status.as_u16()
            )),
            _ if status.is_redirection() => {
                let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("somewhere else");
                Answer::Refused(format!("{base} sends us to {to} ({}); give that as --server", status.as_u16()))
            }
            _ => Answer::Refused(format!("{base} refuses {} ({}){detail}", self.address.path(), status.as_u16())),
        }
    }
}

/// Done when nothing has moved for so long.
async fn silence(progress: &Progress, most: Duration) {
    loop {
        // While the body is held back by us, the server's silence says nothing.
        let wait = progress.last().map_or(most, |last| most.saturating_sub(last.elapsed()));
        if wait.is_zero() {
            return;
        }
        tokio::time::sleep(wait).await;
    }
}

/// How a server's certificate is checked; one that is not asked by `https` needs no certificates of the system's.
fn tls(needed: bool) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| Error::Certificates(io::Error::other(error)))?;
    let config = if needed {
        config.with_native_roots().map_err(Error::Certificates)?
    } else {
        config.with_root_certificates(RootCertStore::empty())
    };
    Ok(config.with_no_client_auth())
}

fn offset(headers: &HeaderMap) -> Option<u64> {
    headers.get(OFFSET)?.to_str().ok()?.trim().parse().ok()
}

/// A problem's `detail` (RFC 9457); of any other body nothing.
fn detail(body: &[u8]) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    detail.map(|detail| detail.chars().filter(|char| !char.is_control()).take(400).collect()).unwrap_or_default()
}

/// The innermost cause, which is the one that helps.
fn root(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    crate::error::plain(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: &str) -> Result<Server, Error> {
        Server::new(Address::new(address, None)?, Duration::from_secs(1))
    }

    #[test]
    fn addresses_that_are_none_are_refused_with_an_example() {
        for wrong in ["", "127.0.0.1:7171", "ftp://a", "http://", "http://me:secret@host", "http://host/?a=b"] {
            let error = server(wrong).err().expect("refused").to_string();
            assert!(error.contains("http://127.0.0.1:7171"), "{error}");
        }
    }

    #[test]
    fn n7_ids_are_one_segment_each_and_never_climb() {
        let server = server("http://host:1/logs/").expect("an address");
        let address = |task, source| server.source(task, source).map(|remote| remote.address().to_string());
        assert_eq!(
            address("a/b", "c d/é.log").expect("ids"),
            "http://host:1/logs/api/v1/tasks/a%2Fb/sources/c%20d%2F%C3%A9.log/raw"
        );
        for (task, source) in
            [("..", "a"), ("a/../b", "a"), ("", "a"), ("a b", "a"), ("a", ".."), ("a", ""), ("a", "/x")]
        {
            assert!(address(task, source).is_err(), "{task:?} {source:?}");
        }
        let page = Address::new("http://host:1/logs/", None).expect("an address").page("etl/a=b");
        assert_eq!(page.expect("an id"), "http://host:1/logs/t/etl/a%3Db");
    }
}
