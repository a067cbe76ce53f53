//! Rules about files: how long, which kinds, in pairs, with a description.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Finding;
use super::tree::Tree;

/// A file beyond this does more than one job.
const MOST_LINES: usize = 500;

/// Source files that are too long. Tests may be: they are read one case at a time.
pub fn too_long(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in tree.ending(".rs").filter(|path| !is_test(path)) {
        let lines = tree.read(path)?.lines().count();
        if lines > MOST_LINES {
            findings.push(Finding::new(path, format!("{lines} lines; split it by job, {MOST_LINES} are the limit")));
        }
    }
    Ok(findings)
}

fn is_test(path: &str) -> bool {
    let mut parts = path.split('/').rev();
    let file = parts.next().unwrap_or_default();
    file == "tests.rs" || file.ends_with("_tests.rs") || parts.any(|folder| folder == "tests")
}

/// Things that are built or made at run time, and don't belong into version control.
pub fn built_files(tree: &Tree) -> Vec<Finding> {
    [".wasm", ".cwasm", ".db", ".db-wal", ".db-shm"]
        .iter()
        .flat_map(|ending| tree.ending(ending))
        .map(|path| Finding::new(path, "is built or made at run time; don't commit it"))
        .collect()
}

/// Both databases come from one source, so a migration of one needs its twin of the same name for the other.
pub fn migrations_without_twin(tree: &Tree) -> Vec<Finding> {
    const SIDES: [&str; 2] = ["migrations/sqlite/", "migrations/postgres/"];
    let [sqlite, postgres] =
        SIDES.map(|side| tree.files().iter().filter_map(|path| path.strip_prefix(side)).collect::<BTreeSet<_>>());
    let lacking = |has: &str, lacks: &str, names: Vec<&&str>| {
        names
            .into_iter()
            .map(|name| Finding::new(format!("{has}{name}"), format!("has no twin in {lacks}")))
            .collect::<Vec<_>>()
    };
    let mut findings = lacking(SIDES[0], SIDES[1], sqlite.difference(&postgres).collect());
    findings.extend(lacking(SIDES[1], SIDES[0], postgres.difference(&sqlite).collect()));
    findings
}

/// Every crate of the host says at its top what it is for: whoever enters a room first reads the sign at its door.
pub fn rooms_without_description(tree: &Tree) -> Result<Vec<Finding>> {
    let rooms: BTreeSet<&str> = tree
        .files()
        .iter()
        .filter_map(|path| path.strip_prefix("host/")?.split_once('/'))
        .map(|(room, _)| room)
        .collect();
    let mut findings = Vec::new();
    for room in rooms {
        let doors = ["lib.rs", "main.rs"].map(|name| format!("host/{room}/src/{name}"));
        let Some(door) = doors.iter().find(|door| tree.has(door)) else {
            findings.push(Finding::new(format!("host/{room}"), "has neither src/lib.rs nor src/main.rs"));
            continue;
        };
        let text = tree.read(door)?;
        let described = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .and_then(|line| line.strip_prefix("//!"))
            .is_some_and(|words| !words.trim().is_empty());
        if !described {
            findings.push(Finding::new(door, "must begin with a `//!` paragraph that says what the crate is for"));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture::Fixture;
    use super::*;

    fn paths(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.path.as_str()).collect()
    }

    #[test]
    fn only_long_files_outside_tests_are_too_long() {
        let long = "// line\n".repeat(MOST_LINES + 1);
        let fixture = Fixture::new()
            .file("host/app/src/long.rs", &long)
            .file("host/app/src/just.rs", &"// line\n".repeat(MOST_LINES))
            .file("host/app/tests/flow.rs", &long)
            .file("host/app/src/tests.rs", &long)
            .file("tests/src/rest.rs", &long)
            .file("docs/long.md", &long);
        let findings = too_long(&fixture.tree()).unwrap();
        assert_eq!(paths(&findings), ["host/app/src/long.rs"]);
        assert!(findings[0].what.starts_with("501 lines"));
    }

    #[test]
    fn built_files_are_found_wherever_they_are() {
        let fixture = Fixture::new()
            .file("plugins/mail/mail.wasm", "")
            .file("a.cwasm", "")
            .file("stepwright.db", "")
            .file("docs/wasm.md", "");
        let findings = built_files(&fixture.tree());
        assert_eq!(paths(&findings), ["plugins/mail/mail.wasm", "a.cwasm", "stepwright.db"]);
    }

    #[test]
    fn a_migration_needs_its_twin() {
        let fixture = Fixture::new()
            .file("migrations/sqlite/0001_init.sql", "")
            .file("migrations/postgres/0001_init.sql", "")
            .file("migrations/sqlite/0002_more.sql", "")
            .file("migrations/postgres/0002_other.sql", "");
        let findings = migrations_without_twin(&fixture.tree());
        assert_eq!(paths(&findings), ["migrations/sqlite/0002_more.sql", "migrations/postgres/0002_other.sql"]);
    }

    #[test]
    fn a_host_crate_must_say_what_it_is_for() {
        let fixture = Fixture::new()
            .file("host/good/src/lib.rs", "\n//! Does good.\n")
            .file("host/bare/src/lib.rs", "pub fn f() {}\n//! too late\n")
            .file("host/empty/src/main.rs", "//!\nfn main() {}\n")
            .file("host/none/Cargo.toml", "");
        let findings = rooms_without_description(&fixture.tree()).unwrap();
        assert_eq!(paths(&findings), ["host/bare/src/lib.rs", "host/empty/src/main.rs", "host/none"]);
    }
}
