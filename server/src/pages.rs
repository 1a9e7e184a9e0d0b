//! The pages: rendered by the viewer's own code, served with the client's files out of the binary.

mod ancestors;
mod assets;

use std::sync::Arc;

use app::api::Failure;
use app::{Api, Files, Page, document};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Request, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use leptos::nonce::use_nonce;
use leptos::prelude::provide_context;
use leptos_axum::{ResponseOptions, handle_server_fns_with_context, render_app_async_with_context};

pub use ancestors::Ancestors;
pub use assets::Assets;

/// Bytes of an error that is told.
const ERROR_BYTES_MAX: usize = 1 << 20;

#[derive(Clone)]
struct Pages {
    api: Arc<dyn Api>,
    files: Files,
    /// Who may show a log in a page of their own.
    ancestors: Ancestors,
}

/// The pages, the viewer's own requests, and its files.
pub fn router(api: Arc<dyn Api>, assets: Assets, ancestors: Ancestors) -> Router {
    // Listing routes readies the executor that rendering needs; the routes themselves are these.
    leptos_axum::generate_route_list(|| ());
    let pages = Pages { api, files: assets.files(), ancestors };
    let shown = Router::new()
        .route("/", get(page))
        .route("/t/{*task}", get(page))
        .route("/embed/{*task}", get(page))
        .route("/api/page/{*name}", get(server_fn))
        .with_state(pages);
    shown.merge(assets.router()).layer(map_response(guard))
}

async fn page(State(pages): State<Pages>, request: Request<Body>) -> Response {
    let uri = request.uri().clone();
    let page = Page::load(&*pages.api, uri.path(), uri.query().unwrap_or_default()).await;
    let status = StatusCode::from_u16(page.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let files = pages.files.clone();
    let ancestors = if uri.path().starts_with("/embed/") { pages.ancestors } else { Ancestors::none() };
    let context = move || {
        if let Some(options) = leptos::prelude::use_context::<ResponseOptions>() {
            options.set_status(status);
            options.insert_header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            let nonce = use_nonce().map(|nonce| format!("'nonce-{nonce}' 'strict-dynamic' ")).unwrap_or_default();
            let policy = format!(
                "default-src 'self'; script-src {nonce}'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
                 base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors {ancestors}"
            );
            if let Ok(policy) = HeaderValue::from_str(&policy) {
                options.insert_header(CONTENT_SECURITY_POLICY, policy);
            }
        }
    };
    let render = render_app_async_with_context(context, move || document(page.clone(), files.clone()));
    render(request).await
}

async fn server_fn(State(pages): State<Pages>, request: Request<Body>) -> Response {
    let api = pages.api;
    let answer = handle_server_fns_with_context(move || provide_context(api.clone()), request).await;
    let mut answer = with_status(answer.into_response()).await;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// An answer that tells an error bears the error's own status: who asks for what makes no sense is no trouble here.
async fn with_status(answer: Response) -> Response {
    if answer.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, ERROR_BYTES_MAX).await.unwrap_or_default();
    let told = serde_json::from_slice::<Failure>(&body).ok();
    parts.status = told.and_then(|Failure(error)| StatusCode::from_u16(error.status).ok()).unwrap_or(parts.status);
    Response::from_parts(parts, Body::from(body))
}

/// Headers that every answer bears.
async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
