//! From what a guest returns to what the engine takes: checked, because a guest can return anything.

use crate::bindings::{steps, types};
use crate::faults::{invalid_output, output_too_large};
use crate::json;
use stepwright_app::{FieldFault, InvocationLimits};
use stepwright_engine::{Fault, Outcome, RawJson, Timestamp};

/// Characters of a reason (source: wit/types@0.1.0 `fault`: at most 4 KiB).
const MAX_REASON: usize = 4 << 10;
/// Faults in one config.
const MAX_FIELD_FAULTS: usize = 200;
/// What naming an entity counts besides its texts.
const ENTITY_BYTES: usize = 16;
/// Bytes of a resume key (source: wit/step@0.1.0 `wait`).
const MAX_RESUME_KEY: usize = 200;

/// The outcome of a run, or the fault of having returned a wrong one.
pub fn outcome(wit: steps::Outcome, limits: &InvocationLimits) -> Result<Outcome, Fault> {
    Ok(match wit {
        steps::Outcome::Completed(completion) => completed(completion, limits)?,
        steps::Outcome::Skipped(reason) => Outcome::Skipped { reason: cut(reason, MAX_REASON) },
        steps::Outcome::Failed(wit) => Outcome::Failed(fault(wit, limits)?),
        steps::Outcome::Waiting(wait) => {
            if wait.resume_key.is_empty() || wait.resume_key.len() > MAX_RESUME_KEY {
                let reason =
                    format!("the resume key has {} bytes, 1 to {MAX_RESUME_KEY} are allowed", wait.resume_key.len());
                return Err(invalid_output(reason));
            }
            let expires_at = wait.expires_at.map(|text| instant(&text, "expires-at")).transpose()?;
            Outcome::Waiting { resume_key: wait.resume_key, expires_at }
        }
        steps::Outcome::Defer(until) => Outcome::Defer { until: instant(&until, "defer")? },
    })
}

fn completed(completion: steps::Completion, limits: &InvocationLimits) -> Result<Outcome, Fault> {
    let entities: usize = completion.entities.iter().map(|e| e.schema.len() + e.id.len() + ENTITY_BYTES).sum();
    let size = completion.output.len() + entities;
    if size > limits.output as usize {
        return Err(output_too_large(limits, size));
    }
    let output =
        json::checked(completion.output).map_err(|why| invalid_output(format!("the output is not JSON: {why}")))?;
    Ok(Outcome::Completed { output, entity_refs: completion.entities.into_iter().map(Into::into).collect() })
}

/// A fault as the guest reports it.
pub fn fault(wit: types::Fault, limits: &InvocationLimits) -> Result<Fault, Fault> {
    let reason = cut(wit.reason, MAX_REASON);
    let well_formed =
        (1..=64).contains(&wit.code.len()) && wit.code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !well_formed {
        return Err(invalid_output(format!("the step failed with a code that is not [A-Za-z0-9_]{{1,64}}: {reason}")));
    }
    let code = wit.code;
    let info = match wit.info {
        None => None,
        Some(text) if text.len() > limits.output as usize => return Err(output_too_large(limits, text.len())),
        Some(text) => Some(json::checked_object(text).map_err(|why| {
            invalid_output(format!("the step failed with {code} ({reason}), and its info is wrong: {why}"))
        })?),
    };
    Ok(Fault { code, reason, retryable: wit.retryable, info })
}

/// What `validate` says of a config.
pub fn validation(
    wit: Result<String, Vec<types::FieldError>>,
    limits: &InvocationLimits,
) -> Result<Result<RawJson, Vec<FieldFault>>, Fault> {
    match wit {
        Ok(text) if text.len() > limits.output as usize => Err(output_too_large(limits, text.len())),
        Ok(text) => {
            let config = json::checked(text)
                .map_err(|why| invalid_output(format!("the normalised config is not JSON: {why}")))?;
            Ok(Ok(config))
        }
        Err(errors) if errors.is_empty() => Err(invalid_output("the config was refused without a reason")),
        Err(errors) => {
            // What is no pointer stands for the whole.
            let pointer = |text: String| if text.starts_with('/') { cut(text, 1_000) } else { String::new() };
            let fault = |error: types::FieldError| FieldFault {
                pointer: pointer(error.pointer),
                message: cut(error.message, 1_000),
            };
            Ok(Err(errors.into_iter().take(MAX_FIELD_FAULTS).map(fault).collect()))
        }
    }
}

