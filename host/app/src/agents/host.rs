//! The host of one activation.

use super::body::{Packed, pack, unpack};
use super::chat::Chats;
use crate::App;
use crate::caches::TenantView;
use crate::model::{AgentRun, BudgetKey, Confirmation, JournalWrite, MemoryChange, RunStatus, Spend, StoredJournal};
use crate::ports::{Halt, JournalError, StoreError, ToolCatalog};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::sync::Arc;
use stepwright_engine::agent::{
    Amounts, Dimension, Hash, Journal, Limits, NewEntry, Next, Phase, Repeats, Replay, RunFault,
};
use stepwright_engine::{Definition, Execution, Timestamp};

/// What a row costs besides its body.
const ROW_BYTES: u64 = 200;

/// What a run stands in.
#[derive(Clone)]
pub(crate) struct Around {
    pub app: App,
    pub view: Arc<TenantView>,
    pub definition: Arc<Definition>,
    pub execution: Arc<Execution>,
}

/// Why an instance was taken away.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Halted {
    /// A person is asked.
    Waiting,
    /// Somebody else works on the run.
    Stale,
    /// The store does not answer.
    Unavailable(String),
    /// The run cannot go on.
    Failed(RunFault),
}

/// What goes along with rows.
#[derive(Default)]
pub(super) struct Along {
    /// Spent, or reserved.
    pub more: Amounts,
    /// Given back.
    pub back: Amounts,
    pub questions: Vec<Confirmation>,
    pub memory: Option<MemoryChange>,
    /// The run's new state.
    pub next: Option<AgentRun>,
    pub wake_at: Option<Option<Timestamp>>,
    /// It is owed already, so no limit refuses it.
    pub owed: bool,
}

/// Why rows were not written.
#[derive(Debug)]
pub(super) enum Refused {
    Halt(Halt),
    Exhausted(Dimension),
    /// The memory has another version than was expected.
    Memory,
}

impl From<Halt> for Refused {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

/// The day on which something that begins now is booked.
pub(crate) fn today(app: &App) -> String {
    app.now().to_rfc3339_millis().chars().take(10).collect()
}

/// The budgets a run spends from, the day's last.
pub(crate) fn levels(view: &TenantView, run: &AgentRun, day: &str) -> [(BudgetKey, Limits); 3] {
    [
        (BudgetKey::Run(run.id.clone()), run.agent.budget.of_run()),
        (BudgetKey::Flow(run.execution), run.agent.budget.flow),
        (BudgetKey::Day(day.to_owned()), view.tenant.settings.agents_per_day),
    ]
}

/// Answers one activation's host calls.
pub(crate) struct RunHost {
    pub(super) around: Around,
    pub(crate) run: AgentRun,
    pub(super) journal: Journal,
    pub(super) texts: HashMap<Hash, String>,
    replay: Replay,
    pub(super) repeats: Repeats,
    /// What this activation spends is booked on the day it began, so that what it reserves and what it gives back
    /// meet.
    day: String,
    /// By this run, as far as this activation knows.
    pub(super) spent: Amounts,
    /// The newest catalog the agent has seen.
    pub(super) catalog: Option<ToolCatalog>,
    pub(super) chats: Chats,
    /// Where the first thing came from that the run has read and that is not to be trusted.
    pub(super) tainted_by: Option<String>,
    /// Everything must be recorded: nothing is done, nothing is written.
    replay_only: bool,
    /// Why the instance was taken away, if it was.
    pub(crate) halted: Option<Halted>,
    /// The last reason the agent was given for not getting what it wanted; if it then fails, that is why.
    pub(crate) refused: Option<RunFault>,
}

impl RunHost {
    /// Over a journal.
    ///
    /// # Errors
    /// When the journal is not what was written.
    pub(crate) fn new(around: Around, run: AgentRun, stored: StoredJournal, spent: Amounts) -> Result<Self, RunFault> {
        let diverged = |what: String| RunFault::JournalDiverged(what);
        let journal = Journal::verified(&run.id, stored.entries, stored.head).map_err(|e| diverged(e.to_string()))?;
        let mut texts = HashMap::with_capacity(stored.blobs.len());
        for (hash, text) in stored.blobs {
            if Hash::of_text(&text) != hash {
                return Err(diverged(format!("the text {hash} of the journal is not what was written")));
            }
            texts.insert(hash, text);
        }
        let replay = Replay::of(&journal).map_err(|e| diverged(e.to_string()))?;
        let repeats = Repeats::new(run.agent.budget.max_repeats);
        let day = run.held.as_ref().map_or_else(|| today(&around.app), |held| held.day.clone());
        Ok(Self {
            around,
            run,
            journal,
            texts,
            replay,
            repeats,
            day,
            spent,
            catalog: None,
            chats: Chats::default(),
            tainted_by: None,
            replay_only: false,
            halted: None,
            refused: None,
        })
    }

