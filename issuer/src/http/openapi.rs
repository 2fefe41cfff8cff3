//! The description of the interface, made from the code and served at `/openapi.json`.

use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use crate::http::problem::{Problem, ProblemDocument, RetryAfter};

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

/// The problems of every request, and those of a body.
const EVERYWHERE: [Problem; 4] = [
    Problem::TooMany { retry_after: RetryAfter::SECOND },
    Problem::Internal,
    Problem::TimedOut,
    Problem::busy(),
];
const WITH_BODY: [Problem; 3] = [Problem::Malformed, Problem::TooLarge, Problem::NotJson];

fn add(operation: &mut Operation, has_body: bool) {
    let with_body = WITH_BODY.into_iter().filter(|_| has_body);
    for problem in EVERYWHERE.into_iter().chain(with_body) {
        let status = problem.status().as_str().to_owned();
        match operation.responses.responses.get_mut(&status) {
            Some(RefOr::T(response)) => {
                let also = describe(&[problem]);
                if !response.description.contains(&also) {
                    response.description = format!("{}; {also}", response.description);
                }
            }
            Some(RefOr::Ref(_)) => {}
            None => {
                let response = response_of(&[problem]);
                operation.responses.responses.insert(status, response.into());
            }
        }
    }
}

/// Names problems by title and name: the type of each is `urn:tegata:problem:` and the name.
fn describe(problems: &[Problem]) -> String {
    let names = problems.iter().map(|it| format!("{} (`{}`)", it.title(), it.name()));
    names.collect::<Vec<_>>().join("; ")
}

/// The response that stands for these problems, which share a status.
pub(super) fn response_of(problems: &[Problem]) -> Response {
    let schema = Ref::from_schema_name("ProblemDocument");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(describe(problems))
        .content("application/problem+json", content)
        .build()
}