pub fn instant(text: &str, field: &str) -> Result<Timestamp, Fault> {
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|at| at.to_utc().into())
        .map_err(|why| invalid_output(format!("{field} is not an RFC 3339 instant: {why}")))
}

pub fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> InvocationLimits {
        InvocationLimits { output: 100, ..InvocationLimits::default() }
    }

    fn completed(output: &str) -> Result<Outcome, Fault> {
        let completion = steps::Completion { output: output.into(), entities: vec![] };
        outcome(steps::Outcome::Completed(completion), &limits())
    }

    fn failed(code: &str, info: Option<&str>) -> Result<Outcome, Fault> {
        let fault =
            types::Fault { code: code.into(), reason: "why".into(), retryable: true, info: info.map(str::to_owned) };
        outcome(steps::Outcome::Failed(fault), &limits())
    }

    #[test]
    fn output_must_be_json_of_limited_size_and_depth() {
        assert!(completed(r#"{"a":1}"#).is_ok());
        assert_eq!(completed("{").unwrap_err().code, "INVALID_OUTPUT");
        let large = completed(&format!("\"{}\"", "x".repeat(200))).unwrap_err();
        assert_eq!((large.code.as_str(), large.info.unwrap().to_value()["used"].as_u64()), ("LIMIT_OUTPUT", Some(202)));
        assert_eq!(completed(&"[".repeat(90)).unwrap_err().code, "INVALID_OUTPUT");
    }

    #[test]
    fn instants_must_be_rfc_3339() {
        let until = outcome(steps::Outcome::Defer("2026-11-22T09:00:00+01:00".into()), &limits()).unwrap();
        assert_eq!(until, Outcome::Defer { until: Timestamp::from_secs(1_795_334_400) });
        for wrong in ["tomorrow", "", "2026-11-22", "2026-11-22 09:00"] {
            let fault = outcome(steps::Outcome::Defer(wrong.into()), &limits()).unwrap_err();
            assert_eq!(fault.code, "INVALID_OUTPUT", "{wrong}");
        }
    }

    #[test]
    fn a_resume_key_is_neither_empty_nor_long() {
        let waiting = |key: String| {
            outcome(steps::Outcome::Waiting(steps::Wait { resume_key: key, expires_at: None }), &limits())
        };
        assert!(waiting("k".into()).is_ok());
        assert_eq!(waiting(String::new()).unwrap_err().code, "INVALID_OUTPUT");
        assert_eq!(waiting("k".repeat(201)).unwrap_err().code, "INVALID_OUTPUT");
    }

    #[test]
    fn a_guests_fault_is_kept_when_it_is_well_formed() {
        let Ok(Outcome::Failed(fault)) = failed("SMTP_550", Some(r#"{"a":1}"#)) else { panic!("no fault") };
        assert_eq!((fault.code.as_str(), fault.reason.as_str(), fault.retryable), ("SMTP_550", "why", true));
        for (code, info) in [("", None), ("with space", None), ("OK", Some("[]")), ("OK", Some("{"))] {
            assert_eq!(failed(code, info).unwrap_err().code, "INVALID_OUTPUT", "{code} {info:?}");
        }
    }

    #[test]
    fn a_refusal_needs_a_reason() {
        assert_eq!(validation(Err(vec![]), &limits()).unwrap_err().code, "INVALID_OUTPUT");
        let error = types::FieldError { pointer: "/to".into(), message: "is missing".into() };
        assert_eq!(validation(Err(vec![error]), &limits()), Ok(Err(vec![FieldFault::new("/to", "is missing")])));
    }
}
