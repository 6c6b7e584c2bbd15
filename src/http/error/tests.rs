//! Every error there is, as pages show it.

use super::*;
use crate::domain::names::InvalidName;
use crate::http::files::Files;
use crate::http::language::Language;
use crate::http::pages::Pages;

fn every_error() -> Vec<ApiError> {
    let invalid = [
        Invalid::Title,
        Invalid::OptionCount(1),
        Invalid::OptionCountFixed { expected: 2 },
        Invalid::Label,
        Invalid::DuplicateLabel("<b>".into()),
        Invalid::Slug(InvalidName::Slug),
        Invalid::Slug(InvalidName::Reserved),
        Invalid::Status,
        Invalid::OpensAtOfOpenPoll,
        Invalid::TimePassed("closes_at"),
        Invalid::ClosesBeforeOpening,
        Invalid::CodesThatChange,
    ];
    let refusals = [
        Refusal::AlreadyOpen,
        Refusal::AlreadyClosed,
        Refusal::NotOpen,
        Refusal::StillCounting,
        Refusal::DeleteOpen,
        Refusal::HasBallots,
        Refusal::TimePassed,
        Refusal::Invalid(Invalid::Label),
    ];
    let others = [
        ApiError::BadRequest("<b>".into()),
        ApiError::NoChoice { given: true, keys: "a, b".into() },
        ApiError::Unauthorized,
        ApiError::CrossOrigin,
        ApiError::NotFound("poll"),
        ApiError::NotFound("address"),
        ApiError::NoQuote,
        ApiError::NotYourQuote,
        ApiError::Quote(InvalidQuote::Text),
        ApiError::MethodNotAllowed,
        ApiError::BodyTooSlow,
        ApiError::BodyTooLarge(1),
        ApiError::UnsupportedMediaType("application/json"),
        ApiError::Outdated,
        ApiError::NameTaken,
        ApiError::NotAccepting { status: Status::Closed, at: Some(Timestamp::UNIX_EPOCH) },
        ApiError::NotAccepting { status: Status::Draft, at: None },
        ApiError::AlreadyVoted,
        ApiError::CodeMissing,
        ApiError::CodeUnknown,
        ApiError::CodeUsed,
        ApiError::NotByCode,
        ApiError::CodeCount { most: 1 },
        ApiError::TooManyCodes,
        ApiError::TooMany { seconds: 6 },
        ApiError::Busy(Some(Fate::Refused)),
        ApiError::Unavailable { fate: Some(Fate::Unknown), source: None },
        ApiError::Unavailable { fate: None, source: None },
        ApiError::Internal("<b>".into()),
    ];
    let domain = invalid.map(ApiError::Invalid).into_iter().chain(refusals.map(ApiError::Refused));
    domain.chain(others).chain(about_people()).collect()
}

fn about_people() -> Vec<ApiError> {
    vec![
        ApiError::WrongPassword,
        ApiError::SignInToVote,
        ApiError::OwnPassword,
        ApiError::Password(InvalidPassword::TooShort(8)),
        ApiError::Password(InvalidPassword::TooLong(200)),
        ApiError::Account(InvalidUser::Id),
        ApiError::Account(InvalidUser::Reserved),
        ApiError::Account(InvalidUser::Name),
        ApiError::Account(InvalidUser::Role),
        ApiError::Item(InvalidItem::Key),
        ApiError::Item(InvalidItem::Value),
        ApiError::ItemsAway { fate: Fate::Refused, source: None },
        ApiError::ItemsAway { fate: Fate::Unknown, source: None },
        ApiError::ItemsFull("<b>"),
        ApiError::SignUpClosed,
        ApiError::TooManyTokens,
        ApiError::TooManyPolls,
        ApiError::Forbidden(Need::Member),
        ApiError::Forbidden(Need::InPerson),
        ApiError::Forbidden(Need::Organiser),
        ApiError::Forbidden(Need::Admin),
        ApiError::NotYours,
        ApiError::UserTaken,
        ApiError::NotFound("account"),
    ]
}

#[tokio::test]
async fn every_error_has_a_page_in_every_language() {
    let pages = Pages::new(Files::BuiltIn).unwrap();
    for language in Language::ALL {
        for error in every_error() {
            let (name, status) = (format!("{error:?}"), error.status());
            let page = pages.error_page(error.into_response(), language, false);
            assert_eq!(page.status(), status);
            let page = axum::body::to_bytes(page.into_body(), usize::MAX).await.unwrap();
            let page = String::from_utf8(page.to_vec()).unwrap();
            let headline = page.split("<h1>").nth(1).unwrap_or_else(|| panic!("{name} is not a page: {page}"));
            assert!(!headline.starts_with("error-"), "{name} has no text in {language:?}");
            assert!(!page.contains("<b>"), "{name} shows what it should not");
        }
    }
}
