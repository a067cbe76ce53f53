//! What agents ask people, as elicitation: put to the client's user, answered with the next round.

use super::Tenant;
use super::answers::refused;
use super::tools::found;
use rmcp::ErrorData;
use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, InputRequest,
    InputRequests, InputResponses,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use stepwright_app::usecases::DecisionDraft;
use stepwright_app::{Confirmation, ConfirmationKind, Decision};
use stepwright_engine::{ExecutionId, RawJson};

/// What a user fills in.
#[derive(Deserialize)]
struct Filled {
    decision: String,
    #[serde(default)]
    reason: String,
    arguments: Option<String>,
    value: Option<String>,
}

/// Questions as requests to the client, each under its id.
pub(super) fn requests_of(questions: &[Confirmation]) -> Result<InputRequests, ErrorData> {
    questions.iter().map(|question| Ok((question.id.to_string(), request_of(question)?))).collect()
}

fn request_of(question: &Confirmation) -> Result<InputRequest, ErrorData> {
    let schema: ElicitationSchema = serde_json::from_value(form_of(question))
        .map_err(|error| ErrorData::internal_error(format!("a form cannot be made: {error}"), None))?;
    let about = match &question.tool {
        Some(tool) => format!("{} {tool} {}", question.question, question.detail.as_str()),
        None => format!("{} {}", question.question, question.detail.as_str()),
    };
    let params = ElicitRequestParams::FormElicitationParams { meta: None, message: about, requested_schema: schema };
    Ok(InputRequest::Elicitation(ElicitRequest::new(params)))
}

/// Forms hold plain fields only, so what is JSON is filled in as text.
fn form_of(question: &Confirmation) -> Value {
    let mut decisions = vec!["approve", "reject"];
    let mut fields = json!({ "reason": { "type": "string", "title": "Why, when it is rejected" } });
    match question.kind {
        ConfirmationKind::Tool => {
            decisions.push("edit");
            fields["arguments"] = json!({ "type": "string", "title": "With edit: other arguments, as JSON" });
        }
        ConfirmationKind::Question | ConfirmationKind::Outcome => {
            fields["value"] = json!({ "type": "string", "title": "What an approval brings, as JSON" });
        }
    }
    fields["decision"] = json!({ "type": "string", "enum": decisions });
    json!({ "type": "object", "properties": fields, "required": ["decision"] })
}

/// What the user has decided; none when they did not want to.
fn decision_of(question: &Confirmation, response: &Value) -> Result<Option<DecisionDraft>, ErrorData> {
    let invalid = |text: String| ErrorData::invalid_params(text, None);
    let result: ElicitResult = serde_json::from_value(response.clone())
        .map_err(|error| invalid(format!("the answer to {} is none: {error}", question.id)))?;
    let decision = match result.action {
        ElicitationAction::Decline => Decision::Reject { reason: "declined".into() },
        ElicitationAction::Accept => {
            let filled: Filled = serde_json::from_value(result.content.unwrap_or_default())
                .map_err(|error| invalid(format!("the answer to {} is not filled in: {error}", question.id)))?;
            let json = |text: Option<String>, field: &str| {
                let text = text.filter(|text| !text.trim().is_empty());
                let read = text.map(RawJson::parse_text).transpose();
                read.map_err(|_| invalid(format!("'{field}' of the answer to {} is not JSON", question.id)))
            };
            match filled.decision.as_str() {
                "approve" => Decision::Approve { value: json(filled.value, "value")? },
                "reject" => Decision::Reject { reason: filled.reason },
                "edit" => {
                    let arguments = json(filled.arguments, "arguments")?;
                    let missing = || invalid(format!("the answer to {} needs arguments", question.id));
                    Decision::Edit { arguments: arguments.ok_or_else(missing)? }
                }
                other => return Err(invalid(format!("'{other}' is no decision: approve, reject or edit"))),
            }
        }
        // Cancelled, or whatever later revisions of the protocol know: nobody has decided anything.
        _ => return Ok(None),
    };
    Ok(Some(DecisionDraft { hash: Some(question.hash), decision }))
}

