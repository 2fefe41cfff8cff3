//! The description of a message's route, made from the message itself.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use tegata::protocol::{Call, RequiredAuth, SIGNATURE_HEADER};
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{Components, Content, ContentBuilder, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use crate::http::call_problems::problems_of;
use crate::http::openapi::response_of;
use crate::http::operation_ids::operation_id;
use crate::http::problem::Problem;
use crate::http::router::Routes;

/// Adds what `C` is, takes and gives to the description of `routes`.
pub(crate) fn describe<C>(mut routes: Routes) -> Routes
where
    C: Call + ToSchema,
    C::Answer: ToSchema,
{
    let mut schemas = vec![
        (C::name().into_owned(), C::schema()),
        (C::Answer::name().into_owned(), C::Answer::schema()),
    ];
    C::schemas(&mut schemas);
    C::Answer::schemas(&mut schemas);
    let document = routes.get_openapi_mut();
    document.components.get_or_insert(Components::new()).schemas.extend(schemas);
    document.paths.paths.insert(C::PATH.to_owned(), item::<C>());
    routes
}

fn item<C>() -> PathItem
where
    C: Call + ToSchema,
    C::Answer: ToSchema,
{
    let (summary, description) = what_it_does(&C::schema());
    let body = RequestBodyBuilder::new()
        .content("application/json", content(&C::name()))
        .required(Some(Required::True))
        .build();
    let answer = ResponseBuilder::new()
        .description("Done")
        .content("application/json", content(&C::Answer::name()))
        .build();
    let mut operation = OperationBuilder::new()
        .tag("accounts")
        .operation_id(operation_id(C::PATH))
        .summary(Some(summary))
        .description(Some(description))
        .request_body(Some(body))
        .response("200", answer);
    for (status, problems) in by_status(problems_of(C::PATH, C::AUTH)) {
        operation = operation.response(status.as_str(), response_of(&problems));
    }
    for (name, says) in headers(C::AUTH) {
        let text = ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String).build();
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::True)
                .description(Some(says))
                .schema(Some(Schema::Object(text)))
                .build(),
        );
    }
    PathItem::new(HttpMethod::Post, operation)
}

/// The first sentence of the message's own words, and all of them.
fn what_it_does(schema: &RefOr<Schema>) -> (String, String) {
    let all = match schema {
        RefOr::T(Schema::Object(object)) => object.description.clone().unwrap_or_default(),
        _ => String::new(),
    };
    let first = all.split_once(['.', ':', ',']).map_or(all.as_str(), |(first, _)| first);
    (first.to_owned(), all)
}

fn content(name: &str) -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build()
}

fn headers(by: RequiredAuth) -> Vec<(&'static str, String)> {
    let signature = by.signed_for().map(|purpose| {
        let says = format!(
            "ECDSA P-256 with SHA-256, DER in Base64url, with the key in the body, of \
             `tegata/v1/{purpose}`, a zero byte and the body as it is sent"
        );
        (SIGNATURE_HEADER, says)
    });
    let in_session = matches!(by, RequiredAuth::Session | RequiredAuth::DeviceInSession(_));
    let session =
        in_session.then(|| ("Authorization", "`Bearer ` and the session token".to_owned()));
    signature.into_iter().chain(session).collect()
}

fn by_status(problems: Vec<Problem>) -> BTreeMap<StatusCode, Vec<Problem>> {
    let mut statuses: BTreeMap<StatusCode, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        statuses.entry(problem.status()).or_default().push(problem);
    }
    statuses
}
