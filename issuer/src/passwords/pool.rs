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
use super::{NewPassword, Password, PasswordHash, Weak};
use crate::http::problem::{Problem, RetryAfter};

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

/// Who waits with whom. The threads take from both in turns, so that neither waits for more than its like.
///
/// Strangers fill theirs at will, over any number of addresses, and would keep everybody out of one queue for all. The
/// other is for who holds the key of a device that the account knows, and has shown it: no address tells by it whether it
/// has an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// Anybody.
    #[default]
    Strangers,
    /// A request that was signed by a device which the account knows, or a reset that was proved.
    Owners,
}

type Job = Box<dyn FnOnce() + Send>;

/// The threads cannot be started.
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
    /// Starts `threads`, with `queue` requests of each [`Lane`] waiting for them at most. Makes one hash: some tens of
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
            let (queues, last) = (Arc::clone(&pool.queues), Arc::clone(&pool.last));
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
    /// [`Problem::Busy`].
    pub async fn judge(
        &self,
        lane: Lane,
        password: Password,
        about: Vec<String>,
    ) -> Result<Result<NewPassword, Weak>, Problem> {
        self.run(lane, move || {
            let about: Vec<&str> = about.iter().map(String::as_str).collect();
            NewPassword::judge(password, &about)
        })
        .await
    }

    /// Hashes a password to be stored.
    ///
    /// # Errors
    /// [`Problem::Busy`]; [`Problem::Internal`] without memory or randomness.
    pub async fn hash(&self, lane: Lane, password: NewPassword) -> Result<PasswordHash, Problem> {
        let mut salt = [0; 16];
        let filled = self.random.fill(&mut salt);
        filled.map_err(|error| Problem::internal("making a salt", &error))?;
        let made: Result<_, HashFailed> =
            self.run(lane, move || PasswordHash::make(&password, &salt)).await?;
        made.map_err(|error| Problem::internal("hashing a password", &error))
    }

    /// Whether `password` is the one of `stored`. Without a stored one, because nobody has that handle, the same work is
    /// done and the answer is no.
    ///
    /// # Errors
    /// [`Problem::Busy`].
    pub async fn verify(
        &self,
        lane: Lane,
        stored: Option<PasswordHash>,
        password: Password,
    ) -> Result<bool, Problem> {
        let is_known = stored.is_some();
        let hash = stored.unwrap_or_else(|| self.nobody.clone());
        Ok(self.run(lane, move || hash.fits(&password)).await? && is_known)
    }

    async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (answer, wait) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever asked may have hung up while this waited its turn.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        });
        self.queues.put(lane, job).map_err(|Full { before }| {
            let jobs = before as u64 + self.threads.get() as u64;
            let millis = jobs.saturating_mul(self.last.load(Ordering::Relaxed));
            let wait = Duration::from_millis(millis / self.threads.get() as u64);
            Problem::Busy { retry_after: RetryAfter::from_wait(wait) }
        })?;
        wait.await.map_err(|_| Problem::internal("hashing a password", &"the thread panicked"))
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
    /// How many may wait in each lane.
    room: usize,
    waiting: Mutex<Waiting>,
    /// There is something to do, or it is over.
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    strangers: VecDeque<Job>,
    owners: VecDeque<Job>,
    /// Whose turn it is, if both have one waiting.
    turn: Lane,
    is_over: bool,
}

