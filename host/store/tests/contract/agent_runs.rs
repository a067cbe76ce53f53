//! Runs of agents: journals that only their owner moves on, and budgets that nobody overdraws.

use crate::support::{Bed, T0, at, json, on_both};
use serde_json::json as value;
use stepwright_app::ports::{
    AgentRunStore as _, AgentStore as _, CommitError, CommitStore as _, DataStore as _, JournalError,
};
use stepwright_app::{
    Agent, AgentRun, BudgetKey, Commit, Confirmation, ConfirmationKind, ConfirmationState, Decision, Effects,
    EntityWrite, JournalWrite, MemoryChange, Paging, RunStatus, Spend, UsageDelta, Wake,
};
use stepwright_engine::agent::{Amounts, Dimension, Hash, Journal, Limits, NewEntry, Phase};
use stepwright_engine::{AgentRunId, ConfirmationId, ExecutionId, NodeId, TenantId};

on_both!(
    a_journal_is_what_was_written_and_moves_on_for_its_owner_only,
    rows_texts_questions_memory_and_budget_stand_or_fall_together,
    of_two_who_decide_one_comes_second,
    a_result_is_committed_with_what_the_tool_has_changed_or_not_at_all,
    however_many_spend_at_once_nobody_overdraws,
    what_is_settled_is_given_back,
    a_run_is_due_until_somebody_has_looked,
    memory_has_versions_and_is_listed_by_prefix,
);

const ALL: Paging = Paging::Offset { limit: 100, offset: 0 };

pub fn run_key() -> BudgetKey {
    BudgetKey::Run("run-1".into())
}

/// A run with what its next write needs.
struct Kept {
    run: AgentRun,
    journal: Journal,
}

impl Kept {
    fn write(&self, bodies: &[&str]) -> JournalWrite {
        let entry = |(ordinal, body): (u32, &&str)| NewEntry {
            ordinal,
            phase: Phase::Result,
            kind: "now".into(),
            request: Hash::of_text("x"),
            body: (*body).to_owned(),
        };
        let entries = self.journal.chain((0..).zip(bodies).map(entry));
        JournalWrite {
            tenant_id: self.run.tenant_id,
            run: self.run.id.clone(),
            expected: self.journal.head(),
            head: entries.last().map_or(self.journal.head(), |entry| entry.hash),
            entries,
            blobs: Vec::new(),
            next: None,
            wake_at: None,
            spends: Vec::new(),
            questions: Vec::new(),
            memory: None,
        }
    }
}

fn spend(more: Amounts, limits: Limits) -> Spend {
    Spend { key: run_key(), more, back: Amounts::default(), limits }
}

fn calls(tool_calls: u64) -> Amounts {
    Amounts { tool_calls, ..Amounts::default() }
}

impl Bed {
    fn new_run(&self, agent: &Agent, execution: ExecutionId, id: &str) -> AgentRun {
        AgentRun {
            tenant_id: agent.tenant_id,
            id: id.into(),
            key: AgentRunId::fresh(&*self.ids),
            execution,
            task: NodeId::new("t"),
            attempt: 1,
            agent: agent.clone(),
            digest: "ab".repeat(32),
            outcomes: Vec::new(),
            config: json(value!({})),
            input: json(value!({})),
            actor: "system".into(),
            status: RunStatus::Running,
            held: None,
            began_at: T0,
            updated_at: T0,
        }
    }

    async fn kept_run(&self, tenant: TenantId) -> Kept {
        let definition = self.definition(tenant).await;
        let execution = self.execution(&definition, T0, Wake::Never).await.execution.id;
        let agent = self.agent(tenant, "helper", 0).await;
        let run = self.new_run(&agent, execution, "run-1");
        self.db.insert_run(&run).await.unwrap();
        let journal = Journal::new(&run.id);
        Kept { run, journal }
    }

    fn question(&self, run: &AgentRun) -> Confirmation {
        Confirmation {
            tenant_id: run.tenant_id,
            id: ConfirmationId::fresh(&*self.ids),
            run: run.id.clone(),
            ordinal: 0,
            kind: ConfirmationKind::Tool,
            question: "May I?".into(),
            tool: Some("pay".into()),
            detail: json(value!({"amount": 1})),
            hash: Hash::of_text("pay"),
            schema: None,
            state: ConfirmationState::Pending,
            asked_at: T0,
            expires_at: at(60),
        }
    }

