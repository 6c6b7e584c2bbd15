//! What pages say, in each language: messages of Project Fluent (<https://projectfluent.org>), one file a language in
//! `locales/`, and numbers and times as its readers write them.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use unic_langid::LanguageIdentifier;

use super::files::{Files, Kind};
use super::language::Language;

/// Why the texts of a language cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("locales/{language}.ftl cannot be used: {reason}")]
pub struct TextError {
    language: &'static str,
    reason: String,
}

/// The texts of one language.
pub struct Texts {
    language: Language,
    messages: FluentBundle<FluentResource>,
}

impl Texts {
    /// Reads the texts of a language.
    ///
    /// # Errors
    /// Where the file is missing, is no Fluent, or says a thing twice.
    pub fn load(files: &Files, language: Language) -> Result<Self, TextError> {
        let failed = |reason: String| TextError { language: language.tag(), reason };
        let file = files.read(Kind::Locale, &format!("{}.ftl", language.tag()));
        let file = file.ok_or_else(|| failed("it is missing".into()))?;
        let source = String::from_utf8(file.into_owned()).map_err(|error| failed(error.to_string()))?;
        let resource = FluentResource::try_new(source).map_err(|(_, errors)| failed(list(&errors)))?;
        let locale: LanguageIdentifier = language.tag().parse().map_err(|_| failed("no such language".into()))?;
        let mut messages = FluentBundle::new_concurrent(vec![locale]);
        // Marks around what is filled in would show up in attributes and in the tests of whoever reads a page.
        messages.set_use_isolating(false);
        messages.set_formatter(Some(match language {
            Language::English => |value, _| grouped(value, Language::English),
            Language::French => |value, _| grouped(value, Language::French),
        }));
        messages.add_resource(resource).map_err(|errors| failed(list(&errors)))?;
        Ok(Self { language, messages })
    }

    /// The message of this name, or the attribute by `name.attribute`, filled in; the name itself where there is none.
    #[must_use]
    pub fn say(&self, name: &str, values: &FluentArgs<'_>) -> String {
        let mut errors = Vec::new();
        let text = self.format(name, values, &mut errors);
        if text.is_none() || !errors.is_empty() {
            tracing::error!(language = self.language.tag(), text = name, ?errors, "text.broken");
        }
        text.unwrap_or_else(|| name.to_owned())
    }

    /// Whether there is a message, or an attribute, of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.format(name, &FluentArgs::new(), &mut Vec::new()).is_some()
    }

    fn format(&self, name: &str, values: &FluentArgs<'_>, errors: &mut Vec<FluentError>) -> Option<String> {
        let (name, attribute) = name.split_once('.').map_or((name, None), |(name, attribute)| (name, Some(attribute)));
        let message = self.messages.get_message(name)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        Some(self.messages.format_pattern(pattern, Some(values), errors).into_owned())
    }

    /// A whole number with its thousands set apart.
    #[must_use]
    pub fn number(&self, number: u64) -> String {
        group(&number.to_string(), self.language)
    }

    /// A part of a whole in percent, to one decimal; of nothing it is 0.
    #[must_use]
    pub fn percent(&self, part: u64, whole: u64) -> String {
        // Half a tenth goes up, as browsers have it.
        let (part, whole) = (u128::from(part), u128::from(whole.max(1)));
        let tenths = (part * 2000 + whole) / (whole * 2);
        let (percent, tenth) = (tenths / 10, tenths % 10);
        match self.language {
            Language::English => format!("{percent}.{tenth}%"),
            Language::French => format!("{percent},{tenth}\u{202f}%"),
        }
    }

    /// A time as people read it, in UTC: `21 November 2026, 10:22 UTC`, with seconds where it is not a whole minute.
    #[must_use]
    pub fn time(&self, time: Timestamp) -> String {
        let whole_minute = time.as_second().rem_euclid(60) == 0;
        let clock = time.strftime(if whole_minute { "%H:%M" } else { "%H:%M:%S" }).to_string();
        let date = time.to_zoned(TimeZone::UTC).date();
        let mut values = FluentArgs::new();
        values.set("day", date.day().to_string());
        values.set("month", date.month());
        values.set("year", date.year().to_string());
        values.set("clock", clock);
        self.say("time", &values)
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Texts").field(&self.language).finish()
    }
}

/// How a number in a message is written.
fn grouped(value: &FluentValue<'_>, language: Language) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(group(&number.as_string(), language)),
        _ => None,
    }
}

