//! Payments that share a transaction: one that fails, panics or comes second takes no other with it.

use std::fmt::Write;
use std::sync::Arc;

use futures_util::future::join_all;
use tegata_issuer::domain::{AuthorisationId, MailId};
use tegata_issuer::store::{
    Authorisation, AuthorisationState, OutboxMail, ReceiptWriter, Store, StoreError,
};

use crate::bed::{Bed, noon};
use crate::charging::told;

/// In one thread: all of them have queued up before anybody takes from the queue.
macro_rules! in_one_thread {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::bed::Bed::sqlite()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::bed::Bed::postgres().await).await;
            })*
        }
    };
}

in_one_thread!(
    a_payment_that_fails_or_panics_takes_no_other_with_it,
    of_two_that_move_one_payment_one_does,
    of_two_that_store_an_intent_or_hold_a_payment_one_does,
    all_of_them_go_well_at_once,
);

/// Tells as another does, but for what goes wrong.
struct Odd {
    tell: Arc<dyn ReceiptWriter>,
    panics: bool,
    /// The number of each of its mails.
    mail: Option<MailId>,
}

impl ReceiptWriter for Odd {
    fn receipt(&self, id: MailId, of: &Authorisation) -> Result<OutboxMail, StoreError> {
        assert!(!self.panics, "internal error");
        self.tell.receipt(self.mail.unwrap_or(id), of)
    }
}

struct Shop {
    bed: Bed,
    store: Store,
    tell: Arc<dyn ReceiptWriter>,
}

impl Shop {
    async fn open(bed: Bed) -> Self {
        let store = bed.store().await;
        let tell = told(&bed, &store).await;
        Self { bed, store, tell }
    }

    /// So many that were authorised, all of one account.
    async fn authorised(&self, n: u8) -> Vec<Authorisation> {
        let account = self.bed.blob(&[1; 16]);
        let now = noon().seconds();
        let mut sql = format!(
            "INSERT INTO payers (account, generation, low_until, day, spent) \
             VALUES ({account}, 0, 0, 1, {n});"
        );
        for id in (0..n).map(id) {
            let number = self.bed.blob(&id.0);
            let _ = write!(
                sql,
                "INSERT INTO authorisations VALUES ({number}, {account}, {account}, 1, 'till', \
                 '{id}', 1, 'JPY', 1, 'authorised', NULL, NULL, NULL, {now}, {now}, 1); \
                 INSERT INTO charges_open VALUES ({number}, {now});"
            );
        }
        self.bed.sql(&sql).await;
        let rows = (0..n).map(|n| self.store.authorisation(id(n)));
        join_all(rows).await.into_iter().map(|row| row.unwrap().unwrap()).collect()
    }

    fn odd(&self, panics: bool, mail: Option<MailId>) -> Arc<dyn ReceiptWriter> {
        Arc::new(Odd { tell: self.tell.clone(), panics, mail })
    }

    /// All at the same moment: how each of them went.
    async fn move_on(
        &self,
        each: Vec<(Authorisation, AuthorisationState, Arc<dyn ReceiptWriter>)>,
    ) -> Vec<Result<AuthorisationState, StoreError>> {
        let moves = each.into_iter().map(|(from, to, tell)| async move {
            self.store.transition(from, to, noon(), tell).await.map(|after| after.state)
        });
        join_all(moves).await
    }

    /// Each that was told that it went well did, with its line and its mail; what counts is what was not declined.
    async fn agrees(&self, told: &[Result<AuthorisationState, StoreError>], before: i64) {
        let all = told.iter().flatten().count();
        let charged = told.iter().filter(|told| **told == Ok(AuthorisationState::Charged)).count();
        let declined = i64::try_from(all - charged).unwrap();
        for (what, expected) in [
            ("authorisations WHERE version = 2 AND state <> 'authorised'", all),
            ("authorisations WHERE state = 'charged'", charged),
            ("events", all),
            ("outbox", charged),
        ] {
            let found = self.bed.number(&format!("SELECT COUNT(*) FROM {what}")).await;
            assert_eq!(usize::try_from(found).unwrap(), expected, "{what}: {told:?}");
        }
        let open = self.bed.number("SELECT COUNT(*) FROM charges_open").await;
        assert_eq!(open, before - i64::try_from(all).unwrap());
        assert_eq!(self.bed.number("SELECT spent FROM payers").await, before - declined);
    }
}

fn id(n: u8) -> AuthorisationId {
    AuthorisationId([n; 16])
}

