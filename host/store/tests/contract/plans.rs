//! Plans: what is asked all the time costs the same however many executions have ended, with and without statistics.
//!
//! A query joins by a line of its own in [`Filled::make`].

use crate::flow_lists;
use crate::support::{Bed, Cases, May, T0, Watch, at, commit_of, json, on_both, write};
use async_trait::async_trait;
use serde_json::json as value;
use stepwright_app::face::CoreStatus;
use stepwright_app::ports::{
    CommitStore as _, DataStore as _, DefinitionFilter, DefinitionStore as _, EventStore as _, ExecutionFilter,
    ExecutionListStore as _, ExecutionStore as _, FlowStore as _, IdempotencyStore as _, OutboxStore as _,
    ScheduleStore as _, TenantStore as _, TitleQuery, UsageStore as _, WebhookStore as _,
};
use stepwright_app::{
    Commit, Cursor, Effects, Emitted, EntitySeen, EntityWrite, FlowContexts, MailState, Message, OutboxMail, Paging,
    Precondition, StartKey, Wake,
};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{
    Definition, Dialect, EmittedEventId, EndpointId, Execution, ExecutionId, ExecutionStatus, HistoryEvent, MailId,
    TenantId,
};

on_both!(hot_queries_look_at_few_rows_however_many_there_are);

/// Executions of each kind and tenant; several times what a plan may look at.
const MANY: u64 = 1_500;
/// The page that is asked for.
const PAGE: Paging = Paging::After { limit: 20, cursor: None };

struct Filled {
    tenants: Vec<(TenantId, Definition)>,
    busy: TenantId,
    definition: Definition,
    open: Vec<ExecutionId>,
    endpoint: EndpointId,
}

async fn hot_queries_look_at_few_rows_however_many_there_are(bed: &Bed) {
    let filled = begin(bed).await;
    bed.watched(&filled).await;
}

/// Four tenants with a definition each, and a few executions of the second's.
async fn begin(bed: &Bed) -> Filled {
    let mut tenants = Vec::new();
    for slug in ["ended", "busy", "ended-too", "calm"] {
        let tenant = bed.tenant(slug).await;
        tenants.push((tenant, bed.definition(tenant).await));
    }
    let (busy, definition) = tenants[1].clone();
    let endpoint = bed.endpoint(busy).await.id;
    bed.db.put_entity(busy, "deal", "2", &json(value!({})), Some(0), T0).await.unwrap();
    let mut open = Vec::new();
    for _ in 0..20 {
        let wake = Wake::Leased { holder: bed.node(), until: at(3_600) };
        open.push(bed.execution(&definition, at(600), wake).await.execution.id);
    }
    Filled { tenants, busy, definition, open, endpoint }
}

