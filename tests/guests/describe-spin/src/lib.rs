//! Never says what steps it has.

use raw::manifest::{self, Manifest};
use raw::steps::{self, Call, Descriptor, Outcome};
use raw::types::{Context, FieldError};

struct DescribeSpin;

raw::export_step_plugin!(DescribeSpin with_types_in raw);

impl manifest::Guest for DescribeSpin {
    fn describe() -> Manifest {
        raw::plain_manifest("describe-spin")
    }
}

impl steps::Guest for DescribeSpin {
    fn describe() -> Vec<Descriptor> {
        loop {
            std::hint::spin_loop();
        }
    }

    fn validate(_step: String, _config: String, _context: Context) -> Result<String, Vec<FieldError>> {
        loop {
            std::hint::spin_loop();
        }
    }

    fn run(_call: Call) -> Outcome {
        loop {
            std::hint::spin_loop();
        }
    }
}
