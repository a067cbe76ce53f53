//! What a decision asks of condition components, and what their verdicts mean.
//!
//! The engine resolves what a statement is about; a component compares (source: contracts/plugins.md 4.2,
//! `wit/condition@0.1.0`). The built-in component's condition is called [`BUILT_IN`].

use super::apply::DefaultBranch;
use super::condition::{Condition, DateOffset, DecisionSpec, Source, Statement};
use super::entity::{EntitySnapshot, items, look_up};
use super::vocab::{
    AttributeOperation, AttributeType, AttributesMatch, LogicalOperator, Operator, OriginType, SourceOrigin, ValueType,
};
use super::{Assignee, Due, Entities, EntityDiff, Flow, FlowError, Task};
use crate::outcome::EntityRef;
use crate::{NodeId, RawJson};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The id of the built-in condition, which compares attributes.
pub const BUILT_IN: &str = "attribute";

/// The schema of submissions, which `journey_block` sources look into.
const SUBMISSION: &str = "submission";

/// What a statement is about: one attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    /// Comparable values; empty when the attribute is missing, null, `""` or `[]`.
    pub values: Vec<RawJson>,
    /// The attribute's type in the entity's schema, as far as it is known.
    pub attribute_type: String,
    pub repeatable: bool,
    pub present: bool,
    /// `updated`, `added` or `deleted`, when the change that led here says so.
    pub diff: Option<String>,
}

/// One question for a condition component.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// `<plugin>/<condition>`, or [`BUILT_IN`].
    pub component: String,
    pub config: RawJson,
    pub operands: Vec<Operand>,
}

/// A component's answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub met: bool,
    pub explain: String,
}

/// Every question of the evaluation a decision is waiting for, branch by branch: the statements in their order, then
/// the custom condition. [`super::Command::DecisionEvaluated`] takes the verdicts in this order.
///
/// # Errors
/// When there is no such task, or it waits for no evaluation.
pub fn questions(flow: &Flow, task: &NodeId, entities: &Entities) -> Result<Vec<Question>, FlowError> {
    let task = flow.task(task).ok_or_else(|| FlowError::UnknownTask(task.clone()))?;
    let decision = task.decision().ok_or(FlowError::NothingToDo)?;
    let asked = decision.asked.as_ref().ok_or(FlowError::NothingToDo)?;
    let resolver = Resolver { flow, entities, diff: asked.diff.as_ref().or(flow.trigger.diff.as_ref()) };
    let default = DefaultBranch::of(flow.edges.iter().filter(|e| e.from_id == task.id));
    let evaluated = decision.spec.conditions.iter().filter(|c| is_evaluated(&decision.spec, &default.conditions, c));
    Ok(evaluated.flat_map(|condition| resolver.questions(condition)).collect())
}

/// Exits of loops and names of the default branch are never evaluated.
fn is_evaluated(spec: &DecisionSpec, default: &[String], condition: &Condition) -> bool {
    !spec.is_exit(&condition.id) && !default.contains(&condition.id) && !condition.is_empty()
}

/// Combines verdicts per condition: `None` for conditions that are not evaluated. Nothing at all when the number of
/// verdicts is wrong.
pub(super) fn judge(spec: &DecisionSpec, default: &[String], verdicts: &[Verdict]) -> Option<Vec<Option<bool>>> {
    let mut left = verdicts;
    let mut met = Vec::with_capacity(spec.conditions.len());
    for condition in &spec.conditions {
        if !is_evaluated(spec, default, condition) {
            met.push(None);
            continue;
        }
        let count = condition.statements.len() + usize::from(condition.custom_condition.is_some());
        let (own, rest) = left.split_at_checked(count)?;
        left = rest;
        met.push(Some(match condition.logical_operator {
            LogicalOperator::And => own.iter().all(|v| v.met),
            LogicalOperator::Or => own.iter().any(|v| v.met),
        }));
    }
    left.is_empty().then_some(met)
}

struct Resolver<'a> {
    flow: &'a Flow,
    entities: &'a Entities,
    diff: Option<&'a EntityDiff>,
}

