//! Answers that break the rules of the WIT, written without the SDK, which would not let them through.

use raw::manifest::{self, Manifest};
use raw::steps::{self, Call, Completion, Descriptor, Outcome, Wait};
use raw::types::{Context, EntityRef, FieldError};
use raw::{failed, plain_descriptor, plain_manifest};

struct Malformed;

raw::export_step_plugin!(Malformed with_types_in raw);

impl manifest::Guest for Malformed {
    fn describe() -> Manifest {
        plain_manifest("malformed")
    }
}

/// A rule that is broken, and the answer that breaks it.
type Case = (&'static str, fn() -> Outcome);

const CASES: [Case; 10] = [
    ("output-not-json", || completed("{".to_owned())),
    ("output-empty", || completed(String::new())),
    ("output-too-deep", || completed("[".repeat(100_000) + &"]".repeat(100_000))),
    ("output-too-large", || completed(format!("\"{}\"", "x".repeat(256 << 10)))),
    ("too-many-entities", || {
        let entity = |n| EntityRef { schema: "contact".to_owned(), id: format!("{n}") };
        Outcome::Completed(Completion { output: "null".to_owned(), entities: (0..100_000).map(entity).collect() })
    }),
    ("fault-code", || failed("no such code!", "x".to_owned(), None)),
    ("fault-reason", || failed("LONG", "x".repeat(64 << 10), None)),
    ("fault-info", || failed("INFO", "x".to_owned(), Some("[not an object".to_owned()))),
    ("wait-forever-key", || Outcome::Waiting(Wait { resume_key: "k".repeat(100_000), expires_at: None })),
    ("defer-to-nowhere", || Outcome::Defer("next Tuesday".to_owned())),
];

fn completed(output: String) -> Outcome {
    Outcome::Completed(Completion { output, entities: Vec::new() })
}

impl steps::Guest for Malformed {
    fn describe() -> Vec<Descriptor> {
        CASES.iter().map(|(id, _)| plain_descriptor(id)).collect()
    }

    /// A config with `"normal"` comes back as something that is not JSON, one with `"pointer"` with a wrong pointer.
    fn validate(_step: String, config: String, _context: Context) -> Result<String, Vec<FieldError>> {
        if config.contains("\"normal\"") {
            return Ok("{".to_owned());
        }
        if config.contains("\"pointer\"") {
            return Err(vec![FieldError { pointer: "no pointer".to_owned(), message: "x".repeat(100_000) }; 1000]);
        }
        Ok(config)
    }

    fn run(call: Call) -> Outcome {
        match CASES.iter().find(|(id, _)| *id == call.step) {
            Some((_, answer)) => answer(),
            None => failed("UNKNOWN_ID", call.step, None),
        }
    }
}