    /// A run that has asked, kept and spent something; for the test of who sees what.
    pub async fn asked_run(&self, agent: &Agent, execution: ExecutionId) -> ConfirmationId {
        let run = self.new_run(agent, execution, "run-1");
        self.db.insert_run(&run).await.unwrap();
        let question = self.question(&run);
        let id = question.id;
        let kept = Kept { journal: Journal::new(&run.id), run };
        let memory = MemoryChange { agent: agent.id, key: "k".into(), value: Some(json(value!(1))), expected: 0 };
        let write = JournalWrite {
            questions: vec![question],
            memory: Some(memory),
            spends: vec![spend(calls(1), Limits::default())],
            ..kept.write(&["1"])
        };
        self.db.write_journal(&write).await.unwrap();
        id
    }
}

async fn a_journal_is_what_was_written_and_moves_on_for_its_owner_only(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut kept = bed.kept_run(tenant).await;
    let long = "x".repeat(1_000);
    let first = JournalWrite { blobs: vec![(Hash::of_text(&long), long.clone())], ..kept.write(&["1", "\"zwei\""]) };
    bed.db.write_journal(&first).await.unwrap();
    // Somebody who has not seen it.
    assert_eq!(bed.db.write_journal(&kept.write(&["3"])).await, Err(JournalError::Stale));
    kept.journal.push(first.entries);
    // The same text again is no second text.
    let second = JournalWrite { blobs: vec![(Hash::of_text(&long), long.clone())], ..kept.write(&["3"]) };
    bed.db.write_journal(&second).await.unwrap();
    kept.journal.push(second.entries);
    let stored = bed.db.journal(tenant, "run-1").await.unwrap().unwrap();
    assert_eq!(Journal::verified("run-1", stored.entries, stored.head), Ok(kept.journal.clone()));
    assert_eq!(stored.blobs, [(Hash::of_text(&long), long)]);
    let next = AgentRun { status: RunStatus::Waiting, ..kept.run.clone() };
    let mut write = JournalWrite { next: Some(Box::new(next.clone())), ..kept.write(&[]) };
    (write.expected, write.head) = (stored.head, stored.head);
    bed.db.write_journal(&write).await.unwrap();
    assert_eq!(bed.db.run(tenant, "run-1").await.unwrap(), Some(next));
    assert_eq!(bed.db.runs(tenant, Some(kept.run.execution), ALL).await.unwrap().items.len(), 1);
    let other = ExecutionId::fresh(&*bed.ids);
    assert!(bed.db.runs(tenant, Some(other), ALL).await.unwrap().items.is_empty());
}

async fn rows_texts_questions_memory_and_budget_stand_or_fall_together(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let kept = bed.kept_run(tenant).await;
    let limits = Limits { tool_calls: Some(2), ..Limits::default() };
    let memory = MemoryChange { agent: kept.run.agent.id, key: "k".into(), value: Some(json(value!(1))), expected: 0 };
    let whole = JournalWrite {
        questions: vec![bed.question(&kept.run)],
        memory: Some(memory.clone()),
        spends: vec![spend(calls(3), limits)],
        ..kept.write(&["1"])
    };
    let refused = JournalError::Exhausted { level: "run", dimension: Dimension::ToolCalls };
    assert_eq!(bed.db.write_journal(&whole).await, Err(refused));
    let wrong = MemoryChange { expected: 4, ..memory };
    let whole = JournalWrite { spends: vec![spend(calls(2), limits)], ..whole };
    let clash = JournalWrite { memory: Some(wrong), ..whole.clone() };
    assert_eq!(bed.db.write_journal(&clash).await, Err(JournalError::Memory(0)));
    assert!(bed.db.journal(tenant, "run-1").await.unwrap().unwrap().entries.is_empty());
    assert!(bed.db.confirmations(tenant, None, false, ALL).await.unwrap().items.is_empty());
    assert_eq!(bed.db.spent(tenant, &[run_key()]).await.unwrap(), [Amounts::default()]);
    bed.db.write_journal(&whole).await.unwrap();
    assert_eq!(bed.db.spent(tenant, &[run_key()]).await.unwrap(), [calls(2)]);
    assert_eq!(bed.db.confirmations(tenant, Some("run-1"), true, ALL).await.unwrap().items.len(), 1);
}

