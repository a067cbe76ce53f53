//! Plugins: what a component is, what it asks for and what a tenant grants.

use super::Dataset;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use stepwright_engine::{RawJson, TenantId, Timestamp};

/// A door of the sandbox. Each is one WIT package (`wasi:http` for [`Self::Http`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Granted to everybody.
    Log,
    Entities,
    Data,
    Mail,
    Notify,
    Kv,
    Secrets,
    Flow,
    Events,
    Http,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 10] = [
        Self::Log,
        Self::Entities,
        Self::Data,
        Self::Mail,
        Self::Notify,
        Self::Kv,
        Self::Secrets,
        Self::Flow,
        Self::Events,
        Self::Http,
    ];

    /// The name in grants and errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Entities => "entities",
            Self::Data => "data",
            Self::Mail => "mail",
            Self::Notify => "notify",
            Self::Kv => "kv",
            Self::Secrets => "secrets",
            Self::Flow => "flow",
            Self::Events => "events",
            Self::Http => "http",
        }
    }
}

/// A set of capabilities.
pub type CapabilitySet = BTreeSet<Capability>;

/// Read and write permissions by name; `*` stands for every name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadWrite {
    pub read: BTreeSet<String>,
    pub write: BTreeSet<String>,
}

impl ReadWrite {
    /// Write permission includes reading.
    pub fn may_read(&self, name: &str) -> bool {
        [&self.read, &self.write].iter().any(|set| set.contains(name) || set.contains("*"))
    }
    /// Whether `name` may be written.
    pub fn may_write(&self, name: &str) -> bool {
        self.write.contains(name) || self.write.contains("*")
    }
}

/// Where a secret may go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretGrant {
    pub hosts: BTreeSet<String>,
}

/// What a tenant grants a plugin; empty grants nothing. Unknown members are refused, not ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grants {
    pub entities: ReadWrite,
    /// By dataset name.
    pub data: ReadWrite,
    pub mail: bool,
    pub notify: bool,
    pub kv: bool,
    pub flow: bool,
    pub events: bool,
    /// Hosts of outgoing HTTP: `api.example.com`, `api.example.com:8443`, `*.example.com`.
    pub http: BTreeSet<String>,
    pub secrets: BTreeMap<String, SecretGrant>,
    /// Doors that stand open although nothing behind them may be granted, so that whatever goes through them is
    /// refused by name. Only the host's own plugins have such: those of their steps that need nothing from the tenant
    /// work in every tenant.
    #[serde(skip)]
    pub doors: CapabilitySet,
}

impl Grants {
    /// The doors these grants open.
    pub fn capabilities(&self) -> CapabilitySet {
        let open = |capability: &Capability| match capability {
            Capability::Log => true,
            Capability::Entities => !self.entities.read.is_empty() || !self.entities.write.is_empty(),
            Capability::Data => !self.data.read.is_empty() || !self.data.write.is_empty(),
            Capability::Mail => self.mail,
            Capability::Notify => self.notify,
            Capability::Kv => self.kv,
            Capability::Secrets => !self.secrets.is_empty(),
            Capability::Flow => self.flow,
            Capability::Events => self.events,
            Capability::Http => !self.http.is_empty(),
        };
        Capability::ALL.into_iter().filter(|c| open(c) || self.doors.contains(c)).collect()
    }

    /// These grants and others.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        let Self { entities, data, mail, notify, kv, flow, events, http, secrets, doors } = other;
        for (set, more) in [(&mut self.entities, entities), (&mut self.data, data)] {
            set.read.extend(more.read.iter().cloned());
            set.write.extend(more.write.iter().cloned());
        }
        self.mail |= mail;
        self.notify |= notify;
        self.kv |= kv;
        self.flow |= flow;
        self.events |= events;
        self.http.extend(http.iter().cloned());
        self.secrets.extend(secrets.iter().map(|(name, grant)| (name.clone(), grant.clone())));
        self.doors.extend(doors);
        self
    }

    /// What `info` asks for and these grants lack, each as the grant that is missing.
    pub fn lacking(&self, info: &ComponentInfo) -> Vec<String> {
        let open = self.capabilities();
        let mut lacking: Vec<String> =
            info.imports.iter().filter(|c| !open.contains(c)).map(|c| c.as_str().to_owned()).collect();
        for (dataset, write) in &info.datasets {
            let name = dataset.as_str();
            if *write && !self.data.may_write(name) {
                lacking.push(format!("data.write: {name}"));
            } else if !self.data.may_read(name) {
                lacking.push(format!("data.read: {name}"));
            }
        }
        lacking.extend(info.hosts.iter().filter(|h| !self.http.contains(*h)).map(|h| format!("http: {h}")));
        lacking.extend(info.secrets.iter().filter(|s| !self.secrets.contains_key(*s)).map(|s| format!("secrets: {s}")));
        lacking
    }
}

