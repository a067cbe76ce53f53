//! Decisions in graphs: what a node of that kind asks condition components, and which edges its answer opens.
//!
//! The components compare ([`crate::flow::BUILT_IN`] and those of plugins, `wit/condition@0.1.0`); what they are asked
//! about is resolved here.

use crate::flow::{self, CustomCondition, Question, Statement, Verdict};
use crate::{Execution, NodeId, RawJson, TaskState};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The branch that is taken when no other one is.
pub const DEFAULT_BRANCH: &str = "default";

/// A decision as configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// In the order in which they are looked at.
    pub branches: Vec<Branch>,
    /// Takes every branch that is met, not only the first.
    #[serde(default)]
    pub parallel: bool,
}

/// A way out of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// What edges name it by; unique in the decision, not [`DEFAULT_BRANCH`].
    pub id: String,
    pub name: String,
    /// One test that is met is enough; otherwise all must be.
    #[serde(default)]
    pub any: bool,
    pub tests: Vec<Test>,
}

/// One test of a branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// The built-in condition on one value; of the statement's source only the attribute and its type count.
    Compare { of: Subject, statement: Statement },
    /// A condition of a component, which is handed everything there is.
    Custom(CustomCondition),
}

/// Where the value stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Among the attributes of the entity the execution is about.
    Entity,
    /// In what the execution was started with.
    Input,
    /// In the output of a node that has completed.
    Node(NodeId),
}

impl Decision {
    /// Every question of the decision, branch by branch, for [`Self::judge`]. `entity` holds the attributes of the
    /// execution's entity.
    pub fn questions(&self, execution: &Execution, entity: Option<&Map<String, Value>>) -> Vec<Question> {
        let subjects = Subjects { execution, entity };
        let of = |branch: &Branch| {
            let ask = |test: &Test| match test {
                Test::Compare { of, statement } => {
                    let found = subjects.members(of);
                    flow::compare(statement, found.as_ref())
                }
                Test::Custom(custom) => Question {
                    component: custom.component.clone(),
                    config: RawJson::from(&custom.config),
                    operands: vec![flow::Operand {
                        values: vec![RawJson::from(subjects.everything())],
                        attribute_type: "execution".into(),
                        repeatable: false,
                        present: true,
                        diff: None,
                    }],
                },
            };
            branch.tests.iter().map(ask).collect::<Vec<_>>()
        };
        self.branches.iter().flat_map(of).collect()
    }

    /// The branches taken, [`DEFAULT_BRANCH`] when none is met. `None` when the number of verdicts is wrong.
    pub fn judge(&self, verdicts: &[Verdict]) -> Option<Vec<String>> {
        let mut left = verdicts;
        let mut met = Vec::new();
        for branch in &self.branches {
            let (own, rest) = left.split_at_checked(branch.tests.len())?;
            left = rest;
            let is_met = if branch.any { own.iter().any(|v| v.met) } else { own.iter().all(|v| v.met) };
            if is_met {
                met.push(branch.id.clone());
            }
        }
        if !left.is_empty() {
            return None;
        }
        if !self.parallel {
            met.truncate(1);
        }
        if met.is_empty() {
            met.push(DEFAULT_BRANCH.to_owned());
        }
        Some(met)
    }

    /// The branch with this id.
    pub fn branch(&self, id: &str) -> Option<&Branch> {
        self.branches.iter().find(|branch| branch.id == id)
    }
}

/// The output of a decision: what was taken, and what the components have said.
pub fn output(taken: &[String], verdicts: &[Verdict]) -> RawJson {
    let explain: Vec<&str> = verdicts.iter().map(|v| v.explain.as_str()).collect();
    RawJson::from(json!({ "branches": taken, "explain": explain }))
}

/// The branches a decision's output names.
pub(crate) fn taken(output: &RawJson) -> Vec<String> {
    #[derive(Deserialize)]
    struct Output {
        branches: Vec<String>,
    }
    output.read().map(|output: Output| output.branches).unwrap_or_default()
}

struct Subjects<'a> {
    execution: &'a Execution,
    entity: Option<&'a Map<String, Value>>,
}

impl Subjects<'_> {
    fn members(&self, of: &Subject) -> Option<Map<String, Value>> {
        match of {
            Subject::Entity => self.entity.cloned(),
            Subject::Input => self.execution.input.read().ok(),
            Subject::Node(node) => self.output(node)?.read().ok(),
        }
    }

    fn output(&self, node: &NodeId) -> Option<&RawJson> {
        match &self.execution.task_of(node)?.state {
            TaskState::Completed { output, .. } => Some(output),
            _ => None,
        }
    }

    fn everything(&self) -> Value {
        let outputs: Map<String, Value> = self
            .execution
            .tasks
            .iter()
            .filter_map(|task| Some((task.node.to_string(), self.output(&task.node)?.to_value())))
            .collect();
        json!({ "entity": self.entity, "input": self.execution.input, "outputs": outputs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(parallel: bool) -> Decision {
        let test = || Test::Custom(CustomCondition { component: "acme/x".into(), config: json!({}) });
        let branch = |id: &str, any, tests: usize| Branch {
            id: id.into(),
            name: id.into(),
            any,
            tests: (0..tests).map(|_| test()).collect(),
        };
        Decision { branches: vec![branch("all", false, 2), branch("any", true, 2)], parallel }
    }

    fn verdicts(met: [bool; 4]) -> Vec<Verdict> {
        met.into_iter().map(|met| Verdict { met, explain: String::new() }).collect()
    }

    #[test]
    fn branches_are_taken_in_order_and_the_default_one_when_none_is_met() {
        for (met, first, every) in [
            ([true, true, false, true], vec!["all"], vec!["all", "any"]),
            ([true, false, false, true], vec!["any"], vec!["any"]),
            ([false, false, false, false], vec!["default"], vec!["default"]),
        ] {
            assert_eq!(decision(false).judge(&verdicts(met)).unwrap(), first, "{met:?}");
            assert_eq!(decision(true).judge(&verdicts(met)).unwrap(), every, "{met:?}");
        }
    }

    #[test]
    fn too_few_or_too_many_verdicts_decide_nothing() {
        let verdicts = verdicts([true; 4]);
        assert_eq!(decision(false).judge(&verdicts[..3]), None);
        let more: Vec<Verdict> = verdicts.iter().chain(&verdicts).cloned().collect();
        assert_eq!(decision(false).judge(&more), None);
    }
}
