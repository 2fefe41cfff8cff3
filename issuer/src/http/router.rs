//! The routes: those of the service's own running, and what is put beside them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::client_address::ClientNetwork;
use crate::http::middleware::{is_operator, middleware};
use crate::http::openapi;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Routes with their description, each handler with `#[utoipa::path]`.
pub type Routes = OpenApiRouter<Arc<AppState>>;

/// Everything that is served: `routes`, health, metrics and the description, all of it within the frame.
pub(crate) fn everything(
    state: &Arc<AppState>,
    routes: Routes,
) -> Result<Router, serde_json::Error> {
    let (all, document) = described(routes)?;
    let document = axum::body::Bytes::from(document);
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok(all
        .route("/openapi.json", get(move || async move { (json, document) }))
        .layer(from_fn_with_state(Arc::clone(state), middleware))
        .with_state(Arc::clone(state)))
}

/// The description of the interface that `routes` come to, as the service serves it: `OpenAPI` 3.1 in JSON.
///
/// # Errors
/// If an example in it cannot be written as JSON.
pub fn description(routes: Routes) -> Result<String, serde_json::Error> {
    described(routes).map(|(_, document)| document)
}

fn described(routes: Routes) -> Result<(Router<Arc<AppState>>, String), serde_json::Error> {
    let all = OpenApiRouter::with_openapi(openapi::empty())
        .routes(routes!(healthz))
        .routes(routes!(metrics))
        .merge(routes);
    let (served, mut document) = all.split_for_parts();
    openapi::add_problems(&mut document);
    Ok((served, document.to_json()?))
}

/// The health of the service.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`: the service accepts requests.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Reports whether the service accepts requests
///
/// For health checks. A service that is stopping no longer responds.
#[utoipa::path(get, path = "/healthz", tag = "running", responses((status = 200, description = "The service accepts requests", body = Health)))]
async fn healthz() -> axum::Json<Health> {
    axum::Json(Health { status: "ok" })
}

/// Returns the metrics
///
/// In the Prometheus text format. Only for the networks in `metrics_networks`; not found for all others.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "running",
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "text/plain; version=0.0.4"),
        (status = 404, description = "Not available from this network", body = crate::http::problem::ProblemDocument, content_type = "application/problem+json"),
    )
)]
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
