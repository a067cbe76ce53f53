//! Decisions of graphs: what is asked, and the answer as the outcome of an invocation.

use super::actor::retrying;
use super::flow_work::Worker;
use super::invoke::Finished;
use crate::error::AppError;
use crate::model::Entity;
use serde_json::{Map, Value};
use stepwright_engine::decision::{self, Decision};
use stepwright_engine::{Fault, Metering, Outcome, TaskId};

impl Worker {
    /// Makes one decision once. Nothing is staged by it.
    pub(super) async fn decide(&self, decision: &Decision, task: TaskId, attempt: u32) -> Finished {
        let mut metering = Metering::default();
        let outcome = match self.decided(decision, task, attempt, &mut metering).await {
            Ok(outcome) => outcome,
            Err(fault) => Outcome::Failed(fault),
        };
        Finished { task, attempt, outcome, metering, session: None }
    }

    async fn decided(
        &self,
        decision: &Decision,
        task: TaskId,
        attempt: u32,
        metering: &mut Metering,
    ) -> Result<Outcome, Fault> {
        let unknown = || Fault::permanent("INTERNAL", "the decision is no task of the execution");
        let node = self.execution.task(task).map(|t| t.node.clone()).ok_or_else(unknown)?;
        let entity = self.attributes().await.map_err(|e| Fault::permanent("INTERNAL", e.to_string()))?;
        let questions = decision.questions(&self.execution, entity.as_ref());
        let verdicts = self.ask_all(&self.execution.pins, &node, attempt, questions, metering).await?;
        let taken = decision.judge(&verdicts);
        let taken = taken.ok_or_else(|| Fault::permanent("INVALID_VERDICTS", "some questions were not answered"))?;
        Ok(Outcome::Completed { output: decision::output(&taken, &verdicts), entity_refs: Vec::new() })
    }

    /// Of the entity the execution is about, as it stands now.
    async fn attributes(&self) -> Result<Option<Map<String, Value>>, AppError> {
        let Some(about) = &self.execution.entity else { return Ok(None) };
        let tenant = self.execution.tenant_id;
        let read = || async { Ok(self.app.store().entity(tenant, &about.schema, &about.id).await?) };
        let found: Option<Entity> = retrying(read).await?;
        Ok(found.and_then(|entity| entity.attributes.read().ok()))
    }
}
