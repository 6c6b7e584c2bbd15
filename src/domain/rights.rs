//! Who may do what: roles of accounts, scopes of tokens, and whose a thing is.

use std::fmt;
use std::str::FromStr;

use utoipa::ToSchema;

use super::poll::Poll;
use super::quote::Quote;
use super::snapshot::Audience;
use super::user::{UserId, UserRole};

/// What an API token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Scope {
    /// To look at what its holder may see.
    Read,
    /// To vote, as its holder or for voters that it names.
    Vote,
    /// To run its holder's polls; to read as well.
    Organise,
    /// To administer, if its holder may; all of the above but to vote.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Vote, Self::Organise, Self::Admin];

    /// The scope in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Vote => "vote",
            Self::Organise => "organise",
            Self::Admin => "admin",
        }
    }

    /// The least that somebody must be for a token of this scope to be of any use to them.
    #[must_use]
    pub fn least_role(self) -> UserRole {
        match self {
            Self::Read | Self::Vote => UserRole::Member,
            Self::Organise => UserRole::Organiser,
            Self::Admin => UserRole::Admin,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// This scope and those it includes.
    const fn reach(self) -> u8 {
        match self {
            Self::Read | Self::Vote => self.bit(),
            Self::Organise => self.bit() | Self::Read.bit(),
            Self::Admin => self.bit() | Self::Organise.reach(),
        }
    }
}

/// There is no such scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scopes: one or more of read, vote, organise, admin")]
pub struct InvalidScope;

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::ALL.into_iter().find(|scope| scope.word() == text).ok_or(InvalidScope)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Everything: what a session may be used for.
    pub const ALL: Self = Self(0b1111);

    /// The set with these bits, as stores keep it; bits that mean nothing are dropped.
    #[must_use]
    pub fn from_bits(bits: i64) -> Self {
        Self(u8::try_from(bits & i64::from(Self::ALL.0)).unwrap_or_default())
    }

    /// The set as stores keep it.
    #[must_use]
    pub fn bits(self) -> i64 {
        self.0.into()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it allows what `scope` is for, by itself or as a part of another.
    #[must_use]
    pub fn allow(self, scope: Scope) -> bool {
        Scope::ALL.into_iter().any(|had| self.0 & had.bit() != 0 && had.reach() & scope.bit() != 0)
    }

    /// The scopes that were given, in order.
    pub fn each(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & scope.bit() != 0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// What a request asks of whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Anybody,
    /// An account, to look.
    Member,
    /// An account, to say something of its own: by a token, one to vote or to organise.
    Author,
    /// An account that is more than a token: what concerns its password, sessions and tokens.
    InPerson,
    /// An organiser; to change a poll, also that it is theirs.
    Organiser,
    /// An administrator.
    Admin,
}

impl Need {
    /// The need in one word, for the table of rights.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Anybody => "anybody",
            Self::Member => "member",
            Self::Author => "member, to write",
            Self::InPerson => "member, in person",
            Self::Organiser => "organiser",
            Self::Admin => "admin",
        }
    }
}

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// With the admin key itself.
    Key,
    /// By a session.
    Session,
    /// By a token of these scopes.
    Token(Scopes),
}

/// Somebody who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Their account; none for whoever has the admin key.
    pub user: Option<UserId>,
    /// What they are here.
    pub role: UserRole,
    /// How they showed it.
    pub proof: Proof,
}

impl Actor {
    /// Whether they are what `need` asks for.
    #[must_use]
    pub fn meets(&self, need: Need) -> bool {
        match need {
            Need::Anybody => true,
            Need::Member => self.may(Scope::Read),
            Need::Author => self.may(Scope::Vote) || self.may(Scope::Organise),
            Need::InPerson => !matches!(self.proof, Proof::Token(_)),
            Need::Organiser => self.role >= UserRole::Organiser && self.may(Scope::Organise),
            Need::Admin => self.role == UserRole::Admin && self.may(Scope::Admin),
        }
    }

    /// Whether what they showed may be used for this.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        match self.proof {
            Proof::Key | Proof::Session => true,
            Proof::Token(scopes) => scopes.allow(scope),
        }
    }

    /// Whether they may see all of a poll: its draft, and totals that are hidden.
    #[must_use]
    pub fn sees(&self, poll: &Poll) -> bool {
        self.role >= UserRole::Organiser && self.may(Scope::Read) && self.has_a_say(poll)
    }

    /// Whether they may change a poll.
    #[must_use]
    pub fn runs(&self, poll: &Poll) -> bool {
        self.meets(Need::Organiser) && self.has_a_say(poll)
    }

    fn has_a_say(&self, poll: &Poll) -> bool {
        self.role == UserRole::Admin || (self.user.is_some() && self.user == poll.owner)
    }

    /// Whether they may change or delete a quote.
    #[must_use]
    pub fn edits(&self, quote: &Quote) -> bool {
        self.meets(Need::Admin) || (self.meets(Need::Author) && quote.is_of(self.user.as_ref()))
    }

    /// Whether they may post as whomever they name.
    #[must_use]
    pub fn posts_for_others(&self) -> bool {
        self.meets(Need::Admin)
    }

    /// Whether they may see all quotes that are hidden.
    #[must_use]
    pub fn sees_hidden_quotes(&self) -> bool {
        self.role >= UserRole::Organiser && self.may(Scope::Read)
    }

    /// Whether they may see a quote, which may be hidden: who did so, and when, is then told them.
    #[must_use]
    pub fn sees_quote(&self, quote: &Quote) -> bool {
        let own = self.may(Scope::Read) && quote.is_of(self.user.as_ref());
        quote.hidden.is_none() || own || self.sees_hidden_quotes()
    }

    /// What they may see of a poll's results.
    #[must_use]
    pub fn audience(&self, poll: &Poll) -> Audience {
        if self.sees(poll) { Audience::Organiser } else { Audience::Public }
    }
}

