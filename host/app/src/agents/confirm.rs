//! Asking people.

use super::RunHost;
use super::host::{Along, Halted};
use crate::model::{AgentRun, Confirmation, ConfirmationKind, ConfirmationState, Decision, RunStatus};
use crate::ports::{Answer, Halt};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use stepwright_engine::agent::{Hash, Next, Phase};
use stepwright_engine::{ConfirmationId, RawJson};

/// Bytes of a question.
const MAX_QUESTION: usize = 4 << 10;
/// Bytes of what is shown with it.
const MAX_DETAIL: usize = 64 << 10;
/// Bytes of the schema of an answer.
const MAX_SCHEMA: usize = 16 << 10;

/// The row that says that a person is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub confirmation: ConfirmationId,
    pub question: String,
    pub tool: Option<String>,
    pub detail: RawJson,
}

/// What to ask.
pub(super) struct Question {
    pub kind: ConfirmationKind,
    pub question: String,
    pub tool: Option<String>,
    pub detail: RawJson,
    pub schema: Option<RawJson>,
}

/// A call that is not answered yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Begun {
    pub asked: Option<String>,
    pub decided: Option<String>,
    pub intents: u32,
    pub intent: Option<String>,
}

impl Begun {
    /// Of what the journal knows of a call, which must not be answered.
    pub(super) fn of(next: Next) -> Self {
        match next {
            Next::Begun { asked, decided, intents, intent } => Self { asked, decided, intents, intent },
            Next::Fresh | Next::Answered { .. } => Self::default(),
        }
    }
}

/// What a confirmation is bound to.
pub(super) fn bound(tool: Option<&str>, detail: &RawJson) -> Hash {
    Hash::of(&[tool.unwrap_or_default().as_bytes(), detail.as_str().as_bytes()])
}

impl RunHost {
    pub(super) async fn ask(
        &mut self,
        question: String,
        detail: String,
        schema: Option<String>,
    ) -> Result<Answer, Halt> {
        let long = question.len() > MAX_QUESTION
            || detail.len() > MAX_DETAIL
            || schema.as_ref().is_some_and(|schema| schema.len() > MAX_SCHEMA);
        if long {
            let rule = format!(
                "a question has at most {MAX_QUESTION} bytes, its detail {MAX_DETAIL}, the schema of its answer {MAX_SCHEMA}"
            );
            return Err(Halt::Misuse(rule));
        }
        let parts = [question.as_bytes(), detail.as_bytes(), schema.as_deref().unwrap_or_default().as_bytes()];
        let request = Hash::of(&parts);
        let (ordinal, next) = self.call("confirm", request)?;
        if let Next::Answered { body } = next {
            return self.read(&body);
        }
        let json = |text: String, what: &str| {
            RawJson::parse_text(text).map_err(|_| Halt::Misuse(format!("the {what} of a question is not JSON")))
        };
        let detail = json(detail, "detail")?;
        let schema = schema.map(|text| json(text, "schema")).transpose()?;
        if schema.as_ref().is_some_and(|schema| jsonschema::validator_for(&schema.to_value()).is_err()) {
            return Err(Halt::Misuse("the schema of a question is no JSON Schema".into()));
        }
        let asked = Question { kind: ConfirmationKind::Question, question, tool: None, detail, schema };
        let Some(decision) = self.decision(ordinal, "confirm", request, &Begun::of(next), asked).await? else {
            return Err(self.halt(Halted::Waiting));
        };
        let answer = match decision {
            Decision::Approve { value } => Answer::Approved(value),
            Decision::Edit { arguments } => Answer::Approved(Some(arguments)),
            Decision::Reject { reason } => Answer::Rejected(reason),
            Decision::Expire => Answer::Expired,
        };
        self.value(ordinal, "confirm", request, &answer).await
    }

    /// What a person has decided, taken over into the journal; none while nobody has. Asks, when that was not done.
    pub(super) async fn decision(
        &mut self,
        ordinal: u32,
        kind: &str,
        request: Hash,
        begun: &Begun,
        question: Question,
    ) -> Result<Option<Decision>, Halt> {
        if let Some(body) = &begun.decided {
            return self.read(body).map(Some);
        }
        let Some(asked) = &begun.asked else {
            self.put_question(ordinal, kind, request, question).await?;
            return Ok(None);
        };
        let asked: Asked = self.read(asked)?;
        let (tenant, app) = (self.run.tenant_id, self.around.app.clone());
        let mut found = app.store().confirmation(tenant, asked.confirmation).await;
        let now = app.now();
        if let Ok(Some(open)) = &found
            && open.state == ConfirmationState::Pending
            && open.expires_at <= now
        {
            // Somebody may decide at this very moment; whoever is first counts.
            let expired = ConfirmationState::Decided { decision: Decision::Expire, by: "system".into(), at: now };
            app.store().decide(tenant, open.id, &expired, now).await.map_err(|error| self.unavailable(&error))?;
            found = app.store().confirmation(tenant, asked.confirmation).await;
        }
        let decision = match found.map_err(|error| self.unavailable(&error))?.map(|found| found.state) {
            Some(ConfirmationState::Decided { decision, .. }) => decision,
            Some(ConfirmationState::Pending) => return Ok(None),
            // It was deleted with its run, which nobody awaits any more.
            None => return Err(self.halt(Halted::Stale)),
        };
        let (entry, blobs) = self.entry(ordinal, Phase::Decided, kind, request, &decision)?;
        let body = entry.body.clone();
        let along = Along { next: Some(self.now_is(RunStatus::Running)), ..Along::default() };
        self.write(vec![entry], blobs, along).await.map_err(|refused| self.ended_by(refused))?;
        self.read(&body).map(Some)
    }

    async fn put_question(&mut self, ordinal: u32, kind: &str, request: Hash, question: Question) -> Result<(), Halt> {
        let Question { kind: about, question, tool, detail, schema } = question;
        let now = self.around.app.now();
        let within = Duration::from_secs(self.run.agent.budget.confirm_within.into());
        let id = ConfirmationId::fresh(&**self.around.app.ids());
        let row = Asked { confirmation: id, question: question.clone(), tool: tool.clone(), detail: detail.clone() };
        let (entry, blobs) = self.entry(ordinal, Phase::Asked, kind, request, &row)?;
        let confirmation = Confirmation {
            tenant_id: self.run.tenant_id,
            id,
            run: self.run.id.clone(),
            ordinal,
            kind: about,
            question,
            hash: bound(tool.as_deref(), &detail),
            tool,
            detail,
            schema,
            state: ConfirmationState::Pending,
            asked_at: now,
            expires_at: now + within,
        };
        let along = Along {
            wake_at: Some(Some(confirmation.expires_at)),
            questions: vec![confirmation],
            next: Some(self.now_is(RunStatus::Waiting)),
            ..Along::default()
        };
        self.write(vec![entry], blobs, along).await.map_err(|refused| self.ended_by(refused))
    }

    /// The run in another state.
    pub(super) fn now_is(&self, status: RunStatus) -> AgentRun {
        AgentRun { status, updated_at: self.around.app.now(), ..self.run.clone() }
    }
}
