//! A crowd that does not stop voting: half of its ballots are by voters who have voted before, half of its seats know
//! voters by cookie and half by `Idempotency-Key`. It keeps a record of every ballot, so that afterwards the count can
//! be held against what the crowd was told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::sandbox::Site;

/// Answers of 503 after which a seat goes home.
const PATIENCE: u32 = 20;
/// How long a steadfast seat leaves a site alone that has not accepted its ballot.
const PAUSE: Duration = Duration::from_millis(50);

/// What became of a ballot, as far as its voter knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 202: it counts.
    Acknowledged,
    /// It was turned down, or never reached anybody.
    Refused,
    /// No answer came, or one that says it does not know.
    Unanswered,
}

/// A ballot and what became of it.
#[derive(Clone, Debug)]
pub struct Cast {
    voter: usize,
    choice: usize,
    /// What became of it.
    pub outcome: Outcome,
    /// The answer's status, where there was one.
    pub status: Option<StatusCode>,
    /// When it was sent.
    pub started: Instant,
    /// When its answer had come.
    pub ended: Instant,
}

/// Who a seat votes as.
#[derive(Clone, Debug)]
enum Voter {
    Key(String),
    /// The cookie the voter was handed; `None` until then: nobody can vote as them again.
    Cookie(Option<String>),
}

/// One place from which ballots come, one after another.
#[derive(Debug)]
struct Seat {
    number: usize,
    voters: Vec<Voter>,
    casts: Vec<Cast>,
    chance: u64,
    steadfast: bool,
    /// From one ballot to the next, where it does not simply go on after each answer.
    pace: Option<Duration>,
}

/// Everybody who votes in a poll, and all they did so far.
#[derive(Debug)]
pub struct Crowd {
    poll: String,
    seats: Vec<Seat>,
}

/// A crowd while it votes.
pub struct Voting {
    poll: String,
    seats: JoinSet<Seat>,
    stop: watch::Sender<bool>,
    acknowledged: Arc<watch::Sender<u32>>,
}

impl Crowd {
    /// A crowd that votes from so many seats at a time.
    pub fn new(poll: &str, seats: usize) -> Self {
        let seat = |number| Seat {
            number,
            voters: Vec::new(),
            casts: Vec::new(),
            chance: number as u64 + 1,
            steadfast: false,
            pace: None,
        };
        Self { poll: poll.to_owned(), seats: (0..seats).map(seat).collect() }
    }

    /// The same crowd, but nobody in it goes home before it is told to: whatever fails, they try again.
    pub fn steadfast(mut self) -> Self {
        self.seats.iter_mut().for_each(|seat| seat.steadfast = true);
        self
    }

    /// The same crowd, casting so many ballots a second: as many again as were held up, once it can.
    pub fn at_rate(mut self, ballots: u32) -> Self {
        let seats = u32::try_from(self.seats.len()).unwrap();
        self.seats.iter_mut().for_each(|seat| seat.pace = Some(Duration::from_secs(1) * seats / ballots));
        self
    }

    /// Lets every seat cast up to `ballots` ballots. It goes home early when it is told that the poll is closed, when
    /// its connection breaks, or when it has been put off too often.
    pub fn start(self, site: &Site, ballots: usize) -> Voting {
        let acknowledged = Arc::new(watch::Sender::new(0));
        let (stop, mut seats) = (watch::Sender::new(false), JoinSet::new());
        for seat in self.seats {
            seats.spawn(seat.vote(
                site.clone(),
                self.poll.clone(),
                ballots,
                stop.subscribe(),
                Arc::clone(&acknowledged),
            ));
        }
        Voting { poll: self.poll, seats, stop, acknowledged }
    }

    /// All ballots cast so far.
    pub fn casts(&self) -> impl Iterator<Item = &Cast> {
        self.seats.iter().flat_map(|seat| &seat.casts)
    }

    /// How many of them came to this.
    pub fn count(&self, outcome: Outcome) -> u32 {
        u32::try_from(self.casts().filter(|cast| cast.outcome == outcome).count()).unwrap()
    }

    /// What each seat's voters must have come to, and what they may have come to beyond it.
    pub fn expectation(&self) -> Expectation {
        let mut expected = Expectation::default();
        for seat in &self.seats {
            for voter in 0..seat.voters.len() {
                expected.add(seat.casts.iter().filter(|cast| cast.voter == voter));
            }
        }
        expected
    }

