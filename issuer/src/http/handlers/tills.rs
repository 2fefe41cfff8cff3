//! What tills ask for: enrolment, their card, payments and voids.

use axum::extract::Path;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use tegata::protocol::{PaymentNumber, SecretText};
use tegata::symbol::Symbol;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::till_input::{AmountInput, ScannedCode};
use crate::domain::hash::sha256;
use crate::domain::{Currency, IdempotencyKey, ManagerCode, Reference, TokenHash};
use crate::http::body::StrictJson;
use crate::http::headers::{bearer_token, idempotency_key};
use crate::http::problem::{Problem, ProblemDocument};
use crate::http::router::Routes;
use crate::payments::{AuthorisationView, EnrolledTill, Payments, Sale, TillCode};
use crate::store::VoidTarget;

type AuthorisationResponse = Result<Json<AuthorisationView>, Problem>;

/// Gives all routes of tills, for these payments.
pub(crate) fn routes(payments: Payments) -> Routes {
    route_descriptions().layer(Extension(payments))
}

/// Gives all routes of tills with their description, and no payments behind them.
#[must_use]
pub fn route_descriptions() -> Routes {
    Routes::new()
        .routes(routes!(enrol_till))
        .routes(routes!(till))
        .routes(routes!(till_card))
        .routes(routes!(authorise, recent_authorisations))
        .routes(routes!(authorisation))
        .routes(routes!(void))
}

/// Reads the token of the header `Authorization: Bearer …`, by its hash.
fn till_token(headers: &HeaderMap) -> Result<TokenHash, Problem> {
    bearer_token(headers).map(|token| TokenHash::of(&token)).ok_or(Problem::NoSuchTill)
}

/// A request to enrol a till.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnrolTillBody {
    /// The enrolment code that the operator was given, valid for one hour.
    code: TillCode,
}

/// An enrolled till.
#[derive(Serialize, ToSchema)]
pub(super) struct EnrolledTillView {
    /// The token of all its requests, `Authorization: Bearer …`. Returned once.
    #[schema(value_type = String)]
    token: SecretText,
    /// The till's id.
    #[schema(example = "till-1")]
    till: String,
    /// The shop's name.
    #[schema(example = "Tegata Ginza")]
    shop: String,
}

/// The description of a till.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TillView {
    /// The till's id.
    #[schema(example = "till-1")]
    till: String,
    /// The shop's name.
    #[schema(example = "Tegata Ginza")]
    shop: String,
    /// The till card, to be shown as a QR code: a wallet that scans it makes codes for this till alone.
    #[schema(example = "tegata-till:AQZ0aWxsLTEM…")]
    card: String,
    /// The accepted currency (ISO 4217).
    #[schema(example = "JPY")]
    currency: String,
    /// The number of decimals of the currency.
    #[schema(example = 0)]
    decimals: u8,
    /// What payment codes of this issuer begin with: 4 to 8 digits each. A till tells by it whether what a scanner or a
    /// register sent at once ends in a code.
    #[schema(example = json!(["4960"]))]
    prefixes: Vec<String>,
}

/// Enrols a till
///
/// The code is the one that `tegata issuer till add` printed. It can be used once.
#[utoipa::path(
    post,
    path = "/v1/tills",
    operation_id = "EnrolTill",
    tag = "tills",
    request_body = EnrolTillBody,
    responses(
        (status = 200, description = "Enrolled", body = EnrolledTillView),
        (status = 401, description = "The code is invalid, used or expired", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn enrol_till(
    Extension(payments): Extension<Payments>,
    request: StrictJson<EnrolTillBody>,
) -> Result<Json<EnrolledTillView>, Problem> {
    let EnrolledTill { token, till, shop } = payments.enrol_till(&request.value.code).await?;
    Ok(Json(EnrolledTillView { token, till: till.to_string(), shop: shop.to_string() }))
}

/// Returns this till and its card
#[utoipa::path(
    get,
    path = "/v1/till",
    operation_id = "Till",
    tag = "tills",
    params(("Authorization" = String, Header, description = "`Bearer ` and the till token")),
    responses(
        (status = 200, description = "The till", body = TillView),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn till(
    Extension(payments): Extension<Payments>,
    headers: HeaderMap,
) -> Result<Json<TillView>, Problem> {
    let (till, shop) = payments.till(&till_token(&headers)?).await?;
    let rules = payments.rules();
    Ok(Json(TillView {
        till: till.to_string(),
        shop: shop.to_string(),
        currency: rules.currency.as_str().to_owned(),
        decimals: rules.decimals.get(),
        prefixes: payments.prefixes().iter().map(ToString::to_string).collect(),
        card: payments.till_card(till, shop),
    }))
}

/// Draws the till card
///
/// The QR code of the field `card` of `GET /v1/till`.
#[utoipa::path(
    get,
    path = "/v1/till/card.svg",
    operation_id = "TillCard",
    tag = "tills",
    params(("Authorization" = String, Header, description = "`Bearer ` and the till token")),
    responses(
        (status = 200, description = "The picture", body = String, content_type = "image/svg+xml"),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn till_card(
    payments: Extension<Payments>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let Json(TillView { card, .. }) = till(payments, headers).await?;
    let symbol = Symbol::qr(&card).map_err(|error| Problem::internal("drawing a card", &error))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], symbol.svg()))
}

/// A payment that a till requests.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthoriseBody {
    /// The scanned or typed payment code: 24 digits.
    code: ScannedCode,
    /// The amount in minor units.
    amount: AmountInput,
    /// The currency, which must be the issuer's.
    currency: Currency,
    /// The till's reference of this sale.
    reference: Reference,
}

