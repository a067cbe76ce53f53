//! A turn of a record: the transition, and the guard that may have a say in it.

use super::round::Round;
use super::serve::Tried;
use super::{RecordAsk, Turn};
use crate::App;
use crate::error::AppError;
use crate::usecases::{GuardVerdict, unfit};
use stepwright_engine::record::{Command, Transition, apply};

impl App {
    pub(super) async fn try_record(&self, turn: &Turn, ask: &RecordAsk, round: &mut Round) -> Tried {
        let refuse = |error| Tried { answer: Err(error), moved: false };
        let execution = std::sync::Arc::clone(&round.current);
        if ask.instance.is_some_and(|instance| execution.instance_id != Some(instance)) {
            return refuse(AppError::NotFound("workflow"));
        }
        let Some(record) = execution.record.as_deref() else { return refuse(AppError::Foreign(execution.dialect)) };
        let now = self.now();
        let mut moved = match apply(record, &ask.command, &ask.name, now) {
            Ok(moved) => moved,
            Err(error) => return refuse(unfit(&error)),
        };
        let guard = ask.command.is_guarded().then(|| turn.view.guard_of(record.workflow_type)).flatten();
        if let Some(binding) = guard {
            match self.ask_guard(&turn.view, binding, &execution, &round.history, ask, &moved.next).await {
                GuardVerdict::Allowed(amendment) => match moved.amended(&amendment) {
                    Ok(amended) => moved = amended,
                    Err(error) => return refuse(unfit(&error)),
                },
                GuardVerdict::Refused { denial, message } => {
                    return match apply(record, &Command::Deny(denial), &ask.name, now) {
                        Ok(denied) => {
                            self.go_on(turn, round, denied);
                            Tried { answer: Err(AppError::Conflict(message)), moved: true }
                        }
                        Err(error) => refuse(unfit(&error)),
                    };
                }
            }
        }
        self.go_on(turn, round, moved);
        Tried { answer: Ok(round.taken()), moved: true }
    }

    fn go_on(&self, turn: &Turn, round: &mut Round, moved: Transition) {
        let transition = round.current.advanced(moved, &turn.actor, self.now());
        let definition = &round.base.definition;
        let webhooks = self.webhooks_of(&turn.view, definition, &transition.next, &transition.events);
        round.push(transition, webhooks);
    }
}
