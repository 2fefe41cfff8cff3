//! What is written in one transaction when an account changes.

use tegata::protocol::SessionId;
use tegata_policy::{Account, SecretId, SecretKind};

use super::account::LoadedAccount;
use super::card_setups::{self, OpenCardSetup};
use super::cards::{self, CardChange};
use super::credentials::{self, NewCredential};
use super::error::StoreError;
use super::event_row::EventRow;
use super::outbox::OutboxMail;
use super::signed_requests::AnsweredRequest;
use super::sql::{Statement, values};
use crate::domain::{AccountId, HandleKey, Sealed, TokenHash, secret_kind_number};

/// A change of an account, which is written as a whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// The account's new state; `None` leaves it as it is.
    pub state: Option<Account>,
    /// Secrets to store, in place of those of the same number.
    pub secrets_stored: Vec<(SecretId, SecretKind, Sealed)>,
    /// Numbers of secrets to delete.
    pub secrets_deleted: Vec<SecretId>,
    /// Handles that lead to the account from now on. One of another account fails the whole change.
    pub handles_claimed: Vec<HandleKey>,
    /// Handles that lead to the account no longer; released before others are claimed.
    pub handles_released: Vec<HandleKey>,
    /// Sessions, with the tokens that lead to them from now on.
    pub sessions_created: Vec<(TokenHash, SessionId)>,
    /// Sessions whose tokens lead to them no longer.
    pub sessions_ended: Vec<SessionId>,
    /// Whether handles, sessions, secrets and cards are all deleted. Mails are still sent.
    pub erase: bool,
    /// A payment credential to add.
    pub credential: Option<NewCredential>,
    /// The registration of a card that it has open from now on.
    pub card_setup: Option<OpenCardSetup>,
    /// Whether the registration of a card that it has open is cancelled.
    pub cancel_card_setup: bool,
    /// A change of its cards. One about a card that it does not have fails the whole change.
    pub card: Option<CardChange>,
    /// Mails to put into the outbox.
    pub outbox: Vec<OutboxMail>,
    /// Events to add to the log.
    pub events: Vec<EventRow>,
    /// The signed request that it carries out. One that was carried out before fails the whole change.
    pub answered: Option<AnsweredRequest>,
    /// Whether the account is a decoy, whose events are counted instead.
    pub is_decoy: bool,
}

fn write_state(state: &Account) -> Result<String, StoreError> {
    serde_json::to_string(state).map_err(|_| StoreError::Unreadable("accounts"))
}

impl AccountChange {
    /// Gives all statements for a new account.
    pub(super) fn create(mut self, account: AccountId) -> Result<Vec<Statement>, StoreError> {
        const INSERT: &str = "INSERT INTO accounts (account, state, version) VALUES ($1, $2, 1) \
            ON CONFLICT DO NOTHING";
        let state = self.state.take().ok_or(StoreError::Unreadable("accounts"))?;
        let insert = Statement::new(INSERT, values![account.0, write_state(&state)?]);
        let mut statements = vec![insert.error_if_no_rows(StoreError::AccountExists)];
        self.side_statements(account, 0, &mut statements);
        Ok(statements)
    }

    /// Gives all statements for the account as it was read.
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
            // The row is locked, or there is one writer: this cannot fail.
            statements.push(
                Statement::new(UPDATE, update).error_if_no_rows(StoreError::Unreadable("accounts")),
            );
            credentials::payer_statements(account, &before.state, &state, &mut statements);
        }
        self.side_statements(account, before.version, &mut statements);
        Ok(statements)
    }

    fn side_statements(mut self, account: AccountId, version: u64, to: &mut Vec<Statement>) {
        // What two accounts may both claim is claimed in one order, so that they cannot deadlock.
        self.handles_released.sort_unstable();
        self.handles_claimed.sort_unstable();
        let mut write = |sql, values| to.push(Statement::new(sql, values));
        let a = account.0;
        for secret in self.secrets_deleted {
            write("DELETE FROM secrets WHERE account = $1 AND secret = $2", values![a, secret.0]);
        }
        for handle in self.handles_released {
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
            for sql in cards::REMOVE_ALL {
                write(sql, values![a]);
            }
        }
        if self.erase || self.cancel_card_setup {
            for sql in card_setups::CANCEL {
                write(sql, values![a]);
            }
        }
        for (secret, kind, sealed) in self.secrets_stored {
            write(
                "INSERT INTO secrets (account, secret, kind, key, sealed) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT (account, secret) DO UPDATE SET kind = excluded.kind, \
                key = excluded.key, sealed = excluded.sealed",
                values![a, secret.0, secret_kind_number(kind), sealed.key, sealed.bytes],
            );
        }
        for (token, session) in self.sessions_created {
            write(
                "INSERT INTO sessions (token, account, session) VALUES ($1, $2, $3)",
                values![*token.bytes(), a, session.0],
            );
        }
        if let Some(setup) = self.card_setup {
            setup.statements(account, to);
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
            to.extend(if self.is_decoy { event.decoy_statements() } else { event.statements() });
        }
        to.extend(self.answered.map(AnsweredRequest::statement));
        for handle in self.handles_claimed {
            // The account's own handle may be claimed again; that of another account is not touched, which is the
            // error.
            const CLAIM: &str = "INSERT INTO handles (handle, account) VALUES ($1, $2) \
                ON CONFLICT (handle) DO UPDATE SET account = excluded.account \
                WHERE handles.account = excluded.account";
            let claim = Statement::new(CLAIM, values![handle.0, a]);
            to.push(claim.error_if_no_rows(StoreError::HandleTaken));
        }
    }
}