    /// Holds the count against the record, once everything accepted is counted: nothing acknowledged is missing,
    /// nothing is counted that was not sent, and nobody counts twice. Returns the results.
    pub async fn check(&self, site: &Site) -> Value {
        let results = site.settled(&self.poll).await;
        self.hold(&results, site).await;
        results
    }

    /// Holds these results, and the terms of conservation that a worker at `site` shows, against the record.
    pub async fn hold(&self, results: &Value, site: &Site) {
        let (acknowledged, unanswered) =
            (u64::from(self.count(Outcome::Acknowledged)), u64::from(self.count(Outcome::Unanswered)));
        let (counted, superseded) = (term(site, "counted").await, term(site, "superseded_total").await);
        let found = counted + superseded;
        assert!(
            acknowledged <= found && found <= acknowledged + unanswered,
            "acknowledged {acknowledged}, unanswered {unanswered}, counted {counted}, superseded {superseded}"
        );
        assert_eq!(site.metric("hemicycle_conservation_difference").await, Some(0.0));
        assert_eq!(term(site, "dead_total").await + term(site, "discarded_total").await, 0);
        self.expectation().check(results);
    }

    /// The same, where what was acknowledged is exactly what was accepted: whoever got no answer was not heard.
    pub async fn check_exactly(&self, site: &Site) -> Value {
        let results = self.check(site).await;
        let found = term(site, "counted").await + term(site, "superseded_total").await;
        assert_eq!(found, u64::from(self.count(Outcome::Acknowledged)), "accepted without an acknowledgement");
        results
    }
}

/// A term of conservation.
pub async fn term(site: &Site, name: &str) -> u64 {
    let value = site.metric(&format!("hemicycle_ballots_{name}")).await.unwrap();
    value.to_string().parse().unwrap()
}

/// Votes by option that must be there, and that may be there on top.
#[derive(Debug, Default)]
pub struct Expectation {
    certain: [u64; 2],
    possible: [u64; 2],
    voters: u64,
    doubtful_voters: u64,
}

impl Expectation {
    /// The ballots of one voter, in the order they were sent.
    fn add<'c>(&mut self, casts: impl Iterator<Item = &'c Cast>) {
        let (mut stands, mut doubts) = (None, [false; 2]);
        for cast in casts {
            match cast.outcome {
                Outcome::Acknowledged => (stands, doubts) = (Some(cast.choice), [false; 2]),
                Outcome::Unanswered => doubts[cast.choice] = true,
                Outcome::Refused => {}
            }
        }
        match stands {
            Some(choice) if doubts == [false; 2] => self.certain[choice] += 1,
            Some(choice) => doubts[choice] = true,
            None => {}
        }
        self.voters += u64::from(stands.is_some());
        self.doubtful_voters += u64::from(stands.is_none() && doubts != [false; 2]);
        for (possible, doubt) in self.possible.iter_mut().zip(doubts) {
            *possible += u64::from(doubt);
        }
    }

    fn check(&self, results: &Value) {
        let total = results["total"].as_u64().unwrap();
        assert!((self.voters..=self.voters + self.doubtful_voters).contains(&total), "{self:?} {results}");
        for (choice, (certain, possible)) in self.certain.into_iter().zip(self.possible).enumerate() {
            let votes = results["options"][choice]["votes"].as_u64().unwrap();
            assert!((certain..=certain + possible).contains(&votes), "option {choice}: {self:?} {results}");
        }
    }
}

impl Voting {
    /// Waits until so many ballots have been acknowledged.
    pub async fn acknowledged(&self, ballots: u32) {
        self.acknowledged.subscribe().wait_for(|count| *count >= ballots).await.unwrap();
    }

    /// How many ballots have been acknowledged so far.
    pub fn acknowledged_so_far(&self) -> u32 {
        *self.acknowledged.borrow()
    }

    /// Sends everybody home and waits for their last answers.
    pub async fn stop(self) -> Crowd {
        self.stop.send_replace(true);
        self.finish().await
    }

    /// Waits until everybody has gone home.
    pub async fn finish(self) -> Crowd {
        let mut seats = self.seats.join_all().await;
        seats.sort_by_key(|seat| seat.number);
        Crowd { poll: self.poll, seats }
    }
}

