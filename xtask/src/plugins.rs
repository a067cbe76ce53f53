//! Builds the WebAssembly components: the first-party plugins, and the tests' guests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::cmd::{self, say};
use crate::setup::{self, TARGET};
use crate::workspace::{self, Metadata, Package};

const PROFILE: &str = "plugin";

/// Builds the plugins, and with `guests` the workspace tests/guests too. The target must be there already.
pub fn build(guests: bool) -> Result<()> {
    let root = workspace::root();
    let members = workspace::members()?;
    // Apart from the host's artefacts, so that neither build waits for the other's lock.
    let target_dir = members.target_directory.join("wasm");

    let plugins = Group {
        what: "plugins",
        components: components(&members, &root.join("plugins"), &["cdylib"]),
        into: members.target_directory.join("plugins"),
        target_dir: &target_dir,
    };
    plugins.build(&[])?;

    if guests {
        let manifest = root.join("tests/guests/Cargo.toml");
        if !manifest.is_file() {
            say!("there is no tests/guests/Cargo.toml, so there are no guests to build");
            return Ok(());
        }
        let workspace = workspace::metadata(&manifest)?;
        let folder = root.join("tests/guests");
        let mut options = vec!["--manifest-path".to_owned(), manifest.display().to_string()];
        options.extend(profile_options(&root.join("Cargo.toml"))?);
        let guests = Group {
            what: "guests",
            components: components(&workspace, &folder, &["cdylib", "bin"]),
            into: members.target_directory.join("guests"),
            target_dir: &target_dir,
        };
        guests.build(&options)?;
    }
    Ok(())
}

/// Components that are built together.
struct Group<'a> {
    what: &'static str,
    components: Vec<Component>,
    into: PathBuf,
    target_dir: &'a Path,
}

struct Component {
    package: String,
    /// The name of the file that cargo makes.
    artefact: String,
    /// What its manifest wants rustc to be told.
    rustflags: Vec<String>,
}

impl Group<'_> {
    fn build(&self, options: &[String]) -> Result<()> {
        if self.components.is_empty() {
            say!("there are no {} to build", self.what);
            return self.remove_others();
        }
        fs::create_dir_all(&self.into)?;
        let mut changed = 0;
        // Other flags make other artefacts of the same crates: in one folder, each build would undo the other's.
        let (own, common): (Vec<_>, Vec<_>) = self.components.iter().partition(|one| !one.rustflags.is_empty());
        if !common.is_empty() {
            changed += self.run(&common, self.target_dir, options)?;
        }
        for component in own {
            // A list of texts is the same in JSON and in TOML.
            let flags = serde_json::to_string(&component.rustflags)?;
            let flags = ["--config".to_owned(), format!("target.{TARGET}.rustflags={flags}")];
            let options: Vec<String> = options.iter().cloned().chain(flags).collect();
            changed += self.run(&[component], &self.target_dir.join(&component.package), &options)?;
        }
        self.remove_others()?;
        self.report(changed)
    }

    /// Lets cargo build components with the same flags. Gives how many of them have changed.
    fn run(&self, components: &[&Component], target_dir: &Path, options: &[String]) -> Result<usize> {
        forget_other_std(target_dir)?;
        let mut command = cmd::cargo(["build", "--profile", PROFILE, "--target", TARGET, "--target-dir"]);
        command.arg(target_dir).args(options);
        for component in components {
            command.args(["-p", &component.package]);
        }
        cmd::run(&mut command)?;
        let made = target_dir.join(TARGET).join(PROFILE);
        let mut changed = 0;
        for component in components {
            let from = made.join(&component.artefact);
            let to = self.into.join(format!("{}.wasm", component.package));
            changed += usize::from(copy_if_changed(&from, &to)?);
        }
        Ok(changed)
    }

    /// Files of components that are no more would else be loaded for ever.
    fn remove_others(&self) -> Result<()> {
        let Ok(entries) = fs::read_dir(&self.into) else {
            return Ok(());
        };
        let ours: BTreeSet<String> =
            self.components.iter().map(|component| format!("{}.wasm", component.package)).collect();
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.extension().is_some_and(|extension| extension == "wasm") && !ours.contains(&name) {
                fs::remove_file(&path)?;
                say!("removed {}: its crate is gone", path.display());
            }
        }
        Ok(())
    }

    fn report(&self, changed: usize) -> Result<()> {
        let mut total = 0;
        let mut lines = String::new();
        for component in &self.components {
            let bytes = fs::metadata(self.into.join(format!("{}.wasm", component.package)))?.len();
            total += bytes;
            lines.push_str(&format!("\n  {:>9}  {}", kib(bytes), component.package));
        }
        say!(
            "{} {} in {} ({changed} changed, {} in all){lines}",
            self.components.len(),
            self.what,
            self.into.display(),
            kib(total)
        );
        Ok(())
    }
}

/// The packages below the folder that make a file of one of the given kinds.
fn components(metadata: &Metadata, folder: &Path, kinds: &[&str]) -> Vec<Component> {
    let artefact = |package: &Package| {
        package.targets.iter().find(|target| target.kind.iter().any(|kind| kinds.contains(&kind.as_str()))).map(
            |target| {
                // Of a library's name cargo makes an identifier; a program keeps its name.
                if target.kind.iter().any(|kind| kind == "bin") {
                    format!("{}.wasm", target.name)
                } else {
                    format!("{}.wasm", target.name.replace('-', "_"))
                }
            },
        )
    };
    let mut found = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.is_below(folder)) {
        match artefact(package) {
            Some(artefact) => {
                let rustflags = package.metadata.clone().unwrap_or_default().stepwright.rustflags;
                found.push(Component { package: package.name.clone(), artefact, rustflags });
            }
            None => say!("{} is a library, not a component (it has no cdylib target)", package.name),
        }
    }
    found
}

