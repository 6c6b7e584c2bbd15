//! Accounts, what proves who somebody is, voting codes and the audit trail. The statements are the same in both dialects:
//! the files beside this one are compiled into each backend.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Store, StoreError};
use crate::domain::code::{CodeBatch, CodeHash};
use crate::domain::credential::{Holder, Invitation, SecretHash, Session, Shown, Token};
use crate::domain::deed::{Deed, Recorded};
use crate::domain::names::PollId;
use crate::domain::user::{NewUser, User, UserChange, UserId};

/// The most sessions of one account; the oldest end where there are more.
const MAX_SESSIONS: u32 = 100;
/// The most tokens of one account.
const MAX_TOKENS: u32 = 100;

/// All of these fail where the store is unavailable; what else can be wrong is said with each.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them, above")]
impl Store {
    /// The same store, which puts `deed` on record in the transaction of what it changes, if it changes anything.
    #[must_use]
    pub fn on_record(&self, deed: Deed) -> Self {
        match self {
            Self::Sqlite(store) => Self::Sqlite(store.on_record(deed)),
            Self::Postgres(store) => Self::Postgres(store.on_record(deed)),
        }
    }

    /// What is on record, the newest first: at most `limit` deeds with numbers below `before`.
    pub async fn deeds(&self, before: Option<u64>, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        ask!(self.deeds(before, limit))
    }

    /// Adds an account. [`StoreError::UserTaken`] where the id is in use, in capitals or not.
    pub async fn insert_user(&self, new: &NewUser) -> Result<(), StoreError> {
        ask!(self.insert_user(new))
    }

    /// Adds accounts, and says of each whether it was added: ids in use are passed over, or with `all`, keep everything
    /// from being added: then one `false` means that none was.
    pub async fn insert_users(&self, new: &[NewUser], all: bool) -> Result<Vec<bool>, StoreError> {
        ask!(self.insert_users(new, all))
    }

    /// Adds the accounts of a file that is loaded once, if nobody has done so before and there is no account yet, and
    /// says of each whether it was added. Any number of processes may try at the same time.
    pub async fn load_users(&self, new: &[NewUser], at: Timestamp) -> Result<Option<Vec<bool>>, StoreError> {
        ask!(self.load_users(new, at))
    }

    /// Whether [`Store::load_users`] was called before.
    pub async fn were_users_loaded(&self) -> Result<bool, StoreError> {
        ask!(self.were_users_loaded())
    }

