//! Replicas: which of them may answer a read, and when a write may be answered.
//!
//! # Reads
//! Every 100 ms the main is asked how far its log of changes reaches, and each replica how far it has come with which log
//! (`INFO replication`). A replica that has come as far as the main was at some moment shows the world as of that moment,
//! or later; the clock is our own. It may answer while that moment is no more than [`MAX_LAG`] ago, over the very connection
//! by which it has proved it: behind one name there may be several. One that has just (again) become fresh waits for
//! [`WARM_UP`]. While the main does not answer nothing is known to be newer than its last answer, so that those which had
//! caught up go on.
//!
//! # Writes: whoever was told that something is written finds it, by whichever process
//! Right behind a write the main is asked to wait, for [`WAIT`], until as many replicas have it as followed it in any look
//! of the last [`REMEMBERED`]. If they have, every replica that anybody reads from has it: one that came since the last look
//! is still warming up everywhere. If they have not, the answer (not the next batch) is held back until [`MAX_LAG`] has
//! passed: by then nobody reads from a replica any more that lacks it. The main is then not asked to wait for a second: the
//! next batch would wait behind it.
//!
//! A process whose looks were interrupted, or that finds another main, holds its answers until [`HANDOVER`] has passed:
//! others may still read from replicas of the main that was lost.
//!
//! What this does not cover: a process that cannot reach a main which others do reach, and a main that goes on taking
//! writes after another one was promoted. All processes need the same `REDIS_REPLICAS_URL`, and replicas must follow the
//! main directly.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisError, RedisResult};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::config::RedisUrl;
use crate::link::Link;

/// How far behind a replica may be.
const MAX_LAG: Duration = Duration::from_millis(500);
/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long the main may take to say how far it is, and a replica to answer anything.
const LOOK: Duration = Duration::from_millis(500);
/// How long a replica must have been fresh before it is read from: longer than since the last look of any process that
/// answers writes.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long a number of followers counts: until nobody reads from one that has left.
const REMEMBERED: Duration = Duration::from_secs(2);
/// How long the main waits for its replicas.
const WAIT: Duration = Duration::from_millis(100);
/// How long it is not asked to, after it did so in vain.
const NO_WAIT: Duration = Duration::from_secs(1);
/// Looks this far apart were interrupted.
const INTERRUPTED: Duration = Duration::from_secs(1);
/// How long after this process has found a main others may not have noticed.
const HANDOVER: Duration = Duration::from_secs(3);
/// The same where it was not lost: this process has only begun.
const STEADY: Duration = Duration::from_millis(1500);

/// All replicas of a main, watched until this is dropped.
#[derive(Debug)]
pub struct Replicas {
    all: Vec<Arc<Replica>>,
    main: Arc<Mutex<Main>>,
    turn: AtomicUsize,
    _watching: Vec<AbortOnDropHandle<()>>,
}

/// One replica.
#[derive(Debug, Default)]
pub struct Replica {
    proof: Mutex<Option<Proof>>,
}

/// What is known of a replica.
#[derive(Clone, Debug)]
struct Proof {
    /// By which it was given.
    connection: MultiplexedConnection,
    /// The moment that it certainly shows.
    as_of: Instant,
    /// Since when it has been fresh.
    since: Instant,
}

/// A replica that may answer now, and how.
#[derive(Debug)]
pub struct Fresh<'r> {
    /// Over which it has proved to be fresh.
    pub connection: MultiplexedConnection,
    /// To pass over where it fails.
    pub replica: &'r Replica,
}

/// By how many replicas a write was confirmed in time.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed {
    /// So many.
    pub by: usize,
    /// Of so many that were [awaited](Replicas::awaited).
    pub awaited: usize,
}

/// What `INFO replication` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    is_main: bool,
    /// Which log of changes.
    log: String,
    /// How far the main has written it, or a replica has come with it.
    offset: u64,
    /// Of a main: how many follow it.
    followers: usize,
    /// Of a replica: whether it is connected to the main.
    is_linked: bool,
}

/// What is known of the main.
#[derive(Debug, Default)]
struct Main {
    log: String,
    /// How far its log reached, and when, the newest last.
    written: VecDeque<(Instant, u64)>,
    /// How many followed it, and when, the newest last.
    followers: VecDeque<(Instant, usize)>,
    /// Whether it answered the last look.
    answers: bool,
    /// When others have noticed what this process has.
    settled_from: Option<Instant>,
    /// Until when it is not asked to wait.
    no_wait_until: Option<Instant>,
}

