//! One transaction from a code to an authorisation.
//!
//! The order is the design's, and mostly the types': a [`CodeMatch`] comes out of a comparison and of attempts that were
//! counted, and nothing else leads on to a credential's counter, the account and its limits.

use std::sync::Arc;

use tegata::UnixTime;
use tegata::code::{
    Admission, Candidate, CodeMatch, CodeRefusal, CredentialId, DecodedCode, Scheme, TillId,
    compare,
};

use super::super::Store;
use super::super::cards::ChargeableCard;
use super::super::credentials;
use super::super::error::StoreError;
use super::super::global_state::GlobalState;
use super::super::global_state::KillSwitch;
use super::super::sql::{Query, Row, Statement, values};
use super::super::transaction::Transaction;
use super::authorisation::{Authorisation, AuthorisationState, BY_ID, PriorSale};
use super::candidates::{CandidateAccount, CandidateCache};
use crate::domain::{AuthorisationId, AuthoriseLimits, TokenHash};

/// What a till asks for.
#[derive(Clone, Debug)]
pub struct AuthoriseRequest {
    /// Which till, by its token.
    pub token: TokenHash,
    /// What it calls this try.
    pub key: String,
    /// SHA-256 of the body: the same key comes with the same one.
    pub hash: [u8; 32],
    /// The code.
    pub code: ParsedCode,
    /// How much, and for what.
    pub sale: SaleDetails,
    /// A number for what may come of it.
    pub id: AuthorisationId,
    /// When.
    pub now: UnixTime,
    /// Within what it has to lie.
    pub limits: AuthoriseLimits,
}

/// How much, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleDetails {
    /// The till's own number for the sale.
    pub reference: String,
    /// In minor units.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
}

/// A code as far as it can be told without the store.
#[derive(Clone, Copy, Debug)]
pub enum ParsedCode {
    /// None of this issuer's.
    Malformed,
    /// In its parts.
    Parts(Scheme, DecodedCode),
}

/// Why not, in the words that a cashier can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// The code was taken before: ask for a fresh one.
    Used,
    /// Nobody's code, now and at this till.
    NotValid,
    /// More than may be spent at once, or today.
    Limit,
    /// The account pays for nothing at present.
    Held,
    /// Payments are stopped, or this till is until tomorrow.
    Stopped,
    /// The code does not say whose it is; the next one does.
    TryAgain,
}

impl DeclineReason {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Used, Self::NotValid, Self::Limit, Self::Held, Self::Stopped, Self::TryAgain];

    /// As rows and answers have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::NotValid => "not_valid",
            Self::Limit => "limit",
            Self::Held => "held",
            Self::Stopped => "stopped",
            Self::TryAgain => "try_again",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|reason| reason.name() == text);
        found.ok_or(StoreError::Unreadable("authorisations"))
    }
}

