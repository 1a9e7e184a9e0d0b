//! The page on which people sign in: a form that works without a script, and a cookie that only reads.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{RawQuery, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::{Access, COOKIE};

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 8 << 10;

/// For how long a browser keeps the cookie: 30 days.
const COOKIE_SECONDS: u32 = 30 * 86_400;

/// What the page needs.
#[derive(Clone, Debug)]
struct SignIn {
    access: Arc<Access>,
    /// Where the style sheet is.
    style: String,
}

/// The page and what it sends to.
pub fn router(access: Arc<Access>, style: String) -> Router {
    Router::new()
        .route("/sign-in", get(page).post(sign_in))
        .route("/sign-out", post(sign_out))
        .with_state(SignIn { access, style })
}

async fn page(State(this): State<SignIn>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let to = value_of(query.as_deref().unwrap_or_default().as_bytes(), "to");
    let name = this.access.token_of_cookie(&headers).map(|token| token.name.clone());
    let body = match &name {
        Some(name) => signed_in(name, to.as_deref()),
        None => form(to.as_deref(), None),
    };
    html(&this.style, StatusCode::OK, &body)
}

async fn sign_in(State(this): State<SignIn>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(form_bytes) = form_of(&parts.headers, body).await else { return refused(&this.style) };
    let to = value_of(&form_bytes, "to");
    let token = value_of(&form_bytes, "token").unwrap_or_default();
    let token = token.trim();
    let Some(known) = this.access.token(token) else {
        tracing::info!("somebody tried to sign in with a token that is not known");
        let told = "This token is not known here. It starts with lb_ and is 46 characters long.";
        return html(&this.style, StatusCode::FORBIDDEN, &form(to.as_deref(), Some(told)));
    };
    tracing::info!(token = known.name, "signed in");
    // The token's spelling is known by now: nothing in it can end the cookie.
    let cookie = format!("{COOKIE}={token}; {}; Max-Age={COOKIE_SECONDS}", attributes(&parts.headers));
    go_to(to.as_deref().filter(|to| is_local(to)).unwrap_or("/"), &cookie)
}

async fn sign_out(State(this): State<SignIn>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if form_of(&parts.headers, body).await.is_none() {
        return refused(&this.style);
    }
    go_to("/sign-in", &format!("{COOKIE}=; {}; Max-Age=0", attributes(&parts.headers)))
}

/// What every cookie says. `Lax`, not `Strict`: a link in a chat or a wiki must open for who is signed in. Nothing is
/// changed by what such a link can ask for, and the cookie only reads.
fn attributes(headers: &HeaderMap) -> &'static str {
    // Whoever forges this header has a cookie that is sent less often.
    let is_secure =
        headers.get("x-forwarded-proto").is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"));
    if is_secure { "Path=/; HttpOnly; SameSite=Lax; Secure" } else { "Path=/; HttpOnly; SameSite=Lax" }
}

/// The form's bytes; none where a page of another site sent it, or it is too large.
async fn form_of(headers: &HeaderMap, body: Body) -> Option<Vec<u8>> {
    // Every browser tells since 2023. One that does not is signed in as whom the form says, and nothing else.
    if headers.get("sec-fetch-site").is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none")) {
        return None;
    }
    to_bytes(body, FORM_BYTES_MAX).await.ok().map(|bytes| bytes.to_vec())
}

fn value_of(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}

/// It leads to a page of this server: `//host` and `/\host` lead elsewhere.
fn is_local(to: &str) -> bool {
    to.starts_with('/') && !to.starts_with("//") && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn go_to(to: &str, cookie: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    for (name, value) in [(LOCATION, to), (SET_COOKIE, cookie), (CACHE_CONTROL, "no-store")] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn refused(style: &str) -> Response {
    html(
        style,
        StatusCode::FORBIDDEN,
        &form(None, Some("This form was sent by another site, or is too large. Sign in here.")),
    )
}

fn form(to: Option<&str>, told: Option<&str>) -> String {
    let told = told.map(|told| format!("<p class=\"told\" role=\"alert\">{}</p>", escaped(told))).unwrap_or_default();
    let to = escaped(to.filter(|to| is_local(to)).unwrap_or("/"));
    format!(
        "<h1>Sign in</h1>{told}\
         <form method=\"post\" action=\"/sign-in\">\
         <label for=\"token\">Token</label>\
         <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus>\
         <input name=\"to\" type=\"hidden\" value=\"{to}\">\
         <button type=\"submit\">Sign in</button></form>\
         <p>Whoever runs this server gives you a token; <code>logboom token new</code> makes one.</p>"
    )
}

fn signed_in(name: &str, to: Option<&str>) -> String {
    let to = escaped(to.filter(|to| is_local(to)).unwrap_or("/"));
    format!(
        "<h1>Signed in</h1><p>You are signed in with the token <b>{}</b>.</p><p><a href=\"{to}\">Go on</a></p>\
         <form method=\"post\" action=\"/sign-out\"><button type=\"submit\">Sign out</button></form>",
        escaped(name)
    )
}

fn html(style: &str, status: StatusCode, body: &str) -> Response {
    let document = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Sign in · Logboom</title>\
         <link rel=\"stylesheet\" href=\"{}\"><link rel=\"icon\" type=\"image/svg+xml\" href=\"/favicon.svg\"></head>\
         <body><main class=\"nothing sign-in\">{body}</main></body></html>",
        escaped(style)
    );
    let mut response = (status, document).into_response();
    let policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Text that is text in HTML, between tags and within quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_server_are_gone_to() {
        for local in ["/", "/t/etl/a?n=3&q=%22", "/t//x"] {
            assert!(is_local(local), "{local}");
        }
        for wrong in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x", "/a b", "t/a"]
        {
            assert!(!is_local(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn nothing_typed_becomes_markup() {
        assert_eq!(escaped("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
