//! Finding quotes by the keys of their texts: lists of lexemes without places
//! (<https://www.postgresql.org/docs/15/datatype-textsearch.html>), of which no dictionary knows anything, in a GIN index.

use std::cmp::Reverse;

use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgPool, Row, Transaction};

use super::quotes::{QUOTE, quote, quote_id};
use super::{Db, Postgres};
use crate::domain::folding::{Search, Word};
use crate::domain::keys::{ShortWords, Term, keys, wanted};
use crate::domain::quote::{Quote, QuoteId};
use crate::domain::ranking::Place;
use crate::store::StoreError;
use crate::store::values::{signed, unsigned};
use crate::store::words::{Liked, Pause};

/// The planner cannot know how many texts have a key that it is not told when it plans; the index is never wrong by
/// much, reading all texts always is. Processes started for a search would take longer than it. What takes longer than
/// the time limit, the server gives up: by itself it would go on when nobody waits any more.
const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL enable_seqscan = off; SET LOCAL jit = off; \
                     SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL statement_timeout = '1s'";
/// Adding keys is what takes long.
const SHORT_WORDS: ShortWords = ShortWords::AsPrefixes;
/// The code of what was given up (<https://www.postgresql.org/docs/15/errcodes-appendix.html>).
const CANCELED: &str = "57014";

impl Postgres {
    pub(crate) async fn quotes_with(
        &self,
        search: &Search,
        most: u32,
    ) -> Result<Option<Vec<(Place, Quote)>>, StoreError> {
        self.candidates(QUOTE, search, most, |row, place| Ok((place, quote(row)?))).await
    }

    pub(crate) async fn places_with(&self, search: &Search, most: u32) -> Result<Option<Vec<Place>>, StoreError> {
        self.candidates("id, upvotes", search, most, |_, place| Ok(place)).await
    }

    /// What matches of that which has the keys, `columns` of its quotes read; `None` where that is more than `most`, or takes
    /// too long to find.
    async fn candidates<T>(
        &self,
        columns: &'static str,
        search: &Search,
        most: u32,
        read: impl Fn(&PgRow, Place) -> Result<T, StoreError>,
    ) -> Result<Option<Vec<T>>, StoreError> {
        let sql = format!(
            "SELECT {columns}, w.folded FROM \
               (SELECT quote AS of, folded FROM quote_words WHERE keys @@ $1::tsquery LIMIT $2 + 1) w \
             JOIN quotes ON id = w.of"
        );
        let (sql, read) = (&sql, &read);
        let found = self.view(|pool| async move {
            let mut tx = looking(&pool).await?;
            let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(matching(search)).bind(i64::from(most));
            let (mut rows, mut found, mut pause) = (0, Vec::new(), Pause::default());
            let mut stream = query.fetch(&mut *tx);
            while let Some(row) = stream.try_next().await.map_err(looked_for)? {
                rows += 1;
                if let Some(place) = place(search, &row)? {
                    found.push(read(&row, place)?);
                }
                pause.after_row().await;
            }
            Ok((rows <= most).then_some(found))
        });
        match found.await {
            Err(StoreError::TooSlow(_)) => Ok(None),
            found => found,
        }
    }

