//! Payments that share a transaction: one that fails, panics or comes second affects no other.

use std::fmt::Write;
use std::sync::Arc;

use futures_util::future::join_all;
use tegata::protocol::PaymentNumber;
use tegata_issuer::domain::{AuthorisationId, MailId};
use tegata_issuer::store::{
    Authorisation, AuthorisationState, OutboxMail, ReceiptWriter, Store, StoreError,
};

use crate::charging::receipt_writer;
use crate::test_database::{TestDatabase, noon};

/// Runs in one thread: all work is queued before any is taken from the queue.
macro_rules! in_one_thread {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::test_database::TestDatabase::sqlite()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::test_database::TestDatabase::postgres().await).await;
            })*
        }
    };
}

in_one_thread!(
    a_payment_that_fails_or_panics_affects_no_other,
    of_two_transitions_of_one_payment_one_succeeds,
    of_two_intents_or_claims_of_one_payment_one_succeeds,
    many_payments_succeed_in_one_batch,
);

/// Writes receipts as another does, except for its faults.
struct FaultyReceiptWriter {
    receipts: Arc<dyn ReceiptWriter>,
    panics: bool,
    /// The id of each of its mails.
    mail: Option<MailId>,
}

impl ReceiptWriter for FaultyReceiptWriter {
    fn receipt(&self, id: MailId, of: &Authorisation) -> Result<OutboxMail, StoreError> {
        assert!(!self.panics, "internal error");
        self.receipts.receipt(self.mail.unwrap_or(id), of)
    }

    fn number(&self, payment: AuthorisationId) -> PaymentNumber {
        self.receipts.number(payment)
    }
}

struct BatchTest {
    database: TestDatabase,
    store: Store,
    receipts: Arc<dyn ReceiptWriter>,
}

impl BatchTest {
    async fn open(database: TestDatabase) -> Self {
        let store = database.store().await;
        let receipts = receipt_writer(&database, &store).await;
        Self { database, store, receipts }
    }

    /// Makes `n` authorised payments of one account.
    async fn authorised(&self, n: u8) -> Vec<Authorisation> {
        let account = self.database.blob(&[1; 16]);
        let now = noon().seconds();
        let mut sql = format!(
            "INSERT INTO payers (account, generation, low_until, day, spent) \
             VALUES ({account}, 0, 0, 1, {n});"
        );
        for id in (0..n).map(id) {
            let number = self.database.blob(&id.0);
            let _ = write!(
                sql,
                "INSERT INTO authorisations VALUES ({number}, {account}, {account}, 1, 'till', \
                 '{id}', 1, 'JPY', 1, 'authorised', NULL, NULL, NULL, {now}, {now}, 1); \
                 INSERT INTO charges_open VALUES ({number}, {now});"
            );
        }
        self.database.sql(&sql).await;
        let rows = (0..n).map(|n| self.store.authorisation(id(n)));
        join_all(rows).await.into_iter().map(|row| row.unwrap().unwrap()).collect()
    }

    fn faulty(&self, panics: bool, mail: Option<MailId>) -> Arc<dyn ReceiptWriter> {
        Arc::new(FaultyReceiptWriter { receipts: self.receipts.clone(), panics, mail })
    }

    /// Moves all of them at once; gives the result of each.
    async fn transition_all(
        &self,
        each: Vec<(Authorisation, AuthorisationState, Arc<dyn ReceiptWriter>)>,
    ) -> Vec<Result<AuthorisationState, StoreError>> {
        let moves = each.into_iter().map(|(from, to, receipts)| async move {
            self.store.transition(from, to, noon(), receipts).await.map(|after| after.state)
        });
        join_all(moves).await
    }

    /// Checks that each success has its event and its receipt, and that the sum is of those not declined.
    async fn check_sums(&self, results: &[Result<AuthorisationState, StoreError>], before: i64) {
        let all = results.iter().flatten().count();
        let charged =
            results.iter().filter(|result| **result == Ok(AuthorisationState::Charged)).count();
        let declined = i64::try_from(all - charged).unwrap();
        for (what, expected) in [
            ("authorisations WHERE version = 2 AND state <> 'authorised'", all),
            ("authorisations WHERE state = 'charged'", charged),
            ("events", all),
            ("outbox", charged),
        ] {
            let found = self.database.number(&format!("SELECT COUNT(*) FROM {what}")).await;
            assert_eq!(usize::try_from(found).unwrap(), expected, "{what}: {results:?}");
        }
        let open = self.database.number("SELECT COUNT(*) FROM charges_open").await;
        assert_eq!(open, before - i64::try_from(all).unwrap());
        assert_eq!(self.database.number("SELECT spent FROM payers").await, before - declined);
    }
}

fn id(n: u8) -> AuthorisationId {
    AuthorisationId([n; 16])
}

