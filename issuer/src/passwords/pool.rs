//! The threads that hash: few of them, and a queue that has an end.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

use tegata::Random;
use tokio::sync::oneshot;

use super::hash::HashFailed;
use super::{NewPassword, Password, PasswordHash, Weak};
use crate::problem::{Problem, RetryAfter};

/// Hashes and judges passwords on threads of its own, so that a flood of logins takes no more of the machine than it was
/// given. What does not fit into the queue is told to come again, with the time that the queue takes.
pub struct Passwords {
    queue: SyncSender<Job>,
    room: Room,
    nobody: PasswordHash,
    random: Arc<dyn Random>,
}

type Job = Box<dyn FnOnce() + Send>;

/// How long a full queue takes.
struct Room {
    queue: usize,
    threads: NonZeroUsize,
    /// What the last job took, in milliseconds.
    last: Arc<AtomicU64>,
}

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
    /// Starts `threads`, with `queue` requests waiting for them at most. Makes one hash: some tens of milliseconds.
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
        let (sender, receiver) = sync_channel(queue);
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..threads.get() {
            let (receiver, last) = (Arc::clone(&receiver), Arc::clone(&last));
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&receiver, &last))
                .map_err(PasswordsUnavailable::Threads)?;
        }
        Ok(Self { queue: sender, room: Room { queue, threads, last }, nobody, random })
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
        password: Password,
        about: Vec<String>,
    ) -> Result<Result<NewPassword, Weak>, Problem> {
        self.run(move || {
            let about: Vec<&str> = about.iter().map(String::as_str).collect();
            NewPassword::judge(password, &about)
        })
        .await
    }

    /// Hashes a password to be stored.
    ///
    /// # Errors
    /// [`Problem::Busy`]; [`Problem::Internal`] without memory or randomness.
    pub async fn hash(&self, password: NewPassword) -> Result<PasswordHash, Problem> {
        let mut salt = [0; 16];
        let filled = self.random.fill(&mut salt);
        filled.map_err(|error| Problem::internal("making a salt", &error))?;
        let made: Result<_, HashFailed> =
            self.run(move || PasswordHash::make(&password, &salt)).await?;
        made.map_err(|error| Problem::internal("hashing a password", &error))
    }

    /// Whether `password` is the one of `stored`. Without a stored one, because nobody has that handle, the same work is
    /// done and the answer is no.
    ///
    /// # Errors
    /// [`Problem::Busy`].
    pub async fn verify(
        &self,
        stored: Option<PasswordHash>,
        password: Password,
    ) -> Result<bool, Problem> {
        let is_known = stored.is_some();
        let hash = stored.unwrap_or_else(|| self.nobody.clone());
        Ok(self.run(move || hash.fits(&password)).await? && is_known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (answer, wait) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever asked may have hung up while this waited its turn.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        });
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Problem::Busy { retry_after: self.room.retry_after() },
            TrySendError::Disconnected(_) => {
                Problem::internal("hashing a password", &"no thread is left")
            }
        })?;
        wait.await.map_err(|_| Problem::internal("hashing a password", &"the thread panicked"))
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

impl Room {
    /// What a full queue takes at the pace of the last job.
    fn retry_after(&self) -> RetryAfter {
        let jobs = self.queue as u64 + self.threads.get() as u64;
        let millis = jobs.saturating_mul(self.last.load(Ordering::Relaxed));
        RetryAfter::from_wait(Duration::from_millis(millis / self.threads.get() as u64))
    }
}

/// Until the sender is gone. A job that panics takes its answer with it and leaves the thread for the next one.
fn work(jobs: &Mutex<Receiver<Job>>, last: &AtomicU64) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
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
        let new = pool.judge(password("correct horse battery"), vec![]).await.unwrap().unwrap();
        let hash = pool.hash(new).await.unwrap();
        let right = || password("correct horse battery");
        assert_eq!(pool.verify(Some(hash.clone()), right()).await, Ok(true));
        assert_eq!(pool.verify(Some(hash), password("wrong")).await, Ok(false));
        assert_eq!(pool.verify(None, right()).await, Ok(false));
        let weak = pool.judge(password("smithson"), vec!["smithson@example.com".to_owned()]).await;
        assert_eq!(weak.unwrap().err(), Some(Weak::Guessable));
    }

    #[tokio::test]
    async fn the_same_password_is_hashed_with_another_salt_each_time() {
        let pool = pool(2, 4);
        let new = || NewPassword::judge(password("correct horse battery"), &[]).unwrap();
        assert_ne!(pool.hash(new()).await.unwrap(), pool.hash(new()).await.unwrap());
    }

    #[tokio::test]
    async fn the_hash_of_nobody_costs_what_a_real_one_does() {
        let nobody = pool(1, 1).nobody;
        assert_eq!(PasswordHash::parse(&nobody.text()), Ok(nobody));
    }

    #[tokio::test]
    async fn a_full_queue_says_so_at_once_and_when_to_come_again() {
        let pool = pool(1, 2);
        let (started, has_started) = channel();
        let (release, released) = channel::<()>();
        let mut blocked = Box::pin(pool.run(move || {
            started.send(()).unwrap();
            let _ = released.recv();
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        // The thread is at work, and now both places in the queue are taken.
        has_started.recv().unwrap();
        let mut waiting = [1, 2].map(|number| Box::pin(pool.run(move || number)));
        for job in &mut waiting {
            assert!(job.as_mut().poll(&mut context).is_pending());
        }
        pool.room.last.store(1_500, Ordering::Relaxed);
        let retry_after = RetryAfter::from_wait(Duration::from_millis(4_500));
        assert_eq!(pool.run(|| 3).await, Err(Problem::Busy { retry_after }));
        release.send(()).unwrap();
        blocked.await.unwrap();
        let [one, two] = waiting;
        assert_eq!((one.await, two.await), (Ok(1), Ok(2)));
    }

    #[tokio::test]
    async fn a_job_that_panics_costs_no_thread() {
        let pool = pool(1, 1);
        assert_eq!(pool.run(|| panic!("on purpose")).await, Err::<(), _>(Problem::Internal));
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_not_done() {
        let pool = pool(1, 2);
        let (release, released) = channel::<()>();
        let (told, heard) = channel();
        let mut blocked = Box::pin(pool.run(move || {
            let _ = released.recv();
        }));
        let mut forgotten = Box::pin(pool.run(move || told.send(()).unwrap()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(blocked.as_mut().poll(&mut context).is_pending());
        assert!(forgotten.as_mut().poll(&mut context).is_pending());
        drop(forgotten);
        release.send(()).unwrap();
        blocked.await.unwrap();
        pool.run(|| ()).await.unwrap();
        assert!(heard.recv().is_err());
    }
}
