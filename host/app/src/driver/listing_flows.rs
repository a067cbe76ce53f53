//! Flows that were started before there were lists of them, put into the lists once.

use super::background::Pause;
use super::contexts_of;
use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::{Commit, Effects, ExecutionWrite, FlowListing, UsageDelta, Wake};
use crate::ports::CommitError;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::{Execution, ExecutionId, TenantId};

/// Flows put into the lists in one look.
const BATCH: u32 = 200;
/// When there were none, none come any more.
const REST: Duration = Duration::from_secs(3_600);

impl App {
    /// Puts some flows of which lists do not know everything into the lists.
    ///
    /// # Errors
    /// `Unavailable`; the others are put there in the next look.
    pub async fn list_flows_once(&self) -> AppResult<Pause> {
        let flows = self.store().flows_to_list(BATCH).await?;
        if flows.is_empty() {
            return Ok(Pause::For(REST));
        }
        let mut listing = tokio::task::JoinSet::new();
        for (tenant, id) in flows {
            // Side by side, so that their commits share a flush.
            let app = self.clone();
            listing.spawn(async move { app.list_flow(tenant, id).await });
        }
        let mut all = true;
        for done in listing.join_all().await {
            all &= done?;
        }
        // Somebody else has changed one meanwhile: a little later.
        Ok(if all { Pause::None } else { Pause::For(self.config().poll) })
    }

    /// Whether lists know everything of the flow now.
    async fn list_flow(&self, tenant: TenantId, id: ExecutionId) -> AppResult<bool> {
        if let Some(execution) = self.store().execution(tenant, id).await?
            && let Some(listed) = self.listed(execution)?
        {
            match self.store().commit(listed).await {
                Ok(()) => self.driver().poke(id),
                Err(CommitError::Stale(_)) => return Ok(false),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(error) => return Err(AppError::Internal(error.to_string())),
            }
        }
        self.store().flow_is_listed(tenant, id).await?;
        Ok(true)
    }

    /// The execution as it stands, one version on: whoever changes it at the same time tells the lists only what has
    /// changed, and must not come in between. `None` for what lists do not show.
    fn listed(&self, execution: Execution) -> AppResult<Option<Commit>> {
        let Some(flow) = execution.flow.as_deref().filter(|flow| flow.deleted_at.is_none()) else { return Ok(None) };
        let effects = Effects {
            contexts: vec![contexts_of(execution.id, flow)],
            listings: FlowListing::between(execution.id, None, flow).into_iter().collect(),
            ..Effects::default()
        };
        let (tenant_id, expected, at) = (execution.tenant_id, execution.version, flow.updated_at);
        let next = Execution { version: expected + 1, ..execution };
        let document = serde_json::to_string(&next)
            .map_err(|e| AppError::Internal(format!("execution does not serialize: {e}")))?;
        let write = ExecutionWrite {
            expected,
            next: Arc::new(next),
            document,
            events: Vec::new(),
            wake: Wake::Keep,
            held_by: None,
        };
        Ok(Some(Commit {
            tenant_id,
            // Nothing of it has changed.
            at,
            preconditions: Vec::new(),
            executions: vec![write],
            effects,
            webhooks: Vec::new(),
            usage: UsageDelta::default(),
        }))
    }
}
