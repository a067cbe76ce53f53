//! Says what breaks every rule about manifests and descriptors; a host that publishes it has checked nothing.

use raw::manifest::{self, DatasetRequest, Manifest};
use raw::steps::{self, Call, Descriptor, Outcome};
use raw::types::{Context, FieldError};

struct DescribeLies;

raw::export_step_plugin!(DescribeLies with_types_in raw);

impl manifest::Guest for DescribeLies {
    fn describe() -> Manifest {
        Manifest {
            name: "Describe Lies/../x".to_owned(),
            version: "one".to_owned(),
            description: "x".repeat(100_000),
            hosts: vec!["*".to_owned(), "http://example.com/".to_owned(), "169.254.169.254".to_owned()],
            datasets: vec![DatasetRequest { name: "sqlite_master".to_owned(), write: true }],
            secrets: vec![String::new(), "x".repeat(10_000)],
        }
    }
}

impl steps::Guest for DescribeLies {
    fn describe() -> Vec<Descriptor> {
        let plain = raw::plain_descriptor;
        let mut descriptors = vec![
            plain("twice"),
            plain("twice"),
            plain(""),
            plain("Not An Id"),
            Descriptor { config_schema: "{".to_owned(), ..plain("schema-is-no-json") },
            Descriptor { config_schema: "{\"type\":\"nothing\"}".to_owned(), ..plain("schema-is-none") },
            Descriptor { config_schema: remote_schema(), ..plain("schema-elsewhere") },
            Descriptor { title: "x".repeat(100_000), ..plain("long-title") },
        ];
        descriptors.extend((0..100).map(|n| plain(&format!("step-{n}"))));
        descriptors
    }

    fn validate(_step: String, config: String, _context: Context) -> Result<String, Vec<FieldError>> {
        Ok(config)
    }

    fn run(call: Call) -> Outcome {
        raw::failed("LIES", call.step, None)
    }
}

/// A schema the host must not fetch.
fn remote_schema() -> String {
    "{\"$ref\":\"http://169.254.169.254/latest/meta-data\"}".to_owned()
}
