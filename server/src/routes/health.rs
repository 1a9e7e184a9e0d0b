//! `GET /healthz` and `/readyz`.

use axum::extract::State;

use super::Shared;

/// The process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The tasks were looked for, and can be shown.
pub async fn ready(State(shared): State<Shared>) -> String {
    format!("ok, {} tasks\n", shared.catalog.all().len())
}
