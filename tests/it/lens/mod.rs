//! One tenant, seen through every API: what is made with one is read with each other and with the platform's.

mod lists;
mod made;
mod pairs;
mod round;
mod seen;

use crate::hydracore;
use crate::smartmca;
use crate::support::host::Tenant;
use crate::support::{Client, TestHost};
use serde_json::Value;

/// Where an execution stands, in the words of the core model (source: contracts/core-model.md 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Core {
    Running,
    Waiting,
    Suspended,
    Paused,
    Completed,
    Failed,
    Cancelled,
    Expired,
}

/// A tenant with a client of each API.
struct World {
    host: TestHost,
    tenant: Tenant,
    smartmca: Client,
    softsolz: Client,
    epilot: Client,
    hydracore: hydracore::Bed,
}

/// An execution as every API names it.
struct Made {
    /// On the platform, and where ids are UUIDs.
    uuid: String,
    /// `exec_…`.
    smartmca: String,
    /// In epilot: of its own a short text, of others the UUID.
    flow: String,
    title: String,
    core: Core,
}

impl World {
    async fn new() -> Self {
        let host = TestHost::start().await;
        let (tenant, smartmca) = smartmca::member(&host).await;
        let softsolz = host.client(&tenant, "softsolz", crate::softsolz::SCOPES, "live").await;
        let epilot = host.client(&tenant, "epilot", crate::epilot::GRANTS, "live").await;
        let hydracore = hydracore::Bed::of(&host, tenant.clone()).await;
        Self { host, tenant, smartmca, softsolz, epilot, hydracore }
    }

    /// The path of executions on the platform.
    fn executions(&self) -> String {
        format!("{}/executions", self.tenant.base)
    }

    /// The executions of the tenant as SmartMCA and the platform list them, which is the same order.
    async fn named(&self, title: &str, core: Core) -> Made {
        let listed = self.host.operator.get(&format!("{}?limit=200", self.executions())).await.expect(200).json();
        let here = "/api/public/v1/workflows/executions?sort_by=createdAt&limit=100";
        let here = self.smartmca.get(here).await.expect(200).json();
        let place = listed["data"].as_array().unwrap().iter().position(|e| e["title"] == title).expect(title);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let uuid = text(&listed["data"][place]["id"]);
        Made { smartmca: text(&here["data"][place]["id"]), flow: uuid.clone(), uuid, title: title.to_owned(), core }
    }
}
