//! Automations: ordered steps that tasks of flows run by name.

use super::Access;
use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{Automation, AutomationAction, Listed, Paging};
use crate::ports::StoreError;
use stepwright_engine::{AutomationId, NodeKind, RawJson, Timestamp};

/// Actions of one automation.
const MAX_ACTIONS: usize = 50;
/// Characters of a name.
const MAX_NAME: usize = 200;
/// Bytes of an author's id.
const MAX_ID: usize = 64;

/// An action as the author writes it.
#[derive(Clone, Debug)]
pub struct ActionDraft {
    /// `<plugin>/<step>` or the bare id of a built-in.
    pub step_type: String,
    pub config: RawJson,
    pub allow_failure: bool,
}

/// An automation as the author writes it. Faults come back with pointers `/id`, `/name`, `/actions/<i>/config/…`.
#[derive(Clone, Debug)]
pub struct AutomationDraft {
    /// None: one is made up.
    pub flow_id: Option<String>,
    pub name: String,
    pub actions: Vec<ActionDraft>,
}

impl App {
    /// Checks and saves an automation.
    ///
    /// # Errors
    /// `Invalid` with every fault, `Conflict` when the id is taken.
    pub async fn create_automation(&self, access: &Access, draft: AutomationDraft) -> AppResult<Automation> {
        let now = self.now();
        let automation = self.checked_automation(access, draft, AutomationId::fresh(&**self.ids()), 1, now).await?;
        match self.store().insert_automation(&automation).await {
            Ok(()) => Ok(automation),
            Err(StoreError::Duplicate(_)) => {
                Err(AppError::Conflict(format!("an automation with the id '{}' exists", automation.flow_id)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces name and actions; runs under way finish with the actions they started with.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Conflict` when somebody else has just replaced it.
    pub async fn replace_automation(
        &self,
        access: &Access,
        current: &Automation,
        draft: AutomationDraft,
    ) -> AppResult<Automation> {
        let draft = AutomationDraft { flow_id: Some(current.flow_id.clone()), ..draft };
        let version = current.version + 1;
        let next = self.checked_automation(access, draft, current.id, version, current.created_at).await?;
        if self.store().save_automation(&next).await? {
            Ok(next)
        } else {
            Err(AppError::Conflict("the automation has just been changed; try again".into()))
        }
    }

    /// The automation that tasks name by `flow_id`.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn automation(&self, access: &Access, flow_id: &str) -> AppResult<Automation> {
        self.store().automation(access.tenant_id(), flow_id).await?.ok_or(AppError::NotFound("automation"))
    }

    /// Automations, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn automations(&self, access: &Access, page: Paging) -> AppResult<Listed<Automation>> {
        Ok(self.store().automations(access.tenant_id(), page).await?)
    }

    /// Deletes an automation; tasks that name it fail from then on.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_automation(&self, access: &Access, flow_id: &str) -> AppResult<()> {
        if self.store().delete_automation(access.tenant_id(), flow_id).await? {
            Ok(())
        } else {
            Err(AppError::NotFound("automation"))
        }
    }

    async fn checked_automation(
        &self,
        access: &Access,
        draft: AutomationDraft,
        id: AutomationId,
        version: u32,
        created_at: Timestamp,
    ) -> AppResult<Automation> {
        let mut faults = head_faults(&draft);
        let mut actions = Vec::with_capacity(draft.actions.len().min(MAX_ACTIONS));
        for (i, action) in draft.actions.into_iter().enumerate().take(MAX_ACTIONS) {
            match self.checked_step(access, &action.step_type, action.config, None).await? {
                Ok(NodeKind::Step { step, config }) => {
                    actions.push(AutomationAction { step, config, allow_failure: action.allow_failure });
                }
                Ok(NodeKind::Manual | NodeKind::Decision(_)) => {}
                Err(broken) => faults.extend(
                    broken.into_iter().map(|f| FieldFault::new(format!("/actions/{i}{}", f.pointer), f.message)),
                ),
            }
        }
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        Ok(Automation {
            id,
            tenant_id: access.tenant_id(),
            flow_id: draft.flow_id.unwrap_or_else(|| id.to_string()),
            name: draft.name.trim().to_owned(),
            actions,
            version,
            created_at,
            updated_at: self.now(),
        })
    }
}

fn head_faults(draft: &AutomationDraft) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let name = draft.name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        faults.push(FieldFault::new("/name", format!("must have 1 to {MAX_NAME} characters")));
    }
    let visible = |id: &str| id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'));
    if draft.flow_id.as_deref().is_some_and(|id| id.is_empty() || id.len() > MAX_ID || !visible(id)) {
        let rule = format!("must have 1 to {MAX_ID} characters out of letters, digits, '-', '_', '.' and ':'");
        faults.push(FieldFault::new("/id", rule));
    }
    if draft.actions.is_empty() || draft.actions.len() > MAX_ACTIONS {
        faults.push(FieldFault::new("/actions", format!("must have 1 to {MAX_ACTIONS} actions")));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_head_is_reported_at_once() {
        let draft = AutomationDraft { flow_id: Some("a b".into()), name: " ".into(), actions: Vec::new() };
        let pointers: Vec<String> = head_faults(&draft).into_iter().map(|f| f.pointer).collect();
        assert_eq!(pointers, ["/name", "/id", "/actions"]);
    }
}