    /// The account with this id.
    pub async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        ask!(self.user(id))
    }

    /// The account with this id, and its hashed password if it has one.
    pub async fn credentials(&self, id: &UserId) -> Result<Option<(User, Option<String>)>, StoreError> {
        ask!(self.credentials(id))
    }

    /// At most `limit` accounts in the order of their ids, those after `after`.
    pub async fn users(&self, after: Option<&UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
        ask!(self.users(after, limit))
    }

    /// How many polls are this account's; none where there is no such account.
    pub async fn polls_of(&self, id: &UserId) -> Result<u64, StoreError> {
        ask!(self.polls_of(id))
    }

    /// Changes an account, and returns it as it is then; `None` where there is none. With another password all its
    /// sessions are over, but the one called `keep`.
    pub async fn change_user(
        &self,
        id: &UserId,
        change: &UserChange,
        keep: Option<&str>,
    ) -> Result<Option<User>, StoreError> {
        ask!(self.change_user(id, change, keep))
    }

    /// Deletes an account with its sessions and tokens; its polls and quotes are nobody's then. `false` where there is none.
    pub async fn delete_user(&self, id: &UserId) -> Result<bool, StoreError> {
        ask!(self.delete_user(id))
    }

    /// Begins a session. Those that are over are swept away, and the holder's oldest where there are too many. With
    /// `password`, only if that is still the account's, hashed: `false` where it is not, or there is no such account any more.
    pub async fn begin_session(
        &self,
        new: &Session,
        secret: &SecretHash,
        password: Option<&str>,
    ) -> Result<bool, StoreError> {
        ask!(self.begin_session(new, secret, password, MAX_SESSIONS))
    }

    /// The session with this secret, if it is not over.
    pub async fn session(&self, secret: &SecretHash, now: Timestamp) -> Result<Option<Shown<Session>>, StoreError> {
        ask!(self.session(secret, now))
    }

    /// All sessions of a holder that are not over, the newest first.
    pub async fn sessions(&self, holder: &Holder, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        ask!(self.sessions(holder, now))
    }

    /// Notes that a session was used; never on record.
    pub async fn see_session(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        ask!(self.see_session(id, at))
    }

    /// Ends a session of a holder; `false` where there is none of this name.
    pub async fn end_session(&self, holder: &Holder, id: &str) -> Result<bool, StoreError> {
        ask!(self.end_session(holder, id))
    }

    /// Ends all sessions of a holder but one; `false` where there was no other.
    pub async fn end_other_sessions(&self, holder: &Holder, keep: &str) -> Result<bool, StoreError> {
        ask!(self.end_other_sessions(holder, keep))
    }

    /// Adds a token; `false` where the holder has too many.
    pub async fn insert_token(&self, new: &Token, secret: &SecretHash) -> Result<bool, StoreError> {
        ask!(self.insert_token(new, secret, MAX_TOKENS))
    }

    /// The token with this secret, if it is not over.
    pub async fn token(&self, secret: &SecretHash, now: Timestamp) -> Result<Option<Shown<Token>>, StoreError> {
        ask!(self.token(secret, now))
    }

    /// All tokens of a holder that are not over, the newest first.
    pub async fn tokens(&self, holder: &Holder, now: Timestamp) -> Result<Vec<Token>, StoreError> {
        ask!(self.tokens(holder, now))
    }

    /// Notes that a token was used; never on record.
    pub async fn see_token(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        ask!(self.see_token(id, at))
    }

    /// Deletes a token of a holder; `false` where there is none of this name.
    pub async fn delete_token(&self, holder: &Holder, id: &str) -> Result<bool, StoreError> {
        ask!(self.delete_token(holder, id))
    }

    /// Adds an invitation.
    pub async fn insert_invitation(&self, new: &Invitation, secret: &SecretHash) -> Result<(), StoreError> {
        ask!(self.insert_invitation(new, secret))
    }

    /// Invitations that are not over, the newest first, at most a thousand.
    pub async fn invitations(&self, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        ask!(self.invitations(now))
    }

    /// The invitation with this secret, if it is not over.
    pub async fn invitation(&self, secret: &SecretHash, now: Timestamp) -> Result<Option<Invitation>, StoreError> {
        ask!(self.invitation(secret, now))
    }

    /// Adds an account by an invitation, as what that says, and uses the invitation up, in one step; `None` where there
    /// is none that is good when the account is made. [`StoreError::UserTaken`] where the id is in use: then the
    /// invitation stays.
    pub async fn accept_invitation(&self, secret: &SecretHash, new: &NewUser) -> Result<Option<User>, StoreError> {
        ask!(self.accept_invitation(secret, new))
    }

    /// Takes an invitation back; `false` where there is none of this name.
    pub async fn delete_invitation(&self, id: &str) -> Result<bool, StoreError> {
        ask!(self.delete_invitation(id))
    }

    /// Begins a batch of voting codes, which are not good until it is complete; its number.
    /// [`StoreError::TooManyCodes`] where the poll would have more than it may, with those that are being made;
    /// [`StoreError::Changed`] where another batch of the poll began at the same moment.
    pub async fn begin_batch(&self, poll: PollId, codes: u32, now: Timestamp) -> Result<u32, StoreError> {
        ask!(self.begin_batch(poll, codes, now))
    }

    /// Adds codes to a batch, all or none. [`StoreError::Changed`] where it is not being made any more.
    pub async fn add_codes(&self, poll: PollId, batch: u32, codes: &[CodeHash]) -> Result<(), StoreError> {
        ask!(self.add_codes(poll, batch, codes))
    }

    /// Makes a batch's codes good; `false` where it is not being made.
    pub async fn complete_batch(&self, poll: PollId, number: u32) -> Result<bool, StoreError> {
        ask!(self.complete_batch(poll, number))
    }

    /// Makes a batch's codes worthless; what they have voted stays. `false` where there is no such batch, or it is void.
    pub async fn void_batch(&self, poll: PollId, number: u32) -> Result<bool, StoreError> {
        ask!(self.void_batch(poll, number))
    }

    /// The batches of a poll whose codes are good, in order.
    pub async fn batches(&self, poll: PollId) -> Result<Vec<CodeBatch>, StoreError> {
        ask!(self.batches(poll))
    }

    /// Those of these codes that are good in a poll.
    pub async fn good_codes(&self, poll: PollId, codes: &[CodeHash]) -> Result<HashSet<CodeHash>, StoreError> {
        ask!(self.good_codes(poll, codes))
    }

    /// Sweeps away some thousand codes that are void, given up, or of deleted polls. `true` while there is more to sweep.
    pub async fn sweep_codes(&self, now: Timestamp) -> Result<bool, StoreError> {
        ask!(self.sweep_codes(now))
    }
}
