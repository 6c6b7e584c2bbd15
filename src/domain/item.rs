//! Items: shared small keys and values.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

/// The longest key, in bytes.
pub const MAX_KEY: usize = 512;
/// The largest value, in bytes.
pub const MAX_VALUE: usize = 1 << 20;

/// What is wrong with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidItem {
    /// Empty, too long, or with control characters.
    #[error("id: 1 to {MAX_KEY} bytes of text, none of them control characters")]
    Key,
    /// Too large.
    #[error("val: at most {MAX_VALUE} bytes")]
    Value,
}

/// What an item is found by: 1 to 512 bytes of text without control characters. Keys are sorted by their bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey(String);

impl ItemKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ItemKey {
    type Error = InvalidItem;

    fn try_from(text: String) -> Result<Self, InvalidItem> {
        let fits = (1..=MAX_KEY).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text)) } else { Err(InvalidItem::Key) }
    }
}

impl FromStr for ItemKey {
    type Err = InvalidItem;

    fn from_str(text: &str) -> Result<Self, InvalidItem> {
        text.to_owned().try_into()
    }
}

impl fmt::Display for ItemKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Something to be changed. Doing it twice is doing it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemChange {
    /// Of which item.
    pub key: ItemKey,
    /// Its value from now on; gone where there is none.
    pub value: Option<Bytes>,
}

impl ItemChange {
    /// Sets an item.
    ///
    /// # Errors
    /// [`InvalidItem::Value`].
    pub fn set(key: ItemKey, value: impl Into<Bytes>) -> Result<Self, InvalidItem> {
        let value = value.into();
        if value.len() <= MAX_VALUE { Ok(Self { key, value: Some(value) }) } else { Err(InvalidItem::Value) }
    }

    /// Deletes an item, if there is one.
    #[must_use]
    pub fn delete(key: ItemKey) -> Self {
        Self { key, value: None }
    }

    /// How many bytes it carries.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.key.0.len() + self.value.as_ref().map_or(0, Bytes::len)
    }
}

/// How many items there are, and how many bytes their keys and values have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemTotals {
    /// Items.
    pub keys: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

/// How many items there may be, and how many bytes their keys and values may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemBounds(pub ItemTotals);

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// It is done.
    Done,
    /// It would have made one key too many: nothing changed.
    TooManyKeys,
    /// It would have made too many bytes: nothing changed.
    TooManyBytes,
}

impl ItemBounds {
    /// Decides on a change of an item that weighs `old` bytes, key and value, where there is one, and moves the totals.
    /// What makes less of it is always let through, also past bounds that were lowered.
    pub fn decide(self, totals: &mut ItemTotals, old: Option<u64>, new: Option<u64>) -> ItemOutcome {
        let keys = totals.keys + u64::from(new.is_some()) - u64::from(old.is_some()).min(totals.keys);
        let bytes = (totals.bytes + new.unwrap_or_default()).saturating_sub(old.unwrap_or_default());
        if keys > self.0.keys && keys > totals.keys {
            return ItemOutcome::TooManyKeys;
        }
        if bytes > self.0.bytes && bytes > totals.bytes {
            return ItemOutcome::TooManyBytes;
        }
        *totals = ItemTotals { keys, bytes };
        ItemOutcome::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_text_without_control_characters() {
        let longest = "é".repeat(MAX_KEY / 2);
        for text in ["a", " ", "*?[x]", "{id}:1", "<b>", "日本", "👩‍👩‍👧", longest.as_str()] {
            assert_eq!(text.parse::<ItemKey>().map(|key| key.to_string()).as_deref(), Ok(text));
        }
        let too_long = "é".repeat(MAX_KEY / 2) + "a";
        for text in ["", "a\nb", "a\0", "\u{7f}", "\u{85}", too_long.as_str()] {
            assert_eq!(text.parse::<ItemKey>(), Err(InvalidItem::Key), "{text:?}");
        }
    }

    #[test]
    fn a_value_may_have_a_mebibyte_and_no_more() {
        let key: ItemKey = "a".parse().unwrap();
        assert!(ItemChange::set(key.clone(), vec![b'x'; MAX_VALUE]).is_ok());
        assert_eq!(ItemChange::set(key, vec![b'x'; MAX_VALUE + 1]), Err(InvalidItem::Value));
    }

    #[test]
    fn bounds_refuse_what_grows_past_them_and_nothing_that_shrinks() {
        let bounds = ItemBounds(ItemTotals { keys: 2, bytes: 10 });
        let mut totals = ItemTotals::default();
        assert_eq!(bounds.decide(&mut totals, None, Some(11)), ItemOutcome::TooManyBytes);
        assert_eq!(bounds.decide(&mut totals, None, Some(5)), ItemOutcome::Done);
        assert_eq!(bounds.decide(&mut totals, None, Some(5)), ItemOutcome::Done);
        assert_eq!(bounds.decide(&mut totals, None, Some(0)), ItemOutcome::TooManyKeys);
        assert_eq!(bounds.decide(&mut totals, Some(5), Some(6)), ItemOutcome::TooManyBytes);
        assert_eq!(totals, ItemTotals { keys: 2, bytes: 10 });
        let lowered = ItemBounds(ItemTotals { keys: 1, bytes: 3 });
        assert_eq!(lowered.decide(&mut totals, Some(5), Some(4)), ItemOutcome::Done, "less, though still too much");
        assert_eq!(lowered.decide(&mut totals, Some(5), None), ItemOutcome::Done);
        assert_eq!(totals, ItemTotals { keys: 1, bytes: 4 });
    }
}
