//! From errors to answers: the one place that knows status codes.

mod texts;

use std::error::Error as StdError;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::passwords::Busy;
use crate::domain::change::Refusal;
use crate::domain::item::InvalidItem;
use crate::domain::new_poll::Invalid;
use crate::domain::password::InvalidPassword;
use crate::domain::poll::Status;
use crate::domain::quote::InvalidQuote;
use crate::domain::rights::Need;
use crate::domain::user::InvalidUser;
use crate::items::ItemsError;
use crate::queue::QueueError;
use crate::store::StoreError;

/// What became of a ballot, or of a change, that got no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It was not accepted; send it again.
    Refused,
    /// Nobody knows; sending it again as the same voter is safe.
    Unknown,
}

/// Everything that can be wrong with a request.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request says something that makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// A field of a poll is out of bounds.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The ballot names no option of the poll.
    #[error("{}", no_choice(*.given, .keys))]
    NoChoice {
        /// Whether it named anything.
        given: bool,
        /// The keys there are, in a list.
        keys: String,
    },
    /// No key, or not the right one.
    #[error("Unauthorized")]
    Unauthorized,
    /// One's own password is changed by whoever knows it.
    #[error("change your own password with POST /sessions/password, which asks for the present one")]
    OwnPassword,
    /// No such account, or not its password: which of both is not said.
    #[error("the id or the password is wrong")]
    WrongPassword,
    /// A password that is none, or too easily guessed.
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    /// A field of an account is out of bounds.
    #[error(transparent)]
    Account(#[from] InvalidUser),
    /// A field of a quote is out of bounds.
    #[error(transparent)]
    Quote(#[from] InvalidQuote),
    /// No such quote, as the system of old says it; its clients look for it.
    #[error("Citation non trouvée")]
    NoQuote,
    /// Somebody else's quote, or a quote in somebody else's name.
    #[error("this quote is somebody else's")]
    NotYourQuote,
    /// An item that can be none.
    #[error(transparent)]
    Item(#[from] InvalidItem),
    /// Items are away, or too many wait for them.
    #[error("items are not available just now; try again in a moment")]
    ItemsAway {
        /// What became of the change; where nothing was to be changed, refused.
        fate: Fate,
        /// What went wrong, where something did.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// There is no room for more items.
    #[error("{0}")]
    ItemsFull(&'static str),
    /// Nobody may sign up here, or only with an invitation.
    #[error("signing up takes an invitation here; ask an administrator for one")]
    SignUpClosed,
    /// More polls than anybody runs.
    #[error("you have too many polls; delete some first")]
    TooManyPolls,
    /// More tokens than anybody needs.
    #[error("this account has too many tokens; delete one first")]
    TooManyTokens,
    /// In this poll accounts vote, and nobody is signed in.
    #[error("in this poll accounts vote: sign in first")]
    SignInToVote,
    /// Somebody who is known, but may not do this: who may.
    #[error("{}", forbidden(*.0))]
    Forbidden(Need),
    /// Another organiser's poll.
    #[error("this poll is another organiser's")]
    NotYours,
    /// Another site sent the browser here.
    #[error("this request came from another site; open the page itself and try again")]
    CrossOrigin,
    /// No such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The path exists, the method does not.
    #[error("this address does not take that method")]
    MethodNotAllowed,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    /// The body is too large.
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(usize),
    /// The body is of another type.
    #[error("send the body as {0}")]
    UnsupportedMediaType(&'static str),
    /// The state of things does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A form was filled in with what has changed since.
    #[error("somebody else changed this poll in the meantime")]
    Outdated,
    /// The poll's slug is in use.
    #[error("another poll has this slug")]
    NameTaken,
    /// The account's id is in use.
    #[error("another account has this id")]
    UserTaken,
    /// The poll takes no ballots: which state it is in, and since or until when.
    #[error("{}", not_accepting(*.status))]
    NotAccepting {
        /// `draft` or `closed`.
        status: Status,
        /// When it opens by itself, or when it closed.
        at: Option<Timestamp>,
    },
    /// The voter chose otherwise before.
    #[error("you have voted already, and this poll does not allow a change")]
    AlreadyVoted,
    /// The poll votes by code, and none came along.
    #[error("this poll takes a voting code: send it as code")]
    CodeMissing,
    /// The code is none, or not good in this poll.
    #[error("there is no such voting code in this poll")]
    CodeUnknown,
    /// Somebody has voted with this code, not by this attempt.
    #[error("this voting code has been used")]
    CodeUsed,
    /// Codes for a poll that does not vote by them.
    #[error("this poll does not vote by code; make one with one_vote_per: code")]
    NotByCode,
    /// More codes than there can be, or none at all.
    #[error("count: a whole number from 1 to {most}")]
    CodeCount {
        /// How many there can be just now; at least one.
        most: u64,
    },
    /// More codes than a poll may have, with those that are being made.
    #[error("this poll would have more voting codes than it may; make fewer, or make a batch of them worthless first")]
    TooManyCodes,
    /// More tries than anybody gets.
    #[error("too many tries; wait {seconds} seconds")]
    TooMany {
        /// When to try again.
        seconds: u64,
    },
    /// More than this process takes on.
    #[error("too busy just now; try again in a moment")]
    Busy(Option<Fate>),
    /// Something this role depends on is away. Logged by whoever watches it.
    #[error("not available just now; try again in a moment")]
    Unavailable {
        /// What became of the ballot, where there was one.
        fate: Option<Fate>,
        /// What went wrong, where this is the place to log it.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// A defect of ours.
    #[error("something went wrong here; it has been noted")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

fn forbidden(need: Need) -> &'static str {
    match need {
        Need::Anybody | Need::Member | Need::Author => "this token may not be used for that",
        Need::InPerson => "no token may do that; sign in",
        Need::Organiser => "only organisers may do that, and tokens with the scope organise",
        Need::Admin => "only administrators may do that, and tokens with the scope admin",
    }
}

fn not_accepting(status: Status) -> &'static str {
    match status {
        Status::Draft | Status::Open => "this poll is not open yet",
        Status::Closed => "this poll is closed",
    }
}

fn no_choice(given: bool, keys: &str) -> String {
    let what = if given { "there is no such choice" } else { "choice is missing" };
    format!("{what}; this poll has {keys}")
}

/// The JSON body of an error; also left in the response's extensions for pages to render.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    /// What is wrong, in a sentence.
    pub error: String,
    /// The text of `locales/` that says so on a page, without its prefix `error-`.
    #[serde(skip)]
    pub key: &'static str,
    /// The state that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// When a draft opens by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<Timestamp>,
    /// When the poll closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// What became of the ballot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
}

/// Why a request failed, with all sources; left in the response's extensions for the edge to log.
#[derive(Clone, Debug)]
pub struct Cause(pub String);

impl ApiError {
    /// The status code.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_)
            | Self::Password(_)
            | Self::Account(_)
            | Self::Quote(_)
            | Self::Invalid(_)
            | Self::Item(InvalidItem::Key)
            | Self::NoChoice { .. }
            | Self::CodeCount { .. }
            | Self::Refused(Refusal::Invalid(_)) => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::SignInToVote | Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_)
            | Self::NotYours
            | Self::NotYourQuote
            | Self::OwnPassword
            | Self::SignUpClosed
            | Self::CrossOrigin
            | Self::CodeMissing
            | Self::CodeUnknown => StatusCode::FORBIDDEN,
            Self::NotFound(_) | Self::NoQuote => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge(_) | Self::Item(InvalidItem::Value) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ItemsFull(_) => StatusCode::INSUFFICIENT_STORAGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Refused(_)
            | Self::Outdated
            | Self::NameTaken
            | Self::UserTaken
            | Self::TooManyTokens
            | Self::TooManyPolls
            | Self::TooManyCodes
            | Self::NotAccepting { .. }
            | Self::AlreadyVoted
            | Self::CodeUsed
            | Self::NotByCode => StatusCode::CONFLICT,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) | Self::Unavailable { .. } | Self::ItemsAway { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What it says in JSON.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        let (error, key) = (self.to_string(), self.key());
        let mut body = ErrorBody { error, key, status: None, opens_at: None, closed_at: None, fate: None };
        match self {
            Self::NotAccepting { status, at } => {
                body.status = Some(*status);
                *(if *status == Status::Closed { &mut body.closed_at } else { &mut body.opens_at }) = *at;
            }
            Self::Busy(fate) | Self::Unavailable { fate, .. } => body.fate = *fate,
            Self::ItemsAway { fate, .. } => body.fate = Some(*fate),
            _ => {}
        }
        body
    }

    /// What to log of it, once, where the request is known: nothing for what the client did wrong, or what another
    /// part of the product watches and logs.
    fn cause(&self) -> Option<Cause> {
        match self {
            Self::Internal(source)
            | Self::Unavailable { source: Some(source), .. }
            | Self::ItemsAway { source: Some(source), .. } => Some(Cause(chain(source.as_ref()))),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (body, cause) = (self.body(), self.cause());
        let mut response = (self.status(), Json(&body)).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Unauthorized => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::TooMany { seconds } => drop(headers.insert(RETRY_AFTER, HeaderValue::from(seconds))),
            Self::Busy(_) | Self::Unavailable { .. } | Self::ItemsAway { .. } => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response.extensions_mut().insert(body);
        cause.map(|cause| response.extensions_mut().insert(cause));
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NameTaken => Self::NameTaken,
            StoreError::UserTaken => Self::UserTaken,
            StoreError::TooManyCodes => Self::TooManyCodes,
            StoreError::Changed | StoreError::Unavailable(_) | StoreError::TooSlow(_) => {
                Self::Unavailable { fate: None, source: Some(Box::new(error)) }
            }
            StoreError::Rejected(_) | StoreError::Damaged(_) => Self::Internal(Box::new(error)),
        }
    }
}

impl From<Busy> for ApiError {
    fn from(_: Busy) -> Self {
        Self::Busy(None)
    }
}

impl From<ItemsError> for ApiError {
    fn from(error: ItemsError) -> Self {
        let fate = match error {
            ItemsError::TooManyKeys => {
                return Self::ItemsFull("there are as many items as there may be; delete some first");
            }
            ItemsError::TooManyBytes => return Self::ItemsFull("items have no room for this; delete some first"),
            ItemsError::Busy => return Self::ItemsAway { fate: Fate::Refused, source: None },
            ItemsError::Refused(_) => Fate::Refused,
            ItemsError::Unknown(_) => Fate::Unknown,
        };
        Self::ItemsAway { fate, source: Some(Box::new(error)) }
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        Self::Unavailable { fate: None, source: Some(Box::new(error)) }
    }
}

/// An error with all its sources, in one line.
#[must_use]
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&(dyn StdError + 'static)| (*cause).source());
    causes.fold(error.to_string(), |line, cause| {
        let cause = cause.to_string();
        if line.ends_with(&cause) { line } else { format!("{line}: {cause}") }
    })
}

#[cfg(test)]
mod tests;