impl From<CodeRefusal> for DeclineReason {
    fn from(refusal: CodeRefusal) -> Self {
        match refusal {
            CodeRefusal::Malformed | CodeRefusal::NotValid => Self::NotValid,
            CodeRefusal::Used => Self::Used,
            CodeRefusal::TryAgain => Self::TryAgain,
            CodeRefusal::TillStopped => Self::Stopped,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthoriseOutcome {
    /// There is no such till, or no longer.
    UnknownTill,
    /// The key came with another body before.
    KeyReused,
    /// The sale came with another amount before.
    ReferenceReused,
    /// A void came before it.
    ForbiddenByVoid,
    /// No, and there is nothing to look up later.
    Declined(DeclineReason),
    /// It was asked before: how it stands now.
    Replayed(Box<Authorisation>),
    /// It was made just now: `authorised`, or declined with the code used up.
    Created(Box<NewAuthorisation>),
}

/// An authorisation as its transaction left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuthorisation {
    /// The row.
    pub authorisation: Authorisation,
    /// The card that its account was charged with then.
    pub card: Option<ChargeableCard>,
}

impl Store {
    /// Takes a code, in one transaction.
    ///
    /// # Errors
    /// Those of the database, and of `prepare`: nothing was taken then, but for `CommitOutcomeUnknown`.
    pub async fn authorise(
        &self,
        asked: AuthoriseRequest,
        prepare: Arc<dyn CandidateCache>,
    ) -> Result<AuthoriseOutcome, StoreError> {
        let asked = Arc::new(asked);
        self.database
            .write_batched(move |transaction| {
                let (asked, prepare) = (Arc::clone(&asked), Arc::clone(&prepare));
                Box::pin(async move { asked.decide(transaction, &*prepare).await })
            })
            .await
    }
}

/// The till, what it asked before, and what holds for all.
struct AuthoriseContext {
    till: TillId,
    answer: Option<IdempotencyRecord>,
    sale: PriorSale,
    /// `None`: it cannot be read, which means stopped.
    global_state: Option<GlobalState>,
}

/// What was answered to a key.
struct IdempotencyRecord {
    hash: Option<[u8; 32]>,
    authorisation: Option<AuthorisationId>,
    reason: Option<String>,
}

impl AuthoriseContext {
    fn reads(asked: &AuthoriseRequest) -> Query {
        // Which till it is stands in a subquery: joined with it, PostgreSQL may go through all that the till ever asked.
        const BEFORE: &str = "SELECT t.till, i.asked, i.hash, i.authorisation, i.reason, \
            s.reference, s.authorisation, g.one, g.generation, g.used_up_to, g.stopped \
            FROM tills t LEFT JOIN idempotency i \
            ON i.till = (SELECT till FROM tills WHERE token = $1) AND i.key = $2 LEFT JOIN sales s \
            ON s.till = (SELECT till FROM tills WHERE token = $1) AND s.reference = $3 \
            LEFT JOIN standing g ON g.one = 1 WHERE t.token = $1";
        let values = values![*asked.token.bytes(), asked.key.clone(), asked.sale.reference.clone()];
        Query::new(BEFORE, values)
    }

    fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("tills");
        let till = row.text()?.parse().map_err(|_| StoreError::Unreadable("tills"))?;
        let id = |row: &mut Row| Ok(AuthorisationId(row.array()?));
        let asked: Option<u64> = row.optional(Row::int)?;
        let kept = IdempotencyRecord {
            hash: row.optional(Row::array)?,
            authorisation: row.optional(id)?,
            reason: row.optional(Row::text)?,
        };
        let reference: Option<String> = row.optional(Row::text)?;
        let sale = row.optional(id)?;
        let one: Option<i64> = row.optional(Row::int)?;
        let global_state = one.and_then(|_| GlobalState::read(&mut row).ok());
        let sale = match (reference, sale) {
            (None, _) => PriorSale::None,
            (Some(_), None) => PriorSale::WithoutAuthorisation,
            (Some(_), Some(id)) => PriorSale::Authorisation(id),
        };
        Ok(Self { till, answer: asked.map(|_| kept), sale, global_state })
    }
}

impl AuthoriseRequest {
    async fn decide(
        &self,
        transaction: &mut dyn Transaction,
        prepare: &dyn CandidateCache,
    ) -> Result<AuthoriseOutcome, StoreError> {
        let aliases = match &self.code {
            ParsedCode::Parts(scheme, decoded) => self.aliases(scheme, decoded),
            ParsedCode::Malformed => Vec::new(),
        };
        let reads = [AuthoriseContext::reads(self)].into_iter().chain(aliases).collect();
        let mut read = transaction.query_all(reads).await?.into_iter().map(Vec::into_iter);
        let Some(before) = read.next().and_then(|mut rows| rows.next()) else {
            return Ok(AuthoriseOutcome::UnknownTill);
        };
        let before = AuthoriseContext::read(before)?;
        if let Some(kept) = &before.answer {
            return self.as_before(transaction, kept).await;
        }
        let replaced = match before.sale {
            PriorSale::None => None,
            PriorSale::WithoutAuthorisation => return Ok(AuthoriseOutcome::ForbiddenByVoid),
            PriorSale::Authorisation(id) => {
                let sale = by_id(transaction, id).await?;
                if sale.state.counts() {
                    return self.same_sale(transaction, &before.till, sale).await;
                }
                Some(id)
            }
        };
        let Some(global_state) = before.global_state else {
            return Ok(AuthoriseOutcome::Declined(DeclineReason::Stopped));
        };
        if global_state.stopped.contains(KillSwitch::Payments) {
            return Ok(AuthoriseOutcome::Declined(DeclineReason::Stopped));
        }
        let till = &before.till;
        let aliases = read.flatten().collect();
        match self.matched(transaction, till, aliases, prepare).await? {
            Ok(matched) => self.take(transaction, till, &global_state, matched, replaced).await,
            // Nobody looked at the code: there is nothing to keep.
            Err(CodeRefusal::TillStopped) => Ok(AuthoriseOutcome::Declined(DeclineReason::Stopped)),
            Err(refusal) => self.decline(transaction, till, refusal.into()).await,
        }
    }

    /// What the same key was answered.
    async fn as_before(
        &self,
        transaction: &mut dyn Transaction,
        kept: &IdempotencyRecord,
    ) -> Result<AuthoriseOutcome, StoreError> {
        Ok(match kept {
            IdempotencyRecord { hash: None, .. } => AuthoriseOutcome::ForbiddenByVoid,
            IdempotencyRecord { hash: Some(hash), .. } if *hash != self.hash => {
                AuthoriseOutcome::KeyReused
            }
            IdempotencyRecord { authorisation: Some(id), .. } => {
                AuthoriseOutcome::Replayed(Box::new(by_id(transaction, *id).await?))
            }
            IdempotencyRecord { reason, .. } => AuthoriseOutcome::Declined(DeclineReason::parse(
                reason.as_deref().unwrap_or_default(),
            )?),
        })
    }

