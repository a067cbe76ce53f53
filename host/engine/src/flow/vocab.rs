//! The words of the flow dialect, exactly as they stand on the wire (source: contracts/epilot.md 1B.3 "Enums").

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$word_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The inverse of [`Self::as_str`].
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

words! {
    /// A task's status. The deprecated `UNASSIGNED` and `ASSIGNED` are no words here: they mean
    /// [`TaskStatus::Pending`], and [`TaskStatus::from_wire`] reads them so.
    TaskStatus {
        Pending = "PENDING",
        InProgress = "IN_PROGRESS",
        Completed = "COMPLETED",
        Skipped = "SKIPPED",
        /// Waits for a person to take it up again.
        OnHold = "ON_HOLD",
        /// Waits for an instant. Set by the server only.
        Scheduled = "SCHEDULED",
        /// A decision none of whose branches is met yet. Set by the server only.
        ConditionPending = "CONDITION_PENDING",
        /// Waits for somebody to confirm. Set by the server only.
        WaitingForConfirmation = "WAITING_FOR_CONFIRMATION",
        /// Does not advance; the task stays current.
        Failed = "FAILED",
    }

    /// A phase's status; always derived from its tasks.
    PhaseStatus { Open = "OPEN", InProgress = "IN_PROGRESS", Completed = "COMPLETED" }

    /// An execution's status without its data; see [`super::FlowStatus`].
    StatusName { Started = "STARTED", Done = "DONE", Closed = "CLOSED" }

    /// What a task does.
    TaskType { Manual = "MANUAL", Automation = "AUTOMATION", Decision = "DECISION", AiAgent = "AI_AGENT" }

    /// Who started an execution.
    TriggerType { Manual = "MANUAL", Automatic = "AUTOMATIC" }

    /// Whether an automation or a decision starts by itself once its task is current.
    TriggerMode { Manual = "manual", Automatic = "automatic" }

    /// A unit of durations. Months and years clamp to the end of the month.
    TimeUnit {
        Minutes = "minutes",
        Hours = "hours",
        Days = "days",
        Weeks = "weeks",
        Months = "months",
        Years = "years",
    }

    /// Whether a relative schedule lies before or after its anchor.
    Direction { Before = "before", After = "after" }

    /// How the statements of a condition are combined.
    LogicalOperator { And = "AND", Or = "OR" }

    /// The built-in comparison operators; a component evaluates them.
    Operator {
        Equals = "equals",
        NotEquals = "not_equals",
        AnyOf = "any_of",
        NoneOf = "none_of",
        Contains = "contains",
        NotContains = "not_contains",
        StartsWith = "starts_with",
        EndsWith = "ends_with",
        GreaterThan = "greater_than",
        LessThan = "less_than",
        GreaterThanOrEquals = "greater_than_or_equals",
        LessThanOrEquals = "less_than_or_equals",
        IsEmpty = "is_empty",
        IsNotEmpty = "is_not_empty",
    }

    /// How the values of a statement are meant.
    ValueType { Static = "static", RelativeDate = "relative_date" }

    /// Where a statement's source is looked for: at the flow's start or at a task's output.
    SourceOrigin { Trigger = "trigger", Action = "action" }

    /// What kind of thing a statement's source is.
    OriginType { Entity = "entity", Workflow = "workflow", JourneyBlock = "journey_block" }

    /// Which change of an attribute a statement asks for; `all` asks for none.
    AttributeOperation { All = "all", Updated = "updated", Added = "added", Deleted = "deleted" }

    /// Whether one or all of several attributes must satisfy a statement.
    AttributesMatch { Any = "any", All = "all" }

    /// The types an entity's attribute may have.
    AttributeType {
        String = "string",
        Text = "text",
        Number = "number",
        Boolean = "boolean",
        Date = "date",
        Datetime = "datetime",
        Tags = "tags",
        Country = "country",
        Email = "email",
        Phone = "phone",
        Product = "product",
        Price = "price",
        Status = "status",
        Relation = "relation",
        Multiselect = "multiselect",
        Select = "select",
        Radio = "radio",
        RelationUser = "relation_user",
        Purpose = "purpose",
        Label = "label",
        MessageEmailAddress = "message_email_address",
    }

    /// The events an entity sync may react to.
    SyncEvent {
        FlowStarted = "FlowStarted",
        FlowCompleted = "FlowCompleted",
        FlowCancelled = "FlowCancelled",
        FlowReopened = "FlowReopened",
        FlowDeleted = "FlowDeleted",
        FlowAssigned = "FlowAssigned",
        FlowDueDateChanged = "FlowDueDateChanged",
        FlowContextsChanged = "FlowContextsChanged",
        TaskUpdated = "TaskUpdated",
        CurrTaskChanged = "CurrTaskChanged",
        TaskCompleted = "TaskCompleted",
        TaskSkipped = "TaskSkipped",
        TaskMarkedInProgress = "TaskMarkedInProgress",
        TaskMarkedOnHold = "TaskMarkedOnHold",
        PhaseUpdated = "PhaseUpdated",
        PhaseCompleted = "PhaseCompleted",
        PhaseSkipped = "PhaseSkipped",
        PhaseMarkedInProgress = "PhaseMarkedInProgress",
    }

    /// What the V1 form of entity sync writes.
    V1SyncSource {
        WorkflowStatus = "workflow_status",
        CurrentSection = "current_section",
        CurrentStep = "current_step",
    }
}

impl TaskStatus {
    /// As [`Self::parse`], and the two deprecated words mean pending.
    pub fn from_wire(text: &str) -> Option<Self> {
        match text {
            "UNASSIGNED" | "ASSIGNED" => Some(Self::Pending),
            other => Self::parse(other),
        }
    }

    /// Completed or skipped: the flow has gone, or may go, past it.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Skipped)
    }

    /// Only the server sets it.
    pub const fn is_server_owned(self) -> bool {
        matches!(self, Self::Scheduled | Self::ConditionPending | Self::WaitingForConfirmation)
    }
}
