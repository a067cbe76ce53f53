//! Lists: newest first, by offset and by cursor, never a row twice or left out.

use crate::support::{Bed, T0, at, on_both};
use stepwright_app::ports::{ExecutionFilter, ExecutionStore as _};
use stepwright_app::{Cursor, Paging, Wake};
use stepwright_engine::ExecutionId;

on_both!(
    offsets_and_cursors_walk_the_same_list,
    executions_are_listed_by_definition_dialect_and_status,
    open_executions_of_a_definition_come_newest_first,
    an_execution_is_pinned_until_it_ends,
);

async fn offsets_and_cursors_walk_the_same_list(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut expected = Vec::new();
    for n in 0..23 {
        // Several at the same instant: the id decides.
        expected.push(bed.execution(&definition, at(n / 5), Wake::Never).await.execution.id);
    }
    expected.reverse();
    let filter = ExecutionFilter::default();
    let mut by_cursor: Vec<ExecutionId> = Vec::new();
    let mut cursor = None;
    loop {
        let page = bed.db.execution_summaries(tenant, &filter, Paging::After { limit: 4, cursor }).await.unwrap();
        cursor = page.items.last().map(|s| Cursor { at: s.created_at, id: s.id.uuid() });
        by_cursor.extend(page.items.iter().map(|s| s.id));
        if !page.has_more {
            break;
        }
    }
    assert_eq!(by_cursor, expected);
    let mut by_offset = Vec::new();
    for offset in [0, 10, 20] {
        let page = bed.db.executions(tenant, &filter, Paging::Offset { limit: 10, offset }).await.unwrap();
        assert_eq!(page.has_more, offset < 20);
        by_offset.extend(page.items.into_iter().map(|e| e.id));
    }
    assert_eq!(by_offset, expected);
    let beyond = bed.db.executions(tenant, &filter, Paging::Offset { limit: 10, offset: 99 }).await.unwrap();
    assert!(beyond.items.is_empty() && !beyond.has_more);
}

async fn executions_are_listed_by_definition_dialect_and_status(bed: &Bed) {
    use crate::support::commit_of;
    use stepwright_app::ports::CommitStore as _;
    use stepwright_engine::Dialect;
    let tenant = bed.tenant("acme").await;
    let (one, mut two) = (bed.definition(tenant).await, bed.new_definition(tenant));
    two.dialect = Dialect::Epilot;
    let pending = bed.execution(&one, at(1), Wake::Never).await;
    let running = bed.execution(&one, at(2), Wake::Never).await;
    bed.db.commit(running.step(at(3), Wake::Never)).await.unwrap();
    let (foreign, events) = bed.start(&two, at(4));
    bed.db.commit(commit_of(crate::support::write(0, foreign.clone(), events, Wake::Never), at(4))).await.unwrap();
    let list = async |dialect, definition, statuses: &[&str]| {
        let statuses = statuses.iter().map(|s| (*s).to_owned()).collect();
        let filter = ExecutionFilter { dialect, definition, statuses };
        let page = Paging::Offset { limit: 10, offset: 0 };
        let whole = bed.db.executions(tenant, &filter, page).await.unwrap();
        let summaries = bed.db.execution_summaries(tenant, &filter, page).await.unwrap();
        let ids: Vec<_> = whole.items.iter().map(|e| e.id).collect();
        assert_eq!(ids, summaries.items.iter().map(|s| s.id).collect::<Vec<_>>());
        ids
    };
    let (pending, running) = (pending.execution.id, running.execution.id);
    assert_eq!(list(None, None, &[]).await, [foreign.id, running, pending]);
    assert_eq!(list(None, Some(one.id), &[]).await, [running, pending]);
    assert_eq!(list(Some(Dialect::Epilot), None, &[]).await, [foreign.id]);
    assert_eq!(list(Some(Dialect::Epilot), Some(one.id), &[]).await, []);
    assert_eq!(list(None, None, &["running"]).await, [running]);
    assert_eq!(list(None, Some(one.id), &["pending", "failed"]).await, [pending]);
    let page = Paging::After { limit: 1, cursor: None };
    let summary = bed.db.execution_summaries(tenant, &ExecutionFilter::default(), page).await.unwrap();
    assert!(summary.has_more);
    let summary = &summary.items[0];
    assert_eq!((summary.status.as_str(), summary.kind.as_str()), ("pending", "flow"));
    assert_eq!((summary.created_at, summary.updated_at, summary.ended_at), (at(4), at(4), None));
}

async fn open_executions_of_a_definition_come_newest_first(bed: &Bed) {
    use stepwright_app::ports::CommitStore as _;
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut ended = bed.execution(&definition, T0, Wake::Never).await;
    for secs in 1..=3 {
        bed.db.commit(ended.step(at(secs), Wake::Never)).await.unwrap();
        ended = ended.advanced(at(secs));
    }
    assert!(ended.execution.status.is_final());
    let mut open = Vec::new();
    for secs in 4..=6 {
        open.push(bed.execution(&definition, at(secs), Wake::Never).await.execution.id);
    }
    open.reverse();
    assert_eq!(bed.db.open_executions_of(tenant, definition.id, 10).await.unwrap(), open);
    assert_eq!(bed.db.open_executions_of(tenant, definition.id, 2).await.unwrap(), open[..2]);
    assert_eq!(bed.db.open_executions(tenant).await.unwrap(), 3);
}

async fn an_execution_is_pinned_until_it_ends(bed: &Bed) {
    use stepwright_app::ports::CommitStore as _;
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut loaded = bed.execution(&definition, T0, Wake::Never).await;
    let digest = "ab".repeat(32);
    assert!(bed.db.is_pinned(tenant, "core", &digest).await.unwrap());
    assert!(!bed.db.is_pinned(tenant, "other", &digest).await.unwrap());
    assert!(!bed.db.is_pinned(tenant, "core", &"cd".repeat(32)).await.unwrap());
    for secs in 1..=3 {
        bed.db.commit(loaded.step(at(secs), Wake::Never)).await.unwrap();
        loaded = loaded.advanced(at(secs));
    }
    assert!(!bed.db.is_pinned(tenant, "core", &digest).await.unwrap());
}
