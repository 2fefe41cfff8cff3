//! The log: what was sealed cannot be changed unnoticed by whoever has the database.

use tegata_issuer::audit::{AuditError, Finding, Verified, seal, verify};
use tegata_issuer::keys::Keys;
use tegata_issuer::store::Store;

use crate::bed::{Bed, noon};
use crate::shopper;

crate::on_both!(
    a_log_that_nobody_touched_is_whole,
    sealers_at_once_make_one_chain,
    a_cut_off_tail_is_found,
    a_changed_event_is_found,
    an_event_put_in_or_taken_out_is_found,
    a_rewritten_history_is_found_and_not_signed_on,
    a_line_of_the_file_that_was_changed_is_found,
);

struct Log {
    bed: Bed,
    store: Store,
    keys: Keys,
}

impl Log {
    async fn new(bed: Bed) -> Self {
        let store = bed.store().await;
        let keys = bed.keys(&store).await;
        Self { bed, store, keys }
    }

    /// So many events, named by their second, and a checkpoint.
    async fn write(&self, from: i64, to: i64) {
        for second in from..to {
            let event = shopper::event(noon().shifted(second), &format!("deed {second}"));
            self.store.log(event).await.unwrap();
        }
        self.seal().await.unwrap();
    }

    async fn seal(&self) -> Result<u64, AuditError> {
        let file = self.bed.file("checkpoints");
        Ok(seal(&self.store, &self.keys, &file, noon()).await?.count)
    }

    async fn verify(&self) -> Verified {
        let file = self.bed.file("checkpoints");
        verify(&self.store, &file, &self.keys.checkpoint_key()).await.unwrap()
    }

    async fn findings(&self) -> Vec<Finding> {
        self.verify().await.findings
    }
}

async fn a_log_that_nobody_touched_is_whole(bed: Bed) {
    let log = Log::new(bed).await;
    assert_eq!(log.seal().await.unwrap(), 0);
    assert_eq!(log.verify().await, Verified { events: 0, signed: 0, findings: vec![] });
    log.write(0, 5).await;
    log.write(5, 8).await;
    assert_eq!(log.seal().await.unwrap(), 8);
    let lines = std::fs::read_to_string(log.bed.file("checkpoints")).unwrap();
    assert_eq!(lines.lines().count(), 2, "one for each time that there was something to sign");
    log.store.log(shopper::event(noon(), "not yet")).await.unwrap();
    assert_eq!(log.verify().await, Verified { events: 8, signed: 8, findings: vec![] });
    assert_eq!(log.store.unsealed_events(10).await.unwrap().len(), 1);
    let places: Vec<_> = log.store.sealed_events(0, 10).await.unwrap();
    let in_order = places.iter().enumerate().all(|(index, (place, event))| {
        *place == index as u64 + 1 && event.deed == format!("deed {index}")
    });
    assert!(in_order, "{places:?}");
    // The process died between the seal and the line: the next run writes the line.
    log.store.seal(10).await.unwrap();
    assert_eq!(log.verify().await.signed, 8);
    log.seal().await.unwrap();
    assert_eq!(log.verify().await, Verified { events: 9, signed: 9, findings: vec![] });
}

async fn sealers_at_once_make_one_chain(bed: Bed) {
    let log = Log::new(bed).await;
    for second in 0..40 {
        log.store.log(shopper::event(noon().shifted(second), "deed")).await.unwrap();
    }
    let stores = [log.store.clone(), log.bed.store().await];
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
    assert_eq!(log.verify().await, Verified { events: 40, signed: 40, findings: vec![] });
}

async fn a_cut_off_tail_is_found(bed: Bed) {
    let log = Log::new(bed).await;
    log.write(0, 3).await;
    log.write(3, 6).await;
    log.bed.sql("DELETE FROM events WHERE place > 3").await;
    let cut = Finding::CutOff { last: 3, signed: 6 };
    assert_eq!(log.findings().await, std::slice::from_ref(&cut));
    // With its seal: the file knows.
    log.bed.sql("DELETE FROM event_seals WHERE count > 3").await;
    assert_eq!(log.findings().await, [cut]);
    assert!(matches!(log.seal().await, Err(AuditError::NotOurs)));
    // And if the log grows over the gap.
    for second in 10..13 {
        log.store.log(shopper::event(noon().shifted(second), "deed")).await.unwrap();
    }
    log.store.seal(10).await.unwrap();
    assert_eq!(log.findings().await, [Finding::Rewritten { count: 6 }]);
}

