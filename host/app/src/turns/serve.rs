//! Leading: taking turns, applying them, committing, answering.

use super::queue::Leader;
use super::round::{Held, Round};
use super::{Allowed, Ask, Taken, Turn};
use crate::App;
use crate::driver::{FlowMoved, MAX_DOCUMENT};
use crate::error::{AppError, AppResult};
use crate::model::{Commit, ExecutionWrite, UsageDelta, Wake};
use crate::ports::CommitError;
use crate::usecases::{ExecutionView, refused};
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::flow::{self, FlowError};

/// Turns in one commit.
const MOST: usize = 64;
/// How often a batch is applied anew because the execution or one of its entities moved on under it.
const MAX_TRIES: u32 = 20;
/// How long a leader of a busy execution waits for more before it forgets the execution's state.
const LINGER: Duration = Duration::from_millis(25);

/// What a turn's command has come to, before the commit.
pub(super) struct Tried {
    pub(super) answer: AppResult<Taken>,
    /// The answer stands in what is to be committed, a refusal by a guard among them.
    pub(super) moved: bool,
}

/// Why a batch was not committed.
enum Unsaved {
    /// Somebody else was faster.
    Again,
    TooLarge,
    Failed(AppError),
}

impl App {
    /// Serves a queue until it is empty.
    pub(super) async fn lead(self, leader: Leader) {
        let mut held: Option<Held> = None;
        let mut busy = false;
        loop {
            let batch = leader.take(MOST);
            if batch.is_empty() {
                let more = busy && tokio::time::timeout(LINGER, leader.arrived()).await.is_ok();
                if !more && leader.leave() {
                    return;
                }
                continue;
            }
            busy = batch.len() > 1;
            metrics::histogram!("stepwright_turns_per_commit").record(batch.len() as f64);
            held = self.serve(&leader, batch, held).await;
        }
    }

    /// Answers every turn of a batch; gives back the state it has led to, when that is known.
    async fn serve(&self, leader: &Leader, batch: Vec<Turn>, held: Option<Held>) -> Option<Held> {
        let batch = match self.serve_together(leader, batch, held).await {
            Ok(held) => return held,
            Err(batch) => batch,
        };
        // One by one, so that only the one that makes the execution too large is refused.
        let mut held = None;
        for turn in batch {
            held = self.serve_together(leader, vec![turn], held).await.unwrap_or_default();
        }
        held
    }

    /// As [`Self::serve`]; gives several turns back that would make the execution too large.
    async fn serve_together(
        &self,
        leader: &Leader,
        batch: Vec<Turn>,
        mut held: Option<Held>,
    ) -> Result<Option<Held>, Vec<Turn>> {
        for _ in 0..MAX_TRIES {
            let is_fresh = held.is_none();
            let base = match held.take() {
                Some(base) => base,
                None => match self.held(leader).await {
                    Ok(base) => base,
                    Err(error) => return Ok(fail(batch, &error)),
                },
            };
            let mut round = Round::new(base);
            let mut tried = Vec::with_capacity(batch.len());
            for turn in &batch {
                tried.push(self.try_turn(turn, &mut round).await);
            }
            // What is remembered may be old: a no counts only after a look at the database.
            if !is_fresh && tried.iter().any(|t| t.answer.is_err() && !t.moved) {
                continue;
            }
            match self.save(&batch, &mut round).await {
                Ok(()) => {
                    let next = Held {
                        execution: Arc::clone(&round.current),
                        definition: Arc::clone(&round.base.definition),
                        history: Arc::clone(&round.history),
                    };
                    for (turn, tried) in batch.into_iter().zip(tried) {
                        // Whoever has gone away does not need the answer.
                        let _ = turn.reply.send(tried.answer);
                    }
                    return Ok(Some(next));
                }
                Err(Unsaved::Again) => {}
                Err(Unsaved::TooLarge) if batch.len() > 1 => return Err(batch),
                Err(Unsaved::TooLarge) => {
                    return Ok(fail(batch, &AppError::invalid("", "the execution would become too large")));
                }
                Err(Unsaved::Failed(error)) => return Ok(fail(batch, &error)),
            }
        }
        Ok(fail(batch, &AppError::Unavailable("the execution keeps changing; try again".into())))
    }

