//! One transaction: all that is asked in it at a time is sent before the first answer is waited for.

use async_trait::async_trait;
use futures_util::future::{try_join, try_join_all};

use super::super::error::StoreError;
use super::super::sql::{Query, Row, Statement};
use super::super::transaction::Transaction;
use super::connection::{Connection, Deadline};
use super::errors::is_of_connection;
use super::pool::{Object, Pool, connection, release};
use super::statement_group::{Column, ExpectedRows, StatementGroup};
use super::values;

/// A transaction whose `BEGIN` is sent together with the first statement, so that a payment waits for the server as
/// seldom as can be. A connection that is dropped before the end is closed, which rolls back.
pub(super) struct PostgresTransaction {
    connection: Option<Object>,
    pub(super) stage: Stage,
    /// Until when all of it has to be answered.
    pub(super) deadline: Deadline,
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
    /// Takes a connection for it, whose time begins then.
    pub(super) async fn on(pool: &Pool) -> Result<Self, StoreError> {
        let connection = Some(connection(pool).await?);
        Ok(Self { connection, stage: Stage::New, deadline: Deadline::of_request() })
    }

    pub(super) fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_deref().ok_or(StoreError::Panicked)
    }

    /// Commits after a result, rolls back after an error.
    pub(super) async fn end<T>(mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let ended = match (&self.connection, &result) {
            (Some(connection), Ok(_)) if self.stage == Stage::Begun => {
                connection.commit(self.deadline).await
            }
            // Closing a broken connection rolls back.
            (Some(connection), Err(error))
                if self.stage == Stage::Begun && !is_of_connection(error) =>
            {
                // The caller learns why it was not done; how the rollback went is for the connection.
                let ended = connection.run("ROLLBACK", self.deadline).await;
                if let (Err(_), Some(connection)) = (&ended, self.connection.take()) {
                    let _ = release(connection, ended);
                }
                Ok(())
            }
            _ => Ok(()),
        };
        let result = result.and_then(|value| ended.map(|()| value));
        match self.connection.take() {
            Some(connection) => release(connection, result),
            None => result,
        }
    }

    /// Sends, with the `BEGIN` before it if nothing was sent yet.
    async fn send<T>(
        &mut self,
        ask: impl for<'a> AsyncFnOnce(&'a Connection, Deadline) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let stage = self.stage;
        if stage == Stage::New {
            self.stage = Stage::Begun;
        }
        let deadline = self.deadline;
        let connection = self.connection()?;
        match stage {
            Stage::New => {
                let begin = connection.run("BEGIN", deadline);
                try_join(begin, ask(connection, deadline)).await.map(|((), answer)| answer)
            }
            Stage::Begun => ask(connection, deadline).await,
            Stage::Over => Err(StoreError::Panicked),
        }
    }

    /// Changes tables.
    pub(super) async fn define(&mut self, statements: &str) -> Result<(), StoreError> {
        self.send(async |connection: &Connection, deadline| {
            connection.run(statements, deadline).await
        })
        .await
    }

    pub(super) async fn write_groups(
        &mut self,
        groups: Vec<StatementGroup>,
    ) -> Result<(), StoreError> {
        self.send(async |connection: &Connection, deadline| {
            let execute = async |(statement, expected, columns): Prepared| {
                expected.check(connection.execute(&statement, &columns, deadline).await?)
            };
            let prepared = prepare_all(connection, groups, deadline).await?;
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
        let found = self.send(async |connection: &Connection, deadline| {
            let query = async |(statement, expected, columns): Prepared| {
                let rows = connection.query(&statement, &columns, deadline).await?;
                Ok((expected, rows.iter().map(values::row).collect::<Result<_, _>>()?))
            };
            let groups = StatementGroup::of_queries(queries);
            let prepared = prepare_all(connection, groups, deadline).await?;
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
    connection: &Connection,
    groups: Vec<StatementGroup>,
    deadline: Deadline,
) -> Result<Vec<Prepared>, StoreError> {
    let mut prepared = Vec::with_capacity(groups.len());
    for group in groups {
        let statement = group.prepare(connection, deadline).await?;
        let (expected, columns) = group.split();
        prepared.push((statement, expected, columns));
    }
    Ok(prepared)
}
