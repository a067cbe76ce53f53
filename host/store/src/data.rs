//! Entities, dataset rows and key-value memory.

use crate::Database;
use crate::conn::{Conn, affected, on};
use crate::error::{DbResult, broken, read_int, read_json, stored};
use crate::named::{NamedRow, with_open_flows};
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::ports::{DataStore, ImportCounts, Put, StoreError, StoreResult};
use stepwright_app::{Comparison, DataRow, DataWrite, Dataset, Entity, Filter, KvScope, Listed};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{RawJson, TenantId, Timestamp};
use uuid::Uuid;

/// An entity as stored.
#[derive(FromRow)]
pub(crate) struct EntityRow {
    schema_name: String,
    id: String,
    version: i64,
    attributes: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<EntityRow> for Entity {
    type Error = StoreError;

    fn try_from(row: EntityRow) -> StoreResult<Self> {
        let name = format!("{}/{}", row.schema_name, row.id);
        Ok(Self {
            version: read_int("entities", "version", &name, row.version)?,
            attributes: read_json("entities", "attributes", &name, &row.attributes)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            schema: row.schema_name,
            id: row.id,
        })
    }
}

/// A statement that gives back the entity as it stands then.
macro_rules! put {
    ($text:literal) => {
        concat!($text, " RETURNING schema_name, id, version, attributes, created_at, updated_at")
    };
}

#[derive(FromRow)]
struct ValueRow {
    id: String,
    version: i64,
    value: String,
}

impl TryFrom<ValueRow> for DataRow {
    type Error = StoreError;

