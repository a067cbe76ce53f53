//! What leaves the execution: mail, notifications, events, webhooks.

use super::prepared::Prepared;
use crate::conn::Conn;
use crate::error::{DbResult, write_json};
use crate::outbox::mail_due;
use crate::rows::{Statement, row_set};
use std::sync::LazyLock;
use stepwright_app::{Commit, Dataset, DeliveryState};
use uuid::Uuid;

row_set! {
    struct MailRow<'a> {
        id: Uuid,
        tenant_id: Uuid,
        execution_id: Option<Uuid>,
        dedupe_key: &'a str,
        message: &'a str,
        state: &'a str,
        next_at: Option<i64>,
        created_at: i64,
    }
}

static MAILS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<MailRow>(
        "INSERT INTO mails (id, tenant_id, execution_id, dedupe_key, message, state, next_at, created_at)
         SELECT r.id, r.tenant_id, r.execution_id, r.dedupe_key, r.message, r.state, r.next_at, r.created_at
         FROM {rows} WHERE TRUE ON CONFLICT DO NOTHING",
    )
});

row_set! {
    struct NoteRow<'a> {
        tenant_id: Uuid,
        dataset: &'a str,
        id: &'a str,
        value: &'a str,
        dedupe_key: &'a str,
        at: i64,
    }
}

static NOTES: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<NoteRow>(
        "INSERT INTO data_rows (tenant_id, dataset, id, version, value, dedupe_key, updated_at)
         SELECT r.tenant_id, r.dataset, r.id, 1, r.value, r.dedupe_key, r.at FROM {rows} WHERE TRUE
         ON CONFLICT DO NOTHING",
    )
});

row_set! {
    struct EmittedRow<'a> {
        id: Uuid,
        tenant_id: Uuid,
        kind: &'a str,
        data: &'a str,
        source: Uuid,
        depth: i64,
        at: i64,
    }
}

static EMITTED: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<EmittedRow>(
        "INSERT INTO emitted_events (id, tenant_id, kind, data, source, depth, created_at)
         SELECT r.id, r.tenant_id, r.kind, r.data, r.source, r.depth, r.at FROM {rows} WHERE TRUE
         ON CONFLICT DO NOTHING",
    )
});

row_set! {
    struct EventRow<'a> {
        id: Uuid,
        tenant_id: Uuid,
        dialect: &'a str,
        kind: &'a str,
        body: &'a str,
        created_at: i64,
    }
}

static EVENTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<EventRow>(
        "INSERT INTO webhook_events (id, tenant_id, dialect, kind, body, created_at)
         SELECT r.id, r.tenant_id, r.dialect, r.kind, r.body, r.created_at FROM {rows} WHERE TRUE
         ON CONFLICT DO NOTHING",
    )
});

row_set! {
    struct DeliveryRow<'a> {
        id: Uuid,
        tenant_id: Uuid,
        endpoint_id: Uuid,
        event_id: Uuid,
        stream_id: Uuid,
        position: i64,
        state: &'a str,
        at: i64,
    }
}

static DELIVERIES: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<DeliveryRow>(
        "INSERT INTO deliveries (id, tenant_id, endpoint_id, event_id, stream_id, position, state, next_at, attempts,
            created_at)
         SELECT r.id, r.tenant_id, r.endpoint_id, r.event_id, r.stream_id, r.position, r.state, r.at, 0, r.at
         FROM {rows} WHERE TRUE ON CONFLICT DO NOTHING",
    )
});

/// Writes all of them.
pub(super) async fn write(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    write_mails(going, conn).await?;
    write_notifications(going, conn).await?;
    write_emitted(going, conn).await?;
    write_webhooks(going, conn).await
}

async fn write_mails(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let rows: Vec<MailRow<'_>> = going
        .iter()
        .flat_map(|p| p.commit.effects.mails.iter().zip(&p.mails).map(|(mail, texts)| (&p.commit, mail, texts)))
        .map(|(commit, mail, (message, state))| MailRow {
            id: mail.id.uuid(),
            tenant_id: commit.tenant_id.uuid(),
            execution_id: mail.execution_id.map(|id| id.uuid()),
            dedupe_key: &mail.dedupe_key,
            message,
            state,
            next_at: mail_due(&mail.state),
            created_at: mail.created_at.micros(),
        })
        .collect();
    MAILS.execute(conn.parts(), &rows).await?;
    Ok(())
}

