//! The report, kept while it grows.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// What has been measured so far. A part that fails says so in its place; the others stay. With a file, everything is
/// written there after every figure, so that also a run that is ended from outside leaves what it had.
pub struct Report {
    parts: Map<String, Value>,
    file: Option<PathBuf>,
    failed: bool,
}

/// A part of the report.
pub struct Part<'a> {
    report: &'a mut Report,
    name: &'static str,
}

impl Report {
    /// An empty one, also written to `file`.
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { parts: Map::new(), file, failed: false }
    }

    /// Measures a part. Its failure is a line of the report and on standard error, no reason to lose the rest.
    pub async fn part(
        &mut self,
        name: &'static str,
        measure: impl AsyncFnOnce(&mut Part<'_>) -> Result<()>,
    ) -> Result<()> {
        let measured = measure(&mut Part { report: self, name }).await;
        if let Err(error) = measured {
            self.failed = true;
            Part { report: self, name }.set("error", json!(format!("{error:#}")))?;
        }
        Ok(())
    }

    /// Whether a part has failed.
    pub const fn has_failed(&self) -> bool {
        self.failed
    }

    /// All of it, for people and programs.
    pub fn text(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(&self.parts)?)
    }

    fn save(&self) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        std::fs::write(file, self.text()? + "\n").with_context(|| format!("write {}", file.display()))
    }
}

impl Part<'_> {
    /// Adds a figure.
    pub fn set(&mut self, figure: &str, value: Value) -> Result<()> {
        let part = self.report.parts.entry(self.name).or_insert_with(|| json!({}));
        if let Some(figures) = part.as_object_mut() {
            figures.insert(figure.to_owned(), value);
        } else {
            *part = json!({ "figures": part.take(), figure: value });
        }
        self.report.save()
    }

    /// Sets all of the part's figures at once.
    pub fn whole(&mut self, value: Value) -> Result<()> {
        self.report.parts.insert(self.name.to_owned(), value);
        self.report.save()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[tokio::test]
    async fn a_part_that_fails_leaves_the_others_and_its_own_first_figures() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json");
        let mut report = Report::new(Some(file.clone()));
        report.part("first", async |part| part.whole(json!({ "us": 3 }))).await.unwrap();
        report
            .part("second", async |part| {
                part.set("fresh", json!(1))?;
                bail!("the server is gone")
            })
            .await
            .unwrap();
        report.part("third", async |part| part.set("n", json!(2))).await.unwrap();
        assert!(report.has_failed());
        let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let wanted = json!({
            "first": { "us": 3 }, "second": { "fresh": 1, "error": "the server is gone" }, "third": { "n": 2 },
        });
        assert_eq!(written, wanted);
        assert_eq!(serde_json::from_str::<Value>(&report.text().unwrap()).unwrap(), wanted);
    }
}
