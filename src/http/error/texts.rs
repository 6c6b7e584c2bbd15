//! Which text of `locales/` says what an error is on a page.

use super::{ApiError, Fate};
use crate::domain::change::Refusal;
use crate::domain::item::InvalidItem;
use crate::domain::names::InvalidName;
use crate::domain::new_poll::Invalid;
use crate::domain::password::InvalidPassword;
use crate::domain::poll::Status;
use crate::domain::quote::InvalidQuote;
use crate::domain::rights::Need;
use crate::domain::user::InvalidUser;

impl ApiError {
    /// The text of `locales/` that says it on a page, without its prefix `error-`.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::BadRequest(_) | Self::Account(InvalidUser::Role) => "bad-request",
            Self::Invalid(invalid) | Self::Refused(Refusal::Invalid(invalid)) => invalid_key(invalid),
            Self::NoChoice { .. } => "no-choice",
            Self::Unauthorized => "unauthorized",
            Self::OwnPassword => "own-password",
            Self::SignInToVote => "sign-in-to-vote",
            Self::WrongPassword => "wrong-password",
            Self::Password(InvalidPassword::TooShort(_)) => "password-short",
            Self::Password(InvalidPassword::TooLong(_)) => "password-long",
            Self::Account(InvalidUser::Id) => "user-id",
            Self::Account(InvalidUser::Reserved) => "user-reserved",
            Self::Account(InvalidUser::Name) => "user-name",
            Self::Quote(InvalidQuote::Id) | Self::NoQuote => "no-quote",
            Self::Quote(InvalidQuote::Text) => "quote-text",
            Self::NotYourQuote => "not-your-quote",
            Self::Item(InvalidItem::Key) => "item-key",
            Self::Item(InvalidItem::Value) => "item-value",
            Self::ItemsAway { fate: Fate::Refused, .. } => "items-away",
            Self::ItemsAway { fate: Fate::Unknown, .. } => "items-unknown",
            Self::ItemsFull(_) => "items-full",
            Self::SignUpClosed => "sign-up-closed",
            Self::TooManyTokens => "too-many-tokens",
            Self::TooManyPolls => "too-many-polls",
            Self::Forbidden(Need::Admin) => "forbidden-admin",
            Self::Forbidden(Need::Organiser) => "forbidden-organiser",
            Self::Forbidden(_) => "forbidden",
            Self::NotYours => "not-yours",
            Self::CrossOrigin => "cross-origin",
            Self::NotFound("poll") => "no-poll",
            Self::NotFound("account") => "no-account",
            Self::NotFound(_) => "no-address",
            Self::MethodNotAllowed => "method",
            Self::BodyTooSlow => "body-too-slow",
            Self::BodyTooLarge(_) => "body-too-large",
            Self::UnsupportedMediaType(_) => "media-type",
            Self::Refused(refusal) => refusal_key(refusal),
            Self::Outdated => "outdated",
            Self::NameTaken => "name-taken",
            Self::UserTaken => "user-taken",
            Self::NotAccepting { status: Status::Closed, .. } => "closed",
            Self::NotAccepting { .. } => "not-open",
            Self::AlreadyVoted => "already-voted",
            Self::CodeMissing => "code-missing",
            Self::CodeUnknown => "code-unknown",
            Self::CodeUsed => "code-used",
            Self::NotByCode => "not-by-code",
            Self::CodeCount { .. } => "code-count",
            Self::TooManyCodes => "too-many-codes",
            Self::TooMany { .. } => "too-many",
            Self::Busy(_) => "busy",
            Self::Unavailable { .. } => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}

fn invalid_key(invalid: &Invalid) -> &'static str {
    match invalid {
        Invalid::Title => "title",
        Invalid::OptionCount(_) => "option-count",
        Invalid::OptionCountFixed { .. } => "option-count-fixed",
        Invalid::Label => "label",
        Invalid::DuplicateLabel(_) => "duplicate-label",
        Invalid::Slug(InvalidName::Reserved) => "slug-reserved",
        Invalid::Slug(_) => "slug",
        Invalid::Status => "bad-request",
        Invalid::OpensAtOfOpenPoll => "opens-at-of-open-poll",
        Invalid::TimePassed(_) => "time-passed",
        Invalid::ClosesBeforeOpening => "closes-before-opening",
        Invalid::CodesThatChange => "codes-that-change",
    }
}

fn refusal_key(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::AlreadyOpen => "already-open",
        Refusal::AlreadyClosed => "already-closed",
        Refusal::NotOpen => "not-open-yet",
        Refusal::StillCounting => "still-counting",
        Refusal::DeleteOpen => "delete-open",
        Refusal::HasBallots => "has-ballots",
        Refusal::TimePassed => "time-passed",
        Refusal::Invalid(invalid) => invalid_key(invalid),
    }
}
