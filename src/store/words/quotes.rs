//! Quotes. One text for both dialects: the parent module says which database this is compiled for.

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Database, QueryBuilder, Row, Transaction};

use super::{Db, FOR_KEY_SHARE, FOR_UPDATE, Here};
use crate::domain::ballot::VoterKey;
use crate::domain::clock::from_millis;
use crate::domain::folding::fold;
use crate::domain::quote::{Hidden, NewQuote, Quote, QuoteId};
use crate::domain::user::UserId;
use crate::store::StoreError;
use crate::store::values::{signed, unsigned, user_id};
use crate::store::words::Order;

/// How many quotes one statement adds, or asks for.
const CHUNK: usize = 1000;
/// What is read of a quote.
pub(super) const QUOTE: &str = "id, author, owner, quote, made_at, edited_at, upvotes, hidden_at, hidden_by";

/// Quotes being added, all or none.
#[derive(Debug)]
pub struct Load {
    store: Here,
    tx: Transaction<'static, Db>,
}

impl Here {
    pub(crate) async fn insert_quote(&self, new: &NewQuote) -> Result<Quote, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let [id] = Self::next_quotes(&mut tx, 1).await?[..] else {
                return Err(StoreError::Damaged("a quote's number"));
            };
            insert(&mut tx, &[id], std::slice::from_ref(new)).await?;
            let quote = one(&mut tx, id).await?.ok_or(StoreError::Damaged("a quote"))?;
            self.finish(tx).await?;
            Ok(quote)
        })
        .await
    }

    pub(crate) async fn load_quotes(&self) -> Result<Load, StoreError> {
        Self::bounded(async { Ok(Load { store: self.clone(), tx: self.begin_many().await? }) }).await
    }

    pub(crate) async fn load_quotes_once(&self, at: Timestamp) -> Result<Option<Load>, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin_many().await?;
            // Whoever comes second waits here until the first is done.
            let first = sqlx::query("INSERT INTO loaded (what, at) VALUES ('quotes', $1) ON CONFLICT DO NOTHING")
                .bind(at.as_millisecond())
                .execute(&mut *tx)
                .await?
                .rows_affected()
                > 0;
            let sql = "SELECT EXISTS (SELECT 1 FROM quotes)";
            if !first || sqlx::query_scalar(sql).fetch_one(&mut *tx).await? {
                // Where there are quotes, the file's time is over all the same.
                tx.commit().await?;
                return Ok(None);
            }
            Ok(Some(Load { store: self.clone(), tx }))
        })
        .await
    }

    pub(crate) async fn quote(&self, id: QuoteId) -> Result<Option<Quote>, StoreError> {
        Self::bounded(async {
            let mut found = self.primary_quotes(&[id]).await?;
            Ok(found.pop())
        })
        .await
    }

    async fn primary_quotes(&self, ids: &[QuoteId]) -> Result<Vec<Quote>, StoreError> {
        let rows = of(ids, true).build().persistent(false).fetch_all(self.reading()).await?;
        rows.iter().map(quote).collect()
    }

    pub(crate) async fn quotes(&self, order: Order, limit: u32, all: bool) -> Result<Vec<Quote>, StoreError> {
        self.looked_up(|pool| async move {
            let mut query = QueryBuilder::<Db>::new("SELECT ");
            query.push(QUOTE).push(if all {
                " FROM quotes WHERE "
            } else {
                " FROM quotes WHERE hidden_at IS NULL AND "
            });
            match order {
                Order::After(after) => {
                    query.push("id > ").push_bind(number(after, 0)).push(" ORDER BY id");
                }
                Order::Newest(before) => {
                    query.push("id < ").push_bind(number(before, i64::MAX)).push(" ORDER BY id DESC");
                }
                Order::Liked(after) => {
                    let upvotes = after.map_or(i64::MAX, |(upvotes, _)| signed(upvotes));
                    // The first condition is where the index begins to be read.
                    query.push("upvotes <= ").push_bind(upvotes).push(" AND (upvotes < ").push_bind(upvotes);
                    query.push(" OR id > ").push_bind(number(after.map(|(_, id)| id), 0));
                    query.push(") ORDER BY upvotes DESC, id");
                }
            }
            // More than a bare number: SQLite plans a statement anew for each.
            query.push(" LIMIT ").push_bind(i64::from(limit)).push(" + 0");
            let rows = query.build().fetch_all(&pool).await?;
            rows.iter().map(quote).collect()
        })
        .await
    }

    pub(crate) async fn hidden_quotes(&self, before: Option<QuoteId>, limit: u32) -> Result<Vec<Quote>, StoreError> {
        self.looked_up(|pool| async move {
            let mut query = QueryBuilder::<Db>::new("SELECT ");
            query.push(QUOTE).push(" FROM quotes WHERE hidden_at IS NOT NULL AND id < ");
            query.push_bind(number(before, i64::MAX)).push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit));
            let rows = query.build().fetch_all(&pool).await?;
            rows.iter().map(quote).collect()
        })
        .await
    }

    pub(crate) async fn quotes_of(&self, ids: &[QuoteId], all: bool) -> Result<Vec<Quote>, StoreError> {
        self.looked_up(|pool| async move {
            let mut quotes = Vec::with_capacity(ids.len());
            for ids in ids.chunks(CHUNK) {
                let rows = of(ids, all).build().persistent(false).fetch_all(&pool).await?;
                for row in &rows {
                    quotes.push(quote(row)?);
                }
            }
            Ok(quotes)
        })
        .await
    }

    pub(crate) async fn change_quote(
        &self,
        id: QuoteId,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Quote>, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            sqlx::query("UPDATE quotes SET quote = $2, edited_at = $3 WHERE id = $1")
                .bind(signed(id.get()))
                .bind(text)
                .bind(now.as_millisecond())
                .execute(&mut *tx)
                .await?;
            if Self::unindex(&mut tx, id).await? {
                Self::index(&mut tx, &[(id, fold(text))]).await?;
            }
            self.changed(tx, id).await
        })
        .await
    }

    pub(crate) async fn hide_quote(&self, id: QuoteId, hidden: Option<&Hidden>) -> Result<Option<Quote>, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let sql = "UPDATE quotes SET hidden_at = $2, hidden_by = $3 \
                       WHERE id = $1 AND (hidden_at IS NULL OR $2 IS NULL) RETURNING quote";
            let text: Option<String> = sqlx::query_scalar(sql)
                .bind(signed(id.get()))
                .bind(hidden.map(|hidden| hidden.at.as_millisecond()))
                .bind(hidden.map(|hidden| hidden.by.as_str()))
                .fetch_optional(&mut *tx)
                .await?;
            if let Some(text) = text {
                Self::unindex(&mut tx, id).await?;
                if hidden.is_none() {
                    Self::index(&mut tx, &[(id, fold(&text))]).await?;
                }
            }
            self.changed(tx, id).await
        })
        .await
    }

    /// The quote after a change, which is made durable.
    async fn changed(&self, mut tx: Transaction<'static, Db>, id: QuoteId) -> Result<Option<Quote>, StoreError> {
        let Some(quote) = one(&mut tx, id).await? else { return Ok(None) };
        self.finish(tx).await?;
        Ok(Some(quote))
    }

    pub(crate) async fn delete_quote(&self, id: QuoteId) -> Result<bool, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            // The quote before its text, as all do who change either: else two of them could wait for each other.
            if held(&mut tx, id, true).await?.is_none() {
                return Ok(false);
            }
            Self::unindex(&mut tx, id).await?;
            sqlx::query("DELETE FROM quotes WHERE id = $1").bind(signed(id.get())).execute(&mut *tx).await?;
            self.finish(tx).await?;
            Ok(true)
        })
        .await
    }

    pub(crate) async fn upvote(&self, id: QuoteId, voter: VoterKey, likes: bool) -> Result<Option<u64>, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let Some(upvotes) = held(&mut tx, id, false).await? else { return Ok(None) };
            let sql = if likes {
                "INSERT INTO upvotes (quote, voter) VALUES ($1, $2) ON CONFLICT DO NOTHING"
            } else {
                "DELETE FROM upvotes WHERE quote = $1 AND voter = $2"
            };
            let changed = sqlx::query(sql).bind(signed(id.get())).bind(&voter.0[..]).execute(&mut *tx).await?;
            if changed.rows_affected() == 0 {
                return Ok(Some(unsigned(upvotes)));
            }
            let sql = "UPDATE quotes SET upvotes = upvotes + $2 WHERE id = $1 RETURNING upvotes";
            let step = if likes { 1_i64 } else { -1 };
            let upvotes: i64 = sqlx::query_scalar(sql).bind(signed(id.get())).bind(step).fetch_one(&mut *tx).await?;
            self.finish(tx).await?;
            Ok(Some(unsigned(upvotes)))
        })
        .await
    }

    pub(crate) async fn upvoted(&self, keys: &[(QuoteId, VoterKey)]) -> Result<HashSet<QuoteId>, StoreError> {
        Self::bounded(async {
            let mut upvoted = HashSet::new();
            for keys in keys.chunks(CHUNK) {
                let mut query = QueryBuilder::<Db>::new("SELECT quote FROM upvotes WHERE (quote, voter) IN ");
                query.push_tuples(keys, |mut row, (id, voter)| {
                    row.push_bind(signed(id.get())).push_bind(voter.0.to_vec());
                });
                let found: Vec<i64> = query.build_query_scalar().persistent(false).fetch_all(self.reading()).await?;
                for id in found {
                    upvoted.insert(quote_id(id)?);
                }
            }
            Ok(upvoted)
        })
        .await
    }

    pub(crate) async fn quote_count(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM quotes WHERE hidden_at IS NULL";
        let count: i64 =
            self.looked_up(|pool| async move { Ok(sqlx::query_scalar(sql).fetch_one(&pool).await?) }).await?;
        Ok(unsigned(count))
    }
}

