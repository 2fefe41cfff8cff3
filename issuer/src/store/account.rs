//! An account as it is read.

use std::collections::BTreeMap;

use tegata::protocol::{DeviceId, SessionId};
use tegata_policy::{Account, SecretId, SecretKind};

use super::error::StoreError;
use super::global_state::GlobalState;
use super::sealed_columns::{kind, sealed};
use super::sql::Row;
use crate::domain::{AccountId, Sealed};

/// An account with its secrets and the global state, as of one moment.
#[derive(Clone, Debug)]
pub struct LoadedAccount {
    /// The state that the policy decides by.
    pub state: Account,
    /// The secrets that the state names by number.
    pub secrets: BTreeMap<SecretId, (SecretKind, Sealed)>,
    /// The number of its changes so far.
    pub version: u64,
    /// The state of the whole issuer.
    pub global_state: GlobalState,
}

/// The session that a token belongs to, with its account.
#[derive(Clone, Debug)]
pub struct SessionContext {
    /// The account that the session is of.
    pub account: AccountId,
    /// The session's number in the account. Whether it is valid is for the account's state to say.
    pub session: SessionId,
    /// The state that the policy decides by.
    pub state: Account,
    /// The state of the whole issuer.
    pub global_state: GlobalState,
}

/// Reads by session all that a request in a session needs, in one row.
pub(super) const IN_SESSION: &str = "SELECT s.account, s.session, a.state, t.generation, t.used_up_to, \
    t.stopped, r.hash, r.answer FROM sessions s JOIN accounts a ON a.account = s.account \
    LEFT JOIN standing t ON t.one = 1 LEFT JOIN signed_requests r ON r.device = $1 AND r.request = $2 \
    WHERE s.token = $3";

/// Reads the account once for each of its secrets, or once with nulls: in one statement, so that all is of one moment.
pub(super) const LOAD: &str = "SELECT t.generation, t.used_up_to, t.stopped, a.state, a.version, \
    s.secret, s.kind, s.key, s.sealed FROM accounts a LEFT JOIN standing t ON t.one = 1 \
    LEFT JOIN secrets s ON s.account = a.account WHERE a.account = $1";

/// Reads, in a change, the row that is locked.
pub(super) const ACCOUNT: &str = "SELECT state, version FROM accounts WHERE account = $1";
pub(super) const SECRETS: &str = "SELECT secret, kind, key, sealed FROM secrets WHERE account = $1";

fn state(text: &str) -> Result<Account, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("accounts"))
}

impl LoadedAccount {
    /// Whether the account knows this device.
    #[must_use]
    pub fn knows(&self, device: DeviceId) -> bool {
        let Account::Active(active) = &self.state else { return false };
        active.devices().iter().any(|known| known.id == device)
    }

    pub(super) fn from_load(rows: Vec<Row>) -> Result<Option<Self>, StoreError> {
        let mut loaded: Option<Self> = None;
        for row in rows {
            let mut row = row.of_table("accounts");
            let global_state = GlobalState::read(&mut row)?;
            let text = row.text()?;
            let version = row.int()?;
            let loaded = match &mut loaded {
                Some(loaded) => loaded,
                none => none.insert(Self {
                    state: state(&text)?,
                    secrets: BTreeMap::new(),
                    version,
                    global_state,
                }),
            };
            if let Some(secret) = row.optional(Row::int)? {
                loaded.add_secret(SecretId(secret), &mut row)?;
            }
        }
        Ok(loaded)
    }

    pub(super) fn from_change(
        account: Row,
        secrets: Vec<Row>,
        global_state: GlobalState,
    ) -> Result<Self, StoreError> {
        let mut account = account.of_table("accounts");
        let state = state(&account.text()?)?;
        let version = account.int()?;
        let mut loaded = Self { state, secrets: BTreeMap::new(), version, global_state };
        for row in secrets {
            let mut row = row.of_table("secrets");
            let secret = SecretId(row.int()?);
            loaded.add_secret(secret, &mut row)?;
        }
        Ok(loaded)
    }

    fn add_secret(&mut self, secret: SecretId, row: &mut Row) -> Result<(), StoreError> {
        let kind = kind(row)?;
        self.secrets.insert(secret, (kind, sealed(row)?));
        Ok(())
    }
}

impl SessionContext {
    pub(super) fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            account: AccountId(row.array()?),
            session: SessionId(row.int()?),
            state: state(&row.text()?)?,
            global_state: GlobalState::read(row)?,
        })
    }
}
