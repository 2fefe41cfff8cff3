//! A till asks for a payment, and looks at those it asked for.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use tegata::UnixTime;
use tegata::code::Digits;
use utoipa::ToSchema;

use super::Payments;
use super::charge::Outcome;
use super::input::{AmountInput, ScannedCode};
use super::tills::till_token;
use super::view::{Shown, Status, View};
use crate::domain::hash::sha256;
use crate::domain::{AuthorisationId, Currency, IdempotencyKey, Reference, TokenHash};
use crate::http::body::Strict;
use crate::http::headers::idempotency_key;
use crate::http::problem::{Problem, ProblemDocument};
use crate::store::{
    AuthorisationState, AuthoriseOutcome, AuthoriseRequest, NewAuthorisation, ParsedCode,
    SaleDetails,
};

/// Number of recent payments that a till can list.
const LAST: u32 = 20;

/// A payment that a till requests.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Authorise {
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
pub(super) struct Last {
    /// The payments, newest first.
    authorisations: Vec<View>,
}

/// Authorises a payment and charges the card
///
/// The same key and body return the same payment in its current state, and so does the same reference with another key
/// and a new code. A declined payment is a result, not a problem: see `status` and `reason`.
#[utoipa::path(
    post,
    path = "/v1/authorisations",
    operation_id = "Authorise",
    tag = "tills",
    request_body = Authorise,
    params(
        ("Authorization" = String, Header, description = "`Bearer ` and the till token"),
        ("Idempotency-Key" = IdempotencyKey, Header, description = "The idempotency key"),
    ),
    responses(
        (status = 200, description = "The authorisation", body = View),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The idempotency key or the reference was used with another request, the currency is not accepted, or the amount is too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Service overloaded", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn authorise(
    Extension(payments): Extension<Payments>,
    headers: HeaderMap,
    request: Strict<Authorise>,
) -> Shown {
    let token = till_token(&headers)?;
    let key = idempotency_key(&headers).ok_or(Problem::NoKey)?;
    let view = payments.authorise(token, key, request).await?;
    payments.counts.answered(&view);
    Ok(Json(view))
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
        (status = 200, description = "The authorisation", body = View),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "This till has no authorisation with this id", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn one(
    Extension(payments): Extension<Payments>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Shown {
    let (till, _) = payments.till_of(&headers).await?;
    let mut bytes = [0; 16];
    hex::decode_to_slice(&id, &mut bytes).map_err(|_| Problem::NotFound)?;
    let found = payments.store.authorisation(AuthorisationId(bytes)).await;
    let found = found.map_err(Problem::of_store)?.filter(|found| found.till == till);
    found.map(|found| Json(View::of(&found))).ok_or(Problem::NotFound)
}

/// Lists the recent payments of this till
#[utoipa::path(
    get,
    path = "/v1/authorisations",
    operation_id = "Authorisations",
    tag = "tills",
    params(("Authorization" = String, Header, description = "`Bearer ` and the till token")),
    responses(
        (status = 200, description = "The last twenty authorisations", body = Last),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn last(
    Extension(payments): Extension<Payments>,
    headers: HeaderMap,
) -> Result<Json<Last>, Problem> {
    let (till, _) = payments.till_of(&headers).await?;
    let last = payments.store.authorisations_at(&till, LAST).await.map_err(Problem::of_store)?;
    Ok(Json(Last { authorisations: last.iter().map(View::of).collect() }))
}

impl Payments {
    async fn authorise(
        &self,
        token: TokenHash,
        key: IdempotencyKey,
        request: Strict<Authorise>,
    ) -> Result<View, Problem> {
        let Authorise { code, amount, currency, reference } = request.value;
        let Some(amount) = amount.amount() else {
            return Err(self.refusal(&token, Problem::TooMuch).await);
        };
        if currency != self.rules.currency {
            return Err(self.refusal(&token, Problem::OtherCurrency).await);
        }
        let order = SaleDetails {
            reference: reference.as_str().to_owned(),
            amount: amount.get(),
            currency: currency.as_str().to_owned(),
        };
        let now = self.world.clock.now();
        let asked = AuthoriseRequest {
            token,
            key: key.as_str().to_owned(),
            hash: sha256(&request.raw),
            code: self.parts(&code, now).await?,
            sale: order.clone(),
            id: self.authorisation_id(now)?,
            now,
            limits: self.rules.bounds(now),
        };
        let answered = self.store.authorise(asked, self.prepared.clone()).await;
        let nothing = |status, reason| View {
            amount: Some(order.amount),
            currency: Some(order.currency),
            reference: Some(order.reference),
            ..View::nothing(status, reason, now)
        };
        Ok(match answered.map_err(Problem::of_store)? {
            AuthoriseOutcome::UnknownTill => return Err(Problem::NoSuchTill),
            AuthoriseOutcome::KeyReused => return Err(Problem::KeyReused),
            AuthoriseOutcome::ReferenceReused => return Err(Problem::ReferenceReused),
            AuthoriseOutcome::ForbiddenByVoid => nothing(Status::Voided, None),
            AuthoriseOutcome::Declined(reason) => nothing(Status::Declined, Some(reason)),
            AuthoriseOutcome::Replayed(known) => View::of(&known),
            AuthoriseOutcome::Created(made) => self.charged(*made).await,
        })
    }

    /// A till is told so; anybody else is told that he is none.
    async fn refusal(&self, token: &TokenHash, problem: Problem) -> Problem {
        match self.store.till(token).await {
            Ok(Some(_)) => problem,
            Ok(None) => Problem::NoSuchTill,
            Err(error) => Problem::of_store(error),
        }
    }

    async fn parts(&self, code: &ScannedCode, now: UnixTime) -> Result<ParsedCode, Problem> {
        let Ok(digits) = Digits::parse(code.as_bytes()) else { return Ok(ParsedCode::Malformed) };
        let decoded = self.prefixes.decode(&digits, now).await.map_err(Problem::of_store)?;
        Ok(decoded
            .map_or(ParsedCode::Malformed, |(scheme, decoded)| ParsedCode::Parts(scheme, decoded)))
    }

    /// What was taken just now, after the card was asked for the money.
    async fn charged(&self, made: NewAuthorisation) -> View {
        let view = View::of(&made.authorisation);
        if made.authorisation.state != AuthorisationState::Authorised {
            return view;
        }
        // A task of its own: a till that hangs up does not break it off.
        let charge = Arc::clone(&self.charge);
        let charged = tokio::spawn(async move { charge.charge(made).await });
        let status = match charged.await.unwrap_or(Outcome::Pending) {
            Outcome::Done => Status::Approved,
            Outcome::Declined => Status::Declined,
            Outcome::Pending => Status::Pending,
        };
        View { status, ..view }
    }
}
