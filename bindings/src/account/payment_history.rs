//! The account's payments: requested from the issuer, and kept, sealed, for when it is out of reach.

use std::sync::Arc;

use tegata::UnixTime;
use tegata::protocol::{self, format_amount};

use super::call::Call;
use super::http::{IssuerRequest, IssuerResponse};
use crate::WalletError;
use crate::number::seconds;

/// A page of the account's payments.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PaymentPage {
    /// The payments, newest first: up to a hundred.
    pub payments: Vec<AccountPayment>,
    /// Whether there are earlier ones: request those before the last of these.
    pub has_earlier: bool,
    /// When the issuer gave the page, in seconds since 1970.
    pub fetched_at: i64,
}

/// A payment as its receipt has it. It holds no code.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountPayment {
    /// The issuer's number of the payment.
    pub number: String,
    /// The name of the shop.
    pub shop: String,
    /// The till's own number of the sale.
    pub reference: String,
    /// The amount in minor units of the currency.
    pub amount: i64,
    /// The currency: three letters (ISO 4217).
    pub currency: String,
    /// The amount as a person reads it: `¥1,980`, `19.80 EUR`.
    pub formatted_amount: String,
    /// The state of the payment.
    pub state: PaymentState,
    /// When the code was accepted, in seconds since 1970.
    pub accepted_at: i64,
    /// Since when the payment is in this state, in seconds since 1970.
    pub state_since: i64,
}

/// The states of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum PaymentState {
    /// It is not known yet whether the card was charged.
    Waiting,
    /// The card was charged.
    Paid,
    /// Nothing was charged: the amount is over the limit of one payment or of a day.
    OverLimit,
    /// Nothing was charged: the account is frozen or held at present.
    Held,
    /// Nothing was charged: the payment credential was no longer valid.
    NotValid,
    /// Nothing was charged: there was no card, or it was declined.
    CardDeclined,
    /// The payment is being cancelled or refunded.
    BeingTakenBack,
    /// The payment was cancelled before the card was charged.
    Cancelled,
    /// The money went back to the card.
    Refunded,
}

/// A request for a page of the account's payments.
#[derive(uniffi::Object)]
pub struct PaymentHistoryCall {
    call: Call<protocol::PaymentPage>,
    newest: bool,
}

impl PaymentHistoryCall {
    pub(super) fn new(call: Call<protocol::PaymentPage>, newest: bool) -> Arc<Self> {
        Arc::new(Self { call, newest })
    }
}

#[uniffi::export]
impl PaymentHistoryCall {
    /// Gives what to send, and where to. The same each time until `complete` fails with `SendAgain`.
    #[must_use]
    pub fn request(&self) -> IssuerRequest {
        self.call.request()
    }

    /// Takes the response, and gives the page. The newest page is kept in the wallet, sealed, in place of the one before.
    pub fn complete(&self, response: IssuerResponse) -> Result<PaymentPage, WalletError> {
        let response = response.into();
        self.call.expect_fresh(&response)?;
        let request = self.call.pending();
        let now = self.call.wallet.now();
        let page = self.call.wallet.with(|wallet| {
            let mut account = wallet.account();
            let page = account.complete(&request, &response)?;
            // Somebody else may have logged in since: one owner's payments are not kept under another's name.
            let profile = account.get()?.map(|status| status.profile);
            if self.newest && profile.as_ref() == Some(request.profile()) {
                return account.cache_payments(page).map(|history| history.page);
            }
            Ok::<_, tegata::Error>(page)
        })?;
        Ok(self::page(page, now))
    }
}

pub(super) fn page(page: protocol::PaymentPage, fetched_at: UnixTime) -> PaymentPage {
    let decimals = page.decimals;
    PaymentPage {
        payments: page.payments.into_iter().map(|it| payment(it, decimals)).collect(),
        has_earlier: page.earlier,
        fetched_at: seconds(fetched_at.seconds()),
    }
}

fn payment(payment: protocol::AccountPayment, decimals: u8) -> AccountPayment {
    let currency = payment.currency.as_str();
    AccountPayment {
        number: payment.payment.into(),
        formatted_amount: format_amount(payment.amount, currency, decimals),
        shop: payment.shop.into(),
        reference: payment.reference.as_str().to_owned(),
        amount: i64::try_from(payment.amount).unwrap_or(i64::MAX),
        currency: currency.to_owned(),
        state: payment.state.into(),
        accepted_at: seconds(payment.time.seconds()),
        state_since: seconds(payment.since.seconds()),
    }
}

impl From<protocol::PaymentState> for PaymentState {
    fn from(state: protocol::PaymentState) -> Self {
        match state {
            protocol::PaymentState::Waiting => Self::Waiting,
            protocol::PaymentState::Paid => Self::Paid,
            protocol::PaymentState::OverLimit => Self::OverLimit,
            protocol::PaymentState::Held => Self::Held,
            protocol::PaymentState::NotValid => Self::NotValid,
            protocol::PaymentState::CardDeclined => Self::CardDeclined,
            protocol::PaymentState::BeingTakenBack => Self::BeingTakenBack,
            protocol::PaymentState::Cancelled => Self::Cancelled,
            protocol::PaymentState::Refunded => Self::Refunded,
        }
    }
}
