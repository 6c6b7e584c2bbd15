//! Invitations: each makes one account. One text for both dialects: the parent module says which database this is
//! compiled for.

use jiff::Timestamp;
use sqlx::{Database, Row};

use super::{Db, Here, users};
use crate::domain::clock::from_millis;
use crate::domain::credential::{Invitation, SecretHash};
use crate::domain::user::{NewUser, User};
use crate::store::StoreError;
use crate::store::values::user_role;

impl Here {
    pub(crate) async fn insert_invitation(&self, new: &Invitation, secret: &SecretHash) -> Result<(), StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            sqlx::query("DELETE FROM invitations WHERE ends_at <= $1")
                .bind(new.made_at.as_millisecond())
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "INSERT INTO invitations (id, secret, role, note, made_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(&new.id)
            .bind(&secret.0[..])
            .bind(new.role.word())
            .bind(&new.note)
            .bind(new.made_at.as_millisecond())
            .bind(new.ends_at.as_millisecond())
            .execute(&mut *tx)
            .await?;
            self.finish(tx).await
        })
        .await
    }

    pub(crate) async fn invitations(&self, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        Self::bounded(async {
            let sql = "SELECT id, role, note, made_at, ends_at FROM invitations WHERE ends_at > $1 \
                       ORDER BY made_at DESC, id LIMIT 1000";
            let rows = sqlx::query(sql).bind(now.as_millisecond()).fetch_all(self.reading()).await?;
            rows.iter().map(invitation).collect()
        })
        .await
    }

    pub(crate) async fn invitation(
        &self,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<Invitation>, StoreError> {
        Self::bounded(async {
            let sql = "SELECT id, role, note, made_at, ends_at FROM invitations WHERE secret = $1 AND ends_at > $2";
            let query = sqlx::query(sql).bind(&secret.0[..]).bind(now.as_millisecond());
            query.fetch_optional(self.reading()).await?.as_ref().map(invitation).transpose()
        })
        .await
    }

    pub(crate) async fn accept_invitation(
        &self,
        secret: &SecretHash,
        new: &NewUser,
    ) -> Result<Option<User>, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let sql = "DELETE FROM invitations WHERE secret = $1 AND ends_at > $2 RETURNING role";
            let query = sqlx::query_scalar(sql).bind(&secret.0[..]).bind(new.user.made_at.as_millisecond());
            let role: Option<String> = query.fetch_optional(&mut *tx).await?;
            let Some(role) = role else { return Ok(None) };
            let role = user_role(&role)?;
            let new = NewUser { user: User { role, ..new.user.clone() }, password: new.password.clone() };
            if !users::insert(&mut tx, &new).await? {
                return Err(StoreError::UserTaken);
            }
            self.finish(tx).await?;
            Ok(Some(new.user))
        })
        .await
    }

    pub(crate) async fn delete_invitation(&self, id: &str) -> Result<bool, StoreError> {
        Self::bounded(async {
            let mut tx = self.begin().await?;
            let deleted = sqlx::query("DELETE FROM invitations WHERE id = $1").bind(id).execute(&mut *tx).await?;
            if deleted.rows_affected() == 0 {
                return Ok(false);
            }
            self.finish(tx).await?;
            Ok(true)
        })
        .await
    }
}

fn invitation(row: &<Db as Database>::Row) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: row.try_get("id")?,
        role: user_role(row.try_get("role")?)?,
        note: row.try_get("note")?,
        made_at: from_millis(row.try_get("made_at")?),
        ends_at: from_millis(row.try_get("ends_at")?),
    })
}
