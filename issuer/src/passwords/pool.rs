//! The threads that hash: few of them, and two queues that have an end.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{io, thread};

use tegata::Random;
use tokio::sync::oneshot;

use super::breached::BreachedPasswords;
use super::hash::HashFailed;
use super::queues::{HashQueue, JobSignal, QueueFull, Queues};
use super::{NewPassword, Password, PasswordHash, WeakPassword};
use crate::domain::InternalError;

/// Hashes and judges passwords on threads of its own, so that a flood of logins takes no more of the machine than it was
/// given. What does not fit into its queue is refused, with the time that the queue takes.
pub struct Passwords {
    queues: Arc<Queues>,
    room: usize,
    threads: NonZeroUsize,
    /// What the last job took, in milliseconds.
    last: Arc<AtomicU64>,
    nobody: PasswordHash,
    random: Arc<dyn Random>,
    breached: BreachedPasswords,
}

/// Why a password was not judged, hashed or compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The queue that it would wait in is full.
    #[error("too many passwords wait to be hashed")]
    QueueFull {
        /// How long the queue takes.
        wait: Duration,
    },
    /// Something failed that no request can help.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

/// Why the threads that hash passwords cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum PasswordsUnavailable {
    /// The operating system gives no thread.
    #[error("cannot start the threads that hash passwords: {0}")]
    Threads(io::Error),
    /// The list of breached passwords cannot be read.
    #[error("cannot read the list of breached_passwords: {0}")]
    Breached(io::Error),
    /// The first hash, of a password that nobody has, failed.
    #[error("cannot hash passwords: {0}")]
    Hash(String),
}

