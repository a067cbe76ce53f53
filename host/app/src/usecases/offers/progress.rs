//! How far an execution is, for somebody who waits for it.

use crate::App;
use crate::error::AppResult;
use crate::model::{Confirmation, Paging};
use crate::usecases::{Access, ExecutionView};
use std::time::Duration;
use stepwright_engine::flow::{AgentState, Flow};
use stepwright_engine::{Execution, ExecutionId, ExecutionStatus};

/// How often the database is asked, for what nobody announces here.
const POLL: Duration = Duration::from_millis(100);
/// Questions of one run that are told at once.
const MAX_QUESTIONS: u32 = 50;

/// How far an execution is.
#[derive(Clone, Debug)]
pub struct Progress {
    pub view: ExecutionView,
    /// What its agents ask people, oldest first.
    pub questions: Vec<Confirmation>,
}

impl Progress {
    /// Whether it goes on by itself: it has not ended and waits for no person.
    pub fn goes_on(&self) -> bool {
        let execution = &self.view.execution;
        // An agent that has just been answered still counts as waiting until it is taken up again.
        let answered = execution.flow.as_deref().is_some_and(|flow| asking(flow).next().is_some());
        self.questions.is_empty() && (answered || goes_on(execution))
    }
}

impl App {
    /// How far an execution is, as soon as it does not go on by itself any more, at the latest after `wait`.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn progress(&self, access: &Access, id: ExecutionId, wait: Duration) -> AppResult<Progress> {
        let deadline = tokio::time::Instant::now() + wait;
        // Before it is looked at: what ends in between must not be missed.
        let mut ended = self.driver().wait_for(id);
        let mut closing = std::pin::pin!(self.driver().closing());
        loop {
            let view = self.execution(access, id).await?;
            let questions = self.questions_of(access, &view.execution).await?;
            let progress = Progress { view, questions };
            let now = tokio::time::Instant::now();
            if !progress.goes_on() || now >= deadline {
                return Ok(progress);
            }
            let look_at = deadline.min(now + POLL);
            let found = tokio::select! {
                found = tokio::time::timeout_at(look_at, ended.until(|e| e.status.is_final())) => found,
                // It goes on after the restart; its caller gets what is known now.
                () = &mut closing => return Ok(progress),
            };
            if matches!(found, Ok(None)) {
                tokio::time::sleep_until(look_at).await;
            }
        }
    }

    /// What the agents of an execution ask people.
    async fn questions_of(&self, access: &Access, execution: &Execution) -> AppResult<Vec<Confirmation>> {
        let Some(flow) = &execution.flow else { return Ok(Vec::new()) };
        let mut questions = Vec::new();
        for run in asking(flow) {
            let page = Paging::Offset { limit: MAX_QUESTIONS, offset: 0 };
            questions.extend(self.confirmations(access, Some(run), true, page).await?.items);
        }
        questions.sort_by_key(|question| (question.asked_at, question.ordinal));
        Ok(questions)
    }
}

/// Runs of the flow's agents that wait for a person.
fn asking(flow: &Flow) -> impl Iterator<Item = &str> {
    let runs = flow.tasks.iter().filter_map(|task| task.agent()?.run.as_ref());
    runs.filter(|run| matches!(run.state, AgentState::WaitingApproval)).map(|run| run.execution_id.as_str())
}

fn goes_on(execution: &Execution) -> bool {
    if let Some(flow) = &execution.flow {
        return !execution.status.is_final() && (flow.work().next().is_some() || flow.next_due().is_some());
    }
    match execution.status {
        ExecutionStatus::Pending | ExecutionStatus::Running => true,
        ExecutionStatus::Waiting { .. }
        | ExecutionStatus::Suspended { .. }
        | ExecutionStatus::Paused { .. }
        | ExecutionStatus::Completed { .. }
        | ExecutionStatus::Failed { .. }
        | ExecutionStatus::Cancelled { .. }
        | ExecutionStatus::Expired { .. } => false,
    }
}
