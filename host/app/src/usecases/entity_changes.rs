//! Changing entities in commits of their own: made anew while others are faster.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::{Commit, Effects, Entity, UsageDelta};
use crate::ports::CommitError;
use serde_json::{Map, Value};
use stepwright_engine::TenantId;
use stepwright_engine::outcome::EntityRef;

/// How often a change is made anew because the entity, or who wants to know of it, has changed meanwhile.
pub(super) const MAX_TRIES: u32 = 20;

/// A change of one entity.
pub(super) trait Change: Sync {
    type Made: Send;

    /// The commit that makes the change of the entity as it stands, and what it comes to; `None` when there is nothing
    /// to be done here.
    fn make(
        &self,
        app: &App,
        current: Option<Entity>,
    ) -> impl Future<Output = AppResult<Option<(Commit, Self::Made)>>> + Send;
}

impl App {
    /// Makes a change of an entity.
    ///
    /// # Errors
    /// `Unavailable` when others are faster all the time; what making the change refuses with.
    pub(super) async fn change_entity<C: Change>(
        &self,
        tenant: TenantId,
        schema: &str,
        id: &str,
        change: &C,
    ) -> AppResult<Option<C::Made>> {
        for _ in 0..MAX_TRIES {
            let current = self.store().entity(tenant, schema, id).await?;
            let Some((commit, made)) = change.make(self, current).await? else { return Ok(None) };
            let started = commit.usage.executions;
            match self.store().commit(commit).await {
                Ok(()) => {
                    self.driver().count_open(tenant, started);
                    self.driver().hint();
                    return Ok(Some(made));
                }
                Err(CommitError::EffectConflict(_) | CommitError::Stale(_)) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(error @ CommitError::Precondition { .. }) => return Err(AppError::Internal(error.to_string())),
            }
        }
        Err(AppError::Unavailable(format!("the {schema} keeps changing; try again")))
    }

    /// A commit of effects alone.
    pub(super) fn commit_of(&self, tenant: TenantId, effects: Effects) -> Commit {
        Commit {
            tenant_id: tenant,
            at: self.now(),
            preconditions: Vec::new(),
            executions: Vec::new(),
            effects,
            webhooks: Vec::new(),
            usage: UsageDelta::default(),
        }
    }

    /// Whether an open flow is about the entity.
    pub(super) async fn has_open_flow(&self, tenant: TenantId, schema: &str, id: &str) -> AppResult<bool> {
        let entity = EntityRef { schema: schema.to_owned(), id: id.to_owned() };
        Ok(!self.store().entities_with_open_flows(tenant, &[entity]).await?.is_empty())
    }
}

/// An entity's attributes.
pub(super) fn attributes_of(entity: &Entity) -> Map<String, Value> {
    entity.attributes.read().unwrap_or_default()
}
