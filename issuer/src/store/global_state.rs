//! The state of the whole issuer: kill switches, and what an operator declared void.

use tegata::UnixTime;
use tegata_policy::Generation;
use tegata_policy::limits::FACTOR_STEP;

use super::Store;
use super::error::StoreError;
use super::event_row::EventRow;
use super::sql::{Row, Statement, values};
use super::transaction::Transaction;

/// A kill switch: an operator can stop these requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KillSwitch {
    /// Sign-ups of new accounts.
    SignUp = 1,
    /// Log-ins with a password.
    LogIn = 1 << 1,
    /// Resets of a password by mail.
    Reset = 1 << 2,
    /// Requests for payment credentials.
    Provisioning = 1 << 3,
    /// Payments at the till.
    Payments = 1 << 4,
}

impl KillSwitch {
    /// All kill switches that there are.
    pub const ALL: [Self; 5] =
        [Self::SignUp, Self::LogIn, Self::Reset, Self::Provisioning, Self::Payments];

    /// Gives the name that operators use.
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

/// The kill switches that are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KillSwitchSet(u8);

impl KillSwitchSet {
    const ALL: Self = Self((1 << KillSwitch::ALL.len()) - 1);

    /// Says whether this kill switch is on.
    #[must_use]
    pub const fn contains(self, switch: KillSwitch) -> bool {
        self.0 & switch as u8 != 0
    }

    /// Reads the bits of a row. An unknown bit was set by a newer program: then everything is stopped.
    fn read(bits: i64) -> Self {
        u8::try_from(bits).ok().filter(|bits| bits & !Self::ALL.0 == 0).map_or(Self::ALL, Self)
    }
}

/// The state of the whole issuer, as the transaction that read it saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalState {
    /// The current generation; sessions and credentials of another one are void.
    pub generation: Generation,
    /// The time step of the second factor up to which its values count as used.
    pub used_up_to: u64,
    /// The kill switches that are on.
    pub stopped: KillSwitchSet,
}

/// Reads all its columns. A missing or unreadable row is an error, which callers treat as stopped.
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

    pub(super) fn from_rows(rows: Vec<Row>) -> Result<Self, StoreError> {
        let row = rows.into_iter().next().ok_or(StoreError::Unreadable("standing"))?;
        Self::read(&mut row.of_table("standing"))
    }
}

/// An operator's command about all accounts at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminCommand {
    /// Turns a kill switch on.
    Stop(KillSwitch),
    /// Turns a kill switch off.
    Resume(KillSwitch),
    /// Turns all kill switches on.
    StopAll,
    /// Turns all kill switches off.
    ResumeAll,
    /// Makes all sessions, resets and payment credentials void.
    RevokeAll,
    /// Does what `RevokeAll` does after a restore, and makes the values of the second factor up to three steps after
    /// this time count as used, since nobody knows which were.
    FenceAfterRestore(UnixTime),
}

/// Steps of the second factor that are refused after that of a restore.
const FENCE_STEPS: u64 = 3;

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
            Self::FenceAfterRestore(now) => (RAISE, now.seconds() / FACTOR_STEP + FENCE_STEPS),
        };
        Statement::new(sql, values![value]).error_if_no_rows(StoreError::Unreadable("standing"))
    }
}

impl Store {
    /// Reads the state of the whole issuer.
    ///
    /// # Errors
    /// Errors of the database; callers that ask about a kill switch treat them as "stopped".
    pub async fn global_state(&self) -> Result<GlobalState, StoreError> {
        GlobalState::from_rows(self.database.rows(STANDING, values![]).await?)
    }

    /// Runs an operator's command and logs it; gives the global state from now on.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn apply_admin_command(
        &self,
        command: AdminCommand,
        event: EventRow,
    ) -> Result<GlobalState, StoreError> {
        self.database
            .write(move |transaction| {
                let event = event.clone();
                Box::pin(async move {
                    let writes = [command.statement()].into_iter().chain(event.statements());
                    transaction.write(writes.collect()).await?;
                    read_global_state(transaction).await
                })
            })
            .await
    }
}

/// Reads the state of the whole issuer as a transaction sees it.
pub(super) async fn read_global_state(
    transaction: &mut dyn Transaction,
) -> Result<GlobalState, StoreError> {
    GlobalState::from_rows(transaction.rows(STANDING, values![]).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kill_switches_mean_stopped() {
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
