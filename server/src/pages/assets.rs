//! The client's files, embedded in the binary with their compressed forms.

use app::Files;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// A file of the client.
#[derive(Debug)]
struct Asset {
    name: &'static str,
    hash: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// All files of the client.
#[derive(Clone, Copy, Debug)]
pub struct Assets(&'static [Asset]);

impl Assets {
    /// Those that were there when the server was built; without a client, its style sheet and icon alone.
    #[must_use]
    pub const fn embedded() -> Self {
        Self(include!(concat!(env!("OUT_DIR"), "/assets.rs")))
    }

    /// Where pages find them.
    pub fn files(self) -> Files {
        let address = |name: &str| self.0.iter().find(|asset| asset.name == name).map(Asset::address);
        Files {
            style: address("pkg/app.css").unwrap_or_default(),
            icon: address("favicon.svg").unwrap_or_default(),
            client: address("pkg/app.js").zip(address("pkg/app_bg.wasm")),
        }
    }

    /// Serves them: for ever under a name with a hash, else to be asked for anew.
    pub(super) fn router(self) -> Router {
        let icons = self.0.iter().map(|asset| asset.name).filter(|name| name.starts_with("favicon"));
        let icons = icons.fold(Router::new(), |router, name| {
            router.route(&format!("/{name}"), get(move |state, headers| serve(state, name.to_owned(), headers)))
        });
        icons
            .route(
                "/pkg/{*name}",
                get(|state, Path(name): Path<String>, headers| serve(state, format!("pkg/{name}"), headers)),
            )
            .route(
                "/fonts/{name}",
                get(|state, Path(name): Path<String>, headers| serve(state, format!("fonts/{name}"), headers)),
            )
            .route("/favicon.ico", get(|state, headers| serve(state, "favicon.svg".to_owned(), headers)))
            .with_state(self)
    }
}

impl Asset {
    /// Its address: files of the client bear their hash in the name.
    fn address(&self) -> String {
        match self.name.rsplit_once('.') {
            Some((stem, ending)) if stem.starts_with("pkg/") => format!("/{stem}.{}.{ending}", self.hash),
            _ => format!("/{}", self.name),
        }
    }

    fn content_type(&self) -> &'static str {
        match self.name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("wasm") => "application/wasm",
            Some("svg") => "image/svg+xml",
            Some("woff2") => "font/woff2",
            Some("txt") => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }
}

async fn serve(State(assets): State<Assets>, name: String, headers: HeaderMap) -> Response {
    let address = format!("/{name}");
    let by_address = assets.0.iter().find(|asset| asset.address() == address);
    let Some(asset) = by_address.or_else(|| assets.0.iter().find(|asset| asset.name == name)) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let (body, encoding) = pick(asset, &headers);
    let tag = format!("\"{}{}\"", asset.hash, encoding.unwrap_or_default());
    // A font's name bears its version.
    let named_once = address.contains(asset.hash) || address.ends_with(".woff2");
    let lasting = if named_once { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response =
        if headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|known| known.contains(&tag)) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = ([(CONTENT_TYPE, asset.content_type())], body).into_response();
            if let Some(encoding) = encoding.and_then(|encoding| encoding.parse().ok()) {
                response.headers_mut().insert(CONTENT_ENCODING, encoding);
            }
            response
        };
    for (header, value) in [(CACHE_CONTROL, lasting), (VARY, "Accept-Encoding"), (ETAG, tag.as_str())] {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(header, value);
        }
    }
    response
}

/// The smallest form that the asker can read.
fn pick(asset: &Asset, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = |name: &str| {
        accepted.split(',').any(|part| {
            let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
            coding.trim() == name && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    match asset {
        Asset { brotli: Some(bytes), .. } if accepts("br") => (bytes, Some("br")),
        Asset { gzip: Some(bytes), .. } if accepts("gzip") => (bytes, Some("gzip")),
        Asset { plain, .. } => (plain, None),
    }
}
