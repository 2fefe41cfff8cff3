//! The schema: one file for each database, and databases that another edition made.

use tegata_issuer::store::{Store, StoreError};

use crate::test_database::TestDatabase;

crate::on_both!(
    a_database_with_another_checksum_is_refused,
    a_database_with_a_higher_version_is_refused,
    a_database_with_more_versions_is_refused,
);

const HISTORY: &str = "SELECT COUNT(*) FROM refinery_schema_history";

/// Opens a store whose history this statement changes; gives how it is refused, and checks that nothing was written.
async fn refused_after(database: &TestDatabase, change: &str) -> StoreError {
    drop(database.store().await);
    database.sql(change).await;
    let history = database.number(HISTORY).await;
    let refused = Store::open(&database.place).await.unwrap_err();
    assert_eq!(database.number(HISTORY).await, history);
    refused
}

async fn a_database_with_another_checksum_is_refused(database: TestDatabase) {
    let change = "UPDATE refinery_schema_history SET checksum = '1'";
    let refused = refused_after(&database, change).await;
    assert_eq!(refused, StoreError::OtherEdition(1));
    let text = "another edition of this program made the database (migration 1 differs): run that edition, \
        or start with an empty database; until 1.0 data is not carried over";
    assert_eq!(refused.to_string(), text);
}

async fn a_database_with_a_higher_version_is_refused(database: TestDatabase) {
    let change = "UPDATE refinery_schema_history SET version = 2";
    assert_eq!(refused_after(&database, change).await, StoreError::OtherEdition(2));
}

async fn a_database_with_more_versions_is_refused(database: TestDatabase) {
    let change = "INSERT INTO refinery_schema_history SELECT version + 8, 'last_codes', applied_on, checksum \
        FROM refinery_schema_history";
    assert_eq!(refused_after(&database, change).await, StoreError::OtherEdition(9));
}

/// Compares the two files without their comments, types of columns, storage options and partitions.
#[test]
fn both_databases_have_the_same_tables() {
    let statements = |file: &str| -> Vec<String> {
        let code =
            file.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        code.split(';').map(|statement| statement.trim().to_owned()).collect()
    };
    let sqlite = include_str!("../../migrations/sqlite/V1__schema.sql");
    let postgres = include_str!("../../migrations/postgres/V1__schema.sql");
    let sqlite =
        sqlite.replace("BLOB", "BYTEA").replace("INTEGER", "BIGINT").replace(" WITHOUT ROWID", "");
    let postgres =
        postgres.replace(" WITH (fillfactor = 90)", "").replace(" WITH (fillfactor = 50)", "");
    let unpartitioned = |statement: String| match statement.split_once(" PARTITION BY ") {
        Some((table, _)) => table.to_owned(),
        None => statement,
    };
    let postgres = statements(&postgres).into_iter();
    let postgres: Vec<_> = postgres
        .filter(|statement| !statement.contains(" PARTITION OF "))
        .map(unpartitioned)
        .collect();
    assert_eq!(statements(&sqlite), postgres);
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_the_database_file() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    database.keys(&store).await;
    for file in ["issuer.sqlite", "issuer.sqlite-wal"] {
        let mode = std::fs::metadata(database.file(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
