//! When an automation or a decision runs, as configured and as it stands.

use super::vocab::{Direction, TimeUnit};
use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// When a task runs once it is current (source: seed 002 `ActionSchedule`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Schedule {
    /// At once.
    Immediate,
    /// `duration` units after the task became current.
    Delayed {
        /// At least 1 in templates.
        duration: u32,
        unit: TimeUnit,
    },
    /// `duration` units before or after an anchor.
    Relative { direction: Direction, duration: u32, unit: TimeUnit, reference: Reference },
}

/// The anchor of a relative schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The template id of the task for [`Origin::TaskCompleted`]; else only carried.
    #[serde(default)]
    pub id: String,
    #[serde(flatten)]
    pub origin: Origin,
}

/// What kind of anchor it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum Origin {
    /// The start of the execution.
    FlowStarted,
    /// The end of the task named by [`Reference::id`].
    TaskCompleted,
    /// A date attribute of the context entity of this schema.
    TriggerEntityAttribute { schema: String, attribute: String },
    /// The end of the last direct predecessor.
    AllPrecedingTasksCompleted,
}

impl Schedule {
    /// Whether it makes a task wait at all.
    pub const fn defers(&self) -> bool {
        match self {
            Self::Immediate => false,
            Self::Delayed { .. } | Self::Relative { .. } => true,
        }
    }
}

/// How far a task's schedule is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleState {
    /// Not asked for, fired, or cancelled.
    #[default]
    Idle,
    /// The task is SCHEDULED but the anchor has not happened yet, or the flow does not run.
    Waiting,
    /// Fires at `scheduled_at` unless something else uses `schedule_id` up first.
    Armed {
        /// `sch_…`, fresh each time a schedule is armed.
        schedule_id: String,
        scheduled_at: Timestamp,
    },
}

impl ScheduleState {
    /// Id and instant, while armed.
    pub fn armed(&self) -> Option<(&str, Timestamp)> {
        match self {
            Self::Armed { schedule_id, scheduled_at } => Some((schedule_id, *scheduled_at)),
            Self::Idle | Self::Waiting => None,
        }
    }
}
