//! Tills: how one is enrolled, how a request says whose it is, and the till's card.

use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};
use tegata::code::{ShopName, TillId, UnsignedTillCard};
use tegata::protocol::{RecoveryCode, SecretText};
use tegata::symbol::Symbol;
use tegata::{Random, RandomUnavailable};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::Payments;
use crate::domain::TokenHash;
use crate::domain::hash::sha256;
use crate::http::body::Strict;
use crate::http::headers::bearer_token;
use crate::http::problem::{Problem, ProblemDocument};

/// For how many seconds a code enrols a till.
pub(crate) const CODE_LIFE: i64 = 60 * 60;

/// What enrols a till once: 80 random bits, written as a recovery code is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "9GTX-0A4M-QR2C-7YVN")]
pub struct TillCode(RecoveryCode);

impl TillCode {
    /// A new one.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        RecoveryCode::make(random).map(Self)
    }

    /// As a person types it.
    #[must_use]
    pub fn text(&self) -> SecretText {
        self.0.text()
    }

    /// As it is kept. It has so many random bits that nobody guesses at the hash in the hour that it counts.
    pub(crate) fn hash(&self) -> TokenHash {
        let padded = Zeroizing::new(sha256(self.0.expose()));
        TokenHash::of(&padded)
    }
}

/// A request to enrol a till.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnrolTill {
    /// The enrolment code that the operator was given, valid for one hour.
    code: TillCode,
}

/// An enrolled till.
#[derive(Serialize, ToSchema)]
pub(super) struct EnrolledTill {
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
}

/// Enrols a till
///
/// The code is the one that `tegata issuer till add` printed. It can be used once.
#[utoipa::path(
    post,
    path = "/v1/tills",
    operation_id = "EnrolTill",
    tag = "tills",
    request_body = EnrolTill,
    responses(
        (status = 200, description = "Enrolled", body = EnrolledTill),
        (status = 401, description = "The code is invalid, used or expired", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn enrol(
    Extension(payments): Extension<Payments>,
    request: Strict<EnrolTill>,
) -> Result<Json<EnrolledTill>, Problem> {
    let mut token = Zeroizing::new([0; 32]);
    let filled = payments.world.random.fill(&mut *token);
    filled.map_err(|error| Problem::internal("making a token", &error))?;
    let now = payments.world.clock.now();
    let event = payments.event("till_enrolled", "till", now)?;
    let (code, hash) = (request.value.code.hash(), TokenHash::of(&token));
    let enrolled = payments.store.enrol_till(code, hash, now, event).await;
    let enrolled = enrolled.map_err(Problem::of_store)?;
    let (till, shop) = enrolled.ok_or(Problem::NoSuchTill)?;
    let token = Zeroizing::new(Base64UrlUnpadded::encode_string(&*token));
    Ok(Json(EnrolledTill {
        token: SecretText::new(&token),
        till: till.to_string(),
        shop: shop.to_string(),
    }))
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
    let (till, shop) = payments.till_of(&headers).await?;
    let card =
        UnsignedTillCard { till: till.clone(), shop: shop.clone(), issuer: payments.name.clone() };
    Ok(Json(TillView {
        till: till.to_string(),
        shop: shop.to_string(),
        card: card.signed(|message| payments.keys.sign_till_card(message)),
        currency: payments.rules.currency.as_str().to_owned(),
        decimals: payments.rules.decimals.get(),
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
pub(super) async fn card(
    payments: Extension<Payments>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let Json(TillView { card, .. }) = till(payments, headers).await?;
    let drawn = Symbol::qr(&card).map_err(|error| Problem::internal("drawing a card", &error))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], drawn.svg()))
}

/// The token of the header `Authorization: Bearer …`.
pub(super) fn till_token(headers: &HeaderMap) -> Result<TokenHash, Problem> {
    bearer_token(headers).map(|token| TokenHash::of(&token)).ok_or(Problem::NoSuchTill)
}

impl Payments {
    /// Which till a request is from.
    pub(super) async fn till_of(&self, headers: &HeaderMap) -> Result<(TillId, ShopName), Problem> {
        let found = self.store.till(&till_token(headers)?).await.map_err(Problem::of_store)?;
        found.ok_or(Problem::NoSuchTill)
    }
}
