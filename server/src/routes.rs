//! Every address of the HTTP interface.

mod download;
mod health;
mod lines;
mod live;
mod matches;
mod metrics;
mod query;
mod raw;
mod stats;
mod structured;
mod tasks;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use record::wire::{ApiError, TaskList};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Access;
use crate::ingest::Ingest;
use crate::problem::{self, Problem};
use crate::tasks::{Catalog, Filter, Snapshot, Task};
pub use metrics::{Counters, count};

/// Logs that may be sent at one time; each takes a thread as long as its reader reads.
pub const STREAMS_MAX: usize = 256;

/// Readers who may follow at one time.
const FOLLOWERS_MAX: usize = 10_000;

/// Marks an answer that goes on for as long as its task does: a compressor would hold back what it gathers.
#[derive(Clone, Copy, Debug)]
pub struct Live;

/// What the routes share.
#[derive(Clone)]
pub struct Shared {
    /// The tasks.
    pub catalog: Arc<Catalog>,
    /// What is shipped.
    pub ingest: Ingest,
    /// Who may do what.
    pub access: Arc<Access>,
    streams: Arc<Semaphore>,
    followers: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Shared {
    /// What routes over these tasks share.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, ingest: Ingest, access: Arc<Access>) -> Self {
        Self {
            catalog,
            ingest,
            access,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            followers: Arc::new(Semaphore::new(FOLLOWERS_MAX)),
            counters: Arc::default(),
        }
    }

    /// The task with this id.
    ///
    /// # Errors
    ///
    /// 403 where who asks may not read it, 410 where it was deleted, 404 where there is none.
    pub async fn task(&self, id: &str) -> Result<Arc<Task>, ApiError> {
        self.access.check_read(id)?;
        if let Some(deleted) = self.ingest.deleted(id) {
            return Err(deleted);
        }
        self.catalog.task(id).await.ok_or_else(|| problem::no_task(id))
    }

    /// A page of the list of the tasks that who asks may read.
    pub async fn list(&self, filter: Filter) -> TaskList {
        self.catalog.list(&Filter { readable: self.access.readable(), ..filter }).await
    }

    /// What is counted.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// How many logs are being sent.
    fn streams(&self) -> usize {
        STREAMS_MAX - self.streams.available_permits()
    }

    /// A place among those who follow.
    ///
    /// # Errors
    ///
    /// 503 where all are taken.
    pub fn follower(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.followers).try_acquire_owned().map_err(|_| problem::too_busy())
    }

    /// A place among the logs that are sent.
    ///
    /// # Errors
    ///
    /// 503 where all are taken.
    pub fn stream_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| problem::too_busy())
    }
}

/// Failed sources that an answer's header names.
const FAILED_SHOWN: usize = 10;

/// The HTTP interface over these tasks.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/api/v1/tasks", get(tasks::list))
        .route("/api/v1/tasks/{task}", get(tasks::one))
        .route("/api/v1/tasks/{task}/lines", get(lines::lines))
        .route("/api/v1/tasks/{task}/live", get(live::live))
        .route("/api/v1/tasks/{task}/matches", get(matches::matches))
        .route("/api/v1/tasks/{task}/stats", get(stats::stats))
        .route("/api/v1/tasks/{task}/sources/{source}/raw", get(raw::raw).head(upload::head).patch(upload::patch))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/api/v1/{*rest}", get(nothing_here))
        .method_not_allowed_fallback(wrong_method)
        .with_state(shared)
}

async fn nothing_here(request: Request) -> Response {
    Problem(problem::no_route(request.uri().path())).into_response()
}

async fn wrong_method(request: Request) -> Response {
    Problem(problem::wrong_method(request.uri().path())).into_response()
}

/// The parts of a path, or why they are none.
fn path<T>(path: Result<Path<T>, PathRejection>) -> Result<T, ApiError> {
    path.map(|Path(parts)| parts).map_err(|error| problem::bad_parameter(error.body_text()))
}

/// Notes in an answer which order its numbers belong to, and which sources it lacks.
fn with_order(mut response: Response, snapshot: &Snapshot) -> Response {
    const ID: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/');
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("logboom-generation"), snapshot.generation().into());
    // As many as fit into a header that every client reads; the task itself tells of all.
    let failed = snapshot.failed();
    let shown = failed.iter().take(FAILED_SHOWN);
    let mut failed: Vec<_> = shown.map(|id| utf8_percent_encode(id, ID).to_string()).collect();
    failed.retain(|id| id.len() < 200);
    if !failed.is_empty()
        && let Ok(failed) = HeaderValue::try_from(failed.join(","))
    {
        headers.insert(HeaderName::from_static("logboom-failed-sources"), failed);
    }
    response
}
