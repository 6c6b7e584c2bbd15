//! What arrives together travels together: one call of a backend for everything that was asked since its last one.
//!
//! There is no timer. Whoever is alone is served at once; in a crowd batches grow by themselves, and each costs about
//! the same. Calls follow each other: what arrives during one waits for the next, so nobody is told something older
//! than their question. The channel is bounded; past the bound the answer is [`GatherError::Busy`], at once.
//!
//! ```
//! # use hemicycle::gather::{Bounds, Gather};
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let lengths = Gather::distinct(Bounds::of(100, 10), |words: Vec<String>| async move {
//!     Ok::<_, std::io::Error>(words.iter().map(String::len).collect())
//! });
//! assert_eq!(lengths.ask("four".to_owned()).await.unwrap(), 4);
//! # });
//! ```

use std::collections::HashMap;
use std::error::Error as StdError;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum GatherError<E: StdError + 'static> {
    /// As many as may wait do so already; this one was not taken.
    #[error("too many wait already")]
    Busy,
    /// The call for it failed; everybody in it is told the same.
    #[error(transparent)]
    Failed(Arc<E>),
    /// Whoever makes the calls has ended, maybe in the middle of this one.
    #[error("nobody is there to ask any more")]
    Gone,
}

/// How much waits, and how much goes into one call.
#[derive(Debug)]
pub struct Bounds<Q> {
    /// Questions that may wait; one at least.
    pub waiting: usize,
    /// Questions in one call, at most.
    pub batch: usize,
    /// What the questions of one call may weigh: one that takes it there or beyond is its last.
    pub weight: usize,
    /// What a question weighs, in whatever unit the bound is: bytes, say.
    pub weigh: fn(&Q) -> usize,
}

impl<Q> Bounds<Q> {
    /// So many waiting, so many in a call, whatever they weigh.
    #[must_use]
    pub fn of(waiting: usize, batch: usize) -> Self {
        Self { waiting, batch, weight: usize::MAX, weigh: |_| 0 }
    }
}

/// The way to a backend. Cloning shares it; once the last is dropped, and everything has its answer, the calls end.
#[derive(Debug)]
pub struct Gather<Q, A, E> {
    sender: mpsc::Sender<Waiting<Q, A, E>>,
}

impl<Q, A, E> Clone for Gather<Q, A, E> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

type Answer<A, E> = oneshot::Sender<Result<A, Arc<E>>>;

#[derive(Debug)]
struct Waiting<Q, A, E> {
    question: Q,
    answer: Answer<A, E>,
}

impl<Q, A, E> Gather<Q, A, E>
where
    Q: Send + 'static,
    A: Send + 'static,
    E: StdError + Send + Sync + 'static,
{
    /// Begins to pass on each question, in the order they came: for what changes something. It is passed on also when
    /// whoever asked has gone away. `call` answers in the order of the questions, one each, and in finite time.
    #[must_use]
    pub fn each<F>(bounds: Bounds<Q>, call: impl Fn(Vec<Q>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Vec<A>, E>> + Send,
    {
        let (sender, mut receiver) = mpsc::channel(bounds.waiting.max(1));
        tokio::spawn(async move {
            while let Some(batch) = receive(&mut receiver, &bounds).await {
                let (questions, answers): (Vec<Q>, Vec<_>) =
                    batch.into_iter().map(|waiting: Waiting<Q, A, E>| (waiting.question, waiting.answer)).unzip();
                tell_each(answers, call(questions).await);
            }
        });
        Self { sender }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// As [`GatherError`] has them. [`GatherError::Busy`] alone is certain to have done nothing.
    pub async fn ask(&self, question: Q) -> Result<A, GatherError<E>> {
        let (answer, told) = oneshot::channel();
        match self.sender.try_send(Waiting { question, answer }) {
            Ok(()) => told.await.map_err(|_| GatherError::Gone)?.map_err(GatherError::Failed),
            Err(mpsc::error::TrySendError::Full(_)) => Err(GatherError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(GatherError::Gone),
        }
    }
}

impl<Q, A, E> Gather<Q, A, E>
where
    Q: Eq + Hash + Send + 'static,
    A: Clone + Send + 'static,
    E: StdError + Send + Sync + 'static,
{
    /// Begins to pass on questions, equal ones once: for what only reads. One that nobody waits for any more is left out.
    /// `call` answers in the order of the questions, one each, and in finite time.
    #[must_use]
    pub fn distinct<F>(bounds: Bounds<Q>, call: impl Fn(Vec<Q>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Vec<A>, E>> + Send,
    {
        let (sender, mut receiver) = mpsc::channel(bounds.waiting.max(1));
        tokio::spawn(async move {
            while let Some(batch) = receive(&mut receiver, &bounds).await {
                let (questions, askers) = merged(batch);
                if !questions.is_empty() {
                    tell_all(askers, call(questions).await);
                }
            }
        });
        Self { sender }
    }
}

/// Everything that has arrived, as far as one call goes; `None` when nothing can come any more.
async fn receive<Q, A, E>(
    receiver: &mut mpsc::Receiver<Waiting<Q, A, E>>,
    bounds: &Bounds<Q>,
) -> Option<Vec<Waiting<Q, A, E>>> {
    let first = receiver.recv().await?;
    let mut weight = (bounds.weigh)(&first.question);
    let mut batch = vec![first];
    // Tasks that are ready to run ask first: without waiting for anybody, batches become several times larger.
    tokio::task::yield_now().await;
    while batch.len() < bounds.batch
        && weight < bounds.weight
        && let Ok(waiting) = receiver.try_recv()
    {
        weight = weight.saturating_add((bounds.weigh)(&waiting.question));
        batch.push(waiting);
    }
    Some(batch)
}

/// The questions, each once, and beside them whoever asked it.
fn merged<Q: Eq + Hash, A, E>(batch: Vec<Waiting<Q, A, E>>) -> (Vec<Q>, Vec<Vec<Answer<A, E>>>) {
    let mut questions: HashMap<Q, Vec<Answer<A, E>>> = HashMap::with_capacity(batch.len());
    for Waiting { question, answer } in batch {
        if !answer.is_closed() {
            questions.entry(question).or_default().push(answer);
        }
    }
    questions.into_iter().unzip()
}

// In all of these: whoever has gone away does not hear it, and whoever the call forgot is told that nobody is there.

fn tell_each<A, E>(askers: Vec<Answer<A, E>>, result: Result<Vec<A>, E>) {
    match result {
        Ok(answers) => {
            for (asker, answer) in askers.into_iter().zip(answers) {
                let _ = asker.send(Ok(answer));
            }
        }
        Err(error) => tell_failure(askers, error),
    }
}

fn tell_all<A: Clone, E>(askers: Vec<Vec<Answer<A, E>>>, result: Result<Vec<A>, E>) {
    match result {
        Ok(answers) => {
            for (askers, answer) in askers.into_iter().zip(answers) {
                for asker in askers {
                    let _ = asker.send(Ok(answer.clone()));
                }
            }
        }
        Err(error) => tell_failure(askers.into_iter().flatten(), error),
    }
}

fn tell_failure<A, E>(askers: impl IntoIterator<Item = Answer<A, E>>, error: E) {
    let error = Arc::new(error);
    for asker in askers {
        let _ = asker.send(Err(Arc::clone(&error)));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use crate::gather::{Bounds, Gather, GatherError};

    /// A backend that notes its calls, and answers each once it is let.
    #[derive(Clone)]
    struct Backend {
        calls: Arc<Mutex<Vec<Vec<u32>>>>,
        lets: Arc<Semaphore>,
    }

    impl Backend {
        fn new(lets: usize) -> Self {
            Self { calls: Arc::default(), lets: Arc::new(Semaphore::new(lets)) }
        }

        /// Answers each number with its double, and none at all where there is a zero.
        async fn call(self, numbers: Vec<u32>) -> io::Result<Vec<u32>> {
            self.calls.lock().unwrap().push(numbers.clone());
            self.lets.acquire().await.unwrap().forget();
            if numbers.contains(&0) {
                return Err(io::Error::other("zero"));
            }
            Ok(numbers.iter().map(|number| 2 * number).collect())
        }

        fn each(&self, bounds: Bounds<u32>) -> Gather<u32, u32, io::Error> {
            let backend = self.clone();
            Gather::each(bounds, move |numbers| backend.clone().call(numbers))
        }

        fn distinct(&self, bounds: Bounds<u32>) -> Gather<u32, u32, io::Error> {
            let backend = self.clone();
            Gather::distinct(bounds, move |numbers| backend.clone().call(numbers))
        }

        fn calls(&self) -> Vec<Vec<u32>> {
            self.calls.lock().unwrap().clone()
        }
    }

    #[tokio::test]
    async fn what_arrives_together_is_one_call_in_the_order_it_came() {
        let backend = Backend::new(100);
        let gather = backend.each(Bounds::of(100, 100));
        let answers = join_all([3, 1, 3, 2].map(|number| gather.ask(number))).await;
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [6, 2, 6, 4]);
        assert_eq!(backend.calls(), [[3, 1, 3, 2]]);
    }

    #[tokio::test]
    async fn equal_questions_are_asked_once_and_answered_to_all() {
        let backend = Backend::new(100);
        let gather = backend.distinct(Bounds::of(100, 100));
        let answers = join_all([3, 1, 3, 3].map(|number| gather.ask(number))).await;
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [6, 2, 6, 6]);
        let mut asked = backend.calls().concat();
        asked.sort_unstable();
        assert_eq!(asked, [1, 3]);
    }

    #[tokio::test]
    async fn what_arrives_during_a_call_waits_for_the_next_also_the_same_question() {
        let backend = Backend::new(0);
        let gather = backend.distinct(Bounds::of(100, 100));
        let first = tokio::spawn({
            let gather = gather.clone();
            async move { gather.ask(1).await }
        });
        while backend.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        let later = join_all([1, 1].map(|number| gather.ask(number)));
        backend.lets.add_permits(2);
        assert!(later.await.into_iter().all(|answer| answer.unwrap() == 2));
        assert_eq!(first.await.unwrap().unwrap(), 2);
        assert_eq!(backend.calls(), [[1], [1]], "the second may not be told what the first call found");
    }

    #[tokio::test]
    async fn past_its_bound_it_is_busy_at_once() {
        let backend = Backend::new(100);
        let gather = backend.each(Bounds::of(2, 100));
        let answers = join_all((1..=5).map(|number| gather.ask(number))).await;
        assert!(answers[..2].iter().all(Result::is_ok), "{answers:?}");
        assert!(answers[2..].iter().all(|answer| matches!(answer, Err(GatherError::Busy))), "{answers:?}");
    }

    #[tokio::test]
    async fn a_call_takes_no_more_than_its_bounds() {
        let backend = Backend::new(100);
        let gather = backend.each(Bounds::of(100, 3));
        join_all((1..=7).map(|number| gather.ask(number))).await;
        assert_eq!(backend.calls().iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
        let backend = Backend::new(100);
        let gather = backend.each(Bounds { waiting: 100, batch: 100, weight: 10, weigh: |number| *number as usize });
        join_all([4, 5, 6, 12, 1].map(|number| gather.ask(number))).await;
        assert_eq!(backend.calls(), [vec![4, 5, 6], vec![12], vec![1]]);
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_in_that_call_and_nobody_elses() {
        let backend = Backend::new(100);
        let gather = backend.distinct(Bounds::of(100, 100));
        let answers = join_all([0, 1, 0].map(|number| gather.ask(number))).await;
        for answer in answers {
            assert_eq!(answer.unwrap_err().to_string(), "zero");
        }
        assert_eq!(gather.ask(1).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn whoever_has_gone_away_reads_nothing_but_writes_all_the_same() {
        for (gather, backend, calls) in [
            {
                let backend = Backend::new(100);
                (backend.distinct(Bounds::of(9, 9)), backend, vec![vec![2]])
            },
            {
                let backend = Backend::new(100);
                (backend.each(Bounds::of(9, 9)), backend, vec![vec![1, 2]])
            },
        ] {
            let mut gone = Box::pin(gather.ask(1));
            assert!(futures_util::poll!(&mut gone).is_pending());
            drop(gone);
            gather.ask(2).await.unwrap();
            assert_eq!(backend.calls(), calls);
        }
    }

    #[tokio::test]
    async fn a_call_that_panics_leaves_nobody_waiting() {
        let gather: Gather<u32, u32, io::Error> =
            Gather::each(Bounds::of(9, 9), |_| async { panic!("a defect of the backend") });
        assert!(matches!(gather.ask(1).await, Err(GatherError::Gone)));
        assert!(matches!(gather.ask(1).await, Err(GatherError::Gone)));
    }
}