impl Replicas {
    /// Begins to watch the replicas at these addresses, of the main behind `writing`.
    pub fn watch(writing: &Link, urls: &[RedisUrl]) -> Self {
        let (main, looking) = (Arc::<Mutex<Main>>::default(), writing.another(LOOK));
        let mut watching = vec![spawned(watch_main(looking, Arc::clone(&main)))];
        let mut all = Vec::new();
        for url in urls {
            let replica = Arc::<Replica>::default();
            let link = Link::new(url.clone(), LOOK);
            watching.push(spawned(watch(link, Arc::clone(&replica), Arc::clone(&main))));
            all.push(replica);
        }
        Self { all, main, turn: AtomicUsize::default(), _watching: watching }
    }

    /// Those that are fresh, another one first each time.
    pub fn fresh(&self) -> impl Iterator<Item = Fresh<'_>> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.all.len().max(1);
        self.all[first..].iter().chain(&self.all[..first]).filter_map(|replica| replica.fresh())
    }

    /// How many are to confirm what is written next; `None` where nobody need be asked, or nothing is certain of the main and
    /// the answer is held anyway, or it was in vain just now.
    pub fn awaited(&self) -> Option<usize> {
        locked(&self.main).awaited(Instant::now())
    }

    /// From when on everybody reads what was just written; `None` where they all do. `confirmed`: by how many it was, where any
    /// were awaited.
    pub fn seen_from(&self, confirmed: Option<Confirmed>) -> Option<Instant> {
        locked(&self.main).seen_from(Instant::now(), confirmed)
    }
}

/// Has the main wait until so many of its replicas have confirmed what came before over this connection, and say how many have.
pub fn wait(awaited: usize) -> Cmd {
    let mut wait = redis::cmd("WAIT");
    wait.arg(awaited).arg(u64::try_from(WAIT.as_millis()).unwrap_or_default());
    wait
}

impl Main {
    fn awaited(&self, now: Instant) -> Option<usize> {
        let is_in_vain = self.no_wait_until.is_some_and(|until| until > now);
        self.followers_at(now).ok().filter(|followers| *followers > 0 && !is_in_vain)
    }

    /// Judged by what is known after the write: a replica that had come by then must have it, too.
    fn seen_from(&mut self, now: Instant, confirmed: Option<Confirmed>) -> Option<Instant> {
        match self.followers_at(now) {
            Ok(followers) if confirmed.map_or(0, |confirmed| confirmed.by) >= followers => None,
            Ok(_) => {
                if confirmed.is_some_and(|confirmed| confirmed.by < confirmed.awaited) {
                    self.no_wait_until = Some(now + NO_WAIT);
                }
                Some(now + MAX_LAG)
            }
            Err(unsettled_until) => Some(unsettled_until),
        }
    }

    /// Notes what it said when it was asked, if it did.
    fn note(&mut self, asked: Instant, told: Option<Told>) {
        let told = told.filter(|told| told.is_main);
        self.answers = told.is_some();
        let Some(told) = told else { return };
        let last = self.written.back().map(|(at, _)| *at);
        let interrupted = last.is_some_and(|last| asked.duration_since(last) > INTERRUPTED);
        // A log that became shorter is another history by the same name: it proves nothing.
        let is_other = told.log != self.log || self.written.back().is_some_and(|(_, offset)| *offset > told.offset);
        if last.is_none() {
            self.settled_from = Some(asked + STEADY);
        } else if interrupted || is_other {
            self.settled_from = Some(asked + HANDOVER);
        }
        if is_other {
            self.written.clear();
            self.log = told.log;
        }
        self.written.push_back((asked, told.offset));
        self.followers.push_back((asked, told.followers));
        let is_old = |at: Instant| asked.duration_since(at) > REMEMBERED;
        while self.written.front().is_some_and(|(at, _)| is_old(*at)) {
            self.written.pop_front();
        }
        while self.followers.front().is_some_and(|(at, _)| is_old(*at)) {
            self.followers.pop_front();
        }
    }

    /// The moment that a replica certainly shows, which said this at `now` or later.
    fn shown_by(&self, told: &Told, now: Instant) -> Option<Instant> {
        if told.is_main || told.log != self.log || (self.answers && !told.is_linked) {
            return None;
        }
        let (at, offset) = self.written.iter().rfind(|(_, offset)| *offset <= told.offset)?;
        let caught_up = self.written.back().is_some_and(|(_, newest)| newest == offset);
        Some(if caught_up && !self.answers { now } else { *at })
    }

