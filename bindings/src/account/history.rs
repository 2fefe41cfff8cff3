//! What was paid with the account: asked of the issuer, and kept, sealed, for when it is out of reach.

use std::sync::Arc;

use tegata::protocol::{self, AccountPayment, ListPayments, PaymentNumber, money};
use tegata::{PendingRequest, UnixTime};

use super::{Account, IssuerRequest, IssuerResponse};
use crate::WalletError;
use crate::error::seconds;
use crate::open::Open;

/// Payments of the account, as the issuer told them.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PaymentPage {
    /// The newest first, up to a hundred.
    pub payments: Vec<AccountPayment>,
    /// Whether there are earlier ones: ask for those before the last of these.
    pub earlier: bool,
    /// When the issuer told them, in seconds since 1970.
    pub seen: i64,
}

/// A payment, as its receipt has it. No code is in it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountPayment {
    /// Its number.
    pub number: String,
    /// Where.
    pub shop: String,
    /// The till's own number for the sale.
    pub reference: String,
    /// In minor units of the currency.
    pub amount: i64,
    /// In what: three letters (ISO 4217).
    pub currency: String,
    /// The amount as a person reads it: `¥1,980`, `19.80 EUR`.
    pub shown: String,
    /// How it stands.
    pub state: PaymentState,
    /// When the code was taken, in seconds since 1970.
    pub time: i64,
    /// Since when it stands so, in seconds since 1970.
    pub since: i64,
}

/// How a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum PaymentState {
    /// It is not known yet whether the card was charged.
    Waiting,
    /// The card was charged.
    Paid,
    /// Nothing was charged: more than may be spent at once, or in a day.
    OverLimit,
    /// Nothing was charged: the account pays for nothing at present, since it is frozen or held.
    Held,
    /// Nothing was charged: the credential counted no longer.
    NotValid,
    /// Nothing was charged: there was no card, or it was not good for it.
    CardDeclined,
    /// It is being taken back.
    BeingTakenBack,
    /// Taken back before the card was charged.
    Cancelled,
    /// The money went back to the card.
    Refunded,
}

/// A request for payments of the account.
#[derive(uniffi::Object)]
pub struct PaymentsCall {
    open: Arc<Open>,
    asked: PendingRequest<protocol::PaymentPage>,
    newest: bool,
}

#[uniffi::export]
impl PaymentsCall {
    /// What to send, and where to. The same each time: nothing is used up by looking at it.
    #[must_use]
    pub fn request(&self) -> IssuerRequest {
        IssuerRequest::to(self.asked.issuer(), self.asked.envelope())
    }

    /// Takes what came back. The newest payments are kept in the wallet, sealed, in the place of those before.
    pub fn answered(&self, response: IssuerResponse) -> Result<PaymentPage, WalletError> {
        let (response, now) = (response.into(), self.open.now());
        let page = self.open.with(|wallet| {
            let mut account = wallet.account();
            let page = account.complete(&self.asked, &response)?;
            // Somebody else may have logged in since: hers are not kept under another's name.
            let known = account.get()?;
            if self.newest && known.is_some_and(|known| known.at == *self.asked.at()) {
                return account.cache_payments(page).map(|known| known.page);
            }
            Ok::<_, tegata::Error>(page)
        })?;
        Ok(told(page, now))
    }
}

#[uniffi::export]
impl Account {
    /// What was paid, and what was not: the newest hundred, or those before the payment of this number.
    #[uniffi::method(default(before = None))]
    pub fn payments(&self, before: Option<String>) -> Result<Arc<PaymentsCall>, WalletError> {
        let before = before.map(PaymentNumber::try_from).transpose();
        let before = before.map_err(WalletError::invalid)?;
        let asked =
            self.0.with(|wallet| wallet.account().session_request(&ListPayments { before }))?;
        let (open, newest) = (Arc::clone(&self.0), before.is_none());
        Ok(Arc::new(PaymentsCall { open, asked, newest }))
    }

    /// The newest payments as they were kept last, if they are this account's: to be shown without a network.
    pub fn cached_payments(&self) -> Result<Option<PaymentPage>, WalletError> {
        let kept = self.0.with(|wallet| wallet.account().cached_payments())?;
        Ok(kept.map(|known| told(known.page, known.seen)))
    }
}

fn told(page: protocol::PaymentPage, seen: UnixTime) -> PaymentPage {
    let decimals = page.decimals;
    PaymentPage {
        payments: page.payments.into_iter().map(|payment| one(payment, decimals)).collect(),
        earlier: page.earlier,
        seen: seconds(seen.seconds()),
    }
}

fn one(payment: AccountPayment, decimals: u8) -> AccountPayment {
    let currency = payment.currency.as_str();
    AccountPayment {
        number: payment.payment.into(),
        shown: money(payment.amount, currency, decimals),
        shop: payment.shop.into(),
        reference: payment.reference.as_str().to_owned(),
        amount: i64::try_from(payment.amount).unwrap_or(i64::MAX),
        currency: currency.to_owned(),
        state: payment.state.into(),
        time: seconds(payment.time.seconds()),
        since: seconds(payment.since.seconds()),
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
