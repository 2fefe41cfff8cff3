//! The answer to a signed request, which is carried out once.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::accounts::{AccountError, Accounts, Repetition, SignedRequest, StoredAnswer};
use crate::http::problem::Problem;
use crate::store::StoreError;

/// Answers a request, for the first time; as before, if a copy of it that came at the same time was carried out first.
pub(crate) async fn answer<A: Serialize>(
    accounts: &Accounts,
    signed: Option<&SignedRequest>,
    repetition: Repetition,
    result: Result<A, AccountError>,
) -> Result<Response, Problem> {
    match (result, signed) {
        (Err(AccountError::Store(StoreError::AnsweredBefore)), Some(signed)) => {
            let prior = accounts.prior_answer(signed, repetition).await?;
            prior.map_or(Err(Problem::busy()), repeat)
        }
        (result, _) => Ok(Json(result?).into_response()),
    }
}

/// Answers a request as before.
pub(crate) fn repeat(answer: StoredAnswer) -> Result<Response, Problem> {
    match answer {
        StoredAnswer::Done(json) => {
            let json_type = [(header::CONTENT_TYPE, "application/json")];
            Ok((json_type, json.to_vec()).into_response())
        }
        StoredAnswer::Refused(refusal) => Err(Problem::Refused(refusal)),
        // What it is answered with is read the next time that it comes.
        StoredAnswer::CarriedOut => Err(Problem::busy()),
    }
}
