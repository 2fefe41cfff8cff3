//! A till takes a payment back, whether it has come or not. It works while payments are stopped.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Payments;
use super::view::{Shown, Status, View};
use crate::domain::{IdempotencyKey, Reference};
use crate::http::body::Strict;
use crate::http::problem::{Problem, ProblemDocument};
use crate::store::{Authorisation, AuthorisationState, VoidOutcome, VoidTarget};

/// A request to void a payment, by one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum Void {
    /// The reference of the sale.
    Reference(Reference),
    /// The idempotency key of the payment. If that request has not arrived yet, it is declined when it does.
    Key(IdempotencyKey),
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
    request_body = Void,
    params(("Authorization" = String, Header, description = "`Bearer ` and the till token")),
    responses(
        (status = 200, description = "The voided payment", body = View),
        (status = 401, description = "Unknown till", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn void(
    Extension(payments): Extension<Payments>,
    headers: HeaderMap,
    request: Strict<Void>,
) -> Shown {
    let (till, _) = payments.till_of(&headers).await?;
    let what = match request.value {
        Void::Reference(reference) => VoidTarget::Reference(reference.as_str().to_owned()),
        Void::Key(key) => VoidTarget::Key(key.as_str().to_owned()),
    };
    let now = payments.world.clock.now();
    let (actor, notices) = (format!("till {till}"), payments.notices.clone());
    let voided = payments.store.void(till, what.clone(), actor, now, notices).await;
    let view = match voided.map_err(Problem::of_store)? {
        VoidOutcome::Found(authorisation) => payments.reversed(*authorisation).await?,
        VoidOutcome::Forbidden | VoidOutcome::NotFound => {
            let reference = if let VoidTarget::Reference(text) = what { Some(text) } else { None };
            View { reference, ..View::nothing(Status::Voided, None, now) }
        }
    };
    Ok(Json(view))
}

impl Payments {
    /// What is being taken back, after the processor was asked for it.
    async fn reversed(&self, authorisation: Authorisation) -> Result<View, Problem> {
        if authorisation.state != AuthorisationState::Reversing {
            return Ok(View::of(&authorisation));
        }
        let (charge, id) = (Arc::clone(&self.charge), authorisation.id);
        // A task of its own, and how it ended stands in the row.
        let _ = tokio::spawn(async move { charge.reverse(id).await }).await;
        let after = self.store.authorisation(authorisation.id).await.map_err(Problem::of_store)?;
        Ok(View::of(&after.unwrap_or(authorisation)))
    }
}
