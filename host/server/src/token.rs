//! The operator token: given by the environment, or made once and kept in the data directory.

use anyhow::{Context as _, bail};
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use stepwright_app::ports::Random;

/// The file's name inside the data directory.
pub const FILE: &str = "admin-token";
/// A shorter token could be guessed; whoever chooses one is warned.
const MIN_LENGTH: usize = 16;
/// Characters of a token that is made here: 43 of 6 bits hold 256 bits.
const LENGTH: usize = 43;

/// The token in force, and where it stands when it was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorToken {
    pub text: String,
    pub file: Option<PathBuf>,
}

/// Takes the given token, or else the one in `dir`, which the first start makes.
///
/// # Errors
/// When the token is empty or not ASCII, or the file can neither be read nor made.
pub fn operator_token(given: Option<&str>, dir: &Path, random: &dyn Random) -> anyhow::Result<OperatorToken> {
    if let Some(text) = given {
        check(text).context("STEPWRIGHT_ADMIN_TOKEN")?;
        return Ok(OperatorToken { text: text.to_owned(), file: None });
    }
    let file = dir.join(FILE);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => make(dir, &file, random)?,
        Err(error) => return Err(error).with_context(|| format!("could not read {}", file.display())),
    };
    check(&text).with_context(|| file.display().to_string())?;
    Ok(OperatorToken { text, file: Some(file) })
}

fn check(text: &str) -> anyhow::Result<()> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        bail!("the operator token must consist of visible ASCII characters");
    }
    if text.len() < MIN_LENGTH {
        tracing::warn!("the operator token has fewer than {MIN_LENGTH} characters and could be guessed");
    }
    Ok(())
}

/// The file appears whole and with its mode, or not at all; of two processes that start at once, both get the token
/// of the one that was first.
fn make(dir: &Path, file: &Path, random: &dyn Random) -> anyhow::Result<String> {
    const ALPHABET: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    let mut bytes = [0; LENGTH];
    random.secret_bytes(&mut bytes);
    let text: String = bytes.iter().map(|b| char::from(ALPHABET[usize::from(b % 64)])).collect();
    let staged = dir.join(format!(".{FILE}.{}", std::process::id()));
    let could_not = || format!("could not write {}", file.display());
    write_private(&staged, &text).with_context(could_not)?;
    let linked = fs::hard_link(&staged, file);
    fs::remove_file(&staged).with_context(could_not)?;
    match linked {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(fs::read_to_string(file).with_context(could_not)?.trim().to_owned())
        }
        Err(error) => Err(error).with_context(could_not),
    }
}

/// Writes a file that only this user can read, durably, over whatever stood there.
///
/// # Errors
/// Those of the file system.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // A file that was there before keeps its old mode through `open`.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::ThreadRandom;

    #[test]
    fn a_given_token_is_used_and_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let token = operator_token(Some("0123456789abcdef"), dir.path(), &ThreadRandom).unwrap();
        assert_eq!(token, OperatorToken { text: "0123456789abcdef".into(), file: None });
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_generated_token_stays_the_same_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = operator_token(None, dir.path(), &ThreadRandom).unwrap();
        let second = operator_token(None, dir.path(), &ThreadRandom).unwrap();
        assert_eq!(first, second);
        assert_eq!(first.text.len(), LENGTH);
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no staged file is left");
    }

    #[test]
    fn starting_twice_at_once_gives_one_token() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE);
        fs::write(&file, "the-other-process-was-first\n").unwrap();
        // As if the file had appeared between looking and making.
        assert_eq!(make(dir.path(), &file, &ThreadRandom).unwrap(), "the-other-process-was-first");
    }

    #[test]
    fn a_token_that_could_be_guessed_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(operator_token(Some(""), dir.path(), &ThreadRandom).is_err());
        fs::write(dir.path().join(FILE), "\n").unwrap();
        let error = operator_token(None, dir.path(), &ThreadRandom).unwrap_err();
        assert!(format!("{error:#}").contains("admin-token"), "{error:#}");
    }
}
