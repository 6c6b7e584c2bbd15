//! Items, in sets: what arrived together is read by one statement, and written by one transaction.

use std::collections::HashMap;

use bytes::Bytes;
use sqlx::{Row, Sqlite as Db, Transaction};

use super::Sqlite;
use super::connect::may_have_committed;
use crate::domain::item::{ItemBounds, ItemChange, ItemKey, ItemOutcome, ItemTotals};
use crate::store::StoreError;
use crate::store::sqlite::log::WriteError;
use crate::store::values::{signed, unsigned};

impl Sqlite {
    /// The values of these items, in the order of the keys.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn items(&self, keys: &[ItemKey]) -> Result<Vec<Option<Bytes>>, StoreError> {
        let rows =
            sqlx::query("SELECT items.key, items.value FROM json_each(?1) asked JOIN items ON items.key = asked.value")
                .bind(listed(keys.iter().map(ItemKey::as_str)))
                .fetch_all(self.reading())
                .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            found.insert(row.try_get::<String, _>("key")?, Bytes::from(row.try_get::<Vec<u8>, _>("value")?));
        }
        Ok(keys.iter().map(|key| found.get(key.as_str()).cloned()).collect())
    }

    /// Makes changes in their order, as far as the bounds allow: durable together, or none of them.
    ///
    /// # Errors
    /// Says whether they may have been made after all.
    pub async fn change_items(
        &self,
        changes: &[ItemChange],
        bounds: ItemBounds,
    ) -> Result<Vec<ItemOutcome>, WriteError> {
        let mut tx = self.begin().await.map_err(WriteError::Refused)?;
        let outcomes = change(&mut tx, changes, bounds).await.map_err(WriteError::Refused)?;
        match tx.commit().await {
            Ok(()) => Ok(outcomes),
            Err(error) if may_have_committed(&error) => Err(WriteError::Unknown(error.into())),
            Err(error) => Err(WriteError::Refused(error.into())),
        }
    }

    /// Up to `limit` keys with a prefix, sorted by their bytes; those after `after`, where it is given.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn item_keys(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        // No text has the byte that stands behind the prefix: every key that begins with it comes before.
        let sql = "SELECT key FROM items WHERE key >= ?1 AND key > ?2 AND (?3 OR key < CAST(?4 AS TEXT)) \
                   ORDER BY key LIMIT ?5";
        let end = [prefix.as_bytes(), &[0xff]].concat();
        let query = sqlx::query_scalar(sql).bind(prefix).bind(after).bind(prefix.is_empty()).bind(end);
        Ok(query.bind(signed(limit as u64)).fetch_all(self.reading()).await?)
    }

    /// How many items there are.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn item_totals(&self) -> Result<ItemTotals, StoreError> {
        let row = sqlx::query("SELECT keys, bytes FROM item_totals").fetch_one(self.reading()).await?;
        totals(&row)
    }
}

async fn change(
    tx: &mut Transaction<'static, Db>,
    changes: &[ItemChange],
    bounds: ItemBounds,
) -> Result<Vec<ItemOutcome>, StoreError> {
    let mut totals = totals(&sqlx::query("SELECT keys, bytes FROM item_totals").fetch_one(&mut **tx).await?)?;
    let mut weights = weights(tx, changes).await?;
    // What each item is in the end; the last change of one wins.
    let mut last: HashMap<String, Option<Bytes>> = HashMap::new();
    let decide = |change: &ItemChange| {
        let ItemChange { key, value } = change;
        let new = value.is_some().then(|| change.weight() as u64);
        let outcome = bounds.decide(&mut totals, weights.get(key.as_str()).copied(), new);
        if outcome == ItemOutcome::Done {
            last.insert(key.as_str().to_owned(), value.clone());
            match new {
                Some(new) => weights.insert(key.as_str().to_owned(), new),
                None => weights.remove(key.as_str()),
            };
        }
        outcome
    };
    let outcomes = changes.iter().map(decide).collect();
    write(tx, &last).await?;
    let moved = sqlx::query("UPDATE item_totals SET keys = ?1, bytes = ?2");
    moved.bind(signed(totals.keys)).bind(signed(totals.bytes)).execute(&mut **tx).await?;
    Ok(outcomes)
}

/// How many bytes, key and value, each of the items has that would be changed.
async fn weights(
    tx: &mut Transaction<'static, Db>,
    changes: &[ItemChange],
) -> Result<HashMap<String, u64>, StoreError> {
    let sql = "SELECT items.key, length(CAST(items.key AS BLOB)) + length(items.value) AS weight \
               FROM json_each(?1) asked JOIN items ON items.key = asked.value";
    let keys = listed(changes.iter().map(|change| change.key.as_str()));
    let rows = sqlx::query(sql).bind(keys).fetch_all(&mut **tx).await?;
    rows.iter().map(|row| Ok((row.try_get("key")?, unsigned(row.try_get("weight")?)))).collect()
}

/// Writes what each item is from now on: two statements, however many there are.
async fn write(tx: &mut Transaction<'static, Db>, items: &HashMap<String, Option<Bytes>>) -> Result<(), StoreError> {
    let gone: Vec<&str> = items.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.as_str()).collect();
    if !gone.is_empty() {
        let sql = "DELETE FROM items WHERE key IN (SELECT value FROM json_each(?1))";
        sqlx::query(sql).bind(listed(gone.into_iter())).execute(&mut **tx).await?;
    }
    let (mut places, mut packed) = (Vec::new(), Vec::new());
    for (key, value) in items {
        let Some(value) = value else { continue };
        places.push((key.as_str(), packed.len() + 1, value.len()));
        packed.extend_from_slice(value);
    }
    if !places.is_empty() {
        // A part of nothing is NULL to SQLite. Without WHERE, the parser would take ON CONFLICT for a condition of a join.
        let sql = "INSERT INTO items (key, value) \
                   SELECT value ->> 0, coalesce(substr(?2, value ->> 1, value ->> 2), x'') FROM json_each(?1) WHERE true \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let places = serde_json::to_string(&places).unwrap_or_default();
        sqlx::query(sql).bind(places).bind(packed).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Keys as `json_each` reads them. Text is always JSON.
fn listed<'k>(keys: impl Iterator<Item = &'k str>) -> String {
    serde_json::to_string(&keys.collect::<Vec<_>>()).unwrap_or_default()
}

fn totals(row: &sqlx::sqlite::SqliteRow) -> Result<ItemTotals, StoreError> {
    Ok(ItemTotals { keys: unsigned(row.try_get("keys")?), bytes: unsigned(row.try_get("bytes")?) })
}
