//! `GET /metrics`: what the server did and does, as Prometheus reads it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::Shared;

/// Bounds of the classes of times until an answer begins, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: String,
}

/// What is counted of requests.
pub struct Counters {
    requests: Family<Answered, Counter>,
    seconds: Family<Route, Histogram>,
}

impl Default for Counters {
    fn default() -> Self {
        Self { requests: Family::default(), seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)) }
    }
}

/// Counts a request, and how long it took until its answer began.
pub async fn count(
    State(counters): State<Arc<Counters>>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let route = path.map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    counters.seconds.get_or_create(&Route { route: route.clone() }).observe(began.elapsed().as_secs_f64());
    counters.requests.get_or_create(&Answered { route, status }).inc();
    response
}

/// The text that Prometheus reads.
pub async fn metrics(State(shared): State<Shared>) -> Response {
    let counters = &shared.counters;
    let mut registry = Registry::with_prefix("logboom");
    registry.register("http_requests", "Requests that were answered", counters.requests.clone());
    registry.register_with_unit(
        "http_answer_began",
        "Time from a request to the begin of its answer",
        Unit::Seconds,
        counters.seconds.clone(),
    );
    let shipped = shared.ingest.figures();
    let counted = [
        ("ingest_bytes", "Bytes that were shipped and acknowledged", shipped.bytes),
        ("ingest_commits", "Commits that made shipped bytes durable", shipped.commits),
    ];
    for (name, help, value) in counted {
        let counter = Counter::<u64, AtomicU64>::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    }
    let by_state = Family::<InState, Gauge<u64, AtomicU64>>::default();
    for (state, count) in ["growing", "complete", "lost", "failed"].into_iter().zip(shipped.sources) {
        by_state.get_or_create(&InState { state: state.to_owned() }).set(count);
    }
    registry.register("ingest_sources", "Shipped sources by state", by_state);
    let now = shared.catalog.now();
    let gauges = [
        ("tasks", "Tasks that are shown", now.tasks),
        ("tasks_open", "Tasks whose sources are open", now.open),
        ("lines_indexed", "Lines that the indexes of the open tasks know", now.lines),
        ("bytes_open", "Bytes of the open tasks' sources", now.bytes),
        ("searches_running", "Searches that run now", now.searches),
        ("ingest_stored_bytes", "Bytes that shipped sources take", shipped.stored),
        ("streams_open", "Logs that are being sent now", shared.streams() as u64),
    ];
    for (name, help, value) in gauges {
        let gauge = Gauge::<u64, AtomicU64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
