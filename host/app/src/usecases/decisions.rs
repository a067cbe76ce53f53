//! Decisions of native definitions: checked with the components that will be asked.

use super::Access;
use crate::App;
use crate::driver::{CONDITIONS, condition_of};
use crate::error::{AppError, AppResult, FieldFault};
use serde_json::Value;
use std::collections::HashSet;
use stepwright_engine::decision::{DEFAULT_BRANCH, Decision, Subject, Test};
use stepwright_engine::flow::{self, CustomCondition, Statement};
use stepwright_engine::{NodeId, NodeKind, RawJson};

/// Branches of one decision.
const MAX_BRANCHES: usize = 50;
/// Conditions of one branch.
const MAX_TESTS: usize = 50;

impl App {
    /// A decision whose conditions their components accept, or everything that is wrong with it; pointers below the
    /// node. `nodes` are the ids of all nodes of the definition.
    pub(super) async fn checked_decision(
        &self,
        access: &Access,
        mut decision: Decision,
        nodes: &[String],
    ) -> AppResult<Result<NodeKind, Vec<FieldFault>>> {
        let mut faults = branch_faults(&decision);
        for (b, branch) in decision.branches.iter_mut().enumerate().take(MAX_BRANCHES) {
            for (t, test) in branch.tests.iter_mut().enumerate().take(MAX_TESTS) {
                let at = format!("/config/branches/{b}/conditions/{t}");
                let found = match test {
                    Test::Compare { of, statement } => self.check_compare(access, of, statement, nodes).await?,
                    Test::Custom(custom) => self.check_custom(access, custom).await?,
                };
                faults.extend(found.into_iter().map(|f| FieldFault::new(format!("{at}{}", f.pointer), f.message)));
            }
        }
        Ok(if faults.is_empty() { Ok(NodeKind::Decision(decision)) } else { Err(faults) })
    }

    async fn check_compare(
        &self,
        access: &Access,
        of: &Subject,
        statement: &Statement,
        nodes: &[String],
    ) -> AppResult<Vec<FieldFault>> {
        let mut faults = Vec::new();
        if statement.source.attribute.as_deref().is_none_or(str::is_empty) {
            faults.push(FieldFault::new("/attribute", "is required"));
        }
        match of {
            Subject::Node(node) if !nodes.iter().any(|id| id == node.as_str()) => {
                faults.push(FieldFault::new("/node", format!("no node has the id '{node}'")));
            }
            Subject::Node(_) | Subject::Entity | Subject::Input => {}
        }
        let config = flow::compare(statement, None).config;
        if let Err(found) = self.checked_condition(access, CONDITIONS, flow::BUILT_IN, &config).await? {
            faults.extend(found);
        }
        Ok(faults)
    }

    /// Names the component in full and takes over the config as it has normalised it.
    async fn check_custom(&self, access: &Access, custom: &mut CustomCondition) -> AppResult<Vec<FieldFault>> {
        let (plugin, condition) = match condition_of(&custom.component, |id| self.builtin_of_condition(id)) {
            Ok(found) => found,
            Err(fault) => return Ok(vec![FieldFault::new("/condition", fault.reason)]),
        };
        let config = match &custom.config {
            Value::Null => RawJson::empty_object(),
            config => RawJson::from(config),
        };
        match self.checked_condition(access, &plugin, &condition, &config).await? {
            Ok(config) => {
                *custom = CustomCondition { component: format!("{plugin}/{condition}"), config: config.to_value() };
                Ok(Vec::new())
            }
            Err(faults) => {
                let below = |f: FieldFault| match f.pointer.as_str() {
                    "/condition" => f,
                    pointer => FieldFault { pointer: format!("/config{pointer}"), ..f },
                };
                Ok(faults.into_iter().map(below).collect())
            }
        }
    }

    async fn checked_condition(
        &self,
        access: &Access,
        plugin: &str,
        condition: &str,
        config: &RawJson,
    ) -> AppResult<Result<RawJson, Vec<FieldFault>>> {
        let unknown =
            || vec![FieldFault::new("/condition", format!("no enabled plugin provides '{plugin}/{condition}'"))];
        let Some(enabled) = access.view.enabled(plugin) else { return Ok(Err(unknown())) };
        let info = self.info_of(access, &enabled.enablement.digest).await?;
        if !info.is_some_and(|info| info.conditions.iter().any(|c| c == condition)) {
            return Ok(Err(unknown()));
        }
        let limits = enabled.enablement.limits.over(self.config().limits);
        let _slot = self.slot(access).await;
        match self.sandbox().validate_condition(&enabled.enablement.digest, condition, config, limits).await {
            Ok(checked) => Ok(checked),
            Err(fault) if fault.retryable => Err(AppError::Unavailable(fault.reason)),
            Err(fault) => Ok(Err(vec![FieldFault::new(
                "",
                format!("the condition could not check its config: {} ({})", fault.reason, fault.code),
            )])),
        }
    }
}

fn branch_faults(decision: &Decision) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    if !(1..=MAX_BRANCHES).contains(&decision.branches.len()) {
        faults.push(FieldFault::new("/config/branches", format!("must have 1 to {MAX_BRANCHES} branches")));
    }
    let mut seen = HashSet::new();
    for (i, branch) in decision.branches.iter().enumerate() {
        let at = format!("/config/branches/{i}");
        if branch.id.is_empty() || branch.id.len() > 100 {
            faults.push(FieldFault::new(format!("{at}/id"), "must have 1 to 100 bytes"));
        } else if branch.id == DEFAULT_BRANCH {
            let message = format!("'{DEFAULT_BRANCH}' is the branch that is taken when no other one is");
            faults.push(FieldFault::new(format!("{at}/id"), message));
        } else if !seen.insert(&branch.id) {
            faults.push(FieldFault::new(format!("{at}/id"), format!("'{}' is used by another branch", branch.id)));
        }
        if !(1..=MAX_TESTS).contains(&branch.tests.len()) {
            let message = format!("must have 1 to {MAX_TESTS} conditions");
            faults.push(FieldFault::new(format!("{at}/conditions"), message));
        }
    }
    faults
}

/// The ids a decision may name.
pub(super) fn ids_of(nodes: &[super::NodeDraft]) -> Vec<String> {
    nodes.iter().map(|node| NodeId::new(&node.id).to_string()).collect()
}
