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

#[test]
fn what_only_a_loop_leads_to_is_a_start_only_when_nothing_else_is() {
    let looped = |id: &str| {
        let mut d = decision(id, &["x"]);
        d["conditions"].as_array_mut().unwrap().push(bare("y"));
        d["loop_config"] = json!({"loop_branch_id": "x", "exit_branch_id": "y"});
        d
    };
    // t → d, and round again by r; all of it within the loop of o, which goes back to s.
    let mut document = manual(&["r", "t", "s", "e"], &[("r", "t"), ("s", "t"), ("t", "d")]);
    document["tasks"].as_array_mut().unwrap().extend([looped("d"), looped("o")]);
    document["edges"].as_array_mut().unwrap().extend([
        branch("d", "r", "x"),
        branch("d", "o", "y"),
        branch("o", "s", "x"),
        branch("o", "e", "y"),
    ]);
    let template = template(document);
    let graph = template.graph();
    assert_eq!(names(&template, graph.starts()), ["s"]);
    let loops: Vec<_> = graph.loops().into_iter().map(|(d, body)| (d, body.len())).collect();
    assert_eq!(loops, [(4, 3), (5, 5)], "the way back of the inner loop belongs to the outer one");
}
