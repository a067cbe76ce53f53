//! Transition guards: binding them to a type of records, and asking them (source: contracts/plugins.md 4.5).

use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{GuardBinding, InvocationLimits};
use crate::ports::{CallContext, GuardCall, GuardDecision, GuardedTransition};
use crate::turns::RecordAsk;
use crate::usecases::Access;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use stepwright_engine::record::{Advance, Amendment, Change, Command, Denial, Record, WorkflowType};
use stepwright_engine::{Execution, Fault, HistoryEvent, RawJson, Timestamp};

/// History lines a guard is shown.
const TAIL: usize = 20;
/// Bytes of a binding's config.
const MAX_CONFIG: usize = 64 << 10;
/// What a guard may use: it stands in the way of a commit. Fuel for some 50 ms decides; wall time is for those that
/// sleep, and longer, so that a busy host does not refuse what it should allow.
const LIMITS: InvocationLimits = InvocationLimits {
    wall_ms: 250,
    fuel: 50_000_000,
    memory: 64 << 20,
    table_elements: 20_000,
    host_calls: 50,
    output: 256 << 10,
    log: 64 << 10,
    http_body: 0,
};

/// A binding to be made.
#[derive(Clone, Debug)]
pub struct GuardDraft {
    pub workflow_type: WorkflowType,
    pub plugin: String,
    pub guard: String,
    pub config: RawJson,
    pub fail_open: bool,
}

/// What came of asking.
pub(crate) enum GuardVerdict {
    Allowed(Amendment),
    Refused {
        denial: Denial,
        /// For the caller.
        message: String,
    },
}

impl App {
    /// Bindings by type.
    pub fn guards<'a>(&self, access: &'a Access) -> &'a [GuardBinding] {
        &access.view.guards
    }

    /// The binding of a type.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn guard(&self, access: &Access, workflow_type: WorkflowType) -> AppResult<GuardBinding> {
        access.view.guard_of(workflow_type).cloned().ok_or(AppError::NotFound("guard"))
    }

    /// Binds a guard, instead of the one that was; with it, whether there was none. Takes effect here at once, on
    /// other hosts within a poll.
    ///
    /// # Errors
    /// `Invalid` when no enabled plugin has such a guard.
    pub async fn bind_guard(&self, access: &Access, draft: GuardDraft) -> AppResult<(GuardBinding, bool)> {
        let mut faults = Vec::new();
        let digest = access.view.enabled(&draft.plugin).map(|enabled| enabled.enablement.digest.clone());
        match digest {
            None => faults.push(FieldFault::new("/plugin", format!("no plugin '{}' is enabled", draft.plugin))),
            Some(digest) => {
                let known = self.guards_of(access, &draft.plugin, &digest).await?;
                if !known.contains(&draft.guard) {
                    let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                    let message = format!("is no guard of '{}'; it has {known}", draft.plugin);
                    faults.push(FieldFault::new("/guard", message));
                }
            }
        }
        if draft.config.as_str().len() > MAX_CONFIG {
            faults.push(FieldFault::new("/config", format!("must have at most {MAX_CONFIG} bytes")));
        }
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        let GuardDraft { workflow_type, plugin, guard, config, fail_open } = draft;
        let (tenant_id, updated_at) = (access.tenant_id(), self.now());
        let binding = GuardBinding { tenant_id, workflow_type, plugin, guard, config, fail_open, updated_at };
        let is_new = self.store().put_guard(&binding).await?;
        self.caches().invalidate();
        Ok((binding, is_new))
    }

    /// Ends a binding.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn unbind_guard(&self, access: &Access, workflow_type: WorkflowType) -> AppResult<()> {
        let found = self.store().delete_guard(access.tenant_id(), workflow_type).await?;
        self.caches().invalidate();
        if found { Ok(()) } else { Err(AppError::NotFound("guard")) }
    }

    /// The ids of a plugin's guards.
    async fn guards_of(&self, access: &Access, plugin: &str, digest: &str) -> AppResult<Vec<String>> {
        let builtin = self.builtins().iter().find(|b| b.info.name == plugin && b.info.digest == digest);
        let info = match builtin {
            Some(builtin) => Some(builtin.info.clone()),
            None => self.store().component_info(access.tenant_id(), digest).await?,
        };
        Ok(info.map(|info| info.guards).unwrap_or_default())
    }

    /// Asks the guard about a transition to `next`. A guard that cannot answer refuses, unless its binding says
    /// otherwise.
    pub(crate) async fn ask_guard(
        &self,
        view: &TenantView,
        binding: &GuardBinding,
        execution: &Execution,
        history: &[Arc<HistoryEvent>],
        ask: &RecordAsk,
        next: &Record,
    ) -> GuardVerdict {
        let asked = self.call_guard(view, binding, execution, history, ask, next).await;
        let refuse = |code: &str, reason: String, message: String| GuardVerdict::Refused {
            denial: Denial {
                action: ask.command.action().into(),
                guard: format!("{}/{}", binding.plugin, binding.guard),
                code: code.into(),
                reason,
                to_status: next.status.name(),
                to_stage: next.stage.clone(),
            },
            message,
        };
        match asked {
            Ok(GuardDecision::Allow) => GuardVerdict::Allowed(Amendment::default()),
            Ok(GuardDecision::AllowWith { state_patch, next_action_at, escalation_level }) => {
                let state: Map<String, Value> = state_patch.and_then(|patch| patch.read().ok()).unwrap_or_default();
                let instant = next_action_at.and_then(|text| chrono::DateTime::parse_from_rfc3339(&text).ok());
                let next_action_at = instant.map(|at| Timestamp::from(at.with_timezone(&chrono::Utc)));
                GuardVerdict::Allowed(Amendment { state, next_action_at, escalation_level })
            }
            Ok(GuardDecision::Deny { code, reason }) => {
                let message = format!("Transition denied: {reason}");
                refuse(&code, reason, message)
            }
            Err(fault) if binding.fail_open => {
                tracing::warn!(execution = %execution.id, plugin = binding.plugin, guard = binding.guard,
                    code = fault.code, reason = fault.reason, "a guard could not answer; its binding lets pass");
                GuardVerdict::Allowed(Amendment::default())
            }
            Err(fault) => {
                tracing::warn!(execution = %execution.id, plugin = binding.plugin, guard = binding.guard,
                    code = fault.code, reason = fault.reason, "a guard could not answer; the transition is refused");
                refuse("GUARD_UNAVAILABLE", format!("{}: {}", fault.code, fault.reason), "guard unavailable".into())
            }
        }
    }

    async fn call_guard(
        &self,
        view: &TenantView,
        binding: &GuardBinding,
        execution: &Execution,
        history: &[Arc<HistoryEvent>],
        ask: &RecordAsk,
        next: &Record,
    ) -> Result<GuardDecision, Fault> {
        let enabled = view
            .enabled(&binding.plugin)
            .ok_or_else(|| Fault::permanent("PLUGIN_NOT_ENABLED", format!("'{}' is not enabled", binding.plugin)))?;
        let Some(record) = execution.record.as_deref() else {
            return Err(Fault::permanent("INTERNAL", "the execution is no record"));
        };
        let context = CallContext {
            tenant_id: view.tenant.id,
            environment: view.tenant.environment,
            dialect: execution.dialect.as_str().into(),
            execution_id: execution.id.to_string(),
            definition_id: Some(execution.definition_id.to_string()),
            node_id: None,
            attempt: 1,
            // Chance is seeded by it: the same question gets the same answer.
            dedupe_key: format!("{}:guard:{}", execution.id, execution.version),
            now: self.now().to_rfc3339_millis(),
            timezone: view.tenant.settings.timezone.clone(),
            actor: ask.name.clone(),
        };
        let tail = history.len().saturating_sub(TAIL);
        let transition = GuardedTransition {
            action: ask.command.action().into(),
            actor: ask.name.clone(),
            actor_kind: ask.kind.into(),
            from_status: record.status.name().as_str().into(),
            to_status: next.status.name().as_str().into(),
            from_stage: record.stage.clone(),
            to_stage: next.stage.clone(),
            workflow_type: record.workflow_type.as_str().into(),
            config: binding.config.clone(),
            patch: RawJson::from(shown_command(&ask.command)),
            record: RawJson::from(shown_record(execution, record)),
            history: history[tail..].iter().filter_map(|event| event.detail.clone()).collect(),
        };
        let (digest, guard) = (enabled.enablement.digest.clone(), binding.guard.clone());
        self.sandbox().check_guard(GuardCall { digest, guard, context, transition, limits: LIMITS }).await
    }
}

