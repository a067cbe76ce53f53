//! The capabilities, with the signatures of the generated bindings.

use serde_json::Value;

use super::rows::{self, Test};
use super::world::{Event, LogLine, Started, call};
use super::{Mail, Notification};
use crate::bindings::types::{self, EntityRef, HostError};

fn object(name: &str, text: &str) -> Result<Value, HostError> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) | Err(_) => Err(HostError::Invalid(format!("`{name}` must be a JSON object"))),
    }
}

fn check(rule: bool, text: &str) -> Result<(), HostError> {
    if rule { Ok(()) } else { Err(HostError::Invalid(text.to_owned())) }
}

pub(crate) mod log {
    use super::{LogLine, call};
    use crate::log::Level;

    pub(crate) fn write(level: Level, message: &str) {
        let line = LogLine { level, message: message.to_owned() };
        // Outside a run there is nowhere to write to, and nobody who reads it.
        let _ = call(|world| {
            world.trace.logs.push(line);
            Ok(())
        });
    }
}

pub(crate) mod data {
    use super::{HostError, Test, call, check, rows};
    use crate::bindings::data::{Page, Query, Row, Write};

    pub(crate) fn select(query: &Query) -> Result<Page, HostError> {
        call(|world| {
            world.check_dataset(&query.dataset, false)?;
            check((1..=500).contains(&query.limit), "`limit` is 1 to 500")?;
            let tests = query.filters.iter().map(Test::parse).collect::<Result<Vec<_>, _>>()?;
            let table = world.datasets.get(&query.dataset);
            let holds = |object: &_| tests.iter().all(|test| test.holds(object));
            let (found, next_cursor) = rows::page(table, query.limit, query.cursor.as_deref(), holds);
            let row = |(id, (version, object)): (&String, &rows::Stored)| Row {
                id: id.clone(),
                version: *version,
                value: serde_json::Value::Object(object.clone()).to_string(),
            };
            Ok(Page { rows: found.into_iter().map(row).collect(), next_cursor })
        })
    }

    pub(crate) fn apply(writes: &[Write]) -> Result<(), HostError> {
        call(|world| {
            if writes.len() > 500 {
                return Err(HostError::Limit("at most 500 writes in one call".to_owned()));
            }
            let mut staged = world.datasets.clone();
            for write in writes {
                world.check_dataset(&write.dataset, true)?;
                let table = staged.entry(write.dataset.clone()).or_default();
                rows::merge(table, &write.id, &write.patch, write.expected_version)?;
                if let Some((_, object)) = table.get_mut(&write.id) {
                    object.insert("id".to_owned(), write.id.clone().into());
                }
            }
            world.datasets = staged;
            Ok(())
        })
    }
}

pub(crate) mod entities {
    use super::{HostError, call, check, rows, types::Entity};
    use crate::bindings::entities::Page;

    fn entity(schema: &str, id: &str, (version, attributes): &rows::Stored) -> Entity {
        Entity {
            schema: schema.to_owned(),
            id: id.to_owned(),
            version: *version,
            attributes: serde_json::Value::Object(attributes.clone()).to_string(),
        }
    }

    pub(crate) fn get(schema: &str, id: &str) -> Result<Entity, HostError> {
        call(|world| {
            world.check(&format!("entities.read:{schema}"))?;
            let stored = world.entities.get(schema).and_then(|table| table.get(id));
            stored.map(|stored| entity(schema, id, stored)).ok_or(HostError::NotFound)
        })
    }

    pub(crate) fn list(schema: &str, limit: u32, cursor: Option<&str>) -> Result<Page, HostError> {
        call(|world| {
            world.check(&format!("entities.read:{schema}"))?;
            check((1..=100).contains(&limit), "`limit` is 1 to 100")?;
            let (found, next_cursor) = rows::page(world.entities.get(schema), limit, cursor, |_| true);
            let items = found.into_iter().map(|(id, stored)| entity(schema, id, stored)).collect();
            Ok(Page { items, next_cursor })
        })
    }

    pub(crate) fn put(schema: &str, id: &str, patch: &str, expected: Option<u64>) -> Result<u64, HostError> {
        call(|world| {
            world.check(&format!("entities.write:{schema}"))?;
            rows::merge(world.entities.entry(schema.to_owned()).or_default(), id, patch, expected)
        })
    }
}

pub(crate) mod mail {
    use super::{HostError, Mail, call, check};
    use crate::bindings::mail::{Delivery, Receipt, Refusal};

    /// When every mail was queued: the time a fresh host has.
    const MAILS_QUEUED_AT: &str = "2026-01-01T00:00:00Z";

    pub(crate) fn send(message: &Mail) -> Result<String, HostError> {
        call(|world| {
            world.check("mail")?;
            let recipients = message.to.len() + message.cc.len() + message.bcc.len();
            check((1..=50).contains(&recipients), "`to`, `cc` and `bcc` together name 1 to 50 addresses")?;
            let line = message.subject.chars().count() <= 200 && !message.subject.contains(['\r', '\n']);
            check(line, "`subject` is at most 200 characters without line breaks")?;
            let id = format!("task-{}-{}", world.setup.task, message.key);
            // The same key in the same task is delivered once.
            if world.mail_ids.insert(id.clone()) {
                world.mails.push(message.clone());
            }
            Ok(id)
        })
    }

