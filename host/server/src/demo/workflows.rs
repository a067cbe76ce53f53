//! The demo's workflows.

use super::client::Client;
use crate::wiring::Host;
use serde_json::{Value, json};
use stepwright_app::ports::DefinitionFilter;
use stepwright_app::usecases::{Access, DefinitionDraft, NodeDraft, NodeDraftKind};
use stepwright_app::{AppError, Paging, Profile};
use stepwright_engine::{DefinitionId, DefinitionStatus, Dialect, Edge, NodeId, OnFailure, RawJson, Trigger};

const SOFTSOLZ: &str = "/api/v1/services/workflows/workflows";
const NATIVE: &str = "Chase overdue invoices";
const ONBOARDING: &str = "Deal Onboarding";

/// SoftSolz workflows: a nightly one, one that would run often but is paused, and one to start by hand.
fn softsolz() -> [Value; 3] {
    [
        json!({
            "name": "Daily overdue sweep",
            "schedule": "0 9 * * *",
            "steps": [{ "type": "mark_invoices_overdue" }],
        }),
        json!({
            "name": "Receivables every five minutes",
            "cron_expression": "*/5 * * * *",
            "status": "paused",
            "steps": [
                { "step_type": "invoicing_ar_summary", "step_config": { "date_range": "last_30_days" } },
                { "step_type": "create_notification", "step_config": { "title": "Receivables" } },
            ],
        }),
        json!({
            "name": "Weekly digest by hand",
            "trigger_type": "manual",
            "steps": [
                { "step_type": "payments_summary", "step_config": { "date_range": "last_7_days" } },
                { "step_type": "forms_submission_digest", "step_config": { "date_range": "last_7_days" } },
                { "step_type": "send_email", "step_config": { "to": "owner@demo.example", "subject": "Your week" } },
            ],
        }),
    ]
}

/// Makes those that are not there yet, through the dialect itself.
///
/// # Errors
/// When the dialect refuses one.
pub async fn make_softsolz(client: &Client<'_>) -> anyhow::Result<()> {
    let listed = client.get(SOFTSOLZ).await?;
    let there: Vec<&Value> = listed["data"].as_array().into_iter().flatten().map(|w| &w["name"]).collect();
    for workflow in softsolz().iter().filter(|w| !there.contains(&&w["name"])) {
        client.post(SOFTSOLZ, workflow).await?;
    }
    Ok(())
}

/// Makes the native definition, or gives the one that is there.
///
/// # Errors
/// Those of the application.
pub async fn make_native(host: &Host, access: &Access) -> anyhow::Result<DefinitionId> {
    if let Some(there) = find(host, access, Dialect::Platform, NATIVE).await? {
        return Ok(there);
    }
    let step = |id: &str, name: &str, step_type: &str, config: Value| NodeDraft {
        id: id.into(),
        name: name.into(),
        kind: NodeDraftKind::Step { step_type: step_type.into(), config: RawJson::from(config) },
        max_retries: 2,
    };
    let draft = DefinitionDraft {
        dialect: Dialect::Platform,
        name: NATIVE.into(),
        description: Some("Marks what is late, then reminds whoever owes it.".into()),
        status: DefinitionStatus::Active,
        trigger: Trigger::Manual,
        timezone: None,
        nodes: vec![
            step("mark", "Mark overdue invoices", "mark_invoices_overdue", json!({})),
            step("remind", "Remind customers", "send_invoice_reminder", json!({ "days_overdue": 1 })),
        ],
        edges: vec![Edge::plain(NodeId::new("mark"), NodeId::new("remind"))],
        on_failure: OnFailure::Stop,
        presentation: RawJson::empty_object(),
    };
    Ok(host.app.create_definition(access, draft, None).await?.id)
}

/// Makes the SmartMCA workflow, with a deal and an application to try it on.
///
/// # Errors
/// Those of the application.
pub async fn make_smartmca(host: &Host, access: &Access) -> anyhow::Result<()> {
    for (schema, id, attributes) in [
        ("deal", "deal_456", json!({ "merchant": "Corner Bakery", "amount": 50_000, "status": "new" })),
        ("application", "app_1001", json!({ "merchant": "Corner Bakery", "stage": "submission" })),
    ] {
        match host.app.entity(access, schema, id).await {
            Ok(_) => {}
            Err(AppError::NotFound(_)) => {
                host.app.put_entity(access, schema, id, RawJson::from(attributes), Some(0)).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    if find(host, access, Dialect::Smartmca, ONBOARDING).await?.is_some() {
        return Ok(());
    }
    let step = |id: &str, name: &str, step_type: &str, config: Value| NodeDraft {
        id: id.into(),
        name: name.into(),
        kind: NodeDraftKind::Step { step_type: step_type.into(), config: RawJson::from(config) },
        max_retries: 3,
    };
    let last_month = json!({ "date_range": "last_30_days" });
    let told = json!({ "title": "A deal has been onboarded" });
    let profile = Profile {
        icon: Some("briefcase".into()),
        category: Some("onboarding".into()),
        entity_type: Some("deal".into()),
        max_retries: 3,
        ..Profile::default()
    };
    let edge = |from: &str, to: &str| Edge::plain(NodeId::new(from), NodeId::new(to));
    let draft = DefinitionDraft {
        dialect: Dialect::Smartmca,
        name: ONBOARDING.into(),
        description: Some("Automated deal onboarding with compliance checks".into()),
        status: DefinitionStatus::Active,
        trigger: Trigger::Manual,
        timezone: None,
        nodes: vec![
            step("history", "Payment history", "payments_summary", last_month.clone()),
            step("receivables", "Receivables", "invoicing_ar_summary", last_month),
            step("tell", "Tell the team", "create_notification", told),
        ],
        edges: vec![edge("history", "receivables"), edge("receivables", "tell")],
        on_failure: OnFailure::Pause,
        presentation: RawJson::of(&profile)?,
    };
    host.app.create_definition(access, draft, None).await?;
    Ok(())
}

/// The definition with this name.
async fn find(host: &Host, access: &Access, dialect: Dialect, name: &str) -> anyhow::Result<Option<DefinitionId>> {
    let filter = DefinitionFilter { dialect: Some(dialect), statuses: Vec::new() };
    let page = Paging::Offset { limit: 100, offset: 0 };
    let listed = host.app.definitions(access, &filter, page).await?;
    Ok(listed.items.iter().find(|definition| definition.name == name).map(|definition| definition.id))
}
