//! What it takes to make a poll, and the bounds of each field.

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::clock::whole_milliseconds;
use super::names::{InvalidName, JoinCode, MAX_OPTIONS, PollId, Slug};
use super::poll::{OneVotePer, Poll, Status, Versions, Visibility};

/// The longest title, in characters.
pub const MAX_TITLE: usize = 200;
/// The longest label, in characters.
pub const MAX_LABEL: usize = 100;

/// Which field is out of bounds, and what the bounds are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// No title, or too long a one.
    #[error("title: 1 to {MAX_TITLE} characters, none of them control characters")]
    Title,
    /// Too few or too many options.
    #[error("options: a poll has 2 to {MAX_OPTIONS} options, this one has {0}")]
    OptionCount(usize),
    /// The number of options of a poll that has opened is fixed.
    #[error("options: this poll has {expected} options; once open, their labels can change but not their number")]
    OptionCountFixed {
        /// How many there are.
        expected: usize,
    },
    /// A label is empty or too long.
    #[error("options: each label has 1 to {MAX_LABEL} characters, none of them control characters")]
    Label,
    /// Two labels are the same.
    #[error("options: \"{0}\" is there twice")]
    DuplicateLabel(String),
    /// The slug is not one.
    #[error("slug: {0}")]
    Slug(#[source] InvalidName),
    /// A new poll is a draft or open.
    #[error("status: a new poll is \"draft\" or \"open\"")]
    Status,
    /// `opens_at` only makes sense for a draft.
    #[error("opens_at: only a draft opens by itself; leave out opens_at or status")]
    OpensAtOfOpenPoll,
    /// A time that has passed.
    #[error("{0}: that time has passed")]
    TimePassed(&'static str),
    /// A code is used once.
    #[error("allow_change: a voting code is used once; leave out allow_change, or say false")]
    CodesThatChange,
    /// Closing before opening.
    #[error("closes_at: must be after opens_at")]
    ClosesBeforeOpening,
}

/// The wish for a poll, as it came in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Tea or coffee?", "options": ["Tea", "Coffee"], "slug": "drinks", "status": "open", "results": "live"
}))]
pub struct NewPoll {
    /// The question, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// The labels, 2 to 50, each 1 to 100 characters, all different.
    #[schema(min_items = 2, max_items = 50)]
    pub options: Vec<String>,
    /// Its name in addresses; made from the title where absent.
    #[schema(pattern = "^[a-z0-9-]{1,64}$")]
    pub slug: Option<String>,
    /// `draft` (the default) or `open`.
    pub status: Option<Status>,
    /// When a draft opens by itself.
    pub opens_at: Option<Timestamp>,
    /// When it closes by itself.
    pub closes_at: Option<Timestamp>,
    /// Who has one vote; a browser where absent.
    pub one_vote_per: Option<OneVotePer>,
    /// Whether a later ballot replaces an earlier one; yes where absent, but never with codes.
    pub allow_change: Option<bool>,
    /// Who sees totals; everyone, live, where absent.
    pub results: Option<Visibility>,
}

impl NewPoll {
    /// The poll this wish describes, with a given identity.
    ///
    /// # Errors
    /// When a field is out of bounds.
    pub fn into_poll(mut self, id: PollId, code: JoinCode, now: Timestamp) -> Result<Poll, Invalid> {
        self.opens_at = self.opens_at.map(whole_milliseconds);
        self.closes_at = self.closes_at.map(whole_milliseconds);
        let title = check_title(&self.title)?;
        let labels = check_labels(&self.options)?;
        let slug = match &self.slug {
            Some(slug) => Slug::parse(slug).map_err(Invalid::Slug)?,
            None => Slug::from_title(&title, None),
        };
        let status = self.status.unwrap_or(Status::Draft);
        if status == Status::Closed {
            return Err(Invalid::Status);
        }
        if status == Status::Open && self.opens_at.is_some() {
            return Err(Invalid::OpensAtOfOpenPoll);
        }
        check_times(self.opens_at, self.closes_at, now)?;
        let one_vote_per = self.one_vote_per.unwrap_or_default();
        let by_code = one_vote_per == OneVotePer::Code;
        if by_code && self.allow_change == Some(true) {
            return Err(Invalid::CodesThatChange);
        }
        Ok(Poll {
            id,
            slug,
            code,
            title,
            labels,
            status,
            generation: 1,
            round: 1,
            opens_at: self.opens_at.or((status == Status::Open).then_some(now)),
            closes_at: self.closes_at,
            allow_change: self.allow_change.unwrap_or(!by_code),
            results: self.results.unwrap_or_default(),
            is_final: false,
            created_at: now,
            versions: Versions { shown: 1, text: 1, revision: 1 },
            is_default: false,
            owner: None,
            one_vote_per,
        })
    }
}

/// A title without surrounding space.
///
/// # Errors
/// When it is empty, too long, or has control characters.
pub fn check_title(title: &str) -> Result<String, Invalid> {
    one_line(title, MAX_TITLE).ok_or(Invalid::Title)
}

/// Labels without surrounding space.
///
/// # Errors
/// When their number, one of them, or a repetition is out of bounds.
pub fn check_labels(labels: &[String]) -> Result<Vec<String>, Invalid> {
    if !(2..=MAX_OPTIONS).contains(&labels.len()) {
        return Err(Invalid::OptionCount(labels.len()));
    }
    let mut checked: Vec<String> = Vec::with_capacity(labels.len());
    for label in labels {
        let label = one_line(label, MAX_LABEL).ok_or(Invalid::Label)?;
        if checked.contains(&label) {
            return Err(Invalid::DuplicateLabel(label));
        }
        checked.push(label);
    }
    Ok(checked)
}

