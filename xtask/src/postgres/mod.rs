//! A PostgreSQL for the tests: one that is there, or one made for the occasion.

mod cluster;
mod probe;

use std::env;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use self::cluster::Cluster;
use crate::cmd::say;

/// An administrator's URL; the tests create databases of their own from it.
pub const URL: &str = "STEPWRIGHT_TEST_DATABASE_URL";
/// Tells the tests that skipping is meant, not forgotten.
pub const NONE: &str = "STEPWRIGHT_TEST_NO_POSTGRES";

/// Where the tests' PostgreSQL comes from. A temporary cluster lives as long as this value.
pub enum Postgres {
    Given(String),
    Temporary(Cluster),
    Absent,
}

impl Postgres {
    /// The given one, else a local server that lets us in, else a temporary cluster, else none.
    pub fn find() -> Result<Self> {
        if let Some(url) = env::var(URL).ok().filter(|url| !url.is_empty()) {
            say!("PostgreSQL: as {URL} says");
            return Ok(Self::Given(url));
        }
        if env::var_os(NONE).is_some() {
            say!("PostgreSQL: none, as {NONE} says");
            return Ok(Self::Absent);
        }
        let local = 5432;
        if probe::trusts_us(local, Duration::from_secs(3)) {
            say!("PostgreSQL: the server at 127.0.0.1:{local}");
            return Ok(Self::Given(url(local)));
        }
        match Cluster::start() {
            Ok(Some(cluster)) => {
                say!("PostgreSQL: a temporary cluster at 127.0.0.1:{}", cluster.port());
                Ok(Self::Temporary(cluster))
            }
            Ok(None) => {
                warn("no PostgreSQL programs are installed here");
                Ok(Self::Absent)
            }
            // The programs are there: that they don't run is a fault, not a reason to skip half of the tests.
            Err(error) => Err(error
                .context(format!("could not make a temporary PostgreSQL cluster (set {NONE}=1 to test without one)"))),
        }
    }

    /// Tells the tests where it is, or that there is none.
    pub fn announce(&self, tests: &mut Command) {
        match self {
            Self::Given(url) => tests.env(URL, url).env_remove(NONE),
            Self::Temporary(cluster) => tests.env(URL, url(cluster.port())).env_remove(NONE),
            Self::Absent => tests.env(NONE, "1").env_remove(URL),
        };
    }

    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

fn url(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres")
}

fn warn(reason: &str) {
    let bar = "!".repeat(88);
    say!(
        "\n{bar}\n!!! THE PostgreSQL TESTS ARE SKIPPED: {reason}.\n\
         !!! Everything runs on SQLite only, so what is green below says nothing about PostgreSQL.\n\
         !!! Install a server (Debian: apt-get install postgresql), or set\n\
         !!! {URL}=postgres://postgres@host:5432/postgres\n{bar}"
    );
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn the_tests_learn_of_exactly_one_state() {
        for (postgres, url, none) in [
            (Postgres::Given("postgres://somewhere".into()), Some("postgres://somewhere"), None),
            (Postgres::Absent, None, Some("1")),
        ] {
            let mut command = Command::new("tests");
            postgres.announce(&mut command);
            let told = |name: &str| command.get_envs().find(|(key, _)| *key == name).and_then(|(_, value)| value);
            assert_eq!(told(URL), url.map(OsStr::new));
            assert_eq!(told(NONE), none.map(OsStr::new));
        }
    }
}
