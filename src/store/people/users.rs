//! Accounts. One text for both dialects: the parent module says which database this is compiled for.

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Database, QueryBuilder, Row, Transaction};

use super::{Db, FOR_UPDATE, Here};
use crate::domain::clock::from_millis;
use crate::domain::user::{NewUser, User, UserChange, UserId, UserRole};
use crate::store::StoreError;
use crate::store::values::{unsigned, user_id, user_role};

/// How many accounts one statement adds.
const CHUNK: usize = 1000;

impl Here {
    pub(crate) async fn insert_user(&self, new: &NewUser) -> Result<(), StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            if !insert(&mut tx, new).await? {
                return Err(StoreError::UserTaken);
            }
            self.finish(tx).await
        })
        .await
    }

    pub(crate) async fn insert_users(&self, new: &[NewUser], all: bool) -> Result<Vec<bool>, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let inserted = insert_each(&mut tx, new).await?;
            if !inserted.contains(&true) || (all && inserted.contains(&false)) {
                return Ok(inserted);
            }
            self.finish(tx).await?;
            Ok(inserted)
        })
        .await
    }

    pub(crate) async fn load_users(&self, new: &[NewUser], at: Timestamp) -> Result<Option<Vec<bool>>, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            // Whoever comes second waits here until the first is done.
            let first = sqlx::query("INSERT INTO loaded (what, at) VALUES ('users', $1) ON CONFLICT DO NOTHING")
                .bind(at.as_millisecond())
                .execute(&mut *tx)
                .await?
                .rows_affected()
                > 0;
            let sql = "SELECT EXISTS (SELECT 1 FROM users)";
            if !first || sqlx::query_scalar(sql).fetch_one(&mut *tx).await? {
                // Where there are users, the file's time is over all the same.
                tx.commit().await?;
                return Ok(None);
            }
            let inserted = insert_each(&mut tx, new).await?;
            self.finish(tx).await?;
            Ok(Some(inserted))
        })
        .await
    }

    pub(crate) async fn were_users_loaded(&self) -> Result<bool, StoreError> {
        Self::bounded(async {
            let sql = "SELECT EXISTS (SELECT 1 FROM loaded WHERE what = 'users')";
            Ok(sqlx::query_scalar(sql).fetch_one(self.reading()).await?)
        })
        .await
    }

    pub(crate) async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        Ok(self.credentials(id).await?.map(|(user, _)| user))
    }

    pub(crate) async fn credentials(&self, id: &UserId) -> Result<Option<(User, Option<String>)>, StoreError> {
        Self::bounded(async {
            let sql = "SELECT id, name, role, made_at, password FROM users WHERE folded = $1";
            let row = sqlx::query(sql).bind(id.folded()).fetch_optional(self.reading()).await?;
            row.map(|row| Ok((user(&row)?, row.try_get("password")?))).transpose()
        })
        .await
    }

    pub(crate) async fn users(&self, after: Option<&UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
        Self::bounded(async {
            let sql = "SELECT id, name, role, made_at FROM users WHERE folded > $1 ORDER BY folded LIMIT $2";
            let after = after.map(UserId::folded).unwrap_or_default();
            let rows = sqlx::query(sql).bind(after).bind(i64::from(limit)).fetch_all(self.reading()).await?;
            rows.iter().map(user).collect()
        })
        .await
    }

    pub(crate) async fn polls_of(&self, id: &UserId) -> Result<u64, StoreError> {
        Self::bounded(async {
            let sql = "SELECT count(*) FROM polls WHERE owner = (SELECT id FROM users WHERE folded = $1)";
            let polls: i64 = sqlx::query_scalar(sql).bind(id.folded()).fetch_one(self.reading()).await?;
            Ok(unsigned(polls))
        })
        .await
    }

    pub(crate) async fn change_user(
        &self,
        id: &UserId,
        change: &UserChange,
        keep: Option<&str>,
    ) -> Result<Option<User>, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let sql = "UPDATE users SET name = coalesce($2, name), role = coalesce($3, role), \
                       password = coalesce($4, password) WHERE folded = $1 RETURNING id, name, role, made_at";
            let row = sqlx::query(sql)
                .bind(id.folded())
                .bind(change.name.as_deref())
                .bind(change.role.map(UserRole::word))
                .bind(change.password.as_deref())
                .fetch_optional(&mut *tx)
                .await?;
            let Some(changed) = row.as_ref().map(user).transpose()? else { return Ok(None) };
            if change.password.is_some() {
                // Whoever knew the old one must show the new one.
                sqlx::query("DELETE FROM sessions WHERE owner = $1 AND id <> $2")
                    .bind(changed.id.folded())
                    .bind(keep.unwrap_or_default())
                    .execute(&mut *tx)
                    .await?;
                if change.end_tokens {
                    sqlx::query("DELETE FROM tokens WHERE owner = $1")
                        .bind(changed.id.folded())
                        .execute(&mut *tx)
                        .await?;
                }
            }
            self.finish(tx).await?;
            Ok(Some(changed))
        })
        .await
    }

    pub(crate) async fn delete_user(&self, id: &UserId) -> Result<bool, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            // First, so that nothing is posted in their name meanwhile.
            let held = AssertSqlSafe(format!("SELECT folded FROM users WHERE folded = $1{FOR_UPDATE}"));
            sqlx::query(held).bind(id.folded()).execute(&mut *tx).await?;
            // What they said stays, without their name: somebody else may be called so one day.
            let nameless = sqlx::query("UPDATE quotes SET author = NULL, owner = NULL WHERE owner = $1");
            nameless.bind(id.folded()).execute(&mut *tx).await?;
            let deleted =
                sqlx::query("DELETE FROM users WHERE folded = $1").bind(id.folded()).execute(&mut *tx).await?;
            if deleted.rows_affected() == 0 {
                return Ok(false);
            }
            self.finish(tx).await?;
            Ok(true)
        })
        .await
    }
}

/// Adds an account within a transaction; `false` where the id is in use.
pub(super) async fn insert(tx: &mut Transaction<'static, Db>, new: &NewUser) -> Result<bool, StoreError> {
    Ok(insert_each(tx, std::slice::from_ref(new)).await? == [true])
}

/// Adds accounts within a transaction, and says of each whether it was: of two with one id in `new`, the first is.
async fn insert_each(tx: &mut Transaction<'static, Db>, new: &[NewUser]) -> Result<Vec<bool>, StoreError> {
    let mut inserted = Vec::with_capacity(new.len());
    for new in new.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new("INSERT INTO users (folded, id, name, role, password, made_at) ");
        query.push_values(new, |mut row, NewUser { user, password }| {
            row.push_bind(user.id.folded()).push_bind(user.id.as_str()).push_bind(&user.name);
            row.push_bind(user.role.word()).push_bind(password.as_deref()).push_bind(user.made_at.as_millisecond());
        });
        query.push(" ON CONFLICT DO NOTHING RETURNING folded");
        let added: Vec<String> = query.build_query_scalar().persistent(false).fetch_all(&mut **tx).await?;
        let mut added: HashSet<String> = added.into_iter().collect();
        inserted.extend(new.iter().map(|new| added.remove(&new.user.id.folded())));
    }
    Ok(inserted)
}

fn user(row: &<Db as Database>::Row) -> Result<User, StoreError> {
    Ok(User {
        id: user_id(row.try_get::<String, _>("id")?)?,
        name: row.try_get("name")?,
        role: user_role(row.try_get("role")?)?,
        made_at: from_millis(row.try_get("made_at")?),
    })
}
