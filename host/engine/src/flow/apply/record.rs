//! History and entity sync: what a transition tells.

use super::Work;
use crate::flow::vocab::{PhaseStatus, SyncEvent, V1SyncSource};
use crate::flow::{Assignee, Effect, FlowEvent, FlowHistory, Phase, SyncFilter, SyncTarget, SyncValue, Task};
use crate::{NodeId, RawJson};
use serde_json::{Value, json};

impl Work<'_> {
    /// Tells something only the history knows.
    pub(super) fn record(&mut self, event: FlowEvent, task: Option<usize>, detail: Option<Value>) {
        let task = task.map(|n| self.task(n).id.clone());
        self.push(event, task, None, detail);
    }

    /// Tells something entity sync may react to, with the state as it is now.
    pub(super) fn record_sync(
        &mut self,
        event: SyncEvent,
        task: Option<usize>,
        phase: Option<usize>,
        detail: Option<Value>,
    ) {
        let task_id = task.map(|n| self.task(n).id.clone());
        let phase_id = phase.map(|n| self.next.phases[n].id.clone());
        self.push(FlowEvent::Sync(event), task_id, phase_id, detail);
        self.sync(event, task, phase);
        self.sync_v1(event);
    }

    fn push(&mut self, event: FlowEvent, task: Option<NodeId>, phase: Option<NodeId>, detail: Option<Value>) {
        self.next.history_seq += 1;
        let status = self.before.status.name();
        self.events.push(FlowHistory {
            seq: self.next.history_seq,
            at: self.env.now,
            actor: self.env.actor.clone(),
            event,
            task,
            phase,
            from: status,
            to: status,
            detail: detail.map(RawJson::from),
        });
    }

    fn sync(&mut self, event: SyncEvent, task: Option<usize>, phase: Option<usize>) {
        let first = self.frontier().first().copied();
        let task = task.or(first).map(|n| self.task(n));
        let of_task = task.and_then(|t| t.phase_id.as_ref()).and_then(|id| self.next.phase(id));
        let phase = phase.map(|n| &self.next.phases[n]).or(of_task);
        let mut effects = Vec::new();
        for sync in self.next.entity_sync.iter().filter(|s| s.trigger.event == event) {
            if sync.trigger.filter.as_ref().is_none_or(|f| matches(f, task, phase)) {
                self.write(&sync.target, &self.value(&sync.value, task, phase), &mut effects);
            }
        }
        self.effects.append(&mut effects);
    }

    fn value(&self, source: &SyncValue, task: Option<&Task>, phase: Option<&Phase>) -> Value {
        let flow = &self.next;
        match source {
            SyncValue::WorkflowName => json!(flow.name),
            SyncValue::WorkflowStatus => json!(flow.status.name()),
            SyncValue::WorkflowAssignedTo => users(&flow.assigned_to),
            SyncValue::TaskName => json!(task.map(|t| &t.name)),
            SyncValue::TaskStatus => json!(task.map(|t| t.status)),
            SyncValue::TaskAssignedTo => task.map_or(Value::Null, |t| users(&t.assigned_to)),
            SyncValue::PhaseName => json!(phase.map(|p| &p.name)),
            SyncValue::PhaseStatus => json!(phase.map(|p| p.status)),
            SyncValue::PhaseAssignedTo => phase.map_or(Value::Null, |p| users(&p.assigned_to)),
            SyncValue::CustomValue { value } => json!(value),
        }
    }

    fn write(&self, target: &SyncTarget, value: &Value, effects: &mut Vec<Effect>) {
        for context in self.next.contexts.iter().filter(|c| c.entity_schema == target.entity_schema) {
            effects.push(Effect::SyncEntity {
                schema: context.entity_schema.clone(),
                id: context.entity_id.clone(),
                attribute: target.entity_attribute.clone(),
                value: value.clone(),
            });
        }
    }

    fn sync_v1(&mut self, event: SyncEvent) {
        let status_changed = matches!(
            event,
            SyncEvent::FlowStarted | SyncEvent::FlowCompleted | SyncEvent::FlowCancelled | SyncEvent::FlowReopened
        );
        let current_changed = event == SyncEvent::CurrTaskChanged;
        if !(status_changed || current_changed) || self.next.update_entity_attributes.is_empty() {
            return;
        }
        let task = self.frontier().first().map(|&n| self.task(n));
        let phase = task.and_then(|t| t.phase_id.as_ref()).and_then(|id| self.next.phase(id));
        let mut effects = Vec::new();
        for sync in &self.next.update_entity_attributes {
            let value = match sync.source {
                V1SyncSource::WorkflowStatus if status_changed => json!(self.next.status.name()),
                V1SyncSource::CurrentSection if current_changed => json!(phase.map(|p| &p.name)),
                V1SyncSource::CurrentStep if current_changed => json!(task.map(|t| &t.name)),
                V1SyncSource::WorkflowStatus | V1SyncSource::CurrentSection | V1SyncSource::CurrentStep => continue,
            };
            self.write(&sync.target, &value, &mut effects);
        }
        self.effects.append(&mut effects);
    }

    /// Tells what has changed over the whole transition and was not told by a more particular event.
    pub(super) fn record_changes(&mut self) {
        let before = self.before;
        if self.starting {
            // Nothing existed before it.
            return self.record_current(None);
        }
        let changed: Vec<usize> = (0..self.next.tasks.len())
            .filter(|&n| {
                let now = self.task(n);
                before.task(&now.id).is_some_and(|then| visible(then) != visible(now))
            })
            .collect();
        for number in changed {
            self.next.tasks[number].updated_at = self.env.now;
            self.record_sync(SyncEvent::TaskUpdated, Some(number), None, None);
        }
        for number in 0..self.next.phases.len() {
            let now = &self.next.phases[number];
            let changed = before.phase(&now.id).is_some_and(|then| {
                (&then.name, then.status, &then.due, &then.assigned_to)
                    != (&now.name, now.status, &now.due, &now.assigned_to)
            });
            if changed {
                self.next.phases[number].updated_at = self.env.now;
                self.record_sync(SyncEvent::PhaseUpdated, None, Some(number), None);
            }
        }
        let flow = [
            (before.assigned_to != self.next.assigned_to, SyncEvent::FlowAssigned),
            (before.due != self.next.due, SyncEvent::FlowDueDateChanged),
            (before.contexts != self.next.contexts, SyncEvent::FlowContextsChanged),
        ];
        for (_, event) in flow.into_iter().filter(|(changed, _)| *changed) {
            self.record_sync(event, None, None, None);
        }
        self.record_current(Some(before));
    }

    /// One event per task that has become current; one without a task when the frontier has only shrunk.
    fn record_current(&mut self, before: Option<&crate::flow::Flow>) {
        let was = |id: &NodeId| before.is_some_and(|b| b.is_current(id));
        let come: Vec<usize> = self.frontier().into_iter().filter(|&n| !was(&self.task(n).id)).collect();
        let gone = before.is_some_and(|b| b.crt_tasks.iter().any(|c| !self.next.is_current(&c.id)));
        if come.is_empty() && gone {
            self.record_sync(SyncEvent::CurrTaskChanged, None, None, None);
        }
        for number in come {
            self.record_sync(SyncEvent::CurrTaskChanged, Some(number), None, None);
        }
    }

    /// Sets a phase's status and tells it.
    pub(super) fn set_phase_status(&mut self, number: usize, status: PhaseStatus, all_skipped: bool) {
        let (now, user) = (self.env.now, self.env.user());
        let phase = &mut self.next.phases[number];
        if phase.status == status {
            return;
        }
        phase.status = status;
        phase.updated_at = now;
        let analytics = &mut phase.analytics;
        analytics.status_updated_at = Some(now);
        let event = match status {
            PhaseStatus::Open => {
                analytics.completed_at = None;
                None
            }
            PhaseStatus::InProgress => {
                analytics.started_at.get_or_insert(now);
                analytics.in_progress_at = Some(now);
                analytics.in_progress_by = user;
                analytics.completed_at = None;
                Some(SyncEvent::PhaseMarkedInProgress)
            }
            PhaseStatus::Completed if all_skipped => {
                analytics.skipped_by = user;
                Some(SyncEvent::PhaseSkipped)
            }
            PhaseStatus::Completed => {
                analytics.completed_at = Some(now);
                analytics.completed_by = user;
                Some(SyncEvent::PhaseCompleted)
            }
        };
        if let Some(event) = event {
            self.record_sync(event, None, Some(number), None);
        }
    }
}

/// The members of a task whose change is an update.
type Visible<'a> = (&'a str, crate::flow::TaskStatus, bool, &'a [Assignee], Option<&'a str>, &'a Option<NodeId>);

fn visible(task: &Task) -> (Visible<'_>, [&Option<Value>; 3], &Option<crate::flow::Description>) {
    let due = task.due.as_ref().map(crate::flow::Due::as_str);
    (
        (&task.name, task.status, task.enabled, &task.assigned_to, due, &task.phase_id),
        [&task.ecp, &task.installer, &task.partner],
        &task.description,
    )
}

fn matches(filter: &SyncFilter, task: Option<&Task>, phase: Option<&Phase>) -> bool {
    let task_matches = filter.task_template_id.as_ref().is_none_or(|id| task.is_some_and(|t| &t.template_id == id));
    let phase_matches = filter.phase_template_id.as_ref().is_none_or(|id| phase.is_some_and(|p| &p.template_id == id));
    task_matches && phase_matches
}

fn users(assignees: &[Assignee]) -> Value {
    assignees.iter().flat_map(Assignee::users).cloned().collect::<Vec<_>>().into()
}
