//! How many mails strangers may cause: each network, the block around it, and all sign-ups together.
//!
//! Anybody can have a mail sent to any address, by a sign-up or a reset. Budgets keep a flood of them short: what the mail
//! server is busy with, and what people get whom nobody asked. They are counted before anyone looks for an account, and
//! in memory: a flood writes no row.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tegata::UnixTime;

use super::AccountError;
use crate::domain::{Network, NetworkBlock, RefillingLimit, UsedUntil};

const HOUR: u64 = 60 * 60 * 1000;
/// Whose use is known at a time: some 4 MiB.
const KNOWN: usize = 64 * 1024;

/// Whose mails are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum BudgetOwner {
    Network(Network),
    Block(NetworkBlock),
    SignUps,
}

/// The budgets, and how much of each is used, in milliseconds.
pub(super) struct MailBudget {
    network: u64,
    sign_ups: u64,
    used: Mutex<HashMap<BudgetOwner, UsedUntil>>,
}

impl MailBudget {
    /// Allows so many mails in an hour for each network, and for sign-ups in total.
    pub(super) fn new(network: NonZeroU32, sign_ups: NonZeroU32) -> Self {
        Self {
            network: network.get().into(),
            sign_ups: sign_ups.get().into(),
            used: Mutex::default(),
        }
    }

    /// Takes one mail of a sign-up.
    pub(super) fn take_sign_up(&self, network: Network, now: UnixTime) -> Result<(), AccountError> {
        self.take(network, Some((BudgetOwner::SignUps, self.sign_ups)), now)
    }

    /// Takes one mail of a reset on a device that nobody knows.
    pub(super) fn take_reset(&self, network: Network, now: UnixTime) -> Result<(), AccountError> {
        self.take(network, None, now)
    }

    /// Takes one mail of all budgets that pay for it, or of none.
    fn take(
        &self,
        network: Network,
        total: Option<(BudgetOwner, u64)>,
        now: UnixTime,
    ) -> Result<(), AccountError> {
        let block = network.block();
        let of_block = self.network.saturating_mul(block.allowance());
        let payers = [
            Some((BudgetOwner::Network(network), self.network)),
            Some((BudgetOwner::Block(block), of_block)),
            total,
        ];
        let now = now.seconds().saturating_mul(1000);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        let mut wait = 0;
        for (payer, hourly) in payers.into_iter().flatten() {
            let limit = RefillingLimit { burst: hourly, interval: HOUR / hourly };
            match limit.take(used.get(&payer).copied().unwrap_or_default(), now) {
                Ok(after) => taken.push((payer, after)),
                Err(until) => wait = wait.max(until),
            }
        }
        if wait > 0 {
            return Err(AccountError::TooManyAttempts { wait: Duration::from_millis(wait) });
        }
        if used.len() + taken.len() > KNOWN {
            forget(&mut used, now);
        }
        used.extend(taken);
        Ok(())
    }
}

/// Forgets who used nothing, and, if that is not enough, the half that used least.
fn forget(used: &mut HashMap<BudgetOwner, UsedUntil>, now: u64) {
    used.retain(|_, until| until.moment() > now);
    if used.len() > KNOWN / 2 {
        let mut moments: Vec<UsedUntil> = used.values().copied().collect();
        let middle = moments.len() / 2;
        let median = *moments.select_nth_unstable(middle).1;
        used.retain(|owner, until| *until > median || *owner == BudgetOwner::SignUps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(network: u32, sign_ups: u32) -> MailBudget {
        MailBudget::new(NonZeroU32::new(network).unwrap(), NonZeroU32::new(sign_ups).unwrap())
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::new(1_800_000_000 + seconds).unwrap()
    }

    fn network(last: u8) -> Network {
        Network::of([192, 0, 2, last].into())
    }

    fn count(mut take: impl FnMut() -> Result<(), AccountError>) -> u32 {
        (0..100).map(|_| u32::from(take().is_ok())).sum()
    }

    #[test]
    fn a_network_has_a_budget_that_refills() {
        let budget = budget(6, 1000);
        assert_eq!(count(|| budget.take_reset(network(1), at(0))), 6);
        let Err(AccountError::TooManyAttempts { wait }) = budget.take_sign_up(network(1), at(0))
        else {
            panic!("a sign-up is a mail as well");
        };
        assert_eq!(wait, Duration::from_mins(10));
        assert_eq!(count(|| budget.take_reset(network(2), at(0))), 6);
        assert_eq!(count(|| budget.take_reset(network(1), at(600))), 1);
        assert_eq!(count(|| budget.take_reset(network(1), at(50_000))), 6);
    }

    #[test]
    fn the_block_around_networks_has_eight_times_as_much() {
        let budget = budget(6, 1000);
        let all: u32 = (0..20).map(|last| count(|| budget.take_reset(network(last), at(0)))).sum();
        assert_eq!(all, 48);
        assert_eq!(count(|| budget.take_reset(Network::of([198, 51, 100, 1].into()), at(0))), 6);
    }

    #[test]
    fn sign_ups_share_a_total_that_stops_no_reset() {
        let budget = budget(50, 70);
        let other = Network::of([198, 51, 100, 1].into());
        assert_eq!(count(|| budget.take_sign_up(network(1), at(0))), 50);
        assert_eq!(count(|| budget.take_sign_up(other, at(0))), 20);
        assert_eq!(count(|| budget.take_reset(other, at(0))), 30);
    }

    #[test]
    fn a_crowd_takes_no_more_memory_and_frees_nobody() {
        let budget = budget(2, u32::MAX);
        assert_eq!(count(|| budget.take_reset(network(1), at(0))), 2);
        for n in 0..150_000_u32 {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n * 256);
            let _ = budget.take_sign_up(Network::of(address.into()), at(0));
        }
        assert!(budget.used.lock().unwrap().len() <= KNOWN);
        assert!(budget.take_reset(network(1), at(0)).is_err());
    }
}
