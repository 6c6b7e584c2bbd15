//! Finding quotes by the three characters that occur in their texts (<https://www.sqlite.org/fts5.html>, the trigram
//! tokenizer). The index says which texts have them all; whether they make the word is the caller's to see.

use std::collections::BTreeSet;

use sqlx::{Row, Transaction};

use super::quotes::quote_id;
use super::{Db, Sqlite};
use crate::domain::folding::Search;
use crate::domain::quote::QuoteId;
use crate::store::StoreError;
use crate::store::values::unsigned;
use crate::store::words::Candidate;

impl Sqlite {
    pub(crate) async fn candidates(
        &self,
        search: &Search,
        most: u32,
        liked: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        let sql = "SELECT q.id, q.upvotes, w.folded FROM quote_trigrams t \
                     CROSS JOIN quotes q ON q.id = t.rowid CROSS JOIN quote_words w ON w.quote = q.id \
                   WHERE t.quote_trigrams MATCH $1 AND q.hidden_at IS NULL LIMIT $2";
        let most_and_one = i64::from(most) + 1;
        let found = sqlx::query(sql).bind(trigrams(search)).bind(most_and_one).fetch_all(self.reading()).await?;
        if found.len() as u64 <= u64::from(most) {
            return found.iter().map(candidate).collect();
        }
        let sql = "SELECT q.id, q.upvotes, w.folded FROM \
                     (SELECT id, upvotes FROM quotes WHERE hidden_at IS NULL ORDER BY upvotes DESC, id LIMIT $1) q \
                     CROSS JOIN quote_words w ON w.quote = q.id WHERE instr(w.folded, $2) > 0";
        let part = search.words().first().map(|word| word.part()).unwrap_or_default();
        let found = sqlx::query(sql).bind(i64::from(liked)).bind(part).fetch_all(self.reading()).await?;
        found.iter().map(candidate).collect()
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

/// All that must occur in a text that matches, as a query in which nothing but `AND` has a meaning.
fn trigrams(search: &Search) -> String {
    let mut all = BTreeSet::new();
    for word in search.words() {
        let part: Vec<char> = word.part().replace(' ', "  ").chars().collect();
        all.extend(part.windows(3).map(|three| format!("\"{}\"", String::from_iter(three).replace('"', "\"\""))));
    }
    all.into_iter().collect::<Vec<_>>().join(" AND ")
}

fn candidate(row: &sqlx::sqlite::SqliteRow) -> Result<Candidate, StoreError> {
    let (id, upvotes): (i64, i64) = (row.try_get("id")?, row.try_get("upvotes")?);
    Ok(Candidate { id: quote_id(id)?, upvotes: unsigned(upvotes), folded: row.try_get("folded")? })
}