#[async_trait]
impl Cases for Filled {
    /// What is asked for every execution, every look for work or every page.
    async fn make(&self, watch: &mut Watch) {
        use May::{LookUp, Sort, Walk};
        let bed = watch.bed.clone();
        let db = &bed.db;
        let (busy, of, one) = (self.busy, self.definition.id, self.open[0]);
        let node = bed.node();
        let later = Paging::After { limit: 20, cursor: Some(Cursor { at: at(700), id: one.uuid() }) };
        let filter = |definition| ExecutionFilter { definition, ..ExecutionFilter::default() };

        watch.case("claim", Sort, db.claim_due(at(2), node, at(60), 8, 4, &[])).await;
        watch.case("claim, nothing due", Sort, db.claim_due(T0, node, at(60), 8, 4, &[])).await;
        watch.case("next wake", Walk, db.next_wake()).await;
        watch.case("renew", LookUp, db.renew_leases(node, &self.open, at(90))).await;
        watch.case("release", Walk, db.release_leases(node, at(2))).await;
        watch.case("held execution", LookUp, db.held_execution(busy, one, node)).await;
        watch.case("execution", LookUp, db.execution(busy, one)).await;
        watch.case("open executions", LookUp, db.open_executions(busy)).await;
        watch.case("open executions of a definition", LookUp, db.open_executions_of(busy, of, 2)).await;
        watch.case("newest executions", LookUp, db.executions(busy, &filter(None), PAGE)).await;
        watch.case("executions, next page", LookUp, db.execution_summaries(busy, &filter(None), later)).await;
        watch.case("of a definition", LookUp, db.executions(busy, &filter(Some(of)), PAGE)).await;
        watch.case("of a definition, next page", LookUp, db.executions(busy, &filter(Some(of)), later)).await;
        watch.case("history", LookUp, db.history(busy, one, 700, 20)).await;
        watch.case("open flows of an entity", LookUp, db.open_flows_of(busy, "deal", "1", None, 20)).await;
        watch.case("flows of an entity", Sort, db.flows_of(busy, Some("deal"), "1", 20)).await;
        watch.case("flows of an entity in any schema", Sort, db.flows_of(busy, None, "1", 20)).await;
        let named = [deal("1"), deal("2"), deal("3")];
        watch.case("entities with open flows", LookUp, db.entities_with_open_flows(busy, &named)).await;
        watch.case("entities by name", LookUp, db.entities_named(busy, &named)).await;
        watch.case("entities", LookUp, db.entities(busy, "deal", Some("2"), 20)).await;
        watch.case("flows of each entity", Sort, db.flows_of_each(busy, &named, 3)).await;
        watch.case("flows to list", Walk, db.flows_to_list(20)).await;
        flow_lists::watch(watch, busy).await;
        watch.case("due schedules", LookUp, db.due_schedules(at(5), 10)).await;
        watch.case("next tick", Walk, db.next_tick()).await;
        watch.case("schedule states", LookUp, db.schedule_states(busy, &[of])).await;
        watch.case("definitions", LookUp, db.definitions(busy, &DefinitionFilter::default(), PAGE)).await;
        watch.case("definitions of an event", Sort, db.definitions_for_event(busy, "invoice.paid")).await;
        watch.case("claim mails", Sort, db.claim_mails(at(5), at(30), 4)).await;
        watch.case("mails", LookUp, db.mails(busy, PAGE)).await;
        watch.case("claim deliveries", Sort, db.claim_deliveries(at(5), at(30), 4)).await;
        watch.case("deliveries", LookUp, db.deliveries(busy, self.endpoint, PAGE)).await;
        watch.case("unhandled events", Walk, db.unhandled_events(20)).await;
        watch.case("sweep", Walk, db.sweep(T0, 100)).await;
        watch.case("usage", LookUp, db.usage(busy, "2027-01-01", "2027-01-31")).await;
        watch.case("change counter", LookUp, db.change_counter()).await;

        let titles = TitleQuery { dialects: Dialect::ALL.into(), statuses: CoreStatus::ALL.into(), ascending: false };
        watch.case("titles", Sort, db.titles(busy, &titles, Some((at(700), one)), 20)).await;

        let step = bed.execution(&self.definition, at(800), Wake::Leased { holder: node, until: at(900) }).await;
        // It sorts what goes to the bill, for its locks' sake.
        watch.case("a step's commit", Sort, db.commit(step.step(at(801), Wake::Never))).await;
        let (execution, events) = bed.start(&self.definition, at(802));
        let contexts = vec![FlowContexts {
            execution: execution.id,
            started: StartKey::of(at(802), execution.id),
            entities: vec![deal("2")],
        }];
        let mut start = commit_of(write(0, execution, events, Wake::Never), at(802));
        start.effects.contexts = contexts;
        let untold = EntityWrite { schema: "deal".into(), id: "3".into(), attributes: json(value!({})), expected: 0 };
        start.effects.seen = vec![EntitySeen { entity: deal("2"), version: 1 }];
        let fresh = db.entity(busy, "deal", "3").await.unwrap();
        start.effects.untold = vec![untold.entity()];
        start.effects.entities = vec![EntityWrite { expected: fresh.map_or(0, |e| e.version), ..untold }];
        let since = Precondition::NoExecutionSince { definition: of, since: at(802) };
        watch.case("a start's commit", Sort, db.commit(Commit { preconditions: vec![since], ..start })).await;
    }

