//! Sessions and API tokens, found by the hash of their secret. One text for both dialects: the parent module says which
//! database this is compiled for.

use jiff::Timestamp;
use sqlx::{Database, Row};

use super::{Db, Here};
use crate::domain::clock::from_millis;
use crate::domain::credential::{Holder, SecretHash, Session, Shown, Token};
use crate::domain::rights::Scopes;
use crate::domain::user::UserRole;
use crate::store::StoreError;
use crate::store::values::{millis, user_id, user_role};

/// Selects what [`session`] and [`shown`] read.
macro_rules! select_sessions {
    ($condition:literal) => {
        concat!(
            "SELECT s.id, s.key_mark, s.agent, s.began_at, s.seen_at, s.ends_at, u.id AS owner, u.name AS holder, u.role \
             FROM sessions s LEFT JOIN users u ON u.folded = s.owner WHERE ",
            $condition
        )
    };
}

/// Selects what [`token`] and [`shown`] read.
macro_rules! select_tokens {
    ($condition:literal) => {
        concat!(
            "SELECT t.id, t.key_mark, t.name, t.scopes, t.made_at, t.seen_at, t.ends_at, u.id AS owner, \
               u.name AS holder, u.role FROM tokens t LEFT JOIN users u ON u.folded = t.owner WHERE ",
            $condition
        )
    };
}

impl Here {
    pub(crate) async fn begin_session(
        &self,
        new: &Session,
        secret: &SecretHash,
        password: Option<&str>,
        most: u32,
    ) -> Result<bool, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            if let (Some(user), Some(password)) = (new.holder.user(), password) {
                // An update locks the account: a change of password comes before, and is seen, or after, and ends this.
                let sql = "UPDATE users SET password = password WHERE folded = $1 AND password = $2";
                let still = sqlx::query(sql).bind(user.folded()).bind(password).execute(&mut *tx).await?;
                if still.rows_affected() == 0 {
                    return Ok(false);
                }
            }
            sqlx::query("DELETE FROM sessions WHERE ends_at <= $1")
                .bind(new.began_at.as_millisecond())
                .execute(&mut *tx)
                .await?;
            let (owner, mark) = parts(&new.holder);
            // Before the new one is among them: it stays, even if a clock that runs ahead began the others.
            let sql = "DELETE FROM sessions WHERE (owner = $1 OR key_mark = $2) AND id NOT IN (\
                       SELECT id FROM sessions WHERE owner = $1 OR key_mark = $2 ORDER BY began_at DESC, id LIMIT $3)";
            sqlx::query(sql).bind(&owner).bind(mark).bind(i64::from(most) - 1).execute(&mut *tx).await?;
            let sql = "INSERT INTO sessions (id, secret, owner, key_mark, agent, began_at, seen_at, ends_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
            sqlx::query(sql)
                .bind(&new.id)
                .bind(&secret.0[..])
                .bind(owner)
                .bind(mark)
                .bind(&new.agent)
                .bind(new.began_at.as_millisecond())
                .bind(new.seen_at.as_millisecond())
                .bind(new.ends_at.as_millisecond())
                .execute(&mut *tx)
                .await?;
            self.finish(tx).await?;
            Ok(true)
        })
        .await
    }

    pub(crate) async fn session(
        &self,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Shown<Session>>, StoreError> {
        Self::bounded(async {
            let sql = select_sessions!("s.secret = $1 AND s.ends_at > $2");
            let query = sqlx::query(sql).bind(&secret.0[..]).bind(now.as_millisecond());
            let row = query.fetch_optional(self.reading()).await?;
            row.map(|row| shown(&row, session(&row)?)).transpose()
        })
        .await
    }

    pub(crate) async fn sessions(&self, holder: &Holder, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        Self::bounded(async {
            let sql =
                select_sessions!("(s.owner = $1 OR s.key_mark = $2) AND s.ends_at > $3 ORDER BY s.began_at DESC, s.id");
            let (owner, mark) = parts(holder);
            let query = sqlx::query(sql).bind(owner).bind(mark).bind(now.as_millisecond());
            query.fetch_all(self.reading()).await?.iter().map(session).collect()
        })
        .await
    }

    pub(crate) async fn see_session(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let query = sqlx::query("UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2");
            query.bind(id).bind(at.as_millisecond()).execute(&mut *tx).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    pub(crate) async fn end_session(&self, holder: &Holder, id: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM sessions WHERE id = $1 AND (owner = $2 OR key_mark = $3)";
        self.delete_of(sql, holder, id).await
    }

    pub(crate) async fn end_other_sessions(&self, holder: &Holder, keep: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM sessions WHERE id <> $1 AND (owner = $2 OR key_mark = $3)";
        self.delete_of(sql, holder, keep).await
    }

    pub(crate) async fn insert_token(&self, new: &Token, secret: &SecretHash, most: u32) -> Result<bool, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let (owner, mark) = parts(&new.holder);
            sqlx::query("DELETE FROM tokens WHERE ends_at <= $1")
                .bind(new.made_at.as_millisecond())
                .execute(&mut *tx)
                .await?;
            let sql = "SELECT count(*) FROM tokens WHERE owner = $1 OR key_mark = $2";
            let held: i64 = sqlx::query_scalar(sql).bind(&owner).bind(mark).fetch_one(&mut *tx).await?;
            if held >= i64::from(most) {
                return Ok(false);
            }
            let sql = "INSERT INTO tokens (id, secret, owner, key_mark, name, scopes, made_at, seen_at, ends_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
            sqlx::query(sql)
                .bind(&new.id)
                .bind(&secret.0[..])
                .bind(owner)
                .bind(mark)
                .bind(&new.name)
                .bind(new.scopes.bits())
                .bind(new.made_at.as_millisecond())
                .bind(millis(new.seen_at))
                .bind(new.ends_at.as_millisecond())
                .execute(&mut *tx)
                .await?;
            self.finish(tx).await?;
            Ok(true)
        })
        .await
    }

    pub(crate) async fn token(&self, secret: &SecretHash, now: Timestamp) -> Result<Option<Shown<Token>>, StoreError> {
        Self::bounded(async {
            let sql = select_tokens!("t.secret = $1 AND t.ends_at > $2");
            let query = sqlx::query(sql).bind(&secret.0[..]).bind(now.as_millisecond());
            let row = query.fetch_optional(self.reading()).await?;
            row.map(|row| shown(&row, token(&row)?)).transpose()
        })
        .await
    }

    pub(crate) async fn tokens(&self, holder: &Holder, now: Timestamp) -> Result<Vec<Token>, StoreError> {
        Self::bounded(async {
            let sql =
                select_tokens!("(t.owner = $1 OR t.key_mark = $2) AND t.ends_at > $3 ORDER BY t.made_at DESC, t.id");
            let (owner, mark) = parts(holder);
            let query = sqlx::query(sql).bind(owner).bind(mark).bind(now.as_millisecond());
            query.fetch_all(self.reading()).await?.iter().map(token).collect()
        })
        .await
    }

    pub(crate) async fn see_token(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let query =
                sqlx::query("UPDATE tokens SET seen_at = $2 WHERE id = $1 AND (seen_at IS NULL OR seen_at < $2)");
            query.bind(id).bind(at.as_millisecond()).execute(&mut *tx).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    pub(crate) async fn delete_token(&self, holder: &Holder, id: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM tokens WHERE id = $1 AND (owner = $2 OR key_mark = $3)";
        self.delete_of(sql, holder, id).await
    }

    async fn delete_of(&self, sql: &'static str, holder: &Holder, id: &str) -> Result<bool, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let (owner, mark) = parts(holder);
            let deleted = sqlx::query(sql).bind(id).bind(owner).bind(mark).execute(&mut *tx).await?;
            if deleted.rows_affected() == 0 {
                return Ok(false);
            }
            self.finish(tx).await?;
            Ok(true)
        })
        .await
    }
}

