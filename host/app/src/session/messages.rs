use super::{HostError, MailPolicy, Session, check_address, check_key, check_subject};
use crate::model::{MailState, Message, Notification, OutboxMail};
use crate::usecases::derived_uuid;
use stepwright_engine::{MailId, NotificationId};

/// Recipients of one message, to, cc and bcc together.
const MAX_RECIPIENTS: usize = 50;

impl Session {
    /// Stages a message; `key` tells several messages of one task apart.
    ///
    /// # Errors
    /// `Denied` without the grant, `Invalid`.
    pub fn mail_send(&mut self, message: Message, key: &str) -> Result<MailId, HostError> {
        if !self.grants.mail {
            return Err(HostError::Denied("mail".into()));
        }
        let recipients = || message.to.iter().chain(&message.cc).chain(&message.bcc);
        match recipients().count() {
            1..=MAX_RECIPIENTS => {}
            n => return Err(HostError::Invalid(format!("{n} recipients, 1 to {MAX_RECIPIENTS} are allowed"))),
        }
        if message.to.is_empty() {
            return Err(HostError::Invalid("to: at least one recipient is needed".into()));
        }
        for address in recipients().chain(&message.reply_to) {
            check_address(address).map_err(HostError::Invalid)?;
        }
        check_subject(&message.subject).map_err(HostError::Invalid)?;
        check_key("key", key)?;
        let dedupe_key = self.dedupe("mail", key);
        if let Some(same) = self.mails.iter().find(|m| m.dedupe_key == dedupe_key) {
            return Ok(same.id);
        }
        self.count_bytes(message.text.len() + message.html.as_ref().map_or(0, String::len))?;
        let now = self.scope.now;
        let state = match self.scope.mail {
            MailPolicy::Capture => MailState::Captured { at: now },
            MailPolicy::Send => MailState::Queued { next_at: now, attempts: 0, last_error: None },
            MailPolicy::NotConfigured => return Err(HostError::NotConfigured("mail_not_configured".into())),
        };
        let id = self.mail_id(&dedupe_key);
        self.mails.push(OutboxMail {
            id,
            tenant_id: self.scope.tenant_id,
            execution_id: self.scope.task.as_ref().map(|(execution, _)| *execution),
            dedupe_key,
            message,
            state,
            created_at: now,
        });
        Ok(id)
    }

    /// The message this task has sent with this key, in this invocation or an earlier one of the same round.
    ///
    /// # Errors
    /// `Denied` without the grant, `Invalid`, `Unavailable`.
    pub async fn mail_status(&mut self, key: &str) -> Result<Option<OutboxMail>, HostError> {
        if !self.grants.mail {
            return Err(HostError::Denied("mail".into()));
        }
        check_key("key", key)?;
        let dedupe_key = self.dedupe("mail", key);
        if let Some(staged) = self.mails.iter().find(|m| m.dedupe_key == dedupe_key) {
            return Ok(Some(staged.clone()));
        }
        Ok(self.store.mail(self.scope.tenant_id, self.mail_id(&dedupe_key)).await?)
    }

    /// The same for the same message, so that a later invocation finds it.
    fn mail_id(&self, dedupe_key: &str) -> MailId {
        MailId::from_uuid(derived_uuid(&["mail", &self.scope.tenant_id.to_string(), dedupe_key]))
    }

    /// Stages a notification.
    ///
    /// # Errors
    /// `Denied` without the grant, `Invalid`.
    pub fn notify(
        &mut self,
        user_ids: Vec<String>,
        role_ids: Vec<String>,
        title: String,
        body: String,
    ) -> Result<NotificationId, HostError> {
        if !self.grants.notify {
            return Err(HostError::Denied("notify".into()));
        }
        if title.trim().is_empty() || title.chars().count() > 200 {
            return Err(HostError::Invalid("title must have 1 to 200 characters".into()));
        }
        self.count_bytes(body.len())?;
        let dedupe_key = self.dedupe("notification", &format!("{}/{}", self.scope.ordinal, self.notifications.len()));
        let id = NotificationId::fresh(&*self.ids);
        self.notifications.push(Notification {
            id,
            execution_id: self.scope.task.as_ref().map(|(execution, _)| *execution),
            dedupe_key,
            user_ids,
            role_ids,
            title,
            body,
            created_at: self.scope.now,
        });
        Ok(id)
    }
}
