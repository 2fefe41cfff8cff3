//! All that a transaction of many writes at its end as one statement, which does all of it, or nothing and says so: whether
//! each part touched as many rows as it had to is decided by the server, so that nothing has to be waited for before the
//! commit.

use deadpool_postgres::Object;

use super::many::{Alike, Column, over_unnest};
use super::values::parameters;
use super::{StoreError, refused};

/// What the server calls it if a part has not touched as many rows as it had to.
const DIVISION_BY_ZERO: &str = "22012";

/// One statement. Its parts see what was there before it, not one another.
pub(super) struct Whole {
    statement: tokio_postgres::Statement,
    columns: Vec<Column>,
}

/// One part of it.
struct Part {
    words: String,
    /// The number of its first parameter.
    first: usize,
    /// Whether as many rows have to be touched as there are values for that.
    is_counted: bool,
}

impl Whole {
    /// Of these, each of which touches one row.
    pub(super) async fn of(connection: &Object, mut all: Vec<Alike>) -> Result<Self, StoreError> {
        // In one order: the same parts are the same words.
        all.sort_by_key(|alike| alike.sql);
        let prepare = async |words: &str| {
            connection.prepare_cached(words).await.map_err(|error| refused(&error))
        };
        let (mut parts, mut columns) = (Vec::with_capacity(all.len()), Vec::new());
        for alike in all {
            let one = prepare(alike.sql).await?;
            let words = over_unnest(alike.sql, one.params(), columns.len());
            let is_counted = alike.or.is_some();
            parts.push(Part { words, first: columns.len() + 1, is_counted });
            columns.extend(alike.columns());
        }
        Ok(Self { statement: prepare(&words(&parts)).await?, columns })
    }

    pub(super) async fn execute(&self, connection: &Object) -> Result<(), StoreError> {
        let done = connection.execute(&self.statement, &parameters(&self.columns)).await;
        done.map(drop).map_err(|error| match refused(&error) {
            StoreError::Refused(code) if code == DIVISION_BY_ZERO => StoreError::again(),
            other => other,
        })
    }
}

fn words(parts: &[Part]) -> String {
    let (mut does, mut agree) = (Vec::new(), vec!["TRUE".to_owned()]);
    for (place, Part { words, first, is_counted }) in parts.iter().enumerate() {
        if *is_counted {
            does.push(format!("part_{place} AS ({words} RETURNING 1)"));
            agree.push(format!("(SELECT COUNT(*) FROM part_{place}) = cardinality(${first})"));
        } else {
            does.push(format!("part_{place} AS ({words})"));
        }
    }
    let (does, agree) = (does.join(", "), agree.join(" AND "));
    format!("WITH {does} SELECT 1 / CASE WHEN {agree} THEN 1 ELSE 0 END")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_that_have_to_touch_rows_are_counted() {
        let part =
            |words: &str, first, is_counted| Part { words: words.to_owned(), first, is_counted };
        let parts = [part("DELETE FROM t", 1, false), part("UPDATE t SET a = 1", 2, true)];
        let expected = "WITH part_0 AS (DELETE FROM t), part_1 AS (UPDATE t SET a = 1 RETURNING 1) \
            SELECT 1 / CASE WHEN TRUE AND (SELECT COUNT(*) FROM part_1) = cardinality($2) \
            THEN 1 ELSE 0 END";
        assert_eq!(words(&parts), expected);
    }
}