    /// Very many executions that have ended, in tenants before, between and behind two with a few open ones: whoever looks
    /// for what is open must not walk over what has ended.
    async fn fill(&self, bed: &Bed) {
        let (tenants, busy) = (&self.tenants, self.busy);
        for (tenant, definition) in &tenants[..3] {
            let told = (*tenant == busy).then_some(self.endpoint);
            let all = (0..MANY).map(|n| ended(bed, definition, n, told)).collect();
            bed.commit_all(all).await.into_iter().for_each(|done| done.unwrap());
        }
        bed.administer(
            "UPDATE mails SET next_at = NULL WHERE dedupe_key NOT LIKE '%00';
             UPDATE deliveries SET next_at = NULL WHERE id NOT IN (SELECT id FROM deliveries ORDER BY id LIMIT 10)",
        )
        .await;
        for _ in 0..MANY / 2 {
            bed.db.insert_definition(&bed.new_definition(busy), Some(at(100_000))).await.unwrap();
        }
        for n in 0..40 {
            let (_, definition) = &tenants[1 + n % 2 * 2];
            bed.execution(definition, at(600), Wake::At(at(1))).await;
        }
        // One with a long history.
        let one = bed.db.execution(busy, self.open[0]).await.unwrap().unwrap();
        let line = bed.start(&self.definition, T0).1.remove(0);
        let events = (2..MANY).map(|seq| HistoryEvent { seq, ..line.clone() }).collect();
        let next = Execution { version: one.version + 1, ..one.clone() };
        let mut long = commit_of(write(one.version, next, events, Wake::Never), at(600));
        long.effects.contexts = vec![FlowContexts {
            execution: one.id,
            started: StartKey::of(one.created_at, one.id),
            entities: vec![deal("1")],
        }];
        bed.db.commit(long).await.unwrap();
    }
}

fn deal(id: &str) -> EntityRef {
    EntityRef { schema: "deal".into(), id: id.into() }
}

/// An execution that has ended and has left everything behind that one can.
fn ended(bed: &Bed, definition: &Definition, n: u64, told: Option<EndpointId>) -> Commit {
    let (mut execution, events) = bed.start(definition, at(n / 3));
    execution.status = ExecutionStatus::Completed { at: at(n / 3 + 1) };
    let (id, tenant_id) = (execution.id, execution.tenant_id);
    let mail = OutboxMail {
        id: MailId::fresh(&*bed.ids),
        tenant_id,
        execution_id: Some(id),
        dedupe_key: n.to_string(),
        message: Message {
            to: vec!["a@example.com".into()],
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            subject: "subject".into(),
            text: "text".into(),
            html: None,
        },
        state: MailState::Queued { next_at: at(2), attempts: 0, last_error: None },
        created_at: at(n / 3),
    };
    let emitted = Emitted {
        id: EmittedEventId::fresh(&*bed.ids),
        kind: "invoice.paid".into(),
        data: json(value!({})),
        source: id,
        depth: 0,
    };
    let contexts = vec![FlowContexts {
        execution: id,
        started: StartKey::of(at(n / 3), id),
        entities: vec![deal(&(100 + n).to_string())],
    }];
    let listings = vec![flow_lists::one_of_many(id, StartKey::of(at(n / 3), id), n)];
    let deal = EntityWrite {
        schema: "deal".into(),
        id: (100 + n).to_string(),
        attributes: json(value!({ "n": n })),
        expected: 0,
    };
    let effects = Effects {
        entities: vec![deal],
        mails: vec![mail],
        emitted: vec![emitted],
        contexts,
        listings,
        ..Effects::default()
    };
    let webhooks =
        told.map(|endpoint| (bed.event(tenant_id, "ended", at(n / 3)), vec![endpoint])).into_iter().collect();
    Commit { effects, webhooks, ..commit_of(write(0, execution, events, Wake::Never), at(n / 3)) }
}