    /// The execution as the database has it.
    async fn held(&self, leader: &Leader) -> AppResult<Held> {
        let (tenant, id) = leader.key;
        let found = self.store().execution(tenant, id).await?.ok_or(AppError::NotFound("execution"))?;
        let history = match &found.record {
            Some(_) => self.history_of(&found).await?,
            None => Arc::default(),
        };
        let ExecutionView { execution, definition } = self.view_of(tenant, found).await?;
        Ok(Held { execution, definition, history })
    }

    async fn try_turn(&self, turn: &Turn, round: &mut Round) -> Tried {
        match &turn.ask {
            Ask::Flow { command, allowed } => self.try_flow(turn, command, allowed, round).await,
            Ask::Record(ask) => self.try_record(turn, ask, round).await,
        }
    }

    async fn try_flow(&self, turn: &Turn, command: &flow::Command, allowed: &Allowed, round: &mut Round) -> Tried {
        let refuse = |error| Tried { answer: Err(error), moved: false };
        match round.current.flow.as_deref() {
            Some(flow) if flow.deleted_at.is_none() => {
                if let Err(error) = allowed(flow) {
                    return refuse(error);
                }
            }
            Some(_) | None => return refuse(AppError::NotFound("execution")),
        }
        let moved = self.move_flow(&round.current, command.clone(), &turn.actor, round.effects.clone()).await;
        match moved {
            Ok(Ok(FlowMoved { transition, effects, known })) => {
                let definition = &round.base.definition;
                let webhooks = self.webhooks_of(&turn.view, definition, &transition.next, &transition.events);
                (round.effects, round.known) = (effects, known);
                round.push(transition, webhooks);
                Tried { answer: Ok(round.taken()), moved: true }
            }
            Ok(Err(FlowError::NothingToDo)) => Tried { answer: Ok(round.taken()), moved: false },
            Ok(Err(error)) => refuse(refused(&error)),
            Err(error) => refuse(error),
        }
    }

    async fn save(&self, batch: &[Turn], round: &mut Round) -> Result<(), Unsaved> {
        if !round.has_moved() {
            return Ok(());
        }
        let current = Arc::clone(&round.current);
        let mut effects = std::mem::take(&mut round.effects);
        let completed = self.complete_effects(&mut effects, &round.base.execution, &current, &round.known).await;
        completed.map_err(Unsaved::Failed)?;
        effects.records.extend(round.listing());
        // Whoever works on it goes on doing so: here it is poked; elsewhere it would not notice what is new.
        let keep = round.base.execution.is_working() && current.is_working() && self.driver().drives(current.id);
        let wake = if keep { Wake::Keep } else { self.wake_of(&current, None) };
        let document = serde_json::to_string(&*current)
            .map_err(|e| Unsaved::Failed(AppError::Internal(format!("execution does not serialize: {e}"))))?;
        if document.len() > MAX_DOCUMENT {
            return Err(Unsaved::TooLarge);
        }
        let write = ExecutionWrite {
            expected: round.base.execution.version,
            next: Arc::clone(&current),
            document,
            events: std::mem::take(&mut round.events),
            wake,
            held_by: None,
        };
        let commit = Commit {
            tenant_id: current.tenant_id,
            at: self.now(),
            preconditions: Vec::new(),
            executions: vec![write],
            effects,
            webhooks: std::mem::take(&mut round.webhooks),
            usage: UsageDelta::default(),
        };
        debug_assert!(batch.iter().all(|turn| turn.view.tenant.id == current.tenant_id));
        match self.store().commit(commit).await {
            Ok(()) => {
                self.driver().announce(&current);
                self.driver().poke(current.id);
                self.hint_of(wake);
                Ok(())
            }
            Err(CommitError::Stale(_) | CommitError::EffectConflict(_)) => Err(Unsaved::Again),
            Err(CommitError::Store(error)) => Err(Unsaved::Failed(error.into())),
            Err(error @ CommitError::Precondition { .. }) => {
                Err(Unsaved::Failed(AppError::Internal(error.to_string())))
            }
        }
    }

    /// Makes the claim loop look again when it would otherwise sleep past what is due.
    pub(crate) fn hint_of(&self, wake: Wake) {
        if matches!(wake, Wake::At(at) if at <= self.now() + self.config().poll) {
            self.driver().hint();
        }
    }
}

fn fail(batch: Vec<Turn>, error: &AppError) -> Option<Held> {
    for turn in batch {
        let _ = turn.reply.send(Err(error.clone()));
    }
    None
}