impl Load {
    pub(crate) async fn number(&mut self, count: usize) -> Result<Vec<QuoteId>, StoreError> {
        Here::bounded(Here::next_quotes(&mut self.tx, count)).await
    }

    pub(crate) async fn add_as(&mut self, ids: &[QuoteId], new: &[NewQuote]) -> Result<(), StoreError> {
        for (ids, new) in ids.chunks(CHUNK).zip(new.chunks(CHUNK)) {
            Here::bounded(insert(&mut self.tx, ids, new)).await?;
        }
        Ok(())
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let Self { store, tx } = self;
        Here::bounded(store.finish(tx)).await
    }
}

/// Keeps others from changing a quote until the transaction ends. How many like it; `None` where there is none, or it is
/// hidden and not `all` are meant.
async fn held(tx: &mut Transaction<'static, Db>, id: QuoteId, all: bool) -> Result<Option<i64>, StoreError> {
    let shown = if all { "" } else { " AND hidden_at IS NULL" };
    let sql = AssertSqlSafe(format!("SELECT upvotes FROM quotes WHERE id = $1{shown}{FOR_UPDATE}"));
    Ok(sqlx::query_scalar(sql).bind(signed(id.get())).fetch_optional(&mut **tx).await?)
}

/// Adds at most [`CHUNK`] quotes, at least one, with these numbers.
async fn insert(tx: &mut Transaction<'static, Db>, ids: &[QuoteId], new: &[NewQuote]) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Db>::new("WITH new (id, author, folded, quote, made_at) AS (");
    query.push_values(ids.iter().zip(new), |mut row, (id, new)| {
        row.push_bind(signed(id.get())).push_bind(new.author.as_ref().map(UserId::as_str));
        row.push_bind(new.author.as_ref().map(UserId::folded));
        row.push_bind(&new.text).push_bind(new.made_at.as_millisecond());
    });
    // The author's account is held: where it is deleted in between, the quote is nobody's.
    query.push(
        ") INSERT INTO quotes (id, author, owner, quote, made_at) SELECT id, author, \
         (SELECT folded FROM users WHERE users.folded = new.folded",
    );
    query.push(FOR_KEY_SHARE).push("), quote, made_at FROM new");
    query.build().persistent(false).execute(&mut **tx).await?;
    let folded: Vec<_> = ids.iter().zip(new).map(|(id, new)| (*id, fold(&new.text))).collect();
    Here::index(tx, &folded).await
}