/// A text as a label: on one line, and where it is too long for that cut, behind a word if one ends nearby, with `…` at
/// its end. Whether it was cut.
#[must_use]
pub fn as_label(text: &str) -> (String, bool) {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((cut, _)) = line.char_indices().nth(MAX_LABEL - 1).filter(|_| line.chars().count() > MAX_LABEL) else {
        return (line, false);
    };
    let whole_words = line[..cut].rfind(' ').filter(|end| *end > cut / 2);
    (format!("{}…", &line[..whole_words.unwrap_or(cut)]), true)
}

/// Checks that times lie ahead and in order.
///
/// # Errors
/// When one has passed, or closing does not come after opening.
pub fn check_times(opens_at: Option<Timestamp>, closes_at: Option<Timestamp>, now: Timestamp) -> Result<(), Invalid> {
    if opens_at.is_some_and(|at| at <= now) {
        return Err(Invalid::TimePassed("opens_at"));
    }
    if closes_at.is_some_and(|at| at <= now) {
        return Err(Invalid::TimePassed("closes_at"));
    }
    match (opens_at, closes_at) {
        (Some(opens), Some(closes)) if closes <= opens => Err(Invalid::ClosesBeforeOpening),
        _ => Ok(()),
    }
}

/// Text of one line without surrounding space; `None` where it is empty, longer than `max` characters, or has control
/// characters.
pub(super) fn one_line(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    // Unicode's last two of each plane are no characters, and in XML not even allowed.
    let is_text = |c: char| !c.is_control() && u32::from(c) & 0xFFFE != 0xFFFE;
    let fits = !text.is_empty() && text.chars().count() <= max && text.chars().all(is_text);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::{Entropy, from_millis as at};

    fn wish() -> NewPoll {
        serde_json::from_str(r#"{"title":" Tea? ","options":["Tea"," Coffee "]}"#).unwrap()
    }

    fn make(wish: NewPoll) -> Result<Poll, Invalid> {
        wish.into_poll(PollId::from_u64(1).unwrap(), JoinCode::random(&Entropy::counting()), at(1000))
    }

    #[test]
    fn a_bare_wish_is_a_live_draft_that_allows_change() {
        let poll = make(wish()).unwrap();
        assert_eq!((poll.title.as_str(), poll.slug.as_str(), poll.labels[1].as_str()), ("Tea?", "tea", "Coffee"));
        assert_eq!((poll.status, poll.results, poll.allow_change), (Status::Draft, Visibility::Live, true));
        assert_eq!((poll.generation, poll.round, poll.opens_at, poll.is_final), (1, 1, None, false));
        let open = make(NewPoll { status: Some(Status::Open), ..wish() }).unwrap();
        assert_eq!((open.status, open.opens_at), (Status::Open, Some(at(1000))));
    }

    #[test]
    fn each_field_has_its_bounds() {
        for (title, fits) in
            [("x".repeat(200), true), ("x".repeat(201), false), (" ".into(), false), ("a\nb".into(), false)]
        {
            assert_eq!(make(NewPoll { title, ..wish() }).is_ok(), fits);
        }
        let options = |labels: Vec<String>| make(NewPoll { options: labels, ..wish() }).map(drop);
        let numbered = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(options(numbered(1)), Err(Invalid::OptionCount(1)));
        assert_eq!(options(numbered(50)), Ok(()));
        assert_eq!(options(numbered(51)), Err(Invalid::OptionCount(51)));
        assert_eq!(options(vec!["x".into(), "y".repeat(101)]), Err(Invalid::Label));
        assert_eq!(options(vec!["x".into(), "é".repeat(100)]), Ok(()), "characters, not bytes");
        assert_eq!(options(vec!["x".into(), " x ".into()]), Err(Invalid::DuplicateLabel("x".into())));
        let reserved = make(NewPoll { slug: Some("new".into()), ..wish() });
        assert_eq!(reserved, Err(Invalid::Slug(InvalidName::Reserved)));
        assert_eq!(make(NewPoll { status: Some(Status::Closed), ..wish() }), Err(Invalid::Status));
    }

    #[test]
    fn a_text_that_is_too_long_for_a_label_is_cut_behind_a_word_and_shows_it() {
        assert_eq!(as_label(" one\ntwo\t three "), ("one two three".into(), false));
        let longest = "é".repeat(MAX_LABEL);
        assert_eq!(as_label(&longest), (longest.clone(), false));
        let (cut, is_cut) = as_label(&format!("{longest}é"));
        assert_eq!((cut.chars().count(), cut.ends_with("é…"), is_cut), (MAX_LABEL, true, true));
        assert_eq!(as_label(&format!("{} {}", "x".repeat(70), "y".repeat(70))).0, format!("{}…", "x".repeat(70)));
        for text in ["x".repeat(1000), "word ".repeat(200), format!("a {}", "é".repeat(200))] {
            assert!(one_line(&as_label(&text).0, MAX_LABEL).is_some(), "{text}");
        }
    }

    #[test]
    fn times_lie_ahead_and_in_order_and_only_a_draft_opens_by_itself() {
        let timed = |opens: Option<i64>, closes: Option<i64>, status| {
            make(NewPoll { opens_at: opens.map(at), closes_at: closes.map(at), status, ..wish() }).map(drop)
        };
        assert_eq!(timed(Some(2000), Some(3000), None), Ok(()));
        assert_eq!(timed(Some(1000), None, None), Err(Invalid::TimePassed("opens_at")));
        assert_eq!(timed(None, Some(1000), None), Err(Invalid::TimePassed("closes_at")));
        assert_eq!(timed(Some(2000), Some(2000), None), Err(Invalid::ClosesBeforeOpening));
        assert_eq!(timed(Some(2000), None, Some(Status::Open)), Err(Invalid::OpensAtOfOpenPoll));
    }
}
