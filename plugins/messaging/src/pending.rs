//! Which summaries a delivery step delivers.
//!
//! A summary is an output with the member `summary` of the shape of [`business::summary`], whichever plugin's step has
//! made it. A delivery is an output whose member `delivered` lists nodes, at least one. A delivery step delivers the
//! summaries since the last delivery; when there are none, it delivers once more what that delivery did, so that one
//! summary can go out by mail and as a notification.

use business::Summary;
use serde::Deserialize;
use serde_json::Value;
use stepwright_sdk::{Fault, Input, log};

/// Summaries to deliver, in the order of their nodes.
#[derive(Debug, Default)]
pub struct Pending {
    /// The nodes that have made them.
    pub nodes: Vec<String>,
    /// The summaries.
    pub summaries: Vec<Summary>,
}

impl Pending {
    /// The summaries among what has completed.
    pub fn among(input: &Input) -> Result<Self, Fault> {
        let mut pending = Self::default();
        let mut delivered = false;
        for node in input.completed() {
            let Some(output) = input.output::<Value>(node)? else { continue };
            delivered |= output["delivered"].as_array().is_some_and(|nodes| !nodes.is_empty());
            let summary = &output["summary"];
            if summary.is_null() {
                continue;
            }
            match Summary::deserialize(summary) {
                Ok(summary) => {
                    if std::mem::take(&mut delivered) {
                        pending = Self::default();
                    }
                    pending.nodes.push(node.to_owned());
                    pending.summaries.push(summary);
                }
                Err(error) => log::warn(format!("the member `summary` of node `{node}` is no summary: {error}")),
            }
        }
        Ok(pending)
    }

    /// Whether there is nothing to deliver.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}
