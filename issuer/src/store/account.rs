//! An account as it is kept, and what a change writes.

use std::collections::BTreeMap;

use tegata::UnixTime;
use tegata::protocol::SessionId;
use tegata_policy::{Account, AuditEvent, SecretId, SecretKind};

use super::outbox::MailPriority;
use super::sql::{Row, Statement, values};
use super::{CardChange, GlobalState, NewCredential, StoreError, cards, credentials};
use crate::domain::{
    AccountId, EventId, HandleKey, MailId, Sealed, TokenHash, secret_kind, secret_kind_number,
};

/// An account with all that is kept beside it, as of one moment.
#[derive(Clone, Debug)]
pub struct LoadedAccount {
    /// What is decided by.
    pub state: Account,
    /// What its numbers stand for.
    pub secrets: BTreeMap<SecretId, (SecretKind, Sealed)>,
    /// How often it was changed.
    pub version: u64,
    /// What holds for all accounts.
    pub global_state: GlobalState,
}

/// What a session's token leads to.
#[derive(Clone, Debug)]
pub struct SessionContext {
    /// Whose session it is.
    pub account: AccountId,
    /// Which. Whether it counts is for the account to say.
    pub session: SessionId,
    /// The account.
    pub state: Account,
    /// What holds for all accounts.
    pub global_state: GlobalState,
}

/// What is written together, or not at all.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// The account's state; `None` leaves it as it is.
    pub state: Option<Account>,
    /// Secrets to keep.
    pub keep: Vec<(SecretId, SecretKind, Sealed)>,
    /// Secrets to keep no longer.
    pub forget: Vec<SecretId>,
    /// What the account is found by from now on. Another account's fails the whole change.
    pub claim: Vec<HandleKey>,
    /// What it is found by no longer; done before anything is claimed.
    pub release: Vec<HandleKey>,
    /// Sessions that are found by their tokens.
    pub sessions_made: Vec<(TokenHash, SessionId)>,
    /// Sessions that are found no longer.
    pub sessions_ended: Vec<SessionId>,
    /// The account is found by nothing any more and nothing is kept beside it. Mails still go out.
    pub erase: bool,
    /// A payment credential that is made.
    pub credential: Option<NewCredential>,
    /// What is done to its cards. One that it does not have fails the whole change.
    pub card: Option<CardChange>,
    /// Mails.
    pub outbox: Vec<OutboxMail>,
    /// What happened.
    pub events: Vec<EventRow>,
}

/// A mail, sealed.
#[derive(Clone, Debug)]
pub struct OutboxMail {
    /// Its number.
    pub id: MailId,
    /// When it was made, which is when it can go.
    pub made: UnixTime,
    /// Before which others.
    pub rank: MailPriority,
    /// To whom, and what.
    pub letter: Sealed,
}

/// A line of the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its number.
    pub id: EventId,
    /// Whose account it is about, if any. What became of a payment says so in its detail instead: see
    /// [`whose`](Self::whose).
    pub account: Option<AccountId>,
    /// What was done, as [`deed`] names it, or an operator's act.
    pub deed: String,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: UnixTime,
    /// More, in JSON. It names no one and holds nothing secret.
    pub detail: String,
}

/// A deed's name in the log.
#[must_use]
pub fn audit_event_name(event: AuditEvent) -> String {
    // A unit variant is a string.
    let name = serde_json::to_value(event).ok();
    name.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// By session: everything that a request in a session needs, in one row.
pub(super) const IN_SESSION: &str = "SELECT s.account, s.session, a.state, t.generation, t.used_up_to, t.stopped FROM sessions s \
    JOIN accounts a ON a.account = s.account LEFT JOIN standing t ON t.one = 1 WHERE s.token = $1";

/// The account once for each of its secrets, or once with nulls: one statement, so that all is of one moment.
pub(super) const LOAD: &str = "SELECT t.generation, t.used_up_to, t.stopped, a.state, a.version, \
    s.secret, s.kind, s.key, s.sealed FROM accounts a LEFT JOIN standing t ON t.one = 1 \
    LEFT JOIN secrets s ON s.account = a.account WHERE a.account = $1";

/// In a change: the row that it locks, then what hangs on it.
pub(super) const ACCOUNT: &str = "SELECT state, version FROM accounts WHERE account = $1";
pub(super) const SECRETS: &str = "SELECT secret, kind, key, sealed FROM secrets WHERE account = $1";

fn state(text: &str) -> Result<Account, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("accounts"))
}

