//! What goes wrong, as a status and words: made here, turned into an answer here, logged here.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use record::wire::ApiError;

/// An error as an answer: `application/problem+json` (RFC 9457).
#[derive(Debug)]
pub struct Problem(pub ApiError);

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            tracing::error!(status = error.status, detail = error.detail, "a request failed");
        } else {
            tracing::debug!(status = error.status, detail = error.detail, "a request was refused");
        }
        let body = serde_json::json!({
            "type": "about:blank",
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
        });
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

fn error(status: StatusCode, title: &str, detail: String) -> ApiError {
    ApiError { status: status.as_u16(), title: title.to_owned(), detail }
}

/// 400: a parameter that cannot be read. `detail` names it and says what is allowed.
pub fn bad_parameter(detail: impl Into<String>) -> ApiError {
    error(StatusCode::BAD_REQUEST, "a parameter cannot be read", detail.into())
}

/// 404: no such task.
pub fn no_task(id: &str) -> ApiError {
    let detail = if crate::ids::is_task(id) {
        format!("there is no task {id:?}; GET /api/v1/tasks lists those there are")
    } else {
        format!(
            "{id:?} is no task's id: ids are segments of letters, digits and ._:+=,@~- joined by /, none of them . or ..; \
             in an address the whole id is percent-encoded as one segment"
        )
    };
    error(StatusCode::NOT_FOUND, "no such task", detail)
}

/// 404: no such source.
pub fn no_source(task: &str, id: &str) -> ApiError {
    error(
        StatusCode::NOT_FOUND,
        "no such source",
        format!("task {task:?} has no source {id:?}; GET /api/v1/tasks/{{task}} lists those it has"),
    )
}

/// 404: no such address.
pub fn no_route(path: &str) -> ApiError {
    error(
        StatusCode::NOT_FOUND,
        "no such address",
        format!(
            "nothing is at {path:?}; a task's or source's id is percent-encoded as one segment: its / is written %2F"
        ),
    )
}

/// 405: the address is right, the method is not.
pub fn wrong_method(path: &str) -> ApiError {
    error(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", format!("{path:?} answers GET and HEAD"))
}

/// 406: none of the forms that the client accepts.
pub fn not_acceptable(accept: &str) -> ApiError {
    error(
        StatusCode::NOT_ACCEPTABLE,
        "not acceptable",
        format!("cannot answer as {accept:?}; Accept may be application/x-ndjson, text/plain or text/event-stream"),
    )
}

/// 416: a start beyond the end.
pub fn beyond(detail: String) -> ApiError {
    error(StatusCode::RANGE_NOT_SATISFIABLE, "beyond the end", detail)
}

/// 503: as many streams as may run at once are running.
pub fn too_busy() -> ApiError {
    error(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many requests at once",
        "as many logs as may be sent at once are being sent; try again in a second".to_owned(),
    )
}

/// 503: who follows a task is told that nothing comes any more from here.
pub fn server_ends() -> ApiError {
    let detail = "the server ends; go on behind the last line once it is back".to_owned();
    error(StatusCode::SERVICE_UNAVAILABLE, "the server ends", detail)
}

/// 400: a request for a WebSocket that is none, or comes from another site.
pub fn no_socket(detail: String) -> ApiError {
    error(StatusCode::BAD_REQUEST, "no WebSocket", detail)
}

/// 500: a fault of ours.
pub fn broken(detail: &str) -> ApiError {
    error(StatusCode::INTERNAL_SERVER_ERROR, "the server made a mistake", format!("{detail}; try again"))
}

/// 503: a source failed while it was read.
pub fn source_failed(detail: String) -> ApiError {
    error(StatusCode::SERVICE_UNAVAILABLE, "a source cannot be read", detail)
}
