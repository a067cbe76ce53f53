//! The configuration: defaults, then the file, then the environment, then the command line. Read here, once, and
//! handed on as one struct; nothing deeper reads the environment.

use crate::cli::{CommonArgs, LogFormat, ServeArgs};
use anyhow::Context as _;
use figment::Figment;
use figment::providers::{Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Everything an operator can choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub listen: String,
    pub data_dir: PathBuf,
    /// None: SQLite inside the data directory.
    pub database_url: Option<String>,
    pub demo: bool,
    pub demo_smtp: Option<String>,
    pub trust_forwarded_for: bool,
    pub helo_name: Option<String>,
    /// Only from `STEPWRIGHT_ADMIN_TOKEN` or the file: a command line can be seen by every user of the machine.
    pub admin_token: Option<String>,
    pub log: String,
    pub log_format: LogFormat,
    pub otlp_endpoint: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            data_dir: "./stepwright-data".into(),
            database_url: None,
            demo: false,
            demo_smtp: None,
            trust_forwarded_for: false,
            helo_name: None,
            admin_token: None,
            log: "info".into(),
            log_format: LogFormat::Text,
            otlp_endpoint: None,
        }
    }
}

impl Config {
    /// The layers put together; `env` reads the variables that are no options.
    ///
    /// # Errors
    /// When the file can't be read, is no TOML, or has unknown or wrong members.
    pub fn load(args: &ServeArgs, env: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let variable = |name: &str| env(name).filter(|value| !value.trim().is_empty());
        let mut layers = Figment::new();
        if let Some(file) = &args.common.config {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("could not read the configuration file {}", file.display()))?;
            layers = layers.merge(Toml::string(&text));
        }
        for (key, names) in [
            ("admin_token", ["STEPWRIGHT_ADMIN_TOKEN"].as_slice()),
            ("log", &["RUST_LOG"]),
            ("otlp_endpoint", &["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]),
        ] {
            if let Some(value) = names.iter().find_map(|name| variable(name)) {
                layers = layers.merge(Serialized::default(key, value));
            }
        }
        let merged = layers.merge(Serialized::defaults(without_empty(args)));
        let mut config: Self = merged.extract().map_err(|error| match &args.common.config {
            Some(file) => anyhow::anyhow!("configuration file {}: {error}", file.display()),
            None => anyhow::anyhow!("configuration: {error}"),
        })?;
        if let Some(endpoint) = &config.otlp_endpoint
            && !(endpoint.starts_with("http://") || endpoint.starts_with("https://"))
        {
            config.otlp_endpoint = Some(format!("http://{endpoint}"));
        }
        Ok(config)
    }

    /// [`Self::load`] for commands that don't serve.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn load_common(args: &CommonArgs, env: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        Self::load(&ServeArgs { common: args.clone(), ..ServeArgs::default() }, env)
    }

    /// The database in use.
    pub fn database_url(&self) -> String {
        match &self.database_url {
            Some(url) => url.clone(),
            None => {
                let path = self.database_file().display().to_string();
                // What would end the path or be decoded.
                format!("sqlite://{}", path.replace('%', "%25").replace('?', "%3F").replace('#', "%23"))
            }
        }
    }

    /// Where the embedded database stands.
    pub fn database_file(&self) -> PathBuf {
        self.data_dir.join("stepwright.db")
    }

    /// [`Self::database_url`], of a kind this host speaks.
    ///
    /// # Errors
    /// When it is another one.
    pub fn checked_database_url(&self) -> anyhow::Result<String> {
        let url = self.database_url();
        if ["sqlite:", "postgres://", "postgresql://"].iter().any(|known| url.starts_with(known)) {
            return Ok(url);
        }
        anyhow::bail!(
            "the database URL {} begins neither with sqlite:// nor with postgres://",
            self.shown_database_url()
        )
    }

    /// [`Self::database_url`] fit for logs: without a password.
    pub fn shown_database_url(&self) -> String {
        let url = self.database_url();
        match reqwest::Url::parse(&url) {
            Ok(mut parsed) if parsed.password().is_some() => {
                let _ = parsed.set_password(Some("***"));
                parsed.into()
            }
            _ => url,
        }
    }

    /// Where compiled components and what was learnt about them are kept.
    pub fn cache_dir(&self) -> PathBuf {
        self.data_dir.join("cache")
    }

