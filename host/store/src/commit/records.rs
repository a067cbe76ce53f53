//! What records are listed by, and how many there are.

use super::prepared::Prepared;
use crate::conn::Conn;
use crate::error::{DbResult, stored};
use crate::rows::{Statement, row_set};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use stepwright_app::{Commit, RecordListing};
use stepwright_engine::Timestamp;
use uuid::Uuid;

/// Counts over all customers.
pub(crate) const OF_ALL: i64 = 0;
/// Counts of one customer.
pub(crate) const OF_CUSTOMER: i64 = 1;

/// Microseconds of a day, as lists are counted by.
pub(crate) const DAY: i64 = 86_400_000_000;

row_set! {
    struct NewRow<'a> {
        execution_id: Uuid,
        tenant_id: Uuid,
        instance_id: Uuid,
        workflow_type: &'a str,
        status: &'a str,
        customer_id: Uuid,
        reference: Option<&'a str>,
        created_at: i64,
        suspended_at: Option<i64>,
    }
}

static INSERT: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<NewRow>(
        "INSERT INTO records (execution_id, tenant_id, instance_id, workflow_type, status, customer_id, reference,
            created_at, suspended_at)
         SELECT r.execution_id, r.tenant_id, r.instance_id, r.workflow_type, r.status, r.customer_id, r.reference,
            r.created_at, r.suspended_at FROM {rows}",
    )
});

row_set! {
    struct MovedRow<'a> { execution_id: Uuid, tenant_id: Uuid, status: &'a str, suspended_at: Option<i64> }
}

static UPDATE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<MovedRow>(
        "UPDATE records SET status = r.status, suspended_at = r.suspended_at FROM {rows}
         WHERE records.execution_id = r.execution_id AND records.tenant_id = r.tenant_id",
    )
});

row_set! {
    struct CountRow<'a> {
        tenant_id: Uuid,
        family: i64,
        customer_id: Uuid,
        instance_id: Uuid,
        workflow_type: &'a str,
        status: &'a str,
        shard: i64,
        n: i64,
    }
}

static COUNT: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<CountRow>(
        "INSERT INTO record_counts (tenant_id, family, customer_id, instance_id, workflow_type, status, shard, n)
         SELECT r.tenant_id, r.family, r.customer_id, r.instance_id, r.workflow_type, r.status, r.shard, r.n
         FROM {rows} WHERE TRUE
         ON CONFLICT (tenant_id, family, customer_id, instance_id, workflow_type, status, shard)
         DO UPDATE SET n = record_counts.n + excluded.n",
    )
});

row_set! {
    struct DayRow<'a> {
        tenant_id: Uuid,
        instance_id: Uuid,
        workflow_type: &'a str,
        status: &'a str,
        day: i64,
        shard: i64,
        n: i64,
    }
}

static COUNT_DAYS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<DayRow>(
        "INSERT INTO record_days (tenant_id, instance_id, workflow_type, status, day, shard, n)
         SELECT r.tenant_id, r.instance_id, r.workflow_type, r.status, r.day, r.shard, r.n FROM {rows} WHERE TRUE
         ON CONFLICT (tenant_id, instance_id, workflow_type, status, day, shard)
         DO UPDATE SET n = record_days.n + excluded.n",
    )
});

