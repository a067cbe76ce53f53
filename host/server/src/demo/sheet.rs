//! The demo sheet: keys and curl lines to paste, as text that can be shown again.

use super::seed::Made;
use anyhow::Context as _;
use stepwright_engine::TenantId;

const BASE: &str = "# base: ";
const TENANT: &str = "# tenant: ";

/// The text, which knows its tenant and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    text: String,
}

impl Sheet {
    /// A text written by an earlier start.
    pub fn read(text: String) -> Self {
        Self { text: text.trim_end().to_owned() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The live tenant it is about.
    ///
    /// # Errors
    /// When the text names none.
    pub fn tenant(&self) -> anyhow::Result<TenantId> {
        self.marked(TENANT).context("no tenant")?.parse().context("tenant")
    }

    /// The same sheet for a host at another address.
    pub fn at(&self, base: &str) -> Self {
        match self.marked(BASE) {
            Some(old) => Self { text: self.text.replace(old, base) },
            None => self.clone(),
        }
    }

    fn marked(&self, mark: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(mark))
    }

    /// The sheet of a demo that has just been made.
    pub fn write(base: &str, made: &Made) -> Self {
        let Made { live, sandbox, keys, definition } = made;
        let text = format!(
            r#"# ---- Stepwright demo ------------------------------------------------------------
{BASE}{base}
{TENANT}{live}
# "Demo Ltd" has a live side and a sandbox with the same data. The lines below use the sandbox: mail is
# captured there instead of sent. Paste them as they are; this sheet is kept in the data directory (demo.txt).
#
# keys                 SoftSolz sandbox  {softsolz_test}
#                      SoftSolz live     {softsolz_live}
#                      platform          {platform}
#                      epilot            {epilot}
#                      SmartMCA          {smartmca}
#                      HydraCore         {hydracore}
#   instance {instance}  {hydracore_proxy}
# live tenant          {live}
# sandbox tenant       {sandbox}

export BASE={base}
export SK={softsolz_test}
export SW={platform}
export SANDBOX={sandbox}
export MCA={smartmca}

# 1  Make a workflow as in the SoftSolz documentation's example, and one as in its table of fields.
curl -sw "\n" $BASE/api/v1/services/workflows/workflows -H "Authorization: Bearer $SK" -H "Content-Type: application/json" -H "Idempotency-Key: demo-sweep" -d '{{"name": "Daily overdue sweep", "schedule": "0 9 * * *", "steps": [{{"type": "mark_invoices_overdue"}}]}}'

WORKFLOW=$(curl -s $BASE/api/v1/services/workflows/workflows -H "Authorization: Bearer $SK" -H "Content-Type: application/json" -H "Idempotency-Key: demo-receivables" -d '{{"name": "Receivables by mail", "trigger_type": "manual", "steps": [{{"step_type": "mark_invoices_overdue", "step_config": {{}}}}, {{"step_type": "invoicing_ar_summary", "step_config": {{"date_range": "last_30_days"}}}}, {{"step_type": "send_email", "step_config": {{"to": "owner@demo.example", "subject": "Receivables"}}}}]}}' | grep -o '"id":"[^"]*"' | head -1 | cut -d '"' -f 4); echo "workflow $WORKFLOW"

# 2  Run it and look how it went. (Again within 30 seconds answers 409.)
curl -sw "\n" -X POST $BASE/api/v1/services/workflows/workflows/$WORKFLOW/run -H "Authorization: Bearer $SK"
sleep 1; curl -sw "\n" $BASE/api/v1/services/workflows/workflows/$WORKFLOW/runs -H "Authorization: Bearer $SK"

# 3  What it did: invoices that are overdue now, and the mail it would have sent.
curl -sw "\n" $BASE/platform/v1/tenants/$SANDBOX/data/invoices -H "Authorization: Bearer $SW"
curl -sw "\n" "$BASE/platform/v1/tenants/$SANDBOX/outbox?limit=1" -H "Authorization: Bearer $SW"

# 4  A native definition ("Chase overdue invoices"): run it and wait for its outcome.
curl -sw "\n" -X POST "$BASE/platform/v1/tenants/$SANDBOX/definitions/{definition}/executions?wait=30s" -H "Authorization: Bearer $SW" -H "Content-Type: application/json" -d '{{"input": {{}}}}'

# 5  SmartMCA, on the live side: trigger "Deal Onboarding" on a deal, look how it went, move an application on.
WF=$(curl -s $BASE/api/public/v1/workflows -H "Authorization: Bearer $MCA" | grep -o '"id":"wf_[^"]*"' | head -1 | cut -d '"' -f 4); echo "workflow $WF"
curl -sw "\n" -X POST $BASE/api/public/v1/workflows/trigger -H "Authorization: Bearer $MCA" -H "Content-Type: application/json" -d '{{"workflowType": "'$WF'", "entityType": "deal", "entityId": "deal_456"}}'
sleep 1; curl -sw "\n" "$BASE/api/public/v1/workflows/executions?entity_type=deal&entity_id=deal_456" -H "Authorization: Bearer $MCA"
curl -sw "\n" -X POST $BASE/api/public/v1/applications/app_1001/advance-stage -H "Authorization: Bearer $MCA"

# 6  What else there is.
curl -sw "\n" $BASE/api/v1/services/workflows/action-catalog -H "Authorization: Bearer $SK" | grep -o '"step_type":"[^"]*"'
curl -sw "\n" $BASE/readyz
# API documents: {base}/docs
# ----------------------------------------------------------------------------------"#,
            softsolz_test = keys.softsolz_test,
            softsolz_live = keys.softsolz_live,
            platform = keys.platform,
            epilot = keys.epilot,
            smartmca = keys.smartmca,
            hydracore = keys.hydracore,
            hydracore_proxy = keys.hydracore_proxy,
            instance = keys.instance,
        );
        Self { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_follows_the_host_to_another_address() {
        let tenant = "0199aaaa-0000-7000-8000-000000000001";
        let text = format!("# x\n{BASE}http://127.0.0.1:1\n{TENANT}{tenant}\ncurl http://127.0.0.1:1/docs\n\n");
        let sheet = Sheet::read(text).at("http://127.0.0.1:2");
        assert_eq!(sheet.tenant().unwrap().to_string(), tenant);
        assert!(!sheet.text().contains("127.0.0.1:1"));
        assert!(sheet.text().ends_with("curl http://127.0.0.1:2/docs"));
    }

    #[test]
    fn a_text_that_is_no_sheet_has_no_tenant() {
        assert!(Sheet::read("hello".into()).tenant().is_err());
    }
}
