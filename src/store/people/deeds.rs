//! The audit trail. One text for both dialects: the parent module says which database this is compiled for.

use sqlx::{Database, Row, Transaction};

use super::{Db, Here};
use crate::domain::clock::from_millis;
use crate::domain::deed::{Deed, Recorded};
use crate::store::StoreError;
use crate::store::values::{signed, unsigned};

impl Here {
    pub(crate) async fn deeds(&self, before: Option<u64>, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        Self::bounded(async {
            let sql = "SELECT id, at, who, what, subject FROM deeds WHERE id < $1 ORDER BY id DESC LIMIT $2";
            let before = before.map_or(i64::MAX, signed);
            let rows = sqlx::query(sql).bind(before).bind(i64::from(limit)).fetch_all(self.reading()).await?;
            rows.iter().map(recorded).collect()
        })
        .await
    }
}

/// Puts a deed on record in the transaction of what it changes.
pub(super) async fn record(tx: &mut Transaction<'static, Db>, deed: &Deed) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO deeds (at, who, what, subject) VALUES ($1, $2, $3, $4)")
        .bind(deed.at.as_millisecond())
        .bind(&deed.who)
        .bind(&deed.what)
        .bind(&deed.subject)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn recorded(row: &<Db as Database>::Row) -> Result<Recorded, StoreError> {
    let deed = Deed {
        at: from_millis(row.try_get("at")?),
        who: row.try_get("who")?,
        what: row.try_get("what")?,
        subject: row.try_get("subject")?,
    };
    Ok(Recorded { id: unsigned(row.try_get("id")?), deed })
}