impl Resolver<'_> {
    fn questions(&self, condition: &Condition) -> Vec<Question> {
        let statements = condition.statements.iter().map(|statement| Question {
            component: BUILT_IN.to_owned(),
            config: config(statement),
            operands: self.operands(statement),
        });
        // A custom condition gets the whole primary entity and finds in it what its config names.
        let custom = condition.custom_condition.iter().map(|custom| {
            let primary = self.flow.primary().and_then(|p| self.entities.get(&p));
            Question {
                component: custom.component.clone(),
                config: raw(&custom.config),
                operands: vec![Operand {
                    values: primary.iter().map(|p| raw(&p.attributes)).collect(),
                    attribute_type: "entity".to_owned(),
                    repeatable: false,
                    present: primary.is_some(),
                    diff: None,
                }],
            }
        });
        statements.chain(custom).collect()
    }

    fn operands(&self, statement: &Statement) -> Vec<Operand> {
        let source = &statement.source;
        let names: Vec<&str> = if source.attributes.is_empty() {
            source.attribute.iter().map(String::as_str).collect()
        } else {
            source.attributes.iter().map(String::as_str).collect()
        };
        names.into_iter().map(|name| self.operand(name, statement)).collect()
    }

    fn operand(&self, name: &str, statement: &Statement) -> Operand {
        let source = &statement.source;
        let entity = self.entity(source);
        let own;
        let value = match source.origin_type.unwrap_or(OriginType::Entity) {
            OriginType::Workflow => {
                own = fields(self.flow);
                look_up(&own, name)
            }
            OriginType::Entity | OriginType::JourneyBlock => entity
                .as_ref()
                .and_then(|e| self.entities.get(e))
                .and_then(|e: &EntitySnapshot| look_up(&e.attributes, name)),
        };
        let top = name.split('.').next().unwrap_or(name);
        let diff = self.diff.filter(|d| entity.as_ref() == Some(&d.entity));
        Operand {
            diff: diff.and_then(|d| d.of(name).or_else(|| d.of(top))).map(str::to_owned),
            ..operand(statement, value)
        }
    }

    /// The entity a source means: a task's output, the context of its schema (the primary one first), or the primary.
    fn entity(&self, source: &Source) -> Option<EntityRef> {
        if source.origin == Some(SourceOrigin::Action) {
            let id = NodeId::new(source.id.as_deref()?);
            return self.flow.task_by_any_id(&id).and_then(Task::produced).cloned();
        }
        let wanted = match source.origin_type {
            Some(OriginType::JourneyBlock) => Some(source.schema.as_deref().unwrap_or(SUBMISSION)),
            Some(OriginType::Entity | OriginType::Workflow) | None => source.schema.as_deref(),
        };
        let Some(schema) = wanted else { return self.flow.primary() };
        let of_schema = self.flow.contexts.iter().filter(|c| c.entity_schema == schema);
        let context = of_schema.max_by_key(|c| c.is_primary);
        match (context, source.origin_type, source.schema.as_deref()) {
            (Some(c), ..) => Some(EntityRef { schema: schema.to_owned(), id: c.entity_id.clone() }),
            // A journey whose submission is no context has put its answers into the primary entity.
            (None, Some(OriginType::JourneyBlock), None) => self.flow.primary(),
            (None, ..) => None,
        }
    }
}

/// The question of one statement about members that have been found already, such as an entity's attributes.
pub fn compare(statement: &Statement, members: Option<&Map<String, Value>>) -> Question {
    let find = |name: &String| members.and_then(|members| look_up(members, name));
    Question {
        component: BUILT_IN.to_owned(),
        config: config(statement),
        operands: statement.source.attribute.iter().map(|name| operand(statement, find(name))).collect(),
    }
}

/// The operand that an attribute's value makes, without a diff.
fn operand(statement: &Statement, value: Option<&Value>) -> Operand {
    let source = &statement.source;
    let attribute_type = source.attribute_type.unwrap_or(AttributeType::String);
    let found = value.map(items).unwrap_or_default().into_iter();
    let compared = found
        .filter_map(|item| comparable(item, attribute_type, statement.operator, source.attribute_sub_field.as_deref()));
    Operand {
        values: compared.map(raw).collect(),
        attribute_type: attribute_type.as_str().to_owned(),
        repeatable: source.attribute_repeatable.unwrap_or(false),
        present: value.is_some_and(|v| !v.is_null()),
        diff: None,
    }
}

