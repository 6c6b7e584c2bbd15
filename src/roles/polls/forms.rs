//! What the forms of the studio ask for.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::domain::change::PollChange;
use crate::domain::new_poll::NewPoll;
use crate::domain::poll::{OneVotePer, Poll, Status, Visibility};
use crate::http::body::Fields;
use crate::http::error::ApiError;

/// A form of the studio.
#[derive(Debug)]
pub struct Form(pub Fields);

impl Form {
    /// A new poll: a title, labels a line each, and how it is run.
    pub fn wish(&self) -> Result<NewPoll, ApiError> {
        Ok(NewPoll {
            title: self.field("title").unwrap_or_default().to_owned(),
            options: self.labels(),
            slug: self.field("slug").map(str::to_owned),
            // What opens at a time is a draft until then.
            status: Some(match (self.field("open"), self.field("opens_at")) {
                (Some(_), None) => Status::Open,
                _ => Status::Draft,
            }),
            opens_at: self.time("opens_at")?,
            closes_at: self.time("closes_at")?,
            // The box is ticked unless somebody unticks it, and says nothing of codes.
            allow_change: Some(self.field("allow_change").is_some() && self.field("one_vote_per") != Some("code")),
            results: Some(self.results()?),
            one_vote_per: Some(self.one_vote_per()?),
        })
    }

    /// What the form that was filled in with `poll` wants changed of it: texts that are as they were are left alone,
    /// for after the first ballot they cannot change.
    pub fn change(&self, poll: &Poll) -> Result<PollChange, ApiError> {
        let title = self.field("title").unwrap_or_default().to_owned();
        let options = self.labels();
        Ok(PollChange {
            title: Some(title).filter(|title| *title != poll.title),
            options: Some(options).filter(|options| *options != poll.labels),
            results: Some(self.results()?),
            opens_at: self.changed_time("opens_at", poll.opens_at)?,
            closes_at: self.changed_time("closes_at", poll.closes_at)?,
        })
    }

    /// The revision of the poll that the form was filled in with.
    pub fn revision(&self) -> Result<u64, ApiError> {
        let parsed = self.field("revision").and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| ApiError::BadRequest("revision: a whole number".into()))
    }

    /// Who sees totals.
    pub fn results(&self) -> Result<Visibility, ApiError> {
        match self.field("results") {
            Some("live") => Ok(Visibility::Live),
            Some("after_close") => Ok(Visibility::AfterClose),
            Some("hidden") => Ok(Visibility::Hidden),
            _ => Err(ApiError::BadRequest("results: live, after_close or hidden".into())),
        }
    }

    /// Who has one vote; a browser where the form does not say.
    fn one_vote_per(&self) -> Result<OneVotePer, ApiError> {
        match self.field("one_vote_per") {
            None | Some("browser") => Ok(OneVotePer::Browser),
            Some("account") => Ok(OneVotePer::Account),
            Some("code") => Ok(OneVotePer::Code),
            Some(_) => Err(ApiError::BadRequest("one_vote_per: browser, account or code".into())),
        }
    }

    /// In how many seconds to close; `None` for at once.
    pub fn delay(&self) -> Result<Option<u32>, ApiError> {
        let parsed = self.field("in").map(str::parse).transpose();
        parsed.map_err(|_| ApiError::BadRequest("in: a whole number of seconds".into()))
    }

    /// How many codes to make.
    pub fn count(&self) -> Result<u32, ApiError> {
        let parsed = self.field("count").and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| ApiError::BadRequest("count: a whole number".into()))
    }

    /// Whether codes are wanted as a sheet to cut up, rather than as a table.
    pub fn wants_sheet(&self) -> Result<bool, ApiError> {
        match self.field("as") {
            None | Some("csv") => Ok(false),
            Some("sheet") => Ok(true),
            Some(_) => Err(ApiError::BadRequest("as: csv or sheet".into())),
        }
    }

    /// A field that was filled in, without space around it.
    fn field(&self, wanted: &str) -> Option<&str> {
        self.0.get(wanted).map(str::trim).filter(|value| !value.is_empty())
    }

    fn labels(&self) -> Vec<String> {
        let lines = self.field("options").unwrap_or_default().lines().map(str::trim);
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// A time with its offset, as scripts send it, or without one, as browsers send it: then it is in UTC.
    fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.field(name) else { return Ok(None) };
        let in_utc = || text.parse::<DateTime>().and_then(|time| time.to_zoned(TimeZone::UTC)).ok();
        let time = text.parse().ok().or_else(|| in_utc().map(|time| time.timestamp()));
        time.map(Some).ok_or_else(|| ApiError::BadRequest(format!("{name}: a time such as 2026-11-21T20:00")))
    }

    /// A time that differs from what it was by a minute or more, which is as fine as the form shows it. A field that is
    /// not in the form at all changes nothing.
    #[expect(clippy::option_option, reason = "as PollChange has it")]
    fn changed_time(&self, name: &str, before: Option<Timestamp>) -> Result<Option<Option<Timestamp>>, ApiError> {
        if self.0.get(name).is_none() {
            return Ok(None);
        }
        let after = self.time(name)?;
        let minute = |time: Timestamp| time.as_second().div_euclid(60);
        Ok(Some(after).filter(|after| after.map(minute) != before.map(minute)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Form {
        Form(Fields(fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()))
    }

    #[test]
    fn a_time_is_taken_with_its_offset_or_in_utc() {
        let wanted = Some("2026-11-21T20:00:00Z".parse().unwrap());
        for text in ["2026-11-21T20:00", "2026-11-21T20:00:00Z", "2026-11-21T21:00:00+01:00"] {
            assert_eq!(form(&[("closes_at", text)]).time("closes_at").unwrap(), wanted, "{text}");
        }
        assert_eq!(form(&[("closes_at", " ")]).time("closes_at").unwrap(), None);
        assert!(form(&[("closes_at", "tonight")]).time("closes_at").is_err());
    }

    #[test]
    fn a_poll_that_opens_at_a_time_is_a_draft_whatever_is_ticked() {
        let fields = [("title", " Which? "), ("options", "a\r\n\r\n b \n"), ("results", "live"), ("open", "on")];
        let wish = form(&fields).wish().unwrap();
        assert_eq!((wish.title.as_str(), wish.options.as_slice()), ("Which?", &["a".to_owned(), "b".to_owned()][..]));
        assert_eq!((wish.status, wish.allow_change), (Some(Status::Open), Some(false)));
        let later = [&fields[..], &[("opens_at", "2099-01-01T00:00")]].concat();
        assert_eq!(form(&later).wish().unwrap().status, Some(Status::Draft));
        assert!(form(&fields[..2]).wish().is_err(), "no visibility");
    }
}