    pub(crate) fn status(key: &str) -> Result<Option<Receipt>, HostError> {
        call(|world| {
            world.check("mail")?;
            let id = format!("task-{}-{key}", world.setup.task);
            let sent = world.mail_ids.contains(&id);
            let queued_at = MAILS_QUEUED_AT.to_owned();
            let delivery = match world.setup.mail_delivery.clone().unwrap_or(crate::mail::Delivery::Captured) {
                crate::mail::Delivery::Queued => Delivery::Queued,
                crate::mail::Delivery::Sent(rejected) => Delivery::Sent(rejected),
                crate::mail::Delivery::Captured => Delivery::Captured,
                crate::mail::Delivery::Failed { code, reason } => Delivery::Failed(Refusal { code, reason }),
            };
            Ok(sent.then_some(Receipt { id, queued_at, delivery }))
        })
    }
}

pub(crate) mod notify {
    use super::{HostError, Notification, call};

    pub(crate) fn send(notification: &Notification) -> Result<String, HostError> {
        call(|world| {
            world.check("notify")?;
            world.notifications.push(notification.clone());
            Ok(world.next_id("notification"))
        })
    }
}

pub(crate) mod kv {
    use super::{HostError, call, check};
    use crate::bindings::kv::Scope;

    pub(crate) fn get(scope: Scope, key: &str) -> Result<Option<String>, HostError> {
        call(|world| {
            world.check("kv")?;
            Ok(world.kv.get(&(scope == Scope::Definition, key.to_owned())).cloned())
        })
    }

    pub(crate) fn put(scope: Scope, key: &str, value: Option<&str>) -> Result<(), HostError> {
        call(|world| {
            world.check("kv")?;
            check((1..=200).contains(&key.len()), "`key` is 1 to 200 bytes")?;
            let key = (scope == Scope::Definition, key.to_owned());
            match value {
                Some(value) if value.len() > 64 << 10 => {
                    return Err(HostError::Limit("a value is at most 64 KiB".to_owned()));
                }
                Some(value) => drop(world.kv.insert(key, value.to_owned())),
                None => drop(world.kv.remove(&key)),
            }
            Ok(())
        })
    }
}

pub(crate) mod secrets {
    use super::{HostError, call};

    pub(crate) fn placeholder(name: &str) -> Result<String, HostError> {
        call(|world| {
            let asked = world.setup.manifest.as_ref().is_none_or(|manifest| manifest.secrets.contains(&name));
            match (asked, world.secrets.contains(name)) {
                (true, true) => Ok(format!("{{{{secret:{name}}}}}")),
                (true, false) => Err(HostError::NotFound),
                (false, _) => Err(HostError::Denied(format!("the manifest does not ask for secret `{name}`"))),
            }
        })
    }
}

pub(crate) mod flow {
    use super::{EntityRef, HostError, Started, call};

    pub(crate) fn start(definition: &str, input: &str, entity: Option<&EntityRef>) -> Result<String, HostError> {
        call(|world| {
            world.check("flow")?;
            let invalid = |_| HostError::Invalid("`input` must be JSON".to_owned());
            let input = serde_json::from_str(input).map_err(invalid)?;
            let execution_id = world.next_id("execution");
            world.started.push(Started {
                execution_id: execution_id.clone(),
                definition_id: definition.to_owned(),
                input,
                entity: entity.cloned(),
            });
            Ok(execution_id)
        })
    }
}

pub(crate) mod events {
    use super::{Event, HostError, call, check, object};

    pub(crate) fn emit(kind: &str, data: &str) -> Result<(), HostError> {
        call(|world| {
            world.check("events")?;
            let dotted = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
            check(!kind.is_empty() && kind.chars().all(dotted), "`kind` is dotted lower case")?;
            world.events.push(Event { kind: kind.to_owned(), data: object("data", data)? });
            Ok(())
        })
    }
}

#[cfg(feature = "http")]
pub(crate) mod http {
    use super::{HostError, call};
    use crate::http::{Error, Request, Response};

    pub(crate) fn send(request: &Request) -> Result<Response, Error> {
        let answer = call(|world| {
            world.check_url(&request.url)?;
            world.trace.requests.push(request.clone());
            let fits =
                |(method, url, _): &&(String, String, _)| *method == request.method && request.url.starts_with(url);
            Ok(world.setup.replies.iter().find(fits).map(|(_, _, reply)| reply.clone()))
        });
        match answer {
            Ok(Some(Ok(response))) if response.body.len() > request.limit => Err(Error::TooLarge(request.limit)),
            Ok(Some(reply)) => reply,
            Ok(None) => Err(Error::Failed(format!("the test has no reply to {} {}", request.method, request.url))),
            Err(HostError::Denied(text)) => Err(Error::Denied(text)),
            Err(error) => Err(Error::Failed(crate::HostError::from(error).to_string())),
        }
    }
}