    /// How many replicas must have what was written at `now`; when to answer it, where that is not known for certain.
    fn followers_at(&self, now: Instant) -> Result<usize, Instant> {
        let looked = self.written.back().is_some_and(|(at, _)| now.duration_since(*at) <= MAX_LAG);
        let Some(settled_from) = self.settled_from.filter(|_| looked) else { return Err(now + HANDOVER) };
        if now < settled_from {
            return Err(settled_from.max(now + MAX_LAG));
        }
        Ok(self.followers.iter().map(|(_, followers)| *followers).max().unwrap_or_default())
    }
}

impl Replica {
    /// It failed: it has to prove itself again.
    pub fn pass_over(&self, error: &RedisError) {
        tracing::debug!(%error, "items.replica_passed_over");
        *locked(&self.proof) = None;
    }

    fn fresh(&self) -> Option<Fresh<'_>> {
        let now = Instant::now();
        let proof = locked(&self.proof);
        let proof = proof.as_ref().filter(|proof| proof.is_fresh(now) && now.duration_since(proof.since) >= WARM_UP)?;
        Some(Fresh { connection: proof.connection.clone(), replica: self })
    }

    /// Notes which moment it shows, by which connection.
    fn note(&self, connection: MultiplexedConnection, as_of: Option<Instant>) {
        let (mut proof, now) = (locked(&self.proof), Instant::now());
        let before = proof.as_ref().filter(|before| before.is_fresh(now)).map(|before| before.since);
        *proof = as_of.map(|as_of| Proof { connection, as_of, since: before.unwrap_or(now) });
    }
}

impl Proof {
    fn is_fresh(&self, now: Instant) -> bool {
        now.duration_since(self.as_of) <= MAX_LAG
    }
}

async fn watch_main(link: Link, main: Arc<Mutex<Main>>) {
    loop {
        let asked = Instant::now();
        let told = link.run(async |redis| info(redis).await).await;
        locked(&main).note(asked, told.ok());
        tokio::time::sleep_until(asked + INTERVAL).await;
    }
}

async fn watch(link: Link, replica: Arc<Replica>, main: Arc<Mutex<Main>>) {
    loop {
        let asked = Instant::now();
        match link.run(async |redis| Ok((info(redis).await?, redis.clone()))).await {
            Ok((told, connection)) => {
                let as_of = locked(&main).shown_by(&told, asked);
                replica.note(connection, as_of);
            }
            Err(_) => *locked(&replica.proof) = None,
        }
        tokio::time::sleep_until(asked + INTERVAL).await;
    }
}

async fn info(redis: &mut MultiplexedConnection) -> RedisResult<Told> {
    let text: String = redis::cmd("INFO").arg("replication").query_async(redis).await?;
    Ok(Told::read(&text))
}

impl Told {
    fn read(text: &str) -> Self {
        let told = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        let number = |name| told(name).and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
        let is_main = told("role") == Some("master");
        Self {
            is_main,
            log: told("master_replid").unwrap_or_default().to_owned(),
            offset: number(if is_main { "master_repl_offset" } else { "slave_repl_offset" }),
            followers: usize::try_from(number("connected_slaves")).unwrap_or(usize::MAX),
            is_linked: told("master_link_status") == Some("up"),
        }
    }
}

