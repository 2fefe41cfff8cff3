//! Attempts, counted for rate limits.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tegata::UnixTime;
use tegata_policy::limits::{AttemptLimit, RecentAttempts};

use super::Store;
use super::error::StoreError;
use super::sql::{Statement, values};
use super::transaction::Transaction;
use crate::domain::{RefillingLimit, ThrottleKey, UsedUntil};

const MAKE: &str =
    "INSERT INTO throttle (key, taken, until) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
const READ: &str = "SELECT taken FROM throttle WHERE key = $1";
const KEEP: &str = "UPDATE throttle SET taken = $1, until = $2 WHERE key = $3";

/// The budget of a stranger's request: of whoever asks for this address from this network, with the block around that
/// one, and of all who ask for the address.
#[derive(Clone, Copy, Debug)]
pub struct StrangersBudget {
    /// The row of the address and the block of networks.
    pub block: ThrottleKey,
    /// The network's number within its block.
    pub part: u8,
    /// What one network has.
    pub of_network: RefillingLimit,
    /// What all networks of the block have together.
    pub of_block: RefillingLimit,
    /// The row of the address.
    pub address: ThrottleKey,
    /// What all strangers who ask for the address have together.
    pub of_address: RefillingLimit,
    /// A random number, where places are drawn among the networks that wait once the address has used up what it had;
    /// `None` where whoever comes first is served.
    pub draw: Option<u64>,
}

impl StrangersBudget {
    /// Names the network among those that wait, without saying which it is.
    fn network(&self) -> String {
        format!("{}-{}", hex::encode(&self.block.0[..8]), self.part)
    }
}

/// For how many seconds a network that waits stays among those that a place is drawn for.
const WAITS: u64 = 10 * 60;
/// For how many seconds a place is kept for the network that was drawn.
const PLACE: u64 = 20;
/// How many networks wait at most for one address.
const WAITING: usize = 256;

/// What all strangers used of an address, and the networks that wait for more.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressUse {
    used: UsedUntil,
    /// The networks that wait, each with the second at which it is forgotten.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    waiting: BTreeMap<String, u64>,
    /// The network that was drawn, and until when the place is kept for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drawn: Option<(String, u64)>,
}

impl AddressUse {
    /// Uses one attempt of the address. Once it had none left, the next is drawn at random among the networks that ask
    /// for it: an attacker who asks more often, or sooner, has no better chance by it.
    fn take(&mut self, budget: &StrangersBudget, now: u64) -> Result<(), Duration> {
        let next = budget.of_address.take(self.used, now);
        let Some(draw) = budget.draw else {
            self.used = next.map_err(Duration::from_secs)?;
            return Ok(());
        };
        self.waiting.retain(|_, until| *until > now);
        let network = budget.network();
        if next.is_err() || !self.waiting.is_empty() {
            if self.waiting.len() >= WAITING && !self.waiting.contains_key(&network) {
                self.waiting.pop_first();
            }
            self.waiting.insert(network.clone(), now.saturating_add(WAITS));
        }
        let next = next.map_err(Duration::from_secs)?;
        if !self.waiting.is_empty() {
            let is_kept =
                |(name, until): &(String, u64)| *until > now && self.waiting.contains_key(name);
            let drawn = self.drawn.take().filter(is_kept);
            let count = self.waiting.len() as u64;
            let nth = usize::try_from(draw % count).unwrap_or_default();
            let anyone = || self.waiting.keys().nth(nth).cloned().unwrap_or_default();
            let drawn = drawn.unwrap_or_else(|| (anyone(), now.saturating_add(PLACE)));
            if drawn.0 != network {
                let wait = drawn.1.saturating_sub(now).max(1);
                self.drawn = Some(drawn);
                return Err(Duration::from_secs(wait));
            }
            self.waiting.remove(&network);
        }
        self.used = next;
        Ok(())
    }

    fn until(&self) -> u64 {
        self.waiting.values().copied().chain([self.used.moment()]).max().unwrap_or_default()
    }
}

/// Whether a stranger's request is within its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetOutcome {
    /// It is, and was counted.
    Within,
    /// The network, or the block around it, used up its share: it has to wait so long.
    NetworkUsedUp(Duration),
    /// All networks together used up what the address has.
    AddressUsedUp(Duration),
}

/// What one block of networks used, all together and each by its number. Those that limit nothing any more are dropped.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockUse {
    all: UsedUntil,
    parts: BTreeMap<u8, UsedUntil>,
}

impl BlockUse {
    /// Uses one attempt of the network and of its block.
    fn take(&mut self, budget: &StrangersBudget, now: u64) -> Result<(), Duration> {
        self.parts.retain(|_, used| used.moment() > now);
        let part = self.parts.get(&budget.part).copied().unwrap_or_default();
        let part = budget.of_network.take(part, now).map_err(Duration::from_secs)?;
        self.all = budget.of_block.take(self.all, now).map_err(Duration::from_secs)?;
        self.parts.insert(budget.part, part);
        Ok(())
    }

    fn until(&self) -> u64 {
        self.parts.values().copied().chain([self.all]).max().unwrap_or_default().moment()
    }
}

/// Reads a row for update, and makes it if it is not there.
async fn row_for_update<T: DeserializeOwned>(
    transaction: &mut dyn Transaction,
    key: ThrottleKey,
    empty: &'static str,
) -> Result<T, StoreError> {
    transaction.write(vec![Statement::new(MAKE, values![key.0, empty.to_owned()])]).await?;
    let rows = transaction.rows_for_update(READ, values![key.0]).await?;
    // Another process pruned it between the two: no attempt is given away.
    let row = rows.into_iter().next().ok_or(StoreError::Unavailable("busy"))?;
    let text = row.of_table("throttle").text()?;
    serde_json::from_str(&text).map_err(|_| StoreError::Unreadable("throttle"))
}