impl Tenant {
    /// Takes over what users have answered. Whether everything was answered, so that asking once more makes sense.
    pub(super) async fn decide(&self, id: ExecutionId, responses: &InputResponses) -> Result<bool, ErrorData> {
        let progress = self.progress(id, Duration::ZERO).await?;
        let mut all = true;
        for (key, response) in responses {
            // Only what this execution asks, and asks now.
            let Some(question) = progress.questions.iter().find(|question| question.id.to_string() == *key) else {
                let text = format!("'{key}' is nothing that is asked now: it was decided or has expired");
                return Err(ErrorData::invalid_params(text, None));
            };
            match decision_of(question, response)? {
                Some(draft) => {
                    let decided = self.app.decide_confirmation(&self.access, question.id, draft).await;
                    decided.map_err(|error| refused(&error))?;
                }
                None => all = false,
            }
        }
        Ok(all)
    }

    /// How far an execution is.
    pub(super) async fn progress(
        &self,
        id: ExecutionId,
        wait: Duration,
    ) -> Result<stepwright_app::usecases::Progress, ErrorData> {
        found(self.app.progress(&self.access, id, wait).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_app::ConfirmationState;
    use stepwright_engine::agent::Hash;
    use stepwright_engine::{ConfirmationId, TenantId, Timestamp};
    use uuid::Uuid;

    fn question(kind: ConfirmationKind) -> Confirmation {
        Confirmation {
            tenant_id: TenantId::from_uuid(Uuid::from_u128(1)),
            id: ConfirmationId::from_uuid(Uuid::from_u128(2)),
            run: "r".into(),
            ordinal: 0,
            kind,
            question: "Sure?".into(),
            tool: (kind == ConfirmationKind::Tool).then(|| "entities_put".into()),
            detail: RawJson::from(json!({"id": "o1"})),
            hash: Hash::default(),
            schema: None,
            state: ConfirmationState::Pending,
            asked_at: Timestamp::from_micros(0),
            expires_at: Timestamp::from_micros(1),
        }
    }

    fn decided(kind: ConfirmationKind, response: Value) -> Option<Decision> {
        decision_of(&question(kind), &response).ok().flatten().map(|draft| draft.decision)
    }

    #[test]
    fn a_question_is_a_form_that_shows_what_it_is_about() {
        let request = serde_json::to_value(request_of(&question(ConfirmationKind::Tool)).unwrap()).unwrap();
        assert_eq!(request["method"], "elicitation/create");
        let message = request["params"]["message"].as_str().unwrap();
        assert!(message.contains("entities_put") && message.contains(r#"{"id":"o1"}"#), "{message}");
        let form = &request["params"]["requestedSchema"];
        assert_eq!(form["properties"]["decision"]["enum"], json!(["approve", "reject", "edit"]));
        assert!(form["properties"].get("value").is_none());
    }

    #[test]
    fn what_the_user_fills_in_is_a_decision() {
        let accept = |content: Value| json!({"action": "accept", "content": content});
        let tool = ConfirmationKind::Tool;
        assert_eq!(decided(tool, accept(json!({"decision": "approve"}))), Some(Decision::Approve { value: None }));
        let edited = Decision::Edit { arguments: RawJson::parse_text(r#"{"id":"o2"}"#.into()).unwrap() };
        assert_eq!(decided(tool, accept(json!({"decision": "edit", "arguments": "{\"id\":\"o2\"}"}))), Some(edited));
        let no = Decision::Reject { reason: "too much".into() };
        assert_eq!(decided(tool, accept(json!({"decision": "reject", "reason": "too much"}))), Some(no));
        let declined = Decision::Reject { reason: "declined".into() };
        assert_eq!(decided(tool, json!({"action": "decline"})), Some(declined));
        let value = Some(RawJson::from(json!(7)));
        let question = ConfirmationKind::Question;
        assert_eq!(
            decided(question, accept(json!({"decision": "approve", "value": "7"}))),
            Some(Decision::Approve { value })
        );
        // Nobody has decided anything.
        assert_eq!(decided(tool, json!({"action": "cancel"})), None);
        for odd in
            [json!({}), accept(json!({})), accept(json!({"decision": "maybe"})), accept(json!({"decision": "edit"}))]
        {
            assert!(decision_of(&self::question(tool), &odd).is_err(), "{odd}");
        }
    }
}
