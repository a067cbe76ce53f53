//! Every route once, as it is meant to be used; a new route fails the test until somebody walks it.

mod epilot;
mod hydracore;
mod platform;
mod smartmca;
mod softsolz;

use crate::support::Client;
use serde_json::Value;
use std::collections::BTreeSet;
use stepwright_engine::Dialect;

/// A caller that notes which operations it has used.
struct Walk {
    client: Client,
    dialect: Dialect,
    walked: BTreeSet<&'static str>,
}

impl Walk {
    fn new(client: Client, dialect: Dialect) -> Self {
        Self { client, dialect, walked: BTreeSet::new() }
    }

    async fn go(&mut self, operation: &'static str, path: &str, body: Option<Value>, status: u16) -> Value {
        let bytes = body.map(|body| body.to_string().into_bytes());
        self.send(operation, path, "application/json", bytes, status).await
    }

    async fn send(
        &mut self,
        operation: &'static str,
        path: &str,
        kind: &str,
        body: Option<Vec<u8>>,
        status: u16,
    ) -> Value {
        let route = stepwright_api::routes()
            .iter()
            .find(|r| r.dialect == self.dialect && r.operation == operation && matches(r.path, path))
            .unwrap_or_else(|| panic!("{operation} is not at {path}"));
        let answer = self.client.send(route.method.as_str(), path, &[("content-type", kind)], body).await;
        assert_eq!(answer.status, status, "{operation} {path}: {}", answer.text);
        self.walked.insert(operation);
        if answer.text.is_empty() { Value::Null } else { answer.json() }
    }

    /// Fails the test when a route of the dialect was left out.
    fn end(self) {
        let routes = stepwright_api::routes().iter().filter(|r| r.dialect == self.dialect);
        let missed: Vec<&str> = routes.map(|r| r.operation).filter(|o| !self.walked.contains(o)).collect();
        assert!(missed.is_empty(), "nobody walks {missed:?}");
    }
}

fn matches(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len() && template.iter().zip(&path).all(|(t, p)| t.starts_with('{') || t == p)
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}
