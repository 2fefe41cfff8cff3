//! The index of aliases, kept for the period that was, the one that is and the one to come.

use tegata::UnixTime;
use tegata::code::{AliasPeriod, CredentialId, Scheme, Step};

use crate::crypto::Keys;
use crate::domain::first_credential_of;
use crate::store::{IndexProgress, Store, StoreError};

/// Credentials whose aliases are written in one transaction.
const PAGE: u32 = 256;
/// Seconds that a credential may take from its number to its commit: what was made so lately is gone over once more. It
/// has brought its own aliases of the period that it was made in and of the next; this is for the one after that.
const LATE: i64 = 600;

/// How far the index of a prefix is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexReadiness {
    /// Seconds until codes come that nobody is found by; 0 if they come now.
    pub(crate) seconds: u64,
    /// The next period is not whole although this one is half over, or this one itself is not: an operator has to look.
    pub(crate) late: bool,
}

/// Why the index of aliases was not filled.
#[derive(Debug, thiserror::Error)]
pub enum AliasIndexError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something stands in the place of an alias key that was not sealed there.
    #[error("an alias key cannot be opened")]
    NotOpened,
}

/// Fills the index of all prefixes for the period that was, the one that is and the next, and drops what is older. A
/// key that cannot be opened harms one shopper: the others are filled in all the same, and it is reported.
pub(crate) async fn fill_index(
    store: &Store,
    keys: &Keys,
    now: UnixTime,
) -> Result<(), AliasIndexError> {
    let schemes = store.schemes().await?;
    let kept = kept_periods(&schemes, now);
    // Where they cannot be made or dropped, rows are in the default partition and are deleted one by one: the index is
    // filled all the same.
    let note = |done: Result<(), StoreError>| {
        if let Err(error) = done {
            tracing::warn!(%error, "the partitions of the payment code index stay as they are");
        }
    };
    note(store.make_alias_partitions(&kept).await);
    let mut all_opened = true;
    for scheme in schemes {
        let current = scheme.alias_period.index(Step::at(now));
        // What is needed first comes first: after a long stop even the current one is not there.
        let periods = [Some(current), current.checked_add(1), current.checked_sub(1)];
        for period in periods.into_iter().flatten() {
            all_opened &= fill_period(store, keys, scheme, period, now).await?;
        }
        let before = current.saturating_sub(1);
        note(store.drop_alias_partitions(before, &kept).await);
        store.drop_aliases(scheme.prefix, before).await?;
    }
    if all_opened { Ok(()) } else { Err(AliasIndexError::NotOpened) }
}

/// Gives the periods whose aliases any of these prefixes needs: those that are filled, and the one that new credentials
/// are written to as soon as the next begins.
fn kept_periods(schemes: &[Scheme], now: UnixTime) -> Vec<u64> {
    let around = |scheme: &Scheme| {
        let current = scheme.alias_period.index(Step::at(now));
        current.saturating_sub(1)..=current.saturating_add(2)
    };
    let mut periods: Vec<_> = schemes.iter().flat_map(around).collect();
    periods.sort_unstable();
    periods.dedup();
    periods
}

