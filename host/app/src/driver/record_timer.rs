//! Timers of records: an execution that is a record is claimed only because one is due.

use super::held::{Held, retrying};
use crate::App;
use crate::error::{AppError, AppResult};
use crate::usecases::RecordCaller;
use std::sync::Arc;
use stepwright_engine::record::Command;
use stepwright_engine::{Actor, Definition, Execution};

impl App {
    /// Fires what is due. Whatever comes of it, the lease is given back.
    pub(super) async fn fire_record_timer(
        &self,
        definition: &Arc<Definition>,
        execution: &Arc<Execution>,
    ) -> AppResult<()> {
        let read = || self.tenant_view(execution.tenant_id);
        let Some(view) = retrying(read).await? else { return Ok(()) };
        let fire = || async {
            let caller = RecordCaller::system();
            self.move_record(&view, Actor::System, &caller, execution.id, Command::TimerFired).await
        };
        match retrying(fire).await {
            // The commit has given it back.
            Ok(_) | Err(AppError::NotFound(_)) => Ok(()),
            // Meanwhile somebody has put it off or ended it.
            Err(AppError::Conflict(_)) => {
                let held = Held::new(self, Arc::clone(definition), Arc::clone(execution));
                held.release(&view, self.wake_of(execution, None)).await.map(drop)
            }
            Err(error) => Err(error),
        }
    }
}
