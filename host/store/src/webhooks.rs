//! Webhook endpoints and deliveries.

use crate::Database;
use crate::claims::{any_due, claim, readable};
use crate::conn::{Dual, Scope, affected, on};
use crate::error::{DbResult, QueryResult as _, broken, read_int, read_json, write_json};
use crate::paging::Page;
use crate::rows::{Statement, row_set};
use crate::tenants::count_change;
use async_trait::async_trait;
use sqlx::FromRow;
use std::sync::LazyLock;
use stepwright_app::ports::{StoreError, StoreResult, WebhookStore};
use stepwright_app::{Delivery, DeliveryState, Listed, Paging, WebhookEndpoint, WebhookEvent};
use stepwright_engine::{DeliveryId, Dialect, EndpointId, RawJson, TenantId, Timestamp, WebhookEventId};
use uuid::Uuid;

#[derive(FromRow)]
struct DeliveryRow {
    id: Uuid,
    tenant_id: Uuid,
    endpoint_id: Uuid,
    event_id: Uuid,
    state: String,
    attempts: i64,
    last_status: Option<i64>,
    last_response: Option<String>,
    dialect: String,
    kind: String,
    body: String,
    event_at: i64,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> StoreResult<Self> {
        let tenant_id = TenantId::from_uuid(row.tenant_id);
        let event = WebhookEvent {
            id: WebhookEventId::from_uuid(row.event_id),
            tenant_id,
            dialect: Dialect::parse(&row.dialect)
                .ok_or_else(|| broken("webhook_events", "dialect", &row.event_id, &row.dialect))?,
            kind: row.kind,
            body: RawJson::parse_text(row.body).map_err(|e| broken("webhook_events", "body", &row.event_id, &e))?,
            created_at: Timestamp::from_micros(row.event_at),
        };
        Ok(Self {
            id: DeliveryId::from_uuid(row.id),
            tenant_id,
            endpoint_id: EndpointId::from_uuid(row.endpoint_id),
            event,
            state: read_json("deliveries", "state", &row.id, &row.state)?,
            attempts: read_int("deliveries", "attempts", &row.id, row.attempts)?,
            last_status: row
                .last_status
                .map(|status| read_int("deliveries", "last_status", &row.id, status))
                .transpose()?,
            last_response: row.last_response,
        })
    }
}

/// When a delivery in this state must be looked at.
fn delivery_due(state: &DeliveryState) -> Option<i64> {
    match state {
        DeliveryState::Pending { next_at } => Some(next_at.micros()),
        DeliveryState::Delivered { .. } | DeliveryState::Failed { .. } => None,
    }
}

/// Of one stream only the first pending delivery can be claimed, so they reach the endpoint in order.
const CLAIM: Dual = claim!(
    "deliveries",
    "next_at",
    "AND NOT EXISTS (
        SELECT 1 FROM deliveries b WHERE b.endpoint_id = e.endpoint_id AND b.stream_id = e.stream_id
        AND b.position < e.position AND b.next_at IS NOT NULL)",
    "next_at = $5",
    "id"
);

row_set! {
    struct ClaimedRow { id: Uuid }
}

static WHOLE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<ClaimedRow>(
        "SELECT d.id, d.tenant_id, d.endpoint_id, d.event_id, d.state, d.attempts, d.last_status, d.last_response,
            w.dialect, w.kind, w.body, w.created_at AS event_at
         FROM {rows} JOIN deliveries d ON d.id = r.id JOIN webhook_events w ON w.id = d.event_id
         ORDER BY d.created_at, d.stream_id, d.position",
    )
});

fn read_endpoint((id, doc): (Uuid, String)) -> StoreResult<WebhookEndpoint> {
    read_json("endpoints", "doc", &id, &doc)
}

impl Database {
    async fn claimed(&self, now: Timestamp, until: Timestamp, limit: u32) -> DbResult<Vec<DeliveryRow>> {
        if !self.is_due(any_due!("deliveries", "next_at"), now, "").await? {
            return Ok(Vec::new());
        }
        let mut conn = self.write(Scope::Host).await?;
        let text = conn.text(CLAIM);
        let ids = on!(conn, |c| sqlx::query_scalar::<_, Uuid>(text)
            .bind(now.micros())
            .bind(i64::from(limit))
            .bind(i64::from(limit))
            .bind("")
            .bind(until.micros())
            .fetch_all(c))?;
        let claimed: Vec<ClaimedRow> = ids.into_iter().map(|id| ClaimedRow { id }).collect();
        let rows = WHOLE.fetch(conn.parts(), &claimed).await?;
        conn.done().await?;
        Ok(rows)
    }
}