/// The limits of one invocation; always finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationLimits {
    /// Wall time, host calls included, milliseconds.
    pub wall_ms: u32,
    pub fuel: u64,
    /// Sum of linear memories, bytes.
    pub memory: u64,
    pub table_elements: u32,
    /// Calls into host capabilities.
    pub host_calls: u32,
    /// Bytes of the outcome.
    pub output: u32,
    /// Bytes of log.
    pub log: u32,
    /// Bytes of one HTTP response's body.
    pub http_body: u64,
}

impl Default for InvocationLimits {
    fn default() -> Self {
        Self {
            wall_ms: 30_000,
            fuel: 20_000_000_000,
            memory: 64 << 20,
            table_elements: 20_000,
            host_calls: 2_000,
            output: 256 << 10,
            log: 64 << 10,
            http_body: 1 << 20,
        }
    }
}

/// What a tenant changes about the limits when it enables a plugin; a value above the operator's ceiling is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitOverrides {
    pub wall_ms: Option<u32>,
    pub fuel: Option<u64>,
    pub memory: Option<u64>,
    pub host_calls: Option<u32>,
    pub output: Option<u32>,
    pub http_body: Option<u64>,
}

impl LimitOverrides {
    /// The limits in force.
    pub fn over(&self, base: InvocationLimits) -> InvocationLimits {
        InvocationLimits {
            wall_ms: self.wall_ms.unwrap_or(base.wall_ms),
            fuel: self.fuel.unwrap_or(base.fuel),
            memory: self.memory.unwrap_or(base.memory),
            host_calls: self.host_calls.unwrap_or(base.host_calls),
            output: self.output.unwrap_or(base.output),
            http_body: self.http_body.unwrap_or(base.http_body),
            ..base
        }
    }
}

/// What a step is for, shown in catalogues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepCategory {
    Summary,
    Delivery,
    Action,
    Integration,
    Logic,
}

/// A step as its plugin describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepDescriptor {
    pub id: String,
    pub title: String,
    pub description: String,
    pub category: StepCategory,
    /// JSON Schema.
    pub config_schema: RawJson,
    pub output_schema: Option<RawJson>,
    pub requires_delivery: bool,
    pub delivers: bool,
}

/// What inspecting a component's bytes has shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentInfo {
    pub name: String,
    pub version: String,
    pub description: String,
    /// Hex SHA-256 of the bytes.
    pub digest: String,
    pub size: u64,
    pub steps: Vec<StepDescriptor>,
    /// Ids of conditions, guards and agents it provides.
    pub conditions: Vec<String>,
    pub guards: Vec<String>,
    pub agents: Vec<String>,
    /// Read from the binary, so neither hidden nor forged. `Log` is left out.
    pub imports: CapabilitySet,
    /// Declared in the manifest: dataset and whether it writes.
    pub datasets: Vec<(Dataset, bool)>,
    pub hosts: Vec<String>,
    pub secrets: Vec<String>,
}

impl ComponentInfo {
    /// The step with this id.
    pub fn step(&self, id: &str) -> Option<&StepDescriptor> {
        self.steps.iter().find(|s| s.id == id)
    }
}

/// A published version; immutable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plugin {
    pub tenant_id: TenantId,
    pub info: ComponentInfo,
    pub published_at: Timestamp,
}

/// A version a tenant has switched on. At most one version of a plugin is enabled at a time. For a built-in it holds
/// what the tenant grants beyond what every tenant has, and no digest: the built-in's version is the binary's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enablement {
    pub tenant_id: TenantId,
    pub name: String,
    pub version: String,
    pub digest: String,
    pub grants: Grants,
    pub config: Option<RawJson>,
    pub limits: LimitOverrides,
    pub enabled_at: Timestamp,
}