    /// For looking at a run again: whatever is not recorded is a divergence.
    pub(crate) fn replaying(self) -> Self {
        Self { replay_only: true, ..self }
    }

    /// The agent has ended: it must have made every call that it has made before.
    pub(crate) fn check_ended(&self) -> Result<(), RunFault> {
        self.replay.ended().map_err(|diverged| RunFault::JournalDiverged(diverged.to_string()))
    }

    /// Takes the instance away.
    pub(super) fn halt(&mut self, why: Halted) -> Halt {
        self.halted = Some(why);
        Halt::Stopped
    }

    pub(super) fn fail(&mut self, why: RunFault) -> Halt {
        self.halt(Halted::Failed(why))
    }

    pub(super) fn unavailable(&mut self, error: &StoreError) -> Halt {
        match error {
            StoreError::Unavailable(text) => self.halt(Halted::Unavailable(text.clone())),
            StoreError::Duplicate(_) | StoreError::Inconsistent(_) => {
                tracing::error!(run = %self.run.id, %error, "the journal of an agent's run cannot be kept");
                self.fail(RunFault::JournalDiverged("the journal cannot be read or written".into()))
            }
        }
    }

    /// The agent makes a call.
    pub(super) fn call(&mut self, kind: &str, request: Hash) -> Result<(u32, Next), Halt> {
        match self.replay.call(kind, request) {
            Ok((ordinal, Next::Begun { .. } | Next::Fresh)) if self.replay_only => {
                let why = self.stopped_here();
                let diverged = || RunFault::JournalDiverged(format!("call {ordinal} ({kind}) is not recorded"));
                Err(self.fail(why.unwrap_or_else(diverged)))
            }
            Ok(known) => Ok(known),
            Err(diverged) => Err(self.fail(RunFault::JournalDiverged(diverged.to_string()))),
        }
    }

    /// Why the run ended at a call of which nothing is recorded: the host has stopped it there, which no agent notices.
    fn stopped_here(&self) -> Option<RunFault> {
        let RunStatus::Failed(fault @ RunFault::BudgetExhausted(_)) = &self.run.status else { return None };
        self.replay.ended().is_ok().then(|| fault.clone())
    }

    /// The agent makes a call that changes nothing outside: its ordinal, and its answer if it was answered.
    pub(super) fn known<T: DeserializeOwned>(&mut self, kind: &str, request: Hash) -> Result<(u32, Option<T>), Halt> {
        match self.call(kind, request)? {
            (ordinal, Next::Answered { body }) => Ok((ordinal, Some(self.read(&body)?))),
            (ordinal, Next::Begun { .. } | Next::Fresh) => Ok((ordinal, None)),
        }
    }

    /// Reads a body.
    pub(super) fn read<T: DeserializeOwned>(&mut self, body: &str) -> Result<T, Halt> {
        unpack(body, &self.texts).map_err(|why| self.fail(RunFault::JournalDiverged(why)))
    }

    /// Answers a call: writes the result, and gives it as it will be read ever after.
    pub(super) async fn answer<T: Serialize + DeserializeOwned>(
        &mut self,
        ordinal: u32,
        kind: &str,
        request: Hash,
        answer: &T,
        along: Along,
    ) -> Result<T, Refused> {
        let (entry, blobs) = self.entry(ordinal, Phase::Result, kind, request, answer)?;
        let body = entry.body.clone();
        self.write(vec![entry], blobs, along).await?;
        Ok(self.read(&body)?)
    }