/// Sets the thousands of a whole number's digits apart: `1,234` in English, `1 234` (with U+202F) in French.
fn group(digits: &str, language: Language) -> String {
    let separator = match language {
        Language::English => ',',
        Language::French => '\u{202f}',
    };
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

fn list<E: std::fmt::Debug>(errors: &[E]) -> String {
    errors.iter().map(|error| format!("{error:?}")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::poll::OneVotePer;
    use crate::domain::rights::Scope;
    use crate::domain::user::UserRole;

    fn texts(language: Language) -> Texts {
        Texts::load(&Files::BuiltIn, language).unwrap()
    }

    #[test]
    fn numbers_are_written_as_the_language_writes_them() {
        let (english, french) = (texts(Language::English), texts(Language::French));
        assert_eq!([0, 999, 1000, 1_234_567].map(|n| english.number(n)), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(french.number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!((english.percent(1, 3), french.percent(1, 3)), ("33.3%".into(), "33,3\u{202f}%".into()));
        assert_eq!(
            [(0, 0), (1, 16), (2, 3), (7, 7)].map(|(part, whole)| english.percent(part, whole)),
            ["0.0%", "6.3%", "66.7%", "100.0%"]
        );
    }

    /// The messages of a file with the values that each takes, by name; attributes by `name.attribute`.
    fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let file = Files::BuiltIn.read(Kind::Locale, &format!("{}.ftl", language.tag())).unwrap().into_owned();
        let mut messages = BTreeMap::new();
        let (mut name, mut message) = (String::new(), String::new());
        for line in String::from_utf8(file).unwrap().lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(" =") {
                Some((start, _)) if !start.starts_with(' ') => {
                    start.clone_into(&mut message);
                    name = message.clone();
                }
                Some((start, _)) if start.starts_with("    .") => name = format!("{message}{}", start.trim()),
                _ => {}
            }
            let values = line.split('$').skip(1).map(|rest| rest.split([' ', '}']).next().unwrap().to_owned());
            messages.entry(name.clone()).or_insert_with(BTreeSet::new).extend(values);
        }
        messages
    }

    #[test]
    fn both_languages_say_the_same_things_with_the_same_values() {
        assert_eq!(messages(Language::English), messages(Language::French));
    }

    #[test]
    fn every_text_that_a_template_names_is_there_and_every_text_is_named() {
        let read = |name: &str| String::from_utf8(Files::BuiltIn.read(Kind::Template, name).unwrap().into()).unwrap();
        let templates: String = Files::templates().map(|name| read(&name)).collect();
        let texts = texts(Language::English);
        let calls =
            templates.match_indices("t(\"").filter(|(at, _)| !templates[..*at].ends_with(char::is_alphanumeric));
        let literals = calls.map(|(at, call)| templates[at + call.len()..].split('"').next().unwrap());
        for name in literals.filter(|name| !name.ends_with('-')) {
            assert!(texts.has(name), "no text for {name}");
        }
        // Put together by a template from these beginnings; what follows is held to the enums in error.rs and below.
        let beginnings = [
            "error-",
            "state-",
            "visibility-",
            "reset-",
            "delete-",
            "account-delete-",
            "user-delete-",
            "quote-delete-",
            "audit-",
            "role-",
            "scope-",
            "one-vote-per-",
            "polls-by-",
            "field-one-vote-per-",
        ];
        let put_together = |name: &str| beginnings.iter().any(|beginning| name.starts_with(beginning));
        for name in messages(Language::English).keys().filter(|name| !put_together(name) && !name.is_empty()) {
            let named = templates.contains(&format!("\"{name}\"")) || name == "time";
            assert!(named, "nobody says {name}");
        }
        for state in ["draft", "open", "closed", "final"] {
            assert!(texts.has(&format!("state-{state}")));
        }
        for role in UserRole::ALL.map(UserRole::word) {
            assert!(texts.has(&format!("role-{role}")) && texts.has(&format!("role-{role}.may")));
        }
        for scope in Scope::ALL.map(Scope::word) {
            assert!(texts.has(&format!("scope-{scope}")) && texts.has(&format!("scope-{scope}.for")));
        }
        for rule in [OneVotePer::Browser, OneVotePer::Account, OneVotePer::Code].map(OneVotePer::word) {
            for name in ["one-vote-per-", "polls-by-", "field-one-vote-per-"] {
                assert!(texts.has(&format!("{name}{rule}")), "{name}{rule}");
            }
        }
        for visibility in ["live", "after-close", "hidden"] {
            assert!(
                texts.has(&format!("visibility-{visibility}")) && texts.has(&format!("visibility-is-{visibility}"))
            );
        }
    }

    #[test]
    fn a_time_is_written_as_people_read_it() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let english = texts(Language::English);
        assert_eq!(english.time(time("2026-11-21T10:22:00Z")), "21 November 2026, 10:22 UTC");
        assert_eq!(english.time(time("2026-01-02T09:05:07.25Z")), "2 January 2026, 09:05:07 UTC");
        let french = texts(Language::French);
        assert_eq!(french.time(time("2026-08-01T18:00:00Z")), "1 août 2026 à 18:00 UTC");
    }
}
