//! The newest submissions.

use std::collections::BTreeMap;

use business::Instant;
use serde_json::{Map, Value};

/// How many of them.
pub const NEWEST: usize = 20;

/// A submission.
#[derive(Debug)]
pub struct Submission {
    pub form_id: String,
    pub values: Map<String, Value>,
}

/// The newest of the submissions that were offered; of two at the same instant the one with the greater id is newer.
#[derive(Debug, Default)]
pub struct Newest(BTreeMap<(Instant, String), Submission>);

impl Newest {
    /// Keeps a submission if it is one of the newest.
    pub fn offer(&mut self, submitted_at: Instant, id: String, submission: Submission) {
        self.0.insert((submitted_at, id), submission);
        if self.0.len() > NEWEST {
            self.0.pop_first();
        }
    }

    /// The newest first.
    pub fn into_iter(self) -> impl Iterator<Item = (Instant, String, Submission)> {
        self.0.into_iter().rev().map(|((submitted_at, id), submission)| (submitted_at, id, submission))
    }
}
