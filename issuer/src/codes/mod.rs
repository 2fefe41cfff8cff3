//! The payment codes of this issuer: what they begin with, how many credentials they can tell apart, and the index that
//! leads from an alias to a credential.

mod alias_index;

use std::sync::atomic::{AtomicU64, Ordering};

use tegata::UnixTime;
use tegata::code::{OverlappingPrefixes, Prefixes, Scheme};

pub use alias_index::AliasIndexError;
pub(crate) use alias_index::{IndexReadiness, fill_index, index_readiness, periods_around};

use crate::crypto::Keys;
use crate::store::{Store, StoreError};

/// Why codes cannot begin with what is set.
#[derive(Debug, thiserror::Error)]
pub enum CodesError {
    /// The prefix was used with another alias period.
    #[error(
        "code_prefix {prefix} was used with alias_seconds = {before}: this cannot change, choose \
         another prefix for another period"
    )]
    OtherPeriod {
        /// The prefix that is set.
        prefix: String,
        /// The period that it has, in seconds.
        before: u32,
    },
    /// A code could belong to this prefix and to one that was used before.
    #[error("code_prefix: {0}")]
    Overlapping(#[from] OverlappingPrefixes),
    /// The index of aliases was not filled.
    #[error(transparent)]
    NotFilled(#[from] AliasIndexError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What codes of new credentials begin with, and how many there are.
#[derive(Debug)]
pub struct Codes {
    scheme: Scheme,
    /// Credentials under the prefix: counted now and then, and one more for each that this process makes. Of several
    /// processes none knows what the others made since: the limit is one of chances, and no cliff.
    under: AtomicU64,
}

impl Codes {
    /// Begins with a scheme under which nothing was counted yet.
    pub(crate) fn new(scheme: Scheme) -> Self {
        Self { scheme, under: AtomicU64::new(0) }
    }

    /// Puts a scheme into use, counts what is under it, and fills the index of aliases where it is not: after a long
    /// stop nobody would be found at first.
    ///
    /// # Errors
    /// [`CodesError`]; no prefix was put into use then that does not fit the others.
    pub async fn open(
        store: &Store,
        keys: &Keys,
        scheme: Scheme,
        now: UnixTime,
    ) -> Result<Self, CodesError> {
        fits(scheme, store.schemes().await?)?;
        // Another process may have put another one into use since.
        fits(scheme, store.add_scheme(scheme).await?)?;
        let codes = Self::new(scheme);
        codes.count(store).await?;
        match fill_index(store, keys, now).await {
            // It harms one shopper: the others are served, and the job that comes over it again raises the alarm.
            Err(error @ AliasIndexError::NotOpened) => {
                tracing::error!(%error, "an alias key cannot be opened: tills will decline its payment codes");
            }
            filled => filled?,
        }
        Ok(codes)
    }

    /// Gives prefix and alias period of a new credential.
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Tells whether there may be one more credential.
    pub(crate) fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// Gives how many more credentials there may be.
    pub(crate) fn room(&self) -> u64 {
        self.scheme.prefix.capacity().saturating_sub(self.under())
    }

    /// Gives how many credentials there are.
    pub(crate) fn under(&self) -> u64 {
        self.under.load(Ordering::Relaxed)
    }

    /// Counts a credential that was made.
    pub(crate) fn made_one(&self) {
        self.under.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the credentials in the store.
    pub(crate) async fn count(&self, store: &Store) -> Result<(), StoreError> {
        let prefix = self.scheme.prefix;
        let under = store.credentials_under(&prefix, prefix.capacity()).await?;
        self.under.store(under, Ordering::Relaxed);
        Ok(())
    }
}

/// That a prefix has its one alias period, and is no beginning of another.
fn fits(scheme: Scheme, mut used: Vec<Scheme>) -> Result<(), CodesError> {
    let before = used.iter().position(|used| used.prefix == scheme.prefix);
    if let Some(before) = before {
        let before = used.swap_remove(before).alias_period;
        if before != scheme.alias_period {
            let prefix = scheme.prefix.to_string();
            return Err(CodesError::OtherPeriod { prefix, before: before.seconds() });
        }
    }
    used.push(scheme);
    Prefixes::new(used)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tegata::code::AliasPeriod;

    use super::*;

    fn scheme(prefix: &str, seconds: u32) -> Scheme {
        let alias_period = AliasPeriod::new(seconds).unwrap();
        Scheme { prefix: prefix.parse().unwrap(), alias_period }
    }

    #[test]
    fn a_prefix_keeps_its_period_and_its_codes_to_itself() {
        let used = || vec![scheme("4960", 86_400), scheme("497012", 3600)];
        for good in [scheme("4960", 86_400), scheme("4961", 30), scheme("497013", 60)] {
            assert!(fits(good, used()).is_ok(), "{good:?}");
        }
        let said = fits(scheme("4960", 3600), used()).unwrap_err().to_string();
        assert!(said.contains("alias_seconds = 86400"), "{said}");
        for bad in [scheme("4970", 3600), scheme("49601", 86_400)] {
            assert!(matches!(fits(bad, used()), Err(CodesError::Overlapping(_))), "{bad:?}");
        }
    }

    #[test]
    fn there_is_room_up_to_the_capacity_of_the_prefix() {
        let codes = Codes::new(scheme("49601234", 86_400));
        codes.under.store(9_999, Ordering::Relaxed);
        assert!(codes.has_room());
        codes.made_one();
        assert!(!codes.has_room() && codes.under() == 10_000);
    }
}