/// Writes a row that was read.
async fn keep_row(
    transaction: &mut dyn Transaction,
    key: ThrottleKey,
    value: &impl Serialize,
    until: u64,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(value).map_err(|_| StoreError::Unreadable("throttle"))?;
    transaction.write(vec![Statement::new(KEEP, values![text, until, key.0])]).await
}

impl Store {
    /// Counts a stranger's request, unless its budget is used up: then nothing is counted.
    ///
    /// # Errors
    /// Errors of the database; callers treat them as "used up".
    pub async fn take_from_budget(
        &self,
        budget: StrangersBudget,
        now: UnixTime,
    ) -> Result<BudgetOutcome, StoreError> {
        let now = now.seconds();
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    // Every request takes the rows in this order, so that no two wait for each other.
                    let mut of_address: AddressUse =
                        row_for_update(transaction, budget.address, r#"{"used":0}"#).await?;
                    let mut of_block: BlockUse =
                        row_for_update(transaction, budget.block, r#"{"all":0,"parts":{}}"#)
                            .await?;
                    if let Err(wait) = of_block.take(&budget, now) {
                        return Ok(BudgetOutcome::NetworkUsedUp(wait));
                    }
                    let taken = of_address.take(&budget, now);
                    let until = of_address.until();
                    keep_row(transaction, budget.address, &of_address, until).await?;
                    if let Err(wait) = taken {
                        return Ok(BudgetOutcome::AddressUsedUp(wait));
                    }
                    keep_row(transaction, budget.block, &of_block, of_block.until()).await?;
                    Ok(BudgetOutcome::Within)
                })
            })
            .await
    }

    /// Takes one of the attempts that a rate limit allows; gives how long to wait if none is left.
    ///
    /// # Errors
    /// Errors of the database; callers treat them as "none left".
    pub async fn take_attempt(
        &self,
        key: ThrottleKey,
        limit: AttemptLimit,
        now: UnixTime,
    ) -> Result<Option<Duration>, StoreError> {
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let mut used: RecentAttempts = row_for_update(transaction, key, "[]").await?;
                    let wait = used.take_or_wait(limit, now).err().map(Duration::from_secs);
                    let until = used.expires_at(limit).seconds();
                    keep_row(transaction, key, &used, until).await?;
                    Ok(wait)
                })
            })
            .await
    }

    /// Deletes the attempts of limits that have run out, and the counts of decoys after an hour.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn prune_throttle(&self, now: UnixTime) -> Result<(), StoreError> {
        let hour_ago = (now.seconds() / 60).saturating_sub(60);
        self.write_one("DELETE FROM decoy_events WHERE minute < $1", values![hour_ago]).await?;
        self.write_one("DELETE FROM throttle WHERE until <= $1", values![now.seconds()]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(part: u8, draw: u64) -> StrangersBudget {
        StrangersBudget {
            block: ThrottleKey([1; 32]),
            part,
            of_network: RefillingLimit { burst: 3, interval: 3600 },
            of_block: RefillingLimit { burst: 24, interval: 450 },
            address: ThrottleKey([2; 32]),
            of_address: RefillingLimit { burst: 2, interval: 180 },
            draw: Some(draw),
        }
    }

    #[test]
    fn a_network_leaves_its_block_what_the_others_have() {
        let mut used = BlockUse::default();
        for _ in 0..3 {
            used.take(&budget(7, 0), 1000).unwrap();
        }
        assert_eq!(used.take(&budget(7, 0), 1000), Err(Duration::from_hours(1)));
        for part in 10..17 {
            for _ in 0..3 {
                used.take(&budget(part, 0), 1000).unwrap();
            }
        }
        assert_eq!(used.take(&budget(99, 0), 1000), Err(Duration::from_secs(450)), "the block");
        assert_eq!(used.until(), 1000 + 24 * 450);
        used.take(&budget(99, 0), 1450).unwrap();
        used.take(&budget(7, 0), 1000 + 9 * 3600).unwrap();
        assert_eq!(used.parts.len(), 1, "what limits nothing is forgotten");
    }

    #[test]
    fn the_next_place_is_drawn_among_those_who_wait() {
        let mut used = AddressUse::default();
        let mut take =
            |part, draw, now| used.take(&budget(part, draw), now).map_err(|w| w.as_secs());
        assert_eq!([take(1, 0, 1000), take(1, 0, 1000)], [Ok(()), Ok(())]);
        assert_eq!([take(1, 0, 1000), take(2, 0, 1000), take(3, 0, 1000)], [Err(180); 3]);
        // The first network asks first and often, and the third was drawn.
        assert_eq!(take(1, 2, 1180), Err(20));
        assert_eq!(take(1, 0, 1185), Err(15));
        assert_eq!(take(2, 1, 1186), Err(14));
        assert_eq!(take(3, 0, 1187), Ok(()));
        assert_eq!(take(1, 0, 1188), Err(172));
        // Whoever was drawn and does not come loses the place.
        assert_eq!(take(1, 1, 1360), Err(20));
        assert_eq!(take(1, 0, 1380), Ok(()));
        // Nobody waits for ever: who has not asked for ten minutes is forgotten.
        assert_eq!(take(4, 0, 5000), Ok(()));
    }
}
