//! The resolved graph: phases, starts, loops, order.

use super::*;

fn names(template: &Template, nodes: impl IntoIterator<Item = usize>) -> Vec<String> {
    let graph = template.graph();
    let name = |n: usize| match graph.phase_number(n) {
        Some(p) => template.phases[p].id.to_string(),
        None => template.tasks.get(n).map_or("trigger".into(), |t| t.id.to_string()),
    };
    nodes.into_iter().map(name).collect()
}

#[test]
fn a_phase_that_edges_use_leads_to_its_first_task_and_on_from_its_last() {
    let mut document = manual(&["a", "b", "c"], &[("a", "b"), ("p", "c")]);
    document["phases"] = json!([{"id": "p", "name": "p"}]);
    document["tasks"][0]["phase_id"] = json!("p");
    document["tasks"][1]["phase_id"] = json!("p");
    let template = template(document);
    let graph = template.graph();
    assert_eq!(names(&template, graph.starts()), ["p"]);
    assert_eq!(names(&template, graph.topological()[..4].to_vec()), ["p", "a", "b", "c"]);
    assert_eq!(names(&template, graph.predecessors(2)), ["p"]);
    assert_eq!(names(&template, graph.predecessors(0)), [""; 0]);
}

#[test]
fn a_phase_that_no_edge_uses_is_no_node() {
    let mut document = manual(&["a", "b"], &[("a", "b")]);
    document["phases"] = json!([{"id": "p", "name": "p"}, {"id": "q", "name": "q"}]);
    document["tasks"][0]["phase_id"] = json!("p");
    document["tasks"][1]["phase_id"] = json!("q");
    let template = template(document);
    assert_eq!(names(&template, template.graph().starts()), ["a"]);
}

#[test]
fn steps_stand_in_the_order_of_the_graph_and_ties_in_that_of_the_template() {
    let bench = begin(manual(&["d", "c", "b", "a"], &[("a", "b"), ("b", "d")]));
    let order: Vec<_> = bench.flow.ordered_tasks().iter().map(|t| t.template_id.as_str()).collect();
    assert_eq!(order, ["c", "a", "b", "d"]);
}