impl Seat {
    async fn vote(
        mut self,
        site: Site,
        poll: String,
        ballots: usize,
        stop: watch::Receiver<bool>,
        acknowledged: Arc<watch::Sender<u32>>,
    ) -> Self {
        let mut put_off = 0;
        let mut pace = self.pace.map(tokio::time::interval);
        for _ in 0..ballots {
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            if *stop.borrow() {
                break;
            }
            let (outcome, status) = self.cast(&site, &poll).await;
            if outcome == Outcome::Acknowledged {
                acknowledged.send_modify(|count| *count += 1);
            }
            if self.steadfast {
                if outcome != Outcome::Acknowledged {
                    tokio::time::sleep(PAUSE).await;
                }
                continue;
            }
            put_off += u32::from(status == Some(StatusCode::SERVICE_UNAVAILABLE));
            if status.is_none_or(|status| status == StatusCode::CONFLICT) || put_off >= PATIENCE {
                break;
            }
        }
        self
    }

    /// Casts one ballot and notes what became of it.
    async fn cast(&mut self, site: &Site, poll: &str) -> (Outcome, Option<StatusCode>) {
        let choice = usize::try_from(self.random() % 2).unwrap();
        let voter = self.pick_voter();
        let request = site.http.post(site.url(&format!("/ballots/{poll}")));
        let request = request.json(&json!({ "choice": if choice == 0 { "a" } else { "b" } }));
        let started = Instant::now();
        let answer = self.voters[voter].identify(request).send().await;
        let (outcome, status) = match answer {
            Ok(answer) => {
                self.voters[voter].remember(&answer);
                judge(answer).await
            }
            Err(error) if error.is_connect() => (Outcome::Refused, None),
            Err(_) => (Outcome::Unanswered, None),
        };
        self.casts.push(Cast { voter, choice, outcome, status, started, ended: Instant::now() });
        (outcome, status)
    }

    /// By turns a new voter and one who has voted before.
    fn pick_voter(&mut self) -> usize {
        if self.casts.len() % 2 == 1 {
            let chance = usize::try_from(self.random() % (1 << 20)).unwrap();
            let picked = chance % self.voters.len();
            if !matches!(self.voters[picked], Voter::Cookie(None)) {
                return picked;
            }
        }
        let name = format!("seat {} voter {}", self.number, self.voters.len());
        self.voters.push(if self.number.is_multiple_of(2) { Voter::Key(name) } else { Voter::Cookie(None) });
        self.voters.len() - 1
    }

    /// The next of a fixed row of numbers that look random (xorshift).
    fn random(&mut self) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance >> 8
    }
}

impl Voter {
    fn identify(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Key(key) => request.header("idempotency-key", key),
            Self::Cookie(Some(cookie)) => request.header(COOKIE, cookie),
            Self::Cookie(None) => request,
        }
    }

    fn remember(&mut self, answer: &Response) {
        if let (Self::Cookie(cookie), Some(set)) = (self, cookie_set_by(answer)) {
            *cookie = Some(set);
        }
    }
}

/// The cookie that an answer sets, as it is to be sent back.
pub fn cookie_set_by(answer: &Response) -> Option<String> {
    answer.headers().get(SET_COOKIE)?.to_str().ok()?.split(';').next().map(str::to_owned)
}

/// Reads the verdict; whoever is not told "accepted" or "refused" in full has no answer.
async fn judge(answer: Response) -> (Outcome, Option<StatusCode>) {
    let (status, retry) = (answer.status(), answer.headers().contains_key("retry-after"));
    let Ok(body) = answer.json::<Value>().await else { return (Outcome::Unanswered, None) };
    let outcome = match status {
        StatusCode::ACCEPTED => Outcome::Acknowledged,
        StatusCode::SERVICE_UNAVAILABLE => {
            assert!(retry, "a 503 without Retry-After: {body}");
            match body["fate"].as_str() {
                Some("refused") => Outcome::Refused,
                Some("unknown") => Outcome::Unanswered,
                _ => panic!("a 503 that does not say what became of the ballot: {body}"),
            }
        }
        _ => Outcome::Refused,
    };
    (outcome, Some(status))
}
