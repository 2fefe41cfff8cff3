//! Payments: a till sends a code, and it is taken once, or the till hears why not.
//!
//! What decides stands in one transaction of the [`store`](crate::store); here is what surrounds it.
//!
//! | file | idea |
//! |---|---|
//! | `mod` | [`Payments`] |
//! | `input` | what tills write: amounts and codes |
//! | `prefixes` | what codes that are taken here begin with |
//! | `prepared` | credentials kept ready for comparisons |
//! | `tills` | tills: how one is enrolled, how a request says whose it is, the till's card |
//! | `authorise`, `void` | what a till asks for |
//! | `view` | how an authorisation looks to a till |
//! | `charge` | the door to whoever charges cards |
//! | `charging` | charging them: once, or not at all |
//! | `notices` | what their owners are told |
//! | `counts`, `wrong_codes` | what is counted of them |

mod authorise;
mod charge;
mod charging;
mod counts;
mod input;
mod notices;
mod prefixes;
mod prepared;
mod tills;
mod view;
mod void;
mod wrong_codes;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tegata::UnixTime;
use tegata::code::ShopName;
use utoipa_axum::routes;

pub use crate::domain::{Amount, Currency, IdempotencyKey, Reference};
pub use charge::{Charge, Outcome};
pub use charging::{Charging, DEADLINE};
pub(crate) use counts::Counts;
pub use notices::Notices;
pub(crate) use tills::CODE_LIFE;
pub use tills::TillCode;
pub use view::{Status, View};
pub(crate) use wrong_codes::WrongCodes;

use crate::crypto::Keys;
use crate::domain::{AuthorisationId, Environment, EventId, PaymentRules};
use crate::http::problem::Problem;
use crate::http::router::Routes;
use crate::store::{EventRow, Store, StoreError};
use prefixes::Taken;
use prepared::Prepared;

/// The payments of an issuer. A clone is the same payments.
#[derive(Clone)]
pub struct Payments {
    store: Store,
    keys: Arc<Keys>,
    world: Environment,
    rules: PaymentRules,
    prefixes: Arc<Taken>,
    prepared: Arc<Prepared>,
    charge: Arc<dyn Charge>,
    notices: Arc<Notices>,
    counts: Counts,
    /// What stands on tills' cards as whose they are.
    name: ShopName,
    /// How many were asked for, so that their numbers are in their order.
    asked: Arc<AtomicU64>,
}

impl Payments {
    /// Those of a store.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn open(
        store: Store,
        keys: Arc<Keys>,
        world: Environment,
        rules: PaymentRules,
        charge: Arc<dyn Charge>,
        name: ShopName,
        counts: Counts,
    ) -> Result<Self, StoreError> {
        let prefixes = Arc::new(Taken::open(store.clone()).await?);
        let prepared = Arc::new(Prepared::new(Arc::clone(&keys)));
        let notices = Arc::new(Notices::new(Arc::clone(&keys), Arc::clone(&world.random)));
        Ok(Self {
            store,
            keys,
            world,
            rules,
            prefixes,
            prepared,
            charge,
            notices,
            counts,
            name,
            asked: Arc::default(),
        })
    }

    fn event(&self, deed: &str, actor: &str, now: UnixTime) -> Result<EventRow, Problem> {
        Ok(EventRow {
            id: EventId::make(now, 0, &*self.world.random)
                .map_err(|error| Problem::internal("making a number", &error))?,
            account: None,
            deed: deed.to_owned(),
            actor: actor.to_owned(),
            at: now,
            detail: "{}".to_owned(),
        })
    }

    fn authorisation_id(&self, now: UnixTime) -> Result<AuthorisationId, Problem> {
        let nth = self.asked.fetch_add(1, Ordering::Relaxed);
        let id = AuthorisationId::make(now, nth, &*self.world.random);
        id.map_err(|error| Problem::internal("making a number", &error))
    }
}

impl std::fmt::Debug for Payments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Payments")
    }
}

/// All routes of tills, for these payments.
#[must_use]
pub fn routes(payments: Payments) -> Routes {
    described().layer(axum::Extension(payments))
}

/// All of them with their description, and no payments behind them.
#[must_use]
pub fn described() -> Routes {
    Routes::new()
        .routes(routes!(tills::enrol))
        .routes(routes!(tills::till))
        .routes(routes!(tills::card))
        .routes(routes!(authorise::authorise, authorise::last))
        .routes(routes!(authorise::one))
        .routes(routes!(void::void))
}