fn write_state(state: &Account) -> Result<String, StoreError> {
    serde_json::to_string(state).map_err(|_| StoreError::Unreadable("accounts"))
}

pub(super) fn kind(number: u8) -> Result<SecretKind, StoreError> {
    secret_kind(number).ok_or(StoreError::Unreadable("secrets"))
}

pub(super) fn sealed(row: &mut Row) -> Result<Sealed, StoreError> {
    Ok(Sealed { key: row.int()?, bytes: row.blob()? })
}

impl LoadedAccount {
    pub(super) fn of_load(rows: Vec<Row>) -> Result<Option<Self>, StoreError> {
        let mut loaded: Option<Self> = None;
        for row in rows {
            let mut row = row.of("accounts");
            let global_state = GlobalState::read(&mut row)?;
            let (text, version) = (row.text()?, row.int()?);
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

    pub(super) fn of_change(
        account: Row,
        secrets: Vec<Row>,
        global_state: GlobalState,
    ) -> Result<Self, StoreError> {
        let mut account = account.of("accounts");
        let state = state(&account.text()?)?;
        let version = account.int()?;
        let mut loaded = Self { state, secrets: BTreeMap::new(), version, global_state };
        for row in secrets {
            let mut row = row.of("secrets");
            let secret = SecretId(row.int()?);
            loaded.add_secret(secret, &mut row)?;
        }
        Ok(loaded)
    }

    fn add_secret(&mut self, secret: SecretId, row: &mut Row) -> Result<(), StoreError> {
        let kind = kind(row.int()?)?;
        self.secrets.insert(secret, (kind, sealed(row)?));
        Ok(())
    }
}

impl SessionContext {
    pub(super) fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of("sessions");
        Ok(Self {
            account: AccountId(row.array()?),
            session: SessionId(row.int()?),
            state: state(&row.text()?)?,
            global_state: GlobalState::read(&mut row)?,
        })
    }
}

impl AccountChange {
    /// All that it writes for a new account.
    pub(super) fn create(mut self, account: AccountId) -> Result<Vec<Statement>, StoreError> {
        const INSERT: &str = "INSERT INTO accounts (account, state, version) VALUES ($1, $2, 1) \
            ON CONFLICT DO NOTHING";
        let state = self.state.take().ok_or(StoreError::Unreadable("accounts"))?;
        let insert = Statement::new(INSERT, values![account.0, write_state(&state)?]);
        let mut statements = vec![insert.or(StoreError::AccountExists)];
        self.beside(account, 0, &mut statements);
        Ok(statements)
    }

    /// All that it writes for the account as it was read.
    pub(super) fn statements(
        mut self,
        account: AccountId,
        before: &LoadedAccount,
    ) -> Result<Vec<Statement>, StoreError> {
        const UPDATE: &str = "UPDATE accounts SET state = $1, version = version + 1 \
            WHERE account = $2 AND version = $3";
        let mut statements = Vec::new();
        if let Some(state) = self.state.take() {
            let update = values![write_state(&state)?, account.0, before.version];
            // The row is locked, or we are the only writer: this cannot be.
            statements.push(Statement::new(UPDATE, update).or(StoreError::Unreadable("accounts")));
            credentials::follow(account, &before.state, &state, &mut statements);
        }
        self.beside(account, before.version, &mut statements);
        Ok(statements)
    }

