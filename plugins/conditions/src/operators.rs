//! The operators' table (source: plugins.md 4.2), over values that have all been read.

use std::cmp::Ordering;

use crate::config::{AttributeType, Operator};
use crate::value::{Comparand, Value};

/// Whether the source stands to the comparands, of which there is at least one, as the operator says. `is_empty` and
/// `is_not_empty` are decided before anything is read; here they see the values that could be.
pub fn holds(operator: Operator, kind: AttributeType, source: &[Value], with: &[Comparand]) -> bool {
    let multi = kind.is_multi_valued();
    let contains = |wanted: &Comparand| source.iter().any(|value| value.equals(wanted));
    let text =
        |test: fn(&str, &str) -> bool| with.iter().any(|wanted| source.iter().any(|value| value.matches(wanted, test)));
    let ordered = |test: fn(Ordering) -> bool| {
        with.first().is_some_and(|limit| source.iter().any(|value| value.compare(limit).is_some_and(test)))
    };
    match operator {
        Operator::Equals if multi => {
            with.iter().all(contains) && source.iter().all(|value| with.iter().any(|wanted| value.equals(wanted)))
        }
        Operator::Equals => with.first().is_some_and(contains),
        Operator::NotEquals => !holds(Operator::Equals, kind, source, with),
        Operator::AnyOf => with.iter().any(contains),
        Operator::NoneOf => !holds(Operator::AnyOf, kind, source, with),
        Operator::Contains if multi => with.iter().all(contains),
        Operator::Contains => text(|value, part| value.contains(part)),
        Operator::NotContains => !holds(Operator::Contains, kind, source, with),
        Operator::StartsWith => text(|value, start| value.starts_with(start)),
        Operator::EndsWith => text(|value, end| value.ends_with(end)),
        Operator::GreaterThan => ordered(Ordering::is_gt),
        Operator::LessThan => ordered(Ordering::is_lt),
        Operator::GreaterThanOrEquals => ordered(Ordering::is_ge),
        Operator::LessThanOrEquals => ordered(Ordering::is_le),
        Operator::IsEmpty => source.is_empty(),
        Operator::IsNotEmpty => !source.is_empty(),
    }
}

/// How many of the statement's values an operator looks at.
pub fn looks_at_first_only(operator: Operator, kind: AttributeType) -> bool {
    operator.orders() || (matches!(operator, Operator::Equals | Operator::NotEquals) && !kind.is_multi_valued())
}
