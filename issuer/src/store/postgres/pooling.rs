//! Finds out whether something between this program and PostgreSQL hands its connections to others between two
//! transactions, as pgbouncer does in transaction mode: settings of a session and prepared statements would be lost.

use tokio_postgres::SimpleQueryMessage;

use super::super::error::StoreError;
use super::connection::{Connection, Deadline};
use super::pool::{PATIENCE, Pool, connection};

/// Refuses a server whose backend changes under an open connection.
///
/// Two connections hold a transaction each at the same time, again and again in the other order: whether a pooler gives
/// the backend that was freed first or last, one of the connections gets another one.
pub(super) async fn refuse_transaction_pooling(pool: &Pool) -> Result<(), StoreError> {
    let one = connection(pool).await?;
    let other = connection(pool).await?;
    let probed = tokio::time::timeout(PATIENCE, is_pooled(&one, &other)).await;
    // A pooler with a single backend never begins the second transaction.
    if probed.unwrap_or(Ok(true))? { Err(StoreError::TransactionPooling) } else { Ok(()) }
}

async fn is_pooled(one: &Connection, other: &Connection) -> Result<bool, StoreError> {
    let mut seen = None;
    for is_swapped in [false, false, true, true, false] {
        let order = if is_swapped { [other, one] } else { [one, other] };
        let first = begin(order[0]).await?;
        let second = begin(order[1]).await?;
        commit(order[0]).await?;
        commit(order[1]).await?;
        let backends = if is_swapped { (second, first) } else { (first, second) };
        if *seen.get_or_insert_with(|| backends.clone()) != backends {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Begins a transaction; gives the backend that it runs in.
async fn begin(connection: &Connection) -> Result<String, StoreError> {
    let asked = "BEGIN; SELECT pg_backend_pid()";
    let messages = connection.simple_query(asked, Deadline::of_scan()).await?;
    let backend = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    backend.ok_or(StoreError::Unreadable("the server's backends"))
}

async fn commit(connection: &Connection) -> Result<(), StoreError> {
    connection.run("COMMIT", Deadline::of_scan()).await
}