    /// As [`Self::answer`], for calls whose only cost is the row. A budget that has no room for it ends the run.
    pub(super) async fn value<T: Serialize + DeserializeOwned>(
        &mut self,
        ordinal: u32,
        kind: &str,
        request: Hash,
        answer: &T,
    ) -> Result<T, Halt> {
        let answered = self.answer(ordinal, kind, request, answer, Along::default()).await;
        answered.map_err(|refused| self.ended_by(refused))
    }

    /// A refusal that the agent cannot be told of.
    pub(super) fn ended_by(&mut self, refused: Refused) -> Halt {
        match refused {
            Refused::Halt(halt) => halt,
            Refused::Exhausted(dimension) => self.fail(RunFault::BudgetExhausted(dimension)),
            Refused::Memory => self.halt(Halted::Stale),
        }
    }

    /// A row with its long texts taken out.
    pub(super) fn entry<T: Serialize>(
        &mut self,
        ordinal: u32,
        phase: Phase,
        kind: &str,
        request: Hash,
        body: &T,
    ) -> Result<(NewEntry, Vec<(Hash, String)>), Halt> {
        let Packed { body, blobs } =
            pack(body).map_err(|error| self.fail(RunFault::JournalDiverged(error.to_string())))?;
        Ok((NewEntry { ordinal, phase, kind: kind.to_owned(), request, body }, blobs))
    }

    /// Rows as they would be written.
    pub(super) fn prepared(
        &self,
        entries: Vec<NewEntry>,
        blobs: Vec<(Hash, String)>,
        along: Along,
    ) -> (JournalWrite, Amounts) {
        let entries = self.journal.chain(entries);
        let blobs: Vec<_> = blobs.into_iter().filter(|(hash, _)| !self.texts.contains_key(hash)).collect();
        let Along { mut more, back, questions, memory, next, wake_at, owed } = along;
        let rows = entries.iter().map(|entry| entry.body.len() as u64 + ROW_BYTES).sum::<u64>();
        more.bytes += rows + blobs.iter().map(|(_, text)| text.len() as u64).sum::<u64>();
        let write = JournalWrite {
            tenant_id: self.run.tenant_id,
            run: self.run.id.clone(),
            expected: self.journal.head(),
            head: entries.last().map_or(self.journal.head(), |entry| entry.hash),
            entries,
            blobs,
            next: next.map(Box::new),
            wake_at,
            spends: self.spends(more, back, owed),
            questions,
            memory,
        };
        (write, more)
    }

    /// The same spending at every level.
    fn spends(&self, more: Amounts, back: Amounts, owed: bool) -> Vec<Spend> {
        let levels = levels(&self.around.view, &self.run, &self.day).into_iter().map(|(key, limits)| {
            let limits = if owed { Limits::default() } else { limits };
            Spend { key, more, back, limits }
        });
        levels.collect()
    }

    /// Takes over what was written.
    pub(super) fn written(&mut self, write: JournalWrite, more: &Amounts, back: &Amounts) {
        let mut spent = self.spent.plus(more);
        for dimension in Dimension::ALL {
            let left = spent.get_mut(dimension);
            *left = left.saturating_sub(back.get(dimension));
        }
        self.spent = spent;
        self.texts.extend(write.blobs);
        self.journal.push(write.entries);
        if let Some(next) = write.next {
            self.run = *next;
        }
    }

    /// Appends rows.
    pub(super) async fn write(
        &mut self,
        entries: Vec<NewEntry>,
        blobs: Vec<(Hash, String)>,
        along: Along,
    ) -> Result<(), Refused> {
        let back = along.back;
        let (write, more) = self.prepared(entries, blobs, along);
        match self.around.app.store().write_journal(&write).await {
            Ok(()) => {
                self.written(write, &more, &back);
                Ok(())
            }
            Err(JournalError::Stale) => Err(self.halt(Halted::Stale).into()),
            Err(JournalError::Exhausted { dimension, .. }) => Err(Refused::Exhausted(dimension)),
            Err(JournalError::Memory(_)) => Err(Refused::Memory),
            Err(JournalError::Store(error)) => Err(self.unavailable(&error).into()),
        }
    }

    /// Calls the agent has made.
    pub(crate) fn calls_made(&self) -> u32 {
        self.replay.made()
    }

    /// Hash of everything journalled.
    pub(crate) fn head(&self) -> Hash {
        self.journal.head()
    }
}
