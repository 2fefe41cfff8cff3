//! One transaction: all that is asked in it at a time is sent before the first answer is waited for.

use async_trait::async_trait;
use deadpool_postgres::Object;
use futures_util::future::{try_join, try_join_all};

use super::super::error::StoreError;
use super::super::sql::{Query, Row, Statement};
use super::super::transaction::Transaction;
use super::connection::{is_of_connection, not_committed, refused};
use super::statement_group::{Column, ExpectedRows, StatementGroup};
use super::values::{self, parameters};

/// A transaction whose `BEGIN` is sent together with the first statement, so that a payment waits for the server as
/// seldom as can be. A connection that is dropped before the end is closed, which rolls back.
pub(super) struct PostgresTransaction {
    pub(super) connection: Option<Object>,
    pub(super) stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was sent.
    New,
    Begun,
    /// `COMMIT` was sent.
    Over,
}

impl Drop for PostgresTransaction {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl PostgresTransaction {
    pub(super) fn new(connection: Object) -> Self {
        Self { connection: Some(connection), stage: Stage::New }
    }

    /// Commits after a result, rolls back after an error.
    pub(super) async fn end<T>(mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = match &self.connection {
            Some(connection) if self.stage == Stage::Begun => connection.batch_execute(end).await,
            _ => Ok(()),
        };
        if ended.is_ok() && !result.as_ref().is_err_and(is_of_connection) {
            // Back to the pool.
            drop(self.connection.take());
        }
        let result = result?;
        ended.map_err(|error| not_committed(&error))?;
        Ok(result)
    }

    /// Sends, with the `BEGIN` before it if nothing was sent yet.
    async fn send<T>(
        &mut self,
        ask: impl for<'a> AsyncFnOnce(&'a Object) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.as_ref().ok_or(StoreError::Panicked)?;
        match self.stage {
            Stage::New => self.stage = Stage::Begun,
            Stage::Begun => return ask(connection).await,
            Stage::Over => return Err(StoreError::Panicked),
        }
        let begin =
            async { connection.batch_execute("BEGIN").await.map_err(|error| refused(&error)) };
        try_join(begin, ask(connection)).await.map(|((), answer)| answer)
    }

    pub(super) async fn write_groups(
        &mut self,
        groups: Vec<StatementGroup>,
    ) -> Result<(), StoreError> {
        self.send(async |connection: &Object| {
            let execute = async |(statement, expected, columns): Prepared| {
                let touched = connection.execute(&statement, &parameters(&columns)).await;
                expected.check(touched.map_err(|error| refused(&error))?)
            };
            let prepared = prepare_all(connection, groups).await?;
            try_join_all(prepared.into_iter().map(execute)).await.map(drop)
        })
        .await
    }
}

#[async_trait]
impl Transaction for PostgresTransaction {
    /// The server runs them in order.
    async fn query_all(&mut self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut rows: Vec<_> = queries.iter().map(|_| Vec::new()).collect();
        let found = self.send(async |connection: &Object| {
            let query = async |(statement, expected, columns): Prepared| {
                let answer = connection.query(&statement, &parameters(&columns)).await;
                let rows = answer.map_err(|error| refused(&error))?;
                Ok((expected, rows.iter().map(values::row).collect::<Result<_, _>>()?))
            };
            let prepared = prepare_all(connection, StatementGroup::of_queries(queries)).await?;
            try_join_all(prepared.into_iter().map(query)).await
        });
        for (expected, found) in found.await? {
            expected.distribute(found, &mut rows)?;
        }
        Ok(rows)
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.write_groups(StatementGroup::of_statements(statements)).await
    }
}

type Prepared = (tokio_postgres::Statement, ExpectedRows, Vec<Column>);

async fn prepare_all(
    connection: &Object,
    groups: Vec<StatementGroup>,
) -> Result<Vec<Prepared>, StoreError> {
    let mut prepared = Vec::with_capacity(groups.len());
    for group in groups {
        let statement = group.prepare(connection).await?;
        let (expected, columns) = group.split();
        prepared.push((statement, expected, columns));
    }
    Ok(prepared)
}
