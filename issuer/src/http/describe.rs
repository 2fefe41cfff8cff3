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
    for (name, says, required) in headers(C::AUTH, C::PATH) {
        let text = ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String).build();
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(required)
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

/// The headers of a message, what is in each, and whether it has to be there.
fn headers(by: RequiredAuth, path: &str) -> Vec<(&'static str, String, Required)> {
    let signed = |purpose: &str| {
        format!(
            "Three parts with a full stop between them: the signature, a challenge of the last five minutes, and 16 random \
             bytes that are the request's id, in Base64url. The signature is ECDSA P-256 with SHA-256, DER in Base64url, of \
             `tegata/v1/{purpose}`, the challenge, the id and the body as they are sent, with a zero byte between them"
        )
    };
    let of_session = || {
        let signed = signed(&format!("session:{path}"));
        format!(
            "{signed}. A fourth part is the key of the session's device, which signed it, in Base64url"
        )
    };
    let signature = match by {
        RequiredAuth::Anyone => None,
        RequiredAuth::Device(purpose) | RequiredAuth::DeviceInSession(purpose) => {
            Some((format!("{}, with the key in the body", signed(purpose)), Required::True))
        }
        RequiredAuth::SignedSession => Some((of_session(), Required::True)),
        RequiredAuth::Session => Some((
            format!(
                "{}. Needed an hour after the session's last use, and a day after its last signature; and by what ends, \
                 forgets, freezes, removes or keeps something, unless a second factor was verified within five minutes",
                of_session()
            ),
            Required::False,
        )),
    };
    let signature = signature.map(|(says, required)| (SIGNATURE_HEADER, says, required));
    let in_session = !matches!(by, RequiredAuth::Anyone | RequiredAuth::Device(_));
    let session = in_session
        .then(|| ("Authorization", "`Bearer ` and the session token".to_owned(), Required::True));
    signature.into_iter().chain(session).collect()
}

fn by_status(problems: Vec<Problem>) -> BTreeMap<StatusCode, Vec<Problem>> {
    let mut statuses: BTreeMap<StatusCode, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        statuses.entry(problem.status()).or_default().push(problem);
    }
    statuses
}
