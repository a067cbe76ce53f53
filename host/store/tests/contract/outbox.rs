//! Mail on its way out.

use crate::support::{Bed, T0, at, empty_commit, on_both};
use std::collections::BTreeSet;
use stepwright_app::ports::{CommitStore as _, OutboxStore as _};
use stepwright_app::{Commit, Effects, MailState, Message, OutboxMail};
use stepwright_engine::{MailId, TenantId, Timestamp};

on_both!(
    a_claimed_message_is_nobody_elses_until_its_time_is_up,
    what_became_of_a_message_is_kept,
    tenants_take_turns_with_their_mail,
);

impl Bed {
    async fn queue_mail(&self, tenant_id: TenantId, key: &str, next_at: Timestamp) -> MailId {
        let id = MailId::fresh(&*self.ids);
        let mail = OutboxMail {
            id,
            tenant_id,
            execution_id: None,
            dedupe_key: key.into(),
            message: Message {
                to: vec!["a@example.com".into()],
                cc: Vec::new(),
                bcc: Vec::new(),
                reply_to: None,
                subject: "subject".into(),
                text: "text".into(),
                html: None,
            },
            state: MailState::Queued { next_at, attempts: 0, last_error: None },
            created_at: T0,
        };
        let effects = Effects { mails: vec![mail], ..Effects::default() };
        self.db.commit(Commit { effects, ..empty_commit(tenant_id, T0) }).await.unwrap();
        id
    }
}

async fn a_claimed_message_is_nobody_elses_until_its_time_is_up(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let id = bed.queue_mail(tenant, "a", at(5)).await;
    assert!(bed.db.claim_mails(at(4), at(30), 10).await.unwrap().is_empty());
    assert_eq!(bed.db.claim_mails(at(5), at(30), 10).await.unwrap()[0].id, id);
    assert!(bed.db.claim_mails(at(29), at(60), 10).await.unwrap().is_empty());
    assert_eq!(bed.db.claim_mails(at(30), at(60), 10).await.unwrap()[0].id, id);
}

async fn what_became_of_a_message_is_kept(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let id = bed.queue_mail(tenant, "a", T0).await;
    bed.db.claim_mails(T0, at(30), 10).await.unwrap();
    let again = MailState::Queued { next_at: at(10), attempts: 1, last_error: Some("busy".into()) };
    bed.db.finish_mail(tenant, id, &again).await.unwrap();
    assert_eq!(bed.db.claim_mails(at(10), at(40), 10).await.unwrap()[0].state, again);
    let sent = MailState::Sent { at: at(11), attempts: 2, rejected: vec!["b@example.com".into()] };
    bed.db.finish_mail(tenant, id, &sent).await.unwrap();
    assert_eq!(bed.db.mail(tenant, id).await.unwrap().unwrap().state, sent);
    assert!(bed.db.claim_mails(at(1_000), at(2_000), 10).await.unwrap().is_empty());
}

async fn tenants_take_turns_with_their_mail(bed: &Bed) {
    let (noisy, quiet) = (bed.tenant("noisy").await, bed.tenant("quiet").await);
    for n in 0..20 {
        bed.queue_mail(noisy, &n.to_string(), T0).await;
    }
    let late = bed.queue_mail(quiet, "late", at(9)).await;
    let claimed: BTreeSet<MailId> =
        bed.db.claim_mails(at(10), at(40), 4).await.unwrap().into_iter().map(|m| m.id).collect();
    assert_eq!(claimed.len(), 4);
    assert!(claimed.contains(&late));
}
