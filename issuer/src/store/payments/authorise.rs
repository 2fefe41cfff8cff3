//! One transaction from a code to an authorisation.
//!
//! The order is the design's, and mostly the types': a [`CodeMatch`] comes out of a comparison and of attempts that
//! were counted, and nothing else leads on to a credential's counter, the account and its limits.

use std::sync::Arc;

use tegata::code::{
    Admission, Candidate, CodeMatch, CodeRefusal, CredentialId, DecodedCode, Scheme, TillId,
    compare,
};

use super::super::Store;
use super::super::credentials;
use super::super::error::StoreError;
use super::super::global_state::{GlobalState, KillSwitch};
use super::super::sql::{Query, Row, Statement, values};
use super::super::transaction::Transaction;
use super::authorisation::{Authorisation, by_id};
use super::candidates::{CandidateAccount, CandidateCache};
use super::context::{AuthoriseContext, IdempotencyRecord, REPEATED};
use super::new_rows::UsedCode;
use super::prior_sale::PriorSale;
use super::request::{
    AuthoriseOutcome, AuthoriseRequest, NewAuthorisation, ParsedCode, TillRequest,
};
use super::state::{AuthorisationState, DeclineReason};
use crate::domain::AuthorisationId;

/// For how many seconds a final payment is the answer to another request for its sale.
const REPEATED_FOR: u64 = 10 * 60;

impl Store {
    /// Decides about a payment, in one transaction.
    ///
    /// # Errors
    /// Errors of the database, and of `candidates`; nothing was written then, except after `CommitOutcomeUnknown`.
    pub async fn authorise(
        &self,
        request: AuthoriseRequest,
        candidates: Arc<dyn CandidateCache>,
    ) -> Result<AuthoriseOutcome, StoreError> {
        let request = Arc::new(request);
        self.database
            .write_batched(move |transaction| {
                let request = Arc::clone(&request);
                let candidates = Arc::clone(&candidates);
                Box::pin(async move { request.decide(transaction, &*candidates).await })
            })
            .await
    }
}

impl AuthoriseRequest {
    async fn decide(
        &self,
        transaction: &mut dyn Transaction,
        candidates: &dyn CandidateCache,
    ) -> Result<AuthoriseOutcome, StoreError> {
        let aliases = match &self.code {
            ParsedCode::Parts(scheme, decoded) => self.alias_queries(scheme, decoded),
            ParsedCode::Malformed => Vec::new(),
        };
        let reads = [AuthoriseContext::query(self)].into_iter().chain(aliases).collect();
        let mut rows = transaction.query_all(reads).await?.into_iter().map(Vec::into_iter);
        let Some(row) = rows.next().and_then(|mut rows| rows.next()) else {
            return Ok(AuthoriseOutcome::UnknownTill);
        };
        let context = AuthoriseContext::read(row)?;
        if let Some(record) = &context.answer {
            return self.replay(transaction, record).await;
        }
        let Some(global_state) = context.global_state else {
            return Ok(AuthoriseOutcome::Declined(DeclineReason::Stopped));
        };
        if global_state.stopped.contains(KillSwitch::Payments) {
            return Ok(AuthoriseOutcome::Declined(DeclineReason::Stopped));
        }
        let till = &context.till;
        let aliases = rows.flatten().collect();
        match self.find_match(transaction, till, aliases, candidates).await? {
            Ok(matched) => self.accept_code(transaction, &context, &global_state, matched).await,
            // The code was not compared: there is no answer to store.
            Err(CodeRefusal::TillStopped) => Ok(AuthoriseOutcome::Declined(DeclineReason::Stopped)),
            Err(refusal) => self.decline(transaction, till, refusal.into()).await,
        }
    }

    /// Answers the same key as before.
    async fn replay(
        &self,
        transaction: &mut dyn Transaction,
        record: &IdempotencyRecord,
    ) -> Result<AuthoriseOutcome, StoreError> {
        Ok(match record {
            IdempotencyRecord { hash: None, .. } => AuthoriseOutcome::ForbiddenByVoid,
            IdempotencyRecord { hash: Some(hash), .. } if *hash != self.hash => {
                AuthoriseOutcome::KeyReused
            }
            IdempotencyRecord { authorisation: Some(id), reason, .. } => {
                let prior = Box::new(by_id(transaction, *id).await?);
                match reason.as_deref() {
                    Some(REPEATED) => AuthoriseOutcome::Repeated(prior),
                    _ => AuthoriseOutcome::Replayed(prior),
                }
            }
            IdempotencyRecord { reason, .. } => AuthoriseOutcome::Declined(DeclineReason::parse(
                reason.as_deref().unwrap_or_default(),
            )?),
        })
    }