/// The root manifest's `[profile.plugin]` as `--config` options: the guests' workspace gets the same profile without a
/// copy of it, and both builds share the artefacts of the crates that they have in common.
fn profile_options(manifest: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(manifest).with_context(|| format!("could not read {}", manifest.display()))?;
    let table: toml::Table = text.parse().with_context(|| format!("{} is no TOML", manifest.display()))?;
    let Some(profile) = table.get("profile").and_then(|profiles| profiles.get(PROFILE)).and_then(toml::Value::as_table)
    else {
        bail!("{} has no [profile.{PROFILE}]", manifest.display());
    };
    let mut options = Vec::new();
    for (key, value) in profile {
        let value = match value {
            toml::Value::String(text) => format!("\"{text}\""),
            toml::Value::Boolean(flag) => flag.to_string(),
            toml::Value::Integer(number) => number.to_string(),
            _ => bail!("[profile.{PROFILE}] {key}: only strings, numbers and flags are understood"),
        };
        options.push("--config".to_owned());
        options.push(format!("profile.{PROFILE}.{key}={value}"));
    }
    Ok(options)
}

/// Copies only other bytes, and puts the file in place whole: a running server watches these files' times.
fn copy_if_changed(from: &Path, to: &Path) -> Result<bool> {
    let new = fs::read(from).with_context(|| format!("could not read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(false);
    }
    let staged = to.with_extension("wasm.new");
    fs::write(&staged, &new).with_context(|| format!("could not write {}", staged.display()))?;
    fs::rename(&staged, to).with_context(|| format!("could not write {}", to.display()))?;
    Ok(true)
}

/// Deletes the artefacts that were built against another std: cargo takes them for fresh, but they don't link.
fn forget_other_std(target_dir: &Path) -> Result<()> {
    let identity = setup::std_identity()?;
    let stamp = target_dir.join("std.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|known| known == identity) {
        return Ok(());
    }
    let artefacts = target_dir.join(TARGET);
    if artefacts.exists() {
        say!("the target's std has changed, so all components are built anew");
        fs::remove_dir_all(&artefacts)?;
    }
    fs::create_dir_all(target_dir)?;
    fs::write(&stamp, identity)?;
    Ok(())
}

fn kib(bytes: u64) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Target;

    fn package(name: &str, manifest: &str, target: &str, kind: &str) -> Package {
        Package {
            name: name.into(),
            manifest_path: manifest.into(),
            targets: vec![Target { name: target.into(), kind: vec![kind.into()] }],
            metadata: None,
        }
    }

    #[test]
    fn components_are_the_packages_below_the_folder_that_make_one() {
        let metadata = Metadata {
            packages: vec![
                package("send-mail", "/w/plugins/send-mail/Cargo.toml", "send-mail", "cdylib"),
                package("shared", "/w/plugins/shared/Cargo.toml", "shared", "lib"),
                package("host", "/w/host/app/Cargo.toml", "host", "cdylib"),
            ],
            target_directory: "/w/target".into(),
        };
        let found = components(&metadata, Path::new("/w/plugins"), &["cdylib"]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].package, "send-mail");
        assert_eq!(found[0].artefact, "send_mail.wasm");
    }

    #[test]
    fn a_component_may_have_flags_of_its_own() {
        let text = r#"{ "name": "hot", "manifest_path": "/w/plugins/hot/Cargo.toml",
            "targets": [{ "name": "hot", "kind": ["cdylib"] }],
            "metadata": { "stepwright": { "rustflags": ["-Copt-level=1"] }, "others": 1 } }"#;
        let metadata = Metadata { packages: vec![serde_json::from_str(text).unwrap()], target_directory: "/w".into() };
        let found = components(&metadata, Path::new("/w/plugins"), &["cdylib"]);
        assert_eq!(found[0].rustflags, ["-Copt-level=1"]);
    }

    #[test]
    fn a_program_keeps_its_dashes() {
        let metadata = Metadata {
            packages: vec![package("a-b", "/g/a/Cargo.toml", "a-b", "bin")],
            target_directory: "/g/target".into(),
        };
        let found = components(&metadata, Path::new("/g"), &["cdylib", "bin"]);
        assert_eq!(found[0].artefact, "a-b.wasm");
    }

    #[test]
    fn equal_bytes_keep_the_files_time() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to.wasm"));
        fs::write(&from, "one").unwrap();
        assert!(copy_if_changed(&from, &to).unwrap());
        let time = fs::metadata(&to).unwrap().modified().unwrap();
        assert!(!copy_if_changed(&from, &to).unwrap());
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), time);
        fs::write(&from, "two").unwrap();
        assert!(copy_if_changed(&from, &to).unwrap());
        assert_eq!(fs::read(&to).unwrap(), b"two");
    }

    #[test]
    fn the_guests_get_the_plugins_profile() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = dir.path().join("Cargo.toml");
        fs::write(&manifest, "[profile.plugin]\ninherits = \"release\"\nlto = true\ncodegen-units = 1\n").unwrap();
        let options = profile_options(&manifest).unwrap();
        for option in
            ["profile.plugin.inherits=\"release\"", "profile.plugin.lto=true", "profile.plugin.codegen-units=1"]
        {
            assert!(options.iter().any(|given| given == option), "{option} is missing in {options:?}");
        }
    }

    #[test]
    fn the_workspace_has_the_profile() {
        assert!(!profile_options(&workspace::root().join("Cargo.toml")).unwrap().is_empty());
    }
}
