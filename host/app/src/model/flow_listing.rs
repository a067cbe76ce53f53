//! What lists and searches of flows and of their tasks go by.

use chrono::{DateTime, SecondsFormat};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use stepwright_engine::flow::{Assignee, Due, Flow, StatusName, next_open, parse_date};
use stepwright_engine::{ExecutionId, NodeId, Timestamp};

/// Characters of a name that lists go by.
pub(super) const LONGEST_KEY: usize = 255;

/// When a flow was started, in nanoseconds since 1970. The last three digits come from its id, so that flows started in
/// the same microsecond stand in different places (all but one pair in a thousand).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartKey(i64);

impl StartKey {
    /// Of the flow started then.
    pub fn of(created_at: Timestamp, id: ExecutionId) -> Self {
        let apart = (id.uuid().as_u128() % 1_000) as i64;
        Self(created_at.micros().saturating_mul(1_000).saturating_add(apart))
    }

    /// As it is stored.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// When it was started, without what keeps it apart from others.
    pub(crate) const fn micros(self) -> Timestamp {
        Timestamp::from_micros(self.0.div_euclid(1_000))
    }

    /// From what is stored.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Reads an RFC 3339 instant.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt().map(Self)
    }
}

impl std::fmt::Display for StartKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&DateTime::from_timestamp_nanos(self.0).to_rfc3339_opts(SecondsFormat::Nanos, true))
    }
}

/// How a name is compared: in lower case, cut, without what a database cannot hold.
pub(crate) fn name_key(name: &str) -> String {
    name.to_lowercase().chars().take(LONGEST_KEY).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect()
}

/// The pattern of SQL's LIKE, with a backslash as escape, for a part of a name in any case.
pub fn name_pattern(part: &str) -> String {
    let mut pattern = String::from("%");
    for c in name_key(part).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// What a commit changes in the lists about one flow.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowListing {
    pub execution: ExecutionId,
    pub change: ListingChange,
}

/// See [`FlowListing`].
#[derive(Clone, Debug, PartialEq)]
pub enum ListingChange {
    /// It was deleted: nothing of it stays in any list.
    Gone,
    Changed {
        /// The flow itself, when it has changed.
        flow: Option<ListedFlow>,
        /// Tasks that are new or have changed.
        tasks: Vec<ListedTask>,
        gone: Vec<NodeId>,
        /// Everybody who is assigned to something, when that has changed.
        users: Option<ListedUsers>,
    },
}

/// A flow as lists go by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFlow {
    pub status: StatusName,
    pub name_key: String,
    pub started: StartKey,
    pub due: Option<Timestamp>,
}

/// Which tasks a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskBucket {
    /// Neither completed nor skipped.
    Open,
    /// The first open one of a flow.
    NextOpen,
    Complete,
    /// Open in a flow that is done or closed.
    LeftOpen,
    /// Complete in a flow that is done or closed.
    LeftComplete,
}

/// A task as lists go by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTask {
    pub id: NodeId,
    pub bucket: TaskBucket,
    pub name_key: String,
    /// The flow's name.
    pub flow_key: String,
    pub started: StartKey,
    /// From 0, from top to bottom.
    pub place: u32,
    pub due: Option<Timestamp>,
    pub manual: bool,
}

/// Who is assigned to a flow and its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUsers {
    /// The flow is started.
    pub open: bool,
    /// Users with the task they are assigned to, or with none for the flow itself.
    pub assigned: BTreeSet<(String, Option<NodeId>)>,
}

impl TaskBucket {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Open, Self::NextOpen, Self::Complete, Self::LeftOpen, Self::LeftComplete];

    /// The number in the database.
    pub const fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::NextOpen => 1,
            Self::Complete => 2,
            Self::LeftOpen => 3,
            Self::LeftComplete => 5,
        }
    }
}

/// Everything lists know of a flow.
struct Listing {
    flow: ListedFlow,
    tasks: Vec<ListedTask>,
    users: ListedUsers,
}

