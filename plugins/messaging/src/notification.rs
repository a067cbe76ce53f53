//! `create_notification`.

use stepwright_sdk::notify;
use stepwright_sdk::prelude::*;

use crate::body::Body;
use crate::ids::Id;
use crate::line;
use crate::pending::Pending;

/// Characters of a title.
const MAX_TITLE: usize = 200;
/// Characters of a body; summaries can be longer, and are cut.
const MAX_BODY: usize = 10_000;

/// Who gets which notification.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Config {
    /// What it is about, one line.
    #[schemars(length(min = 1, max = 200))]
    title: String,
    /// Plain text. The summaries of earlier steps that have not been delivered yet follow below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10_000))]
    body: Option<String>,
    /// The users who get it. Without users and roles everybody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    user_ids: Option<Vec<Id>>,
    /// The roles whose users get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    role_ids: Option<Vec<Id>>,
}

/// The notification.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Its id, in an array of one.
    ids: Vec<String>,
    /// The nodes whose summaries it has delivered.
    delivered: Vec<String>,
}

/// Notifies users of the workspace, with the summaries of earlier steps or with a text of its own.
#[step(title = "Create notification", category = delivery, delivers, validate = check)]
pub fn create_notification(config: Config, input: Input) -> Result<Output, Fault> {
    let pending = Pending::among(&input)?;
    let introduction = config.body.as_deref().filter(|body| !body.trim().is_empty());
    let (text, _) = Body::new(introduction, &pending.summaries).finish();
    let notification = notify::notification(&config.title).body(cut(text.trim_end()));
    let users = config.user_ids.iter().flatten();
    let notification = users.fold(notification, |notification, id| notification.user(id.to_string()));
    let roles = config.role_ids.iter().flatten();
    let notification = roles.fold(notification, |notification, id| notification.role(id.to_string()));
    Ok(Output { ids: vec![notification.send()?], delivered: pending.nodes })
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_BODY - 1) {
        Some((end, last)) if text.len() > end + last.len_utf8() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}

fn check(config: &Config, _: &Context) -> Result<(), FieldError> {
    line::check(&config.title, MAX_TITLE).map_or(Ok(()), |why| Err(FieldError::new("/title", why)))
}
