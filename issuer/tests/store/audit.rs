//! The log: what was sealed cannot be changed unnoticed, even with access to the database.

use tegata_issuer::audit::{AuditError, LogVerification, SuspiciousActivity, seal, verify};
use tegata_issuer::crypto::Keys;
use tegata_issuer::domain::EventId;
use tegata_issuer::store::Store;

use crate::shopper;
use crate::test_database::{TestDatabase, noon};

crate::on_both!(
    an_untouched_log_verifies,
    concurrent_sealers_make_one_chain,
    a_long_checkpoint_file_continues_from_its_last_line,
    a_truncated_log_is_found,
    a_changed_event_is_found,
    an_inserted_or_deleted_event_is_found,
    an_event_neither_sealed_nor_waiting_is_found,
    a_rewritten_history_is_found_and_not_signed,
    a_changed_line_of_the_checkpoint_file_is_found,
);

struct Log {
    database: TestDatabase,
    store: Store,
    keys: Keys,
}

impl Log {
    async fn new(database: TestDatabase) -> Self {
        let store = database.store().await;
        let keys = database.keys(&store).await;
        Self { database, store, keys }
    }

    /// Writes events, one for each second, and a checkpoint.
    async fn write(&self, from: i64, to: i64) {
        for second in from..to {
            let event = shopper::event(noon().shifted(second), &format!("deed {second}"));
            self.store.append_event(event).await.unwrap();
        }
        self.seal().await.unwrap();
    }

    async fn seal(&self) -> Result<u64, AuditError> {
        let file = self.database.file("checkpoints");
        Ok(seal(&self.store, &self.keys, &file, noon()).await?.count)
    }

    async fn verify(&self) -> LogVerification {
        let file = self.database.file("checkpoints");
        verify(&self.store, &file, &self.keys.checkpoint_key()).await.unwrap()
    }

    /// Lists events by their place in the chain, in SQL.
    async fn at(&self, places: impl IntoIterator<Item = usize>) -> String {
        let pages = self.store.sealed_events(0, 100).await.unwrap();
        let ids: Vec<_> = pages.iter().flat_map(|page| &page.events).collect();
        let blobs = places.into_iter().map(|place| self.database.blob(&ids[place - 1].0));
        format!("event IN ({})", blobs.collect::<Vec<_>>().join(", "))
    }

    /// Makes this seal name these events.
    async fn name(&self, count: u64, ids: &[EventId]) {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.0).collect();
        let bytes = self.database.blob(&bytes);
        self.database
            .sql(&format!("UPDATE event_seals SET events = {bytes} WHERE count = {count}"))
            .await;
    }

    async fn findings(&self) -> Vec<SuspiciousActivity> {
        self.verify().await.findings
    }
}

async fn an_untouched_log_verifies(database: TestDatabase) {
    let log = Log::new(database).await;
    assert_eq!(log.seal().await.unwrap(), 0);
    assert_eq!(
        log.verify().await,
        LogVerification { events: 0, signed: 0, detached: 0, findings: vec![] }
    );
    log.write(0, 5).await;
    log.write(5, 8).await;
    assert_eq!(log.seal().await.unwrap(), 8);
    let lines = std::fs::read_to_string(log.database.file("checkpoints")).unwrap();
    assert_eq!(lines.lines().count(), 2, "one for each time that there was something to sign");
    log.store.append_event(shopper::event(noon(), "not yet")).await.unwrap();
    assert_eq!(
        log.verify().await,
        LogVerification { events: 8, signed: 8, detached: 0, findings: vec![] }
    );
    assert_eq!(log.store.unsealed_events(10).await.unwrap().len(), 1);
    let pages = log.store.sealed_events(0, 10).await.unwrap();
    assert_eq!(pages.iter().map(|page| page.seal.count).collect::<Vec<_>>(), [5, 8]);
    let ids: Vec<_> = pages.into_iter().flat_map(|page| page.events).collect();
    let events = log.store.events(&ids).await.unwrap().into_iter().flatten();
    let deeds: Vec<_> = events.map(|event| event.deed).collect();
    assert_eq!(deeds, (0..8).map(|nth| format!("deed {nth}")).collect::<Vec<_>>());
    // The process died between the seal and the line: the next run writes the line.
    log.store.seal(10).await.unwrap();
    assert_eq!(log.verify().await.signed, 8);
    log.seal().await.unwrap();
    assert_eq!(
        log.verify().await,
        LogVerification { events: 9, signed: 9, detached: 0, findings: vec![] }
    );
}

