//! Compiled components on disk.
//!
//! Compiled code is native code: whoever can write it here runs it in the host. So a file counts only when its MAC,
//! made with a key that stands elsewhere, fits its bytes, the component's digest and the engine; everything else is
//! as if it was not there, and is compiled anew.
//!
//! A file is read, checked, and deserialized **from the memory that was checked**. Mapping the file (wasmtime's
//! `deserialize_file`) would share pages between processes, but pages are read when they are first touched: somebody
//! with access to the file could change it after the check. The price is anonymous memory for each loaded component,
//! about as much as its code; the registry's limit on loaded bytes bounds it.

use crate::config::MacKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

const MAGIC: &[u8; 8] = b"stepw-c1";
const MAC_BYTES: usize = 32;
const EXTENSION: &str = "cwasm";

/// Compiled components of one engine.
pub struct Cache {
    dir: PathBuf,
    key: [u8; 32],
    /// The engine's fingerprint.
    engine: String,
    max_bytes: u64,
    staged: AtomicU64,
}

impl Cache {
    /// Opens the directory, made when it is not there.
    ///
    /// # Errors
    /// When directory or key cannot be made or read.
    pub fn open(dir: &Path, key: &MacKey, engine: String, max_bytes: u64) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let key = match key {
            MacKey::Bytes(bytes) => *bytes,
            MacKey::File(path) => read_or_make_key(path)?,
        };
        Ok(Self { dir: dir.to_owned(), key, engine, max_bytes, staged: AtomicU64::new(0) })
    }

    /// The compiled code of the component with this digest, if there is any that we made ourselves.
    pub fn load(&self, digest: &str) -> Option<Vec<u8>> {
        let path = self.path(digest);
        let mut bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(%error, digest, "could not read a compiled component");
                }
                return None;
            }
        };
        let head = MAGIC.len() + MAC_BYTES;
        let genuine = bytes.len() > head
            && bytes.starts_with(MAGIC)
            && self.mac(digest, &bytes[head..]).verify_slice(&bytes[MAGIC.len()..head]).is_ok();
        if !genuine {
            tracing::warn!(digest, "a compiled component is damaged or forged; it is compiled anew");
            metrics::counter!("stepwright_sandbox_cache_refused_total").increment(1);
            remove(&path);
            return None;
        }
        touch(&path);
        bytes.drain(..head);
        Some(bytes)
    }

    /// Keeps compiled code. What cannot be kept is compiled again after the next start, so errors are only logged.
    pub fn store(&self, digest: &str, code: &[u8]) {
        if let Err(error) = self.write(digest, code) {
            tracing::warn!(%error, digest, "could not keep a compiled component");
        }
        if let Err(error) = self.shrink() {
            tracing::warn!(%error, "could not clear the cache of compiled components");
        }
    }

    fn write(&self, digest: &str, code: &[u8]) -> io::Result<()> {
        let count = self.staged.fetch_add(1, Ordering::Relaxed);
        let staged = self.dir.join(format!("{digest}.{}-{count}.new", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
        let written = (|| {
            file.write_all(MAGIC)?;
            file.write_all(&self.mac(digest, code).finalize().into_bytes())?;
            file.write_all(code)?;
            // No fsync: a torn file does not pass the check.
            fs::rename(&staged, self.path(digest))
        })();
        if written.is_err() {
            remove(&staged);
        }
        written
    }

    /// Removes what was not used for longest, until the rest fits.
    fn shrink(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            if meta.is_file() && entry.path().extension().is_some_and(|e| e == EXTENSION) {
                files.push((meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len(), entry.path()));
            }
        }
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        files.sort();
        for (_, size, path) in files {
            if total <= self.max_bytes {
                break;
            }
            remove(&path);
            total -= size;
        }
        Ok(())
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.dir.join(format!("{digest}-{}.{EXTENSION}", self.engine))
    }

    /// Over everything that must fit together, so that one component's code cannot stand in for another's.
    fn mac(&self, digest: &str, code: &[u8]) -> Hmac<Sha256> {
        // HMAC fills short keys up with zeros.
        let mut block = [0; 64];
        block[..self.key.len()].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        for part in [MAGIC.as_slice(), digest.as_bytes(), self.engine.as_bytes()] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.update(code);
        mac
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "could not remove a file of the cache of compiled components");
    }
}

