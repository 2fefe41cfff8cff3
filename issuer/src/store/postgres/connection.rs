//! One connection, on which nothing is waited for without end.
//!
//! A server that is frozen, or that waits for a standby before it confirms a commit, keeps its connections open and says
//! nothing. What is not answered in time is given up on this side alone, by closing the connection. It is never
//! cancelled: a commit whose wait for the standby is cancelled is reported as done, and no standby has it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, SimpleQueryMessage, Statement};

use super::super::error::StoreError;
use super::errors::{NO_ANSWER, not_committed, refused};
use super::host_order::HostIndex;
use super::values::parameters;

/// How long a transaction or a query of a request may take, its commit included.
const REQUEST: Duration = Duration::from_secs(4);

/// How long a query over many rows may take: longer than the server allows, so that it says so itself.
const SCAN: Duration = Duration::from_secs(65);

/// Until when answers are waited for.
#[derive(Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// Of what a request waits for, from now on.
    pub(super) fn of_request() -> Self {
        Self(Instant::now() + REQUEST)
    }

    /// Of what reads or deletes many rows, from now on.
    pub(super) fn of_scan() -> Self {
        Self(Instant::now() + SCAN)
    }
}

/// A connection to one of the hosts; closed at once when it is dropped.
pub(super) struct Connection {
    client: Client,
    host: HostIndex,
    /// The host that was connected to last.
    good_host: Option<watch::Receiver<Option<HostIndex>>>,
    /// Sends and receives for the client.
    task: JoinHandle<()>,
    /// Statements that the server has prepared, by their text.
    prepared: Mutex<HashMap<String, Statement>>,
    /// How many questions were sent. They are answered in order.
    asked: AtomicUsize,
    /// The last one whose answer somebody waited for.
    answered: AtomicUsize,
}

impl Connection {
    pub(super) fn new(client: Client, task: JoinHandle<()>, host: HostIndex) -> Self {
        Self {
            client,
            host,
            good_host: None,
            task,
            prepared: Mutex::default(),
            asked: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
        }
    }

    /// From now on waits for no answer once another host is the good one: this one is a primary no longer, and may be
    /// silent for as long as it likes.
    pub(super) fn follow(mut self, good_host: watch::Receiver<Option<HostIndex>>) -> Self {
        self.good_host = Some(good_host);
        self
    }

    pub(super) fn host(&self) -> HostIndex {
        self.host
    }

    /// Whether it is of no use: closed, or with an answer still to come.
    pub(super) fn is_spent(&self) -> bool {
        let answered = self.answered.load(Ordering::Relaxed);
        self.client.is_closed() || answered < self.asked.load(Ordering::Relaxed)
    }

    /// Gives the driver's client, for setting up the tables: nothing else has a deadline of its own.
    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Prepares a statement, unless that was done before.
    pub(super) async fn prepare(
        &self,
        sql: &str,
        until: Deadline,
    ) -> Result<Statement, StoreError> {
        let known = || self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = known().get(sql) {
            return Ok(prepared.clone());
        }
        let prepared = self.within(until, self.client.prepare(sql)).await?;
        let prepared = prepared.map_err(|error| refused(&error))?;
        known().insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }

    pub(super) async fn query(
        &self,
        statement: &Statement,
        values: &[impl ToSql + Sync],
        until: Deadline,
    ) -> Result<Vec<Row>, StoreError> {
        let values = parameters(values);
        let rows = self.within(until, self.client.query(statement, &values)).await?;
        rows.map_err(|error| refused(&error))
    }

    /// Runs a statement of a transaction; gives how many rows it touched.
    pub(super) async fn execute(
        &self,
        statement: &Statement,
        values: &[impl ToSql + Sync],
        until: Deadline,
    ) -> Result<u64, StoreError> {
        let values = parameters(values);
        let touched = self.within(until, self.client.execute(statement, &values)).await?;
        touched.map_err(|error| refused(&error))
    }

    /// Runs a statement that is a transaction by itself: without an answer it is in doubt.
    pub(super) async fn execute_and_commit(
        &self,
        statement: &Statement,
        values: &[impl ToSql + Sync],
        until: Deadline,
    ) -> Result<u64, StoreError> {
        let values = parameters(values);
        match self.within(until, self.client.execute(statement, &values)).await {
            Ok(touched) => touched.map_err(|error| not_committed(&error)),
            Err(_) => Err(StoreError::CommitOutcomeUnknown),
        }
    }

    /// Begins a transaction, or rolls one back.
    pub(super) async fn run(&self, sql: &str, until: Deadline) -> Result<(), StoreError> {
        let run = self.within(until, self.client.batch_execute(sql)).await?;
        run.map_err(|error| refused(&error))
    }

    /// Commits. Without an answer it is in doubt.
    pub(super) async fn commit(&self, until: Deadline) -> Result<(), StoreError> {
        match self.within(until, self.client.batch_execute("COMMIT")).await {
            Ok(ended) => ended.map_err(|error| not_committed(&error)),
            Err(_) => Err(StoreError::CommitOutcomeUnknown),
        }
    }

    pub(super) async fn simple_query(
        &self,
        sql: &str,
        until: Deadline,
    ) -> Result<Vec<SimpleQueryMessage>, StoreError> {
        let answer = self.within(until, self.client.simple_query(sql)).await?;
        answer.map_err(|error| refused(&error))
    }

    /// Waits for an answer. Whoever gives up waiting, here or above, leaves the connection spent.
    async fn within<T>(
        &self,
        Deadline(until): Deadline,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<Result<T, Error>, StoreError> {
        let question = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let answer = tokio::select! {
            biased;
            answer = answer => answer,
            () = sleep_until(until) => return Err(StoreError::Unavailable(NO_ANSWER)),
            () = self.is_left() => return Err(StoreError::Unavailable(NO_ANSWER)),
        };
        self.answered.fetch_max(question, Ordering::Relaxed);
        Ok(answer)
    }

    /// Waits until another host is the good one.
    async fn is_left(&self) {
        if let Some(good) = &self.good_host
            && good.clone().wait_for(|good| *good != Some(self.host)).await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The client alone would be waited for by its task until the server has taken leave.
        self.task.abort();
    }
}
