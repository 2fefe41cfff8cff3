//! Runs a transaction again when another was in its way.

use std::time::Duration;

use super::super::batch::BatchableWork;
use super::super::error::StoreError;
use super::errors::is_read_only;
use super::pool::Pool;
use super::transaction::PostgresTransaction;

/// How often a transaction runs at most.
const TRIES: u32 = 8;

/// Writes in a transaction of its own, again after each conflict, with longer and longer pauses.
pub(super) async fn write_with_retries(
    pool: &Pool,
    work: &dyn BatchableWork,
) -> Result<(), StoreError> {
    let mut pause = Duration::from_millis(1);
    let mut is_renewed = false;
    for _ in 1..TRIES {
        match try_to_write(pool, work).await {
            // It was the primary when the connection was made; another one is tried first now.
            Err(error) if is_read_only(&error) && !is_renewed => is_renewed = true,
            Err(StoreError::Conflict) => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            result => return result,
        }
    }
    try_to_write(pool, work).await
}

async fn try_to_write(pool: &Pool, work: &dyn BatchableWork) -> Result<(), StoreError> {
    let mut transaction = PostgresTransaction::on(pool).await?;
    let result = work.run(&mut transaction).await;
    transaction.end(result).await
}