    /// A cashier who scans again after a time-out: the first answer, under this key, too.
    async fn same_sale(
        &self,
        transaction: &mut dyn Transaction,
        till: &TillId,
        sale: Authorisation,
    ) -> Result<AuthoriseOutcome, StoreError> {
        if (sale.amount, &sale.currency) != (self.sale.amount, &self.sale.currency) {
            return Ok(AuthoriseOutcome::ReferenceReused);
        }
        transaction.write_last(vec![self.keep(till, Some(sale.id), None)]).await?;
        Ok(AuthoriseOutcome::Replayed(Box::new(sale)))
    }

    /// Whose code it is. The attempt is counted, and only then is the comparison's outcome looked at; it was right or
    /// wrong for all the world when this transaction is committed, and the count with it.
    async fn matched(
        &self,
        transaction: &mut dyn Transaction,
        till: &TillId,
        aliases: Vec<Row>,
        prepare: &dyn CandidateCache,
    ) -> Result<Result<(CodeMatch, CandidateAccount), CodeRefusal>, StoreError> {
        let id = |row: Row| row.of_table("aliases").array().map(CredentialId);
        let mut ids = aliases.into_iter().map(id).collect::<Result<Vec<_>, _>>()?;
        // By chance a credential has one alias in two periods; twice it would be two that match.
        ids.sort_unstable();
        ids.dedup();
        let (mut payers, attempts) =
            CandidateAccount::of(transaction, &ids, till, self.now).await?;
        let admission = attempts.admission(&self.limits.attempts);
        if admission == Admission::TillStopped {
            return Ok(Err(CodeRefusal::TillStopped));
        }
        let outcome = match &self.code {
            ParsedCode::Malformed => Err(CodeRefusal::Malformed),
            ParsedCode::Parts(scheme, decoded) => {
                let prepared = payers.iter().map(|payer| prepare.prepare(&payer.found));
                let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
                let candidates: Vec<&Candidate> = prepared.iter().map(AsRef::as_ref).collect();
                compare(scheme, decoded, till, self.now, &candidates).outcome(&admission)
            }
        };
        // A unique match takes its own count back: what is counted and taken back in one transaction is not written.
        if outcome.is_err() {
            transaction.write(attempts.counted()).await?;
        }
        Ok(outcome.and_then(|matched| {
            let place = payers.iter().position(|it| it.found.id == matched.credential());
            let payer =
                place.map(|place| payers.swap_remove(place)).ok_or(CodeRefusal::NotValid)?;
            Ok((matched, payer))
        }))
    }

    /// Every credential that has the alias shown at one of the accepted steps.
    fn aliases(&self, scheme: &Scheme, decoded: &DecodedCode) -> Vec<Query> {
        const FIND: &str =
            "SELECT credential FROM aliases WHERE prefix = $1 AND period = $2 AND alias = $3";
        let periods = credentials::periods_of(scheme, self.now);
        let mut periods: Vec<_> = periods.into_iter().flatten().collect();
        // Nearly always they are one.
        periods.dedup();
        let (prefix, alias) = (scheme.prefix.to_string(), decoded.alias.value());
        let find = |period| Query::new(FIND, values![prefix.clone(), period, alias]);
        periods.into_iter().map(find).collect()
    }

    /// Takes the code, whatever becomes of the payment.
    async fn take(
        &self,
        transaction: &mut dyn Transaction,
        till: &TillId,
        global_state: &GlobalState,
        (matched, payer): (CodeMatch, CandidateAccount),
        replaced: Option<AuthorisationId>,
    ) -> Result<AuthoriseOutcome, StoreError> {
        if let Some(reason) = payer.refuses(&matched, global_state) {
            return self.decline(transaction, till, reason).await;
        }
        let reason = self.why_not(&payer, global_state);
        let made = self.made(till, &payer, reason);
        let counter = matched.counter().number();
        let mut writes = vec![
            made.takes(payer.number, counter),
            made.insert(counter),
            self.keep(till, Some(made.id), None),
        ];
        writes.extend(made.line(&format!("till {till}")));
        if reason.is_none() {
            writes.extend(made.counts(replaced));
        }
        transaction.write_last(writes).await?;
        Ok(AuthoriseOutcome::Created(Box::new(NewAuthorisation {
            authorisation: made,
            card: payer.card,
        })))
    }

