//! A foreign MCP server as it comes in.

use crate::kit::{ApiResult, JsonBody};
use serde_json::Value;
use std::collections::BTreeMap;
use stepwright_app::ports::ToolEffect;
use stepwright_app::usecases::McpServerDraft;
use utoipa::ToSchema;

/// The words of effects.
pub const EFFECTS: [(&str, ToolEffect); 3] =
    [("read", ToolEffect::Read), ("write", ToolEffect::Write), ("irreversible", ToolEffect::Irreversible)];

/// A server to be registered, or registered anew.
#[derive(ToSchema)]
#[schema(as = McpServerDraft)]
#[expect(dead_code, reason = "describes the body; `read_server` reads it member by member")]
pub struct McpServerBody {
    /// What grants name it by (`grants.mcp`): 1 to 32 of a-z, 0-9 and `-`.
    id: Option<String>,
    name: String,
    /// Of its streamable HTTP endpoint.
    url: String,
    /// The header that says who calls; `authorization` (as a bearer token) unless another one is named.
    header: Option<String>,
    /// The name of the secret in the tenant's settings that stands in it.
    secret: Option<String>,
    /// Its tools that agents may use, by their own names, `*` for all; none unless they are named.
    allow: Option<Vec<String>>,
    /// What calling a tool changes, by its own name: `read`, `write` or `irreversible`. What is not named is
    /// irreversible.
    #[schema(value_type = Option<Object>)]
    effects: Option<Value>,
}

/// Reads a body, with every fault of its form at once. `path`: the id in the path, which the body may repeat.
///
/// # Errors
/// `Invalid`, `Malformed`.
pub fn read_server(body: &JsonBody, path: Option<&str>) -> ApiResult<McpServerDraft> {
    body.read(|f| {
        f.only(&["id", "name", "url", "header", "secret", "allow", "effects"]);
        let id = match path {
            None => f.text("id"),
            Some(path) => {
                if f.opt_text("id").is_some_and(|id| id != path) {
                    f.fault("id", "must be absent or the same as in the path");
                }
                path.to_owned()
            }
        };
        let effects = f.opt_object("effects").map(|f| {
            let names: Vec<&str> = f.names().collect();
            let effect = |name: &str| Some((name.to_owned(), f.opt_choice(name, &EFFECTS)?));
            names.into_iter().filter_map(effect).collect::<BTreeMap<_, _>>()
        });
        McpServerDraft {
            name: id,
            title: f.text("name"),
            url: f.text("url"),
            header: f.opt_text("header"),
            secret: f.opt_text("secret"),
            allow: f.texts("allow").into_iter().collect(),
            effects: effects.unwrap_or_default(),
        }
    })
}
