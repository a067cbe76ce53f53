//! How every API shows an execution.

use super::{Core, Made, World};
use serde_json::{Value, json};

/// The APIs executions are read with; epilot has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lens {
    Hydracore,
    EpilotV1,
    EpilotV2,
    Softsolz,
    Smartmca,
    Platform,
}

pub(super) const LENSES: [Lens; 6] =
    [Lens::Hydracore, Lens::EpilotV1, Lens::EpilotV2, Lens::Softsolz, Lens::Smartmca, Lens::Platform];

/// The words for where it stands: HydraCore's, epilot's, SoftSolz's, SmartMCA's, the platform's (source:
/// contracts/core-model.md 3.2; where that has a dash, the nearest word).
const WORDS: [(Core, [&str; 5]); 8] = [
    (Core::Running, ["active", "STARTED", "running", "running", "running"]),
    (Core::Waiting, ["awaiting_approval", "STARTED", "running", "running", "waiting"]),
    (Core::Suspended, ["suspended", "STARTED", "running", "running", "suspended"]),
    (Core::Paused, ["paused", "STARTED", "running", "running", "paused"]),
    (Core::Completed, ["completed", "DONE", "completed", "completed", "completed"]),
    (Core::Failed, ["failed", "STARTED", "failed", "failed", "failed"]),
    (Core::Cancelled, ["cancelled", "CLOSED", "cancelled", "cancelled", "cancelled"]),
    (Core::Expired, ["expired", "CLOSED", "cancelled", "cancelled", "expired"]),
];

/// What an API shows of an execution. What it has no member for is none.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) status: String,
    pub(super) title: Option<String>,
    pub(super) nodes: Option<usize>,
}

impl Lens {
    pub(super) fn word(self, core: Core) -> &'static str {
        let (_, words) = WORDS.iter().find(|(known, _)| *known == core).unwrap();
        words[match self {
            Self::Hydracore => 0,
            Self::EpilotV1 | Self::EpilotV2 => 1,
            Self::Softsolz => 2,
            Self::Smartmca => 3,
            Self::Platform => 4,
        }]
    }

    /// One execution, by its id.
    pub(super) async fn one(self, world: &World, made: &Made) -> Seen {
        let shown = match self {
            Self::Hydracore => world.hydracore.admin.get(&format!("/v1/workflows/{}", made.uuid)).await,
            Self::EpilotV1 => world.epilot.get(&format!("/v1/workflows/executions/{}", made.flow)).await,
            Self::EpilotV2 => world.epilot.get(&format!("/v2/flows/executions/{}", made.flow)).await,
            Self::Softsolz => world.softsolz.get(&format!("{}/runs/{}", crate::softsolz::BASE, made.uuid)).await,
            Self::Smartmca => {
                world.smartmca.get(&format!("{}/workflows/executions/{}", crate::smartmca::BASE, made.smartmca)).await
            }
            Self::Platform => world.host.operator.get(&format!("{}/{}", world.executions(), made.uuid)).await,
        };
        self.seen(&shown.expect(200).json())
    }

    /// The execution among all.
    pub(super) async fn listed(self, world: &World, made: &Made) -> Option<Seen> {
        let found = match self {
            Self::Hydracore => world.hydracore.admin.get("/v1/workflows?per_page=100").await,
            Self::EpilotV1 => world.epilot.get("/v1/workflows/executions").await,
            // A list there is of one entity's executions.
            Self::EpilotV2 => return None,
            Self::Softsolz => world.softsolz.get(&format!("{}/runs?limit=100", crate::softsolz::BASE)).await,
            Self::Smartmca => {
                world.smartmca.get(&format!("{}/workflows/executions?limit=100", crate::smartmca::BASE)).await
            }
            Self::Platform => world.host.operator.get(&format!("{}?limit=200", world.executions())).await,
        };
        let found = found.expect(200).json();
        self.among(&found, made)
    }

    /// The execution among those that stand where it stands.
    pub(super) async fn filtered(self, world: &World, made: &Made) -> Option<Seen> {
        let word = self.word(made.core);
        let found = match self {
            Self::Hydracore => world.hydracore.admin.get(&format!("/v1/workflows?per_page=100&status={word}")).await,
            Self::EpilotV1 => {
                let search = json!({"status": word, "name": made.title.to_uppercase()});
                world.epilot.post("/v1/workflows/executions/search", &search).await
            }
            Self::EpilotV2 => {
                let about = json!({"entity_id": "deal_456", "entity_schema": "deal"});
                world.epilot.post("/v2/flows/executions:search", &about).await
            }
            Self::Softsolz => {
                world.softsolz.get(&format!("{}/runs?limit=100&status={word}", crate::softsolz::BASE)).await
            }
            Self::Smartmca => {
                let path = format!("{}/workflows/executions?limit=100&status={word}", crate::smartmca::BASE);
                world.smartmca.get(&path).await
            }
            Self::Platform => world.host.operator.get(&format!("{}?limit=200&status={word}", world.executions())).await,
        };
        let found = found.expect(200).json();
        self.among(&found, made)
    }

    fn among(self, found: &Value, made: &Made) -> Option<Seen> {
        let (list, id) = match self {
            Self::Hydracore => (&found["workflows"], &made.uuid),
            Self::EpilotV1 if found.is_array() => (found, &made.flow),
            Self::EpilotV1 => (&found["executions"], &made.flow),
            Self::EpilotV2 => (&found["results"], &made.flow),
            Self::Smartmca => (&found["data"], &made.smartmca),
            Self::Softsolz | Self::Platform => (&found["data"], &made.uuid),
        };
        list.as_array().unwrap().iter().find(|one| one["id"] == json!(id)).map(|one| self.seen(one))
    }

    fn seen(self, shown: &Value) -> Seen {
        let shown = if self == Self::Softsolz && shown["data"].is_object() { &shown["data"] } else { shown };
        let (title, nodes) = match self {
            Self::Hydracore => ("title", ""),
            Self::EpilotV1 => ("name", "flow"),
            Self::EpilotV2 => ("name", "tasks"),
            Self::Softsolz => ("", "steps"),
            Self::Smartmca => ("workflowName", "nodes"),
            Self::Platform => ("title", "nodes"),
        };
        Seen {
            status: shown["status"].as_str().unwrap_or_else(|| panic!("{self:?} shows {shown}")).to_owned(),
            title: shown[title].as_str().map(str::to_owned),
            nodes: shown[nodes].as_array().map(Vec::len),
        }
    }
}
