//! What a test asks the fake host afterwards.

use serde_json::Value;

use super::{Event, Host, LogLine, Mail, Notification, Started};

impl Host {
    /// The rows of a dataset in the order of their ids.
    pub fn rows(&self, dataset: &str) -> Vec<Value> {
        let world = self.world.borrow();
        let rows = world.datasets.get(dataset).into_iter().flat_map(|table| table.values());
        rows.map(|(_, object)| Value::Object(object.clone())).collect()
    }

    /// A row of a dataset.
    pub fn row(&self, dataset: &str, id: &str) -> Option<Value> {
        let world = self.world.borrow();
        let (_, object) = world.datasets.get(dataset)?.get(id)?;
        Some(Value::Object(object.clone()))
    }

    /// An entity's version and attributes.
    pub fn entity_now(&self, schema: &str, id: &str) -> Option<(u64, Value)> {
        let world = self.world.borrow();
        let (version, attributes) = world.entities.get(schema)?.get(id)?;
        Some((*version, Value::Object(attributes.clone())))
    }

    /// Mails that would be delivered.
    pub fn mails(&self) -> Vec<Mail> {
        self.world.borrow().mails.clone()
    }

    /// Notifications that would be shown.
    pub fn notifications(&self) -> Vec<Notification> {
        self.world.borrow().notifications.clone()
    }

    /// Events that have been emitted.
    pub fn events(&self) -> Vec<Event> {
        self.world.borrow().events.clone()
    }

    /// Workflows that have been started.
    pub fn started(&self) -> Vec<Started> {
        self.world.borrow().started.clone()
    }

    /// All log lines, those of failed runs included.
    pub fn logs(&self) -> Vec<LogLine> {
        self.world.borrow().trace.logs.clone()
    }

    /// All HTTP requests, those of failed runs included.
    #[cfg(feature = "http")]
    pub fn requests(&self) -> Vec<crate::http::Request> {
        self.world.borrow().trace.requests.clone()
    }
}
