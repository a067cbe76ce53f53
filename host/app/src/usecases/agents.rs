//! Agents: what AI_AGENT tasks of flows name.

use super::{Access, schema_faults};
use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{Agent, AgentBudget, AgentGrants, AgentMode, Listed, Paging};
use crate::ports::StoreError;
use stepwright_engine::agent::Limits;
use stepwright_engine::{AgentId, RawJson, Timestamp};

/// Characters of a name.
const MAX_NAME: usize = 200;
/// Bytes of an author's id.
const MAX_ID: usize = 64;
/// Entries of one list of grants.
const MAX_GRANTS: usize = 200;
/// Milliseconds of one run in the host (source: contracts/plugins.md 4.3).
const MAX_WALL_MS: u64 = 300_000;
/// Seconds a person may be given: 90 days.
const MAX_CONFIRM_WITHIN: u32 = 90 * 24 * 3_600;

/// An agent as the author writes it. Faults come back with pointers `/id`, `/name`, `/agent`, `/config/…`, `/grants/…`,
/// `/budget/…`.
#[derive(Clone, Debug)]
pub struct AgentDraft {
    /// What tasks name it by. None: one is made up.
    pub name: Option<String>,
    pub title: String,
    /// `<plugin>/<agent>` or the bare id of a built-in.
    pub agent: String,
    pub config: RawJson,
    pub mode: AgentMode,
    pub grants: AgentGrants,
    pub budget: AgentBudget,
}

impl App {
    /// Checks and saves an agent.
    ///
    /// # Errors
    /// `Invalid` with every fault, `Conflict` when the id is taken.
    pub async fn create_agent(&self, access: &Access, draft: AgentDraft) -> AppResult<Agent> {
        let now = self.now();
        let agent = self.checked_agent(access, draft, AgentId::fresh(&**self.ids()), 1, now).await?;
        match self.store().insert_agent(&agent).await {
            Ok(()) => Ok(agent),
            Err(StoreError::Duplicate(_)) => {
                Err(AppError::Conflict(format!("an agent with the id '{}' exists", agent.name)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces an agent; runs under way finish with the agent they started with.
    ///
    /// # Errors
    /// `Invalid`, `Conflict` when somebody else has just replaced it.
    pub async fn replace_agent(&self, access: &Access, current: &Agent, draft: AgentDraft) -> AppResult<Agent> {
        let draft = AgentDraft { name: Some(current.name.clone()), ..draft };
        let version = current.version + 1;
        let next = self.checked_agent(access, draft, current.id, version, current.created_at).await?;
        if self.store().save_agent(&next).await? {
            Ok(next)
        } else {
            Err(AppError::Conflict("the agent has just been changed; try again".into()))
        }
    }

    /// The agent that tasks name so.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn agent(&self, access: &Access, name: &str) -> AppResult<Agent> {
        self.store().agent(access.tenant_id(), name).await?.ok_or(AppError::NotFound("agent"))
    }

    /// Agents, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn agents(&self, access: &Access, page: Paging) -> AppResult<Listed<Agent>> {
        Ok(self.store().agents(access.tenant_id(), page).await?)
    }

    /// Deletes an agent with what it keeps; tasks that name it fail from then on.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_agent(&self, access: &Access, name: &str) -> AppResult<()> {
        if self.store().delete_agent(access.tenant_id(), name).await? {
            Ok(())
        } else {
            Err(AppError::NotFound("agent"))
        }
    }

    async fn checked_agent(
        &self,
        access: &Access,
        draft: AgentDraft,
        id: AgentId,
        version: u32,
        created_at: Timestamp,
    ) -> AppResult<Agent> {
        let mut faults = head_faults(&draft);
        faults.extend(budget_faults(&draft.budget));
        faults.extend(grant_faults(&draft.grants));
        let mut checked = None;
        match self.found_agent(access, &draft.agent).await? {
            None => {
                let message = format!("no enabled plugin provides the agent '{}'", draft.agent);
                faults.push(FieldFault::new("/agent", message));
            }
            Some((plugin, digest, agent)) => {
                let broken = schema_faults(&agent.config_schema, &draft.config);
                if broken.is_empty() {
                    let limits = self.config().limits;
                    let _slot = self.slot(access).await;
                    match self.sandbox().validate_agent(&digest, &agent.id, &draft.config, limits).await {
                        Ok(Ok(config)) => checked = Some((plugin, agent.id, config)),
                        Ok(Err(refused)) => faults.extend(
                            refused.into_iter().map(|f| FieldFault::new(format!("/config{}", f.pointer), f.message)),
                        ),
                        Err(fault) => {
                            let message =
                                format!("the agent could not check its config: {} ({})", fault.reason, fault.code);
                            faults.push(FieldFault::new("/config", message));
                        }
                    }
                }
                faults.extend(broken);
            }
        }
        match checked {
            Some((plugin, agent, config)) if faults.is_empty() => Ok(Agent {
                id,
                tenant_id: access.tenant_id(),
                name: draft.name.unwrap_or_else(|| id.to_string()),
                title: draft.title.trim().to_owned(),
                plugin,
                agent,
                config,
                mode: draft.mode,
                grants: draft.grants,
                budget: draft.budget,
                version,
                created_at,
                updated_at: self.now(),
            }),
            _ => Err(AppError::Invalid(faults)),
        }
    }

    /// The enabled plugin that provides an agent: its name, its digest, and the agent.
    async fn found_agent(
        &self,
        access: &Access,
        named: &str,
    ) -> AppResult<Option<(String, String, crate::model::AgentDescriptor)>> {
        let (plugin, agent) = match named.rsplit_once('/') {
            Some((plugin, agent)) => (plugin.to_owned(), agent),
            None => match self.builtin_of_agent(named) {
                Some(builtin) => (builtin.info.name.clone(), named),
                None => return Ok(None),
            },
        };
        let Some(enabled) = access.view.enabled(&plugin) else { return Ok(None) };
        let digest = enabled.enablement.digest.clone();
        let info = self.info_of(access, &digest).await?;
        Ok(info.and_then(|info| info.agent(agent).cloned()).map(|agent| (plugin, digest, agent)))
    }
}

fn head_faults(draft: &AgentDraft) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let title = draft.title.trim();
    if title.is_empty() || title.chars().count() > MAX_NAME {
        faults.push(FieldFault::new("/name", format!("must have 1 to {MAX_NAME} characters")));
    }
    let visible = |id: &str| id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'));
    if draft.name.as_deref().is_some_and(|id| id.is_empty() || id.len() > MAX_ID || !visible(id)) {
        let rule = format!("must have 1 to {MAX_ID} characters out of letters, digits, '-', '_', '.' and ':'");
        faults.push(FieldFault::new("/id", rule));
    }
    faults
}

fn budget_faults(budget: &AgentBudget) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let Limits { wall_ms, fuel, .. } = budget.run;
    if wall_ms.is_some_and(|ms| ms == 0 || ms > MAX_WALL_MS) {
        faults.push(FieldFault::new("/budget/wall_ms", format!("must be 1 to {MAX_WALL_MS}")));
    }
    if fuel == Some(0) {
        faults.push(FieldFault::new("/budget/fuel", "must be at least 1"));
    }
    if !(1..=MAX_CONFIRM_WITHIN).contains(&budget.confirm_within) {
        faults.push(FieldFault::new("/budget/confirm_within", format!("must be 1 to {MAX_CONFIRM_WITHIN}")));
    }
    if budget.max_repeats > 20 {
        faults.push(FieldFault::new("/budget/max_repeats", "must be at most 20"));
    }
    faults
}

