//! Automations.

use crate::support::{Bed, T0, at, json, on_both};
use serde_json::json as value;
use stepwright_app::ports::{AutomationStore as _, StoreError};
use stepwright_app::{Automation, AutomationAction, Paging};
use stepwright_engine::{AutomationId, StepRef, TenantId};

on_both!(
    an_automation_is_kept_replaced_and_deleted,
    an_automations_name_is_taken_once_per_tenant,
    an_automation_is_replaced_only_at_the_version_before,
    a_plugin_named_by_an_automation_is_found,
    automations_are_listed_newest_first,
    runs_of_an_automation_are_counted_from_the_first_one_of_an_hour,
);

const ALL: Paging = Paging::After { limit: 100, cursor: None };

impl Bed {
    pub async fn automation(&self, tenant_id: TenantId, flow_id: &str, seconds: u64) -> Automation {
        let automation = self.new_automation(tenant_id, flow_id, seconds);
        self.db.insert_automation(&automation).await.unwrap();
        automation
    }

    fn new_automation(&self, tenant_id: TenantId, flow_id: &str, seconds: u64) -> Automation {
        let step = StepRef { plugin: "acme".into(), step: "greet".into(), version: None };
        Automation {
            id: AutomationId::fresh(&*self.ids),
            tenant_id,
            flow_id: flow_id.into(),
            name: "Greets".into(),
            actions: vec![AutomationAction {
                step,
                config: json(value!({"greeting": "Hi"})),
                allow_failure: true,
                custom: false,
            }],
            max_executions: None,
            version: 1,
            created_at: at(seconds),
            updated_at: T0,
        }
    }
}

async fn an_automation_is_kept_replaced_and_deleted(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let automation = bed.automation(tenant, "greet", 0).await;
    assert_eq!(bed.db.automation(tenant, "greet").await.unwrap(), Some(automation.clone()));
    let next = Automation { name: "Other".into(), version: 2, ..automation };
    assert!(bed.db.save_automation(&next).await.unwrap());
    assert_eq!(bed.db.automation(tenant, "greet").await.unwrap(), Some(next));
    assert!(bed.db.delete_automation(tenant, "greet").await.unwrap());
    assert!(!bed.db.delete_automation(tenant, "greet").await.unwrap());
    assert_eq!(bed.db.automation(tenant, "greet").await.unwrap(), None);
}

async fn an_automations_name_is_taken_once_per_tenant(bed: &Bed) {
    let (one, other) = (bed.tenant("one").await, bed.tenant("other").await);
    bed.automation(one, "greet", 0).await;
    bed.automation(other, "greet", 0).await;
    let second = bed.new_automation(one, "greet", 1);
    assert_eq!(bed.db.insert_automation(&second).await.unwrap_err(), StoreError::Duplicate("automation"));
}

async fn an_automation_is_replaced_only_at_the_version_before(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let automation = bed.automation(tenant, "greet", 0).await;
    let third = Automation { version: 3, ..automation.clone() };
    assert!(!bed.db.save_automation(&third).await.unwrap());
    assert_eq!(bed.db.automation(tenant, "greet").await.unwrap(), Some(automation));
}

async fn a_plugin_named_by_an_automation_is_found(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    bed.automation(tenant, "greet", 0).await;
    assert!(bed.db.automation_names_plugin(tenant, "acme", "1.0.0").await.unwrap());
    assert!(!bed.db.automation_names_plugin(tenant, "other", "1.0.0").await.unwrap());
}

async fn automations_are_listed_newest_first(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    for (name, seconds) in [("b", 2), ("a", 1), ("c", 3)] {
        bed.automation(tenant, name, seconds).await;
    }
    let listed = bed.db.automations(tenant, ALL).await.unwrap();
    let names: Vec<String> = listed.items.into_iter().map(|a| a.flow_id).collect();
    assert_eq!(names, ["c", "b", "a"]);
}

async fn runs_of_an_automation_are_counted_from_the_first_one_of_an_hour(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    bed.automation(tenant, "greet", 0).await;
    bed.automation(other, "greet", 0).await;
    let count =
        async |tenant, name: &str, seconds| bed.db.count_automation_run(tenant, name, at(seconds)).await.unwrap();
    assert_eq!((count(tenant, "greet", 10).await, count(tenant, "greet", 3_609).await), (1, 2));
    assert_eq!(count(tenant, "greet", 3_610).await, 1);
    assert_eq!((count(other, "greet", 3_611).await, count(tenant, "nobody", 3_611).await), (1, 0));
    assert_eq!(count(tenant, "greet", 3_612).await, 2);
    // A replacement neither forgets the count nor breaks on it.
    let next = Automation { version: 2, ..bed.db.automation(tenant, "greet").await.unwrap().unwrap() };
    assert!(bed.db.save_automation(&next).await.unwrap());
    assert_eq!(count(tenant, "greet", 3_613).await, 3);
}
