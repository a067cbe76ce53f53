//! From an answer to a delivery's next state.

use super::client::Answer;
use crate::outbound::Pass;
use std::time::Duration;
use stepwright_app::{Delivery, DeliveryState};
use stepwright_engine::Timestamp;

/// Pauses between attempts; after the last one a delivery is given up (source: contracts/README.md 0.2).
const PAUSES: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
];
/// No attempt is made later, whatever the receiver asks for.
const KEEP_TRYING: Duration = Duration::from_secs(24 * 3600);
/// A receiver that doesn't answer gets a rest.
const SILENT_REST: Duration = Duration::from_secs(30);
/// One that asks for a rest gets it, up to this; then one delivery is tried, which tells.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// What follows from an attempt.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    pub state: DeliveryState,
    pub attempts: u32,
    pub status: Option<u16>,
    /// For the delivery log.
    pub response: String,
    /// The receiver wants no more of anything.
    pub disable: bool,
    pub pass: Pass,
}

/// What follows from `answer`, which came at `at`.
pub fn after_attempt(delivery: &Delivery, answer: Answer, at: Timestamp) -> Verdict {
    let attempts = delivery.attempts + 1;
    let verdict = |state, status, response, pass| Verdict { state, attempts, status, response, disable: false, pass };
    match answer {
        Answer::Refused(reason) => verdict(DeliveryState::Failed { at }, None, reason, Pass::Go),
        Answer::None(reason) => {
            let state = next(delivery, attempts, Duration::ZERO, at);
            verdict(state, None, reason, Pass::Rest(SILENT_REST))
        }
        Answer::Status { code: code @ 200..=299, body, .. } => {
            verdict(DeliveryState::Delivered { at }, Some(code), body, Pass::Go)
        }
        Answer::Status { code: 410, body, .. } => {
            let state = DeliveryState::Failed { at };
            Verdict { state, attempts, status: Some(410), response: body, disable: true, pass: Pass::Go }
        }
        Answer::Status { code, retry_after, body } => {
            let asked = retry_after.filter(|_| matches!(code, 429 | 503)).and_then(|text| pause_of(&text, at));
            let state = next(delivery, attempts, asked.unwrap_or_default(), at);
            let pass = asked.map_or(Pass::Go, |pause| Pass::Rest(pause.min(LONGEST_REST)));
            verdict(state, Some(code), body, pass)
        }
    }
}

/// A delivery that must not be tried any more.
pub fn given_up(delivery: &Delivery, reason: &str, at: Timestamp) -> Verdict {
    Verdict {
        state: DeliveryState::Failed { at },
        attempts: delivery.attempts,
        status: delivery.last_status,
        response: reason.to_owned(),
        disable: false,
        pass: Pass::Go,
    }
}

fn next(delivery: &Delivery, attempts: u32, asked: Duration, at: Timestamp) -> DeliveryState {
    let Some(pause) = PAUSES.get(attempts as usize - 1) else {
        return DeliveryState::Failed { at };
    };
    let next_at = at + asked.max(*pause);
    if next_at > delivery.event.created_at + KEEP_TRYING {
        return DeliveryState::Failed { at };
    }
    DeliveryState::Pending { next_at }
}

/// `Retry-After`: seconds, or a date (RFC 9110 10.2.3).
fn pause_of(text: &str, at: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(secs) = text.parse() {
        return Some(Duration::from_secs(secs));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp::from(date.to_utc()).since(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::CREATED;
    use crate::webhooks::fixture::delivery;

    fn status(code: u16, retry_after: Option<&str>) -> Answer {
        Answer::Status { code, retry_after: retry_after.map(str::to_owned), body: "because".into() }
    }

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn pauses_grow_and_the_seventh_failure_is_the_last() {
        let mut delivery = delivery();
        let mut at = CREATED;
        let mut pauses = Vec::new();
        loop {
            let verdict = after_attempt(&delivery, status(500, None), at);
            delivery.attempts = verdict.attempts;
            match verdict.state {
                DeliveryState::Pending { next_at } => {
                    pauses.push(next_at.since(at).as_secs());
                    at = next_at;
                }
                state => {
                    assert_eq!(state, DeliveryState::Failed { at });
                    break;
                }
            }
        }
        assert_eq!(pauses, [5, 300, 1_800, 7_200, 18_000, 36_000]);
        assert_eq!(delivery.attempts, 7);
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it() {
        let date = "Sun, 22 Nov 2026 09:02:00 GMT";
        for (asked, expected) in [("60", 60), (date, 120), ("1", 5), ("soon", 5)] {
            for code in [429, 503] {
                let verdict = after_attempt(&delivery(), status(code, Some(asked)), CREATED);
                assert_eq!(verdict.state, DeliveryState::Pending { next_at: CREATED + secs(expected) }, "{asked}");
            }
        }
        let verdict = after_attempt(&delivery(), status(500, Some("60")), CREATED);
        assert_eq!(verdict.state, DeliveryState::Pending { next_at: CREATED + secs(5) }, "only with 429 and 503");
    }

    #[test]
    fn nothing_is_tried_after_a_day() {
        let verdict = after_attempt(&delivery(), status(503, Some("86401")), CREATED);
        assert_eq!(verdict.state, DeliveryState::Failed { at: CREATED });
    }

    #[test]
    fn gone_disables_the_endpoint_and_nothing_else_does() {
        for (code, disables) in [(410, true), (404, false), (302, false), (200, false), (500, false)] {
            assert_eq!(after_attempt(&delivery(), status(code, None), CREATED).disable, disables, "{code}");
        }
    }

    #[test]
    fn silence_rests_the_whole_endpoint() {
        let verdict = after_attempt(&delivery(), Answer::None("no answer".into()), CREATED);
        assert_eq!(verdict.pass, Pass::Rest(SILENT_REST));
        assert_eq!((verdict.status, verdict.response.as_str()), (None, "no answer"));
    }
}
