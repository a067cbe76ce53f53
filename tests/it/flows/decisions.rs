use super::{Flows, branch, current, decision, edge, manual, none_met, on, task_of};
use crate::support::eventually;
use serde_json::{Value, json};
use stepwright_engine::flow::TaskStatus;

/// d → adult | berlin | other (none met).
fn three_branches() -> (Value, Value) {
    let conditions = json!([
        branch("adult", "age", "number", "greater_than_or_equals", json!(["18"])),
        branch("berlin", "city", "string", "equals", json!(["Berlin"])),
    ]);
    let tasks = json!([decision("d", conditions), manual("a"), manual("b"), manual("other")]);
    let edges = json!([on("d", "adult", "a"), on("d", "berlin", "b"), none_met("d", "other")]);
    (tasks, edges)
}

#[tokio::test]
async fn an_automatic_decision_is_made_by_the_built_in_conditions_in_every_tenant() {
    let flows = Flows::start().await;
    let (tasks, edges) = three_branches();
    for (attributes, expected) in [
        (json!({ "age": 40, "city": "Berlin" }), vec!["a", "b"]),
        (json!({ "age": 17, "city": "Berlin" }), vec!["b"]),
        (json!({ "age": 17, "city": "Bern" }), vec!["other"]),
        // What cannot be compared is not met.
        (json!({ "age": "old" }), vec!["other"]),
    ] {
        flows.entity("contact", "c1", attributes.clone()).await;
        let flow = flows.begin(tasks.clone(), edges.clone()).await;
        let shown = flows.stands_at(&flow, &expected).await;
        let decided = task_of(&shown, "d");
        assert_eq!(decided.status, TaskStatus::Completed, "{attributes}");
        let conditions = &decided.decision().unwrap().spec.conditions;
        assert!(conditions.iter().all(|c| c.evaluated_at.is_some() && c.is_met.is_some()), "{attributes}");
    }
}

#[tokio::test]
async fn a_decision_none_of_whose_branches_is_met_waits_until_an_entity_changes_over_the_platform() {
    let flows = Flows::start().await;
    flows.entity("contact", "c1", json!({ "age": 12 })).await;
    let tasks = json!([
        decision(
            "d",
            json!([
                branch("adult", "age", "number", "greater_than_or_equals", json!(["18"])),
                branch("old", "age", "number", "greater_than", json!(["99"])),
            ])
        ),
        manual("a"),
        manual("b"),
    ]);
    let flow = flows.begin(tasks, json!([on("d", "adult", "a"), on("d", "old", "b")])).await;
    flows.becomes(&flow, "d", TaskStatus::ConditionPending).await;
    // Looked at again, and still not met.
    flows.entity("contact", "c1", json!({ "age": 13 })).await;
    eventually("another look", || async {
        let task = flows.task(&flow, "d").await;
        (task.attempt == 2 && task.decision().unwrap().asked.is_none()).then_some(())
    })
    .await;
    assert_eq!(current(&flows.shown(&flow).await), ["d"]);
    flows.entity("contact", "c1", json!({ "age": 18 })).await;
    flows.stands_at(&flow, &["a"]).await;
}

#[tokio::test]
async fn an_entity_that_is_deleted_while_a_condition_waits_is_looked_for_again() {
    let flows = Flows::start().await;
    flows.entity("contact", "c1", json!({ "name": "Ada" })).await;
    let tasks = json!([
        decision(
            "d",
            json!([
                branch("gone", "name", "string", "is_empty", json!([])),
                branch("bob", "name", "string", "equals", json!(["Bob"])),
            ])
        ),
        manual("a"),
        manual("b"),
    ]);
    let edges = json!([on("d", "gone", "a"), on("d", "bob", "b")]);
    let flow = flows.begin(tasks.clone(), edges.clone()).await;
    flows.becomes(&flow, "d", TaskStatus::ConditionPending).await;
    flows.host.operator.delete(&format!("{}/entities/contact/c1", flows.base)).await.expect(204);
    flows.stands_at(&flow, &["a"]).await;

    // One that comes back is told of too.
    flows.entity("contact", "c2", json!({ "name": "Ada" })).await;
    let body = json!({ "name": "Comes back", "tasks": [
        decision("d", json!([
            branch("bob", "name", "string", "equals", json!(["Bob"])),
            branch("eve", "name", "string", "equals", json!(["Eve"])),
        ])), manual("a"), manual("b")], "edges": [on("d", "bob", "a"), on("d", "eve", "b")] });
    let flow = flows.begin_template(&body, &[("contact", "c2")]).await;
    flows.becomes(&flow, "d", TaskStatus::ConditionPending).await;
    flows.host.operator.delete(&format!("{}/entities/contact/c2", flows.base)).await.expect(204);
    flows.entity("contact", "c2", json!({ "name": "Eve" })).await;
    flows.stands_at(&flow, &["b"]).await;
}

#[tokio::test]
async fn a_loop_goes_round_as_often_as_it_may_and_then_leaves_by_its_exit() {
    let flows = Flows::start().await;
    flows.entity("contact", "c1", json!({ "reached": false })).await;
    let mut ask = decision(
        "ask",
        json!([
            branch("again", "reached", "boolean", "equals", json!(["false"])),
            { "id": "out", "branch_name": "out", "logical_operator": "AND", "statements": [] },
        ]),
    );
    ask["loop_config"] = json!({ "loop_branch_id": "again", "exit_branch_id": "out", "max_iterations": 2 });
    let tasks = json!([manual("call"), ask, manual("lost")]);
    let edges = json!([edge("call", "ask"), on("ask", "again", "call"), on("ask", "out", "lost")]);
    let flow = flows.begin(tasks, edges).await;
    for iteration in 1..=2 {
        flows.stands_at(&flow, &["call"]).await;
        flows.set(&flow, "call", TaskStatus::Completed).await;
        eventually("another turn", || async {
            let shown = flows.shown(&flow).await;
            let turns = task_of(&shown, "ask").decision()?.spec.loop_config.as_ref()?.crt_iterations;
            (turns == iteration && current(&shown) == ["call"]).then_some(())
        })
        .await;
    }
    flows.set(&flow, "call", TaskStatus::Completed).await;
    flows.stands_at(&flow, &["lost"]).await;
}

/// Whoever compares and whoever writes templates must know the same words.
#[test]
fn the_engine_and_the_condition_component_know_the_same_words() {
    use stepwright_engine::flow::vocab;
    macro_rules! same {
        ($($name:ident),*) => {$({
            let engine: Vec<&str> = vocab::$name::ALL.iter().map(|word| word.as_str()).collect();
            let component: Vec<&str> = conditions::$name::ALL.iter().map(|word| word.token()).collect();
            let sorted = |mut words: Vec<&'static str>| {
                words.sort_unstable();
                words
            };
            assert_eq!(sorted(engine), sorted(component), stringify!($name));
        })*};
    }
    same!(Operator, AttributeType, AttributeOperation, AttributesMatch, ValueType);
    assert_eq!((vocab::Operator::ALL.len(), vocab::AttributeType::ALL.len()), (14, 21));
}