/// Marks as used now, for [`Cache::shrink`].
fn touch(path: &Path) {
    let now = rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
    let times = rustix::fs::Timestamps { last_access: now, last_modification: now };
    if let Err(error) = rustix::fs::utimensat(rustix::fs::CWD, path, &times, rustix::fs::AtFlags::empty()) {
        tracing::debug!(%error, "could not touch a compiled component");
    }
}

fn read_or_make_key(path: &Path) -> io::Result<[u8; 32]> {
    match File::open(path) {
        Ok(mut file) => {
            if file.metadata()?.permissions().mode() & 0o077 != 0 {
                let text = "the key of the cache of compiled components is readable by others than its owner";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
            }
            let mut key = [0; 32];
            file.read_exact(&mut key)?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key: [u8; 32] = rand::RngExt::random(&mut rand::rng());
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
                Ok(mut file) => {
                    file.write_all(&key)?;
                    file.sync_all()?;
                    Ok(key)
                }
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_or_make_key(path),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn cache(dir: &Path, key: u8, engine: &str) -> Cache {
        Cache::open(dir, &MacKey::Bytes([key; 32]), engine.into(), 10_000).unwrap()
    }

    #[test]
    fn what_is_stored_is_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(dir.path(), 1, "e");
        assert_eq!(cache.load("d"), None);
        cache.store("d", b"code");
        assert_eq!(cache.load("d"), Some(b"code".to_vec()));
    }

    #[test]
    fn forged_and_damaged_files_are_refused_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(dir.path(), 1, "e");
        cache.store("d", b"code");
        let path = cache.path("d");
        let genuine = fs::read(&path).unwrap();
        for at in [0, MAGIC.len(), genuine.len() - 1] {
            let mut forged = genuine.clone();
            forged[at] ^= 1;
            fs::write(&path, &forged).unwrap();
            assert_eq!(cache.load("d"), None, "byte {at}");
            assert!(!path.exists());
        }
        for length in [0, 10, MAGIC.len() + MAC_BYTES] {
            fs::write(&path, &genuine[..length]).unwrap();
            assert_eq!(cache.load("d"), None, "{length} bytes");
        }
    }

    #[test]
    fn code_of_another_component_engine_or_key_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let ours = cache(dir.path(), 1, "e");
        ours.store("d", b"code");
        fs::copy(ours.path("d"), ours.path("other")).unwrap();
        assert_eq!(ours.load("other"), None);
        let newer = cache(dir.path(), 1, "e2");
        fs::copy(ours.path("d"), newer.path("d")).unwrap();
        assert_eq!(newer.load("d"), None);
        assert_eq!(cache(dir.path(), 2, "e").load("d"), None);
    }

    #[test]
    fn the_oldest_go_when_there_is_no_room() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(dir.path(), 1, "e");
        for (digest, age) in [("old", 300), ("older", 400), ("new", 100)] {
            cache.store(digest, &[0; 2_500]);
            let file = File::options().write(true).open(cache.path(digest)).unwrap();
            let modified = file.metadata().unwrap().modified().unwrap();
            file.set_modified(modified - Duration::from_secs(age)).unwrap();
        }
        assert!(cache.load("older").is_some(), "loading makes it the newest");
        cache.store("last", &[0; 2_500]);
        let left: Vec<_> = ["old", "older", "new", "last"].into_iter().filter(|d| cache.path(d).exists()).collect();
        assert_eq!(left, ["older", "new", "last"]);
    }

    #[test]
    fn the_key_is_made_once_and_kept_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let key = read_or_make_key(&path).unwrap();
        assert_eq!(read_or_make_key(&path).unwrap(), key);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_or_make_key(&path).is_err());
    }
}
