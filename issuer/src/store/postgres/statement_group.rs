//! Many statements of the same SQL text as one over `unnest`: what a statement costs PostgreSQL is mostly that it is
//! one more.
//!
//! | statement | becomes |
//! |---|---|
//! | a `SELECT` | a lateral join, in which each row says which of them found it |
//! | `INSERT … VALUES (…)` | `INSERT … SELECT` |
//! | `UPDATE … WHERE`, `DELETE … WHERE` | the same, joined with the values |

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::super::error::StoreError;
use super::super::sql::{Query, Row, Statement, Value};
use super::connection::{Connection, Deadline};

/// Statements of the same SQL text.
pub(super) struct StatementGroup {
    pub(super) sql: &'static str,
    lock_clause: Option<&'static str>,
    /// Whether statements of this text may be sent as one.
    pub(super) is_mergeable: bool,
    pub(super) error_if_no_rows: Option<StoreError>,
    /// The place of each among all that was asked, with its values.
    members: Vec<(usize, Vec<Value>)>,
}

impl StatementGroup {
    /// Groups queries of the same text.
    pub(super) fn of_queries(queries: Vec<Query>) -> Vec<Self> {
        let mut groups = Vec::new();
        for (place, Query { sql, values, lock_clause }) in queries.into_iter().enumerate() {
            let is_mergeable = !values.is_empty();
            let members = vec![(place, values)];
            let group = Self { sql, lock_clause, is_mergeable, error_if_no_rows: None, members };
            group.add_to(&mut groups);
        }
        for group in groups.iter_mut().filter(|group| group.lock_clause.is_some()) {
            // In one order, so that two that lock the same rows wait for one another in one direction.
            group.members.sort_by(|(_, one), (_, other)| one.cmp(other));
        }
        groups
    }

    /// Groups statements of the same text that write. Those of different texts keep their order.
    pub(super) fn of_statements(statements: Vec<Statement>) -> Vec<Self> {
        let mut groups = Vec::new();
        for (place, statement) in statements.into_iter().enumerate() {
            let Statement { sql, values, error_if_no_rows, is_single_row: is_mergeable } =
                statement;
            let members = vec![(place, values)];
            let group = Self { sql, lock_clause: None, is_mergeable, error_if_no_rows, members };
            group.add_to(&mut groups);
        }
        groups
    }

    fn add_to(self, groups: &mut Vec<Self>) {
        let is_same = |other: &&mut Self| {
            other.is_mergeable
                && (other.sql, other.lock_clause, &other.error_if_no_rows)
                    == (self.sql, self.lock_clause, &self.error_if_no_rows)
        };
        match groups.iter_mut().find(is_same).filter(|_| self.is_mergeable) {
            Some(other) => other.members.extend(self.members),
            None => groups.push(self),
        }
    }

    /// Prepares one statement for all members.
    pub(super) async fn prepare(
        &self,
        connection: &Connection,
        until: Deadline,
    ) -> Result<tokio_postgres::Statement, StoreError> {
        let sql = [self.sql, self.lock_clause.unwrap_or_default()].concat();
        let prepared = connection.prepare(&sql, until).await?;
        if self.members.len() == 1 {
            return Ok(prepared);
        }
        let merged = rewrite_as_unnest(&sql, prepared.params(), 0);
        connection.prepare(&merged, until).await
    }

    /// Gives the values of each parameter, one of each member.
    pub(super) fn columns(self) -> Vec<Column> {
        let mut columns: Vec<Vec<Value>> = Vec::new();
        for (_, values) in self.members {
            columns.resize_with(values.len(), Vec::new);
            for (column, value) in columns.iter_mut().zip(values) {
                column.push(value);
            }
        }
        columns.into_iter().map(Column::Many).collect()
    }

    /// Separates what is expected of the answer from the parameters.
    pub(super) fn split(mut self) -> (ExpectedRows, Vec<Column>) {
        let places = self.members.iter().map(|(place, _)| *place).collect();
        let expected = ExpectedRows { places, error_if_none: self.error_if_no_rows.take() };
        let columns = match self.members.as_mut_slice() {
            [(_, values)] => std::mem::take(values).into_iter().map(Column::One).collect(),
            _ => self.columns(),
        };
        (expected, columns)
    }
}

/// What is expected of the answer to a group.
pub(super) struct ExpectedRows {
    places: Vec<usize>,
    error_if_none: Option<StoreError>,
}