/// The columns `owner` and `key_mark`: one is null, and matches nothing.
fn parts(holder: &Holder) -> (Option<String>, Option<&[u8]>) {
    match holder {
        Holder::User(id) => (Some(id.folded()), None),
        Holder::Key(mark) => (None, Some(mark)),
    }
}

fn holder(row: &<Db as Database>::Row) -> Result<Holder, StoreError> {
    if let Some(owner) = row.try_get::<Option<String>, _>("owner")? {
        return Ok(Holder::User(user_id(owner)?));
    }
    let mark: Vec<u8> = row.try_get("key_mark")?;
    mark.try_into().map(Holder::Key).map_err(|_| StoreError::Damaged("the mark of a key"))
}

fn session(row: &<Db as Database>::Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.try_get("id")?,
        holder: holder(row)?,
        agent: row.try_get("agent")?,
        began_at: from_millis(row.try_get("began_at")?),
        seen_at: from_millis(row.try_get("seen_at")?),
        ends_at: from_millis(row.try_get("ends_at")?),
    })
}

fn token(row: &<Db as Database>::Row) -> Result<Token, StoreError> {
    Ok(Token {
        id: row.try_get("id")?,
        holder: holder(row)?,
        name: row.try_get("name")?,
        scopes: Scopes::from_bits(row.try_get("scopes")?),
        made_at: from_millis(row.try_get("made_at")?),
        seen_at: row.try_get::<Option<i64>, _>("seen_at")?.map(from_millis),
        ends_at: from_millis(row.try_get("ends_at")?),
    })
}

/// With what the holder is now: `role` and `holder`, null for the admin key.
fn shown<T>(row: &<Db as Database>::Row, credential: T) -> Result<Shown<T>, StoreError> {
    let role = row.try_get::<Option<String>, _>("role")?;
    let role = role.map_or(Ok(UserRole::Admin), |role| user_role(&role))?;
    Ok(Shown { credential, role, name: row.try_get::<Option<String>, _>("holder")?.unwrap_or_default() })
}
