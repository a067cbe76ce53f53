use serde::{Deserialize, Serialize};
use stepwright_engine::{ExecutionId, MailId, NotificationId, TaskId, TenantId, Timestamp};

/// A mail message; addresses are already checked and free of line breaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub to: Vec<String>,
    #[serde(default)]
    pub cc: Vec<String>,
    #[serde(default)]
    pub bcc: Vec<String>,
    #[serde(default)]
    pub reply_to: Option<String>,
    pub subject: String,
    pub text: String,
    #[serde(default)]
    pub html: Option<String>,
}

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MailState {
    /// To be tried at `next_at`.
    Queued {
        next_at: Timestamp,
        attempts: u32,
        last_error: Option<String>,
    },
    /// Taken by the server; `rejected` lists recipients it refused.
    Sent {
        at: Timestamp,
        attempts: u32,
        rejected: Vec<String>,
    },
    /// A sandbox tenant's mail is kept, never sent.
    Captured {
        at: Timestamp,
    },
    Failed {
        at: Timestamp,
        attempts: u32,
        error: String,
    },
}

impl MailState {
    /// The name on the platform API and in the database.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Sent { .. } => "sent",
            Self::Captured { .. } => "captured",
            Self::Failed { .. } => "failed",
        }
    }
}

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxMail {
    pub id: MailId,
    pub tenant_id: TenantId,
    pub execution_id: Option<ExecutionId>,
    /// Unique in the tenant; a second message with the same key is dropped.
    pub dedupe_key: String,
    pub message: Message,
    pub state: MailState,
    pub created_at: Timestamp,
}

impl OutboxMail {
    /// The task that has sent it, which its dedupe key names.
    pub fn task(&self) -> Option<TaskId> {
        self.task_key()?.split('~').next()?.parse().ok().map(TaskId)
    }

    /// The run of an automation that has sent it, when it was sent by a flow.
    pub fn flow_run(&self) -> Option<&str> {
        self.task_key()?.split_once(':').map(|(run, _)| run)
    }

    fn task_key(&self) -> Option<&str> {
        self.dedupe_key.split('/').nth(1)
    }
}

/// A notification to users of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    pub id: NotificationId,
    pub execution_id: Option<ExecutionId>,
    /// Unique in the tenant, as for mail.
    pub dedupe_key: String,
    /// Both empty: everybody.
    pub user_ids: Vec<String>,
    pub role_ids: Vec<String>,
    pub title: String,
    pub body: String,
    pub created_at: Timestamp,
}
