//! The flow as V1 shows it, and places in it.

use super::*;

/// `[ab]c[de]f`: sections whose phases no edge names, as V1 definitions are compiled.
fn sections() -> Bench {
    let names = ["a", "b", "c", "d", "e", "f"];
    let edges: Vec<(&str, &str)> = names.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let mut document = manual(&names, &edges);
    document["phases"] = json!([{"id": "p", "name": "p"}, {"id": "q", "name": "q"}]);
    for (task, phase) in [(0, "p"), (1, "p"), (3, "q"), (4, "q")] {
        document["tasks"][task]["phase_id"] = json!(phase);
    }
    begin(document)
}

fn shown(bench: &Bench) -> String {
    let name = |task: &&Task| task.template_id.as_str().to_owned();
    let items = bench.flow.outline();
    let item = |item: &OutlineItem<'_>| {
        let tasks: String = item.tasks().iter().map(name).collect();
        if matches!(item, OutlineItem::Section(..)) { format!("[{tasks}]") } else { tasks }
    };
    items.iter().map(item).collect()
}

fn place(bench: &Bench, phase: Option<&str>, index: usize) -> Place {
    Place { index, phase: phase.map(|p| bench.id(p)) }
}

fn insert(bench: &mut Bench, phase: Option<&str>, index: usize) {
    let task = NewTask { id: Some(NodeId::new("n")), ..NewTask::manual("n") };
    let place = place(bench, phase, index);
    bench.apply(Command::InsertTask { place, task: Box::new(task) }).unwrap();
}

fn walk(bench: &mut Bench) -> String {
    let mut seen = String::new();
    while let Some(task) = bench.current().first().map(|&t| t.to_owned()) {
        bench.complete(&task);
        seen += &task;
    }
    seen
}

#[test]
fn sections_stand_where_their_first_task_does() {
    assert_eq!(shown(&sections()), "[ab]c[de]f");
    let mut document = manual(&["b", "x", "a"], &[("a", "b"), ("b", "x")]);
    document["phases"] = json!([{"id": "p", "name": "p"}]);
    document["tasks"][0]["phase_id"] = json!("p");
    document["tasks"][2]["phase_id"] = json!("p");
    assert_eq!(shown(&begin(document)), "[ab]x");
}

#[test]
fn sections_that_no_edge_names_count_as_places_too() {
    for (phase, index, expected) in [
        (None, 0, "n[ab]c[de]f"),
        (None, 1, "[ab]nc[de]f"),
        (None, 2, "[ab]cn[de]f"),
        (None, 3, "[ab]c[de]nf"),
        (None, 4, "[ab]c[de]fn"),
        (Some("p"), 0, "[nab]c[de]f"),
        (Some("p"), 2, "[abn]c[de]f"),
        (Some("q"), 1, "[ab]c[dne]f"),
    ] {
        let mut bench = sections();
        insert(&mut bench, phase, index);
        assert_eq!(shown(&bench), expected);
        assert_eq!(walk(&mut bench), expected.replace(['[', ']'], ""), "{phase:?} {index}");
    }
}

#[test]
fn a_task_put_before_a_section_at_which_the_flow_stands_comes_first() {
    let mut bench = sections();
    insert(&mut bench, None, 0);
    assert_eq!(bench.current(), ["n"]);
    let mut bench = sections();
    bench.set("a", TaskStatus::InProgress).unwrap();
    insert(&mut bench, None, 0);
    assert_eq!(bench.current(), ["a"], "it has been begun");
}

#[test]
fn among_starts_side_by_side_a_task_stands_where_it_was_put() {
    for (index, expected) in [(0, "nab"), (1, "anb"), (2, "abn")] {
        let mut bench = begin(manual(&["a", "b"], &[]));
        insert(&mut bench, None, index);
        assert_eq!(shown(&bench), expected);
    }
}

#[test]
fn an_emptied_section_stays_and_takes_tasks_again_where_it_stands() {
    for (gone, phase, expected) in [(["a", "b"], "p", "[n]c[de]f"), (["d", "e"], "q", "[ab]c[n]f")] {
        let mut bench = sections();
        for task in gone {
            bench.apply(Command::RemoveTask { task: bench.id(task) }).unwrap();
        }
        // Nothing says where a section without tasks stands, but that it is behind the one before it.
        assert_eq!(shown(&bench).matches("[]").count(), 1);
        insert(&mut bench, Some(phase), 0);
        assert_eq!(bench.flow.outline().iter().flat_map(OutlineItem::tasks).count(), 5, "{expected}");
        assert!(walk(&mut bench).contains('n'));
    }
}

#[test]
fn a_task_that_stands_there_already_is_not_moved() {
    let mut bench = sections();
    let before = bench.flow.edges.clone();
    for (task, phase, index) in [("a", Some("p"), 0), ("b", Some("p"), 9), ("c", None, 1), ("f", None, 7)] {
        let (id, place) = (bench.id(task), place(&bench, phase, index));
        bench.apply(Command::MoveTask { task: id, place }).unwrap();
        assert_eq!((bench.names(), &bench.flow.edges), (vec![], &before));
    }
}

#[test]
fn a_patch_may_move_a_task_and_is_refused_whole() {
    let mut bench = sections();
    let patch = |status| TaskPatch { place: Some(Place { index: 0, phase: None }), status, ..TaskPatch::default() };
    let before = bench.flow.clone();
    assert!(bench.patch("f", patch(Some(TaskStatus::Failed))).is_err());
    assert_eq!(bench.flow, before);
    bench.patch("f", patch(Some(TaskStatus::Completed))).unwrap();
    assert_eq!((shown(&bench), bench.current()), ("f[ab]c[de]".into(), vec!["a"]));
}

#[test]
fn the_next_open_task_is_the_first_from_the_top_while_the_flow_runs() {
    let mut bench = sections();
    let next = |bench: &Bench| bench.flow.next_open_task().map(|t| t.template_id.as_str().to_owned());
    assert_eq!(next(&bench).as_deref(), Some("a"));
    bench.set("a", TaskStatus::OnHold).unwrap();
    bench.set("b", TaskStatus::InProgress).unwrap();
    assert_eq!(next(&bench).as_deref(), Some("b"));
    bench.flow_status(StatusName::Closed).unwrap();
    assert_eq!(next(&bench), None);
}
