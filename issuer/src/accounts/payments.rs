//! What an account's owner sees of her payments. Nothing of it says by which code one was made.

use axum::http::HeaderMap;
use axum::{Extension, Json};
use tegata::protocol::{
    AccountPayment, Call, CurrencyName, ListPayments, PaymentNumber, PaymentPage, PaymentState,
    SaleNumber,
};

use super::Accounts;
use crate::domain::{AuthorisationId, Decimals};
use crate::http::body::Strict;
use crate::http::problem::Problem;
use crate::store::{AuthorisationState, DeclineReason, PaymentWithShop};

/// Payments on a page, some 300 bytes each.
const PAGE: u32 = 100;

pub(super) async fn list_payments(
    Extension(accounts): Extension<Accounts>,
    Extension(decimals): Extension<Decimals>,
    headers: HeaderMap,
    request: Strict<ListPayments>,
) -> Result<Json<<ListPayments as Call>::Answer>, Problem> {
    let caller = accounts.caller(&headers).await?;
    let before = request.value.before.map(|before| AuthorisationId(before.0));
    let found = accounts.store.payments_of(caller.account, before, PAGE + 1).await;
    let mut found = found.map_err(Problem::of_store)?;
    let earlier = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let payments = found.into_iter().map(view).collect::<Result<_, Problem>>()?;
    Ok(Json(PaymentPage { payments, earlier, decimals: decimals.get() }))
}

fn view(
    PaymentWithShop { authorisation, shop }: PaymentWithShop,
) -> Result<AccountPayment, Problem> {
    let unreadable = |error| Problem::internal("showing a payment", &error);
    Ok(AccountPayment {
        payment: PaymentNumber(authorisation.id.0),
        shop,
        reference: SaleNumber::try_from(authorisation.reference).map_err(unreadable)?,
        amount: authorisation.amount,
        currency: CurrencyName::try_from(authorisation.currency).map_err(unreadable)?,
        state: state(authorisation.state, authorisation.reason),
        time: authorisation.made,
        since: authorisation.changed,
    })
}

fn state(state: AuthorisationState, reason: Option<DeclineReason>) -> PaymentState {
    match (state, reason) {
        (
            AuthorisationState::Authorised
            | AuthorisationState::Charging
            | AuthorisationState::Unknown,
            _,
        ) => PaymentState::Waiting,
        (AuthorisationState::Charged, _) => PaymentState::Paid,
        (AuthorisationState::Declined, None) => PaymentState::CardDeclined,
        (AuthorisationState::Declined, Some(DeclineReason::Limit)) => PaymentState::OverLimit,
        (AuthorisationState::Declined, Some(DeclineReason::Held)) => PaymentState::Held,
        (AuthorisationState::Declined, Some(_)) => PaymentState::NotValid,
        (AuthorisationState::Reversing, _) => PaymentState::BeingTakenBack,
        (AuthorisationState::Voided, _) => PaymentState::Cancelled,
        (AuthorisationState::Refunded, _) => PaymentState::Refunded,
    }
}