async fn a_payment_that_fails_or_panics_affects_no_other(database: TestDatabase) {
    let test = BatchTest::open(database).await;
    let rows = test.authorised(8).await;
    let well = test.faulty(false, None);
    let panics = test.faulty(true, None);
    let twice = test.faulty(false, Some(MailId([1; 16])));
    let each = rows.iter().cloned().enumerate().map(|(n, row)| match n {
        1 => (Authorisation { version: 7, ..row }, AuthorisationState::Charged, well.clone()),
        3 => (row, AuthorisationState::Charged, panics.clone()),
        5 | 6 => (row, AuthorisationState::Charged, twice.clone()),
        4 => (row, AuthorisationState::Declined, well.clone()),
        _ => (row, AuthorisationState::Charged, well.clone()),
    });
    let results = test.transition_all(each.collect()).await;
    let charged = Ok(AuthorisationState::Charged);
    for n in [0, 2, 7] {
        assert_eq!(results[n], charged, "{n}: {results:?}");
    }
    assert_eq!(results[1], Err(StoreError::VersionConflict));
    assert_eq!(results[3], Err(StoreError::Panicked));
    assert_eq!(results[4], Ok(AuthorisationState::Declined));
    // Of the two with one id for their receipts one is written, whichever came first.
    let pair = (results[5].clone(), results[6].clone());
    assert!(
        matches!(
            &pair,
            (Ok(_), Err(StoreError::Refused(_))) | (Err(StoreError::Refused(_)), Ok(_))
        ),
        "{pair:?}"
    );
    test.check_sums(&results, 8).await;
}

async fn of_two_transitions_of_one_payment_one_succeeds(database: TestDatabase) {
    let test = BatchTest::open(database).await;
    let rows = test.authorised(4).await;
    let to = |n: usize, to| (rows[n].clone(), to, test.receipts.clone());
    let results = test
        .transition_all(vec![
            to(0, AuthorisationState::Charged),
            to(1, AuthorisationState::Charged),
            to(1, AuthorisationState::Declined),
            to(2, AuthorisationState::Declined),
            to(3, AuthorisationState::Charged),
            to(3, AuthorisationState::Charged),
        ])
        .await;
    assert_eq!(
        (&results[0], &results[3]),
        (&Ok(AuthorisationState::Charged), &Ok(AuthorisationState::Declined))
    );
    for pair in [&results[1..3], &results[4..6]] {
        let well = pair.iter().filter(|result| result.is_ok()).count();
        assert_eq!(well, 1, "{results:?}");
        assert!(pair.contains(&Err(StoreError::VersionConflict)), "{results:?}");
    }
    test.check_sums(&results, 4).await;
}

/// Writes nothing that is unique: only the number of rows that were touched shows a conflict.
async fn of_two_intents_or_claims_of_one_payment_one_succeeds(database: TestDatabase) {
    let test = BatchTest::open(database).await;
    let rows = test.authorised(4).await;
    let intents = [0, 1, 1, 2].into_iter().enumerate().map(|(nth, n): (_, usize)| {
        let intent = format!("pi_{nth}");
        test.store.store_intent(rows[n].clone(), [1; 16], intent, noon())
    });
    let stored = join_all(intents).await;
    assert!(stored[0].is_ok() && stored[3].is_ok(), "{stored:?}");
    let won = match &stored[1..3] {
        [Ok(it), Err(StoreError::VersionConflict)] | [Err(StoreError::VersionConflict), Ok(it)] => {
            it
        }
        pair => panic!("{pair:?}"),
    };
    let there = test.store.authorisation(won.id).await.unwrap().unwrap();
    assert_eq!(there.intent, won.intent);
    assert_eq!((there.state, there.version), (AuthorisationState::Charging, 2));

    let holds = [3, 3, 0].map(|n: usize| test.store.claim_charge(rows[n].clone(), noon()));
    let held = join_all(holds).await;
    let well = held.iter().filter(|held| held.is_ok()).count();
    assert_eq!(well, 1, "the last is of another version by now: {held:?}");
    assert_eq!(held.iter().flatten().next().unwrap().id, rows[3].id);
}

async fn many_payments_succeed_in_one_batch(database: TestDatabase) {
    let test = BatchTest::open(database).await;
    let rows = test.authorised(20).await;
    let to = |n: usize| {
        if n.is_multiple_of(3) { AuthorisationState::Declined } else { AuthorisationState::Charged }
    };
    let each = rows.into_iter().enumerate().map(|(n, row)| (row, to(n), test.receipts.clone()));
    let results = test.transition_all(each.collect()).await;
    for (n, result) in results.iter().enumerate() {
        assert_eq!(*result, Ok(to(n)));
    }
    test.check_sums(&results, 20).await;
}
