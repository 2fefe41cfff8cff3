//! The description of the interface, made from the code and served at `/openapi.json`.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

use crate::http::problem::{Problem, ProblemDocument};

/// What the routes are added to. Title, version and licence come from the package.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tegata issuer",
        description = "Accounts, provisioning and authorisation. Bodies are JSON in UTF-8, at most 64 KiB and 32 levels, \
                       each field at most once and no unknown fields. Errors are problem documents (RFC 9457).",
        contact()
    ),
    components(schemas(ProblemDocument))
)]
struct Document;

/// The document before there are routes in it.
pub(crate) fn empty() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.info.contact = None;
    document
}

/// Adds to each operation the problems that the frame and the bodies bring, so that no route can forget them.
pub(crate) fn add_problems(document: &mut utoipa::openapi::OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.options,
            &mut item.head,
            &mut item.patch,
            &mut item.trace,
        ];
        for operation in operations.into_iter().flatten() {
            let has_body = operation.request_body.is_some();
            add(operation, has_body);
        }
    }
}

fn add(operation: &mut Operation, has_body: bool) {
    let everywhere = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::REQUEST_TIMEOUT,
    ];
    let with_body = [
        StatusCode::BAD_REQUEST,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    ];
    let statuses = everywhere.into_iter().chain(with_body.into_iter().filter(|_| has_body));
    for status in statuses {
        let response = operation.responses.responses.entry(status.as_str().to_owned());
        response.or_insert_with(|| response_of(status));
    }
}

/// The response that stands for all problems of a status.
fn response_of(status: StatusCode) -> RefOr<utoipa::openapi::Response> {
    let problems = Problem::all().filter(|problem| problem.status() == status);
    let titles: BTreeSet<&str> = problems.map(|problem| problem.title()).collect();
    let description = titles.into_iter().collect::<Vec<_>>().join("; ");
    let schema = Ref::from_schema_name("ProblemDocument");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
        .into()
}
