//! Accounts: created, changed and found.

use std::sync::Arc;

use super::Store;
use super::account::{self, LoadedAccount, SessionContext};
use super::account_change::AccountChange;
use super::credentials::{self, PriorCredential, ProvisionContext};
use super::error::StoreError;
use super::global_state::{GlobalState, read_global_state};
use super::signed_requests::{PriorRequest, SignedRequestKey, read_unanswered};
use super::sql::{Row, values};
use super::transaction::Transaction;
use crate::domain::{AccountId, HandleKey, RequestId, TokenHash};

impl Store {
    /// Creates an account, unless the change has no state: then nothing is written. `decide` gets the global state as
    /// the transaction sees it, and may run again.
    ///
    /// # Errors
    /// `AccountExists`, `HandleTaken`, and those of the database; nothing was written then.
    pub async fn create<R: Send + 'static>(
        &self,
        account: AccountId,
        decide: impl Fn(&GlobalState) -> (AccountChange, R) + Send + Sync + 'static,
    ) -> Result<R, StoreError> {
        self.create_once(account, None, decide).await
    }

    /// Does the same for a signed request, unless that was carried out before.
    ///
    /// # Errors
    /// `AnsweredBefore`, and the same as [`create`](Self::create).
    pub async fn create_once<R: Send + 'static>(
        &self,
        account: AccountId,
        signed: Option<SignedRequestKey>,
        decide: impl Fn(&GlobalState) -> (AccountChange, R) + Send + Sync + 'static,
    ) -> Result<R, StoreError> {
        let decide = Arc::new(decide);
        self.database
            .write(move |transaction| {
                let decide = Arc::clone(&decide);
                Box::pin(async move {
                    let global_state = read_for(transaction, signed).await?;
                    let (change, answer) = decide(&global_state);
                    if change.state.is_some() {
                        transaction.write(change.create(account)?).await?;
                    }
                    Ok(answer)
                })
            })
            .await
    }

    /// Changes an account: reads it, lets `decide` give the change, and writes that, in one transaction. Changes of one
    /// account are serialised. `decide` has to be pure: with several processes it may run again, and its first result
    /// is dropped.
    ///
    /// # Errors
    /// `NoSuchAccount`, `HandleTaken`, and those of the database; nothing was written then, except after
    /// `CommitOutcomeUnknown`.
    pub async fn change<R: Send + 'static>(
        &self,
        account: AccountId,
        decide: impl Fn(&LoadedAccount) -> (AccountChange, R) + Send + Sync + 'static,
    ) -> Result<R, StoreError> {
        self.change_once(account, None, decide).await
    }

    /// Does the same for a signed request, unless that was carried out before.
    ///
    /// # Errors
    /// `AnsweredBefore`, and the same as [`change`](Self::change).
    pub async fn change_once<R: Send + 'static>(
        &self,
        account: AccountId,
        signed: Option<SignedRequestKey>,
        decide: impl Fn(&LoadedAccount) -> (AccountChange, R) + Send + Sync + 'static,
    ) -> Result<R, StoreError> {
        self.change_with(account, None, signed, move |loaded, _| decide(loaded)).await
    }

    /// Does the same for a request for a payment credential: `decide` also gets what the account's credentials say about
    /// it.
    ///
    /// # Errors
    /// The same as [`change`](Self::change).
    pub async fn provision<R: Send + 'static>(
        &self,
        account: AccountId,
        request: RequestId,
        decide: impl Fn(&LoadedAccount, &ProvisionContext) -> (AccountChange, R) + Send + Sync + 'static,
    ) -> Result<R, StoreError> {
        self.change_with(account, Some(request), None, decide).await
    }

    async fn change_with<R: Send + 'static>(
        &self,
        account: AccountId,
        request: Option<RequestId>,
        signed: Option<SignedRequestKey>,
        decide: impl Fn(&LoadedAccount, &ProvisionContext) -> (AccountChange, R) + Send + Sync + 'static,
    ) -> Result<R, StoreError> {
        let decide = Arc::new(decide);
        self.database
            .write(move |transaction| {
                let decide = Arc::clone(&decide);
                Box::pin(async move {
                    let rows =
                        transaction.rows_for_update(account::ACCOUNT, values![account.0]).await?;
                    let row = rows.into_iter().next().ok_or(StoreError::NoSuchAccount)?;
                    let secrets = transaction.rows(account::SECRETS, values![account.0]).await?;
                    let context = match request {
                        Some(RequestId(id)) => {
                            let values = values![account.0, id];
                            let rows = transaction.rows(credentials::REQUESTED, values).await?;
                            let prior = rows.into_iter().next().map(PriorCredential::read);
                            let values = values![account.0];
                            let rows = transaction.rows(credentials::LAST_CODE, values).await?;
                            let last_used = rows.into_iter().next().map(credentials::last_used);
                            ProvisionContext {
                                requested: prior.transpose()?,
                                last_used: last_used.transpose()?.flatten(),
                            }
                        }
                        None => ProvisionContext::default(),
                    };
                    let global_state = read_for(transaction, signed).await?;
                    let loaded = LoadedAccount::from_change(row, secrets, global_state)?;
                    let (change, answer) = decide(&loaded, &context);
                    transaction.write(change.statements(account, &loaded)?).await?;
                    Ok(answer)
                })
            })
            .await
    }

    /// Loads an account with its secrets.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn load(&self, account: AccountId) -> Result<Option<LoadedAccount>, StoreError> {
        LoadedAccount::from_load(self.database.rows(account::LOAD, values![account.0]).await?)
    }

    /// Finds the account that has an address.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn find_account(&self, handle: &HandleKey) -> Result<Option<AccountId>, StoreError> {
        const FIND: &str = "SELECT account FROM handles WHERE handle = $1";
        let row = self.database.row(FIND, values![handle.0]).await?;
        row.map(|row| row.of_table("handles").array().map(AccountId)).transpose()
    }

    /// Finds the session that a token belongs to, with its account, and what a signed request was answered with: each
    /// request in a session begins with it.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn session(
        &self,
        token: &TokenHash,
        signed: Option<SignedRequestKey>,
    ) -> Result<Option<(SessionContext, Option<PriorRequest>)>, StoreError> {
        let device = signed.map(|key| key.device.0);
        let request = signed.map(|key| key.request.0);
        let values = values![device, request, *token.bytes()];
        let row = self.database.row(account::IN_SESSION, values).await?;
        let read = |row: Row| {
            let mut row = row.of_table("sessions");
            Ok((SessionContext::read(&mut row)?, PriorRequest::read(&mut row)?))
        };
        row.map(read).transpose()
    }
}

/// Reads the state of the whole issuer as a transaction sees it. Of the copies of a signed request that come at the same
/// time, the first to get here is carried out; where there is an account, its row is locked by then.
async fn read_for(
    transaction: &mut dyn Transaction,
    signed: Option<SignedRequestKey>,
) -> Result<GlobalState, StoreError> {
    match signed {
        Some(key) => read_unanswered(transaction, key).await,
        None => read_global_state(transaction).await,
    }
}