async fn of_two_who_decide_one_comes_second(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let kept = bed.kept_run(tenant).await;
    let question = bed.question(&kept.run);
    let write = JournalWrite { questions: vec![question.clone()], ..kept.write(&["1"]) };
    bed.db.write_journal(&write).await.unwrap();
    let decided = |by: &str| ConfirmationState::Decided {
        decision: Decision::Reject { reason: "no".into() },
        by: by.into(),
        at: T0,
    };
    assert!(bed.db.decide(tenant, question.id, &decided("ada"), at(1)).await.unwrap());
    assert!(!bed.db.decide(tenant, question.id, &decided("bob"), at(2)).await.unwrap());
    let stored = bed.db.confirmation(tenant, question.id).await.unwrap().unwrap();
    assert_eq!(stored, Confirmation { state: decided("ada"), ..question });
    assert!(bed.db.confirmations(tenant, None, true, ALL).await.unwrap().items.is_empty());
    // Whoever works on the run is told.
    let due = bed.db.due_runs(at(1), 10).await.unwrap();
    assert_eq!(due, [(tenant, "run-1".to_owned(), at(1))]);
}

async fn a_result_is_committed_with_what_the_tool_has_changed_or_not_at_all(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let kept = bed.kept_run(tenant).await;
    let entity =
        |expected| EntityWrite { schema: "deal".into(), id: "1".into(), attributes: json(value!({})), expected };
    let commit = |write: JournalWrite, expected| Commit {
        tenant_id: tenant,
        at: T0,
        preconditions: Vec::new(),
        executions: Vec::new(),
        effects: Effects { entities: vec![entity(expected)], journal: Some(Box::new(write)), ..Effects::default() },
        webhooks: Vec::new(),
        usage: UsageDelta::default(),
    };
    // What the tool has read is not there.
    let refused = bed.db.commit(commit(kept.write(&["1"]), 3)).await.unwrap_err();
    assert!(matches!(&refused, CommitError::EffectConflict(what) if what.starts_with("entity")), "{refused:?}");
    assert!(bed.db.journal(tenant, "run-1").await.unwrap().unwrap().entries.is_empty());
    // The run is somebody else's.
    let foreign = JournalWrite { expected: Hash::of_text("other"), ..kept.write(&["1"]) };
    let refused = bed.db.commit(commit(foreign, 0)).await.unwrap_err();
    assert!(matches!(&refused, CommitError::EffectConflict(what) if what.starts_with("journal")), "{refused:?}");
    assert_eq!(bed.db.entity(tenant, "deal", "1").await.unwrap(), None);
    bed.db.commit(commit(kept.write(&["1"]), 0)).await.unwrap();
    assert!(bed.db.entity(tenant, "deal", "1").await.unwrap().is_some());
    assert_eq!(bed.db.journal(tenant, "run-1").await.unwrap().unwrap().entries.len(), 1);
}

/// A generator that is the same on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

