//! Whether the service runs, and whether it is ready for requests. Neither counts against a network's rate.

use std::sync::Arc;

use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::problem::{Problem, ProblemDocument};
use crate::http::readiness::Readiness;
use crate::http::state::AppState;

/// The routes, with what readiness looks at.
pub(crate) fn routes(readiness: Option<Arc<Readiness>>) -> OpenApiRouter<Arc<AppState>> {
    let routes = OpenApiRouter::new()
        .routes(routes!(livez))
        .routes(routes!(healthz))
        .routes(routes!(readyz));
    routes.layer(Extension(readiness))
}

/// The health of the service.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`: the service accepts requests.
    #[schema(example = "ok")]
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// Reports whether the service runs
///
/// It looks at nothing but itself: a process that does not answer here is to be started anew.
#[utoipa::path(get, path = "/livez", tag = "running", responses((status = 200, description = "The service runs", body = Health)))]
async fn livez() -> Json<Health> {
    OK
}

/// Reports whether the service runs
///
/// The same as `/livez`.
#[utoipa::path(get, path = "/healthz", tag = "running", responses((status = 200, description = "The service runs", body = Health)))]
async fn healthz() -> Json<Health> {
    OK
}

/// Reports whether the service is ready for requests
///
/// Its store can be written, the store's keys are those that it has open, and its clock is not behind. It looks at most
/// once a second. A process that is not ready should get no requests, and need not be started anew.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "running",
    responses(
        (status = 200, description = "The service is ready", body = Health),
        (status = 503, description = "The service is not ready (`not-ready`): `detail` says why", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
async fn readyz(
    Extension(readiness): Extension<Option<Arc<Readiness>>>,
) -> Result<Json<Health>, Problem> {
    if let Some(readiness) = readiness {
        readiness.check().await.map_err(Problem::NotReady)?;
    }
    Ok(OK)
}
