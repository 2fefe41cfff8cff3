//! The threads that hash: few of them, and two queues that have an end.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use tegata::Random;
use tokio::sync::oneshot;

use super::hash::HashFailed;
use super::{NewPassword, Password, PasswordHash, WeakPassword};
use crate::domain::InternalError;

/// Hashes and judges passwords on threads of its own, so that a flood of logins takes no more of the machine than it was
/// given. What does not fit into its queue is told to come again, with the time that the queue takes.
pub struct Passwords {
    queues: Arc<Queues>,
    threads: NonZeroUsize,
    /// What the last job took, in milliseconds.
    last: Arc<AtomicU64>,
    nobody: PasswordHash,
    random: Arc<dyn Random>,
}

/// Which queue a password waits in. The threads take from both in turns, so that neither waits for more than its own.
///
/// Strangers fill theirs at will, over any number of addresses, and would keep everybody out of one queue for all. The
/// other is for requests signed by a device that the account knows: no address tells by it whether it has an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashQueue {
    /// A request by anybody.
    #[default]
    Untrusted,
    /// A request that was signed by a device which the account knows, or a reset that was proved.
    KnownDevice,
}

type Job = Box<dyn FnOnce() + Send>;

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
        let queues =
            Arc::new(Queues { room: queue, waiting: Mutex::default(), more: Condvar::new() });
        let pool = Self { queues, threads, last, nobody, random };
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

    /// A hash that nothing fits.
    pub(crate) fn nobody(&self) -> PasswordHash {
        self.nobody.clone()
    }

    /// Judges a password to be set, with what is known `about` its owner.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn judge(
        &self,
        queue: HashQueue,
        password: Password,
        about: Vec<String>,
    ) -> Result<Result<NewPassword, WeakPassword>, PasswordError> {
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
        let job = Box::new(move || {
            // Whoever asked may have hung up while this waited its turn.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        });
        self.queues.put(queue, job).map_err(|QueueFull { ahead }| {
            let jobs = ahead as u64 + self.threads.get() as u64;
            let millis = jobs.saturating_mul(self.last.load(Ordering::Relaxed));
            let wait = Duration::from_millis(millis / self.threads.get() as u64);
            PasswordError::QueueFull { wait }
        })?;
        let panicked = |_| InternalError::new("hashing a password", &"the thread panicked").into();
        result.await.map_err(panicked)
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
        self.queues.lock().is_over = true;
        self.queues.more.notify_all();
    }
}

/// What waits for the threads.
struct Queues {
    /// How many may wait in each queue.
    room: usize,
    waiting: Mutex<Waiting>,
    /// There is something to do, or it is over.
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    untrusted: VecDeque<Job>,
    known_device: VecDeque<Job>,
    /// Whose turn it is, if both have one waiting.
    turn: HashQueue,
    is_over: bool,
}

/// A queue has no room left.
struct QueueFull {
    /// How many jobs come before one that is put into the queue as soon as there is room.
    ahead: usize,
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, queue: HashQueue, job: Job) -> Result<(), QueueFull> {
        let mut waiting = self.lock();
        let others = waiting.queue(queue.other()).len();
        let ours = waiting.queue(queue);
        if ours.len() >= self.room {
            return Err(QueueFull { ahead: ours.len() + others.min(ours.len()) });
        }
        ours.push_back(job);
        self.more.notify_one();
        Ok(())
    }

    /// The next job; `None` when it is over.
    fn take(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.next() {
                return Some(job);
            }
            if waiting.is_over {
                return None;
            }
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Waiting {
    fn queue(&mut self, queue: HashQueue) -> &mut VecDeque<Job> {
        match queue {
            HashQueue::Untrusted => &mut self.untrusted,
            HashQueue::KnownDevice => &mut self.known_device,
        }
    }

    fn next(&mut self) -> Option<Job> {
        let first = self.turn;
        let second = self.turn.other();
        let job = self.queue(first).pop_front();
        // Who had nothing waiting loses no turn by it.
        if job.is_some() {
            self.turn = second;
        }
        job.or_else(|| self.queue(second).pop_front())
    }
}

impl HashQueue {
    const fn other(self) -> Self {
        match self {
            Self::Untrusted => Self::KnownDevice,
            Self::KnownDevice => Self::Untrusted,
        }
    }
}

/// Until the pool is gone. A job that panics takes its answer with it and leaves the thread for the next one.
fn work(queues: &Queues, last: &AtomicU64) {
    while let Some(job) = queues.take() {
        let began = Instant::now();
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
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

    fn pool(threads: usize, queue: usize) -> Passwords {
        let random = Arc::new(SystemRandom::new());
        Passwords::start(NonZeroUsize::new(threads).unwrap(), queue, random).unwrap()
    }

    fn password(typed: &str) -> Password {
        Password::new(typed).unwrap()
    }

    #[tokio::test]
    async fn a_hash_verifies_and_an_unknown_handle_never_does() {
        let pool = pool(1, 4);
        let new = pool
            .judge(HashQueue::Untrusted, password("correct horse battery"), vec![])
            .await
            .unwrap()
            .unwrap();
        let hash = pool.hash(HashQueue::Untrusted, new).await.unwrap();
        let right = || password("correct horse battery");
        assert_eq!(pool.verify(HashQueue::Untrusted, Some(hash.clone()), right()).await, Ok(true));
        assert_eq!(
            pool.verify(HashQueue::Untrusted, Some(hash), password("wrong")).await,
            Ok(false)
        );
        assert_eq!(pool.verify(HashQueue::Untrusted, None, right()).await, Ok(false));
        let weak = pool
            .judge(
                HashQueue::Untrusted,
                password("smithson"),
                vec!["smithson@example.com".to_owned()],
            )
            .await;
        assert_eq!(weak.unwrap().err(), Some(WeakPassword::Guessable));
    }

    #[tokio::test]
    async fn the_same_password_is_hashed_with_another_salt_each_time() {
        let pool = pool(2, 4);
        let new = || NewPassword::judge(password("correct horse battery"), &[]).unwrap();
        assert_ne!(
            pool.hash(HashQueue::Untrusted, new()).await.unwrap(),
            pool.hash(HashQueue::Untrusted, new()).await.unwrap()
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
        let mut blocked = Box::pin(pool.run(HashQueue::Untrusted, move || {
            started.send(()).unwrap();
            let _ = released.recv();
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        // The thread is at work, and now both places in the queue are taken.
        has_started.recv().unwrap();
        let mut waiting =
            [1, 2].map(|number| Box::pin(pool.run(HashQueue::Untrusted, move || number)));
        for job in &mut waiting {
            assert!(job.as_mut().poll(&mut context).is_pending());
        }
        pool.last.store(1_500, Ordering::Relaxed);
        let wait = Duration::from_millis(4_500);
        assert_eq!(
            pool.run(HashQueue::Untrusted, || 3).await,
            Err(PasswordError::QueueFull { wait })
        );
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
        let mut blocked = Box::pin(pool.run(HashQueue::Untrusted, move || {
            started.send(()).unwrap();
            let _ = released.recv();
        }));
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        has_started.recv().unwrap();
        let (done, order) = channel();
        let mut waiting = Vec::new();
        let queues = [[HashQueue::Untrusted; 3], [HashQueue::KnownDevice; 3]].concat();
        for (nth, queue) in queues.into_iter().enumerate() {
            let done = done.clone();
            let mut job = Box::pin(pool.run(queue, move || done.send(nth).unwrap()));
            assert!(job.as_mut().poll(&mut context).is_pending());
            waiting.push(job);
        }
        // Either is full now, and three of the other come in between.
        pool.last.store(1_000, Ordering::Relaxed);
        let wait = Duration::from_secs(7);
        for queue in [HashQueue::Untrusted, HashQueue::KnownDevice] {
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
            pool.run(HashQueue::Untrusted, || panic!("on purpose")).await,
            Err::<(), _>(PasswordError::Internal(panicked))
        );
        assert_eq!(pool.run(HashQueue::Untrusted, || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_skipped() {
        let pool = pool(1, 2);
        let (release, released) = channel::<()>();
        let (told, heard) = channel();
        let mut blocked = Box::pin(pool.run(HashQueue::Untrusted, move || {
            let _ = released.recv();
        }));
        let mut forgotten =
            Box::pin(pool.run(HashQueue::Untrusted, move || told.send(()).unwrap()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        assert!(forgotten.as_mut().poll(&mut context).is_pending());
        drop(forgotten);
        release.send(()).unwrap();
        blocked.await.unwrap();
        pool.run(HashQueue::Untrusted, || ()).await.unwrap();
        assert!(heard.recv().is_err());
    }
}
