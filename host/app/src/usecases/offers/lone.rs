//! Executions of a step that was called by itself.

use crate::usecases::derived_uuid;
use stepwright_engine::{
    Definition, DefinitionId, DefinitionStatus, Dialect, Graph, Node, NodeKind, OnFailure, RawJson, TenantId,
    Timestamp, Trigger,
};

/// The version of definitions that are made up for one execution; stored ones begin with 1.
const MADE_UP: u32 = 0;

/// The definition of an execution that has only this node. It is not stored and not listed: the execution keeps the
/// node, and whoever asks for its definition gets it made up from that.
pub(crate) fn lone_definition(tenant: TenantId, node: Node) -> Definition {
    let step_type = match &node.kind {
        NodeKind::Step { step, .. } => format!("{}/{}", step.plugin, step.step),
        NodeKind::Manual | NodeKind::Decision(_) => node.id.to_string(),
    };
    Definition {
        id: DefinitionId::from_uuid(derived_uuid(&["lone-step", &tenant.to_string(), &step_type])),
        tenant_id: tenant,
        dialect: Dialect::Platform,
        version: MADE_UP,
        name: node.name.clone(),
        description: None,
        status: DefinitionStatus::Active,
        trigger: Trigger::Manual,
        timezone: None,
        graph: Graph { nodes: vec![node], edges: Vec::new() },
        on_failure: OnFailure::Stop,
        presentation: RawJson::null(),
        created_at: Timestamp::from_micros(0),
        updated_at: Timestamp::from_micros(0),
    }
}

/// The node an execution of this definition has to keep.
pub(crate) fn lone_node(definition: &Definition) -> Option<Node> {
    (definition.version == MADE_UP).then(|| definition.graph.nodes.first().cloned()).flatten()
}
