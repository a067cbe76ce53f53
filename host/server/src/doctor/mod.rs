//! `stepwright doctor`: one line per check, `ok` or `fail` first.

mod checks;

use crate::config::Config;
use crate::output;

/// What a check has found.
pub enum Finding {
    Ok(String),
    /// Works, but not as well as it could.
    Note(String),
    Fail(String),
}

impl Finding {
    /// What a fallible check has found.
    pub fn of(result: anyhow::Result<String>) -> Self {
        match result {
            Ok(text) => Self::Ok(text),
            Err(error) => Self::Fail(format!("{error:#}")),
        }
    }
}

/// Checks everything; true when nothing fails.
pub async fn run(config: &Config) -> bool {
    let mut failed = 0;
    let mut tell = |name: &str, finding: Finding| {
        let (word, text) = match finding {
            Finding::Ok(text) => ("ok", text),
            Finding::Note(text) => ("note", text),
            Finding::Fail(text) => {
                failed += 1;
                ("fail", text)
            }
        };
        output::say(format_args!("{word:<5} {name:<16} {text}"));
    };
    tell("clock", checks::clock());
    tell("data directory", Finding::of(checks::data_dir(config)));
    tell("operator token", Finding::of(checks::token(config)));
    tell("listen address", Finding::of(checks::address(config).await));
    let (database, store) = checks::database(config).await;
    tell("database", database);
    tell("plugins", Finding::of(checks::embedded()));
    let (sandbox, opened) = checks::sandbox(config, store);
    tell("sandbox", sandbox);
    tell("compile cache", checks::plugins_load(config, opened).await);
    tell("memory reset", checks::pagemap_scan());
    if failed > 0 {
        output::say(format_args!("{failed} checks failed"));
    }
    failed == 0
}
