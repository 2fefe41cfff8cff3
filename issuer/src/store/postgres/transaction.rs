//! One transaction: all that is asked in it at a time is on its way before the first is answered.

use async_trait::async_trait;
use deadpool_postgres::Object;
use futures_util::future::{join, try_join, try_join_all};

use super::super::database::Transaction;
use super::super::sql::{Read, Row, Statement};
use super::many::{Alike, Column, Expected};
use super::values::{self, parameters};
use super::whole::Whole;
use super::{StoreError, refused};

/// A transaction that begins with the first that is asked of it, on the same way to the server: a payment waits for the
/// server as seldom as can be. A connection that is let go before the end is closed, which rolls back.
pub(super) struct InTransaction {
    connection: Option<Object>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The server has not heard of it.
    New,
    Begun,
    /// The server has been told to commit.
    Over,
}

impl Drop for InTransaction {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl InTransaction {
    pub(super) fn on(connection: Object) -> Self {
        Self { connection: Some(connection), stage: Stage::New }
    }

    /// Commits what was done, or takes it back if that is an error.
    pub(super) async fn end<T>(mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        let how = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = match &self.connection {
            Some(connection) if self.stage == Stage::Begun => connection.batch_execute(how).await,
            _ => Ok(()),
        };
        if ended.is_ok() && !matches!(done, Err(StoreError::CommitOutcomeUnknown)) {
            // Back to the others.
            drop(self.connection.take());
        }
        let done = done?;
        ended.map_err(|error| match refused(&error) {
            StoreError::Unavailable(_) => StoreError::CommitOutcomeUnknown,
            other => other,
        })?;
        Ok(done)
    }

    /// What is asked now, with the beginning before it if nothing was asked yet.
    async fn ask<T>(
        &mut self,
        what: impl for<'a> AsyncFnOnce(&'a Object) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.as_ref().ok_or(StoreError::Panicked)?;
        match self.stage {
            Stage::New => self.stage = Stage::Begun,
            Stage::Begun => return what(connection).await,
            Stage::Over => return Err(StoreError::Panicked),
        }
        let begin =
            async { connection.batch_execute("BEGIN").await.map_err(|error| refused(&error)) };
        try_join(begin, what(connection)).await.map(|((), done)| done)
    }

    /// Writes what many write at the end of the one transaction that they share, and commits it on the same way to the
    /// server if that can be: if all of it goes as it should is decided there. Else nothing of it is done, which of them it
    /// was is not known, and this transaction is over.
    pub(super) async fn finish_many(
        &mut self,
        statements: Vec<Statement>,
    ) -> Result<(), StoreError> {
        let all = Alike::writes(statements);
        if all.iter().any(|alike| !alike.is_of_row) {
            return self.write_all(all).await;
        }
        let connection = self.connection.as_ref().ok_or(StoreError::Panicked)?;
        let whole = Whole::of(connection, all).await?;
        let done = match std::mem::replace(&mut self.stage, Stage::Over) {
            // One statement is a transaction by itself.
            Stage::New => whole.execute(connection).await,
            Stage::Begun => {
                let commit = async { connection.batch_execute("COMMIT").await };
                let (written, ended) = join(whole.execute(connection), commit).await;
                written.and(ended.map_err(|error| refused(&error)))
            }
            Stage::Over => return Err(StoreError::Panicked),
        };
        done.map_err(|error| match error {
            StoreError::Unavailable(_) => StoreError::CommitOutcomeUnknown,
            other => other,
        })
    }

    async fn write_all(&mut self, all: Vec<Alike>) -> Result<(), StoreError> {
        self.ask(async |connection: &Object| {
            let execute = async |(statement, expected, columns): Prepared| {
                let touched = connection.execute(&statement, &parameters(&columns)).await;
                expected.check(touched.map_err(|error| refused(&error))?)
            };
            let prepared = prepared(connection, all).await?;
            try_join_all(prepared.into_iter().map(execute)).await.map(drop)
        })
        .await
    }
}

#[async_trait]
impl Transaction for InTransaction {
    /// The server takes them in order.
    async fn read(&mut self, reads: Vec<Read>) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut rows: Vec<_> = reads.iter().map(|_| Vec::new()).collect();
        let found = self.ask(async |connection: &Object| {
            let query = async |(statement, expected, columns): Prepared| {
                let rows = connection.query(&statement, &parameters(&columns)).await;
                let rows = rows.map_err(|error| refused(&error))?;
                Ok((expected, rows.iter().map(values::row).collect::<Result<_, _>>()?))
            };
            let prepared = prepared(connection, Alike::reads(reads)).await?;
            try_join_all(prepared.into_iter().map(query)).await
        });
        for (expected, found) in found.await? {
            expected.hand_out(found, &mut rows)?;
        }
        Ok(rows)
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.write_all(Alike::writes(statements)).await
    }
}

type Prepared = (tokio_postgres::Statement, Expected, Vec<Column>);

async fn prepared(connection: &Object, all: Vec<Alike>) -> Result<Vec<Prepared>, StoreError> {
    let mut prepared = Vec::with_capacity(all.len());
    for alike in all {
        let statement = alike.prepare(connection).await?;
        let (expected, columns) = alike.split();
        prepared.push((statement, expected, columns));
    }
    Ok(prepared)
}
