//! Finding quotes by the keys of their texts, in an index of SQLite's own (<https://www.sqlite.org/fts5.html>) that keeps
//! neither texts nor places. It is kept in step here: what is taken from it must be what was put there.

use std::cmp::Reverse;

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Transaction};

use super::quotes::quote_id;
use super::{Db, Sqlite};
use crate::domain::clock::from_millis;
use crate::domain::folding::{Search, Word, fold};
use crate::domain::keys::{ShortWords, Term, keys, wanted};
use crate::domain::quote::{Quote, QuoteId};
use crate::domain::ranking::Place;
use crate::store::StoreError;
use crate::store::values::{signed, unsigned, user_id};
use crate::store::words::{Liked, Pause};

/// Reading many keys is what takes long.
const SHORT_WORDS: ShortWords = ShortWords::ByKeys;
/// What SQLite's tokenizer would part at, or change, is written as one of these private characters.
const PRIVATE: u32 = 0xE000;

/// Of a quote that may match: its number, upvotes and what it says, its author, the account, and when it was made and
/// edited.
type Candidate = (i64, i64, String, Option<String>, Option<String>, i64, Option<i64>);

// In what follows a limit is one number and one more: told a bare number, SQLite plans a statement anew each time.
impl Sqlite {
    pub(crate) async fn quotes_with(
        &self,
        search: &Search,
        most: u32,
    ) -> Result<Option<Vec<(Place, Quote)>>, StoreError> {
        // As one row, an array of arrays: the driver hands each row from one thread to another, which would take most of
        // the time. Folding what a quote says takes less than fetching it folded.
        let sql = "SELECT json_group_array(json_array(q.id, q.upvotes, q.quote, q.author, q.owner, q.made_at, q.edited_at)) \
                   FROM (SELECT rowid FROM quote_keys WHERE quote_keys MATCH $1 LIMIT $2 + 1) k \
                   CROSS JOIN quotes q ON q.id = k.rowid";
        let query = sqlx::query_scalar::<_, String>(sql).bind(matching(search)).bind(i64::from(most));
        let candidates: Vec<Candidate> = serde_json::from_str(&query.fetch_one(self.reading()).await?)
            .map_err(|_| StoreError::Damaged("what a search found"))?;
        if candidates.len() > most as usize {
            return Ok(None);
        }
        let (mut found, mut pause) = (Vec::new(), Pause::default());
        for (id, upvotes, text, author, owner, made_at, edited_at) in candidates {
            pause.after_row().await;
            let Some(place) = place(search, id, upvotes, &fold(&text))? else { continue };
            let quote = Quote {
                id: place.id,
                author: author.map(user_id).transpose()?,
                is_owned: owner.is_some(),
                text,
                made_at: from_millis(made_at),
                edited_at: edited_at.map(from_millis),
                upvotes: unsigned(upvotes),
                hidden: None,
            };
            found.push((place, quote));
        }
        Ok(Some(found))
    }

    pub(crate) async fn places_with(&self, search: &Search, most: u32) -> Result<Option<Vec<Place>>, StoreError> {
        let sql = "SELECT q.id, q.upvotes, w.folded FROM \
                     (SELECT rowid FROM quote_keys WHERE quote_keys MATCH $1 LIMIT $2 + 1) k \
                   CROSS JOIN quotes q ON q.id = k.rowid CROSS JOIN quote_words w ON w.quote = q.id";
        let mut stream = sqlx::query(sql).bind(matching(search)).bind(i64::from(most)).fetch(self.reading());
        let (mut rows, mut found, mut pause) = (0, Vec::new(), Pause::default());
        while let Some(row) = stream.try_next().await? {
            rows += 1;
            found.extend(row_place(search, &row)?);
            pause.after_row().await;
        }
        Ok((rows <= most).then_some(found))
    }

