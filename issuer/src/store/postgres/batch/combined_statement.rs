//! All that a batch writes at its end as one statement, which does all of it, or nothing and says so: whether each part
//! touched as many rows as it had to is decided by the server, so that nothing has to be waited for before the commit.

use futures_util::future::join;

use super::super::super::error::StoreError;
use super::super::super::sql::Statement;
use super::super::connection::{Connection, Deadline};
use super::super::statement_group::{Column, StatementGroup, rewrite_as_unnest};
use super::super::transaction::{PostgresTransaction, Stage};

/// The server's code if a part has not touched as many rows as it had to.
const DIVISION_BY_ZERO: &str = "22012";

/// One statement of several parts, which see what was there before it, not one another.
struct CombinedStatement {
    statement: tokio_postgres::Statement,
    columns: Vec<Column>,
}

struct StatementPart {
    sql: String,
    /// The number of its first parameter.
    first_parameter: usize,
    /// Whether it has to touch as many rows as its first parameter has values.
    is_counted: bool,
}

impl CombinedStatement {
    /// Combines groups whose statements touch one row each.
    async fn prepare(
        connection: &Connection,
        mut groups: Vec<StatementGroup>,
        until: Deadline,
    ) -> Result<Self, StoreError> {
        // In one order, so that the same parts give the same text.
        groups.sort_by_key(|group| group.sql);
        let mut parts = Vec::with_capacity(groups.len());
        let mut columns = Vec::new();
        for group in groups {
            let one = connection.prepare(group.sql, until).await?;
            let sql = rewrite_as_unnest(group.sql, one.params(), columns.len());
            let is_counted = group.error_if_no_rows.is_some();
            parts.push(StatementPart { sql, first_parameter: columns.len() + 1, is_counted });
            columns.extend(group.columns());
        }
        Ok(Self { statement: connection.prepare(&combine(&parts), until).await?, columns })
    }

    async fn execute(&self, connection: &Connection, until: Deadline) -> Result<(), StoreError> {
        let executed = connection.execute(&self.statement, &self.columns, until).await;
        executed.map(drop).map_err(|error| match error {
            StoreError::Refused(code) if code == DIVISION_BY_ZERO => StoreError::Conflict,
            other => other,
        })
    }
}

fn combine(parts: &[StatementPart]) -> String {
    let mut ctes = Vec::new();
    let mut checks = vec!["TRUE".to_owned()];
    for (place, StatementPart { sql, first_parameter, is_counted }) in parts.iter().enumerate() {
        if *is_counted {
            ctes.push(format!("part_{place} AS ({sql} RETURNING 1)"));
            checks.push(format!(
                "(SELECT COUNT(*) FROM part_{place}) = cardinality(${first_parameter})"
            ));
        } else {
            ctes.push(format!("part_{place} AS ({sql})"));
        }
    }
    format!(
        "WITH {} SELECT 1 / CASE WHEN {} THEN 1 ELSE 0 END",
        ctes.join(", "),
        checks.join(" AND ")
    )
}

impl PostgresTransaction {
    /// Writes the last statements of all work in the batch, and sends the commit with them if that can be. If one of
    /// them fails nothing of it is done, which one it was is not known, and this transaction is over.
    pub(super) async fn write_and_commit(
        &mut self,
        statements: Vec<Statement>,
    ) -> Result<(), StoreError> {
        let groups = StatementGroup::of_statements(statements);
        if groups.iter().any(|group| !group.is_mergeable) {
            return self.write_groups(groups).await;
        }
        let until = self.deadline;
        let combined = CombinedStatement::prepare(self.connection()?, groups, until).await?;
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let connection = self.connection()?;
        let written = match stage {
            // One statement is a transaction by itself.
            Stage::New => combined.execute(connection, until).await,
            Stage::Begun => {
                let write = combined.execute(connection, until);
                let (written, ended) = join(write, connection.commit(until)).await;
                written.and(ended)
            }
            Stage::Over => return Err(StoreError::Panicked),
        };
        written.map_err(|error| match error {
            StoreError::Unavailable(_) => StoreError::CommitOutcomeUnknown,
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_have_to_touch_rows_are_counted() {
        let part = |sql: &str, first_parameter, is_counted| StatementPart {
            sql: sql.to_owned(),
            first_parameter,
            is_counted,
        };
        let parts = [part("DELETE FROM t", 1, false), part("UPDATE t SET a = 1", 2, true)];
        let expected = "WITH part_0 AS (DELETE FROM t), part_1 AS (UPDATE t SET a = 1 RETURNING 1) \
            SELECT 1 / CASE WHEN TRUE AND (SELECT COUNT(*) FROM part_1) = cardinality($2) \
            THEN 1 ELSE 0 END";
        assert_eq!(combine(&parts), expected);
    }
}
