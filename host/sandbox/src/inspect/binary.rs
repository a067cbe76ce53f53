//! What a binary is, read from its bytes before anything is compiled.

use super::imports::{self, InterfaceName};
use crate::engine::{self, Profile};
use wasmparser::{Encoding, Parser, Payload, Validator};

/// The interface of steps, the family that runs with a real clock.
const STEPS: &str = "stepwright:step/steps";
/// A family of plugins, and the interface that a component exports to belong to it.
const FAMILIES: [&str; 4] =
    [STEPS, "stepwright:condition/conditions", "stepwright:guard/guards", "stepwright:agent/agents"];
const MANIFEST: &str = "stepwright:plugin/manifest";
/// Compatible versions of the families and the manifest.
const VERSION: &str = "0.1";

/// Checks everything that can be checked without running it; gives the profile it is to be asked in: that of its steps,
/// if it has any.
///
/// # Errors
/// All that is wrong.
pub fn check(bytes: &[u8]) -> Result<Profile, Vec<String>> {
    kind(bytes).map_err(|fault| vec![fault])?;
    let names = Names::read(bytes).map_err(|error| vec![error])?;
    let mut faults: Vec<String> = names.imports.iter().filter_map(|name| imports::check(name).err()).collect();
    faults.extend(exports(&names.exports));
    if !faults.is_empty() {
        return Err(faults);
    }
    let steps = names.exports.iter().any(|name| name.starts_with(STEPS));
    Ok(if steps { Profile::Steps } else { Profile::Deterministic })
}

/// Tells a component from everything that people upload instead.
fn kind(bytes: &[u8]) -> Result<(), String> {
    match bytes {
        [] => Err("it is empty".into()),
        [0, b'a', b's', b'm', 0x01, 0, 0, 0, ..] => Err(
            "this is a core module, not a component: build for wasm32-wasip2 (or wrap it with `wasm-tools component new`)"
                .into(),
        ),
        [0, b'a', b's', b'm', 0x0d, 0, 0x01, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', ..] => Err("it is WebAssembly of a version that this host does not know".into()),
        [0x7f, b'E', b'L', b'F', ..] => Err("this is native code, not a component: upload the .wasm file itself".into()),
        [b'P', b'K', ..] | [0x1f, 0x8b, ..] => Err("this is an archive: upload the .wasm file in it".into()),
        _ if bytes.trim_ascii_start().starts_with(b"(") => {
            Err("this is WebAssembly's text format: convert it with `wasm-tools parse`".into())
        }
        _ => Err("this is not WebAssembly".into()),
    }
}

/// The outermost component's imports and exports.
struct Names {
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Names {
    /// Reads and validates the whole binary, inner modules included.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let invalid = |error: wasmparser::BinaryReaderError| format!("it is not valid: {error}");
        let mut validator = Validator::new_with_features(engine::features());
        validator.validate_all(bytes).map_err(invalid)?;
        let mut names = Self { imports: Vec::new(), exports: Vec::new() };
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(invalid)? {
                Payload::Version { encoding, .. } => depth += u32::from(depth > 0 || encoding == Encoding::Component),
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section {
                        names.imports.push(import.map_err(invalid)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section {
                        names.exports.push(export.map_err(invalid)?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(names)
    }
}

fn exports(names: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut has = |wanted: &str| {
        let of_it = |name: &&InterfaceName<'_>| wanted == format!("{}/{}", name.package, name.interface);
        let parsed: Vec<_> = names.iter().filter_map(|name| InterfaceName::parse(name)).collect();
        let mut found = parsed.iter().filter(of_it).peekable();
        let is_there = found.peek().is_some();
        if is_there && !found.any(|name| name.is_of(VERSION)) {
            let versions: Vec<_> = parsed.iter().filter(of_it).map(|name| name.version).collect();
            let version = versions.join(", ");
            faults.push(format!("it exports {wanted} in version {version}, but this host takes {VERSION}"));
        }
        is_there
    };
    let manifest = has(MANIFEST);
    let families = FAMILIES.iter().filter(|family| has(family)).count();
    if !manifest {
        faults.push(format!("it does not export {MANIFEST}@{VERSION}.0, so nobody knows who it is"));
    }
    if families == 0 {
        faults.push(format!("it exports none of {}, so it can do nothing", FAMILIES.join(", ")));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> String {
        check(bytes).unwrap_err().join("; ")
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        assert_eq!(fault(b""), "it is empty");
        assert!(
            fault(b"\0asm\x01\0\0\0").starts_with("this is a core module, not a component: build for wasm32-wasip2")
        );
        assert!(fault(b"\0asm\x02\0\0\0").contains("version"));
        assert!(fault(b"\x7fELF....").contains("native code"));
        assert!(fault(b"PK\x03\x04").contains("archive"));
        assert!(fault(b"  (component)").contains("text format"));
        assert_eq!(fault(b"hello"), "this is not WebAssembly");
        assert!(fault(b"\0asm\x0d\0\x01\0garbage").starts_with("it is not valid: "));
    }

    #[test]
    fn an_empty_component_lacks_everything() {
        let faults = check(b"\0asm\x0d\0\x01\0").unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("does not export stepwright:plugin/manifest@0.1.0"));
        assert!(faults[1].contains("exports none of stepwright:step/steps"));
    }

    #[test]
    fn another_version_is_named() {
        let names = ["stepwright:plugin/manifest@0.1.3", "stepwright:step/steps@0.2.0"].map(str::to_owned);
        assert_eq!(exports(&names), ["it exports stepwright:step/steps in version 0.2.0, but this host takes 0.1"]);
    }
}