/// Writes the rows of records that are opened or whose status moves.
pub(super) async fn write(going: &[&Prepared], conn: &mut Conn<'_>, shard: u64) -> DbResult<()> {
    let listings: Vec<Listed<'_>> = going
        .iter()
        .flat_map(|p| p.commit.effects.records.iter().map(|listing| (&p.commit, listing, reference(listing))))
        .collect();
    if listings.is_empty() {
        return Ok(());
    }
    let mut new: Vec<NewRow<'_>> = listings
        .iter()
        .filter(|(_, listing, _)| listing.before.is_none())
        .map(|(commit, listing, reference)| NewRow {
            execution_id: listing.execution.uuid(),
            tenant_id: commit.tenant_id.uuid(),
            instance_id: listing.instance.uuid(),
            workflow_type: listing.workflow_type.as_str(),
            status: listing.status.as_str(),
            customer_id: listing.customer.uuid(),
            reference: reference.as_deref(),
            created_at: listing.created_at.micros(),
            suspended_at: listing.suspended_at.map(Timestamp::micros),
        })
        .collect();
    let mut moved: Vec<MovedRow<'_>> = listings
        .iter()
        .filter(|(_, listing, _)| listing.before.is_some())
        .map(|(commit, listing, _)| MovedRow {
            execution_id: listing.execution.uuid(),
            tenant_id: commit.tenant_id.uuid(),
            status: listing.status.as_str(),
            suspended_at: listing.suspended_at.map(Timestamp::micros),
        })
        .collect();
    new.sort_unstable_by_key(|row| row.execution_id);
    moved.sort_unstable_by_key(|row| row.execution_id);
    INSERT.execute(conn.parts(), &new).await?;
    UPDATE.execute(conn.parts(), &moved).await?;
    COUNT.execute(conn.parts(), &counts(&listings, shard)).await?;
    COUNT_DAYS.execute(conn.parts(), &days(&listings, shard)).await?;
    Ok(())
}

/// What moves, of which commit, with its reference as it is stored.
type Listed<'a> = (&'a Commit, &'a RecordListing, Option<Cow<'a, str>>);

/// PostgreSQL's texts cannot hold a NUL; the document, in which it is escaped, keeps it.
fn reference(listing: &RecordListing) -> Option<Cow<'_, str>> {
    let reference = listing.reference.as_deref()?;
    Some(if reference.contains('\0') { reference.replace('\0', "\u{fffd}").into() } else { reference.into() })
}

/// What changes of counts whose keys `keys` gives for a status: one more of the status a record has now, one less of the
/// one it had. In the order of the key, so that committers never wait for each other in a circle.
fn sums<'a, K: Ord>(
    listings: &[Listed<'a>],
    keys: impl Fn(&Commit, &'a RecordListing, &'a str) -> [K; 2],
) -> impl Iterator<Item = (K, i64)> {
    let mut sums: BTreeMap<K, i64> = BTreeMap::new();
    for (commit, listing, _) in listings {
        let less = listing.before.map(|before| (before, -1));
        for (status, n) in [(listing.status, 1)].into_iter().chain(less) {
            for key in keys(commit, listing, status.as_str()) {
                *sums.entry(key).or_default() += n;
            }
        }
    }
    sums.into_iter().filter(|(_, n)| *n != 0)
}

/// One row per count that changes.
fn counts<'a>(listings: &[Listed<'a>], shard: u64) -> Vec<CountRow<'a>> {
    let keys = |commit: &Commit, listing: &'a RecordListing, status: &'a str| {
        [(OF_ALL, Uuid::nil()), (OF_CUSTOMER, listing.customer.uuid())].map(|(family, customer)| {
            let (tenant, instance) = (commit.tenant_id.uuid(), listing.instance.uuid());
            (tenant, family, customer, instance, listing.workflow_type.as_str(), status)
        })
    };
    let row = |((tenant_id, family, customer_id, instance_id, workflow_type, status), n)| CountRow {
        tenant_id,
        family,
        customer_id,
        instance_id,
        workflow_type,
        status,
        // Two committers seldom meet at one customer, and a customer's counts should be few rows.
        shard: if family == OF_ALL { stored(shard) } else { 0 },
        n,
    };
    sums(listings, keys).map(row).collect()
}

/// As [`counts`], by the day the record was opened on.
fn days<'a>(listings: &[Listed<'a>], shard: u64) -> Vec<DayRow<'a>> {
    let keys = |commit: &Commit, listing: &'a RecordListing, status: &'a str| {
        let (tenant, day) = (commit.tenant_id.uuid(), listing.created_at.micros() / DAY);
        [Uuid::nil(), listing.instance.uuid()]
            .map(|instance| (tenant, instance, listing.workflow_type.as_str(), status, day))
    };
    let row = |((tenant_id, instance_id, workflow_type, status, day), n)| DayRow {
        tenant_id,
        instance_id,
        workflow_type,
        status,
        day,
        shard: stored(shard),
        n,
    };
    sums(listings, keys).map(row).collect()
}
