//! From a mail's fate to its next state: sent, given up, or when to try again.

use super::smtp::{Fate, Refusal};
use crate::outbound::Pass;
use std::time::Duration;
use stepwright_app::{MailState, OutboxMail};
use stepwright_engine::Timestamp;

/// A mail is tried for this long (source: contracts/plugins.md 4.8).
pub const KEEP_TRYING: Duration = Duration::from_secs(24 * 3600);
/// A recipient refused for now (greylisting) holds up the others of the mail for this long.
pub const ALL_OR_NOTHING: Duration = Duration::from_secs(3600);
/// Pauses between attempts; the last one repeats.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3600),
];
/// A server that can't be talked to gets a rest, for all the mail of its tenant.
const SERVER_REST: Duration = Duration::from_secs(30);
/// Without a server a mail waits; how long between looks grows with its age, inside these bounds.
const UNCONFIGURED: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(300));

/// How often the mail has been tried before.
pub fn attempts(mail: &OutboxMail) -> u32 {
    match &mail.state {
        MailState::Queued { attempts, .. } | MailState::Sent { attempts, .. } | MailState::Failed { attempts, .. } => {
            *attempts
        }
        MailState::Captured { .. } => 0,
    }
}

/// The state after an attempt at `at`, and what it says about the server.
pub fn after_attempt(mail: &OutboxMail, fate: Fate, at: Timestamp) -> (MailState, Pass) {
    let attempts = attempts(mail) + 1;
    match fate {
        Fate::Taken { refused } => {
            let rejected = refused.into_iter().map(|(recipient, _)| recipient).collect();
            (MailState::Sent { at, attempts, rejected }, Pass::Go)
        }
        Fate::Refused(refusal) => (decided(mail, &refusal, attempts, at), Pass::Go),
        Fate::Unreachable(refusal) => (decided(mail, &refusal, attempts, at), Pass::Rest(SERVER_REST)),
        Fate::Recipients(refused) => {
            // One that may be taken later keeps the mail alive.
            let decisive = refused.iter().find(|(_, refusal)| !refusal.is_permanent()).or(refused.first());
            let state = match decisive {
                Some((recipient, refusal)) => {
                    let text = format!("{} ({recipient})", refusal.text);
                    decided(mail, &Refusal { code: refusal.code, text }, attempts, at)
                }
                None => MailState::Failed { at, attempts, error: "the message has no recipients".into() },
            };
            (state, Pass::Go)
        }
    }
}

/// The state of a mail that can't be tried because its tenant has no SMTP server.
pub fn without_server(mail: &OutboxMail, at: Timestamp) -> MailState {
    let attempts = attempts(mail);
    let age = at.since(mail.created_at);
    if age >= KEEP_TRYING {
        return MailState::Failed {
            at,
            attempts,
            error: "mail_not_configured: no SMTP server was set within 24 h".into(),
        };
    }
    let pause = (age / 4).clamp(UNCONFIGURED.0, UNCONFIGURED.1);
    let last_error = Some("mail_not_configured: the tenant's settings name no SMTP server".into());
    MailState::Queued { next_at: at + pause, attempts, last_error }
}

fn decided(mail: &OutboxMail, refusal: &Refusal, attempts: u32, at: Timestamp) -> MailState {
    if refusal.is_permanent() {
        return MailState::Failed { at, attempts, error: refusal.to_string() };
    }
    let pause = PAUSES[(attempts as usize - 1).min(PAUSES.len() - 1)];
    let give_up = mail.created_at + KEEP_TRYING;
    if at >= give_up {
        return MailState::Failed { at, attempts, error: format!("given up after 24 h: {refusal}") };
    }
    // The last attempt is made when the time is up, not before.
    MailState::Queued { next_at: (at + pause).min(give_up), attempts, last_error: Some(refusal.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::fixture::mail;
    use crate::testing::CREATED;

    fn refusal(code: u16) -> Refusal {
        Refusal { code: Some(code), text: "no".into() }
    }

    fn hours(n: u64) -> Duration {
        Duration::from_secs(n * 3600)
    }

    #[test]
    fn pauses_grow_and_the_mail_is_given_up_after_a_day() {
        let mut mail = mail(1);
        let mut at = CREATED;
        let mut pauses = Vec::new();
        loop {
            let (state, _) = after_attempt(&mail, Fate::Refused(refusal(451)), at);
            match state {
                MailState::Queued { next_at, .. } => {
                    pauses.push(next_at.since(at).as_secs());
                    at = next_at;
                }
                MailState::Failed { error, at, .. } => {
                    assert_eq!(error, "given up after 24 h: SMTP_451 no");
                    assert_eq!(at, CREATED + KEEP_TRYING);
                    break;
                }
                other => panic!("{other:?}"),
            }
            mail.state = state;
        }
        assert_eq!(pauses[..6], [30, 120, 600, 1800, 3600, 3600]);
        assert_eq!(pauses.iter().sum::<u64>(), 86_400);
    }

    #[test]
    fn a_permanent_refusal_fails_at_once_with_its_code() {
        let (state, pass) = after_attempt(&mail(1), Fate::Refused(refusal(554)), CREATED);
        assert_eq!(state, MailState::Failed { at: CREATED, attempts: 1, error: "SMTP_554 no".into() });
        assert_eq!(pass, Pass::Go);
    }

    #[test]
    fn all_recipients_refused_for_good_fail_the_mail_and_one_for_now_keeps_it() {
        let gone = || ("a@x.example".to_owned(), refusal(550));
        let later = ("b@x.example".to_owned(), refusal(450));
        let (state, _) = after_attempt(&mail(1), Fate::Recipients(vec![gone()]), CREATED);
        assert_eq!(state, MailState::Failed { at: CREATED, attempts: 1, error: "SMTP_550 no (a@x.example)".into() });
        let (state, _) = after_attempt(&mail(1), Fate::Recipients(vec![gone(), later]), CREATED);
        assert!(matches!(state, MailState::Queued { attempts: 1, .. }), "{state:?}");
    }

    #[test]
    fn a_server_that_is_not_there_gets_a_rest() {
        let fate = Fate::Unreachable(Refusal { code: None, text: "connection refused".into() });
        assert_eq!(after_attempt(&mail(1), fate, CREATED).1, Pass::Rest(SERVER_REST));
    }

    #[test]
    fn without_a_server_a_mail_waits_a_day_and_no_attempt_is_counted() {
        let mail = mail(1);
        let MailState::Queued { next_at, attempts, last_error } = without_server(&mail, CREATED) else { panic!() };
        assert_eq!((next_at, attempts), (CREATED + Duration::from_secs(15), 0));
        assert!(last_error.unwrap().starts_with("mail_not_configured"));
        let MailState::Queued { next_at, .. } = without_server(&mail, CREATED + hours(2)) else { panic!() };
        assert_eq!(next_at, CREATED + hours(2) + UNCONFIGURED.1);
        assert_eq!(without_server(&mail, CREATED + hours(24)).name(), "failed");
    }
}
