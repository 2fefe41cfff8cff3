//! One transaction of a batch, in step: each work goes on until it asks for something, and what all of them ask for is
//! sent to the server at once.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::super::super::batch::BatchableWork;
use super::super::super::error::StoreError;
use super::super::super::transaction::Transaction;
use super::super::transaction::PostgresTransaction;
use super::channel::{BatchChannel, BatchMessage, BatchedTransaction, WriteStage};

pub(super) async fn run_in_step(
    transaction: &mut PostgresTransaction,
    batch: &[Arc<dyn BatchableWork>],
) -> Result<(), StoreError> {
    let mut transactions: Vec<BatchedTransaction> =
        batch.iter().map(|_| BatchedTransaction::default()).collect();
    let channels: Vec<BatchChannel> = transactions.iter().map(|it| it.0.clone()).collect();
    let mut running: Vec<_> = batch
        .iter()
        .zip(&mut transactions)
        .map(|(work, transaction)| Some(work.run(transaction)))
        .collect();
    loop {
        for slot in &mut running {
            // Work waits for nothing but its transaction.
            let polled = slot
                .as_mut()
                .map(|work| work.as_mut().poll(&mut Context::from_waker(Waker::noop())));
            if let Some(Poll::Ready(result)) = polled {
                result?;
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) {
            return Ok(());
        }
        // Writes wait until no work reads any more, and last writes until no work does anything else: then all of it is
        // written at once.
        let is_answered = answer_queries(transaction, &channels).await?
            || answer_writes(transaction, &channels, WriteStage::BeforeEnd).await?
            || answer_writes(transaction, &channels, WriteStage::AtEnd).await?;
        if !is_answered {
            return Err(StoreError::Panicked);
        }
    }
}

/// Runs the queries that wait; gives whether there were any.
async fn answer_queries(
    transaction: &mut PostgresTransaction,
    channels: &[BatchChannel],
) -> Result<bool, StoreError> {
    let mut all = Vec::new();
    let mut senders = Vec::new();
    for channel in channels {
        if let Some(queries) = channel.try_recv(|message| match message {
            BatchMessage::Queries(queries) => Ok(queries),
            other => Err(other),
        }) {
            senders.push((channel, queries.len()));
            all.extend(queries);
        }
    }
    if senders.is_empty() {
        return Ok(false);
    }
    let mut rows = transaction.query_all(all).await?.into_iter();
    for (channel, count) in senders {
        channel.send(BatchMessage::Rows(rows.by_ref().take(count).collect()));
    }
    Ok(true)
}

/// Runs the statements that wait for this stage; gives whether there were any.
async fn answer_writes(
    transaction: &mut PostgresTransaction,
    channels: &[BatchChannel],
    wanted: WriteStage,
) -> Result<bool, StoreError> {
    let mut all = Vec::new();
    let mut senders = Vec::new();
    for channel in channels {
        if let Some(statements) = channel.try_recv(|message| match message {
            BatchMessage::Statements(statements, stage) if stage == wanted => Ok(statements),
            other => Err(other),
        }) {
            senders.push(channel);
            all.extend(statements);
        }
    }
    if senders.is_empty() {
        return Ok(false);
    }
    match wanted {
        WriteStage::BeforeEnd => transaction.write(all).await?,
        WriteStage::AtEnd => transaction.write_and_commit(all).await?,
    }
    for channel in senders {
        channel.send(BatchMessage::Written);
    }
    Ok(true)
}