impl ExpectedRows {
    /// Gives each query the rows that it found.
    pub(super) fn distribute(self, rows: Vec<Row>, to: &mut [Vec<Row>]) -> Result<(), StoreError> {
        for mut row in rows {
            let place = match self.places.as_slice() {
                [place] => Some(place),
                places => places.get(row.int::<usize>()?.wrapping_sub(1)),
            };
            let found = place.and_then(|place| to.get_mut(*place));
            found.ok_or(StoreError::Unreadable("the database"))?.push(row);
        }
        Ok(())
    }

    /// Checks how many rows were touched. Of several statements each has to touch one: which did not is not known, and
    /// two may have touched the same.
    pub(super) fn check(self, touched: u64) -> Result<(), StoreError> {
        match (self.error_if_none, self.places.len()) {
            (Some(error), 1) if touched == 0 => Err(error),
            (Some(_), many) if many > 1 && touched != many as u64 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }
}

/// The values of one parameter.
#[derive(Debug)]
pub(super) enum Column {
    One(Value),
    Many(Vec<Value>),
}

impl ToSql for Column {
    fn to_sql(&self, of: &Type, to: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::One(value) => value.to_sql(of, to),
            Self::Many(values) => values.to_sql(of, to),
        }
    }

    fn accepts(of: &Type) -> bool {
        Value::accepts(of) || Vec::<Value>::accepts(of)
    }

    to_sql_checked!();
}

/// Rewrites a statement so that it takes an array for each parameter; `before` parameters stand before its own.
pub(super) fn rewrite_as_unnest(sql: &str, types: &[Type], before: usize) -> String {
    let mut sql = sql.to_owned();
    let mut arrays = Vec::new();
    let mut names = Vec::new();
    for (place, of) in types.iter().enumerate().rev() {
        let place = place + 1;
        sql = sql.replace(&format!("${place}"), &format!("many.v{place}"));
        arrays.push(format!("${}::{}[]", before + place, of.name()));
        names.push(format!("v{place}"));
    }
    let arrays = joined_in_order(arrays);
    let names = joined_in_order(names);
    if sql.starts_with("SELECT") {
        return format!(
            "SELECT many.place, its.* FROM unnest({arrays}) WITH ORDINALITY AS many ({names}, place) \
             CROSS JOIN LATERAL ({sql}) AS its"
        );
    }
    let many = format!("unnest({arrays}) AS many ({names})");
    let (joined, at) = match sql.split_whitespace().next() {
        Some("INSERT") => {
            let (before, after) = sql.split_once(" VALUES (").unwrap_or((&sql, ""));
            let (values, after) = after.split_once(')').unwrap_or((after, ""));
            return format!("{before} SELECT {values} FROM {many}{after}");
        }
        Some("UPDATE") => ("FROM", " WHERE "),
        _ => ("USING", " WHERE "),
    };
    sql.replacen(at, &format!(" {joined} {many}{at}"), 1)
}

fn joined_in_order(mut reversed: Vec<String>) -> String {
    reversed.reverse();
    reversed.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_for_one_is_rewritten_for_many() {
        let types = [Type::INT8, Type::BYTEA];
        let cases = [
            (
                "SELECT a FROM t WHERE b = $1 AND c = $2 FOR UPDATE",
                "SELECT many.place, its.* FROM unnest($1::int8[], $2::bytea[]) WITH ORDINALITY \
                 AS many (v1, v2, place) CROSS JOIN LATERAL \
                 (SELECT a FROM t WHERE b = many.v1 AND c = many.v2 FOR UPDATE) AS its",
            ),
            (
                "INSERT INTO t (a, b, c) VALUES ($1, 'x', $2) ON CONFLICT DO NOTHING",
                "INSERT INTO t (a, b, c) SELECT many.v1, 'x', many.v2 \
                 FROM unnest($1::int8[], $2::bytea[]) AS many (v1, v2) ON CONFLICT DO NOTHING",
            ),
            (
                "UPDATE t SET a = $1 WHERE b = $2",
                "UPDATE t SET a = many.v1 FROM unnest($1::int8[], $2::bytea[]) AS many (v1, v2) \
                 WHERE b = many.v2",
            ),
            (
                "DELETE FROM t WHERE a = $1 AND b = $2",
                "DELETE FROM t USING unnest($1::int8[], $2::bytea[]) AS many (v1, v2) \
                 WHERE a = many.v1 AND b = many.v2",
            ),
        ];
        for (one, many) in cases {
            assert_eq!(rewrite_as_unnest(one, &types, 0), many);
        }
        let twelve = rewrite_as_unnest("SELECT $12 + $1", &[const { Type::INT8 }; 12], 0);
        assert!(twelve.ends_with("(SELECT many.v12 + many.v1) AS its"), "{twelve}");
    }
}
