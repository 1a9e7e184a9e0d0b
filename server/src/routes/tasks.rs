//! `GET /api/v1/tasks` and `/api/v1/tasks/{task}`.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use record::wire::{State as TaskState, TaskList};

use super::query::Query;
use super::{Shared, path, with_order};
use crate::problem::{Problem, bad_parameter};
use crate::tasks::Filter;

/// Tasks a page of the list holds, where no limit is given, and at most.
const PAGE: u64 = 1_000;

/// The list, a page at a time, by id.
pub async fn list(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Result<Json<TaskList>, Problem> {
    let query = Query::read(query.as_deref(), &["prefix", "q", "state", "limit", "cursor"])?;
    let state = match query.text("state") {
        None | Some("") => None,
        Some("growing") => Some(TaskState::Growing),
        Some("complete") => Some(TaskState::Complete),
        Some("lost") => Some(TaskState::Lost),
        Some("failed") => Some(TaskState::Failed),
        Some(other) => {
            let detail = format!("state={other:?}: give growing, complete, lost or failed");
            return Err(bad_parameter(detail).into());
        }
    };
    let limit = query.number("limit", 1)?.unwrap_or(PAGE).min(PAGE);
    let filter = Filter {
        prefix: query.text("prefix").unwrap_or_default().to_owned(),
        q: query.text("q").unwrap_or_default().to_owned(),
        state,
        cursor: query.text("cursor").filter(|cursor| !cursor.is_empty()).map(ToOwned::to_owned),
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        ..Filter::default()
    };
    Ok(Json(shared.list(filter).await))
}

/// One task, with its sources.
pub async fn one(
    State(shared): State<Shared>,
    task: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Query::read(query.as_deref(), &[])?;
    let snapshot = shared.task(&path(task)?).await?.snapshot().await;
    Ok(with_order(Json(snapshot.info()).into_response(), &snapshot))
}
