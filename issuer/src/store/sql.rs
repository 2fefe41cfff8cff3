//! Values, rows and statements, the same for both databases. Statements are written in what both understand, with
//! `$1`, `$2`, … in the order in which they first appear, which is how SQLite numbers them.

use super::error::StoreError;

/// A value of a column. Its order has no meaning, but is always the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<u32> for Value {
    fn from(int: u32) -> Self {
        Self::Int(int.into())
    }
}

impl From<u8> for Value {
    fn from(int: u8) -> Self {
        Self::Int(int.into())
    }
}

impl From<u64> for Value {
    /// Times, counts and steps: none comes near the end of 63 bits.
    fn from(int: u64) -> Self {
        Self::Int(int.try_into().unwrap_or(i64::MAX))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(blob: Vec<u8>) -> Self {
        Self::Blob(blob)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(blob: [u8; N]) -> Self {
        Self::Blob(blob.to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Makes the values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::sql::Value::from($value)),*] };
}
pub(super) use values;

/// A row, read column by column; a column of another type than the caller expects is an error.
#[derive(Debug)]
pub(super) struct Row {
    table: &'static str,
    columns: std::vec::IntoIter<Value>,
}

impl Row {
    pub(super) fn new(columns: Vec<Value>) -> Self {
        Self { table: "the database", columns: columns.into_iter() }
    }

    /// Sets the table that errors name.
    pub(super) fn of_table(mut self, table: &'static str) -> Self {
        self.table = table;
        self
    }

    /// Takes the next column.
    fn next(&mut self) -> Result<Value, StoreError> {
        self.columns.next().ok_or(StoreError::Unreadable(self.table))
    }

    pub(super) fn int<T: TryFrom<i64>>(&mut self) -> Result<T, StoreError> {
        let unreadable = StoreError::Unreadable(self.table);
        match self.next()? {
            Value::Int(int) => T::try_from(int).map_err(|_| unreadable),
            _ => Err(unreadable),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        match self.next()? {
            Value::Text(text) => Ok(text),
            _ => Err(StoreError::Unreadable(self.table)),
        }
    }

    pub(super) fn blob(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.next()? {
            Value::Blob(blob) => Ok(blob),
            _ => Err(StoreError::Unreadable(self.table)),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.blob()?.try_into().map_err(|_| StoreError::Unreadable(self.table))
    }

    /// Gives what `read` takes out of the row, or `None` if the next column is null.
    pub(super) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match self.columns.as_slice().first() {
            Some(Value::Null) => self.next().map(|_| None),
            _ => read(self).map(Some),
        }
    }
}

/// A statement that reads.
pub(super) struct Query {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value>,
    /// The end of the statement that locks what it finds up to the end of the transaction, where the database has locks
    /// of rows. Later statements see nothing older.
    pub(super) lock_clause: Option<&'static str>,
}

impl Query {
    pub(super) fn new(sql: &'static str, values: Vec<Value>) -> Self {
        Self { sql, values, lock_clause: None }
    }

    /// Locks all rows that it finds.
    pub(super) fn for_update(self) -> Self {
        Self { lock_clause: Some(" FOR UPDATE"), ..self }
    }

    /// Locks the rows of the table that it calls `p`.
    pub(super) fn for_update_of_p(self) -> Self {
        Self { lock_clause: Some(" FOR UPDATE OF p"), ..self }
    }
}

/// A statement that writes.
#[derive(Clone)]
pub(super) struct Statement {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value>,
    /// The error if it touches no row.
    pub(super) error_if_no_rows: Option<StoreError>,
    /// Whether many statements of this text may be sent as one.
    pub(super) is_single_row: bool,
}

impl Statement {
    pub(super) fn new(sql: &'static str, values: Vec<Value>) -> Self {
        Self { sql, values, error_if_no_rows: None, is_single_row: false }
    }

    /// Says that it touches one row at most, the one with its key; and that two that touch the same row at once, unless
    /// they have to touch one, are refused by the database or have the effect of one.
    pub(super) fn single_row(mut self) -> Self {
        self.is_single_row = true;
        self
    }

    /// Gives its text with its numbers in their places, for a program that takes no parameters.
    pub(super) fn to_text(&self) -> String {
        let mut text = self.sql.to_owned();
        for (place, value) in self.values.iter().enumerate().rev() {
            if let Value::Int(int) = value {
                text = text.replace(&format!("${}", place + 1), &int.to_string());
            }
        }
        text
    }

    /// Makes it fail with this error if it touches no row.
    pub(super) fn error_if_no_rows(mut self, error: StoreError) -> Self {
        self.error_if_no_rows = Some(error);
        self
    }
}