    fn beside(mut self, account: AccountId, version: u64, to: &mut Vec<Statement>) {
        // What two accounts can both ask for is asked for in one order, so that neither waits for the other.
        self.release.sort_unstable();
        self.claim.sort_unstable();
        let mut write = |sql, values| to.push(Statement::new(sql, values));
        let a = account.0;
        for secret in self.forget {
            write("DELETE FROM secrets WHERE account = $1 AND secret = $2", values![a, secret.0]);
        }
        for handle in self.release {
            write("DELETE FROM handles WHERE handle = $1 AND account = $2", values![handle.0, a]);
        }
        for session in self.sessions_ended {
            write(
                "DELETE FROM sessions WHERE account = $1 AND session = $2",
                values![a, session.0],
            );
        }
        if self.erase {
            write("DELETE FROM secrets WHERE account = $1", values![a]);
            write("DELETE FROM handles WHERE account = $1", values![a]);
            write("DELETE FROM sessions WHERE account = $1", values![a]);
            for forget in cards::FORGET_ALL {
                write(forget, values![a]);
            }
        }
        for (secret, kind, sealed) in self.keep {
            write(
                "INSERT INTO secrets (account, secret, kind, key, sealed) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT (account, secret) DO UPDATE SET kind = excluded.kind, \
                key = excluded.key, sealed = excluded.sealed",
                values![a, secret.0, secret_kind_number(kind), sealed.key, sealed.bytes],
            );
        }
        for (token, session) in self.sessions_made {
            write(
                "INSERT INTO sessions (token, account, session) VALUES ($1, $2, $3)",
                values![*token.bytes(), a, session.0],
            );
        }
        if let Some(card) = self.card {
            card.statements(account, to);
        }
        if let Some(credential) = self.credential {
            credential.statements(account, to);
        }
        to.extend(self.outbox.into_iter().map(|mail| mail.statement(account)));
        for mut event in self.events {
            event.id = event.id.of_version(version);
            to.extend(event.statements());
        }
        for handle in self.claim {
            // One's own is claimed again without harm; another's row is not touched, which the statement tells.
            const CLAIM: &str = "INSERT INTO handles (handle, account) VALUES ($1, $2) \
                ON CONFLICT (handle) DO UPDATE SET account = excluded.account \
                WHERE handles.account = excluded.account";
            let claim = Statement::new(CLAIM, values![handle.0, a]);
            to.push(claim.or(StoreError::HandleTaken));
        }
    }
}

impl OutboxMail {
    pub(super) fn statement(self, account: AccountId) -> Statement {
        const INSERT: &str = "INSERT INTO outbox \
            (account, mail, key, sealed, made, not_before, tries, rank) \
            VALUES ($1, $2, $3, $4, $5, $5, 0, $6)";
        let (at, rank) = (self.made.seconds(), self.rank.number());
        let Sealed { key, bytes } = self.letter;
        Statement::new(INSERT, values![account.0, self.id.0, key, bytes, at, rank]).of_row()
    }
}

impl EventRow {
    /// Whose account it is about, wherever it says so.
    #[must_use]
    pub fn whose(&self) -> Option<AccountId> {
        let said = || {
            let detail: serde_json::Value = serde_json::from_str(&self.detail).ok()?;
            let mut id = [0; 16];
            hex::decode_to_slice(detail.get("account")?.as_str()?, &mut id).ok()?;
            Some(AccountId(id))
        };
        self.account.or_else(said)
    }

    /// The line, and that it waits to be sealed.
    pub(super) fn statements(self) -> [Statement; 2] {
        const INSERT: &str = "INSERT INTO events (event, account, deed, actor, made, detail) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        const WAIT: &str = "INSERT INTO events_waiting (event) VALUES ($1)";
        let wait = Statement::new(WAIT, values![self.id.0]);
        let account = self.account.map(|account| account.0);
        let at = self.at.seconds();
        let values = values![self.id.0, account, self.deed, self.actor, at, self.detail];
        [Statement::new(INSERT, values).of_row(), wait.of_row()]
    }

    pub(super) fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: EventId(row.array()?),
            account: row.optional(Row::array)?.map(AccountId),
            deed: row.text()?,
            actor: row.text()?,
            at: UnixTime::new(row.int()?).map_err(|_| StoreError::Unreadable("events"))?,
            detail: row.text()?,
        })
    }
}
