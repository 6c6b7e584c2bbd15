//! What can be done to polls: the rule from the domain, then the store, then the gate, then the news.
//!
//! The store holds the intent. A crash between store and gate is repaired by any worker, which brings gates in line
//! with the store every second.

use std::sync::Arc;

use jiff::Timestamp;

use super::Needs;
use crate::domain::change::{PollChange, Refusal};
use crate::domain::names::{JoinCode, PollId, Slug};
use crate::domain::new_poll::NewPoll;
use crate::domain::poll::{Poll, Status};
use crate::domain::user::UserRole;
use crate::http::actors::Caller;
use crate::http::error::ApiError;
use crate::live::Event;
use crate::store::StoreError;

/// Tries at a change that meets another one, or at a name that is taken.
const TRIES: u32 = 8;
/// The most polls of one organiser.
const MAX_POLLS: u64 = 500;

impl Needs {
    /// The poll of this name.
    pub(super) async fn find(&self, name: &str) -> Result<Poll, ApiError> {
        self.store.poll_named(name).await?.ok_or(ApiError::NotFound("poll"))
    }

    /// The poll with this id, as it is now. Whose a poll is was found out once, by its id: a name may be another's by now.
    async fn again(&self, id: PollId) -> Result<Poll, ApiError> {
        self.store.poll(id).await?.ok_or(ApiError::NotFound("poll"))
    }

    /// Makes a poll, the caller's; `what`: how the audit trail calls it. A slug made from the title gets the join code
    /// appended where it is taken.
    pub(super) async fn create(&self, caller: &Caller, what: &str, wish: &NewPoll) -> Result<Poll, ApiError> {
        let now = self.clock.now();
        self.room_for_another(caller).await?;
        for attempt in 0..TRIES {
            let code = JoinCode::random(&self.entropy);
            let mut poll = wish.clone().into_poll(PollId::random(&self.entropy), code, now)?;
            poll.owner = caller.actor.user.clone();
            if wish.slug.is_none() && attempt > 0 {
                poll.slug = Slug::from_title(&poll.title, Some(poll.code.as_str()));
            }
            let store = self.store.on_record(caller.deed(what, poll.slug.as_str(), now));
            match store.insert_poll(&poll).await {
                Ok(()) => {
                    self.took_effect(&poll, now).await?;
                    return Ok(poll);
                }
                Err(StoreError::NameTaken) if wish.slug.is_none() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ApiError::NameTaken)
    }

    /// Refuses another poll to an organiser who has too many. Administrators are trusted with the machine.
    async fn room_for_another(&self, caller: &Caller) -> Result<(), ApiError> {
        let limited = caller.actor.user.as_ref().filter(|_| caller.actor.role != UserRole::Admin);
        let Some(organiser) = limited else { return Ok(()) };
        if self.store.polls_of(organiser).await? < MAX_POLLS { Ok(()) } else { Err(ApiError::TooManyPolls) }
    }

    /// A new draft with the texts and rules of another poll.
    pub(super) async fn duplicate(&self, caller: &Caller, poll: Poll) -> Result<Poll, ApiError> {
        let wish = NewPoll {
            title: poll.title,
            options: poll.labels,
            slug: None,
            status: Some(Status::Draft),
            opens_at: None,
            closes_at: None,
            allow_change: Some(poll.allow_change),
            results: Some(poll.results),
            one_vote_per: Some(poll.one_vote_per),
        };
        self.create(caller, "poll.duplicate", &wish).await
    }

    /// Changes a poll by `rule`, again if somebody else changed it meanwhile.
    pub(super) async fn change_by<R>(&self, id: PollId, rule: R) -> Result<Poll, ApiError>
    where
        R: Fn(&Poll, Timestamp) -> Result<Poll, Refusal>,
    {
        for _ in 0..TRIES {
            let now = self.clock.now();
            let poll = self.again(id).await?;
            match self.store.update_poll(&rule(&poll, now)?, now).await {
                Ok(changed) => {
                    self.took_effect(&changed, now).await?;
                    return Ok(changed);
                }
                Err(StoreError::Changed) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Changed.into())
    }

    /// Opens a poll, for the first time or again.
    pub(super) async fn open(&self, id: PollId) -> Result<Poll, ApiError> {
        let gate = self.queue.gate(id).await?;
        self.change_by(id, |poll, now| {
            let opened = poll.opened(now)?;
            Ok(match &gate {
                Some(gate) => opened.beyond(gate),
                None => opened,
            })
        })
        .await
    }

    /// Empties a poll's tallies, in a generation that neither store nor gate has seen: first choices of a round that
    /// the store forgot must not bind anybody in the next.
    pub(super) async fn reset(&self, id: PollId) -> Result<Poll, ApiError> {
        let gate = self.queue.gate(id).await?;
        self.change_by(id, |poll, now| Ok(poll.caught_up(gate.as_ref()).reset(now))).await
    }

    /// Changes what a `PATCH` names.
    pub(super) async fn patch(&self, id: PollId, change: &PollChange) -> Result<Poll, ApiError> {
        let has_ballots = change.touches_texts() && self.has_ballots(id).await?;
        let before = self.again(id).await?;
        let changed = self.change_by(id, |poll, now| change.apply(poll, has_ballots, now)).await?;
        if change.touches_texts() && self.has_ballots(id).await? {
            // The first ballot came in between: its voter chose by the old texts, so these stay.
            self.change_by(id, |poll, _| Ok(before.described_on(poll))).await?;
            return Err(Refusal::HasBallots.into());
        }
        Ok(changed)
    }

    /// Deletes a draft or a final poll.
    pub(super) async fn delete(&self, id: PollId) -> Result<(), ApiError> {
        let poll = self.again(id).await?;
        poll.deletable(self.clock.now())?;
        self.store.delete_poll(&poll).await?;
        self.live.publish(Event::Deleted(poll.id));
        Ok(self.queue.forget(poll.id).await?)
    }

    /// Whether the gate has admitted a ballot of the poll's round, or one has been counted.
    async fn has_ballots(&self, id: PollId) -> Result<bool, ApiError> {
        let poll = self.again(id).await?;
        let gate = self.queue.gate(poll.id).await?;
        let admitted = gate.is_some_and(|gate| gate.round == poll.round && gate.used);
        let counted = self.store.snapshot(poll.id, self.clock.now()).await?;
        Ok(admitted || counted.is_some_and(|snapshot| snapshot.total() > 0))
    }

    async fn took_effect(&self, poll: &Poll, now: Timestamp) -> Result<(), ApiError> {
        self.queue.install(poll.id, &poll.gate(), now).await?;
        if let Some(snapshot) = self.store.snapshot(poll.id, now).await? {
            self.live.publish(Event::Changed(Arc::new(snapshot)));
        }
        Ok(())
    }
}