    /// Answers a sale that was asked for under another key before, as when a cashier scans again after a timeout: the same
    /// for this key from now on, and the code is used up. Nobody but the shopper who paid gets that answer, and not for
    /// long, or a till that numbers its sales anew each day would hand over goods that nobody pays for.
    async fn repeat_sale(
        &self,
        transaction: &mut dyn Transaction,
        till: &TillId,
        sale: Authorisation,
        (matched, account): &(CodeMatch, CandidateAccount),
        is_used: bool,
    ) -> Result<AuthoriseOutcome, StoreError> {
        let age = self.now.seconds().saturating_sub(sale.changed.seconds());
        let is_same = sale.account == account.credential.account
            && (sale.amount, &sale.currency) == (self.sale.amount, &self.sale.currency);
        if !is_same || !(sale.state.is_open() || age < REPEATED_FOR) {
            return Ok(AuthoriseOutcome::ReferenceReused);
        }
        let mut writes = Vec::new();
        if !is_used {
            let used = UsedCode {
                account: account.credential.account,
                number: account.number,
                counter: matched.counter().number(),
                day: account.spent(self.limits.day).0,
                spent: 0,
            };
            writes.push(used.statement());
        }
        writes.push(self.store_answer(till, Some(sale.id), Some(REPEATED)));
        transaction.write_last(writes).await?;
        Ok(AuthoriseOutcome::Repeated(Box::new(sale)))
    }

    /// Finds the credential whose code it is. A wrong code is counted in the same transaction in which it is answered.
    async fn find_match(
        &self,
        transaction: &mut dyn Transaction,
        till: &TillId,
        aliases: Vec<Row>,
        candidates: &dyn CandidateCache,
    ) -> Result<Result<(CodeMatch, CandidateAccount), CodeRefusal>, StoreError> {
        let id = |row: Row| row.of_table("aliases").array().map(CredentialId);
        let mut ids = aliases.into_iter().map(id).collect::<Result<Vec<_>, _>>()?;
        // By chance a credential has one alias in two periods; twice it would be two that match.
        ids.sort_unstable();
        ids.dedup();
        let (mut accounts, mut attempts) =
            CandidateAccount::load(transaction, &ids, till, self.now).await?;
        attempts.read_pause(transaction, till, &self.limits.attempts).await?;
        let admission = attempts.admission(&self.limits.attempts, self.now);
        if admission == Admission::TillStopped {
            return Ok(Err(CodeRefusal::TillStopped));
        }
        let outcome = match &self.code {
            ParsedCode::Malformed => Err(CodeRefusal::Malformed),
            ParsedCode::Parts(scheme, decoded) => {
                let prepared = accounts
                    .iter()
                    .map(|account| candidates.prepare(&account.credential))
                    .collect::<Result<Vec<_>, _>>()?;
                let borrowed: Vec<&Candidate> = prepared.iter().map(AsRef::as_ref).collect();
                compare(scheme, decoded, till, self.now, &borrowed).outcome(&admission)
            }
        };
        // Only codes of this issuer's form count, and of them the wrong ones: nobody guesses with anything else.
        if outcome.is_err() && !matches!(self.code, ParsedCode::Malformed) {
            let count = attempts.count_one_more(till, &self.limits.attempts, self.now);
            transaction.write(count).await?;
        }
        Ok(outcome.and_then(|matched| {
            let place = accounts.iter().position(|it| it.credential.id == matched.credential());
            let account =
                place.map(|place| accounts.swap_remove(place)).ok_or(CodeRefusal::NotValid)?;
            Ok((matched, account))
        }))
    }

    /// Makes the queries for every credential that has the code's alias in a period that is accepted now.
    fn alias_queries(&self, scheme: &Scheme, decoded: &DecodedCode) -> Vec<Query> {
        const FIND: &str =
            "SELECT credential FROM aliases WHERE prefix = $1 AND period = $2 AND alias = $3";
        let periods = credentials::periods_of(scheme, self.now);
        let mut periods: Vec<_> = periods.into_iter().flatten().collect();
        // Nearly always it is one period.
        periods.dedup();
        let prefix = scheme.prefix.to_string();
        let alias = decoded.alias.value();
        let find = |period| Query::new(FIND, values![prefix.clone(), period, alias]);
        periods.into_iter().map(find).collect()
    }

