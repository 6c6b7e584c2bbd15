//! Finding quotes by the trigrams of their texts (<https://www.postgresql.org/docs/15/pgtrgm.html>). The planner chooses
//! between the index and reading on, by how common a word is.

use sqlx::{QueryBuilder, Row, Transaction};

use super::quotes::quote_id;
use super::{Db, Postgres};
use crate::domain::folding::Search;
use crate::domain::quote::QuoteId;
use crate::store::StoreError;
use crate::store::values::{signed, unsigned};
use crate::store::words::Candidate;

impl Postgres {
    pub(crate) async fn candidates(
        &self,
        search: &Search,
        most: u32,
        liked: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        self.view(|pool| async move {
            let mut query = QueryBuilder::<Db>::new(
                "SELECT q.id, q.upvotes, w.folded FROM quote_words w JOIN quotes q ON q.id = w.quote \
                 WHERE q.hidden_at IS NULL",
            );
            push_words(&mut query, search);
            query.push(" LIMIT ").push_bind(i64::from(most) + 1);
            let found = query.build().persistent(false).fetch_all(&pool).await?;
            if found.len() as u64 <= u64::from(most) {
                return found.iter().map(candidate).collect();
            }
            let mut query = QueryBuilder::<Db>::new(
                "SELECT q.id, q.upvotes, w.folded FROM \
                 (SELECT id, upvotes FROM quotes WHERE hidden_at IS NULL ORDER BY upvotes DESC, id LIMIT ",
            );
            query.push_bind(i64::from(liked)).push(") q JOIN quote_words w ON w.quote = q.id WHERE true");
            push_words(&mut query, search);
            let found = query.build().persistent(false).fetch_all(&pool).await?;
            found.iter().map(candidate).collect()
        })
        .await
    }

    /// Numbers for quotes about to be added, which nobody else is given.
    pub(super) async fn next_quotes(
        tx: &mut Transaction<'static, Db>,
        count: usize,
    ) -> Result<Vec<QuoteId>, StoreError> {
        let sql = "SELECT nextval(pg_get_serial_sequence('quotes', 'id')) FROM generate_series(1, $1)";
        let mut ids: Vec<i64> = sqlx::query_scalar(sql).bind(signed(count as u64)).fetch_all(&mut **tx).await?;
        ids.sort_unstable();
        ids.into_iter().map(quote_id).collect()
    }
}

/// All that must occur in a text that matches, each as a pattern without a meaning of its own.
fn push_words(query: &mut QueryBuilder<Db>, search: &Search) {
    for word in search.words() {
        let part = word.part().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query.push(" AND w.folded LIKE ").push_bind(format!("%{part}%"));
    }
}

fn candidate(row: &sqlx::postgres::PgRow) -> Result<Candidate, StoreError> {
    let (id, upvotes): (i64, i64) = (row.try_get("id")?, row.try_get("upvotes")?);
    Ok(Candidate { id: quote_id(id)?, upvotes: unsigned(upvotes), folded: row.try_get("folded")? })
}
