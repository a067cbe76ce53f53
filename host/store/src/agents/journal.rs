//! Writing to a journal: rows, long texts, budgets, questions and the run itself, all or nothing.

use super::memory;
use crate::conn::{Conn, affected, on};
use crate::error::{DbError, DbResult, stored, write_json};
use crate::rows::{Statement, row_set};
use sqlx::FromRow;
use std::sync::LazyLock;
use stepwright_app::ports::JournalError;
use stepwright_app::{ConfirmationState, JournalWrite, Spend};
use stepwright_engine::TenantId;
use stepwright_engine::agent::{Amounts, Dimension};
use uuid::Uuid;

row_set! {
    struct EntryRow<'a> {
        tenant_id: Uuid,
        run_id: &'a str,
        seq: i64,
        ordinal: i64,
        phase: i64,
        kind: &'a str,
        request: &'a str,
        body: &'a str,
        hash: &'a str,
    }
}

static ENTRIES: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<EntryRow>(
        "INSERT INTO agent_journal (tenant_id, run_id, seq, ordinal, phase, kind, request, body, hash)
         SELECT r.tenant_id, r.run_id, r.seq, r.ordinal, r.phase, r.kind, r.request, r.body, r.hash
         FROM {rows} WHERE TRUE",
    )
});

row_set! {
    struct BlobRow<'a> { tenant_id: Uuid, run_id: &'a str, hash: &'a str, content: &'a str }
}

static BLOBS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<BlobRow>(
        "INSERT INTO agent_blobs (tenant_id, run_id, hash, content)
         SELECT r.tenant_id, r.run_id, r.hash, r.content FROM {rows} WHERE TRUE ON CONFLICT DO NOTHING",
    )
});

impl From<DbError> for JournalError {
    fn from(error: DbError) -> Self {
        Self::Store(error.into())
    }
}

/// Appends inside a transaction, which must be undone on any error.
pub(crate) async fn append(conn: &mut Conn<'_>, write: &JournalWrite) -> Result<(), JournalError> {
    move_head(conn, write).await?;
    for spend in &write.spends {
        self::spend(conn, write.tenant_id, spend).await?;
    }
    if let Some(change) = &write.memory
        && let Err(current) = memory::change(conn, write.tenant_id, change).await?
    {
        return Err(JournalError::Memory(current));
    }
    rows(conn, write).await?;
    for question in &write.questions {
        let doc = write_json(question)?;
        let pending = i64::from(question.state == ConfirmationState::Pending);
        affected!(conn, |c| sqlx::query(
            "INSERT INTO agent_confirmations (id, tenant_id, run_id, pending, doc, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)"
        )
        .bind(question.id.uuid())
        .bind(question.tenant_id.uuid())
        .bind(&question.run)
        .bind(pending)
        .bind(&doc)
        .bind(question.asked_at.micros())
        .execute(c))?;
    }
    Ok(())
}

/// The compare-and-swap by which one of several hosts owns a run.
async fn move_head(conn: &mut Conn<'_>, write: &JournalWrite) -> Result<(), JournalError> {
    let doc = write.next.as_deref().map(write_json).transpose()?;
    let (head, expected) = (write.head.to_string(), write.expected.to_string());
    let wakes = write.wake_at.is_some();
    let wake_at = write.wake_at.flatten().map(|at| at.micros());
    let moved = affected!(conn, |c| sqlx::query(
        "UPDATE agent_runs SET head = $4, doc = COALESCE($5, doc),
            wake_at = CASE WHEN $6 THEN $7 ELSE wake_at END
         WHERE tenant_id = $1 AND id = $2 AND head = $3"
    )
    .bind(write.tenant_id.uuid())
    .bind(&write.run)
    .bind(&expected)
    .bind(&head)
    .bind(&doc)
    .bind(wakes)
    .bind(wake_at)
    .execute(c))?;
    if moved == 0 { Err(JournalError::Stale) } else { Ok(()) }
}

async fn rows(conn: &mut Conn<'_>, write: &JournalWrite) -> DbResult<()> {
    let tenant_id = write.tenant_id.uuid();
    let hashes: Vec<[String; 2]> =
        write.entries.iter().map(|entry| [entry.request.to_string(), entry.hash.to_string()]).collect();
    let entries: Vec<EntryRow<'_>> = write
        .entries
        .iter()
        .zip(&hashes)
        .map(|(entry, [request, hash])| EntryRow {
            tenant_id,
            run_id: &write.run,
            seq: stored(entry.seq),
            ordinal: i64::from(entry.ordinal),
            phase: i64::from(entry.phase.code()),
            kind: &entry.kind,
            request,
            body: &entry.body,
            hash,
        })
        .collect();
    ENTRIES.execute(conn.parts(), &entries).await?;
    let hashes: Vec<String> = write.blobs.iter().map(|(hash, _)| hash.to_string()).collect();
    let blobs: Vec<BlobRow<'_>> = write
        .blobs
        .iter()
        .zip(&hashes)
        .map(|((_, content), hash)| BlobRow { tenant_id, run_id: &write.run, hash, content })
        .collect();
    BLOBS.execute(conn.parts(), &blobs).await?;
    Ok(())
}

