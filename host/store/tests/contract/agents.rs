//! Agents and what they keep.

use crate::support::{Bed, T0, at, json, on_both};
use serde_json::json as value;
use stepwright_app::ports::{AgentStore as _, StoreError};
use stepwright_app::{Agent, AgentBudget, AgentGrants, AgentMode, Paging};
use stepwright_engine::{AgentId, TenantId};

on_both!(
    an_agent_is_kept_replaced_and_deleted,
    an_agents_name_is_taken_once_per_tenant,
    an_agent_is_replaced_only_at_the_version_before,
    agents_are_listed_newest_first,
);

impl Bed {
    pub async fn agent(&self, tenant_id: TenantId, name: &str, seconds: u64) -> Agent {
        let agent = self.new_agent(tenant_id, name, seconds);
        self.db.insert_agent(&agent).await.unwrap();
        agent
    }

    pub fn new_agent(&self, tenant_id: TenantId, name: &str, seconds: u64) -> Agent {
        Agent {
            id: AgentId::fresh(&*self.ids),
            tenant_id,
            name: name.into(),
            title: "Helps".into(),
            plugin: "acme".into(),
            agent: "helper".into(),
            config: json(value!({"tone": "warm"})),
            mode: AgentMode::Approval,
            grants: AgentGrants { steps: ["*".into()].into(), ..AgentGrants::default() },
            budget: AgentBudget::default(),
            version: 1,
            created_at: at(seconds),
            updated_at: T0,
        }
    }
}

async fn an_agent_is_kept_replaced_and_deleted(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let agent = bed.agent(tenant, "helper", 0).await;
    assert_eq!(bed.db.agent(tenant, "helper").await.unwrap(), Some(agent.clone()));
    let next = Agent { title: "Other".into(), plugin: "other".into(), version: 2, ..agent };
    assert!(bed.db.save_agent(&next).await.unwrap());
    assert_eq!(bed.db.agent(tenant, "helper").await.unwrap(), Some(next));
    assert!(bed.db.agent_names_plugin(tenant, "other").await.unwrap());
    assert!(!bed.db.agent_names_plugin(tenant, "acme").await.unwrap());
    assert!(bed.db.delete_agent(tenant, "helper").await.unwrap());
    assert!(!bed.db.delete_agent(tenant, "helper").await.unwrap());
    assert_eq!(bed.db.agent(tenant, "helper").await.unwrap(), None);
}

async fn an_agents_name_is_taken_once_per_tenant(bed: &Bed) {
    let (one, other) = (bed.tenant("one").await, bed.tenant("other").await);
    bed.agent(one, "helper", 0).await;
    bed.agent(other, "helper", 0).await;
    let second = bed.new_agent(one, "helper", 1);
    assert_eq!(bed.db.insert_agent(&second).await.unwrap_err(), StoreError::Duplicate("agent"));
}

async fn an_agent_is_replaced_only_at_the_version_before(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let agent = bed.agent(tenant, "helper", 0).await;
    assert!(!bed.db.save_agent(&Agent { version: 3, ..agent.clone() }).await.unwrap());
    assert_eq!(bed.db.agent(tenant, "helper").await.unwrap(), Some(agent));
}

async fn agents_are_listed_newest_first(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    for (name, seconds) in [("b", 2), ("a", 1), ("c", 3)] {
        bed.agent(tenant, name, seconds).await;
    }
    let listed = bed.db.agents(tenant, Paging::After { limit: 2, cursor: None }).await.unwrap();
    assert_eq!(listed.items.into_iter().map(|a| a.name).collect::<Vec<_>>(), ["c", "b"]);
    assert!(listed.has_more);
}