/// Fills one period; `false` if some key could not be opened. The period is not whole then.
async fn fill_period(
    store: &Store,
    keys: &Keys,
    scheme: Scheme,
    period: u64,
    now: UnixTime,
) -> Result<bool, StoreError> {
    let prefix = scheme.prefix;
    let Some(step) = first_step(scheme.alias_period, period) else { return Ok(true) };
    let filled = store.alias_index_progress(&prefix, period).await?;
    let lately = first_credential_of(now.shifted(-LATE));
    let mut after = filled.map_or(CredentialId([0; 16]), |fill| fill.up_to.min(lately));
    let mut up_to = after;
    let mut all_opened = true;
    let mut whole = filled.is_some_and(|fill| fill.is_complete);
    loop {
        let rows = store.alias_keys(&prefix, after, PAGE).await?;
        if whole && rows.is_empty() {
            return Ok(true);
        }
        after = rows.last().map_or(after, |row| row.id);
        let last = rows.len() < PAGE as usize;
        let mut aliases = Vec::with_capacity(rows.len());
        for row in rows {
            let key = keys.open_alias_key(row.account, row.id, &row.alias_key);
            match key {
                Ok(key) => aliases.push((row.id, key.derive(&prefix, scheme.alias_period, step))),
                Err(_) => all_opened = false,
            }
            // The next pass begins before the first that could not be opened.
            up_to = if all_opened { row.id } else { up_to };
        }
        whole = all_opened && (whole || last);
        store
            .fill_aliases(prefix, period, aliases, IndexProgress { up_to, is_complete: whole })
            .await?;
        if last {
            return Ok(all_opened);
        }
    }
}

/// How far the index of a prefix is ready.
pub(crate) async fn index_readiness(
    store: &Store,
    scheme: Scheme,
    now: UnixTime,
) -> Result<IndexReadiness, StoreError> {
    let length = u64::from(scheme.alias_period.seconds());
    let current = scheme.alias_period.index(Step::at(now));
    let over = now.seconds() % length;
    let mut whole = [false; 2];
    for (whole, period) in whole.iter_mut().zip([current, current + 1]) {
        let fill = store.alias_index_progress(&scheme.prefix, period).await?;
        *whole = fill.is_some_and(|fill| fill.is_complete);
    }
    Ok(match whole {
        [false, _] => IndexReadiness { seconds: 0, late: true },
        [true, false] => IndexReadiness { seconds: length - over, late: over * 2 >= length },
        [true, true] => IndexReadiness { seconds: 2 * length - over, late: false },
    })
}

/// The first step of a period, which is a multiple of steps long.
fn first_step(length: AliasPeriod, period: u64) -> Option<Step> {
    let start = period.checked_mul(length.seconds().into())?;
    UnixTime::new(start).ok().map(Step::at)
}

/// The periods that a new credential is found in, each with its first step.
pub(crate) fn periods_around(
    length: AliasPeriod,
    now: UnixTime,
) -> impl Iterator<Item = (u64, Step)> {
    let current = length.index(Step::at(now));
    let periods = current.saturating_sub(1)..=current.saturating_add(1);
    periods.filter_map(move |period| first_step(length, period).map(|step| (period, step)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::StoreUrl;

    #[tokio::test]
    async fn the_next_period_is_late_when_half_of_this_one_is_over() {
        const DAY: u64 = 86_400;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreUrl::Sqlite(folder.path().join("store"))).await.unwrap();
        let scheme = Scheme {
            prefix: "4960".parse().unwrap(),
            alias_period: AliasPeriod::new(86_400).unwrap(),
        };
        store.add_scheme(scheme).await.unwrap();
        let at = async |seconds| {
            let now = UnixTime::new(20_000 * DAY + seconds).unwrap();
            let IndexReadiness { seconds, late } =
                index_readiness(&store, scheme, now).await.unwrap();
            (seconds, late)
        };
        let filled = async |period, whole| {
            let up_to = CredentialId([1; 16]);
            store
                .fill_aliases(
                    scheme.prefix,
                    period,
                    Vec::new(),
                    IndexProgress { up_to, is_complete: whole },
                )
                .await
                .unwrap();
        };
        assert_eq!(at(0).await, (0, true), "nobody is found now");
        filled(20_000, true).await;
        assert_eq!(at(0).await, (DAY, false));
        // Begun is not whole.
        filled(20_001, false).await;
        assert_eq!(at(DAY / 2 - 1).await, (DAY / 2 + 1, false));
        assert_eq!(at(DAY / 2).await, (DAY / 2, true));
        assert_eq!(at(DAY - 1).await, (1, true));
        filled(20_001, true).await;
        assert_eq!(at(DAY / 2).await, (DAY + DAY / 2, false));
    }
}
