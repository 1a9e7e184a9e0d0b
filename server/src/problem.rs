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
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A problem of this status.
pub fn error(status: StatusCode, title: &str, detail: String) -> ApiError {
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

/// 421: a name by which the server is not called.
pub fn no_host(host: &str) -> ApiError {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    error(
        StatusCode::MISDIRECTED_REQUEST,
        "the server has another name",
        format!(
            "nobody said that this server is {name:?}: without tokens it answers to its address and to localhost, so that no \
             other site's page can read logs here; `logboom serve --host {name}` lets it answer to this name too"
        ),
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
    let methods = if path.ends_with("/raw") { "GET, HEAD and PATCH" } else { "GET and HEAD" };
    error(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", format!("{path:?} answers {methods}"))
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

/// 401: a token is needed.
pub fn unauthorized() -> ApiError {
    error(
        StatusCode::UNAUTHORIZED,
        "a token is needed",
        "send a token that is known here in Authorization: Bearer; `logboom token new` makes one, browsers sign in at /sign-in"
            .to_owned(),
    )
}

/// 403: the token does not cover this.
pub fn forbidden(token: &str, what: &str, task: &str) -> ApiError {
    let detail =
        format!("token {token:?} may not {what} {task:?}: a token's `{what}` prefixes in logboom.toml say what it may");
    error(StatusCode::FORBIDDEN, "the token does not cover this", detail)
}

/// 403: a cookie alone changes nothing.
pub fn needs_bearer() -> ApiError {
    let detail = "a cookie reads and nothing else: send the token in Authorization: Bearer".to_owned();
    error(StatusCode::FORBIDDEN, "the token does not cover this", detail)
}

/// 429: the token's limit is reached.
pub fn too_often(token: &str, at_once: bool) -> ApiError {
    let (what, option) =
        if at_once { ("at one time", "requests_at_once") } else { ("a second", "requests_per_second") };
    let detail =
        format!("token {token:?} asks more often than it may {what} ({option} in logboom.toml): try again in a second");
    error(StatusCode::TOO_MANY_REQUESTS, "too many requests", detail)
}

/// 410: the task was deleted.
pub fn deleted(told: String) -> ApiError {
    error(StatusCode::GONE, "the task was deleted", told)
}

/// 409: the id is that of a folder.
pub fn taken(task: &str) -> ApiError {
    let detail = format!("task {task:?} lies in a folder that this server shows: ship under another id");
    error(StatusCode::CONFLICT, "the task is not shipped", detail)
}

/// 413: a body is too large.
pub fn too_large(bytes_max: usize) -> ApiError {
    let detail =
        format!("a body has at most {bytes_max} bytes, packed and unpacked: send the rest with the next request");
    error(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large", detail)
}

/// 415: a form of body that is not understood.
pub fn unsupported(detail: String) -> ApiError {
    error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body's form is not understood", detail)
}

/// 408: a body took too long.
pub fn too_slow(time_max: std::time::Duration) -> ApiError {
    let detail =
        format!("a body arrives within {} s: send less at a time; nothing of it was stored", time_max.as_secs());
    error(StatusCode::REQUEST_TIMEOUT, "the body took too long", detail)
}

/// 503: as many bodies as may come in at once are coming in.
pub fn too_much_at_once() -> ApiError {
    let detail =
        "as many bytes as may come in at one time are coming in: try again in a second; nothing was stored".to_owned();
    error(StatusCode::SERVICE_UNAVAILABLE, "too much at once", detail)
}
