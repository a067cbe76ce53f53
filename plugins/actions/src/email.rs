//! `send-email`.

use business::address::{self, MAX_RECIPIENTS};
use business::{Instant, html};
use stepwright_sdk::mail::{self, Delivery};
use stepwright_sdk::prelude::*;

use crate::grant::refused;
use crate::scope::Scope;
use crate::text::{Text, filled};

/// Characters of a subject.
const MAX_SUBJECT: usize = 200;
/// A run of the step sends one mail, so one key will do.
const KEY: &str = "mail";
/// Seconds the step waits for the mail server; then the mail goes on by itself (source: contracts/plugins.md 4.8).
const PATIENCE: u32 = 60;

/// An address or several.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum Addresses {
    One(String),
    Several(Vec<String>),
}

impl Addresses {
    fn each(&self) -> &[String] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Several(addresses) => addresses,
        }
    }
}

/// Who gets which mail. Every text may hold placeholders, such as `{{entity.email}}`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A mail address, `ada@example.com` or `Ada <ada@example.com>`, or an array. To, cc and bcc together name at most
    /// 50.
    to: Addresses,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cc: Option<Addresses>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bcc: Option<Addresses>,
    /// Where answers go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    /// One line; cut after 200 characters.
    #[schemars(length(min = 1, max = 1000))]
    subject: String,
    /// Plain text; the mail has it as HTML too.
    #[schemars(length(min = 1, max = 100_000))]
    body: String,
}

/// The mail that was sent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Its id.
    message_id: String,
    /// How many people it is for.
    recipients: usize,
    /// Whether the mail server has not taken it within a minute; it is tried for a day.
    queued: bool,
    /// The addresses the mail server has refused.
    rejected: Vec<String>,
}

/// Sends a mail with what the entity and the actions before it hold.
#[step(id = "send-email", title = "Send e-mail", category = delivery, delivers, validate = check)]
pub fn send_email(ctx: &Context, config: Config, input: Input) -> Result<StepOutcome<Output>, Fault> {
    let scope = Scope::new(&input);
    let to = recipients(Some(&config.to), &scope)?;
    let (cc, bcc) = (recipients(config.cc.as_ref(), &scope)?, recipients(config.bcc.as_ref(), &scope)?);
    if to.is_empty() {
        return Err(Fault::new("NO_RECIPIENT", "nobody to send to: `to` comes to no address"));
    }
    let count = to.len() + cc.len() + bcc.len();
    if count > MAX_RECIPIENTS {
        let reason = format!("to, cc and bcc come to {count} addresses, {MAX_RECIPIENTS} are allowed");
        return Err(Fault::new("INVALID_RECIPIENT", reason));
    }
    let status = match mail::status(KEY).map_err(refused)? {
        Some(status) => status,
        None => {
            let body = filled(&config.body, &scope)?;
            let message = mail::message(KEY).subject(subject(&config.subject, &scope)?);
            let message = message.html(html::page(&html::text(&body))).text(body);
            let message = to.iter().fold(message, |message, address| message.to(address));
            let message = cc.iter().fold(message, |message, address| message.cc(address));
            let message = bcc.iter().fold(message, |message, address| message.bcc(address));
            let reply_to = config.reply_to.clone().map(Addresses::One);
            let reply_to = recipients(reply_to.as_ref(), &scope)?;
            let message = reply_to.iter().fold(message, |message, address| message.reply_to(address));
            message.send().map_err(refused)?;
            let missing = || Fault::new("INTERNAL", "the mail that was just sent is not there");
            mail::status(KEY).map_err(refused)?.ok_or_else(missing)?
        }
    };
    let (queued, rejected) = match status.delivery {
        Delivery::Captured => (false, Vec::new()),
        Delivery::Sent(rejected) => (false, rejected),
        Delivery::Failed { code, reason } => return Err(Fault::new(code, reason)),
        Delivery::Queued => match patience_ends(ctx, &status.queued_at)? {
            Some(until) => return Ok(StepOutcome::defer(until.to_string())),
            None => (true, Vec::new()),
        },
    };
    Ok(StepOutcome::completed(Output { message_id: status.id, recipients: count, queued, rejected }))
}

/// When the step stops to wait for its mail; `None` when that has come.
fn patience_ends(ctx: &Context, queued_at: &str) -> Result<Option<Instant>, Fault> {
    let read = |text: &str| {
        Instant::parse(text).ok_or_else(|| Fault::new("INVALID_CONTEXT", format!("`{text}` is not an instant")))
    };
    let until = read(queued_at)?.plus_seconds(PATIENCE);
    Ok((read(&ctx.now)? < until).then_some(until))
}

/// What the texts come to; those that come to nothing are left out.
fn recipients(of: Option<&Addresses>, scope: &Scope<'_>) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    for text in of.map_or(&[][..], Addresses::each) {
        let address = filled(text, scope)?.trim().to_owned();
        if address.is_empty() {
            continue;
        }
        address::check(&address).map_err(|why| Fault::new("INVALID_RECIPIENT", why))?;
        found.push(address);
    }
    Ok(found)
}

/// One line: what is filled in may hold several.
fn subject(text: &str, scope: &Scope<'_>) -> Result<String, Fault> {
    let line: String = filled(text, scope)?.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line: String = line.trim().chars().take(MAX_SUBJECT).collect();
    if line.is_empty() { Err(Fault::new("NO_SUBJECT", "`subject` comes to nothing")) } else { Ok(line) }
}

fn check(config: &Config, _: &Context) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let lists = [("/to", Some(&config.to)), ("/cc", config.cc.as_ref()), ("/bcc", config.bcc.as_ref())];
    for (pointer, list) in lists {
        let Some(list) = list else { continue };
        for (at, text) in list.each().iter().enumerate() {
            let place = match list {
                Addresses::One(_) => pointer.to_owned(),
                Addresses::Several(_) => format!("{pointer}/{at}"),
            };
            errors.extend(address_fault(text).map(|why| FieldError::new(place, why)));
        }
    }
    if config.to.each().is_empty() {
        errors.push(FieldError::new("/to", "at least one mail address is needed"));
    }
    let count: usize = lists.iter().filter_map(|(_, list)| *list).map(|list| list.each().len()).sum();
    if count > MAX_RECIPIENTS {
        let rule = format!("to, cc and bcc name {count} addresses, {MAX_RECIPIENTS} are allowed");
        errors.push(FieldError::new("/to", rule));
    }
    errors.extend(config.reply_to.iter().filter_map(|text| Some(FieldError::new("/reply_to", address_fault(text)?))));
    match Text::parse(&config.subject) {
        Err(why) => errors.push(FieldError::new("/subject", why)),
        Ok(_) if config.subject.chars().any(char::is_control) || config.subject.trim().is_empty() => {
            errors.push(FieldError::new("/subject", "must be one line, not only spaces"));
        }
        Ok(text) if text.is_constant() && config.subject.chars().count() > MAX_SUBJECT => {
            errors.push(FieldError::new("/subject", format!("must have at most {MAX_SUBJECT} characters")));
        }
        Ok(_) => {}
    }
    errors.extend(Text::parse(&config.body).err().map(|why| FieldError::new("/body", why)));
    errors
}

/// What is wrong with an address, as far as that can be told before it is filled in.
fn address_fault(text: &str) -> Option<String> {
    match Text::parse(text) {
        Err(why) => Some(why),
        Ok(read) if read.is_constant() => address::check(text).err(),
        Ok(_) if text.chars().any(char::is_control) => {
            Some("must not contain line breaks or control characters".to_owned())
        }
        Ok(_) => None,
    }
}