/// One row of counters.
#[derive(Clone, Copy, Debug, Default, FromRow)]
pub(super) struct SpentRow {
    llm_calls: i64,
    tool_calls: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost_micros: i64,
    wall_ms: i64,
    fuel: i64,
    bytes: i64,
}

impl From<SpentRow> for Amounts {
    fn from(row: SpentRow) -> Self {
        let read = |value| u64::try_from(value).unwrap_or_default();
        Self {
            llm_calls: read(row.llm_calls),
            tool_calls: read(row.tool_calls),
            input_tokens: read(row.input_tokens),
            output_tokens: read(row.output_tokens),
            cost_micros: read(row.cost_micros),
            wall_ms: read(row.wall_ms),
            fuel: read(row.fuel),
            bytes: read(row.bytes),
        }
    }
}

/// Spends, unless it would be too much: the check is part of the statement.
async fn spend(conn: &mut Conn<'_>, tenant: TenantId, spend: &Spend) -> Result<(), JournalError> {
    if spend.more.is_nothing() && spend.back.is_nothing() {
        return Ok(());
    }
    let (level, name) = spend.key.columns();
    affected!(conn, |c| sqlx::query(
        "INSERT INTO agent_budgets (tenant_id, level, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    )
    .bind(tenant.uuid())
    .bind(level)
    .bind(&name)
    .execute(c))?;
    // What comes to it, and what it may come to.
    let [d1, d2, d3, d4, d5, d6, d7, d8] = Dimension::ALL
        .map(|dimension| stored(spend.more.get(dimension)).saturating_sub(stored(spend.back.get(dimension))));
    let [m1, m2, m3, m4, m5, m6, m7, m8] = Dimension::ALL.map(|dimension| match spend.limits.get(dimension) {
        // What is not asked for is not refused, however little is left of it.
        Some(limit) if spend.more.get(dimension) > 0 => stored(limit),
        _ => i64::MAX,
    });
    let done = affected!(conn, |c| sqlx::query(
        "UPDATE agent_budgets SET llm_calls = llm_calls + $4, tool_calls = tool_calls + $5,
            input_tokens = input_tokens + $6, output_tokens = output_tokens + $7, cost_micros = cost_micros + $8,
            wall_ms = wall_ms + $9, fuel = fuel + $10, bytes = bytes + $11
         WHERE tenant_id = $1 AND level = $2 AND name = $3
            AND llm_calls + $4 <= $12 AND tool_calls + $5 <= $13 AND input_tokens + $6 <= $14
            AND output_tokens + $7 <= $15 AND cost_micros + $8 <= $16 AND wall_ms + $9 <= $17
            AND fuel + $10 <= $18 AND bytes + $11 <= $19"
    )
    .bind(tenant.uuid())
    .bind(level)
    .bind(&name)
    .bind(d1)
    .bind(d2)
    .bind(d3)
    .bind(d4)
    .bind(d5)
    .bind(d6)
    .bind(d7)
    .bind(d8)
    .bind(m1)
    .bind(m2)
    .bind(m3)
    .bind(m4)
    .bind(m5)
    .bind(m6)
    .bind(m7)
    .bind(m8)
    .execute(c))?;
    if done > 0 {
        return Ok(());
    }
    let spent = spent(conn, tenant, level, &name).await?;
    let dimension = spend.limits.exceeded(&spent, &spend.more).unwrap_or(Dimension::Bytes);
    Err(JournalError::Exhausted { level, dimension })
}

/// What stands in one row of counters.
pub(super) async fn spent(conn: &mut Conn<'_>, tenant: TenantId, level: &str, name: &str) -> DbResult<Amounts> {
    let row = on!(conn, |c| sqlx::query_as::<_, SpentRow>(
        "SELECT llm_calls, tool_calls, input_tokens, output_tokens, cost_micros, wall_ms, fuel, bytes
         FROM agent_budgets WHERE tenant_id = $1 AND level = $2 AND name = $3"
    )
    .bind(tenant.uuid())
    .bind(level)
    .bind(name)
    .fetch_optional(c))?;
    Ok(row.map(Amounts::from).unwrap_or_default())
}
