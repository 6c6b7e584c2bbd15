//! Hashing and verifying passwords on threads of their own: each takes some 30 ms of a core and 19 MiB.
//!
//! The threads start with the first password, run at the lowest priority, and are fed by a bounded queue, so that a storm
//! of sign-ins stalls neither voting nor the threads that serve requests.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;
use tracing::{debug, error, warn};
use zeroize::Zeroizing;

use super::metrics::Metrics;
use crate::domain::clock::Entropy;
use crate::domain::password::PasswordHash;

/// The lowest priority: nice(1).
const LOWEST: i32 = 19;

type Job = Box<dyn FnOnce() + Send>;

/// As many passwords as may wait do so already, or the machine had no thread or memory for one: try again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be checked")]
pub struct Busy;

/// Hashes and verifies passwords. Cloning shares the threads, which end when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Passwords(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    threads: usize,
    waiting: usize,
    metrics: Metrics,
    entropy: Entropy,
    queue: Mutex<Option<SyncSender<Job>>>,
}

impl Passwords {
    /// Up to `threads` passwords at a time, while up to `waiting` more wait. Nothing runs until the first one comes.
    #[must_use]
    pub fn start(threads: usize, waiting: usize, metrics: Metrics, entropy: Entropy) -> Self {
        Self(Arc::new(Shared { threads, waiting, metrics, entropy, queue: Mutex::default() }))
    }

    /// Hashes a password that is to be stored, with a new salt.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash(&self, password: String) -> Result<PasswordHash, Busy> {
        let (password, salt) = (Zeroizing::new(password), self.0.entropy.bytes());
        self.compute(move || PasswordHash::compute(&password, &salt)).await
    }

    /// Whether this is the password that was stored. Where none was, or nobody is known by that name, it is not, after as
    /// much work: the time of an answer does not tell who exists. A stored hash that we would not compute is nobody's
    /// password, at once.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, password: String, stored: Option<PasswordHash>) -> Result<bool, Busy> {
        let (password, is_known) = (Zeroizing::new(password), stored.is_some());
        let recipe = match stored.unwrap_or_else(PasswordHash::decoy).recipe() {
            Ok(recipe) => recipe,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "a stored password cannot be verified");
                return Ok(false);
            }
        };
        let matches = self.compute(move || recipe.matches(&password)).await?;
        Ok(matches && is_known)
    }

    /// Does the work on one of the threads, unless whoever waits for it has gone away by then.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, argon2::Error> + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let (metrics, waiting) = (self.0.metrics.clone(), Waiting::new(&self.0.metrics));
        self.submit(Box::new(move || {
            drop(waiting);
            if answer.is_closed() {
                return;
            }
            metrics.password_hashes.inc();
            match work() {
                Ok(done) => drop(answer.send(done)),
                Err(error) => error!(error = &error as &dyn std::error::Error, "a password could not be hashed"),
            }
        }))?;
        answered.await.map_err(|_| Busy)
    }

    fn submit(&self, job: Job) -> Result<(), Busy> {
        let shared = &self.0;
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = queue.get_or_insert_with(|| shared.open()).try_send(job);
        if let Err(TrySendError::Disconnected(_)) = sent {
            // No thread is left: the next one who comes tries to start some.
            *queue = None;
        }
        sent.map_err(|_| {
            shared.metrics.password_refusals.inc();
            Busy
        })
    }
}

impl Shared {
    fn open(&self) -> SyncSender<Job> {
        let (sender, jobs) = sync_channel(self.waiting);
        start_threads(self.threads, jobs);
        sender
    }
}

/// One who waits for a thread, counted for as long as that.
struct Waiting(Metrics);

