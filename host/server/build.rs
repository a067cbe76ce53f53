//! Embeds the built-in plugins: makes a table of those that have been built, empty when none has.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The plugins that come with the host, by the names of their crates.
const BUILTINS: &[&str] = &["invoicing", "messaging", "forms", "conditions", "approval", "actions"];

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let plugins = plugins_dir(&out);
    // A missing directory would make cargo run this script, and build the crate, every time.
    let _ = fs::create_dir_all(&plugins);
    println!("cargo::rerun-if-env-changed=STEPWRIGHT_PLUGINS_DIR");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", plugins.display());

    let mut table = format!("/// The names of all built-ins.\npub const EXPECTED: &[&str] = &{BUILTINS:?};\n");
    table.push_str("/// Name and bytes of those that were there when this was built.\npub static EMBEDDED: &[(&str, &[u8])] = &[\n");
    for &name in BUILTINS {
        let file = plugins.join(format!("{name}.wasm"));
        if file.is_file() {
            println!("cargo::rerun-if-changed={}", file.display());
            writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display().to_string()).expect("a String");
        }
    }
    table.push_str("];\n");
    fs::write(out.join("builtins.rs"), table).expect("OUT_DIR can be written");
}

/// Where `cargo xtask plugins` puts the components: `plugins` inside cargo's target directory.
fn plugins_dir(out: &Path) -> PathBuf {
    if let Some(given) = env::var_os("STEPWRIGHT_PLUGINS_DIR").filter(|dir| !dir.is_empty()) {
        return PathBuf::from(given);
    }
    // OUT_DIR stands below the target directory, which cargo marks with this file.
    match out.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file()) {
        Some(target) => target.join("plugins"),
        None => Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../target/plugins"),
    }
}