    pub(crate) async fn has_more(&self, search: &Search, most: u32) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM quote_keys WHERE quote_keys MATCH $1 LIMIT $2 + 1)";
        let query = sqlx::query_scalar::<_, i64>(sql).bind(matching(search)).bind(i64::from(most));
        Ok(query.fetch_one(self.reading()).await? > i64::from(most))
    }

    pub(crate) async fn liked(
        &self,
        search: &Search,
        after: Option<(u64, QuoteId)>,
        many: u32,
    ) -> Result<Liked, StoreError> {
        // The last row is the last that was looked at, without a text.
        let sql = "WITH q AS MATERIALIZED (SELECT id, upvotes FROM quotes WHERE hidden_at IS NULL AND upvotes <= $1 \
                     AND (upvotes < $1 OR id > $2) ORDER BY upvotes DESC, id LIMIT $3) \
                   SELECT q.id, q.upvotes, w.folded FROM q CROSS JOIN quote_words w ON w.quote = q.id \
                     AND instr(w.folded, $4) > 0 \
                   UNION ALL SELECT * FROM (SELECT id, upvotes, NULL FROM q ORDER BY upvotes, id DESC LIMIT 1)";
        let (upvotes, id) = after.map_or((i64::MAX, 0), |(upvotes, id)| (signed(upvotes), signed(id.get())));
        let part = search.words().first().map(Word::part).unwrap_or_default();
        let query = sqlx::query(sql).bind(upvotes).bind(id).bind(i64::from(many)).bind(part);
        let (mut liked, mut pause) = (Liked::default(), Pause::default());
        let mut stream = query.fetch(self.reading());
        while let Some(row) = stream.try_next().await? {
            liked.last = Some((unsigned(row.try_get("upvotes")?), quote_id(row.try_get("id")?)?));
            liked.found.extend(row_place(search, &row)?);
            pause.after_row().await;
        }
        Ok(liked)
    }

    /// Makes texts found, which were not.
    pub(super) async fn index(
        tx: &mut Transaction<'static, Db>,
        folded: &[(QuoteId, String)],
    ) -> Result<(), StoreError> {
        let mut query = QueryBuilder::<Db>::new("INSERT INTO quote_words (quote, folded) ");
        query.push_values(folded, |mut row, (id, folded)| {
            row.push_bind(signed(id.get())).push_bind(folded);
        });
        query.build().persistent(false).execute(&mut **tx).await?;
        let mut query = QueryBuilder::<Db>::new("INSERT INTO quote_keys (rowid, keys) ");
        query.push_values(folded, |mut row, (id, folded)| {
            row.push_bind(signed(id.get())).push_bind(indexed(folded));
        });
        query.build().persistent(false).execute(&mut **tx).await?;
        Ok(())
    }

    /// Makes a text not found any more; `false` where it was not.
    pub(super) async fn unindex(tx: &mut Transaction<'static, Db>, id: QuoteId) -> Result<bool, StoreError> {
        let words = sqlx::query_scalar("DELETE FROM quote_words WHERE quote = $1 RETURNING folded");
        let folded: Option<String> = words.bind(signed(id.get())).fetch_optional(&mut **tx).await?;
        let Some(folded) = folded else { return Ok(false) };
        let sql = "INSERT INTO quote_keys (quote_keys, rowid, keys) VALUES ('delete', $1, $2)";
        sqlx::query(sql).bind(signed(id.get())).bind(indexed(&folded)).execute(&mut **tx).await?;
        Ok(true)
    }

    /// Numbers for quotes about to be added. Nobody else is given them: there is one that writes.
    pub(super) async fn next_quotes(
        tx: &mut Transaction<'static, Db>,
        count: usize,
    ) -> Result<Vec<QuoteId>, StoreError> {
        let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'quotes'), 0)";
        let last: i64 = sqlx::query_scalar(sql).fetch_one(&mut **tx).await?;
        (last + 1..).take(count).map(quote_id).collect()
    }
}

/// All keys of a text, as the index is given them.
fn indexed(folded: &str) -> String {
    keys(folded, SHORT_WORDS).iter().map(|key| coded(key)).collect::<Vec<_>>().join(" ")
}

/// What must be among the keys of a text, as the index is asked.
fn matching(search: &Search) -> String {
    let term = |term: &Term| format!("\"{}\"{}", coded(&term.key), if term.is_prefix { " *" } else { "" });
    let any = |terms: &Vec<Term>| format!("({})", terms.iter().map(term).collect::<Vec<_>>().join(" OR "));
    wanted(search, SHORT_WORDS).iter().map(any).collect::<Vec<_>>().join(" AND ")
}

fn coded(key: &str) -> String {
    let code = |c: char| if c.is_ascii_punctuation() { char::from_u32(PRIVATE + u32::from(c)).unwrap_or(c) } else { c };
    key.chars().map(code).collect()
}

fn row_place(search: &Search, row: &SqliteRow) -> Result<Option<Place>, StoreError> {
    let Some(folded) = row.try_get::<Option<&str>, _>("folded")? else { return Ok(None) };
    place(search, row.try_get("id")?, row.try_get("upvotes")?, folded)
}

fn place(search: &Search, id: i64, upvotes: i64, folded: &str) -> Result<Option<Place>, StoreError> {
    let Some(rank) = search.rank(folded) else { return Ok(None) };
    Ok(Some(Place { rank, upvotes: Reverse(unsigned(upvotes)), id: quote_id(id)? }))
}
