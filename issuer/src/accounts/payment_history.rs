//! What account owners see of their payments. Nothing of it says by which code one was made.

use tegata::protocol::{
    AccountPayment, CurrencyName, ListPayments, PaymentNumber, PaymentPage, PaymentState,
    SaleNumber,
};

use super::session::Caller;
use super::{AccountError, Accounts};
use crate::domain::{Decimals, InternalError};
use crate::store::{AuthorisationState, DeclineReason, PaymentWithShop};

/// Payments on a page, some 300 bytes each.
const PAGE: u32 = 100;

impl Accounts {
    /// Lists a page of the account's payments, the newest first.
    pub(crate) async fn list_payments(
        &self,
        caller: Caller,
        message: ListPayments,
        decimals: Decimals,
    ) -> Result<PaymentPage, AccountError> {
        let before = message.before.map(|before| self.keys.authorisation_id(before));
        let mut found = self.store.payments_of(caller.account, before, PAGE + 1).await?;
        let earlier = found.len() > PAGE as usize;
        found.truncate(PAGE as usize);
        let view =
            |paid: PaymentWithShop| view(self.keys.payment_number(paid.authorisation.id), paid);
        let payments = found.into_iter().map(view).collect::<Result<_, InternalError>>()?;
        Ok(PaymentPage { payments, earlier, decimals: decimals.get() })
    }
}

fn view(
    payment: PaymentNumber,
    PaymentWithShop { authorisation, shop }: PaymentWithShop,
) -> Result<AccountPayment, InternalError> {
    let unreadable = |error| InternalError::new("showing a payment", &error);
    Ok(AccountPayment {
        payment,
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
