//! Rules about who may depend on what: `engine <- app <- {store, sandbox, api} <- server`, and each of the big libraries
//! has one room.

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use super::Finding;
use super::tree::Tree;

/// A library (`*` at the end: all whose names begin so) and the only crates that may name it.
struct Room {
    library: &'static str,
    crates: &'static [&'static str],
}

/// The integration tests and benchmarks wire everything up, as the server does, and compare with the bare libraries.
const ROOMS: [Room; 3] = [
    Room { library: "sqlx*", crates: &["host/store", "tests", "tests/bench"] },
    Room { library: "wasmtime*", crates: &["host/sandbox", "tests", "tests/bench"] },
    Room { library: "axum*", crates: &["host/api", "host/server", "tests", "tests/bench"] },
];

/// What would let the outside world into the pure core.
const NOT_IN_ENGINE: [&str; 8] = ["tokio*", "sqlx*", "axum*", "wasmtime*", "reqwest", "hyper*", "rand", "getrandom"];

/// The crates of ours that a crate may be built from. Who isn't listed here may use any.
const ARROWS: [(&str, &[&str]); 5] = [
    ("host/engine", &[]),
    ("host/app", &["stepwright-engine"]),
    ("host/store", &["stepwright-engine", "stepwright-app"]),
    ("host/sandbox", &["stepwright-engine", "stepwright-app"]),
    ("host/api", &["stepwright-engine", "stepwright-app"]),
];

/// Plugins are what anyone could write: from the SDK alone.
const PLUGIN_MAY: [&str; 2] = ["stepwright-sdk", "stepwright-sdk-macros"];

/// Never each other, not even in their tests.
const STRANGERS: [(&str, &str); 3] =
    [("host/store", "stepwright-store"), ("host/sandbox", "stepwright-sandbox"), ("host/api", "stepwright-api")];

pub fn forbidden(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in tree.ending("Cargo.toml") {
        // The root manifest only fixes versions. The guests are a workspace of their own, and may be as odd as they like.
        let Some(folder) = path.strip_suffix("/Cargo.toml") else { continue };
        if folder.starts_with("tests/guests") {
            continue;
        }
        let manifest: Table = tree.read(path)?.parse().with_context(|| format!("{path} is no TOML"))?;
        for dependency in dependencies(&manifest) {
            findings.extend(objection(folder, &dependency).map(|what| Finding::new(path, what)));
        }
    }
    Ok(findings)
}

fn objection(folder: &str, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    for room in &ROOMS {
        if matches(room.library, name) && !room.crates.contains(&folder) {
            return Some(format!("{name} belongs into {} only", room.crates.join(", ")));
        }
    }
    if folder == "host/engine" && NOT_IN_ENGINE.iter().any(|library| matches(library, name)) {
        return Some(format!("the engine is pure: {name} has no place in it"));
    }
    let stranger = |crates: &str| STRANGERS.iter().any(|(room, own)| *room == crates || *own == crates);
    if stranger(folder) && stranger(name) && !STRANGERS.contains(&(folder, name)) {
        return Some(format!("store, sandbox and api never know each other, but here is {name}"));
    }
    // Tests may look further than what they test.
    if dependency.for_tests || !name.starts_with("stepwright-") {
        return None;
    }
    let may: &[&str] =
        if folder.starts_with("plugins/") { &PLUGIN_MAY } else { ARROWS.iter().find(|(room, _)| *room == folder)?.1 };
    (!may.contains(&name)).then(|| format!("the arrows of the architecture don't lead to {name}"))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

struct Dependency {
    /// The package's own name, whatever it is called in the manifest.
    name: String,
    for_tests: bool,
}

/// All dependencies of a manifest, those of single platforms too.
fn dependencies(manifest: &Table) -> Vec<Dependency> {
    let platforms = manifest.get("target").and_then(Value::as_table);
    let tables =
        std::iter::once(manifest).chain(platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table));
    let mut found = Vec::new();
    for table in tables {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let entries = table.get(kind).and_then(Value::as_table);
            for (key, value) in entries.into_iter().flatten() {
                let name = value.get("package").and_then(Value::as_str).unwrap_or(key);
                found.push(Dependency { name: name.to_owned(), for_tests: kind == "dev-dependencies" });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture::Fixture;
    use super::*;

    /// What is said about one crate's manifest.
    fn said(folder: &str, manifest: &str) -> Vec<String> {
        let fixture = Fixture::new().file(&format!("{folder}/Cargo.toml"), manifest);
        forbidden(&fixture.tree()).unwrap().into_iter().map(|finding| finding.what).collect()
    }

    fn uses(folder: &str, name: &str) -> bool {
        said(folder, &format!("[dependencies]\n{name}.workspace = true\n")).is_empty()
    }

    #[test]
    fn each_big_library_has_its_room() {
        assert!(uses("host/store", "sqlx"));
        assert!(uses("host/sandbox", "wasmtime-wasi-http"));
        assert!(uses("host/server", "axum"));
        assert!(uses("tests/bench", "wasmtime"));
        for (folder, name) in [
            ("host/app", "sqlx"),
            ("host/server", "sqlx"),
            ("host/api", "wasmtime"),
            ("host/server", "wasmtime-wasi"),
            ("host/app", "axum"),
            ("plugins/mail", "sqlx-core"),
        ] {
            assert!(!uses(folder, name), "{folder} may use {name}");
        }
    }

    #[test]
    fn the_engine_is_pure() {
        for name in ["tokio", "tokio-util", "sqlx", "axum", "wasmtime", "rand"] {
            assert!(!uses("host/engine", name), "{name}");
        }
        assert!(uses("host/engine", "serde"));
    }

    #[test]
    fn the_arrows_lead_inwards() {
        assert!(uses("host/app", "stepwright-engine"));
        assert!(uses("host/api", "stepwright-app"));
        assert!(uses("host/server", "stepwright-store"));
        assert!(uses("plugins/mail", "stepwright-sdk"));
        for (folder, name) in [
            ("host/engine", "stepwright-app"),
            ("host/app", "stepwright-store"),
            ("host/store", "stepwright-server"),
            ("plugins/mail", "stepwright-engine"),
        ] {
            assert!(!uses(folder, name), "{folder} may use {name}");
        }
    }

    #[test]
    fn store_sandbox_and_api_are_strangers_even_in_tests() {
        let manifest = "[dev-dependencies]\nstepwright-store.workspace = true\n";
        assert_eq!(said("host/api", manifest).len(), 1);
        assert_eq!(said("host/sandbox", manifest).len(), 1);
        assert_eq!(said("host/app", manifest), Vec::<String>::new());
    }

    #[test]
    fn neither_a_rename_nor_a_platform_hides_a_dependency() {
        assert_eq!(said("host/app", "[dependencies]\nsql = { package = \"sqlx\", version = \"1\" }\n").len(), 1);
        assert_eq!(said("host/app", "[target.'cfg(unix)'.build-dependencies]\nsqlx = \"1\"\n").len(), 1);
    }

    #[test]
    fn the_root_and_the_guests_are_free() {
        let manifest = "[workspace.dependencies]\nsqlx = \"1\"\n[dependencies]\nsqlx = \"1\"\n";
        let fixture = Fixture::new().file("Cargo.toml", manifest).file("tests/guests/odd/Cargo.toml", manifest);
        assert_eq!(forbidden(&fixture.tree()).unwrap(), []);
    }
}
