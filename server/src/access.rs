//! Who may read and ship what: tokens, as `Authorization: Bearer` or in the cookie of who signed in.
//!
//! Every request passes [`guard`], which tells who asks; [`Access::check_read`] and [`Access::may_ship`] then hold it
//! against the task, in the one place where the HTTP interface and the pages look one up.

mod prefixes;
pub mod sign_in;
pub mod token;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE as COOKIES, HOST, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use record::wire::ApiError;
use tokio::sync::OwnedSemaphorePermit;

use crate::ingest::Maker;
use crate::problem::{self, Problem};
pub use prefixes::Prefixes;
use token::{Token, TokenConfig, Wait};

/// The cookie's name.
const COOKIE: &str = "logboom_token";

/// Who may hold a window that shows a page (HTML, section 7.1.3).
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

tokio::task_local! {
    /// Who asks. Not set outside of requests, where nothing may be read then.
    static WHO: Arc<Token>;
}

/// The tokens of a server; none where all who reach it may do all.
#[derive(Debug, Default)]
pub struct Access {
    tokens: Vec<Arc<Token>>,
    /// Names that the server may be called by, beside those that no page of another site can have.
    hosts: Vec<String>,
}

impl Access {
    /// The access that the configuration describes.
    ///
    /// # Errors
    ///
    /// Tokens that make no sense, or have a name or a hash in common.
    pub fn new(configs: &[TokenConfig]) -> anyhow::Result<Self> {
        let mut tokens: Vec<Arc<Token>> = Vec::new();
        for config in configs {
            let token = Token::read(config)?;
            let is_new = |other: &Arc<Token>| other.name != token.name;
            anyhow::ensure!(tokens.iter().all(is_new), "two tokens are called {:?}", token.name);
            anyhow::ensure!(
                configs.iter().filter(|other| other.hash.eq_ignore_ascii_case(&config.hash)).count() == 1,
                "token {:?} has the hash of another",
                token.name
            );
            tokens.push(Arc::new(token));
        }
        Ok(Self { tokens, hosts: Vec::new() })
    }

    /// The same, answering to these names as well.
    #[must_use]
    pub fn called(self, hosts: &[String]) -> Self {
        Self { hosts: hosts.iter().map(|host| name_of(host.trim())).collect(), ..self }
    }

    /// There are tokens, so one is needed.
    #[must_use]
    pub fn is_required(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Who asks, and whether all may do all.
    fn who(&self) -> Option<Arc<Token>> {
        WHO.try_with(Arc::clone).ok()
    }

    /// The tasks that who asks may read.
    #[must_use]
    pub fn readable(&self) -> Prefixes {
        if self.is_required() {
            self.who().map_or_else(Prefixes::none, |token| token.read.clone())
        } else {
            Prefixes::all()
        }
    }

    /// Who asks may read this task.
    #[must_use]
    pub fn may_read(&self, task: &str) -> bool {
        self.readable().cover(task)
    }

    /// That who asks may read this task.
    ///
    /// # Errors
    ///
    /// 403, the same whether or not there is such a task.
    pub fn check_read(&self, task: &str) -> Result<(), ApiError> {
        if self.may_read(task) { Ok(()) } else { Err(problem::forbidden(&self.name(), "read", task)) }
    }

    /// That who asks may ship this task, and as whom.
    ///
    /// # Errors
    ///
    /// 403, the same whether or not there is such a task.
    pub fn may_ship(&self, task: &str) -> Result<Maker, ApiError> {
        if !self.is_required() {
            return Ok(Maker::default());
        }
        match self.who().filter(|token| token.write.cover(task)) {
            Some(token) => Ok(Maker { name: token.name.clone(), tasks_max: Some(token.tasks_max) }),
            None => Err(problem::forbidden(&self.name(), "write", task)),
        }
    }

    /// That who asks may ship this task, or read it: who ships needs to know how far it came.
    ///
    /// # Errors
    ///
    /// As [`Self::check_read`].
    pub fn may_ship_or_read(&self, task: &str) -> Result<(), ApiError> {
        self.check_read(task).or_else(|error| self.may_ship(task).map(|_| ()).map_err(|_| error))
    }

    /// A `Host` by which the server is meant: an address, a name without a dot, or one that it was given.
    fn is_called(&self, host: &str) -> bool {
        let name = name_of(host);
        // No name ends in a number.
        let is_address = name.starts_with('[') || name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        is_address || !name.contains('.') || name.ends_with(".localhost") || self.hosts.contains(&name)
    }

    fn name(&self) -> String {
        self.who().map_or_else(String::new, |token| token.name.clone())
    }

    /// The token that this is.
    fn token(&self, text: &str) -> Option<&Arc<Token>> {
        let hash = token::hash_of(text);
        self.tokens.iter().find(|token| token.has_hash(&hash))
    }

    /// The token in a request's cookie.
    fn token_of_cookie(&self, headers: &HeaderMap) -> Option<&Arc<Token>> {
        let lines = headers.get_all(COOKIES).iter().filter_map(|line| line.to_str().ok());
        let cookies = lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        cookies.filter(|(name, _)| *name == COOKIE).find_map(|(_, text)| self.token(text))
    }
}

/// The name in a `Host`, without a port.
fn name_of(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Lets a request through if who asks is known, or nobody needs to be.
pub async fn guard(
    State(access): State<Arc<Access>>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    if !access.is_required() {
        // A page whose site has its name lead here would read what its reader can.
        let host = request.headers().get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        return match host.filter(|host| !access.is_called(host)) {
            Some(host) => Problem(problem::no_host(&host)).into_response(),
            None => next.run(request).await,
        };
    }
    if is_open(route) {
        return next.run(request).await;
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let (token, is_cookie) = match request.headers().get(AUTHORIZATION) {
        Some(given) => (bearer(given).and_then(|text| access.token(text)), false),
        None => (access.token_of_cookie(request.headers()), true),
    };
    let Some(token) = token.map(Arc::clone) else {
        let is_page = matches!(route, "/" | "/t/{*task}" | "/embed/{*task}") && reads && is_cookie;
        return if is_page { to_sign_in(&request) } else { unauthorized() };
    };
    // A page of another site can have a browser send its cookie, so that alone changes nothing.
    if is_cookie && !reads {
        return Problem(problem::needs_bearer()).into_response();
    }
    if route == "/metrics" && !token.read.cover_all() {
        return Problem(problem::forbidden(&token.name, "read", "*")).into_response();
    }
    let permit = match token.admit() {
        Ok(permit) => permit,
        Err(wait) => return Problem(problem::too_often(&token.name, wait == Wait::AtOnce)).into_response(),
    };
    let mut response = WHO.scope(token, next.run(request)).await;
    // A page of another site that opens one of ours has no hold on it. The browser starts another process for that, some
    // 60 ms: not where all may read all anyway.
    response.headers_mut().insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    response.map(|body| Body::new(Held { body, _permit: permit }))
}

/// Routes that need no token: they tell nothing of any task.
fn is_open(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/sign-in" | "/sign-out" | "/pkg/{*name}" | "/fonts/{name}")
        || route.starts_with("/favicon")
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750).
fn bearer(given: &HeaderValue) -> Option<&str> {
    let (scheme, token) = given.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthorized() -> Response {
    let mut response = Problem(problem::unauthorized()).into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"logboom\""));
    response
}

/// Leads to the page on which to sign in, and from there back.
fn to_sign_in(request: &Request) -> Response {
    let to = request.uri().path_and_query().map_or("/", |to| to.as_str());
    let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/sign-in?to={to}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A body that keeps its request's place until it is sent.
struct Held {
    body: Body,
    _permit: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