impl Passwords {
    /// Starts `threads`, with `queue` requests of each [`HashQueue`] waiting for them at most. Makes one hash: some tens of
    /// milliseconds.
    ///
    /// # Errors
    /// [`PasswordsUnavailable`].
    pub fn start(
        threads: NonZeroUsize,
        queue: usize,
        random: Arc<dyn Random>,
    ) -> Result<Self, PasswordsUnavailable> {
        let began = Instant::now();
        let nobody = PasswordHash::of_nobody(random.as_ref())
            .map_err(|error| PasswordsUnavailable::Hash(error.to_string()))?;
        let last = Arc::new(AtomicU64::new(millis(began.elapsed())));
        let queues = Arc::new(Queues::new(queue));
        let pool = Self {
            queues,
            room: queue,
            threads,
            last,
            nobody,
            random,
            breached: BreachedPasswords::default(),
        };
        for number in 0..threads.get() {
            let queues = Arc::clone(&pool.queues);
            let last = Arc::clone(&pool.last);
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&queues, &last))
                .map_err(PasswordsUnavailable::Threads)?;
        }
        Ok(pool)
    }

    /// Refuses the passwords of this list from now on.
    #[must_use]
    pub fn with_breached(mut self, breached: BreachedPasswords) -> Self {
        self.breached = breached;
        self
    }

    /// A hash that nothing fits.
    pub(crate) fn nobody(&self) -> PasswordHash {
        self.nobody.clone()
    }

    /// Judges a password to be set, with what is known `about` its owner. What is seen at once needs no queue: only
    /// the rest waits in the queue.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn judge(
        &self,
        queue: HashQueue,
        password: Password,
        about: Vec<String>,
    ) -> Result<Result<NewPassword, WeakPassword>, PasswordError> {
        let words: Vec<&str> = about.iter().map(String::as_str).collect();
        if let Err(weak) = NewPassword::check_at_once(&password, &words) {
            return Ok(Err(weak));
        }
        if self.breached.contains(&password) {
            return Ok(Err(WeakPassword::Guessable));
        }
        self.run(queue, move || {
            let about: Vec<&str> = about.iter().map(String::as_str).collect();
            NewPassword::judge(password, &about)
        })
        .await
    }

    /// Hashes a password to be stored.
    ///
    /// # Errors
    /// [`PasswordError`]; `Internal` without memory or randomness.
    pub async fn hash(
        &self,
        queue: HashQueue,
        password: NewPassword,
    ) -> Result<PasswordHash, PasswordError> {
        let mut salt = [0; 16];
        let filled = self.random.fill(&mut salt);
        filled.map_err(|error| InternalError::new("making a salt", &error))?;
        let made: Result<_, HashFailed> =
            self.run(queue, move || PasswordHash::make(&password, &salt)).await?;
        made.map_err(|error| InternalError::new("hashing a password", &error).into())
    }

    /// Whether `password` is the one of `stored`. Without a stored one, because nobody has that handle, the same work is
    /// done and the answer is no.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn verify(
        &self,
        queue: HashQueue,
        stored: Option<PasswordHash>,
        password: Password,
    ) -> Result<bool, PasswordError> {
        let is_known = stored.is_some();
        let hash = stored.unwrap_or_else(|| self.nobody.clone());
        Ok(self.run(queue, move || hash.fits(&password)).await? && is_known)
    }

    async fn run<T: Send + 'static>(
        &self,
        queue: HashQueue,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let (answer, result) = oneshot::channel();
        let job = Box::new(move |turn| match turn {
            JobSignal::Displaced => drop(answer.send(None)),
            // Whoever asked may have hung up while this waited its turn.
            JobSignal::Run if answer.is_closed() => {}
            JobSignal::Run => drop(answer.send(Some(work()))),
        });
        self.queues.put(queue, job).map_err(|full| self.wait(full))?;
        let panicked = |_| InternalError::new("hashing a password", &"the thread panicked");
        let done: Option<T> = result.await.map_err(panicked)?;
        done.ok_or_else(|| self.wait(QueueFull { ahead: self.room }))
    }

    /// How long it takes until there is room in a queue.
    fn wait(&self, QueueFull { ahead }: QueueFull) -> PasswordError {
        let jobs = ahead as u64 + self.threads.get() as u64;
        let millis = jobs.saturating_mul(self.last.load(Ordering::Relaxed));
        PasswordError::QueueFull { wait: Duration::from_millis(millis / self.threads.get() as u64) }
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

/// The threads end with it: they do what waits, and nobody waits for them.
impl Drop for Passwords {
    fn drop(&mut self) {
        self.queues.close();
    }
}

/// Until the pool is gone. A job that panics takes its answer with it and leaves the thread for the next one.
fn work(queues: &Queues, last: &AtomicU64) {
    while let Some(job) = queues.take() {
        let began = Instant::now();
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(JobSignal::Run)));
        last.store(millis(began.elapsed()), Ordering::Relaxed);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::sync::mpsc::channel;
    use std::task::{Context, Waker};

    use tegata::SystemRandom;

    use super::*;
    use crate::domain::Network;

    fn pool(threads: usize, queue: usize) -> Passwords {
        let random = Arc::new(SystemRandom::new());
        Passwords::start(NonZeroUsize::new(threads).unwrap(), queue, random).unwrap()
    }

    fn stranger() -> HashQueue {
        HashQueue::Untrusted(Network::of([192, 0, 2, 1].into()))
    }

    fn password(typed: &str) -> Password {
        Password::new(typed).unwrap()
    }

    #[tokio::test]
    async fn a_hash_verifies_and_an_unknown_handle_never_does() {
        let pool = pool(1, 4);
        let new = pool
            .judge(stranger(), password("correct horse battery"), vec![])
            .await
            .unwrap()
            .unwrap();
        let hash = pool.hash(stranger(), new).await.unwrap();
        let right = || password("correct horse battery");
        assert_eq!(pool.verify(stranger(), Some(hash.clone()), right()).await, Ok(true));
        assert_eq!(pool.verify(stranger(), Some(hash), password("wrong")).await, Ok(false));
        assert_eq!(pool.verify(stranger(), None, right()).await, Ok(false));
        let weak = pool
            .judge(stranger(), password("smithson"), vec!["smithson@example.com".to_owned()])
            .await;
        assert_eq!(weak.unwrap().err(), Some(WeakPassword::Guessable));
    }

    #[tokio::test]
    async fn the_same_password_is_hashed_with_another_salt_each_time() {
        let pool = pool(2, 4);
        let new = || NewPassword::judge(password("correct horse battery"), &[]).unwrap();
        assert_ne!(
            pool.hash(stranger(), new()).await.unwrap(),
            pool.hash(stranger(), new()).await.unwrap()
        );
    }

    #[tokio::test]
    async fn the_hash_of_nobody_costs_as_much_as_a_real_one() {
        let nobody = pool(1, 1).nobody();
        assert_eq!(PasswordHash::parse(&nobody.text()), Ok(nobody));
    }

    #[tokio::test]
    async fn a_full_queue_says_at_once_when_to_retry() {
        let pool = pool(1, 2);
        let (started, has_started) = channel();
        let (release, released) = channel::<()>();
        let mut blocked = Box::pin(pool.run(stranger(), move || {
            started.send(()).unwrap();
            let _ = released.recv();
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        // The thread is at work, and now both places in the queue are taken.
        has_started.recv().unwrap();
        let mut waiting = [1, 2].map(|number| Box::pin(pool.run(stranger(), move || number)));
        for job in &mut waiting {
            assert!(job.as_mut().poll(&mut context).is_pending());
        }
        pool.last.store(1_500, Ordering::Relaxed);
        let wait = Duration::from_millis(4_500);
        assert_eq!(pool.run(stranger(), || 3).await, Err(PasswordError::QueueFull { wait }));
        release.send(()).unwrap();
        blocked.await.unwrap();
        let [one, two] = waiting;
        assert_eq!((one.await, two.await), (Ok(1), Ok(2)));
    }

    #[tokio::test]
    async fn a_full_queue_keeps_nobody_out_of_the_other() {
        let pool = pool(1, 3);
        let (started, has_started) = channel();
        let (release, released) = channel::<()>();
        let mut context = Context::from_waker(Waker::noop());
        let mut blocked = Box::pin(pool.run(stranger(), move || {
            started.send(()).unwrap();
            let _ = released.recv();
        }));
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        has_started.recv().unwrap();
        let (done, order) = channel();
        let mut waiting = Vec::new();
        let queues = [[stranger(); 3], [HashQueue::KnownDevice; 3]].concat();
        for (nth, queue) in queues.into_iter().enumerate() {
            let done = done.clone();
            let mut job = Box::pin(pool.run(queue, move || done.send(nth).unwrap()));
            assert!(job.as_mut().poll(&mut context).is_pending());
            waiting.push(job);
        }
        // Either is full now, and three of the other come in between.
        pool.last.store(1_000, Ordering::Relaxed);
        let wait = Duration::from_secs(7);
        for queue in [stranger(), HashQueue::KnownDevice] {
            assert_eq!(pool.run(queue, || ()).await, Err(PasswordError::QueueFull { wait }));
        }
        release.send(()).unwrap();
        blocked.await.unwrap();
        for job in waiting {
            job.await.unwrap();
        }
        let order: Vec<_> = order.try_iter().collect();
        assert_eq!(order, [3, 0, 4, 1, 5, 2]);
    }

    #[tokio::test]
    async fn a_job_that_panics_costs_no_thread() {
        let pool = pool(1, 1);
        let panicked = InternalError::new("hashing a password", &"the thread panicked");
        assert_eq!(
            pool.run(stranger(), || panic!("on purpose")).await,
            Err::<(), _>(PasswordError::Internal(panicked))
        );
        assert_eq!(pool.run(stranger(), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_skipped() {
        let pool = pool(1, 2);
        let (release, released) = channel::<()>();
        let (sender, receiver) = channel();
        let mut blocked = Box::pin(pool.run(stranger(), move || {
            let _ = released.recv();
        }));
        let mut forgotten = Box::pin(pool.run(stranger(), move || sender.send(()).unwrap()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        assert!(forgotten.as_mut().poll(&mut context).is_pending());
        drop(forgotten);
        release.send(()).unwrap();
        blocked.await.unwrap();
        pool.run(stranger(), || ()).await.unwrap();
        assert!(receiver.recv().is_err());
    }
}
