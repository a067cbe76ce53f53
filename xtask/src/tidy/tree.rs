//! The files that tidy looks at.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cmd;

/// A folder and the files below it, as `/`-separated paths relative to it, sorted.
pub struct Tree {
    root: PathBuf,
    files: Vec<String>,
}

impl Tree {
    /// What is committed, or would be by `git add`: nothing that .gitignore leaves out.
    pub fn of_version_control(root: &Path) -> Result<Self> {
        let listed = cmd::capture(
            Command::new("git")
                .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
                .current_dir(root),
        )?;
        let files = listed
            .split_terminator('\0')
            .map(str::to_owned)
            // The index still lists a file that was deleted in the work tree only.
            .filter(|path| root.join(path).is_file())
            .collect();
        Ok(Self::new(root, files))
    }

    fn new(root: &Path, mut files: Vec<String>) -> Self {
        files.sort();
        files.dedup();
        Self { root: root.to_owned(), files }
    }

    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The files whose name ends so.
    pub fn ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.iter().map(String::as_str).filter(move |path| path.ends_with(ending))
    }

    pub fn read(&self, path: &str) -> Result<String> {
        fs::read_to_string(self.root.join(path)).with_context(|| format!("could not read {path}"))
    }

    pub fn has(&self, path: &str) -> bool {
        self.files.binary_search_by(|file| file.as_str().cmp(path)).is_ok()
    }
}

/// Trees for the tests of the rules.
#[cfg(test)]
pub mod fixture {
    use super::*;

    /// A tree on disk, gone with the value.
    pub struct Fixture {
        dir: tempfile::TempDir,
        files: Vec<String>,
    }

    impl Fixture {
        pub fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap(), files: Vec::new() }
        }

        pub fn file(mut self, path: &str, text: &str) -> Self {
            let whole = self.dir.path().join(path);
            fs::create_dir_all(whole.parent().unwrap()).unwrap();
            fs::write(whole, text).unwrap();
            self.files.push(path.to_owned());
            self
        }

        pub fn tree(&self) -> Tree {
            Tree::new(self.dir.path(), self.files.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_and_deleted_files_are_not_in_the_tree() {
        let dir = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            cmd::quiet(Command::new("git").args(args).current_dir(dir.path())).unwrap();
        };
        git(&["init", "-q"]);
        for (path, text) in [(".gitignore", "*.wasm\n"), ("a.rs", ""), ("b.wasm", ""), ("gone.rs", ""), ("new.rs", "")]
        {
            fs::write(dir.path().join(path), text).unwrap();
        }
        git(&["add", ".gitignore", "a.rs", "gone.rs"]);
        fs::remove_file(dir.path().join("gone.rs")).unwrap();
        let tree = Tree::of_version_control(dir.path()).unwrap();
        assert_eq!(tree.files(), [".gitignore", "a.rs", "new.rs"]);
    }
}
