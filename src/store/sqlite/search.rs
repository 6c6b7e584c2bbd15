//! Finding quotes by the keys of their texts, in an index of SQLite's own (<https://www.sqlite.org/fts5.html>) that keeps
//! neither texts nor places. It is kept in step here: what is taken from it must be what was put there.

use std::cmp::Reverse;

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Transaction};

use super::quotes::quote_id;
use super::{Db, Sqlite};
use crate::domain::folding::{Search, Word};
use crate::domain::keys::{Term, keys, wanted};
use crate::domain::quote::QuoteId;
use crate::domain::ranking::Place;
use crate::store::StoreError;
use crate::store::values::{signed, unsigned};
use crate::store::words::{Liked, Pause};

/// What SQLite's tokenizer would part at, or change, is written as one of these private characters.
const PRIVATE: u32 = 0xE000;

impl Sqlite {
    pub(crate) async fn found(&self, search: &Search, most: u32) -> Result<Option<Vec<Place>>, StoreError> {
        let sql = "SELECT q.id, q.upvotes, w.folded FROM \
                     (SELECT rowid FROM quote_keys WHERE quote_keys MATCH $1 LIMIT $2) k \
                   CROSS JOIN quotes q ON q.id = k.rowid CROSS JOIN quote_words w ON w.quote = q.id";
        let (mut rows, mut pause) = (0, Pause::default());
        let mut found = Vec::new();
        let query = sqlx::query(sql).bind(matching(search)).bind(i64::from(most) + 1);
        let mut stream = query.fetch(self.reading());
        while let Some(row) = stream.try_next().await? {
            rows += 1;
            if rows > most {
                return Ok(None);
            }
            found.extend(place(search, &row)?);
            pause.after_row().await;
        }
        Ok(Some(found))
    }

    pub(crate) async fn has_more(&self, search: &Search, most: u32) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM quote_keys WHERE quote_keys MATCH $1 LIMIT $2)";
        let query = sqlx::query_scalar::<_, i64>(sql).bind(matching(search)).bind(i64::from(most) + 1);
        Ok(query.fetch_one(self.reading()).await? > i64::from(most))
    }

    pub(crate) async fn liked(
        &self,
        search: &Search,
        after: Option<(u64, QuoteId)>,
        many: u32,
    ) -> Result<Liked, StoreError> {
        let sql = "SELECT q.id, q.upvotes, CASE WHEN instr(w.folded, $4) > 0 THEN w.folded END AS folded FROM \
                     (SELECT id, upvotes FROM quotes WHERE hidden_at IS NULL AND upvotes <= $1 \
                        AND (upvotes < $1 OR id > $2) ORDER BY upvotes DESC, id LIMIT $3) q \
                   CROSS JOIN quote_words w ON w.quote = q.id ORDER BY q.upvotes DESC, q.id";
        let (upvotes, id) = after.map_or((i64::MAX, 0), |(upvotes, id)| (signed(upvotes), signed(id.get())));
        let part = search.words().first().map(Word::part).unwrap_or_default();
        let mut stream = sqlx::query(sql).bind(upvotes).bind(id).bind(i64::from(many)).bind(part).fetch(self.reading());
        let (mut liked, mut pause) = (Liked::default(), Pause::default());
        while let Some(row) = stream.try_next().await? {
            liked.last = Some((unsigned(row.try_get("upvotes")?), quote_id(row.try_get("id")?)?));
            liked.found.extend(place(search, &row)?);
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
    keys(folded).iter().map(|key| coded(key)).collect::<Vec<_>>().join(" ")
}

/// What must be among the keys of a text, as the index is asked.
fn matching(search: &Search) -> String {
    let term = |term: &Term| format!("\"{}\"{}", coded(&term.key), if term.is_prefix { " *" } else { "" });
    let any = |terms: &Vec<Term>| format!("({})", terms.iter().map(term).collect::<Vec<_>>().join(" OR "));
    wanted(search).iter().map(any).collect::<Vec<_>>().join(" AND ")
}

fn coded(key: &str) -> String {
    let code = |c: char| if c.is_ascii_punctuation() { char::from_u32(PRIVATE + u32::from(c)).unwrap_or(c) } else { c };
    key.chars().map(code).collect()
}

fn place(search: &Search, row: &SqliteRow) -> Result<Option<Place>, StoreError> {
    let folded: Option<&str> = row.try_get("folded")?;
    let Some(rank) = folded.and_then(|folded| search.rank(folded)) else { return Ok(None) };
    let upvotes = Reverse(unsigned(row.try_get("upvotes")?));
    Ok(Some(Place { rank, upvotes, id: quote_id(row.try_get("id")?)? }))
}