/// The recent payments of a till.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecentAuthorisations {
    /// The payments, newest first.
    authorisations: Vec<AuthorisationView>,
}

/// Authorises a payment and charges the card
///
/// The same key and body return the same payment in its current state. The same reference with another key and a code of
/// the same shopper returns it, too, with `repeated`, while it is pending and for ten minutes after it is final; the code is
/// used up. A declined payment is a result, not a problem: see `status` and `reason`.
#[utoipa::path(
    post,
    path = "/v1/authorisations",
    operation_id = "Authorise",
    tag = "tills",
    request_body = AuthoriseBody,
    params(
        ("Authorization" = String, Header, description = "`Bearer ` and the till token"),
        ("Idempotency-Key" = IdempotencyKey, Header, description = "The idempotency key"),
    ),
    responses(
        (status = 200, description = "The authorisation", body = AuthorisationView),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The idempotency key was used with another request, the reference is another sale's, the currency is not accepted, or the amount is too large or cannot be charged", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Service overloaded", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn authorise(
    Extension(payments): Extension<Payments>,
    headers: HeaderMap,
    request: StrictJson<AuthoriseBody>,
) -> AuthorisationResponse {
    let token = till_token(&headers)?;
    let key = idempotency_key(&headers).ok_or(Problem::NoKey)?;
    let AuthoriseBody { code, amount, currency, reference } = request.value;
    let sale = Sale {
        token,
        key,
        hash: sha256(&request.raw),
        code: code.as_bytes(),
        amount: amount.amount(),
        currency,
        reference,
    };
    Ok(Json(payments.authorise(sale).await?))
}

/// Returns one payment of this till
#[utoipa::path(
    get,
    path = "/v1/authorisations/{id}",
    operation_id = "Authorisation",
    tag = "tills",
    params(
        ("Authorization" = String, Header, description = "`Bearer ` and the till token"),
        ("id" = String, Path, description = "Its number"),
    ),
    responses(
        (status = 200, description = "The authorisation", body = AuthorisationView),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "This till has no authorisation with this id", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 410, description = "The payment is of a month that was taken out of the store", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn authorisation(
    Extension(payments): Extension<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> AuthorisationResponse {
    let number = PaymentNumber::try_from(id).ok();
    Ok(Json(payments.payment(&till_token(&headers)?, number).await?))
}

/// Lists the recent payments of this till
#[utoipa::path(
    get,
    path = "/v1/authorisations",
    operation_id = "Authorisations",
    tag = "tills",
    params(("Authorization" = String, Header, description = "`Bearer ` and the till token")),
    responses(
        (status = 200, description = "The last hundred authorisations", body = RecentAuthorisations),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn recent_authorisations(
    Extension(payments): Extension<Payments>,
    headers: HeaderMap,
) -> Result<Json<RecentAuthorisations>, Problem> {
    let authorisations = payments.recent_payments(&till_token(&headers)?).await?;
    Ok(Json(RecentAuthorisations { authorisations }))
}

/// A request to void a payment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum VoidBody {
    /// By its sale.
    Sale(VoidSaleBody),
    /// By its request.
    Request(VoidRequestBody),
}

/// A request to void the payment of a sale.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VoidSaleBody {
    /// The reference of the sale.
    reference: Reference,
    /// The code of a manager of the till, if the operator has set any.
    #[serde(default)]
    #[schema(nullable)]
    manager: Option<ManagerCode>,
}

/// A request to void the payment that was asked for under an idempotency key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VoidRequestBody {
    /// The idempotency key of the payment. If that request has not arrived yet, it is declined when it does.
    key: IdempotencyKey,
    /// The code of a manager of the till, if the operator has set any.
    #[serde(default)]
    #[schema(nullable)]
    manager: Option<ManagerCode>,
}

impl VoidBody {
    fn read(self) -> (VoidTarget, Option<ManagerCode>) {
        match self {
            Self::Sale(VoidSaleBody { reference, manager }) => {
                (VoidTarget::Reference(reference.as_str().to_owned()), manager)
            }
            Self::Request(VoidRequestBody { key, manager }) => {
                (VoidTarget::Key(key.as_str().to_owned()), manager)
            }
        }
    }
}

/// Voids a payment
///
/// A payment that was not charged is void at once; one that was charged is refunded. One that has not arrived yet is
/// declined when it does. Repeating the request has no further effect, so no idempotency key is needed.
#[utoipa::path(
    post,
    path = "/v1/voids",
    operation_id = "Void",
    tag = "tills",
    request_body = VoidBody,
    params(("Authorization" = String, Header, description = "`Bearer ` and the till token")),
    responses(
        (status = 200, description = "The voided payment", body = AuthorisationView),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The till has managers, and the code of none came", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The payment is older than what a till may void", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn void(
    Extension(payments): Extension<Payments>,
    headers: HeaderMap,
    request: StrictJson<VoidBody>,
) -> AuthorisationResponse {
    let token = till_token(&headers)?;
    let (target, manager) = request.value.read();
    Ok(Json(payments.void(&token, target, manager.as_ref()).await?))
}