    /// Makes the data directory, readable by its owner only, and checks that it can be written.
    ///
    /// # Errors
    /// When it can't.
    pub fn prepare_data_dir(&self) -> anyhow::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        let dir: &Path = &self.data_dir;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.with_context(|| format!("could not make the data directory {}", dir.display()))?;
        let probe = dir.join(format!(".probe.{}", std::process::id()));
        std::fs::write(&probe, b"")
            .and_then(|()| std::fs::remove_file(&probe))
            .with_context(|| format!("the data directory {} can't be written", dir.display()))
    }
}

/// An option set to nothing (`STEPWRIGHT_DATABASE_URL=` in a compose file) is an option that is not set.
fn without_empty(args: &ServeArgs) -> ServeArgs {
    let filled = |text: &Option<String>| text.clone().filter(|t| !t.trim().is_empty());
    let common = &args.common;
    ServeArgs {
        common: CommonArgs {
            data_dir: common.data_dir.clone().filter(|d| !d.as_os_str().is_empty()),
            database_url: filled(&common.database_url),
            config: None,
            log: filled(&common.log),
            log_format: common.log_format,
            otlp_endpoint: filled(&common.otlp_endpoint),
        },
        listen: filled(&args.listen),
        demo: args.demo,
        demo_smtp: filled(&args.demo_smtp),
        trust_forwarded_for: args.trust_forwarded_for,
        helo_name: filled(&args.helo_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(config: Option<&Path>) -> ServeArgs {
        ServeArgs {
            common: CommonArgs { config: config.map(Into::into), ..CommonArgs::default() },
            ..ServeArgs::default()
        }
    }

    fn no_env(_: &str) -> Option<String> {
        None
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stepwright.toml");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn without_anything_the_defaults_hold() {
        let config = Config::load(&args(None), no_env).unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(config.database_url(), "sqlite://./stepwright-data/stepwright.db");
    }

    #[test]
    fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
        let (_dir, path) =
            file("listen = '0.0.0.0:1'\nlog = 'warn'\notlp_endpoint = 'http://file:4318'\ndemo = true\n");
        let mut args = args(Some(&path));
        args.listen = Some("0.0.0.0:2".into());
        let env = |name: &str| (name == "RUST_LOG").then(|| "debug".to_owned());
        let config = Config::load(&args, env).unwrap();
        assert_eq!(config.listen, "0.0.0.0:2");
        assert_eq!(config.log, "debug");
        assert_eq!(config.otlp_endpoint.as_deref(), Some("http://file:4318"));
        assert!(config.demo, "a flag that was not given does not undo the file");
    }

    #[test]
    fn an_unknown_member_of_the_file_is_named() {
        let (_dir, path) = file("data_dri = 'x'\n");
        let error = Config::load(&args(Some(&path)), no_env).unwrap_err().to_string();
        assert!(error.contains("data_dri") && error.contains("stepwright.toml"), "{error}");
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let error = Config::load(&args(Some(Path::new("/nowhere.toml"))), no_env).unwrap_err();
        assert!(format!("{error:#}").contains("/nowhere.toml"));
    }

    #[test]
    fn empty_variables_count_as_not_set() {
        let mut args = args(None);
        args.common.database_url = Some(String::new());
        let config = Config::load(&args, |_| Some(" ".into())).unwrap();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn a_collector_may_be_named_without_its_scheme() {
        let env = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "collector:4318".to_owned());
        assert_eq!(Config::load(&args(None), env).unwrap().otlp_endpoint.as_deref(), Some("http://collector:4318"));
    }

    #[test]
    fn the_database_url_is_shown_without_its_password() {
        let config = Config { database_url: Some("postgres://me:secret@db/x".into()), ..Config::default() };
        assert_eq!(config.shown_database_url(), "postgres://me:***@db/x");
    }

    #[test]
    fn only_databases_this_host_speaks_are_taken() {
        let with = |url: &str| Config { database_url: Some(url.into()), ..Config::default() }.checked_database_url();
        assert!(with("postgresql://db/x").is_ok() && with("sqlite:///x.db").is_ok());
        let error = with("mysql://me:secret@db/x").unwrap_err().to_string();
        assert!(error.contains("mysql://") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn a_path_with_odd_characters_makes_a_url_that_leads_there() {
        let config = Config { data_dir: "/a?b%c#d".into(), ..Config::default() };
        assert_eq!(config.database_url(), "sqlite:///a%3Fb%25c%23d/stepwright.db");
    }

    #[test]
    fn a_data_directory_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let config = Config { data_dir: file.join("below"), ..Config::default() };
        let error = format!("{:#}", config.prepare_data_dir().unwrap_err());
        assert!(error.contains("below"), "{error}");
    }
}