async fn one(tx: &mut Transaction<'static, Db>, id: QuoteId) -> Result<Option<Quote>, StoreError> {
    of(&[id], true).build().persistent(false).fetch_optional(&mut **tx).await?.as_ref().map(quote).transpose()
}

/// Asks for quotes by their numbers.
fn of(ids: &[QuoteId], all: bool) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::<Db>::new("SELECT ");
    query.push(QUOTE).push(" FROM quotes WHERE id IN (");
    // No number is below one: a list is never empty.
    query.push_bind(0_i64);
    for id in ids {
        query.push(", ").push_bind(signed(id.get()));
    }
    query.push(if all { ")" } else { ") AND hidden_at IS NULL" });
    query
}

fn number(id: Option<QuoteId>, otherwise: i64) -> i64 {
    id.map_or(otherwise, |id| signed(id.get()))
}

pub(super) fn quote_id(stored: i64) -> Result<QuoteId, StoreError> {
    QuoteId::new(unsigned(stored)).ok_or(StoreError::Damaged("a quote's number"))
}

pub(super) fn quote(row: &<Db as Database>::Row) -> Result<Quote, StoreError> {
    let author: Option<String> = row.try_get("author")?;
    let time = |column| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(column)?.map(from_millis));
    let (hidden_at, hidden_by) = (time("hidden_at")?, row.try_get::<Option<String>, _>("hidden_by")?);
    Ok(Quote {
        id: quote_id(row.try_get("id")?)?,
        author: author.map(user_id).transpose()?,
        is_owned: row.try_get::<Option<String>, _>("owner")?.is_some(),
        text: row.try_get("quote")?,
        made_at: from_millis(row.try_get("made_at")?),
        edited_at: time("edited_at")?,
        upvotes: unsigned(row.try_get("upvotes")?),
        hidden: hidden_by.zip(hidden_at).map(|(by, at)| Hidden { by, at }),
    })
}
