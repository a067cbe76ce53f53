//! V1: sections and steps in a row. Definitions are compiled to a template whose tasks form a chain, and shown from any
//! template; executions are shown from any flow (source: contracts/epilot.md 2B "V1 as projection").

mod execution;
mod read;
mod show;
mod words;

pub(in crate::epilot) use execution::{
    NewStep, execution_patch, execution_search, new_execution, new_step, slim_execution, step, step_extended,
    step_patch, step_search, workflow_execution,
};
#[cfg(test)]
pub(super) use read::SentV1;
pub(in crate::epilot) use read::definition;
pub(in crate::epilot) use show::workflow_definition;
