//! A plugin's life: publish, enable, try, disable, delete.

use super::Access;
use crate::App;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{ComponentInfo, Enablement, Grants, InvocationLimits, LimitOverrides, Listed, Paging, Plugin};
use crate::ports::{LogLine, SandboxError, StepResult, StoreError};
use stepwright_engine::{Metering, Outcome, RawJson, Timestamp};

/// What a tenant grants and changes when it enables a plugin.
#[derive(Clone, Debug, Default)]
pub struct EnableRequest {
    pub grants: Grants,
    pub config: Option<RawJson>,
    pub limits: LimitOverrides,
}

/// A step to try out.
#[derive(Clone, Debug)]
pub struct TryRequest {
    pub step: String,
    pub config: RawJson,
    pub input: RawJson,
}

/// What came of it; nothing is kept.
#[derive(Clone, Debug)]
pub struct TryResult {
    pub outcome: Outcome,
    pub metering: Metering,
    pub logs: Vec<LogLine>,
}

impl App {
    /// Publishes a component under the name and version it names itself. The same bytes again change nothing.
    ///
    /// # Errors
    /// `Invalid` with every reason why it is not usable, `Conflict` for other bytes under the same name and version.
    pub async fn publish_plugin(&self, access: &Access, bytes: Vec<u8>) -> AppResult<Plugin> {
        let info = match self.sandbox().inspect(bytes.clone()).await {
            Ok(info) => info,
            Err(SandboxError::Rejected(rejected)) => {
                return Err(AppError::Invalid(rejected.faults.into_iter().map(|f| FieldFault::new("", f)).collect()));
            }
            Err(SandboxError::Unavailable(reason)) => return Err(AppError::Unavailable(reason)),
        };
        if self.builtins().iter().any(|b| b.info.name == info.name) {
            return Err(AppError::invalid("", format!("the name '{}' belongs to a built-in plugin", info.name)));
        }
        let tenant_id = access.tenant_id();
        if let Some(existing) = self.store().plugin(tenant_id, &info.name, &info.version).await? {
            return same_or_conflict(existing, &info.digest);
        }
        let limit = access.tenant().settings.quotas.plugins;
        let published = self.store().plugins(tenant_id, Paging::Offset { limit, offset: 0 }).await?;
        if published.items.len() as u32 >= limit {
            return Err(AppError::Quota(format!("{limit} plugin versions are published, no more are allowed")));
        }
        let plugin = Plugin { tenant_id, info, published_at: self.now() };
        match self.store().insert_plugin(&plugin, &bytes).await {
            Ok(()) => Ok(plugin),
            Err(StoreError::Duplicate(_)) => {
                let existing = self.plugin(access, &plugin.info.name, &plugin.info.version).await?;
                same_or_conflict(existing, &plugin.info.digest)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// One published version, or a built-in.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn plugin(&self, access: &Access, name: &str, version: &str) -> AppResult<Plugin> {
        let tenant_id = access.tenant_id();
        if let Some(published) = self.store().plugin(tenant_id, name, version).await? {
            return Ok(published);
        }
        let builtin = self.builtin(name).filter(|b| b.info.version == version).ok_or(AppError::NotFound("plugin"))?;
        Ok(Plugin { tenant_id, info: builtin.info.clone(), published_at: Timestamp::from_micros(0) })
    }

    /// The plugins in the binary, which every tenant has.
    pub fn builtin_plugins(&self, access: &Access) -> Vec<Plugin> {
        let plugin = |info: &ComponentInfo| Plugin {
            tenant_id: access.tenant_id(),
            info: info.clone(),
            published_at: Timestamp::from_micros(0),
        };
        self.builtins().iter().map(|b| plugin(&b.info)).collect()
    }

    /// Whether this is a built-in and not a plugin of the tenant's.
    fn is_builtin(&self, plugin: &Plugin) -> bool {
        self.builtins().iter().any(|b| b.info.digest == plugin.info.digest && b.info.name == plugin.info.name)
    }

    /// Published versions, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn plugins(&self, access: &Access, page: Paging) -> AppResult<Listed<Plugin>> {
        Ok(self.store().plugins(access.tenant_id(), page).await?)
    }

    /// The enabled version of a plugin, if there is one.
    pub fn enabled_plugin(&self, access: &Access, name: &str) -> Option<Enablement> {
        access.view.enabled(name).map(|p| p.enablement.clone())
    }

    /// Enables a version with these grants; from now on new executions run on it. Takes effect here at once, on
    /// other hosts within a poll. A built-in is always enabled: it gets these grants besides what it has in every
    /// tenant.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` naming every capability the component asks for and the grants lack.
    pub async fn enable_plugin(
        &self,
        access: &Access,
        name: &str,
        version: &str,
        request: EnableRequest,
    ) -> AppResult<Enablement> {
        let plugin = self.plugin(access, name, version).await?;
        let builtin = self.is_builtin(&plugin);
        let granted = match self.builtin(name).filter(|_| builtin) {
            Some(builtin) => builtin.grants.clone().and(&request.grants),
            None => request.grants.clone(),
        };
        let mut faults: Vec<FieldFault> = granted
            .lacking(&plugin.info)
            .into_iter()
            .map(|grant| FieldFault::new("/grants", format!("the plugin needs the grant '{grant}', which is missing")))
            .collect();
        faults.extend(limit_faults(&request.limits, &self.config().ceilings));
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        let enablement = Enablement {
            tenant_id: access.tenant_id(),
            name: name.into(),
            version: version.into(),
            digest: if builtin { String::new() } else { plugin.info.digest.clone() },
            grants: request.grants,
            config: request.config,
            limits: request.limits,
            enabled_at: self.now(),
        };
        self.store().enable_plugin(&enablement).await?;
        self.caches().invalidate();
        Ok(Enablement { digest: plugin.info.digest, grants: granted, ..enablement })
    }

    /// Disables a version; its steps fail with a fault that says so, also in running executions. A built-in loses what
    /// the tenant has given it and stays enabled.
    ///
    /// Gives what is left of the enablement.
    ///
    /// # Errors
    /// `NotFound` when there is no such version.
    pub async fn disable_plugin(
        &self,
        access: &Access,
        name: &str,
        version: &str,
    ) -> AppResult<(Plugin, Option<Enablement>)> {
        let plugin = self.plugin(access, name, version).await?;
        let tenant = access.tenant_id();
        let builtin = self.builtin(name).filter(|_| self.is_builtin(&plugin));
        if builtin.is_some() {
            // Given to the built-in of an older binary, perhaps.
            let given = self.store().enablements(tenant).await?.into_iter().find(|e| e.name == name);
            if let Some(given) = given.filter(|given| given.digest.is_empty()) {
                self.store().disable_plugin(tenant, name, &given.version).await?;
            }
        } else {
            self.store().disable_plugin(tenant, name, version).await?;
        }
        self.caches().invalidate();
        Ok((plugin, builtin.map(|builtin| builtin.enablement(tenant, None))))
    }

    /// Deletes a version that nothing needs any more.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` while a definition or a running execution needs it.
    pub async fn delete_plugin(&self, access: &Access, name: &str, version: &str) -> AppResult<()> {
        let tenant = access.tenant_id();
        let plugin = self.plugin(access, name, version).await?;
        if self.is_builtin(&plugin) {
            return Err(AppError::Conflict("a built-in plugin cannot be deleted".into()));
        }
        if self.store().is_pinned(tenant, name, &plugin.info.digest).await? {
            return Err(AppError::Conflict("a running execution is pinned to this version".into()));
        }
        // A definition that names no version runs on the enabled one.
        let enabled = access.view.enabled(name).is_some_and(|p| p.enablement.version == version);
        if enabled && self.store().names_plugin(tenant, name, version).await? {
            return Err(AppError::Conflict("a definition uses this version".into()));
        }
        if enabled && self.store().automation_names_plugin(tenant, name, version).await? {
            return Err(AppError::Conflict("an automation uses this version".into()));
        }
        self.store().delete_plugin(tenant, name, version).await?;
        self.caches().invalidate();
        Ok(())
    }

    /// Runs a step once with the grants of its enablement (none when it is not enabled); nothing is kept.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` when the config is refused.
    pub async fn try_step(
        &self,
        access: &Access,
        name: &str,
        version: &str,
        request: TryRequest,
    ) -> AppResult<TryResult> {
        let info = self.plugin(access, name, version).await?.info;
        let Some(step) = info.step(&request.step).cloned() else {
            return Err(AppError::invalid("/step", format!("the plugin has no step '{}'", request.step)));
        };
        let config = match self.checked_config(access, &info, &step, request.config, None).await? {
            Ok(config) => config,
            Err(faults) => return Err(AppError::Invalid(faults)),
        };
        let input = serde_json::json!({ "input": request.input, "outputs": {}, "trigger": { "source": "manual" } });
        let call = self.detached_call(access, &info, &step.id, config, RawJson::from(input), None)?;
        let _slot = self.slot(access).await;
        let StepResult { outcome, metering, logs, .. } = self.sandbox().run_step(call).await;
        Ok(TryResult { outcome, metering, logs })
    }
}

fn same_or_conflict(existing: Plugin, digest: &str) -> AppResult<Plugin> {
    if existing.info.digest == digest {
        return Ok(existing);
    }
    let (name, version) = (&existing.info.name, &existing.info.version);
    Err(AppError::Conflict(format!("{name} {version} is published with other bytes; raise the version")))
}

fn limit_faults(limits: &LimitOverrides, ceilings: &InvocationLimits) -> Vec<FieldFault> {
    let asked: [(&str, Option<u64>, u64); 6] = [
        ("wall_ms", limits.wall_ms.map(u64::from), u64::from(ceilings.wall_ms)),
        ("fuel", limits.fuel, ceilings.fuel),
        ("memory", limits.memory, ceilings.memory),
        ("host_calls", limits.host_calls.map(u64::from), u64::from(ceilings.host_calls)),
        ("output", limits.output.map(u64::from), u64::from(ceilings.output)),
        ("http_body", limits.http_body, ceilings.http_body),
    ];
    asked
        .into_iter()
        .filter_map(|(name, asked, ceiling)| {
            let asked = asked?;
            let broken = asked == 0 || asked > ceiling;
            broken.then(|| FieldFault::new(format!("/limits/{name}"), format!("must be 1 to {ceiling}")))
        })
        .collect()
}