impl Waiting {
    fn new(metrics: &Metrics) -> Self {
        metrics.password_jobs_waiting.inc();
        Self(metrics.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.password_jobs_waiting.dec();
    }
}

/// Threads that do the jobs until no more can come.
fn start_threads(count: usize, jobs: Receiver<Job>) -> Vec<JoinHandle<()>> {
    let jobs = Arc::new(Mutex::new(jobs));
    let start = |_| {
        let jobs = Arc::clone(&jobs);
        let started = Builder::new().name("passwords".into()).spawn(move || {
            take_the_lowest_priority();
            while let Some(job) = next(&jobs) {
                job();
            }
        });
        started.inspect_err(|error| error!(%error, "a thread for passwords could not be started")).ok()
    };
    (0..count).filter_map(start).collect()
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// On Linux priorities are a thread's own (setpriority(2), under "C library/kernel differences"); elsewhere the whole
/// process would be slowed down.
fn take_the_lowest_priority() {
    if cfg!(target_os = "linux")
        && let Err(error) = rustix::process::setpriority_process(None, LOWEST)
    {
        debug!(%error, "passwords are hashed at the usual priority");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;
    use futures_util::future::join_all;

    use super::*;

    fn passwords(waiting: usize) -> (Passwords, Metrics) {
        let metrics = Metrics::default();
        (Passwords::start(1, waiting, metrics.clone(), Entropy::counting()), metrics)
    }

    /// Keeps the one thread busy until what is returned is dropped.
    async fn occupy(passwords: &Passwords) -> mpsc::Sender<()> {
        let (started, is_busy) = oneshot::channel();
        let (release, released) = mpsc::channel::<()>();
        let job = move || {
            started.send(()).unwrap();
            released.recv().unwrap_err();
        };
        passwords.submit(Box::new(job)).unwrap();
        is_busy.await.unwrap();
        release
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_and_no_other() {
        let (passwords, metrics) = passwords(4);
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert_eq!(passwords.verify("correct horse".into(), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.verify("battery".into(), Some(hash.clone())).await, Ok(false));
        assert_ne!(passwords.hash("correct horse".into()).await.unwrap(), hash, "the same salt twice");
        assert_eq!((metrics.password_hashes.get(), metrics.password_jobs_waiting.get()), (4, 0));
    }

    #[tokio::test]
    async fn somebody_unknown_costs_as_many_computations_as_a_wrong_password() {
        let (passwords, metrics) = passwords(4);
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        for stored in [Some(hash), None] {
            let before = metrics.password_hashes.get();
            assert_eq!(passwords.verify("battery".into(), stored).await, Ok(false));
            assert_eq!(metrics.password_hashes.get() - before, 1);
        }
    }

    #[tokio::test]
    async fn no_more_wait_than_may_and_each_of_those_is_answered() {
        let (passwords, metrics) = passwords(2);
        let release = occupy(&passwords).await;
        let (answers, ()) = tokio::join!(join_all((0..8).map(|_| passwords.hash("x".into()))), async {
            assert_eq!(metrics.password_jobs_waiting.get(), 2);
            drop(release);
        });
        let done: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!(done, [true, true, false, false, false, false, false, false]);
        assert_eq!((metrics.password_refusals.get(), metrics.password_hashes.get()), (6, 2));
        assert_eq!(metrics.password_jobs_waiting.get(), 0);
        passwords.hash("x".into()).await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_computed_for_a_caller_who_went_away() {
        let (passwords, metrics) = passwords(2);
        let release = occupy(&passwords).await;
        assert!(passwords.verify("x".into(), None).now_or_never().is_none(), "it waits, and then gives up");
        assert_eq!(metrics.password_jobs_waiting.get(), 1);
        drop(release);
        passwords.hash("x".into()).await.unwrap();
        assert_eq!((metrics.password_hashes.get(), metrics.password_jobs_waiting.get()), (1, 0));
    }

    #[tokio::test]
    async fn a_hash_that_asks_for_too_much_is_nobodys_password_at_once() {
        let (passwords, metrics) = passwords(2);
        let rest = "c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for parameters in ["$argon2id$v=19$m=4194304,t=1,p=1", "$argon2id$v=19$m=8,t=11,p=1", "$scrypt$ln=16,r=8,p=1"] {
            let hash = PasswordHash::parse(format!("{parameters}${rest}")).unwrap();
            assert_eq!(passwords.verify("password".into(), Some(hash)).await, Ok(false), "{parameters}");
        }
        assert_eq!(metrics.password_hashes.get(), 0);
        assert!(passwords.0.queue.lock().unwrap().is_none(), "threads were started for nothing");
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn passwords_have_the_lowest_priority_and_other_threads_keep_theirs() {
        let usual = rustix::process::getpriority_process(None).unwrap();
        let (passwords, _) = passwords(2);
        let theirs = passwords.compute(|| Ok(rustix::process::getpriority_process(None))).await.unwrap();
        assert_eq!(theirs, Ok(LOWEST));
        assert_eq!(rustix::process::getpriority_process(None), Ok(usual));
    }

    #[tokio::test]
    async fn one_that_cannot_be_computed_is_busy_and_the_next_one_is_served() {
        let (passwords, metrics) = passwords(2);
        let failed: Result<(), Busy> = passwords.compute(|| Err(argon2::Error::OutOfMemory)).await;
        assert_eq!(failed, Err(Busy));
        passwords.hash("x".into()).await.unwrap();
        assert_eq!(metrics.password_jobs_waiting.get(), 0);
    }

    #[tokio::test]
    async fn threads_that_were_lost_are_started_again() {
        let (passwords, _) = passwords(2);
        passwords.hash("x".into()).await.unwrap();
        *passwords.0.queue.lock().unwrap() = Some(sync_channel(1).0);
        assert_eq!(passwords.hash("x".into()).await, Err(Busy));
        passwords.hash("x".into()).await.unwrap();
    }

    #[test]
    fn threads_end_once_no_more_can_come() {
        let (sender, jobs) = sync_channel(1);
        let threads = start_threads(3, jobs);
        assert_eq!(threads.len(), 3);
        drop(sender);
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