async fn a_payment_that_fails_or_panics_takes_no_other_with_it(bed: Bed) {
    let shop = Shop::open(bed).await;
    let rows = shop.authorised(8).await;
    let well = shop.odd(false, None);
    let panics = shop.odd(true, None);
    let twice = shop.odd(false, Some(MailId([1; 16])));
    let each = rows.iter().cloned().enumerate().map(|(n, row)| match n {
        1 => (Authorisation { version: 7, ..row }, AuthorisationState::Charged, well.clone()),
        3 => (row, AuthorisationState::Charged, panics.clone()),
        5 | 6 => (row, AuthorisationState::Charged, twice.clone()),
        4 => (row, AuthorisationState::Declined, well.clone()),
        _ => (row, AuthorisationState::Charged, well.clone()),
    });
    let told = shop.move_on(each.collect()).await;
    let charged = Ok(AuthorisationState::Charged);
    for n in [0, 2, 7] {
        assert_eq!(told[n], charged, "{n}: {told:?}");
    }
    assert_eq!(told[1], Err(StoreError::VersionConflict));
    assert_eq!(told[3], Err(StoreError::Panicked));
    assert_eq!(told[4], Ok(AuthorisationState::Declined));
    // Of the two with one number for their mails one is written, whichever came first.
    let pair = (told[5].clone(), told[6].clone());
    assert!(
        matches!(
            &pair,
            (Ok(_), Err(StoreError::Refused(_))) | (Err(StoreError::Refused(_)), Ok(_))
        ),
        "{pair:?}"
    );
    shop.agrees(&told, 8).await;
}

async fn of_two_that_move_one_payment_one_does(bed: Bed) {
    let shop = Shop::open(bed).await;
    let rows = shop.authorised(4).await;
    let to = |n: usize, to| (rows[n].clone(), to, shop.tell.clone());
    let told = shop
        .move_on(vec![
            to(0, AuthorisationState::Charged),
            to(1, AuthorisationState::Charged),
            to(1, AuthorisationState::Declined),
            to(2, AuthorisationState::Declined),
            to(3, AuthorisationState::Charged),
            to(3, AuthorisationState::Charged),
        ])
        .await;
    assert_eq!(
        (&told[0], &told[3]),
        (&Ok(AuthorisationState::Charged), &Ok(AuthorisationState::Declined))
    );
    for pair in [&told[1..3], &told[4..6]] {
        let well = pair.iter().filter(|told| told.is_ok()).count();
        assert_eq!(well, 1, "{told:?}");
        assert!(pair.contains(&Err(StoreError::VersionConflict)), "{told:?}");
    }
    shop.agrees(&told, 4).await;
}

/// Nothing is written here that could not be there twice: only how many rows were touched tells.
async fn of_two_that_store_an_intent_or_hold_a_payment_one_does(bed: Bed) {
    let shop = Shop::open(bed).await;
    let rows = shop.authorised(4).await;
    let intents = [0, 1, 1, 2].into_iter().enumerate().map(|(nth, n): (_, usize)| {
        let intent = format!("pi_{nth}");
        shop.store.store_intent(rows[n].clone(), [1; 16], intent, noon())
    });
    let stored = join_all(intents).await;
    assert!(stored[0].is_ok() && stored[3].is_ok(), "{stored:?}");
    let won = match &stored[1..3] {
        [Ok(it), Err(StoreError::VersionConflict)] | [Err(StoreError::VersionConflict), Ok(it)] => {
            it
        }
        pair => panic!("{pair:?}"),
    };
    let there = shop.store.authorisation(won.id).await.unwrap().unwrap();
    assert_eq!(there.intent, won.intent);
    assert_eq!((there.state, there.version), (AuthorisationState::Charging, 2));

    let holds = [3, 3, 0].map(|n: usize| shop.store.claim_charge(rows[n].clone(), noon()));
    let held = join_all(holds).await;
    let well = held.iter().filter(|held| held.is_ok()).count();
    assert_eq!(well, 1, "the last is of another version by now: {held:?}");
    assert_eq!(held.iter().flatten().next().unwrap().id, rows[3].id);
}

async fn all_of_them_go_well_at_once(bed: Bed) {
    let shop = Shop::open(bed).await;
    let rows = shop.authorised(20).await;
    let to = |n: usize| {
        if n.is_multiple_of(3) { AuthorisationState::Declined } else { AuthorisationState::Charged }
    };
    let each = rows.into_iter().enumerate().map(|(n, row)| (row, to(n), shop.tell.clone()));
    let told = shop.move_on(each.collect()).await;
    for (n, told) in told.iter().enumerate() {
        assert_eq!(*told, Ok(to(n)));
    }
    shop.agrees(&told, 20).await;
}
