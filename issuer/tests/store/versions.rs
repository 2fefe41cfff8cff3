//! Databases of other versions.

use tegata_issuer::store::{Store, StoreError};

use crate::bed::Bed;

crate::on_both!(a_later_database_is_refused_and_left_as_it_is, another_history_is_refused);

/// The last migration that there is.
const KNOWN: i64 = 9;

/// Takes a database back to before V7, but for the places that its log's lines had.
pub(crate) const TO_VERSION_6: &str = "DELETE FROM refinery_schema_history WHERE version >= 7; \
    DROP TABLE charges_open; CREATE INDEX authorisations_open ON authorisations (changed); \
    CREATE TABLE spent AS SELECT account, day, spent AS amount FROM payers; \
    ALTER TABLE payers DROP COLUMN day; ALTER TABLE payers DROP COLUMN spent; \
    ALTER TABLE credentials ADD COLUMN counter BIGINT NOT NULL DEFAULT -1; \
    ALTER TABLE payers DROP COLUMN counter; ALTER TABLE payers DROP COLUMN counter_of; \
    DROP INDEX sales_asked; ALTER TABLE sales RENAME COLUMN asked TO made; \
    CREATE INDEX sales_made ON sales (made); \
    DROP INDEX idempotency_asked; ALTER TABLE idempotency RENAME COLUMN asked TO made; \
    CREATE INDEX idempotency_made ON idempotency (made); \
    DROP TABLE events_waiting; ALTER TABLE event_seals DROP COLUMN events; \
    ALTER TABLE events ADD COLUMN place INTEGER; \
    CREATE INDEX events_unsealed ON events (event) WHERE place IS NULL";

const LATER: &str = "INSERT INTO refinery_schema_history SELECT version + 1000, 'later', \
    applied_on, checksum FROM refinery_schema_history WHERE version = 1";

async fn a_later_database_is_refused_and_left_as_it_is(bed: Bed) {
    drop(bed.store().await);
    bed.sql(LATER).await;
    let refused = Store::open(&bed.place).await.unwrap_err();
    assert_eq!(refused, StoreError::Newer { found: 1001, known: KNOWN });
    let said = "the database has migration 1001, this program knows those up to";
    assert_eq!(refused.to_string(), format!("{said} {KNOWN}: run a newer one"));
    assert_eq!(bed.number("SELECT COUNT(*) FROM refinery_schema_history").await, KNOWN + 1);
}

async fn another_history_is_refused(bed: Bed) {
    drop(bed.store().await);
    bed.sql("UPDATE refinery_schema_history SET checksum = '1'").await;
    assert_eq!(Store::open(&bed.place).await.unwrap_err(), StoreError::Divergent(1));
}

/// The two files of a migration say the same, each in its database's words; where PostgreSQL has to be told more, that is
/// at the end. V7 is not among them: it moves rows by what one of the two knows alone.
#[test]
fn the_tables_of_both_stores_are_alike() {
    macro_rules! both {
        ($($file:literal)*) => {[$((
            include_str!(concat!("../../migrations/sqlite/", $file)),
            include_str!(concat!("../../migrations/postgres/", $file)),
        )),*]};
    }
    for (sqlite, postgres) in both!["V1__accounts.sql" "V2__credentials.sql" "V3__payments.sql" "V4__cards.sql" "V5__answers.sql"
        "V6__days_and_ranks.sql" "V8__under_way.sql" "V9__last_codes.sql"]
    {
        let words = sqlite.replace("BLOB", "BYTEA").replace("INTEGER", "BIGINT");
        let words = words.replace(" WITHOUT ROWID", "");
        let more = postgres.strip_prefix(&words);
        assert!(more.is_some_and(|more| more.is_empty() || more.starts_with("\n-- ")), "{words}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bed = Bed::sqlite();
    let store = bed.store().await;
    bed.keys(&store).await;
    for file in ["issuer.sqlite", "issuer.sqlite-wal"] {
        let mode = std::fs::metadata(bed.file(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