impl Listing {
    fn of(execution: ExecutionId, flow: &Flow) -> Self {
        let open = flow.status.name() == StatusName::Started;
        let started = StartKey::of(flow.created_at, execution);
        let outline = flow.outline();
        let next = next_open(flow, &outline).map(|task| &task.id);
        let flow_key = name_key(&flow.name);
        let steps = outline.iter().flat_map(|item| item.tasks()).zip(0u32..);
        let tasks = steps
            .filter(|(task, _)| fits(task.id.as_str()))
            .map(|(task, place)| ListedTask {
                id: task.id.clone(),
                bucket: match (open, task.status.is_finished()) {
                    (true, true) => TaskBucket::Complete,
                    (true, false) if next == Some(&task.id) => TaskBucket::NextOpen,
                    (true, false) => TaskBucket::Open,
                    (false, true) => TaskBucket::LeftComplete,
                    (false, false) => TaskBucket::LeftOpen,
                },
                name_key: name_key(&task.name),
                flow_key: flow_key.clone(),
                started,
                place,
                due: due(task.due.as_ref()),
                manual: task.manually_created,
            })
            .collect();
        let to_flow = users(&flow.assigned_to).map(|user| (user, None));
        let to_task = |task: &'_ stepwright_engine::flow::Task| {
            let id = task.id.clone();
            users(&task.assigned_to).map(move |user| (user, Some(id.clone()))).collect::<Vec<_>>()
        };
        let to_tasks = flow.tasks.iter().filter(|task| fits(task.id.as_str())).flat_map(to_task);
        let users = ListedUsers { open, assigned: to_flow.chain(to_tasks).collect() };
        let flow = ListedFlow { status: flow.status.name(), name_key: flow_key, started, due: due(flow.due.as_ref()) };
        Self { flow, tasks, users }
    }
}

impl FlowListing {
    /// What changes in the lists when `before` becomes `after`; none when nothing does.
    pub fn between(execution: ExecutionId, before: Option<&Flow>, after: &Flow) -> Option<Self> {
        if after.deleted_at.is_some() {
            return Some(Self { execution, change: ListingChange::Gone });
        }
        let now = Listing::of(execution, after);
        let Some(then) = before.map(|flow| Listing::of(execution, flow)) else {
            let Listing { flow, tasks, users } = now;
            let users = Some(users).filter(|users| !users.assigned.is_empty());
            let change = ListingChange::Changed { flow: Some(flow), tasks, gone: Vec::new(), users };
            return Some(Self { execution, change });
        };
        let known: std::collections::HashMap<&NodeId, &ListedTask> = then.tasks.iter().map(|t| (&t.id, t)).collect();
        let kept: BTreeSet<&NodeId> = now.tasks.iter().map(|t| &t.id).collect();
        let gone: Vec<NodeId> = then.tasks.iter().map(|t| &t.id).filter(|id| !kept.contains(id)).cloned().collect();
        let flow = Some(now.flow).filter(|flow| *flow != then.flow);
        let tasks: Vec<ListedTask> = now.tasks.iter().filter(|t| known.get(&t.id) != Some(t)).cloned().collect();
        let users = Some(now.users).filter(|users| *users != then.users);
        if flow.is_none() && tasks.is_empty() && gone.is_empty() && users.is_none() {
            return None;
        }
        Some(Self { execution, change: ListingChange::Changed { flow, tasks, gone, users } })
    }
}

/// Longer ones are given by nobody in earnest, and no index can hold them.
fn fits(id: &str) -> bool {
    id.len() <= LONGEST_KEY && !id.contains('\0')
}

fn users(assigned: &[Assignee]) -> impl Iterator<Item = String> {
    assigned.iter().flat_map(Assignee::users).filter(|user| fits(user)).cloned()
}

fn due(due: Option<&Due>) -> Option<Timestamp> {
    due.and_then(|due| parse_date(due.as_str()))
}

/// What a list is ordered by. What has no due date comes last, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    Start,
    Name,
    DueDate,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowOrder {
    pub by: OrderBy,
    pub ascending: bool,
}

/// Where a flow stands in whatever order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowPlace {
    pub started: StartKey,
    pub name_key: String,
    pub due: Option<Timestamp>,
}

impl FlowPlace {
    /// Which of two comes first.
    pub(crate) fn compare(&self, other: &Self, order: FlowOrder) -> Ordering {
        let directed = |ordering: Ordering| if order.ascending { ordering } else { ordering.reverse() };
        let started = directed(self.started.cmp(&other.started));
        match order.by {
            OrderBy::Start => started,
            OrderBy::Name => directed(self.name_key.cmp(&other.name_key)).then(started),
            OrderBy::DueDate => match (self.due, other.due) {
                (Some(one), Some(other)) => directed(one.cmp(&other)).then(started),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => started,
            },
        }
    }
}

/// Which flows are looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowSearch {
    /// A part of the name, in any case.
    pub name: Option<String>,
    /// At least one.
    pub statuses: Vec<StatusName>,
    /// Assigned to the flow.
    pub user: Option<String>,
    pub order: FlowOrder,
}

/// Which tasks are looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSearch {
    /// A part of the flow's name, in any case.
    pub flow_name: Option<String>,
    /// A part of the task's name, in any case.
    pub task_name: Option<String>,
    /// At least one.
    pub buckets: Vec<TaskBucket>,
    /// Assigned to the task.
    pub user: Option<String>,
    pub manual: Option<bool>,
    pub order: FlowOrder,
    pub from: u32,
    pub size: u32,
}