    fn try_from(row: ValueRow) -> StoreResult<Self> {
        Ok(Self {
            version: read_int("data_rows", "version", &row.id, row.version)?,
            value: read_json("data_rows", "value", &row.id, &row.value)?,
            id: row.id,
        })
    }
}

/// The scope's columns.
pub(crate) fn scope_columns(scope: KvScope) -> (&'static str, Uuid) {
    match scope {
        KvScope::Execution(id) => ("execution", id.uuid()),
        KvScope::Definition(id) => ("definition", id.uuid()),
    }
}

/// A LIKE pattern every row with this text as one of its values meets, whichever field it stands in. `value` columns
/// hold JSON as `serde_json` prints it, so a text always reads the same.
fn pattern(text: &str) -> Option<String> {
    let json = serde_json::to_string(text).ok()?;
    let mut pattern = String::from("%");
    for c in json.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    Some(pattern)
}

/// What SQL can rule out before rows are parsed: the text of the first equality, or of the first choice between at
/// most three.
fn prefilter(filters: &[Filter]) -> [Option<String>; 4] {
    let equal = filters.iter().filter(|f| f.comparison == Comparison::Eq).find_map(|f| pattern(f.value.as_str()?));
    let choice = filters.iter().filter(|f| f.comparison == Comparison::AnyOf).find_map(|f| {
        let texts = f.value.as_array()?.iter().map(|v| pattern(v.as_str()?)).collect::<Option<Vec<_>>>()?;
        (1..=3).contains(&texts.len()).then_some(texts)
    });
    let mut choice = choice.unwrap_or_default().into_iter();
    [equal, choice.next(), choice.next(), choice.next()]
}

const ROWS: &str = r"SELECT id, version, value FROM data_rows
    WHERE tenant_id = $1 AND dataset = $2 AND id > $3
    AND ($5 IS NULL OR value LIKE $5 ESCAPE '\')
    AND ($6 IS NULL OR value LIKE $6 ESCAPE '\' OR value LIKE $7 ESCAPE '\' OR value LIKE $8 ESCAPE '\')
    ORDER BY id LIMIT $4";

/// Rows read at once while filters thin them out.
const STRIDE: u32 = 500;

impl Database {
    async fn filtered(
        &self,
        tenant: TenantId,
        dataset: Dataset,
        filters: &[Filter],
        after: Option<&str>,
        limit: u32,
    ) -> DbResult<Vec<DataRow>> {
        let [equal, one, two, three] = prefilter(filters);
        let wanted = limit as usize + 1;
        let stride = if filters.is_empty() { i64::from(limit) + 1 } else { i64::from(limit.max(STRIDE)) + 1 };
        let mut place = after.unwrap_or_default().to_owned();
        let mut found = Vec::new();
        let mut conn = self.read(tenant).await?;
        loop {
            let rows = on!(conn, |c| sqlx::query_as::<_, ValueRow>(ROWS)
                .bind(tenant.uuid())
                .bind(dataset.as_str())
                .bind(&place)
                .bind(stride)
                .bind(&equal)
                .bind(&one)
                .bind(&two)
                .bind(&three)
                .fetch_all(c))?;
            let last = (rows.len() as i64) < stride;
            if let Some(row) = rows.last() {
                place.clone_from(&row.id);
            }
            for row in rows {
                let row = DataRow::try_from(row)?;
                let meets = filters.is_empty() || {
                    let value = row.value.to_value();
                    filters.iter().all(|filter| filter.matches(&value))
                };
                if meets {
                    found.push(row);
                }
            }
            if last || found.len() >= wanted {
                conn.done().await?;
                return Ok(found);
            }
        }
    }
}

/// Whether an open flow is about an entity whose row this transaction holds: none can begin until it is over, since its
/// commit wants to see the entity as it was ([`stepwright_app::EntitySeen`]).
async fn is_of_flows(conn: &mut Conn<'_>, tenant: TenantId, schema: &str, id: &str) -> DbResult<bool> {
    let row = NamedRow { tenant_id: tenant.uuid(), id, schema_name: schema, most: 1 };
    Ok(!with_open_flows(conn, &[row]).await?.is_empty())
}

#[async_trait]
impl DataStore for Database {
    async fn entity(&self, tenant: TenantId, schema: &str, id: &str) -> StoreResult<Option<Entity>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, EntityRow>(
            "SELECT schema_name, id, version, attributes, created_at, updated_at FROM entities
             WHERE tenant_id = $1 AND schema_name = $2 AND id = $3"
        )
        .bind(tenant.uuid())
        .bind(schema)
        .bind(id)
        .fetch_optional(c))?;
        conn.done().await?;
        row.map(Entity::try_from).transpose()
    }

    async fn entities_named(&self, tenant: TenantId, of: &[EntityRef]) -> StoreResult<Vec<Entity>> {
        self.named_entities(tenant, of).await?.into_iter().map(Entity::try_from).collect()
    }

    async fn entities(
        &self,
        tenant: TenantId,
        schema: &str,
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Listed<Entity>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, EntityRow>(
            "SELECT schema_name, id, version, attributes, created_at, updated_at FROM entities
             WHERE tenant_id = $1 AND schema_name = $2 AND id > $3 ORDER BY id LIMIT $4"
        )
        .bind(tenant.uuid())
        .bind(schema)
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit) + 1)
        .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(Entity::try_from).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, limit))
    }

    async fn put_entity(
        &self,
        tenant: TenantId,
        schema: &str,
        id: &str,
        attributes: &RawJson,
        expected: Option<u64>,
        at: Timestamp,
    ) -> StoreResult<Put<Entity>> {
        let text = match expected {
            None => put!(
                "INSERT INTO entities (tenant_id, schema_name, id, version, attributes, created_at, updated_at)
                 VALUES ($1, $2, $3, 1, $4, $5, $5) ON CONFLICT (tenant_id, schema_name, id) DO UPDATE SET
                    version = entities.version + 1, attributes = excluded.attributes, updated_at = excluded.updated_at"
            ),
            Some(0) => put!(
                "INSERT INTO entities (tenant_id, schema_name, id, version, attributes, created_at, updated_at)
                 VALUES ($1, $2, $3, 1, $4, $5, $5) ON CONFLICT (tenant_id, schema_name, id) DO NOTHING"
            ),
            Some(_) => put!(
                "UPDATE entities SET version = version + 1, attributes = $4, updated_at = $5
                 WHERE tenant_id = $1 AND schema_name = $2 AND id = $3 AND version = $6"
            ),
        };
        let mut conn = self.write(tenant).await?;
        let row = on!(conn, |c| {
            let query = sqlx::query_as::<_, EntityRow>(text)
                .bind(tenant.uuid())
                .bind(schema)
                .bind(id)
                .bind(attributes.as_str())
                .bind(at.micros());
            match expected {
                None | Some(0) => query,
                Some(version) => query.bind(stored(version)),
            }
            .fetch_optional(c)
        })?;
        let Some(row) = row else { return Ok(Put::Missing) };
        if is_of_flows(&mut conn, tenant, schema, id).await? {
            conn.undo().await?;
            return Ok(Put::OfFlows);
        }
        conn.done().await?;
        Ok(Put::Done(row.try_into()?))
    }

    async fn delete_entity(&self, tenant: TenantId, schema: &str, id: &str) -> StoreResult<Put<()>> {
        let mut conn = self.write(tenant).await?;
        let deleted = affected!(conn, |c| sqlx::query(
            "DELETE FROM entities WHERE tenant_id = $1 AND schema_name = $2 AND id = $3"
        )
        .bind(tenant.uuid())
        .bind(schema)
        .bind(id)
        .execute(c))?;
        if deleted == 0 {
            return Ok(Put::Missing);
        }
        if is_of_flows(&mut conn, tenant, schema, id).await? {
            conn.undo().await?;
            return Ok(Put::OfFlows);
        }
        conn.done().await?;
        Ok(Put::Done(()))
    }

    async fn data_row(&self, tenant: TenantId, dataset: Dataset, id: &str) -> StoreResult<Option<DataRow>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, ValueRow>(
            "SELECT id, version, value FROM data_rows WHERE tenant_id = $1 AND dataset = $2 AND id = $3"
        )
        .bind(tenant.uuid())
        .bind(dataset.as_str())
        .bind(id)
        .fetch_optional(c))?;
        conn.done().await?;
        row.map(DataRow::try_from).transpose()
    }

    async fn data_rows(
        &self,
        tenant: TenantId,
        dataset: Dataset,
        filters: &[Filter],
        after: Option<&str>,
        limit: u32,
    ) -> StoreResult<Listed<DataRow>> {
        Ok(Listed::cut(self.filtered(tenant, dataset, filters, after, limit).await?, limit))
    }

    async fn import_rows(&self, tenant: TenantId, rows: &[DataWrite], at: Timestamp) -> StoreResult<ImportCounts> {
        Ok(self.import(tenant, rows, at).await?)
    }

    async fn kv(&self, tenant: TenantId, plugin: &str, scope: KvScope, key: &str) -> StoreResult<Option<RawJson>> {
        let (kind, id) = scope_columns(scope);
        let mut conn = self.read(tenant).await?;
        let value = on!(conn, |c| sqlx::query_scalar::<_, String>(
            "SELECT value FROM kv
             WHERE tenant_id = $1 AND plugin = $2 AND scope_kind = $3 AND scope_id = $4 AND name = $5"
        )
        .bind(tenant.uuid())
        .bind(plugin)
        .bind(kind)
        .bind(id)
        .bind(key)
        .fetch_optional(c))?;
        conn.done().await?;
        value.map(|text| RawJson::parse_text(text).map_err(|e| broken("kv", "value", &key, &e))).transpose()
    }
}
