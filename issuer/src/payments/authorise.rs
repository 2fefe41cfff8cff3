//! A till asks for a payment, and looks at those it asked for.

use std::sync::Arc;
use std::time::Duration;

use tegata::UnixTime;
use tegata::code::Digits;
use tegata::protocol::PaymentNumber;
use tokio::time::{Instant, timeout_at};

use super::authorisation_view::{AuthorisationView, PaymentStatus};
use super::charger::ChargeOutcome;
use super::{PaymentError, Payments};
use crate::domain::{Amount, Currency, IdempotencyKey, Reference, TokenHash};
use crate::processor::charge_amount;
use crate::store::{
    Authorisation, AuthorisationState, AuthoriseOutcome, AuthoriseRequest, NewAuthorisation,
    ParsedCode, SaleDetails,
};

/// How long a till that asks about a payment waits, from its request on, for the store and the processor together.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many of a till's last payments are shown.
const RECENT: u32 = 100;

/// A payment that a till asks for.
pub(crate) struct Sale<'a> {
    /// The hash of the till's token.
    pub(crate) token: TokenHash,
    /// What the till calls this try.
    pub(crate) key: IdempotencyKey,
    /// SHA-256 of the request's body.
    pub(crate) hash: [u8; 32],
    /// What was scanned or typed.
    pub(crate) code: &'a [u8],
    /// How much; `None` for more than any card can be charged with.
    pub(crate) amount: Option<Amount>,
    pub(crate) currency: Currency,
    /// The till's own number for the sale.
    pub(crate) reference: Reference,
}

impl Payments {
    /// Takes a code and charges the card behind it.
    pub(crate) async fn authorise(
        &self,
        sale: Sale<'_>,
    ) -> Result<AuthorisationView, PaymentError> {
        let view = self.authorise_sale(sale).await?;
        self.counts.count_answer(&view);
        Ok(view)
    }

    async fn authorise_sale(&self, sale: Sale<'_>) -> Result<AuthorisationView, PaymentError> {
        let until = Instant::now() + PATIENCE;
        let Sale { token, key, hash, code, amount, currency, reference } = sale;
        let Some(amount) = amount else {
            return Err(self.refusal(&token, PaymentError::TooMuch).await);
        };
        if currency != self.rules.currency {
            return Err(self.refusal(&token, PaymentError::OtherCurrency).await);
        }
        if charge_amount(amount.get(), currency.as_str()).is_none() {
            return Err(self.refusal(&token, PaymentError::Indivisible).await);
        }
        let details = SaleDetails {
            reference: reference.as_str().to_owned(),
            amount: amount.get(),
            currency: currency.as_str().to_owned(),
        };
        let now = self.environment.clock.now();
        let request = AuthoriseRequest {
            token,
            key: key.as_str().to_owned(),
            hash,
            code: self.parse_code(code, now).await?,
            sale: details.clone(),
            id: self.authorisation_id(now)?,
            now,
            limits: self.rules.limits(now),
        };
        let outcome = self.store.authorise(request, self.candidates.clone()).await?;
        let without_payment = |status, reason| AuthorisationView {
            amount: Some(details.amount),
            currency: Some(details.currency),
            reference: Some(details.reference),
            ..AuthorisationView::without_payment(status, reason, now)
        };
        Ok(match outcome {
            AuthoriseOutcome::UnknownTill => return Err(PaymentError::UnknownTill),
            AuthoriseOutcome::KeyReused => return Err(PaymentError::KeyReused),
            AuthoriseOutcome::ReferenceReused => return Err(PaymentError::ReferenceReused),
            AuthoriseOutcome::ForbiddenByVoid => without_payment(PaymentStatus::Voided, None),
            AuthoriseOutcome::Declined(reason) => {
                without_payment(PaymentStatus::Declined, Some(reason))
            }
            AuthoriseOutcome::Replayed(prior) => {
                self.view_with_card(&self.go_on_with(*prior, until).await).await?
            }
            AuthoriseOutcome::Repeated(prior) => {
                let prior = self.go_on_with(*prior, until).await;
                AuthorisationView { repeated: true, ..self.view_with_card(&prior).await? }
            }
            AuthoriseOutcome::Created(new) => self.charge(*new).await,
        })
    }

    /// Shows a payment of the till's.
    pub(crate) async fn payment(
        &self,
        token: &TokenHash,
        number: Option<PaymentNumber>,
    ) -> Result<AuthorisationView, PaymentError> {
        let until = Instant::now() + PATIENCE;
        let (till, _) = self.till(token).await?;
        let id = self.keys.authorisation_id(number.ok_or(PaymentError::NotFound)?);
        let found = self.store.authorisation(id).await?;
        if found.is_none() && self.store.detached_month_of(id).await?.is_some() {
            return Err(PaymentError::Detached);
        }
        let found = found.filter(|found| found.till == till).ok_or(PaymentError::NotFound)?;
        Ok(self.view_with_card(&self.go_on_with(found, until).await).await?)
    }

    /// Goes on with a payment that a till asks about and that is not over: one answer of the processor that failed is not
    /// to keep a cashier waiting until the job looks for it.
    async fn go_on_with(&self, found: Authorisation, until: Instant) -> Authorisation {
        if !found.state.is_open() {
            return found;
        }
        let charger = Arc::clone(&self.charger);
        let before = found.clone();
        // A task of its own: a till that disconnects, or waits no longer, does not break it off.
        let work = tokio::spawn(async move { charger.go_on(before).await });
        match timeout_at(until, work).await {
            Ok(Ok(after)) => after,
            _ => found,
        }
    }

    /// Shows the till's last payments, the newest first.
    pub(crate) async fn recent_payments(
        &self,
        token: &TokenHash,
    ) -> Result<Vec<AuthorisationView>, PaymentError> {
        let (till, _) = self.till(token).await?;
        let recent = self.store.authorisations_at(&till, RECENT).await?;
        Ok(recent.iter().map(|payment| self.view(payment)).collect())
    }

    /// Tells a till why its request is refused; whoever is no till hears that instead.
    async fn refusal(&self, token: &TokenHash, error: PaymentError) -> PaymentError {
        match self.store.till(token).await {
            Ok(Some(_)) => error,
            Ok(None) => PaymentError::UnknownTill,
            Err(error) => error.into(),
        }
    }

    async fn parse_code(&self, code: &[u8], now: UnixTime) -> Result<ParsedCode, PaymentError> {
        let Ok(digits) = Digits::parse(code) else { return Ok(ParsedCode::Malformed) };
        let decoded = self.prefixes.decode(&digits, now).await?;
        Ok(decoded
            .map_or(ParsedCode::Malformed, |(scheme, decoded)| ParsedCode::Parts(scheme, decoded)))
    }

    /// Shows a new payment after the card was charged for it.
    async fn charge(&self, new: NewAuthorisation) -> AuthorisationView {
        let view = self.view(&new.authorisation);
        if new.authorisation.state != AuthorisationState::Authorised {
            return view;
        }
        let card = new.card.clone().map(|card| card.registered.into());
        // A task of its own: a till that disconnects does not break it off.
        let charger = Arc::clone(&self.charger);
        let charge = tokio::spawn(async move { charger.charge(new).await });
        let status = match charge.await.unwrap_or(ChargeOutcome::Pending) {
            ChargeOutcome::Done => PaymentStatus::Approved,
            ChargeOutcome::Declined => PaymentStatus::Declined,
            ChargeOutcome::Pending => PaymentStatus::Pending,
        };
        let card = if status == PaymentStatus::Approved { card } else { None };
        AuthorisationView { status, card, ..view }
    }
}