async fn a_changed_event_is_found(bed: Bed) {
    let log = Log::new(bed).await;
    log.write(0, 3).await;
    log.write(3, 6).await;
    log.write(6, 9).await;
    for (change, back) in [
        ("deed = 'nothing'", "deed = 'deed 4'"),
        ("actor = 'nobody'", "actor = 'operator'"),
        ("detail = '[]'", "detail = '{}'"),
        ("made = made + 1", "made = made - 1"),
        ("deed = 'deed 4op', actor = 'erator'", "deed = 'deed 4', actor = 'operator'"),
    ] {
        log.bed.sql(&format!("UPDATE events SET {change} WHERE place = 5")).await;
        let changed = Finding::Changed { from: 4, to: 6 };
        assert_eq!(log.findings().await, [changed], "{change}");
        log.bed.sql(&format!("UPDATE events SET {back} WHERE place = 5")).await;
        assert!(log.findings().await.is_empty(), "{back}");
    }
}

async fn an_event_put_in_or_taken_out_is_found(bed: Bed) {
    let log = Log::new(bed).await;
    log.write(0, 3).await;
    log.write(3, 6).await;
    log.write(6, 9).await;
    log.bed.sql("UPDATE events SET place = place + 1000 WHERE place > 4").await;
    log.bed.sql("UPDATE events SET place = place - 999 WHERE place > 1000").await;
    assert!(log.findings().await.contains(&Finding::Missing { place: 5 }));
    let event = shopper::event(noon(), "put in");
    log.store.log(event).await.unwrap();
    log.bed.sql("UPDATE events SET place = 5 WHERE deed = 'put in'").await;
    assert!(log.findings().await.contains(&Finding::Changed { from: 4, to: 6 }));
    log.bed.sql("DELETE FROM events WHERE deed = 'put in'").await;
    log.bed.sql("UPDATE events SET place = place + 1000 WHERE place > 5").await;
    log.bed.sql("UPDATE events SET place = place - 1001 WHERE place > 1000").await;
    assert!(log.findings().await.is_empty(), "as it was");
    log.bed.sql("DELETE FROM events WHERE place = 2").await;
    let findings = log.findings().await;
    assert!(findings.contains(&Finding::Missing { place: 2 }), "{findings:?}");
}

async fn a_rewritten_history_is_found_and_not_signed_on(bed: Bed) {
    let log = Log::new(bed).await;
    log.write(0, 6).await;
    // Whoever has the database writes another history and seals it as we would.
    log.bed.sql("UPDATE events SET deed = 'nothing' WHERE place = 2").await;
    log.bed.sql("UPDATE events SET place = NULL").await;
    log.bed.sql("DELETE FROM event_seals").await;
    log.store.seal(10).await.unwrap();
    assert_eq!(log.findings().await, [Finding::Rewritten { count: 6 }]);
    assert!(matches!(log.seal().await, Err(AuditError::NotOurs)));
    log.store.log(shopper::event(noon().shifted(10), "deed")).await.unwrap();
    assert!(matches!(log.seal().await, Err(AuditError::NotOurs)));
    let lines = std::fs::read_to_string(log.bed.file("checkpoints")).unwrap();
    assert_eq!(lines.lines().count(), 1);
}

async fn a_line_of_the_file_that_was_changed_is_found(bed: Bed) {
    let log = Log::new(bed).await;
    log.write(0, 3).await;
    log.write(3, 6).await;
    let file = log.bed.file("checkpoints");
    let lines = std::fs::read_to_string(&file).unwrap();
    for (from, to) in [("\"count\":6", "\"count\":5"), ("\"at\":18", "\"at\":17"), ("6", "")] {
        let (first, second) = lines.split_once('\n').unwrap();
        std::fs::write(&file, format!("{first}\n{}", second.replacen(from, to, 1))).unwrap();
        assert!(log.findings().await.contains(&Finding::NotSigned { line: 2 }), "{from}");
    }
}
