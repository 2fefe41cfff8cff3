//! Payments: a till sends a code, and it is taken once, or the till hears why not.
//!
//! What decides stands in one transaction of the [`store`](crate::store); here is what surrounds it.
//!
//! | file | idea |
//! |---|---|
//! | `mod` | [`Payments`] |
//! | `authorise`, `void` | what a till asks for |
//! | `tills` | how a till is enrolled, how a request says whose it is, the till's card |
//! | `prefixes` | what codes that are taken here begin with |
//! | `candidate_cache` | credentials ready for comparisons |
//! | `authorisation_view` | how an authorisation looks to a till |
//! | `charger`, `processor_charger`, `busy_payments` | who charges cards: the interface, and charging once or not at all |
//! | `charge_metadata`, `reconciliation` | what is stored with a charge at the processor; charges compared with the rows |
//! | `receipt_writer` | what their owners are told |
//! | `counts`, `wrong_codes` | what is counted of them |

mod authorisation_view;
mod authorise;
mod busy_payments;
mod candidate_cache;
mod charge_metadata;
mod charger;
mod counts;
mod error;
mod prefixes;
mod processor_charger;
mod receipt_writer;
pub mod reconciliation;
mod tills;
mod void;
mod wrong_codes;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tegata::UnixTime;
use tegata::code::ShopName;

pub use authorisation_view::{AuthorisationView, ChargedCard, PaymentStatus};
pub(crate) use authorise::Sale;
pub use charger::{CardCharger, ChargeOutcome};
pub(crate) use counts::PaymentCounts;
pub(crate) use error::PaymentError;
pub use processor_charger::{DEADLINE, ProcessorCharger};
pub use receipt_writer::SealedReceiptWriter;
pub use tills::TillCode;
pub(crate) use tills::{CODE_LIFE, EnrolledTill};
pub(crate) use wrong_codes::WrongCodes;

use crate::crypto::Keys;
use crate::domain::{AuthorisationId, CardId, Environment, EventId, InternalError, PaymentRules};
use crate::store::{Authorisation, AuthorisationState, EventRow, Store, StoreError};
use candidate_cache::LruCandidateCache;
use prefixes::KnownPrefixes;

/// The payments of an issuer. A clone is the same payments.
#[derive(Clone)]
pub struct Payments {
    store: Store,
    keys: Arc<Keys>,
    environment: Environment,
    rules: PaymentRules,
    prefixes: Arc<KnownPrefixes>,
    candidates: Arc<LruCandidateCache>,
    charger: Arc<dyn CardCharger>,
    receipts: Arc<SealedReceiptWriter>,
    counts: PaymentCounts,
    /// What stands on tills' cards as whose they are.
    name: ShopName,
    /// How many were asked for, so that their numbers are in their order.
    requests: Arc<AtomicU64>,
}

impl Payments {
    /// Opens the payments of a store.
    ///
    /// # Errors
    /// The errors of the database.
    pub(crate) async fn open(
        store: Store,
        keys: Arc<Keys>,
        environment: Environment,
        rules: PaymentRules,
        charger: Arc<dyn CardCharger>,
        name: ShopName,
        counts: PaymentCounts,
    ) -> Result<Self, StoreError> {
        let prefixes = Arc::new(KnownPrefixes::open(store.clone()).await?);
        let candidates = Arc::new(LruCandidateCache::new(Arc::clone(&keys)));
        let receipts =
            Arc::new(SealedReceiptWriter::new(Arc::clone(&keys), Arc::clone(&environment.random)));
        Ok(Self {
            store,
            keys,
            environment,
            rules,
            prefixes,
            candidates,
            charger,
            receipts,
            counts,
            name,
            requests: Arc::default(),
        })
    }

    /// Gives the rules that payments are held to.
    pub(crate) fn rules(&self) -> &PaymentRules {
        &self.rules
    }

    /// Shows an authorisation under the number that it has outside.
    fn view(&self, authorisation: &Authorisation) -> AuthorisationView {
        AuthorisationView::of(authorisation, self.keys.payment_number(authorisation.id))
    }

    /// Shows an authorisation with the card that was charged, if it was.
    async fn view_with_card(&self, of: &Authorisation) -> Result<AuthorisationView, StoreError> {
        let was_charged =
            matches!(of.state, AuthorisationState::Charged | AuthorisationState::Refunded);
        let card = match of.card.filter(|_| was_charged) {
            Some(card) => self.store.card(of.account, CardId(card)).await?,
            None => None,
        };
        Ok(AuthorisationView { card: card.map(Into::into), ..self.view(of) })
    }

    fn event(&self, deed: &str, actor: &str, now: UnixTime) -> Result<EventRow, PaymentError> {
        Ok(EventRow {
            id: EventId::make(now, 0, &*self.environment.random)
                .map_err(|error| InternalError::new("making a number", &error))?,
            account: None,
            deed: deed.to_owned(),
            actor: actor.to_owned(),
            at: now,
            detail: "{}".to_owned(),
        })
    }

    fn authorisation_id(&self, now: UnixTime) -> Result<AuthorisationId, PaymentError> {
        let nth = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = AuthorisationId::make(now, nth, &*self.environment.random);
        id.map_err(|error| InternalError::new("making a number", &error).into())
    }
}

impl std::fmt::Debug for Payments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Payments")
    }
}