async fn however_many_spend_at_once_nobody_overdraws(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let kept = bed.kept_run(tenant).await;
    // Many runs of one day: each has a head of its own, all spend from the same two budgets.
    let agent = kept.run.agent.clone();
    let limits = Limits { tool_calls: Some(400), cost_micros: Some(10_000), ..Limits::default() };
    let mut spenders = tokio::task::JoinSet::new();
    for number in 0..8_u64 {
        let run = bed.new_run(&agent, kept.run.execution, &format!("spender-{number}"));
        bed.db.insert_run(&run).await.unwrap();
        let db = bed.db.clone();
        spenders.spawn(async move {
            let mut kept = Kept { journal: Journal::new(&run.id), run };
            let (mut chance, mut granted) = (Chance(number), Amounts::default());
            for _ in 0..60 {
                let more =
                    Amounts { tool_calls: chance.below(4), cost_micros: chance.below(120), ..Amounts::default() };
                let key = BudgetKey::Day("2026-11-29".into());
                let flow = BudgetKey::Flow(kept.run.execution);
                let back = Amounts::default();
                let spends = [key, flow].map(|key| Spend { key, more, back, limits }).to_vec();
                let write = JournalWrite { spends, ..kept.write(&["1"]) };
                match db.write_journal(&write).await {
                    Ok(()) => {
                        granted = granted.plus(&more);
                        kept.journal.push(write.entries);
                    }
                    Err(JournalError::Exhausted { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            granted
        });
    }
    let granted = spenders.join_all().await.iter().fold(Amounts::default(), |sum, one| sum.plus(one));
    let keys = [BudgetKey::Day("2026-11-29".into()), BudgetKey::Flow(kept.run.execution)];
    for spent in bed.db.spent(tenant, &keys).await.unwrap() {
        assert_eq!(spent, granted);
        assert!(spent.tool_calls <= 400 && spent.cost_micros <= 10_000, "{spent:?}");
    }
    // It came to the limit, or the test shows nothing.
    assert!(granted.tool_calls > 390 || granted.cost_micros > 9_800, "{granted:?}");
}

async fn what_is_settled_is_given_back(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut kept = bed.kept_run(tenant).await;
    let limits = Limits { output_tokens: Some(100), ..Limits::default() };
    let tokens = |output_tokens| Amounts { output_tokens, ..Amounts::default() };
    let reserve = JournalWrite { spends: vec![spend(tokens(100), limits)], ..kept.write(&["1"]) };
    bed.db.write_journal(&reserve).await.unwrap();
    kept.journal.push(reserve.entries);
    let refused = JournalWrite { spends: vec![spend(tokens(1), limits)], ..kept.write(&["2"]) };
    bed.db.write_journal(&refused).await.unwrap_err();
    let settle = Spend { key: run_key(), more: tokens(30), back: tokens(100), limits };
    bed.db.write_journal(&JournalWrite { spends: vec![settle], ..kept.write(&["2"]) }).await.unwrap();
    assert_eq!(bed.db.spent(tenant, &[run_key()]).await.unwrap(), [tokens(30)]);
}

async fn a_run_is_due_until_somebody_has_looked(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let kept = bed.kept_run(tenant).await;
    assert!(bed.db.due_runs(at(100), 10).await.unwrap().is_empty());
    bed.db.write_journal(&JournalWrite { wake_at: Some(Some(at(5))), ..kept.write(&["1"]) }).await.unwrap();
    assert!(bed.db.due_runs(at(4), 10).await.unwrap().is_empty());
    assert_eq!(bed.db.due_runs(at(5), 10).await.unwrap(), [(tenant, "run-1".to_owned(), at(5))]);
    // Somebody else has moved it meanwhile: nothing is lost.
    bed.db.postpone_run(tenant, "run-1", at(4), None).await.unwrap();
    assert_eq!(bed.db.due_runs(at(5), 10).await.unwrap().len(), 1);
    bed.db.postpone_run(tenant, "run-1", at(5), Some(at(9))).await.unwrap();
    assert!(bed.db.due_runs(at(8), 10).await.unwrap().is_empty());
    bed.db.postpone_run(tenant, "run-1", at(9), None).await.unwrap();
    assert!(bed.db.due_runs(at(100), 10).await.unwrap().is_empty());
}

async fn memory_has_versions_and_is_listed_by_prefix(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut kept = bed.kept_run(tenant).await;
    let agent = kept.run.agent.id;
    for (key, expected, content) in [("a/1", 0, 1), ("a/2", 0, 2), ("b", 0, 3), ("a/1", 1, 4)] {
        let memory = MemoryChange { agent, key: key.into(), value: Some(json(value!(content))), expected };
        let write = JournalWrite { memory: Some(memory), ..kept.write(&["1"]) };
        bed.db.write_journal(&write).await.unwrap();
        kept.journal.push(write.entries);
    }
    let entry = bed.db.memory(tenant, agent, "a/1").await.unwrap().unwrap();
    assert_eq!((entry.version, entry.value.to_value()), (2, value!(4)));
    let keys = async |prefix: &str, after: Option<&str>| {
        let found = bed.db.memories(tenant, agent, prefix, after, 10).await.unwrap();
        found.into_iter().map(|entry| entry.key).collect::<Vec<_>>()
    };
    assert_eq!(keys("a/", None).await, ["a/1", "a/2"]);
    assert_eq!(keys("a/", Some("a/1")).await, ["a/2"]);
    assert_eq!(keys("", None).await, ["a/1", "a/2", "b"]);
    let memory = MemoryChange { agent, key: "b".into(), value: None, expected: 1 };
    bed.db.write_journal(&JournalWrite { memory: Some(memory), ..kept.write(&["1"]) }).await.unwrap();
    assert_eq!(bed.db.memory(tenant, agent, "b").await.unwrap(), None);
}