fn spawned(work: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(work))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main_at(offset: u64, followers: usize) -> Told {
        Told { is_main: true, log: "one".into(), offset, followers, is_linked: false }
    }

    fn replica_at(offset: u64) -> Told {
        Told { is_main: false, log: "one".into(), offset, followers: 0, is_linked: true }
    }

    /// A main that has been looked at for three seconds, its log ten bytes longer each time.
    fn known(start: Instant) -> (Main, Instant) {
        let mut main = Main::default();
        for look in 0..30 {
            main.note(start + INTERVAL * look, Some(main_at(u64::from(look) * 10, 2)));
        }
        (main, start + INTERVAL * 29)
    }

    #[test]
    fn what_servers_say_is_understood() {
        let text = "# Replication\r\nrole:slave\r\nmaster_host:x\r\nmaster_link_status:up\r\nslave_read_repl_offset:99\r\n\
                    slave_repl_offset:42\r\nconnected_slaves:0\r\nmaster_replid:one\r\nmaster_repl_offset:7\r\n";
        assert_eq!(Told::read(text), replica_at(42));
        let text = "role:master\r\nconnected_slaves:2\r\nmaster_replid:one\r\nmaster_repl_offset:7\r\n";
        assert_eq!(Told::read(text), main_at(7, 2));
        assert_eq!(Told::read("nonsense"), Told::default());
    }

    #[tokio::test]
    async fn a_replica_shows_the_last_moment_that_it_has_certainly_reached() {
        let (main, last) = known(Instant::now());
        assert_eq!(main.shown_by(&replica_at(290), last), Some(last));
        assert_eq!(main.shown_by(&replica_at(289), last), Some(last - INTERVAL));
        assert_eq!(main.shown_by(&replica_at(5), last), None, "longer ago than anybody remembers");
        assert_eq!(main.shown_by(&Told { log: "two".into(), ..replica_at(290) }, last), None);
        assert_eq!(main.shown_by(&Told { is_linked: false, ..replica_at(290) }, last), None);
        assert_eq!(main.shown_by(&main_at(290, 0), last), None, "it is a main, and has a history of its own");
    }

    #[tokio::test]
    async fn while_the_main_is_silent_only_those_that_had_caught_up_stay_fresh() {
        let (mut main, last) = known(Instant::now());
        let later = last + MAX_LAG * 4;
        main.note(later, None);
        let cut_off = |offset| Told { is_linked: false, ..replica_at(offset) };
        assert_eq!(main.shown_by(&cut_off(290), later), Some(later));
        assert_eq!(main.shown_by(&cut_off(280), later), Some(last - INTERVAL));
    }

    #[tokio::test]
    async fn as_many_have_to_confirm_as_followed_in_any_look_that_counts() {
        let (mut main, last) = known(Instant::now());
        assert_eq!(main.followers_at(last), Ok(2));
        for look in 1..=20 {
            main.note(last + INTERVAL * look, Some(main_at(1000, 1)));
        }
        assert_eq!(main.followers_at(last + INTERVAL * 20), Ok(2), "somebody may still read from the other");
        main.note(last + INTERVAL * 21, Some(main_at(1000, 1)));
        assert_eq!(main.followers_at(last + INTERVAL * 21), Ok(1));
    }

    #[tokio::test]
    async fn a_write_is_answered_once_all_that_follow_have_it_by_then() {
        let (mut main, now) = known(Instant::now());
        let held = Some(now + MAX_LAG);
        let by = |by, awaited| Some(Confirmed { by, awaited });
        assert_eq!(main.awaited(now), Some(2));
        assert_eq!(main.seen_from(now, by(2, 2)), None);
        assert_eq!(main.seen_from(now, None), held, "nobody was asked");
        assert_eq!(main.awaited(now), Some(2), "which says nothing of who would have confirmed");
        main.note(now, Some(main_at(300, 3)));
        assert_eq!(main.seen_from(now, by(2, 2)), held, "one came meanwhile");
        assert_eq!(main.awaited(now), Some(3), "all that were asked did confirm");
        assert_eq!(main.seen_from(now, by(2, 3)), held);
        assert_eq!(main.awaited(now), None, "in vain just now");
        assert_eq!(main.awaited(now + NO_WAIT), None, "no look of late");
    }

    #[tokio::test]
    async fn a_replica_that_has_left_meanwhile_is_not_missed() {
        let (mut main, last) = known(Instant::now());
        for look in 1..=21 {
            main.note(last + INTERVAL * look, Some(main_at(1000, 1)));
        }
        let now = last + INTERVAL * 21;
        assert_eq!(main.seen_from(now, Some(Confirmed { by: 1, awaited: 2 })), None);
        assert_eq!(main.awaited(now), Some(1), "nor was it in vain");
    }

    #[tokio::test]
    async fn a_write_while_nothing_is_certain_of_the_main_is_held_whoever_confirmed_it() {
        let (mut main, last) = known(Instant::now());
        let later = last + MAX_LAG * 2;
        assert_eq!(main.awaited(later), None);
        assert_eq!(main.seen_from(later, Some(Confirmed { by: 2, awaited: 2 })), Some(later + HANDOVER));
    }

    #[tokio::test]
    async fn writes_are_held_until_everybody_knows_of_this_main() {
        let mut main = Main::default();
        let start = Instant::now();
        assert_eq!(main.followers_at(start), Err(start + HANDOVER), "nothing is known");
        main.note(start, Some(main_at(1, 2)));
        assert_eq!(main.followers_at(start), Err(start + STEADY));
        let (mut main, last) = known(start);
        assert_eq!(main.followers_at(last + MAX_LAG * 2), Err(last + MAX_LAG * 2 + HANDOVER), "no look of late");
        let other = Told { log: "two".into(), ..main_at(300, 2) };
        main.note(last + INTERVAL, Some(other));
        assert_eq!(main.followers_at(last + INTERVAL), Err(last + INTERVAL + HANDOVER), "another main");
        assert_eq!(main.shown_by(&replica_at(290), last), None, "of which nothing is known yet");
        let (mut main, last) = known(start);
        let back = last + INTERRUPTED + INTERVAL;
        main.note(back, Some(main_at(300, 2)));
        assert_eq!(main.followers_at(back), Err(back + HANDOVER), "it was away");
    }
}