/// No room is left.
struct Full {
    /// How many jobs come before one that is put into the lane as soon as there is room.
    before: usize,
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, lane: Lane, job: Job) -> Result<(), Full> {
        let mut waiting = self.lock();
        let others = waiting.lane(lane.other()).len();
        let ours = waiting.lane(lane);
        if ours.len() >= self.room {
            return Err(Full { before: ours.len() + others.min(ours.len()) });
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
    fn lane(&mut self, lane: Lane) -> &mut VecDeque<Job> {
        match lane {
            Lane::Strangers => &mut self.strangers,
            Lane::Owners => &mut self.owners,
        }
    }

    fn next(&mut self) -> Option<Job> {
        let (first, second) = (self.turn, self.turn.other());
        let job = self.lane(first).pop_front();
        // Who had nothing waiting loses no turn by it.
        if job.is_some() {
            self.turn = second;
        }
        job.or_else(|| self.lane(second).pop_front())
    }
}

impl Lane {
    const fn other(self) -> Self {
        match self {
            Self::Strangers => Self::Owners,
            Self::Owners => Self::Strangers,
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
    async fn what_was_hashed_verifies_and_an_unknown_handle_never_does() {
        let pool = pool(1, 4);
        let new = pool
            .judge(Lane::Strangers, password("correct horse battery"), vec![])
            .await
            .unwrap()
            .unwrap();
        let hash = pool.hash(Lane::Strangers, new).await.unwrap();
        let right = || password("correct horse battery");
        assert_eq!(pool.verify(Lane::Strangers, Some(hash.clone()), right()).await, Ok(true));
        assert_eq!(pool.verify(Lane::Strangers, Some(hash), password("wrong")).await, Ok(false));
        assert_eq!(pool.verify(Lane::Strangers, None, right()).await, Ok(false));
        let weak = pool
            .judge(Lane::Strangers, password("smithson"), vec!["smithson@example.com".to_owned()])
            .await;
        assert_eq!(weak.unwrap().err(), Some(Weak::Guessable));
    }

    #[tokio::test]
    async fn the_same_password_is_hashed_with_another_salt_each_time() {
        let pool = pool(2, 4);
        let new = || NewPassword::judge(password("correct horse battery"), &[]).unwrap();
        assert_ne!(
            pool.hash(Lane::Strangers, new()).await.unwrap(),
            pool.hash(Lane::Strangers, new()).await.unwrap()
        );
    }

    #[tokio::test]
    async fn the_hash_of_nobody_costs_what_a_real_one_does() {
        let nobody = pool(1, 1).nobody();
        assert_eq!(PasswordHash::parse(&nobody.text()), Ok(nobody));
    }

    #[tokio::test]
    async fn a_full_queue_says_so_at_once_and_when_to_come_again() {
        let pool = pool(1, 2);
        let (started, has_started) = channel();
        let (release, released) = channel::<()>();
        let mut blocked = Box::pin(pool.run(Lane::Strangers, move || {
            started.send(()).unwrap();
            let _ = released.recv();
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        // The thread is at work, and now both places in the queue are taken.
        has_started.recv().unwrap();
        let mut waiting = [1, 2].map(|number| Box::pin(pool.run(Lane::Strangers, move || number)));
        for job in &mut waiting {
            assert!(job.as_mut().poll(&mut context).is_pending());
        }
        pool.last.store(1_500, Ordering::Relaxed);
        let retry_after = RetryAfter::from_wait(Duration::from_millis(4_500));
        assert_eq!(pool.run(Lane::Strangers, || 3).await, Err(Problem::Busy { retry_after }));
        release.send(()).unwrap();
        blocked.await.unwrap();
        let [one, two] = waiting;
        assert_eq!((one.await, two.await), (Ok(1), Ok(2)));
    }

    #[tokio::test]
    async fn strangers_who_fill_their_queue_keep_nobody_out_of_the_other_and_both_take_turns() {
        let pool = pool(1, 3);
        let (started, has_started) = channel();
        let (release, released) = channel::<()>();
        let mut context = Context::from_waker(Waker::noop());
        let mut blocked = Box::pin(pool.run(Lane::Strangers, move || {
            started.send(()).unwrap();
            let _ = released.recv();
        }));
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        has_started.recv().unwrap();
        let (done, order) = channel();
        let mut waiting = Vec::new();
        let lanes = [[Lane::Strangers; 3], [Lane::Owners; 3]].concat();
        for (nth, lane) in lanes.into_iter().enumerate() {
            let done = done.clone();
            let mut job = Box::pin(pool.run(lane, move || done.send(nth).unwrap()));
            assert!(job.as_mut().poll(&mut context).is_pending());
            waiting.push(job);
        }
        // Either is full now, and three of the other come in between.
        pool.last.store(1_000, Ordering::Relaxed);
        let retry_after = RetryAfter::from_wait(Duration::from_secs(7));
        for lane in [Lane::Strangers, Lane::Owners] {
            assert_eq!(pool.run(lane, || ()).await, Err(Problem::Busy { retry_after }));
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
        assert_eq!(
            pool.run(Lane::Strangers, || panic!("on purpose")).await,
            Err::<(), _>(Problem::Internal)
        );
        assert_eq!(pool.run(Lane::Strangers, || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_not_done() {
        let pool = pool(1, 2);
        let (release, released) = channel::<()>();
        let (told, heard) = channel();
        let mut blocked = Box::pin(pool.run(Lane::Strangers, move || {
            let _ = released.recv();
        }));
        let mut forgotten = Box::pin(pool.run(Lane::Strangers, move || told.send(()).unwrap()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        assert!(forgotten.as_mut().poll(&mut context).is_pending());
        drop(forgotten);
        release.send(()).unwrap();
        blocked.await.unwrap();
        pool.run(Lane::Strangers, || ()).await.unwrap();
        assert!(heard.recv().is_err());
    }
}