    /// Uses the code up, and makes the authorisation: authorised or declined. The till's own number for the sale is looked
    /// at here, where it is known whose code it is.
    async fn accept_code(
        &self,
        transaction: &mut dyn Transaction,
        context: &AuthoriseContext,
        global_state: &GlobalState,
        code: (CodeMatch, CandidateAccount),
    ) -> Result<AuthoriseOutcome, StoreError> {
        let till = &context.till;
        let refused = code.1.refuses(&code.0, global_state, self.now);
        if let Some(reason @ DeclineReason::NotValid) = refused {
            return self.decline(transaction, till, reason).await;
        }
        let replaced = match context.sale {
            PriorSale::None => None,
            PriorSale::WithoutAuthorisation => return Ok(AuthoriseOutcome::ForbiddenByVoid),
            PriorSale::Authorisation(id) => {
                let sale = by_id(transaction, id).await?;
                if sale.state.counts() {
                    let is_used = refused.is_some();
                    return self.repeat_sale(transaction, till, sale, &code, is_used).await;
                }
                Some(id)
            }
        };
        if let Some(reason) = refused {
            return self.decline(transaction, till, reason).await;
        }
        self.make_authorisation(transaction, till, global_state, code, replaced).await
    }

    async fn make_authorisation(
        &self,
        transaction: &mut dyn Transaction,
        till: &TillId,
        global_state: &GlobalState,
        (matched, account): (CodeMatch, CandidateAccount),
        replaced: Option<AuthorisationId>,
    ) -> Result<AuthoriseOutcome, StoreError> {
        let reason = self.decline_reason(&account, global_state);
        let counter = matched.counter().number();
        let authorisation = self.authorisation(till, &account, counter, reason);
        let mut writes = vec![
            authorisation.use_code(account.number),
            authorisation.insert(),
            self.store_answer(till, Some(authorisation.id), None),
        ];
        writes.extend(authorisation.log_statements(&format!("till {till}")));
        if reason.is_none() {
            writes.push(authorisation.sell(replaced));
            writes.push(authorisation.opens(authorisation.made.seconds()));
        }
        transaction.write_last(writes).await?;
        Ok(AuthoriseOutcome::Created(Box::new(NewAuthorisation {
            authorisation,
            card: account.card,
            request: Some(TillRequest { key: self.key.clone(), hash: self.hash }),
        })))
    }

    /// Says why the account does not pay for this, if it does not.
    fn decline_reason(
        &self,
        account: &CandidateAccount,
        global_state: &GlobalState,
    ) -> Option<DeclineReason> {
        let Some(number) = account.pays_with(self.now) else { return Some(DeclineReason::Held) };
        if number != account.number || account.generation != global_state.generation {
            return Some(DeclineReason::NotValid);
        }
        let cap = if account.is_low(self.now) { self.limits.low } else { self.limits.usual };
        let amount = self.sale.amount;
        let (_, spent) = account.spent(self.limits.day);
        let fits = amount <= cap.payment && spent.saturating_add(amount) <= cap.day;
        (!fits).then_some(DeclineReason::Limit)
    }

    fn authorisation(
        &self,
        till: &TillId,
        account: &CandidateAccount,
        counter: u64,
        reason: Option<DeclineReason>,
    ) -> Authorisation {
        Authorisation {
            id: self.id,
            account: account.credential.account,
            credential: account.credential.id,
            counter,
            till: till.clone(),
            reference: self.sale.reference.clone(),
            amount: self.sale.amount,
            currency: self.sale.currency.clone(),
            day: account.spent(self.limits.day).0,
            state: if reason.is_some() {
                AuthorisationState::Declined
            } else {
                AuthorisationState::Authorised
            },
            reason,
            card: None,
            intent: None,
            made: self.now,
            changed: self.now,
            version: 1,
        }
    }

    async fn decline(
        &self,
        transaction: &mut dyn Transaction,
        till: &TillId,
        reason: DeclineReason,
    ) -> Result<AuthoriseOutcome, StoreError> {
        transaction.write_last(vec![self.store_answer(till, None, Some(reason.name()))]).await?;
        Ok(AuthoriseOutcome::Declined(reason))
    }

    /// Gives the statement that stores the answer for the same key.
    fn store_answer(
        &self,
        till: &TillId,
        authorisation: Option<AuthorisationId>,
        reason: Option<&'static str>,
    ) -> Statement {
        const STORE: &str = "INSERT INTO idempotency (till, key, hash, authorisation, reason, asked) \
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let till = till.as_str().to_owned();
        let reason = reason.map(str::to_owned);
        let id = authorisation.map(|id| id.0);
        let asked = self.id.asked();
        Statement::new(STORE, values![till, self.key.clone(), self.hash, id, reason, asked])
            .error_if_no_rows(StoreError::Conflict)
            .single_row()
    }
}
