//! A month that was taken out of the tables, and what the log keeps of it: where its events are in the chain, and the
//! chain's hash before and after them. What is left can be verified with that as if they were there.

use super::error::StoreError;
use super::sql::{Row, Statement, values};
use crate::domain::Month;

/// Events of a month that follow one another in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetachedRun {
    /// The places of the first and of the last, from 1.
    pub places: [u64; 2],
    /// The chain's hash before the first.
    pub before: [u8; 32],
    /// The chain's hash after the last.
    pub after: [u8; 32],
}

impl DetachedRun {
    const BYTES: usize = 80;

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.places.iter().flat_map(|place| place.to_be_bytes()));
        to.extend_from_slice(&self.before);
        to.extend_from_slice(&self.after);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk()?;
        let (last, rest) = rest.split_first_chunk()?;
        let (before, rest) = rest.split_first_chunk()?;
        let places = [u64::from_be_bytes(*first), u64::from_be_bytes(*last)];
        Some(Self { places, before: *before, after: rest.try_into().ok()? })
    }
}

/// A month that was detached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detachment {
    /// The month that it is of.
    pub month: Month,
    /// How many payments it has.
    pub payments: u64,
    /// How many events it has.
    pub events: u64,
    /// Where its events are in the chain.
    pub runs: Vec<DetachedRun>,
    /// The signature over all of it.
    pub signature: Vec<u8>,
}

impl Detachment {
    /// Gives the bytes that are signed.
    pub(crate) fn message(&self) -> Vec<u8> {
        let [first, end] = self.month.ids();
        let counts = [self.payments, self.events].map(u64::to_be_bytes).concat();
        let name = b"tegata/v1/detached\0".as_slice();
        [name, &first, &end, &counts, &self.runs()].concat()
    }

    fn runs(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.runs.len() * DetachedRun::BYTES);
        for run in &self.runs {
            run.write(&mut bytes);
        }
        bytes
    }

    pub(super) fn statement(&self) -> Statement {
        const INSERT: &str = "INSERT INTO detached_months \
            (month, first, until, payments, events, runs, signature) \
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let Self { month, payments, events, signature, .. } = self;
        let [first, until] = month.ids();
        let values = values![
            month.to_string(),
            first,
            until,
            *payments,
            *events,
            self.runs(),
            signature.clone(),
        ];
        Statement::new(INSERT, values)
    }

    pub(super) fn read(row: Row) -> Result<Self, StoreError> {
        let unreadable = StoreError::Unreadable("detached_months");
        let mut row = row.of_table("detached_months");
        let month = row.text()?.parse().map_err(|_| unreadable.clone())?;
        let payments = row.int()?;
        let events = row.int()?;
        let runs = row.blob()?;
        let runs: Option<_> = runs.chunks(DetachedRun::BYTES).map(DetachedRun::read).collect();
        let runs = runs.ok_or(unreadable)?;
        Ok(Self { month, payments, events, runs, signature: row.blob()? })
    }
}