async fn concurrent_sealers_make_one_chain(database: TestDatabase) {
    let log = Log::new(database).await;
    for second in 0..40 {
        log.store.append_event(shopper::event(noon().shifted(second), "deed")).await.unwrap();
    }
    let stores = [log.store.clone(), log.database.store().await];
    let sealers: Vec<_> = (0..12)
        .map(|which| {
            let store = stores[which % 2].clone();
            tokio::spawn(async move { store.seal(5).await })
        })
        .collect();
    let mut sealed = 0;
    for sealer in sealers {
        sealed += sealer.await.unwrap().unwrap().1;
    }
    assert_eq!(sealed, 40);
    log.seal().await.unwrap();
    assert_eq!(
        log.verify().await,
        LogVerification { events: 40, signed: 40, detached: 0, findings: vec![] }
    );
}

async fn a_long_checkpoint_file_continues_from_its_last_line(database: TestDatabase) {
    let log = Log::new(database).await;
    for second in 0..12 {
        log.write(second, second + 1).await;
        log.seal().await.unwrap();
    }
    let lines = std::fs::read_to_string(log.database.file("checkpoints")).unwrap();
    assert_eq!(lines.lines().count(), 12, "none twice");
    log.database.sql("DELETE FROM event_seals WHERE count = 12").await;
    log.store.append_event(shopper::event(noon().shifted(20), "deed")).await.unwrap();
    assert!(matches!(log.seal().await, Err(AuditError::NotOurs)));
}

async fn a_truncated_log_is_found(database: TestDatabase) {
    let log = Log::new(database).await;
    log.write(0, 3).await;
    log.write(3, 6).await;
    log.database.sql(&format!("DELETE FROM events WHERE {}", log.at(4..=6).await)).await;
    let cut = SuspiciousActivity::CutOff { last: 3, signed: 6 };
    assert_eq!(log.findings().await, std::slice::from_ref(&cut));
    // With its seal: the checkpoint file still knows.
    log.database.sql("DELETE FROM event_seals WHERE count > 3").await;
    assert_eq!(log.findings().await, [cut]);
    assert!(matches!(log.seal().await, Err(AuditError::NotOurs)));
    // And if the log grows over the gap.
    for second in 10..13 {
        log.store.append_event(shopper::event(noon().shifted(second), "deed")).await.unwrap();
    }
    log.store.seal(10).await.unwrap();
    assert_eq!(log.findings().await, [SuspiciousActivity::Rewritten { count: 6 }]);
}

async fn a_changed_event_is_found(database: TestDatabase) {
    let log = Log::new(database).await;
    log.write(0, 3).await;
    log.write(3, 6).await;
    log.write(6, 9).await;
    let fifth = log.at([5]).await;
    for (change, back) in [
        ("deed = 'nothing'", "deed = 'deed 4'"),
        ("actor = 'nobody'", "actor = 'operator'"),
        ("detail = '[]'", "detail = '{}'"),
        ("made = made + 1", "made = made - 1"),
        ("account = event", "account = NULL"),
        ("deed = 'deed 4op', actor = 'erator'", "deed = 'deed 4', actor = 'operator'"),
    ] {
        log.database.sql(&format!("UPDATE events SET {change} WHERE {fifth}")).await;
        let changed = SuspiciousActivity::Changed { from: 4, to: 6 };
        assert_eq!(log.findings().await, [changed], "{change}");
        log.database.sql(&format!("UPDATE events SET {back} WHERE {fifth}")).await;
        assert!(log.findings().await.is_empty(), "{back}");
    }
}

async fn an_inserted_or_deleted_event_is_found(database: TestDatabase) {
    let log = Log::new(database).await;
    log.write(0, 3).await;
    log.write(3, 6).await;
    log.write(6, 9).await;
    let pages = log.store.sealed_events(0, 10).await.unwrap();
    let of = |page: usize, nth: usize| pages[page].events[nth];
    let other = EventId([7; 16]);
    // In the second seal one is removed, all are, one is added, one is replaced, two are swapped.
    let missing = SuspiciousActivity::Missing { place: 4 };
    let changed = SuspiciousActivity::Changed { from: 4, to: 6 };
    for (ids, found) in [
        (vec![of(1, 0), of(1, 2)], &missing),
        (vec![], &missing),
        (vec![of(1, 0), of(1, 1), other, of(1, 2)], &changed),
        ([&pages[0].events[..], &pages[1].events].concat(), &changed),
        (vec![of(1, 0), of(0, 1), of(1, 2)], &changed),
        (vec![of(1, 0), of(1, 2), of(1, 1)], &changed),
    ] {
        log.name(6, &ids).await;
        let findings = log.findings().await;
        assert!(findings.contains(found), "{ids:?}: {findings:?}");
    }
    let bytes =
        [&pages[1].events.iter().flat_map(|id| id.0).collect::<Vec<_>>()[..], &[1]].concat();
    let bytes = log.database.blob(&bytes);
    log.database.sql(&format!("UPDATE event_seals SET events = {bytes} WHERE count = 6")).await;
    assert_eq!(log.findings().await, std::slice::from_ref(&changed), "half a number more");
    // Two of different seals are swapped.
    log.name(6, &[of(0, 2), of(1, 1), of(1, 2)]).await;
    log.name(3, &[of(0, 0), of(0, 1), of(1, 0)]).await;
    assert_eq!(log.findings().await, [SuspiciousActivity::Changed { from: 1, to: 3 }, changed]);
    log.name(6, &pages[1].events).await;
    log.name(3, &pages[0].events).await;
    assert!(log.findings().await.is_empty(), "as it was");
    // A seal is deleted, and with it the place of its events.
    log.database.sql("UPDATE event_seals SET count = 60 WHERE count = 6").await;
    assert!(log.findings().await.contains(&missing));
    log.database.sql("UPDATE event_seals SET count = 6 WHERE count = 60").await;
    log.database.sql(&format!("DELETE FROM events WHERE {}", log.at([2]).await)).await;
    let findings = log.findings().await;
    assert_eq!(
        findings,
        [SuspiciousActivity::Missing { place: 2 }, SuspiciousActivity::Changed { from: 1, to: 3 }]
    );
}

