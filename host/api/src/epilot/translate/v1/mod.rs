//! V1 definitions: sections and steps in a row. Compiled to a template whose tasks form a chain, and shown from any
//! template (source: contracts/epilot.md 2B "V1 as projection").

mod read;
mod show;

#[cfg(test)]
pub(super) use read::SentV1;
pub(in crate::epilot) use read::definition;
pub(in crate::epilot) use show::workflow_definition;
