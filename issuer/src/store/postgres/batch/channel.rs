//! What batched work and the transaction that it shares send each other.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;

use super::super::super::error::StoreError;
use super::super::super::sql::{Query, Row, Statement};
use super::super::super::transaction::Transaction;

/// A request of the work, or the answer to it.
pub(super) enum BatchMessage {
    Queries(Vec<Query>),
    Rows(Vec<Vec<Row>>),
    Statements(Vec<Statement>, WriteStage),
    Written,
}

/// When statements run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteStage {
    /// When no work of the batch reads any more.
    BeforeEnd,
    /// With the commit.
    AtEnd,
}

/// A place for one message at a time. A clone is the same place.
#[derive(Clone, Default)]
pub(super) struct BatchChannel(Arc<Mutex<Option<BatchMessage>>>);

impl BatchChannel {
    pub(super) fn send(&self, message: BatchMessage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
    }

    /// Takes the message if it is of the wanted kind; else it stays.
    pub(super) fn try_recv<T>(
        &self,
        wanted: impl FnOnce(BatchMessage) -> Result<T, BatchMessage>,
    ) -> Option<T> {
        let mut message = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match wanted(message.take()?) {
            Ok(content) => Some(content),
            Err(other) => {
                *message = Some(other);
                None
            }
        }
    }

    /// Waits for a message of the wanted kind.
    async fn recv<T>(&self, wanted: impl Fn(BatchMessage) -> Result<T, BatchMessage>) -> T {
        let receive = |_: &mut Context<'_>| match self.try_recv(&wanted) {
            Some(content) => Poll::Ready(content),
            None => Poll::Pending,
        };
        std::future::poll_fn(receive).await
    }
}

/// The transaction as one of the works in it sees it.
#[derive(Default)]
pub(super) struct BatchedTransaction(pub(super) BatchChannel);

impl BatchedTransaction {
    async fn send_statements(&self, statements: Vec<Statement>, stage: WriteStage) {
        self.0.send(BatchMessage::Statements(statements, stage));
        let written = |message| match message {
            BatchMessage::Written => Ok(()),
            other => Err(other),
        };
        self.0.recv(written).await;
    }
}

#[async_trait]
impl Transaction for BatchedTransaction {
    async fn query_all(&mut self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.0.send(BatchMessage::Queries(queries));
        let rows = |message| match message {
            BatchMessage::Rows(rows) => Ok(rows),
            other => Err(other),
        };
        Ok(self.0.recv(rows).await)
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.send_statements(statements, WriteStage::BeforeEnd).await;
        Ok(())
    }

    async fn write_last(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.send_statements(statements, WriteStage::AtEnd).await;
        Ok(())
    }
}
