//! The till page: what a cashier has in a browser. Its files are in this program, and nothing else is fetched.

mod assets;
#[cfg(test)]
mod colours;
#[cfg(test)]
mod translations;

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;

use crate::http::problem::Problem;
use crate::http::router::Routes;
use assets::Assets;

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::ours);

/// What the page may do: run its own files and the reader's WebAssembly, speak to this service, show the till card that
/// it was given. No script in the page, none from elsewhere, no text that becomes one, and no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// The camera, for this page alone; the rest of what a browser could ask a person for, for nobody.
const PERMISSIONS: &str = "camera=(self), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), serial=(), \
                           hid=(), midi=()";

/// Its routes, which no description names: they are for people.
pub(crate) fn pages() -> Routes {
    Routes::new().route("/till", get(page)).route("/till/{version}/{*name}", get(file))
}

async fn page() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    (headers, Html(ASSETS.page.as_str()))
}

/// A file of the page. Its path holds the version, so it never changes and is fetched once.
async fn file(Path((version, name)): Path<(String, String)>) -> Result<impl IntoResponse, Problem> {
    let asset = ASSETS.find(&version, &name).ok_or(Problem::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind())),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    Ok((headers, asset.bytes))
}
