//! What a tenant keeps under names of its own: tables with the columns `id`, `tenant_id`, `name`, `version`, `doc` and
//! `created_at`, read and written the same way.

use crate::Database;
use crate::conn::{affected, on};
use crate::error::{DbResult, QueryResult as _, read_json, write_json};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwright_app::ports::StoreResult;
use stepwright_app::{Listed, Paging};
use stepwright_engine::{TenantId, Timestamp};
use uuid::Uuid;

/// The statements over one table.
pub(crate) struct Texts {
    pub(crate) table: &'static str,
    pub(crate) insert: &'static str,
    pub(crate) save: &'static str,
    pub(crate) find: &'static str,
    pub(crate) list: &'static str,
    pub(crate) delete: &'static str,
}

macro_rules! texts {
    ($table:literal) => {
        $crate::documents::Texts {
            table: $table,
            insert: concat!(
                "INSERT INTO ",
                $table,
                " (id, tenant_id, name, version, doc, created_at) VALUES ($1, $2, $3, $4, $5, $6)"
            ),
            save: concat!(
                "UPDATE ",
                $table,
                " SET version = $3, doc = $4 WHERE id = $1 AND tenant_id = $2 AND version = $3 - 1"
            ),
            find: concat!("SELECT id, doc FROM ", $table, " WHERE tenant_id = $1 AND name = $2"),
            list: concat!(
                "SELECT id, doc FROM ",
                $table,
                " WHERE tenant_id = $1 AND (created_at, id) < ($2, $3)
                 ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
            ),
            delete: concat!("DELETE FROM ", $table, " WHERE tenant_id = $1 AND name = $2"),
        }
    };
}
pub(crate) use texts;

/// What stands in such a row besides the document itself.
pub(crate) struct Columns<'a> {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) name: &'a str,
    /// From 1; a document is saved over the one before it only.
    pub(crate) version: u32,
    pub(crate) created_at: Timestamp,
}

/// Something kept in a table of its own.
pub(crate) trait Document: Serialize + DeserializeOwned + Send + Sync {
    const TEXTS: Texts;
    /// What two of one name are told they are.
    const NOUN: &'static str;
    fn columns(&self) -> Columns<'_>;
}

pub(crate) fn read<D: Document>((id, doc): (Uuid, String)) -> StoreResult<D> {
    read_json(D::TEXTS.table, "doc", &id, &doc)
}

impl Database {
    pub(crate) async fn insert_document<D: Document>(&self, document: &D) -> DbResult<()> {
        let doc = write_json(document)?;
        let columns = document.columns();
        let mut conn = self.write(columns.tenant).await?;
        affected!(conn, |c| sqlx::query(D::TEXTS.insert)
            .bind(columns.id)
            .bind(columns.tenant.uuid())
            .bind(columns.name)
            .bind(i64::from(columns.version))
            .bind(&doc)
            .bind(columns.created_at.micros())
            .execute(c))
        .or_duplicate(D::NOUN)?;
        conn.done().await
    }

    /// `false` when another version stands there.
    pub(crate) async fn save_document<D: Document>(&self, document: &D) -> DbResult<bool> {
        let doc = write_json(document)?;
        let columns = document.columns();
        let mut conn = self.write(columns.tenant).await?;
        let saved = affected!(conn, |c| sqlx::query(D::TEXTS.save)
            .bind(columns.id)
            .bind(columns.tenant.uuid())
            .bind(i64::from(columns.version))
            .bind(&doc)
            .execute(c))?;
        conn.done().await?;
        Ok(saved > 0)
    }

    pub(crate) async fn document<D: Document>(&self, tenant: TenantId, name: &str) -> DbResult<Option<D>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as(D::TEXTS.find).bind(tenant.uuid()).bind(name).fetch_optional(c))?;
        conn.done().await?;
        Ok(row.map(read).transpose()?)
    }

    /// Newest first.
    pub(crate) async fn documents<D: Document>(&self, tenant: TenantId, page: Paging) -> DbResult<Listed<D>> {
        self.page(tenant, page, D::TEXTS.list, read).await
    }

    /// `false` when there is none.
    pub(crate) async fn delete_document<D: Document>(&self, tenant: TenantId, name: &str) -> DbResult<bool> {
        let mut conn = self.write(tenant).await?;
        let deleted = affected!(conn, |c| sqlx::query(D::TEXTS.delete).bind(tenant.uuid()).bind(name).execute(c))?;
        conn.done().await?;
        Ok(deleted > 0)
    }
}