/// The requested change, by the names the call has for its members.
fn shown_command(command: &Command) -> Value {
    match command {
        Command::Advance(advance) => shown_advance(advance),
        Command::Suspend { step, payload } => json!({ "step": step, "payload": payload }),
        Command::Resume { data } => json!({ "resume_data": data }),
        Command::Abort | Command::TimerFired | Command::Deny(_) => json!({}),
    }
}

fn shown_advance(advance: &Advance) -> Value {
    fn put<T>(shown: &mut Value, name: &str, change: &Change<T>, show: impl Fn(&T) -> Value) {
        match change {
            Change::Keep => {}
            Change::Clear => shown[name] = Value::Null,
            Change::Set(value) => shown[name] = show(value),
        }
    }
    let mut shown = json!({ "action": advance.action });
    if let Some(status) = advance.status {
        shown["status"] = status.as_str().into();
    }
    if let Some(level) = advance.escalation_level {
        shown["escalation_level"] = level.into();
    }
    if let Some(detail) = &advance.detail {
        shown["action_detail"] = detail.to_value();
    }
    if !advance.state.is_empty() {
        shown["workflow_state"] = Value::Object(advance.state.clone());
    }
    put(&mut shown, "stage", &advance.stage, |stage| stage.as_str().into());
    put(&mut shown, "assigned_to", &advance.assigned_to, |to| to.as_str().into());
    put(&mut shown, "approver_id", &advance.approver_id, |id| id.to_string().into());
    put(&mut shown, "expires_at", &advance.expires_at, |at| at.to_rfc3339_secs().into());
    put(&mut shown, "next_action_at", &advance.next_action_at, |at| at.to_rfc3339_secs().into());
    shown
}

/// The record as it stands, by the names its dialect has for its members.
fn shown_record(execution: &Execution, record: &Record) -> Value {
    let at = |instant: Option<Timestamp>| instant.map(Timestamp::to_rfc3339_secs);
    json!({
        "id": execution.id,
        "tenant_id": execution.tenant_id,
        "instance_id": execution.instance_id,
        "workflow_type": record.workflow_type,
        "customer_id": record.customer_id,
        "status": record.status.name(),
        "stage": record.stage,
        "title": record.title,
        "reference": record.reference,
        "assigned_to": record.assigned_to,
        "approver_id": record.approver_id,
        "escalation_level": record.escalation_level,
        "workflow_state": record.state,
        "expires_at": at(record.expires_at),
        "next_action_at": at(record.next_action_at),
        "created_at": at(Some(record.created_at)),
        "updated_at": at(Some(record.updated_at)),
        "last_action_at": at(record.last_action_at),
        "completed_at": at(record.status.ended_at()),
    })
}