#[async_trait]
impl WebhookStore for Database {
    async fn insert_endpoint(&self, endpoint: &WebhookEndpoint) -> StoreResult<()> {
        let doc = write_json(endpoint)?;
        let mut conn = self.write(endpoint.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO endpoints (id, tenant_id, doc, created_at) VALUES ($1, $2, $3, $4)"
        )
        .bind(endpoint.id.uuid())
        .bind(endpoint.tenant_id.uuid())
        .bind(&doc)
        .bind(endpoint.created_at.micros())
        .execute(c))
        .or_duplicate("webhook endpoint")?;
        count_change(&mut conn).await?;
        Ok(conn.done().await?)
    }

    async fn endpoint(&self, tenant: TenantId, id: EndpointId) -> StoreResult<Option<WebhookEndpoint>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as("SELECT id, doc FROM endpoints WHERE id = $1 AND tenant_id = $2")
            .bind(id.uuid())
            .bind(tenant.uuid())
            .fetch_optional(c))?;
        conn.done().await?;
        row.map(read_endpoint).transpose()
    }

    async fn endpoints(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<WebhookEndpoint>> {
        let text = "SELECT id, doc FROM endpoints WHERE tenant_id = $1 AND (created_at, id) < ($2, $3)
            ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5";
        Ok(self.page(tenant, page, text, read_endpoint).await?)
    }

    async fn save_endpoint(&self, endpoint: &WebhookEndpoint) -> StoreResult<bool> {
        let doc = write_json(endpoint)?;
        let mut conn = self.write(endpoint.tenant_id).await?;
        let saved = affected!(conn, |c| sqlx::query("UPDATE endpoints SET doc = $3 WHERE id = $1 AND tenant_id = $2")
            .bind(endpoint.id.uuid())
            .bind(endpoint.tenant_id.uuid())
            .bind(&doc)
            .execute(c))?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(saved > 0)
    }

    async fn delete_endpoint(&self, tenant: TenantId, id: EndpointId) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let deleted = affected!(conn, |c| sqlx::query("DELETE FROM endpoints WHERE id = $1 AND tenant_id = $2")
            .bind(id.uuid())
            .bind(tenant.uuid())
            .execute(c))?;
        if deleted == 0 {
            conn.undo().await?;
            return Ok(false);
        }
        // Its deliveries go along, and the events that were sent to nobody else.
        let events = on!(conn, |c| sqlx::query_scalar::<_, Uuid>(
            "DELETE FROM deliveries WHERE endpoint_id = $1 AND tenant_id = $2 RETURNING event_id"
        )
        .bind(id.uuid())
        .bind(tenant.uuid())
        .fetch_all(c))?;
        let events: Vec<ClaimedRow> = events.into_iter().map(|id| ClaimedRow { id }).collect();
        FORGOTTEN.execute(conn.parts(), &events).await?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(true)
    }

    async fn deliveries(&self, tenant: TenantId, endpoint: EndpointId, page: Paging) -> StoreResult<Listed<Delivery>> {
        let at = Page::from(page);
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| {
            sqlx::query_as::<_, DeliveryRow>(
            "SELECT d.id, d.tenant_id, d.endpoint_id, d.event_id, d.state, d.attempts, d.last_status, d.last_response,
                w.dialect, w.kind, w.body, w.created_at AS event_at
             FROM deliveries d JOIN webhook_events w ON w.id = d.event_id
             WHERE d.endpoint_id = $6 AND d.tenant_id = $1 AND (d.created_at, d.id) < ($2, $3)
             ORDER BY d.created_at DESC, d.id DESC LIMIT $4 OFFSET $5"
        )
        .bind(tenant.uuid())
        .bind(at.at)
        .bind(at.id)
        .bind(at.fetch)
        .bind(at.offset)
        .bind(endpoint.uuid())
        .fetch_all(c)
        })?;
        conn.done().await?;
        let items = rows.into_iter().map(Delivery::try_from).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, at.limit))
    }

    async fn claim_deliveries(&self, now: Timestamp, until: Timestamp, limit: u32) -> StoreResult<Vec<Delivery>> {
        Ok(readable(self.claimed(now, until, limit).await?))
    }

    async fn finish_delivery(
        &self,
        tenant: TenantId,
        id: DeliveryId,
        state: &DeliveryState,
        attempts: u32,
        status: Option<u16>,
        response: Option<&str>,
    ) -> StoreResult<()> {
        let text = write_json(state)?;
        // PostgreSQL's texts cannot hold a NUL, and a foreign server may answer anything.
        let response = response.map(|text| text.replace('\0', "\u{fffd}"));
        let mut conn = self.write(tenant).await?;
        affected!(conn, |c| sqlx::query(
            "UPDATE deliveries SET state = $3, next_at = $4, attempts = $5, last_status = $6, last_response = $7
             WHERE id = $1 AND tenant_id = $2"
        )
        .bind(id.uuid())
        .bind(tenant.uuid())
        .bind(&text)
        .bind(delivery_due(state))
        .bind(i64::from(attempts))
        .bind(status.map(i64::from))
        .bind(&response)
        .execute(c))?;
        Ok(conn.done().await?)
    }
}

static FORGOTTEN: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<ClaimedRow>(
        "DELETE FROM webhook_events WHERE id IN (SELECT r.id FROM {rows})
         AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event_id = webhook_events.id)",
    )
});