async fn an_event_neither_sealed_nor_waiting_is_found(database: TestDatabase) {
    let log = Log::new(database).await;
    log.write(0, 3).await;
    log.store.append_event(shopper::event(noon().shifted(3), "waits")).await.unwrap();
    assert!(log.findings().await.is_empty());
    let id = log.database.blob(&[9; 16]);
    log.database.sql(&format!("INSERT INTO events VALUES ({id}, NULL, 'a', 'b', 1, '{{}}')")).await;
    assert_eq!(log.findings().await, [SuspiciousActivity::Uncounted { there: 5, known: 4 }]);
    log.database.sql("DELETE FROM events WHERE deed = 'a'").await;
    assert!(log.findings().await.is_empty());
    // One that waits is deleted; one is not sealed; one does not wait.
    let uncounted = SuspiciousActivity::Uncounted { there: 3, known: 4 };
    log.database.sql("DELETE FROM events WHERE deed = 'waits'").await;
    assert_eq!(log.findings().await, std::slice::from_ref(&uncounted));
    assert_eq!(log.seal().await.unwrap(), 3);
    assert_eq!(log.findings().await, [uncounted]);
    log.database.sql("DELETE FROM events_waiting").await;
    assert!(log.findings().await.is_empty());
    // A sealed event waits again.
    let first = log.at([1]).await;
    let again = format!("INSERT INTO events_waiting SELECT event FROM events WHERE {first}");
    log.database.sql(&again).await;
    log.seal().await.unwrap();
    assert_eq!(log.findings().await, [SuspiciousActivity::Uncounted { there: 3, known: 4 }]);
}

async fn a_rewritten_history_is_found_and_not_signed(database: TestDatabase) {
    let log = Log::new(database).await;
    log.write(0, 6).await;
    // An attacker with the database writes another history and seals it as the issuer would.
    log.database.sql("UPDATE events SET deed = 'nothing' WHERE deed = 'deed 1'").await;
    log.database.sql("INSERT INTO events_waiting SELECT event FROM events").await;
    log.database.sql("DELETE FROM event_seals").await;
    log.store.seal(10).await.unwrap();
    assert_eq!(log.findings().await, [SuspiciousActivity::Rewritten { count: 6 }]);
    assert!(matches!(log.seal().await, Err(AuditError::NotOurs)));
    log.store.append_event(shopper::event(noon().shifted(10), "deed")).await.unwrap();
    assert!(matches!(log.seal().await, Err(AuditError::NotOurs)));
    let lines = std::fs::read_to_string(log.database.file("checkpoints")).unwrap();
    assert_eq!(lines.lines().count(), 1);
}

async fn a_changed_line_of_the_checkpoint_file_is_found(database: TestDatabase) {
    let log = Log::new(database).await;
    log.write(0, 3).await;
    log.write(3, 6).await;
    let file = log.database.file("checkpoints");
    let lines = std::fs::read_to_string(&file).unwrap();
    for (from, to) in [("\"count\":6", "\"count\":5"), ("\"at\":18", "\"at\":17"), ("6", "")] {
        let (first, second) = lines.split_once('\n').unwrap();
        std::fs::write(&file, format!("{first}\n{}", second.replacen(from, to, 1))).unwrap();
        assert!(
            log.findings().await.contains(&SuspiciousActivity::NotSigned { line: 2 }),
            "{from}"
        );
    }
}