    /// Whether the account pays for this, as it stands in this transaction.
    fn why_not(
        &self,
        payer: &CandidateAccount,
        global_state: &GlobalState,
    ) -> Option<DeclineReason> {
        let Some(number) = payer.pays_with else { return Some(DeclineReason::Held) };
        if number != payer.number || payer.generation != global_state.generation {
            return Some(DeclineReason::NotValid);
        }
        let is_low = self.now.seconds() < payer.low_until;
        let cap = if is_low { self.limits.low } else { self.limits.usual };
        let amount = self.sale.amount;
        let (_, spent) = payer.spent(self.limits.day);
        let fits = amount <= cap.payment && spent.saturating_add(amount) <= cap.day;
        (!fits).then_some(DeclineReason::Limit)
    }

    fn made(
        &self,
        till: &TillId,
        payer: &CandidateAccount,
        reason: Option<DeclineReason>,
    ) -> Authorisation {
        Authorisation {
            id: self.id,
            account: payer.found.account,
            credential: payer.found.id,
            till: till.clone(),
            reference: self.sale.reference.clone(),
            amount: self.sale.amount,
            currency: self.sale.currency.clone(),
            day: payer.spent(self.limits.day).0,
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
        transaction.write_last(vec![self.keep(till, None, Some(reason))]).await?;
        Ok(AuthoriseOutcome::Declined(reason))
    }

    /// Keeps the answer for the same key.
    fn keep(
        &self,
        till: &TillId,
        authorisation: Option<AuthorisationId>,
        reason: Option<DeclineReason>,
    ) -> Statement {
        const KEEP: &str = "INSERT INTO idempotency (till, key, hash, authorisation, reason, asked) \
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let till = till.as_str().to_owned();
        let reason = reason.map(|reason| reason.name().to_owned());
        let id = authorisation.map(|id| id.0);
        let asked = self.id.asked();
        Statement::new(KEEP, values![till, self.key.clone(), self.hash, id, reason, asked])
            .error_if_no_rows(StoreError::Conflict)
            .single_row()
    }
}

impl Authorisation {
    /// That the code is taken, of the account's credential of this number, and what that adds to the day's sum. Another
    /// that has taken it, or a later one, is in the way.
    fn takes(&self, number: u32, counter: u64) -> Statement {
        const TAKE: &str = "UPDATE payers SET counter_of = $1, counter = $2, \
            spent = CASE WHEN day = $3 THEN spent ELSE 0 END + $4, day = $3 \
            WHERE account = $5 AND (counter_of < $1 OR counter_of = $1 AND counter < $2)";
        let adds = if self.state.counts() { self.amount } else { 0 };
        Statement::new(TAKE, values![number, counter, self.day, adds, self.account.0])
            .error_if_no_rows(StoreError::Conflict)
            .single_row()
    }

    /// That this is the sale, and that it is not over.
    fn counts(&self, replaced: Option<AuthorisationId>) -> [Statement; 2] {
        const SELL: &str = "INSERT INTO sales (till, reference, authorisation, asked) \
            VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        const SELL_AGAIN: &str = "UPDATE sales SET authorisation = $1, asked = $2 \
            WHERE till = $3 AND reference = $4 AND authorisation = $5";
        let (till, reference) = (self.till.as_str().to_owned(), self.reference.clone());
        let asked = self.id.asked();
        let sale = match replaced {
            None => Statement::new(SELL, values![till, reference, self.id.0, asked]).single_row(),
            Some(before) => {
                let values = values![self.id.0, asked, till, reference, before.0];
                Statement::new(SELL_AGAIN, values)
            }
        };
        [sale.error_if_no_rows(StoreError::Conflict), self.opens(self.made.seconds())]
    }

    fn insert(&self, counter: u64) -> Statement {
        const INSERT: &str = "INSERT INTO authorisations (authorisation, account, credential, \
            counter, till, reference, amount, currency, day, state, reason, made, changed, version) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, 1)";
        let reason = self.reason.map(|reason| reason.name().to_owned());
        Statement::new(
            INSERT,
            values![
                self.id.0,
                self.account.0,
                self.credential.0,
                counter,
                self.till.as_str().to_owned(),
                self.reference.clone(),
                self.amount,
                self.currency.clone(),
                self.day,
                self.state.name().to_owned(),
                reason,
                self.made.seconds(),
            ],
        )
        .single_row()
    }
}

pub(super) async fn by_id(
    transaction: &mut dyn Transaction,
    id: AuthorisationId,
) -> Result<Authorisation, StoreError> {
    let row = transaction.rows(BY_ID, values![id.0]).await?.into_iter().next();
    Authorisation::read(row.ok_or(StoreError::Unreadable("authorisations"))?)
}