    pub(crate) async fn has_more(&self, search: &Search, most: u32) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM quote_words WHERE keys @@ $1::tsquery LIMIT $2 + 1) w";
        let count = self.view(|pool| async move {
            let mut tx = looking(&pool).await?;
            let query = sqlx::query_scalar::<_, i64>(sql).bind(matching(search)).bind(i64::from(most));
            query.fetch_one(&mut *tx).await.map_err(looked_for)
        });
        match count.await {
            Err(StoreError::TooSlow(_)) => Ok(true),
            count => Ok(count? > i64::from(most)),
        }
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
                   SELECT q.id, q.upvotes, w.folded FROM q JOIN quote_words w ON w.quote = q.id \
                     WHERE strpos(w.folded, $4) > 0 \
                   UNION ALL (SELECT id, upvotes, NULL FROM q ORDER BY upvotes, id DESC LIMIT 1)";
        let (upvotes, id) = after.map_or((i64::MAX, 0), |(upvotes, id)| (signed(upvotes), signed(id.get())));
        let part = search.words().first().map(Word::part).unwrap_or_default();
        let part = &part;
        self.view(|pool| async move {
            let mut tx = looking(&pool).await?;
            let query = sqlx::query(sql).bind(upvotes).bind(id).bind(i64::from(many)).bind(part);
            let (mut liked, mut pause) = (Liked::default(), Pause::default());
            let mut stream = query.fetch(&mut *tx);
            while let Some(row) = stream.try_next().await.map_err(looked_for)? {
                liked.last = Some((unsigned(row.try_get("upvotes")?), quote_id(row.try_get("id")?)?));
                liked.found.extend(place(search, &row)?);
                pause.after_row().await;
            }
            Ok(liked)
        })
        .await
    }

    /// Makes texts found, which were not.
    pub(super) async fn index(
        tx: &mut Transaction<'static, Db>,
        folded: &[(QuoteId, String)],
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO quote_words (quote, folded, keys) SELECT new.quote, new.folded, new.keys::tsvector \
                   FROM unnest($1::bigint[], $2::text[], $3::text[]) AS new (quote, folded, keys)";
        let (ids, texts): (Vec<i64>, Vec<&str>) =
            folded.iter().map(|(id, folded)| (signed(id.get()), folded.as_str())).unzip();
        let keys: Vec<String> = texts.iter().map(|folded| indexed(folded)).collect();
        sqlx::query(sql).bind(ids).bind(texts).bind(keys).execute(&mut **tx).await?;
        Ok(())
    }

    /// Makes a text not found any more; `false` where it was not.
    pub(super) async fn unindex(tx: &mut Transaction<'static, Db>, id: QuoteId) -> Result<bool, StoreError> {
        let query = sqlx::query("DELETE FROM quote_words WHERE quote = $1");
        Ok(query.bind(signed(id.get())).execute(&mut **tx).await?.rows_affected() > 0)
    }

    /// Sorts what was added last into the index, which searches would read one by one: for whoever may.
    pub(crate) async fn settle_quotes(&self) -> Result<(), StoreError> {
        let sql = "SELECT gin_clean_pending_list(oid) FROM pg_class \
                   WHERE oid = to_regclass('quote_words_by_key') AND pg_has_role(relowner, 'USAGE')";
        Self::bounded(async { Ok(sqlx::query(sql).execute(&self.primary).await.map(drop)?) }).await
    }

    /// Numbers for quotes about to be added, which nobody else is given.
    pub(super) async fn next_quotes(
        tx: &mut Transaction<'static, Db>,
        count: usize,
    ) -> Result<Vec<QuoteId>, StoreError> {
        let sql = "SELECT nextval(name) FROM (SELECT pg_get_serial_sequence('quotes', 'id')::regclass AS name OFFSET 0) s, \
                     generate_series(1, $1)";
        let mut ids: Vec<i64> = sqlx::query_scalar(sql).bind(signed(count as u64)).fetch_all(&mut **tx).await?;
        ids.sort_unstable();
        ids.into_iter().map(quote_id).collect()
    }
}

/// What went wrong with a search. One that was given up would take as long on another server.
fn looked_for(error: sqlx::Error) -> StoreError {
    let is_canceled = error.as_database_error().is_some_and(|error| error.code().is_some_and(|code| code == CANCELED));
    if is_canceled { StoreError::TooSlow(error) } else { error.into() }
}

async fn looking(pool: &PgPool) -> Result<Transaction<'static, Db>, StoreError> {
    Ok(pool.begin_with(BEGIN).await?)
}

/// All keys of a text, as a list of lexemes.
fn indexed(folded: &str) -> String {
    let mut list = String::with_capacity(8 * folded.len());
    for key in keys(folded, SHORT_WORDS) {
        // What needs no quotes, the server reads sooner without.
        if key.strip_prefix('^').unwrap_or(&key).chars().all(char::is_alphanumeric) {
            list.push_str(&key);
        } else {
            list.push_str(&quoted(&key));
        }
        list.push(' ');
    }
    list
}

/// What must be among the keys of a text, as a query for lexemes.
fn matching(search: &Search) -> String {
    let term = |term: &Term| format!("{}{}", quoted(&term.key), if term.is_prefix { ":*" } else { "" });
    let any = |terms: &Vec<Term>| format!("({})", terms.iter().map(term).collect::<Vec<_>>().join(" | "));
    wanted(search, SHORT_WORDS).iter().map(any).collect::<Vec<_>>().join(" & ")
}

fn quoted(key: &str) -> String {
    format!("'{}'", key.replace('\\', "\\\\").replace('\'', "''"))
}

fn place(search: &Search, row: &PgRow) -> Result<Option<Place>, StoreError> {
    let folded: Option<&str> = row.try_get("folded")?;
    let Some(rank) = folded.and_then(|folded| search.rank(folded)) else { return Ok(None) };
    let upvotes = Reverse(unsigned(row.try_get("upvotes")?));
    Ok(Some(Place { rank, upvotes, id: quote_id(row.try_get("id")?)? }))
}
