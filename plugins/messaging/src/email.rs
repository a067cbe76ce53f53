//! `send_email`.

use business::Instant;
use business::address::{self, MAX_RECIPIENTS};
use stepwright_sdk::mail::{self, Delivery};
use stepwright_sdk::prelude::*;

use crate::body::Body;
use crate::line;
use crate::pending::Pending;
use crate::recipients::Recipients;
use crate::template::Template;

/// Characters of a subject.
const MAX_SUBJECT: usize = 200;
/// A run of the step sends one mail, so one key will do.
const KEY: &str = "mail";
/// Seconds a step waits for the mail server; then the mail goes on by itself (source: contracts/plugins.md 4.8).
const PATIENCE: u32 = 60;

/// Who gets which mail.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Config {
    /// Who gets it: a mail address, `ada@example.com` or `Ada <ada@example.com>`, or an array of 1 to 50 of them. To, cc
    /// and bcc together name at most 50.
    to: Recipients<1>,
    /// The subject, one line.
    #[schemars(length(min = 1, max = 200))]
    subject: String,
    /// Plain text. The summaries of earlier steps that have not been delivered yet follow below it; without a body they
    /// are the whole mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100_000))]
    body: Option<String>,
    /// The whole mail as plain text with placeholders, instead of a body: `{{summaries}}`, `{{input.path}}`,
    /// `{{outputs.node.path}}` and `{{trigger.path}}`; `{{{{` stands for `{{`. A path that leads nowhere stands for
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100_000))]
    template: Option<String>,
    /// Who gets a copy: an address or an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cc: Option<Recipients<0>>,
    /// Who gets a copy without the others knowing: an address or an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bcc: Option<Recipients<0>>,
    /// Where answers go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    reply_to: Option<String>,
}

/// The mail that was sent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Its id.
    message_id: String,
    /// How many people it is for.
    recipients: usize,
    /// The nodes whose summaries it has delivered.
    delivered: Vec<String>,
    /// Whether the mail server has not taken it within a minute; it is tried for a day.
    queued: bool,
    /// The addresses the mail server has refused.
    rejected: Vec<String>,
}

/// Sends a mail with the summaries of earlier steps, as plain text and HTML, or with a text of its own.
#[step(title = "Send e-mail", category = delivery, delivers, validate = check)]
pub fn send_email(ctx: &Context, config: Config, input: Input) -> Result<StepOutcome<Output>, Fault> {
    let pending = Pending::among(&input)?;
    let introduction = config.body.as_deref().filter(|body| !body.trim().is_empty());
    let (body, delivered) = match &config.template {
        Some(template) => {
            let template = Template::parse(template).map_err(|why| Fault::new(Fault::INVALID_CONFIG, why))?;
            let delivered = if template.has_summaries() { pending.nodes } else { Vec::new() };
            (template.fill(&input, &pending.summaries)?, delivered)
        }
        None if introduction.is_none() && pending.is_empty() => {
            let reason = "there is nothing to send: no body, no template, and no summary before this step";
            return Err(Fault::new("NOTHING_TO_SEND", reason));
        }
        None => (Body::new(introduction, &pending.summaries), pending.nodes),
    };
    let status = match mail::status(KEY)? {
        Some(status) => status,
        None => {
            send(&config, body)?;
            let missing = || Fault::new("INTERNAL", "the mail that was just sent is not there");
            mail::status(KEY)?.ok_or_else(missing)?
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
    let recipients = config.recipients();
    Ok(StepOutcome::completed(Output { message_id: status.id, recipients, delivered, queued, rejected }))
}

/// When the step stops to wait for its mail; `None` when that has come.
fn patience_ends(ctx: &Context, queued_at: &str) -> Result<Option<Instant>, Fault> {
    let read = |text: &str| {
        Instant::parse(text).ok_or_else(|| Fault::new("INVALID_CONTEXT", format!("`{text}` is not an instant")))
    };
    let until = read(queued_at)?.plus_seconds(PATIENCE);
    Ok((read(&ctx.now)? < until).then_some(until))
}

fn send(config: &Config, body: Body) -> Result<(), Fault> {
    let (text, html) = body.finish();
    let message = mail::message(KEY).subject(&config.subject).text(text).html(html);
    let message = config.to.addresses().iter().fold(message, |message, to| message.to(to));
    let message = addresses(&config.cc).iter().fold(message, |message, cc| message.cc(cc));
    let message = addresses(&config.bcc).iter().fold(message, |message, bcc| message.bcc(bcc));
    let message = match &config.reply_to {
        Some(address) => message.reply_to(address),
        None => message,
    };
    message.send()?;
    Ok(())
}

fn addresses(of: &Option<Recipients<0>>) -> &[String] {
    of.as_ref().map_or(&[], Recipients::addresses)
}

impl Config {
    fn recipients(&self) -> usize {
        self.to.addresses().len() + addresses(&self.cc).len() + addresses(&self.bcc).len()
    }
}

fn check(config: &Config, _: &Context) -> Vec<FieldError> {
    let mut errors = config.to.check("/to");
    for (pointer, copies) in [("/cc", &config.cc), ("/bcc", &config.bcc)] {
        errors.extend(copies.iter().flat_map(|copies| copies.check(pointer)));
    }
    let reply_to = config.reply_to.as_deref().map(address::check);
    errors.extend(reply_to.and_then(Result::err).map(|why| FieldError::new("/reply_to", why)));
    if config.recipients() > MAX_RECIPIENTS {
        let text = format!("to, cc and bcc name {} addresses, {MAX_RECIPIENTS} are allowed", config.recipients());
        errors.push(FieldError::new("/to", text));
    }
    errors.extend(line::check(&config.subject, MAX_SUBJECT).map(|why| FieldError::new("/subject", why)));
    match (&config.body, &config.template) {
        (Some(_), Some(_)) => errors.push(FieldError::new("/template", "give either `body` or `template`, not both")),
        (_, Some(template)) => {
            errors.extend(Template::parse(template).err().map(|why| FieldError::new("/template", why)));
        }
        (_, None) => {}
    }
    errors
}