/// The text of what always has one: its maps' keys are strings and its numbers finite.
fn raw<T: Serialize>(value: &T) -> RawJson {
    RawJson::of(value).unwrap_or_default()
}

/// What the built-in condition takes as its config.
#[derive(Serialize)]
struct Config<'a> {
    operator: Operator,
    values: &'a [String],
    attribute_type: AttributeType,
    attribute_repeatable: bool,
    value_type: ValueType,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_offset: Option<&'a DateOffset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_operation: Option<AttributeOperation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes_match: Option<AttributesMatch>,
}

/// The config of a built-in statement. Its text straight away: it is made for every statement of every decision.
fn config(statement: &Statement) -> RawJson {
    let source = &statement.source;
    raw(&Config {
        operator: statement.operator,
        values: &statement.values,
        attribute_type: source.attribute_type.unwrap_or(AttributeType::String),
        attribute_repeatable: source.attribute_repeatable.unwrap_or(false),
        value_type: statement.value_type.unwrap_or(ValueType::Static),
        date_offset: source.date_offset.as_ref(),
        attribute_operation: source.attribute_operation,
        attributes_match: source.attributes_match,
    })
}

/// The part of an item that is compared: the sub-field asked for, an entity's id, an address, a price's amount when
/// it is ordered, a tag's or a date's text as it is.
fn comparable<'a>(
    item: &'a Value,
    kind: AttributeType,
    operator: Operator,
    sub_field: Option<&str>,
) -> Option<&'a Value> {
    let Value::Object(object) = item else { return Some(item) };
    if let Some(key) = sub_field {
        return look_up(object, key).filter(|v| !v.is_null());
    }
    let orders = matches!(
        operator,
        Operator::GreaterThan | Operator::LessThan | Operator::GreaterThanOrEquals | Operator::LessThanOrEquals
    );
    let keys: &[&str] = match kind {
        AttributeType::Email | AttributeType::MessageEmailAddress => &["email", "address"],
        AttributeType::Phone => &["phone"],
        AttributeType::Price if orders => &["amount", "amount_total", "unit_amount"],
        AttributeType::Relation | AttributeType::Product | AttributeType::Price => &["entity_id", "id"],
        AttributeType::RelationUser => &["user_id", "id", "entity_id"],
        AttributeType::String
        | AttributeType::Text
        | AttributeType::Number
        | AttributeType::Boolean
        | AttributeType::Date
        | AttributeType::Datetime
        | AttributeType::Tags
        | AttributeType::Country
        | AttributeType::Status
        | AttributeType::Multiselect
        | AttributeType::Select
        | AttributeType::Radio
        | AttributeType::Purpose
        | AttributeType::Label => &[],
    };
    let part = keys.iter().find_map(|key| object.get(*key)).filter(|v| !v.is_null());
    Some(part.unwrap_or(item))
}

/// What `workflow` sources may ask about.
fn fields(flow: &Flow) -> Map<String, Value> {
    let current: Vec<&Task> = flow.crt_tasks.iter().filter_map(|c| flow.task(&c.id)).collect();
    let phases = current.iter().filter_map(|t| t.phase_id.as_ref()).filter_map(|id| flow.phase(id));
    let users = |list: &[Assignee]| list.iter().flat_map(Assignee::users).cloned().collect::<Vec<_>>();
    let fields = json!({
        "id": flow.id,
        "flow_template_id": flow.flow_template_id,
        "name": flow.name,
        "status": flow.status.name(),
        "trigger": flow.trigger.kind,
        "assigned_to": users(&flow.assigned_to),
        "due_date": flow.due.as_ref().map(Due::as_str),
        "created_at": flow.created_at.to_rfc3339_millis(),
        "started_at": flow.started_at.to_rfc3339_millis(),
        "task_name": current.iter().map(|t| &t.name).collect::<Vec<_>>(),
        "phase_name": phases.map(|p| &p.name).collect::<Vec<_>>(),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