fn grant_faults(grants: &AgentGrants) -> Vec<FieldFault> {
    let lists = [
        ("/grants/entities/read", &grants.entities.read),
        ("/grants/entities/write", &grants.entities.write),
        ("/grants/steps", &grants.steps),
        ("/grants/models", &grants.models),
        ("/grants/confirm", &grants.confirm),
        ("/grants/irreversible", &grants.irreversible),
        ("/grants/mcp", &grants.mcp),
    ];
    let mut faults = Vec::new();
    for (pointer, list) in lists {
        if list.len() > MAX_GRANTS || list.iter().any(|name| name.is_empty() || name.len() > 200) {
            faults.push(FieldFault::new(pointer, format!("must have at most {MAX_GRANTS} names of 1 to 200 bytes")));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_reported_at_once() {
        let draft = AgentDraft {
            name: Some("a b".into()),
            title: " ".into(),
            agent: "x".into(),
            config: RawJson::empty_object(),
            mode: AgentMode::Automatic,
            grants: AgentGrants { steps: [String::new()].into(), ..AgentGrants::default() },
            budget: AgentBudget {
                run: Limits { wall_ms: Some(300_001), fuel: Some(0), ..Limits::default() },
                confirm_within: 0,
                ..AgentBudget::default()
            },
        };
        let mut faults = head_faults(&draft);
        faults.extend(budget_faults(&draft.budget));
        faults.extend(grant_faults(&draft.grants));
        let pointers: Vec<&str> = faults.iter().map(|f| f.pointer.as_str()).collect();
        let all = ["/name", "/id", "/budget/wall_ms", "/budget/fuel", "/budget/confirm_within", "/grants/steps"];
        assert_eq!(pointers, all);
    }
}
