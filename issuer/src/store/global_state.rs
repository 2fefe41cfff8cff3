//! What holds for all accounts: which acts are stopped, and what was declared void.

use tegata::UnixTime;
use tegata_policy::Generation;
use tegata_policy::limits::FACTOR_STEP;

use super::StoreError;
use super::sql::{Row, Statement, values};

/// An act that an operator can stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KillSwitch {
    /// New accounts.
    SignUp = 1,
    /// Sessions on a password.
    LogIn = 1 << 1,
    /// Resets of a password.
    Reset = 1 << 2,
    /// Payment credentials.
    Provisioning = 1 << 3,
    /// Authorisations at the till.
    Payments = 1 << 4,
}

impl KillSwitch {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::SignUp, Self::LogIn, Self::Reset, Self::Provisioning, Self::Payments];

    /// As operators write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::LogIn => "log-in",
            Self::Reset => "reset",
            Self::Provisioning => "provisioning",
            Self::Payments => "payments",
        }
    }
}

/// Which acts are stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KillSwitchSet(u8);

impl KillSwitchSet {
    const ALL: Self = Self((1 << KillSwitch::ALL.len()) - 1);

    /// Whether this one is.
    #[must_use]
    pub const fn contains(self, switch: KillSwitch) -> bool {
        self.0 & switch as u8 != 0
    }

    /// A set that names what we do not know was written by someone who knows more: all is stopped.
    fn read(bits: i64) -> Self {
        u8::try_from(bits).ok().filter(|bits| bits & !Self::ALL.0 == 0).map_or(Self::ALL, Self)
    }
}

/// What holds for all accounts, as it stood in the transaction that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalState {
    /// What was made under another generation is void.
    pub generation: Generation,
    /// Values of the second factor of steps up to this one count as used.
    pub used_up_to: u64,
    /// What is stopped.
    pub stopped: KillSwitchSet,
}

/// All columns of it. A row that is not there, or not ours, is an error, so that nothing happens: it means stopped.
pub(super) const STANDING: &str =
    "SELECT generation, used_up_to, stopped FROM standing WHERE one = 1";

impl GlobalState {
    pub(super) fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            generation: Generation(row.int()?),
            used_up_to: row.int()?,
            stopped: KillSwitchSet::read(row.int()?),
        })
    }

    pub(super) fn of(rows: Vec<Row>) -> Result<Self, StoreError> {
        let row = rows.into_iter().next().ok_or(StoreError::Unreadable("standing"))?;
        Self::read(&mut row.of("standing"))
    }
}

/// What an operator does to all accounts at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminCommand {
    /// An act is stopped.
    Stop(KillSwitch),
    /// An act goes on.
    Resume(KillSwitch),
    /// All acts are stopped.
    StopAll,
    /// All acts go on.
    ResumeAll,
    /// All sessions, resets and payment credentials are void.
    RevokeAll,
    /// A restore: what `RevokeAll` does, and the values of the second factor up to three steps after this time count as
    /// used, since nobody knows which were.
    FenceAfterRestore(UnixTime),
}

/// How many steps of the second factor after a restore's own are refused.
const FENCE: u64 = 3;

impl AdminCommand {
    pub(super) fn statement(self) -> Statement {
        const STOP: &str = "UPDATE standing SET stopped = stopped | $1 WHERE one = 1";
        const RESUME: &str = "UPDATE standing SET stopped = (stopped | $1) - $1 WHERE one = 1";
        const RAISE: &str = "UPDATE standing SET generation = generation + 1, \
            used_up_to = CASE WHEN used_up_to < $1 THEN $1 ELSE used_up_to END WHERE one = 1";
        let all = KillSwitchSet::ALL.0;
        let (sql, value) = match self {
            Self::Stop(switch) => (STOP, u64::from(switch as u8)),
            Self::Resume(switch) => (RESUME, u64::from(switch as u8)),
            Self::StopAll => (STOP, all.into()),
            Self::ResumeAll => (RESUME, all.into()),
            Self::RevokeAll => (RAISE, 0),
            Self::FenceAfterRestore(now) => (RAISE, now.seconds() / FACTOR_STEP + FENCE),
        };
        Statement::new(sql, values![value]).or(StoreError::Unreadable("standing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_means_stopped() {
        assert!(!KillSwitch::ALL.iter().any(|switch| KillSwitchSet::read(0).contains(*switch)));
        let only = KillSwitchSet::read(4);
        assert!(only.contains(KillSwitch::Reset) && !only.contains(KillSwitch::Payments));
        for unknown in [32, 33, 256, -1, i64::MAX] {
            assert!(
                KillSwitch::ALL.iter().all(|switch| KillSwitchSet::read(unknown).contains(*switch))
            );
        }
    }
}
