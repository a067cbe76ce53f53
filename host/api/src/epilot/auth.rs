//! What keys of this API may do, and for which organization (source: contracts/epilot.md 1B.1).

use crate::kit::{ApiError, ApiResult, ApiState, Caller, Permission};
use axum::extract::FromRequestParts;
use http::request::Parts;
use stepwright_app::usecases::Access;
use stepwright_app::{App, AppError, AppResult, Principal};
use stepwright_engine::flow::{Assignee, Flow, FlowPatch, TaskPatch};
use stepwright_engine::{Dialect, NodeId};

/// Every grant a key may hold; `<parent>:*` stands for all below the parent.
pub(super) const GRANTS: [&str; 17] = [
    "workflow:execution:view",
    "workflow:execution:trigger",
    "workflow:execution:cancel",
    "workflow:execution:delete",
    "workflow:execution:update_details",
    "workflow:execution:task:view_assigned",
    "workflow:execution:task:update",
    "workflow:execution:task:update_assigned",
    "workflow:execution:task:assign",
    "workflow:execution:task:update_date",
    "workflow:execution:task:add",
    "workflow:execution:task:notes",
    "workflow:definition:view",
    "workflow:definition:create",
    "workflow:definition:edit",
    "workflow:definition:delete",
    "automation:trigger",
];

const CANCEL: &str = "workflow:execution:cancel";
const DETAILS: &str = "workflow:execution:update_details";
const UPDATE: &str = "workflow:execution:task:update";
const UPDATE_ASSIGNED: &str = "workflow:execution:task:update_assigned";
const ASSIGN: &str = "workflow:execution:task:assign";
const UPDATE_DATE: &str = "workflow:execution:task:update_date";

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $scopes:expr;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;
        impl Permission for $name {
            const DIALECT: Dialect = Dialect::Epilot;
            const SCOPES: &'static [&'static str] = &$scopes;
        }
    )+};
}

permissions! {
    /// Reading templates, definitions and closing reasons.
    DefinitionView: ["workflow:definition:view"];
    /// Making them.
    DefinitionCreate: ["workflow:definition:create"];
    /// Changing them.
    DefinitionEdit: ["workflow:definition:edit"];
    /// Deleting them.
    DefinitionDelete: ["workflow:definition:delete"];
    /// Reading executions.
    ExecutionRead: ["workflow:execution:view"];
    /// Starting them.
    ExecutionTrigger: ["workflow:execution:trigger"];
    /// Deleting them.
    ExecutionDelete: ["workflow:execution:delete"];
    /// Changing something of them; [`Member::may_patch_flow`] says what.
    ExecutionChange: [CANCEL, DETAILS];
    /// Changing more than their status, and phases.
    ExecutionDetails: [DETAILS];
    /// Doing what tasks are for.
    TaskUpdate: [UPDATE];
    /// Changing something of tasks; [`Member::may_patch_task`] says what.
    TaskChange: [UPDATE, UPDATE_ASSIGNED, ASSIGN, UPDATE_DATE];
    /// Adding tasks.
    TaskAdd: ["workflow:execution:task:add"];
}

/// A caller that holds `P` and does not name another organization than its own.
pub(super) struct Member<P>(Caller<P>);

impl<P: Permission> Member<P> {
    /// The application.
    pub(super) fn app(&self) -> &App {
        &self.0.state().app
    }

    /// Access to the key's tenant.
    ///
    /// # Errors
    /// 401 when that tenant is gone.
    pub(super) async fn access(&self) -> ApiResult<Access> {
        self.0.own_tenant().await
    }

    /// Whether the caller may change that much of an execution: its status and why it was closed, or anything else.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(super) fn may_patch_flow(&self, patch: &FlowPatch) -> AppResult<()> {
        let details = FlowPatch {
            status: None,
            selected_reasons: None,
            extra_description: None,
            closed_by: None,
            completed_at: None,
            ..patch.clone()
        };
        self.needs(details != FlowPatch::default(), DETAILS)?;
        self.needs(details != *patch, CANCEL)
    }

    /// Whether the caller may change that much of a task: its assignees, its due date, or anything else, for which it is
    /// enough to be assigned when the key is for assigned tasks.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound("task")` when that is not even asked.
    pub(super) fn may_patch_task(&self, flow: &Flow, task: &NodeId, patch: &TaskPatch) -> AppResult<()> {
        self.needs(patch.assigned_to.is_some(), ASSIGN)?;
        self.needs(patch.due_date.is_some() || patch.due_date_config.is_some(), UPDATE_DATE)?;
        let rest = TaskPatch { assigned_to: None, due_date: None, due_date_config: None, ..patch.clone() };
        if rest == TaskPatch::default() || self.0.principal.has_scope(UPDATE) {
            return Ok(());
        }
        let task = flow.task(task).ok_or(AppError::NotFound("task"))?;
        let mut assigned = task.assigned_to.iter().flat_map(Assignee::users);
        let mine = assigned.any(|user| Some(user.as_str()) == self.user());
        self.needs(true, if mine { UPDATE_ASSIGNED } else { UPDATE })
    }

    /// The user the key speaks for.
    fn user(&self) -> Option<&str> {
        match &self.0.principal {
            Principal::Operator => None,
            Principal::Key(key) => key.subject.as_deref(),
            Principal::User(user) => Some(&user.subject),
        }
    }

    fn needs(&self, needed: bool, grant: &str) -> AppResult<()> {
        if needed && !self.0.principal.has_scope(grant) {
            return Err(AppError::Forbidden(format!("the key lacks the grant {grant}")));
        }
        Ok(())
    }
}

impl<P: Permission> FromRequestParts<ApiState> for Member<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let named = parts.headers.get("x-epilot-org-id").map(http::HeaderValue::as_bytes).filter(|n| !n.is_empty());
        match (named, &caller.principal) {
            (Some(named), Principal::Key(key)) if !named.eq_ignore_ascii_case(key.tenant_id.to_string().as_bytes()) => {
                Err(ApiError::Forbidden("the key belongs to another organization".into()))
            }
            _ => Ok(Self(caller)),
        }
    }
}
