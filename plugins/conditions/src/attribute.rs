//! The condition as the plugin exports it.

use stepwright_sdk::condition::{Condition, Info, Operand, RawOperand, Verdict};
use stepwright_sdk::{Context, Fault, FieldError};

use crate::check::check;
use crate::config::Statement;
use crate::evaluate::evaluate;

/// Whether the attributes of an entity are as a statement says.
#[derive(Debug, Clone, Copy)]
pub struct Attribute;

impl Condition for Attribute {
    type Config = Statement;

    const INFO: Info = Info {
        id: "attribute",
        title: "Attribute",
        description: "Whether the attributes of an entity are as a statement says.",
    };

    fn evaluate(context: &Context, config: &Statement, operands: &[Operand]) -> Result<Verdict, Fault> {
        let operands: Vec<_> = operands.iter().map(Operand::to_raw).collect();
        evaluate(context, config, &operands)
    }

    fn evaluate_raw(context: &Context, config: &Statement, operands: &[RawOperand]) -> Result<Verdict, Fault> {
        evaluate(context, config, operands)
    }

    fn validate(config: &Statement) -> Result<(), Vec<FieldError>> {
        let errors = check(config);
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}