async fn write_notifications(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let ids: Vec<(&Commit, String, &str, &str)> = going
        .iter()
        .flat_map(|p| {
            let notes = p.commit.effects.notifications.iter().zip(&p.notifications);
            notes.map(|(note, value)| (&p.commit, note.id.to_string(), note.dedupe_key.as_str(), value.as_str()))
        })
        .collect();
    let rows: Vec<NoteRow<'_>> = ids
        .iter()
        .map(|(commit, id, dedupe_key, value)| NoteRow {
            tenant_id: commit.tenant_id.uuid(),
            dataset: Dataset::Notifications.as_str(),
            id,
            value,
            dedupe_key,
            at: commit.at.micros(),
        })
        .collect();
    NOTES.execute(conn.parts(), &rows).await?;
    Ok(())
}

async fn write_emitted(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let rows: Vec<EmittedRow<'_>> = going
        .iter()
        .flat_map(|p| p.commit.effects.emitted.iter().map(|event| (&p.commit, event)))
        .map(|(commit, event)| EmittedRow {
            id: event.id.uuid(),
            tenant_id: commit.tenant_id.uuid(),
            kind: &event.kind,
            data: event.data.as_str(),
            source: event.source.uuid(),
            depth: i64::from(event.depth),
            at: commit.at.micros(),
        })
        .collect();
    EMITTED.execute(conn.parts(), &rows).await?;
    Ok(())
}

async fn write_webhooks(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let mut events = Vec::new();
    let mut sent = Vec::new();
    for commit in going.iter().map(|p| &p.commit).filter(|commit| !commit.webhooks.is_empty()) {
        let state = write_json(&DeliveryState::Pending { next_at: commit.at })?;
        for (place, (event, endpoints)) in commit.webhooks.iter().enumerate() {
            events.push(EventRow {
                id: event.id.uuid(),
                tenant_id: commit.tenant_id.uuid(),
                dialect: event.dialect.as_str(),
                kind: &event.kind,
                body: event.body.as_str(),
                created_at: event.created_at.micros(),
            });
            sent.extend(
                endpoints.iter().map(|endpoint| (commit, place, event.id.uuid(), endpoint.uuid(), state.clone())),
            );
        }
    }
    let deliveries: Vec<DeliveryRow<'_>> = sent
        .iter()
        .map(|(commit, place, event, endpoint, state)| {
            let (stream_id, position) = stream(commit, *place, *event);
            DeliveryRow {
                id: delivery_id(*event, *endpoint),
                tenant_id: commit.tenant_id.uuid(),
                endpoint_id: *endpoint,
                event_id: *event,
                stream_id,
                position,
                state,
                at: commit.at.micros(),
            }
        })
        .collect();
    EVENTS.execute(conn.parts(), &events).await?;
    DELIVERIES.execute(conn.parts(), &deliveries).await?;
    Ok(())
}

/// The stream a webhook belongs to and its position there: by the execution's version, which no clock can upset, then
/// by its place in the commit.
fn stream(commit: &Commit, place: usize, event: Uuid) -> (Uuid, i64) {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    match commit.executions.first() {
        Some(write) => {
            let version = i64::try_from(write.next.version).unwrap_or(i64::MAX);
            (write.next.id.uuid(), version.saturating_mul(1 << 16).saturating_add(place))
        }
        None => (event, place),
    }
}

/// A delivery's id follows from its event and its endpoint, and sorts by time where the event's does. FNV-1a mixes the
/// two, since neighbouring ids must not give the same result.
fn delivery_id(event: Uuid, endpoint: Uuid) -> Uuid {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = event.as_bytes().iter().chain(endpoint.as_bytes());
    let hash = bytes.fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME));
    // The first 48 bits of a version 7 id are its time.
    let time = event.as_u128() >> 80 << 80;
    uuid::Builder::from_u128(time | (hash >> 48)).with_version(uuid::Version::Custom).into_uuid()
}
