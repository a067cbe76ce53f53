//! The demo's keys: one per dialect that the live tenant uses, and one for its sandbox.

use crate::wiring::Host;
use stepwright_app::usecases::{Access, NewKeyRequest};
use stepwright_app::{Environment, KeyKind};
use stepwright_engine::{Dialect, InstanceId};

/// The secrets, which are shown and not kept by the host.
#[derive(Clone, Debug)]
pub struct Keys {
    pub softsolz_test: String,
    pub softsolz_live: String,
    pub platform: String,
    pub epilot_test: String,
    pub epilot_live: String,
    pub smartmca: String,
    pub hydracore: String,
    pub hydracore_proxy: String,
    pub instance: InstanceId,
}

/// Makes all of them.
///
/// # Errors
/// Those of the application.
pub async fn make(host: &Host, live: &Access) -> anyhow::Result<Keys> {
    let instance = host.app.create_instance(live, "Demo agent").await?.id;
    let platform = ["platform:read", "platform:write", "plugins:publish", "plugins:manage"];
    let smartmca = ["workflows:read", "workflows:trigger", "underwriting:trigger"];
    let softsolz = ["service.workflows.*"];
    let epilot = ["workflow:*", "automation:trigger"];
    let key = |dialect, environment, scopes: &[&str], proxy| {
        let request = NewKeyRequest {
            dialect,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            name: Some("demo".into()),
            environment,
            kind: if proxy { KeyKind::ProxyKey } else { KeyKind::ApiKey },
            instance_id: proxy.then_some(instance),
            expires_at: None,
            ip_allowlist: Vec::new(),
            rate_limit_per_minute: None,
            subject: None,
        };
        async move { host.app.create_key(live, request).await.map(|made| made.secret) }
    };
    Ok(Keys {
        softsolz_test: key(Dialect::Softsolz, Environment::Test, &softsolz, false).await?,
        softsolz_live: key(Dialect::Softsolz, Environment::Live, &softsolz, false).await?,
        platform: key(Dialect::Platform, Environment::Live, &platform, false).await?,
        epilot_test: key(Dialect::Epilot, Environment::Test, &epilot, false).await?,
        epilot_live: key(Dialect::Epilot, Environment::Live, &epilot, false).await?,
        smartmca: key(Dialect::Smartmca, Environment::Live, &smartmca, false).await?,
        hydracore: key(Dialect::Hydracore, Environment::Live, &["workflows:*"], false).await?,
        hydracore_proxy: key(Dialect::Hydracore, Environment::Live, &["workflows:*"], true).await?,
        instance,
    })
}
