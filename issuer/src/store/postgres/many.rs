//! Many statements of the same words as one over `unnest`: PostgreSQL's work for a statement is mostly for there being one
//! more of them.
//!
//! | words | become |
//! |---|---|
//! | a `SELECT` | a lateral join, in which each of its rows says whose it is |
//! | `INSERT … VALUES (…)` | `INSERT … SELECT` |
//! | `UPDATE … WHERE`, `DELETE … WHERE` | the same, joined with the values |

use std::error::Error;

use bytes::BytesMut;
use deadpool_postgres::Object;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::super::sql::{Read, Row, Statement, Value};
use super::{StoreError, refused};

/// Statements of the same words.
pub(super) struct Alike {
    pub(super) sql: &'static str,
    locks: Option<&'static str>,
    pub(super) is_of_row: bool,
    pub(super) or: Option<StoreError>,
    /// The place of each among all that was asked, with its values.
    each: Vec<(usize, Vec<Value>)>,
}

impl Alike {
    /// Those that read, together with those of the same words.
    pub(super) fn reads(reads: Vec<Read>) -> Vec<Self> {
        let mut all = Vec::new();
        for (place, Read { sql, values, locks }) in reads.into_iter().enumerate() {
            let is_of_row = !values.is_empty();
            let alike = Self { sql, locks, is_of_row, or: None, each: vec![(place, values)] };
            alike.join(&mut all);
        }
        for alike in all.iter_mut().filter(|alike| alike.locks.is_some()) {
            // In one order, so that two who lock the same rows wait for one another in one direction.
            alike.each.sort_by(|(_, one), (_, other)| one.cmp(other));
        }
        all
    }

    /// The same of those that write. Of different words they keep their order.
    pub(super) fn writes(statements: Vec<Statement>) -> Vec<Self> {
        let mut all = Vec::new();
        for (place, Statement { sql, values, or, is_of_row }) in statements.into_iter().enumerate()
        {
            Self { sql, locks: None, is_of_row, or, each: vec![(place, values)] }.join(&mut all);
        }
        all
    }

    fn join(self, all: &mut Vec<Self>) {
        let same = |other: &&mut Self| {
            other.is_of_row
                && (other.sql, other.locks, &other.or) == (self.sql, self.locks, &self.or)
        };
        match all.iter_mut().find(same).filter(|_| self.is_of_row) {
            Some(other) => other.each.extend(self.each),
            None => all.push(self),
        }
    }

    /// Its words, for this many of them.
    pub(super) async fn prepare(
        &self,
        connection: &Object,
    ) -> Result<tokio_postgres::Statement, StoreError> {
        let one = [self.sql, self.locks.unwrap_or_default()].concat();
        let prepared = connection.prepare_cached(&one).await.map_err(|error| refused(&error))?;
        if self.each.len() == 1 {
            return Ok(prepared);
        }
        let many = over_unnest(&one, prepared.params(), 0);
        connection.prepare_cached(&many).await.map_err(|error| refused(&error))
    }

    /// The values of each parameter, as many as there are of these.
    pub(super) fn columns(self) -> Vec<Column> {
        let mut columns: Vec<Vec<Value>> = Vec::new();
        for (_, values) in self.each {
            columns.resize_with(values.len(), Vec::new);
            for (column, value) in columns.iter_mut().zip(values) {
                column.push(value);
            }
        }
        columns.into_iter().map(Column::Many).collect()
    }

    /// What became of it: whose rows are whose; whether as many rows were touched as have to be.
    pub(super) fn split(mut self) -> (Expected, Vec<Column>) {
        let places = self.each.iter().map(|(place, _)| *place).collect();
        let expected = Expected { places, or: self.or.take() };
        let columns = match self.each.as_mut_slice() {
            [(_, values)] => std::mem::take(values).into_iter().map(Column::One).collect(),
            _ => self.columns(),
        };
        (expected, columns)
    }
}

/// What is expected of statements of the same words.
pub(super) struct Expected {
    places: Vec<usize>,
    or: Option<StoreError>,
}

impl Expected {
    /// Gives each the rows that are its.
    pub(super) fn hand_out(self, rows: Vec<Row>, to: &mut [Vec<Row>]) -> Result<(), StoreError> {
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

    /// Of many, all have to touch their row: which of them did not is not known, and two may have been one.
    pub(super) fn check(self, touched: u64) -> Result<(), StoreError> {
        match (self.or, self.places.len()) {
            (Some(or), 1) if touched == 0 => Err(or),
            (Some(_), many) if many > 1 && touched != many as u64 => Err(StoreError::again()),
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

/// For many, with this many parameters before its own.
pub(super) fn over_unnest(one: &str, types: &[Type], before: usize) -> String {
    let mut words = one.to_owned();
    let (mut arrays, mut names) = (Vec::new(), Vec::new());
    for (place, of) in types.iter().enumerate().rev() {
        let place = place + 1;
        words = words.replace(&format!("${place}"), &format!("many.v{place}"));
        arrays.push(format!("${}::{}[]", before + place, of.name()));
        names.push(format!("v{place}"));
    }
    arrays.reverse();
    names.reverse();
    let (arrays, names) = (arrays.join(", "), names.join(", "));
    if words.starts_with("SELECT") {
        return format!(
            "SELECT many.place, its.* FROM unnest({arrays}) WITH ORDINALITY AS many ({names}, place) \
             CROSS JOIN LATERAL ({words}) AS its"
        );
    }
    let many = format!("unnest({arrays}) AS many ({names})");
    let (joined, at) = match words.split_whitespace().next() {
        Some("INSERT") => {
            let (before, after) = words.split_once(" VALUES (").unwrap_or((&words, ""));
            let (values, after) = after.split_once(')').unwrap_or((after, ""));
            return format!("{before} SELECT {values} FROM {many}{after}");
        }
        Some("UPDATE") => ("FROM", " WHERE "),
        _ => ("USING", " WHERE "),
    };
    words.replacen(at, &format!(" {joined} {many}{at}"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_one_become_words_for_many() {
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
            assert_eq!(over_unnest(one, &types, 0), many);
        }
        let twelve = over_unnest("SELECT $12 + $1", &[const { Type::INT8 }; 12], 0);
        assert!(twelve.ends_with("(SELECT many.v12 + many.v1) AS its"), "{twelve}");
    }
}
