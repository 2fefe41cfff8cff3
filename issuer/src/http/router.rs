//! The routes: those of the service's own running, and what is put beside them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;

use crate::http::client_address::ClientNetwork;
use crate::http::health;
use crate::http::middleware::{Listener, MiddlewareContext, is_operator, middleware};
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::http::readiness::Readiness;
use crate::http::state::AppState;

/// Routes with their description, each handler with `#[utoipa::path]`.
pub type Routes = OpenApiRouter<Arc<AppState>>;

/// Everything that is served to everybody: `routes`, health and the description, all of it within the middleware.
pub(crate) fn public(
    state: &Arc<AppState>,
    routes: Routes,
    readiness: Option<Arc<Readiness>>,
) -> Result<Router, serde_json::Error> {
    let (all, document) = described(health::routes(readiness), routes)?;
    let document = axum::body::Bytes::from(document);
    let json = [(header::CONTENT_TYPE, "application/json")];
    let all = all.route("/openapi.json", get(move || async move { (json, document) }));
    Ok(within_middleware(all, state, Listener::Public))
}

/// Everything that is served to whoever runs the service: `routes`, health and metrics.
pub(crate) fn internal(
    state: &Arc<AppState>,
    routes: Routes,
    readiness: Option<Arc<Readiness>>,
) -> Router {
    let all = health::routes(readiness).merge(routes).route("/metrics", get(metrics));
    within_middleware(all.split_for_parts().0, state, Listener::Internal)
}

fn within_middleware(
    routes: Router<Arc<AppState>>,
    state: &Arc<AppState>,
    listener: Listener,
) -> Router {
    let context = MiddlewareContext { state: Arc::clone(state), listener };
    routes.layer(from_fn_with_state(context, middleware)).with_state(Arc::clone(state))
}

/// The description of the interface that `routes` come to, as the service serves it: `OpenAPI` 3.1 in JSON.
///
/// # Errors
/// If an example in it cannot be written as JSON.
pub fn description(routes: Routes) -> Result<String, serde_json::Error> {
    described(health::routes(None), routes).map(|(_, document)| document)
}

fn described(
    health: Routes,
    routes: Routes,
) -> Result<(Router<Arc<AppState>>, String), serde_json::Error> {
    let all = OpenApiRouter::with_openapi(openapi::empty()).merge(health).merge(routes);
    let (served, mut document) = all.split_for_parts();
    openapi::add_problems(&mut document);
    Ok((served, document.to_json()?))
}

/// Returns the metrics in the text format of Prometheus, to the networks that may read them.
async fn metrics(
    State(state): State<Arc<AppState>>,
    client: ClientNetwork,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if !is_operator(&state, client, &headers) {
        return Err(Problem::NotFound);
    }
    let text =
        state.metrics.text().map_err(|error| Problem::internal("writing metrics", &error))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
