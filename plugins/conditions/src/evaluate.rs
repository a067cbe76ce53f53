//! One statement about the operands that the host has resolved.

use stepwright_sdk::condition::{RawOperand, Verdict};
use stepwright_sdk::{Context, Fault};

use crate::config::{AttributeOperation, AttributeType, AttributesMatch, Operator, Statement};
use crate::explain;
use crate::operators::{holds, looks_at_first_only};
use crate::source::{Element, elements, usual};
use crate::value::Reader;

/// Whether a statement is met, and why.
///
/// Several operands are several attributes: each is tested by itself, and `attributes_match` joins the answers. No
/// operand at all is an attribute that is missing.
///
/// # Errors
/// What is wrong with the call and not with the tenant's data: a context without a zone or a time, values that are no
/// JSON.
pub fn evaluate(context: &Context, statement: &Statement, operands: &[RawOperand]) -> Result<Verdict, Fault> {
    match operands {
        [] => test(context, statement, &missing(), name(statement, 0, 1)),
        [operand] => test(context, statement, operand, name(statement, 0, 1)),
        several => {
            let tested = several
                .iter()
                .enumerate()
                .map(|(index, operand)| test(context, statement, operand, name(statement, index, several.len())));
            let verdicts = tested.collect::<Result<Vec<_>, _>>()?;
            let mut met = verdicts.iter().map(|verdict| verdict.met);
            let (met, all_or_any) = match statement.attributes_match {
                AttributesMatch::Any => (met.any(|met| met), "any of"),
                AttributesMatch::All => (met.all(|met| met), "all of"),
            };
            let why: Vec<_> = verdicts.into_iter().map(|verdict| verdict.explain).collect();
            Ok(Verdict::new(met, format!("{all_or_any}: {}", why.join("; "))))
        }
    }
}

fn missing() -> RawOperand {
    RawOperand { values: Vec::new(), attribute_type: String::new(), repeatable: false, present: false, diff: None }
}

/// What explanations call an attribute.
fn name(statement: &Statement, index: usize, count: usize) -> &str {
    let listed = statement.attributes.get(index).filter(|_| count > 1 || statement.attribute.is_none());
    listed.or(statement.attribute.as_ref()).map_or("the attribute", String::as_str)
}

fn test(context: &Context, statement: &Statement, operand: &RawOperand, name: &str) -> Result<Verdict, Fault> {
    let not_met = |why: String| Ok(Verdict::new(false, format!("{name}: {why}, so it is not met")));
    let operator = statement.operator;
    let operation = statement.attribute_operation;
    if operation != AttributeOperation::All && operand.diff.as_deref() != Some(operation.token()) {
        return not_met(format!("the trigger does not say that it was {}", operation.token()));
    }
    let Some(kind) = kind(statement, operand) else {
        return not_met(format!("its type {} is unknown", explain::quoted(&operand.attribute_type)));
    };
    if !operator.applies_to(kind) {
        return not_met(format!("{} does not apply to type {}", operator.token(), kind.token()));
    }
    if statement.date_offset.is_some() && !kind.is_temporal() {
        return not_met(format!("an offset does not apply to type {}", kind.token()));
    }
    // Naming the part that is compared anyway changes nothing, also for values that are no objects.
    let sub_field = statement.attribute_sub_field.as_deref().filter(|key| usual(kind, operator).first() != Some(key));
    let source = elements(operand, kind, operator, sub_field)?;
    if let Operator::IsEmpty | Operator::IsNotEmpty = operator {
        return Ok(answer(source.is_empty() == (operator == Operator::IsEmpty), name, &source, operator, &[]));
    }

    let mut texts: Vec<&str> = statement.values.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    if looks_at_first_only(operator, kind) {
        texts.truncate(1);
    }
    if texts.is_empty() {
        return not_met("there is no value to compare it with".to_owned());
    }
    let reader = Reader::of(kind, operator, sub_field, context)?;
    let mut with = Vec::with_capacity(texts.len());
    for text in &texts {
        let Some(comparand) = reader.comparand(text, statement.value_type) else {
            let value_type = statement.value_type.token();
            return not_met(format!("the {value_type} value {} is not {}", explain::quoted(text), reader.expects()));
        };
        with.push(comparand);
    }
    let mut values = Vec::with_capacity(source.len());
    for element in &source {
        let Some(value) = reader.value(element, statement.date_offset.as_ref()) else {
            return not_met(format!("its value {} is not {}", explain::element(element), reader.expects()));
        };
        values.push(value);
    }
    Ok(answer(holds(operator, kind, &values, &with), name, &source, operator, &texts))
}

/// The statement's type, else the schema's. An attribute that nobody knows the type of is text.
fn kind(statement: &Statement, operand: &RawOperand) -> Option<AttributeType> {
    match (statement.attribute_type, operand.attribute_type.as_str()) {
        (Some(kind), _) => Some(kind),
        (None, "") => Some(AttributeType::String),
        (None, token) => AttributeType::parse(token),
    }
}

fn answer(met: bool, name: &str, source: &[Element<'_>], operator: Operator, values: &[&str]) -> Verdict {
    let (source, operator, space) =
        (explain::source(source), operator.token(), if values.is_empty() { "" } else { " " });
    let holds = if met { "holds" } else { "does not hold" };
    let values = explain::values(values);
    Verdict::new(met, format!("{name} is {source}: {operator}{space}{values} {holds}"))
}