/// What the audit trail calls them.
impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(id) => out.write_str(id.as_str()),
            None => out.write_str("admin key"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::from_millis;
    use crate::domain::poll::tests::draft;
    use crate::domain::quote::{Hidden, QuoteId};

    fn actor(id: &str, role: UserRole, proof: Proof) -> Actor {
        Actor { user: UserId::parse(id).ok(), role, proof }
    }

    #[test]
    fn an_organiser_runs_their_own_polls_and_an_admin_all() {
        let poll = Poll { owner: UserId::parse("ann").ok(), ..draft() };
        let may = |actor: Actor, poll: &Poll| (actor.sees(poll), actor.runs(poll));
        assert_eq!(may(actor("Ann", UserRole::Organiser, Proof::Session), &poll), (true, true));
        assert_eq!(may(actor("bob", UserRole::Organiser, Proof::Session), &poll), (false, false));
        assert_eq!(may(actor("ann", UserRole::Member, Proof::Session), &poll), (false, false), "no organiser any more");
        assert_eq!(may(actor("bob", UserRole::Admin, Proof::Session), &poll), (true, true));
        let key = Actor { user: None, role: UserRole::Admin, proof: Proof::Key };
        assert_eq!(may(key.clone(), &draft()), (true, true));
        let nobodys = actor("bob", UserRole::Organiser, Proof::Session);
        assert_eq!(may(nobodys, &draft()), (false, false), "a poll without an owner is the admins'");
    }

    #[test]
    fn a_token_does_what_its_scopes_and_its_holder_allow() {
        let with = |scopes: &[Scope], role| actor("ann", role, Proof::Token(scopes.iter().copied().collect()));
        let poll = Poll { owner: UserId::parse("ann").ok(), ..draft() };
        let reader = with(&[Scope::Read], UserRole::Organiser);
        assert_eq!((reader.sees(&poll), reader.runs(&poll)), (true, false));
        let voter = with(&[Scope::Vote], UserRole::Admin);
        assert_eq!((voter.may(Scope::Vote), voter.may(Scope::Read), voter.runs(&poll)), (true, false, false));
        let admin = with(&[Scope::Admin], UserRole::Admin);
        assert_eq!((admin.meets(Need::Admin), admin.runs(&poll), admin.may(Scope::Vote)), (true, true, false));
        assert!(!with(&[Scope::Admin], UserRole::Organiser).meets(Need::Admin), "the holder is no admin");
        assert!(!admin.meets(Need::InPerson), "no token makes another, or changes a password");
    }

    #[test]
    fn a_quote_is_its_authors_to_change_and_the_admins_and_a_hidden_one_the_organisers_to_see() {
        let hidden = Some(Hidden { by: "bob".into(), at: from_millis(0) });
        let quote = Quote {
            id: QuoteId::new(1).unwrap(),
            author: UserId::parse("ann").ok(),
            is_owned: true,
            text: "x".into(),
            made_at: from_millis(0),
            edited_at: None,
            upvotes: 0,
            hidden,
        };
        let may = |actor: Actor| (actor.edits(&quote), actor.sees_quote(&quote));
        let token = |id, scope: Scope, role| actor(id, role, Proof::Token(Scopes::from_iter([scope])));
        assert_eq!(may(actor("ANN", UserRole::Member, Proof::Session)), (true, true));
        assert_eq!(may(actor("bob", UserRole::Member, Proof::Session)), (false, false));
        assert_eq!(may(actor("bob", UserRole::Organiser, Proof::Session)), (false, true));
        assert_eq!(may(actor("bob", UserRole::Admin, Proof::Session)), (true, true));
        assert_eq!(may(token("ann", Scope::Read, UserRole::Member)), (false, true));
        assert_eq!(may(token("ann", Scope::Vote, UserRole::Member)), (true, false));
        assert_eq!(may(token("bob", Scope::Organise, UserRole::Admin)), (false, true), "it may not administer");
        assert_eq!(may(token("bob", Scope::Admin, UserRole::Admin)), (true, true));
        let gone = Quote { is_owned: false, ..quote.clone() };
        assert!(!actor("ann", UserRole::Member, Proof::Session).edits(&gone), "another Ann, made later");
    }

    #[test]
    fn scopes_survive_being_stored() {
        let scopes: Scopes = [Scope::Vote, Scope::Admin].into_iter().collect();
        assert_eq!(Scopes::from_bits(scopes.bits()), scopes);
        assert_eq!(scopes.each().map(Scope::word).collect::<Vec<_>>(), ["vote", "admin"]);
        assert_eq!(Scopes::from_bits(-1), Scopes::ALL);
    }
}
