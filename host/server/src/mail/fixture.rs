//! Mail to try things on.

use crate::testing::CREATED;
use stepwright_app::{MailState, Message, OutboxMail, Smtp, SmtpMode};
use stepwright_engine::{MailId, TenantId};
use uuid::Uuid;

pub fn mail(number: u128) -> OutboxMail {
    OutboxMail {
        id: MailId::from_uuid(Uuid::from_u128(number)),
        tenant_id: TenantId::from_uuid(Uuid::from_u128(1)),
        execution_id: None,
        dedupe_key: number.to_string(),
        message: Message {
            to: vec!["ann@example.com".into()],
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            subject: "Hello".into(),
            text: "Good morning".into(),
            html: None,
        },
        state: MailState::Queued { next_at: CREATED, attempts: 0, last_error: None },
        created_at: CREATED,
    }
}

/// A server on this machine.
pub fn smtp(port: u16) -> Smtp {
    Smtp {
        host: "127.0.0.1".into(),
        port,
        mode: SmtpMode::None,
        username: None,
        password: None,
        from: "Demo Ltd <billing@demo.example>".into(),
        reply_to: None,
    }
}
